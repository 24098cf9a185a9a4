/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/volume_parts.h"

static void put(json_t *block, const char *key, const char *text)
{
	if (text && *text)
		(void)json_object_set_new(block, key, json_string(text));
	else
		(void)json_object_del(block, key);
}

static void put_metadata(json_t *block, const json_t *metadata)
{
	json_auto_t *old = json_copy(block);
	const char *key;
	json_t *value;

	json_object_foreach (old, key, value)
		if (str_starts(key, "m."))
			(void)json_object_del(block, key);
	json_object_foreach ((json_t *)(uintptr_t)metadata, key, value) {
		auto_free char *name = pxc_printf("m.%s", key);

		put(block, name, json_string_value(value));
	}
}

/* "before/20260101T000000Z/0a1b2c3d": by the last part a run knows its own work again. */
static char *rolled_now(const struct volume_case *c)
{
	return pxc_printf("%s/%s/%.8s", c->spec->rollback, c->run->batch->stamp,
			  c->run->batch->nonce);
}

bool volume_rolled(const struct volume_case *c)
{
	auto_free char *now = rolled_now(c);

	return c->have && str_eq(volume_get(c->have, "rolled"), now);
}

json_t *volume_block(const struct volume_case *c)
{
	const struct volume_spec *s = c->spec;
	json_t *block = c->have ? rbd_block_json(&c->have->block) : json_object();
	const char *r = c->have ? volume_get(c->have, "r") : NULL;
	auto_free char *rolled = s->rollback ? rolled_now(c) : NULL;
	char number[24];

	put(block, "t", "volume");
	put(block, "c", c->run->cluster);
	put(block, "project", c->home->project);
	put(block, "name", s->new_name ? s->new_name : s->name);
	if (s->serial || !json_object_get(block, "serial"))
		put(block, "serial", s->serial ? s->serial : c->id);
	if (!c->have)
		put(block, "source", c->origin);
	put(block, "class", volume_class_kept(c));
	/* Until the old one is gone for good, which a killed removal is not, although nobody sees it any more. */
	put(block, "replaces", volume_moves(c) ? volume_get(c->have, "id") : NULL);
	put(block, "was",
	    volume_moves(c) ? arena_printf(c->run->arena, "%s/%s", c->lies->storage, c->have->name)
			    : NULL);
	if (s->description)
		put(block, "description", s->description);
	if (s->metadata)
		put_metadata(block, s->metadata);
	if (s->is_protected >= 0)
		put(block, "protected", s->is_protected ? "1" : NULL);
	if (rolled)
		put(block, "rolled", rolled);
	(void)snprintf(number, sizeof(number), "%lu", r ? strtoul(r, NULL, 10) + 1 : 1);
	put(block, "r", number);
	put(block, "at", c->run->batch->stamp);
	put(block, "by", c->run->batch->actor);
	return block;
}
