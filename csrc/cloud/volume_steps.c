/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The volume's own steps, in an order in which a run may be cut off anywhere: who has it is settled before its content is
 * touched, and it is reserved last, before it enters a VM.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/vm_parts.h"
#include "cloud/volume_parts.h"

#define MAX_DEPTH 4 /* of clones above a disk: as root disks have it */

/* As it is now, and as it will be once it has moved and has its name. */
static json_t *as_is(const struct volume_case *c)
{
	return json_pack("{s:s,s:s}", "storage", c->lies->storage, "name", c->have->name);
}

static json_t *as_wanted(const struct volume_case *c)
{
	return json_pack("{s:s,s:s}", "storage", c->pool->storage, "name", c->rbd);
}

/* --- who has it ------------------------------------------------------------------------------------------- */

static void reserve_in(struct volume_case *c, const struct rbd_pool *pool, const char *before,
		       const char *value)
{
	auto_free char *key = volume_reservation(c->id);
	json_t *args = json_pack("{s:s,s:s}", "storage", pool->storage, "key", key);

	if (str_eq(before, value)) {
		json_decref(args);
		return;
	}
	if (before)
		(void)json_object_set_new(args, "expect", json_string(before));
	if (value)
		(void)json_object_set_new(args, "value", json_string(value));
	if (value)
		pxc_plan_add(c->plan, VOLUME_STATE, PXC_QUIET, args, "reserve it for VM %u",
			     volume_vmid(value));
	else
		pxc_plan_add(c->plan, VOLUME_STATE, PXC_QUIET, args,
			     "drop its reservation for VM %u", volume_vmid(before));
}

void volume_reserve(struct volume_case *c, const char *value)
{
	reserve_in(c, c->have ? c->lies : c->pool, c->use.reserved, value);
}

/* The reservation as it should be: NULL = none. */
static const char *wanted_reservation(const struct volume_case *c)
{
	const struct vm_seen *vm = c->target ? c->target : c->spec->detach ? NULL : c->use.vm;
	char uuid[37], id[64];

	if (!vm)
		return c->use.unread && !c->spec->detach ? c->use.reserved : NULL;
	vm_block_id(vm->guest->vmid, vm_smbios_uuid(vm->config, uuid), id);
	return arena_strdup(c->run->arena, id);
}

/* Somebody has it open whom no configuration names: a VM of another project, a client, or one that was killed. */
static void wait_closed(struct volume_case *c)
{
	const char *const *who = c->use.vm || !c->have ? NULL : c->have->watchers;
	bool left = c->leaves && volume_runs(c->use.vm);
	json_t *args;

	if (!left && !(who && who[0]))
		return;
	if (!left)
		pxc_plan_warn(
			c->plan,
			"%s is open at %s, although no VM of project %s has it: is it attached "
			"to a VM of another project?",
			c->spec->label, who[0], c->spec->project);
	args = as_is(c);
	(void)json_object_set_new(args, "patience_ms", json_integer(VOLUME_PATIENCE_MS));
	pxc_plan_add(c->plan, VOLUME_WAIT_CLOSED, PXC_WAITS, args, "wait until nobody has it open");
}

/* --- its content ------------------------------------------------------------------------------------------ */

static int add_rollback(struct volume_case *c, struct pxc_err *err)
{
	const struct volume_spec *s = c->spec;
	const struct rbd_snap *snap;
	json_t *args;

	if (!s->rollback || volume_rolled(c))
		return 0;
	snap = volume_snap(c->have, s->rollback);
	if (!snap)
		return pxc_fail(err, PXC_EINVAL, "%s has no snapshot %s", s->label, s->rollback);
	if (volume_used(&c->use) && !c->leaves)
		return pxc_fail(err, PXC_EINVAL,
				"%s is attached to %s and cannot be rolled back under it: set "
				"detach: true",
				s->label, volume_vm_name(c->use.vm, c->run->arena));
	args = as_is(c);
	(void)json_object_set_new(args, "snap", json_string(snap->name));
	pxc_plan_add(c->plan, VOLUME_SNAP_ROLLBACK, PXC_DESTROYS, args, "roll back to snapshot %s",
		     s->rollback);
	return 0;
}

static bool wants_flatten(const struct volume_case *c)
{
	enum vm_flatten f = c->spec->flatten;

	return f == VM_FLATTEN_ALWAYS ||
	       (f == VM_FLATTEN_AUTO && rbd_depth(c->run->vw->rbd, c->from) + 1 > MAX_DEPTH);
}

static void add_make(struct volume_case *c)
{
	json_t *args = as_wanted(c);
	char size[32];

	size_format(c->size_bytes, size, sizeof(size));
	(void)json_object_set_new(args, "size", json_integer((json_int_t)c->size_bytes));
	(void)json_object_set_new(args, "block", volume_block(c));
	if (!c->from) {
		pxc_plan_add(c->plan, VOLUME_CREATE, PXC_QUIET, args, "create %s/%s of %s",
			     c->pool->pool, c->rbd, size);
		return;
	}
	(void)json_object_set_new(args, "from", json_string(c->from_pool->storage));
	(void)json_object_set_new(args, "parent", json_string(c->from->name));
	if (c->from_snap)
		(void)json_object_set_new(args, "snap", json_string(c->from_snap));
	(void)json_object_set_new(args, "flatten", json_boolean(wants_flatten(c)));
	pxc_plan_add(c->plan, VOLUME_CLONE, PXC_QUIET, args, "clone %s/%s of %s from %s",
		     c->pool->pool, c->rbd, size, c->origin);
}

/* A snapshot of a VM knows the volume by its name: PVE could neither remove it nor go back to it. */
static int refuse_vm_snap(const struct volume_case *c, struct pxc_err *err)
{
	for (size_t i = 0; i < c->have->nsnaps; i++) {
		const struct rbd_snap *snap = &c->have->snaps[i];

		if (volume_user_snap(snap) && !str_starts(snap->name, VOLUME_SNAP_PREFIX))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s has snapshot %s, which is not its own, and would be of no use to a VM "
				"under another name of the volume: remove it first (pxc_vm: snapshots)",
				c->spec->label, snap->name);
	}
	return 0;
}

/* Its block, and its name, which carries the number of its project's holder. */
static int add_block(struct volume_case *c, struct pxc_err *err)
{
	json_auto_t *block = volume_block(c);
	const char *r = volume_get(c->have, "r");
	bool renamed = !str_eq(c->have->name, c->rbd);
	json_t *args;

	if (!str_eq(volume_get(c->have, "project"), c->home->project) && volume_stays(c))
		return pxc_fail(err, PXC_EINVAL,
				"%s is attached to %s and cannot be given to project %s: set "
				"detach: true",
				c->spec->label,
				c->use.vm ? volume_vm_name(c->use.vm, c->run->arena) : "a VM",
				c->home->project);
	if (renamed && refuse_vm_snap(c, err) < 0)
		return -1;
	if (!renamed && c->have->finding == ANNOT_OK && rbd_block_same(c->have, block))
		return 0;
	args = as_is(c);
	(void)json_object_set_new(args, "image_id", json_string(c->have->id));
	(void)json_object_set_new(args, "revision", json_string(r ? r : ""));
	(void)json_object_set_new(args, "drop", rbd_block_dropped(c->have, block));
	(void)json_object_set(args, "block", block);
	if (renamed)
		(void)json_object_set_new(args, "to", json_string(c->rbd));
	if (renamed)
		pxc_plan_add(c->plan, VOLUME_RENAME, PXC_QUIET, args,
			     "give it to project %s, as %s/%s", c->home->project, c->pool->pool,
			     c->rbd);
	else
		pxc_plan_add(c->plan, VOLUME_BLOCK, PXC_QUIET, args, "set its metadata");
	return 0;
}

static int add_grow(struct volume_case *c, struct pxc_err *err)
{
	char have[32], want[32];
	json_t *args;

	size_format(c->have->size_bytes, have, sizeof(have));
	size_format(c->spec->size_bytes, want, sizeof(want));
	if (c->spec->size_bytes && c->spec->size_bytes < c->have->size_bytes)
		return pxc_fail(err, PXC_EINVAL,
				"%s has %s and cannot shrink to %s: ask for %s or more",
				c->spec->label, have, want, have);
	if (c->size_bytes == c->have->size_bytes)
		return 0;
	if (volume_stays(c)) {
		if (!c->use.vm || c->use.leaving)
			return pxc_fail(err, PXC_EINVAL,
					"%s cannot grow now: the VM that has it %s", c->spec->label,
					c->use.vm ? "is about to let go of it" : "cannot be read");
		volume_grow_in_vm(c);
		return 0;
	}
	args = as_wanted(c);
	(void)json_object_set_new(args, "size", json_integer((json_int_t)c->size_bytes));
	pxc_plan_add(c->plan, VOLUME_GROW, PXC_QUIET, args, "grow from %s to %s", have, want);
	return 0;
}

/* --- its snapshots ---------------------------------------------------------------------------------------- */

static void add_snap(struct volume_case *c, enum volume_op op, const char *name)
{
	json_t *args = as_wanted(c);

	(void)json_object_set_new(args, "snap", json_sprintf(VOLUME_SNAP_PREFIX "%s", name));
	if (c->still && op == VOLUME_SNAP_CREATE) {
		volume_still_snap(c, args, name);
		return;
	}
	pxc_plan_add(c->plan, (int)op, op == VOLUME_SNAP_REMOVE ? PXC_DESTROYS : PXC_QUIET, args,
		     "%s snapshot %s", op == VOLUME_SNAP_REMOVE ? "remove" : "take", name);
}

static bool listed(const struct volume_spec *s, const char *name)
{
	for (size_t i = 0; i < s->nsnaps; i++)
		if (str_eq(s->snaps[i].name, name))
			return true;
	return false;
}

static void add_snaps(struct volume_case *c)
{
	const struct volume_spec *s = c->spec;

	volume_still_find(c);
	for (size_t i = 0; c->have && s->snaps_exact && i < c->have->nsnaps; i++) {
		const struct rbd_snap *snap = &c->have->snaps[i];
		const char *name = snap->name + strlen(VOLUME_SNAP_PREFIX);

		if (volume_user_snap(snap) && str_starts(snap->name, VOLUME_SNAP_PREFIX) &&
		    !listed(s, name))
			add_snap(c, VOLUME_SNAP_REMOVE, name);
	}
	for (size_t i = 0; i < s->nsnaps; i++) {
		bool there = c->have && volume_snap(c->have, s->snaps[i].name);

		if (s->snaps[i].absent == there)
			add_snap(c, there ? VOLUME_SNAP_REMOVE : VOLUME_SNAP_CREATE,
				 s->snaps[i].name);
	}
}

/* --- all together ----------------------------------------------------------------------------------------- */

static int steps_change(struct volume_case *c, struct pxc_err *err)
{
	bool moves = volume_moves(c);

	if (c->spec->rollback || moves || (c->target && c->target != c->use.vm))
		wait_closed(c);
	if (!wanted_reservation(c) || moves)
		volume_reserve(c, NULL);
	if (add_rollback(c, err) < 0 || (moves ? volume_move(c, err) : add_block(c, err)) < 0 ||
	    add_grow(c, err) < 0)
		return -1;
	if (c->spec->flatten == VM_FLATTEN_ALWAYS && c->have->parent_id && !moves)
		pxc_plan_add(c->plan, VOLUME_FLATTEN, PXC_QUIET, as_wanted(c),
			     "cut it loose from what it was cloned from");
	return 0;
}

int volume_steps(struct volume_case *c, struct pxc_err *err)
{
	volume_sweep(c);
	if (c->spec->absent)
		return c->have ? volume_remove(c, err) : 0;
	if (!c->have)
		add_make(c);
	else if (steps_change(c, err) < 0)
		return -1;
	add_snaps(c);
	if (volume_moves(c)) {
		auto_free char *key = volume_reservation(c->id);

		reserve_in(c, c->pool, rbd_state(c->pool, key), wanted_reservation(c));
	} else if (wanted_reservation(c)) {
		volume_reserve(c, wanted_reservation(c));
	}
	return 0;
}
