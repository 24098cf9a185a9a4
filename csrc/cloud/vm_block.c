/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/vm_parts.h"

void vm_block_id(unsigned vmid, const char *uuid, char out[64])
{
	(void)snprintf(out, 64, "vm.%u.%.8s", vmid, uuid);
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

static void set_metadata(struct annot *a, const json_t *metadata)
{
	const char *key;
	json_t *value;

	for (size_t i = a->npairs; i-- > 0;)
		if (str_starts(a->pairs[i].key, "m.")) {
			auto_free char *old = pxc_strdup(a->pairs[i].key);

			annot_set(a, old, NULL);
		}
	json_object_foreach ((json_t *)(uintptr_t)metadata, key, value) {
		auto_free char *name = pxc_printf("m.%s", key);

		annot_set(a, name, json_string_value(value));
	}
}

void vm_block_bump(const struct vm_case *c, struct annot *a)
{
	const char *old = annot_get(a, "r");
	char r[16];

	(void)snprintf(r, sizeof(r), "%lu", old ? strtoul(old, NULL, 10) + 1 : 1);
	annot_set(a, "r", r);
	annot_set(a, "at", c->batch->stamp);
	annot_set(a, "by", c->batch->actor);
}

/* What a VM was made from, for people and for later rebuilds. */
static const char *origin(const struct vm_case *c, char *out, size_t size)
{
	const struct vm_spec *s = c->spec;

	if (vm_root_origin(c))
		(void)snprintf(out, size, "%s", vm_root_origin(c));
	else if (c->template)
		(void)snprintf(out, size, "template/%u", c->template->guest->vmid);
	else
		(void)snprintf(out, size, "%s", s->image_volume ? s->image_volume : "");
	return out;
}

void vm_block(const struct vm_case *c, const char *op, struct annot *ret)
{
	const struct vm_spec *s = c->spec;
	char id[64], uuid[37], image[300];

	annot_init(ret);
	if (c->have)
		annot_copy(ret, &c->have->notes.annot);
	vm_block_id(c->vmid, c->have ? vm_smbios_uuid(c->have->config, uuid) : c->uuid, id);
	if (c->have && c->uuid)
		vm_block_id(c->vmid, c->uuid, id);
	annot_set(ret, "t", "vm");
	annot_set(ret, "id", id);
	annot_set(ret, "c", c->cluster);
	annot_set(ret, "project", s->project);
	annot_set(ret, "name", s->new_name ? s->new_name : s->name);
	annot_set(ret, "stack", s->stack);
	if (s->flavor)
		annot_set(ret, "flavor", s->flavor);
	if ((!c->have || vm_rebuilds(c)) && *origin(c, image, sizeof(image)))
		annot_set(ret, "image", image);
	if (c->seed)
		annot_set(ret, "seed", c->seed);
	vm_card_block(c, ret);
	vm_affinity_block(c, ret);
	if (s->metadata)
		set_metadata(ret, s->metadata);
	annot_set(ret, "op", op);
	vm_block_bump(c, ret);
}

bool vm_block_same(const struct annot *have, const struct annot *want)
{
	static const char *const changing[] = { "r", "at", "by", NULL };

	return annot_equal(have, want, changing);
}

char *vm_notes(const struct vm_case *c, const struct annot *block)
{
	const struct vm_spec *s = c->spec;

	if (s->description)
		return annot_render(ANNOT_BLOCK, s->description, block, "");
	if (c->have)
		return annot_rewrite(ANNOT_BLOCK, &c->have->notes, block);
	return annot_render(ANNOT_BLOCK, "", block, "");
}
