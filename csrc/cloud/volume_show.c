/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task's result and diff show of a volume. */
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/vm_parts.h"
#include "cloud/volume_parts.h"

static void put(json_t *obj, const char *key, const char *text)
{
	if (text && *text)
		(void)json_object_set_new(obj, key, json_string(text));
}

static json_t *gib(uint64_t bytes)
{
	return bytes % GIB ? json_real((double)bytes / (double)GIB)
			   : json_integer((json_int_t)(bytes / GIB));
}

static json_t *metadata(const struct rbd_seen *v)
{
	json_t *obj = json_object();

	for (size_t i = 0; i < v->block.npairs; i++)
		if (str_starts(v->block.pairs[i].key, "m."))
			put(obj, v->block.pairs[i].key + strlen("m."), v->block.pairs[i].value);
	return obj;
}

static json_t *snapshots(const struct rbd_seen *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->nsnaps; i++) {
		const struct rbd_snap *s = &v->snaps[i];

		if (volume_user_snap(s) && str_starts(s->name, VOLUME_SNAP_PREFIX))
			(void)json_array_append_new(
				list,
				json_pack("{s:s,s:I}", "name", s->name + strlen(VOLUME_SNAP_PREFIX),
					  "size_bytes", (json_int_t)s->size_bytes));
	}
	return list;
}

/* Options of the drive, without what is told elsewhere. */
static json_t *options(const char *drive)
{
	static const char *const elsewhere[] = { "file", "size", "serial" };
	json_t *obj = drive ? prop_parse(drive, "file") : NULL;

	for (size_t i = 0; obj && i < ARRAY_SIZE(elsewhere); i++)
		(void)json_object_del(obj, elsewhere[i]);
	return obj ? obj : json_object();
}

static void put_use(json_t *obj, const struct volume_use *use)
{
	const struct vm_seen *vm = use->vm ? use->vm : use->unread;
	const char *drive =
		use->vm ? vm_text(use->leaving ? vm->current : vm->config, use->slot) : NULL;

	if (!vm)
		return;
	put(obj, "attached_to",
	    annot_get(&vm->notes.annot, "name") ? annot_get(&vm->notes.annot, "name")
						: vm->guest->name);
	put(obj, "stack", annot_get(&vm->notes.annot, "stack"));
	(void)json_object_set_new(obj, "vmid", json_integer(vm->guest->vmid));
	put(obj, "node", vm->guest->node);
	if (!use->vm)
		return;
	put(obj, "slot", use->slot);
	(void)json_object_set_new(obj, "options", options(drive));
	(void)json_object_set_new(obj, "pending", json_boolean(volume_waits(use)));
}

json_t *volume_show(const struct volume_world *vw, const struct rbd_pool *pool,
		    const struct rbd_seen *v)
{
	static const char *const same[] = { "project",     "name", "serial", "source",
					    "description", "at",   "by" };
	const char *rolled = volume_get(v, "rolled");
	json_t *obj = json_pack("{s:s}", "state", "present");
	struct volume_use use;

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		put(obj, same[i], volume_get(v, same[i]));
	(void)json_object_set_new(obj, "size_gb", gib(v->size_bytes));
	(void)json_object_set_new(obj, "size_bytes", json_integer((json_int_t)v->size_bytes));
	put(obj, "class", volume_class(vw, pool, volume_get(v, "class")));
	put(obj, "storage", pool->storage);
	put(obj, "pool", pool->pool);
	put(obj, "rbd", v->name);
	(void)json_object_set_new(obj, "protected",
				  json_boolean(volume_get(v, "protected") != NULL));
	(void)json_object_set_new(obj, "metadata", metadata(v));
	(void)json_object_set_new(obj, "snapshots", snapshots(v));
	if (rolled)
		(void)json_object_set_new(obj, "rolled_back",
					  json_stringn(rolled, strcspn(rolled, "/")));
	volume_use_look(vw, pool, v, &use);
	put_use(obj, &use);
	return obj;
}

json_t *volume_item(const struct volume_case *c)
{
	const struct volume_spec *s = c->spec;
	json_t *obj;

	if (c->have)
		return volume_show(c->run->vw, c->lies, c->have);
	obj = json_pack("{s:s,s:s,s:s}", "project", c->home->project, "name",
			s->new_name ? s->new_name : s->name, "state", "absent");
	if (s->absent)
		return obj;
	put(obj, "class", volume_class(c->run->vw, c->pool, volume_class_kept(c)));
	put(obj, "storage", c->pool->storage);
	put(obj, "serial", s->serial);
	(void)json_object_set_new(obj, "size_gb", gib(c->size_bytes));
	return obj;
}

/* --- before and after ------------------------------------------------------------------------------------- */

static json_t *names_of(const json_t *snaps)
{
	json_t *names = json_array(), *snap;
	size_t i;

	json_array_foreach (snaps, i, snap)
		(void)json_array_append(names, json_object_get(snap, "name"));
	return names;
}

static void drop(json_t *obj)
{
	static const char *const internal[] = {
		"at", "by", "node", "pending", "size_bytes", "state"
	};

	for (size_t i = 0; i < ARRAY_SIZE(internal); i++)
		(void)json_object_del(obj, internal[i]);
}

static void after_block(const struct volume_case *c, json_t *obj)
{
	static const char *const same[] = { "project", "name", "serial", "source", "description" };
	json_auto_t *block = volume_block(c), *meta = json_object();
	const char *key, *rolled = json_string_value(json_object_get(block, "rolled"));
	json_t *value;

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		(void)json_object_del(obj, same[i]);
		put(obj, same[i], json_string_value(json_object_get(block, same[i])));
	}
	json_object_foreach (block, key, value)
		if (str_starts(key, "m."))
			(void)json_object_set(meta, key + strlen("m."), value);
	(void)json_object_set(obj, "metadata", meta);
	(void)json_object_del(obj, "class");
	put(obj, "class",
	    volume_class(c->run->vw, c->pool, json_string_value(json_object_get(block, "class"))));
	(void)json_object_set_new(obj, "protected",
				  json_boolean(json_object_get(block, "protected") != NULL));
	if (rolled)
		(void)json_object_set_new(obj, "rolled_back",
					  json_stringn(rolled, strcspn(rolled, "/")));
}

static void after_snaps(const struct volume_case *c, json_t *obj)
{
	json_t *names = json_array();

	for (size_t k = 0; c->have && k < c->have->nsnaps; k++) {
		const struct rbd_snap *s = &c->have->snaps[k];

		if (volume_user_snap(s) && str_starts(s->name, VOLUME_SNAP_PREFIX) &&
		    volume_keeps_snap(c->spec, s->name + strlen(VOLUME_SNAP_PREFIX)))
			(void)json_array_append_new(
				names, json_string(s->name + strlen(VOLUME_SNAP_PREFIX)));
	}
	for (size_t k = 0; k < c->spec->nsnaps; k++)
		if (!c->spec->snaps[k].absent &&
		    !(c->have && volume_snap(c->have, c->spec->snaps[k].name)))
			(void)json_array_append_new(names, json_string(c->spec->snaps[k].name));
	(void)json_object_set_new(obj, "snapshots", names);
}

static const char *slot_in(const json_t *enter, const char *rbd)
{
	const char *slot;
	json_t *drive;

	json_object_foreach ((json_t *)(uintptr_t)enter, slot, drive) {
		const char *colon = strchr(json_string_value(drive), ':');

		if (colon && str_starts(colon + 1, rbd))
			return slot;
	}
	return NULL;
}

static void after_use(const struct volume_case *c, json_t *obj)
{
	static const char *const keys[] = { "attached_to", "stack", "vmid", "slot", "options" };
	const json_t *enter = c->enters ? c->enters->enter : NULL;
	const char *slot = slot_in(enter, c->rbd);

	for (size_t i = 0; (c->leaves || slot) && i < ARRAY_SIZE(keys); i++)
		if (c->leaves || str_eq(keys[i], "options"))
			(void)json_object_del(obj, keys[i]);
	if (!slot)
		return;
	if (c->target) {
		put(obj, "attached_to", c->spec->attach_to);
		put(obj, "stack", c->spec->stack);
		(void)json_object_set_new(obj, "vmid", json_integer(c->target->guest->vmid));
	}
	put(obj, "slot", slot);
	(void)json_object_set_new(obj, "options",
				  options(json_string_value(json_object_get(enter, slot))));
}

void volume_views(const struct volume_case *c)
{
	json_t *after;

	if (c->have) {
		c->plan->before = volume_show(c->run->vw, c->lies, c->have);
		(void)json_object_set_new(c->plan->before, "snapshots",
					  names_of(json_object_get(c->plan->before, "snapshots")));
		drop(c->plan->before);
	}
	if (c->spec->absent)
		return;
	after = c->have ? json_deep_copy(c->plan->before) : json_object();
	after_block(c, after);
	after_snaps(c, after);
	after_use(c, after);
	put(after, "storage", c->pool->storage);
	put(after, "pool", c->pool->pool);
	/* The name of a new one is made up by the run that makes it. */
	if (c->have)
		put(after, "rbd", c->rbd);
	else if (!c->spec->serial)
		(void)json_object_del(after, "serial");
	(void)json_object_set_new(after, "size_gb", gib(c->size_bytes));
	c->plan->after = after;
}
