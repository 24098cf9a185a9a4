/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another root disk for a VM that is there. Every state in which a run can be cut off is told by its block: key op
 * names the old disk, and that the VM ran; key image says which of the two disks the configuration has.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/vm_parts.h"

#define RAN "/run"

/* The volume of the root disk now, "" when it has none. */
static char *root_now(const struct vm_case *c)
{
	const char *slot = vm_root_disk(c->have->config);
	const char *drive = slot ? vm_text(c->have->config, slot) : NULL;
	json_auto_t *parts = drive ? prop_parse(drive, "file") : NULL;
	const char *volid = json_string_value(json_object_get(parts, "file"));

	return pxc_strdup(volid ? volid : "");
}

static const char *journal(const struct vm_case *c)
{
	const char *op = c->have ? annot_get(&c->have->notes.annot, "op") : NULL;

	return op && str_starts(op, VM_OP_REBUILD) ? op + strlen(VM_OP_REBUILD) : NULL;
}

bool vm_rebuild_ran(const struct vm_case *c)
{
	const char *op = c->have ? annot_get(&c->have->notes.annot, "op") : NULL;

	return vm_runs(c) || (journal(c) ? str_ends(op, RAN) : str_eq(op, VM_OP_START));
}

bool vm_rebuild_open(const struct vm_case *c)
{
	return vm_rebuilds(c) || journal(c);
}

const char *vm_rebuild_op(struct vm_case *c)
{
	auto_free char *old = NULL;

	if (!vm_rebuilds(c))
		return journal(c) ? annot_get(&c->have->notes.annot, "op") : NULL;
	old = root_now(c);
	return arena_printf(c->arena, VM_OP_REBUILD "%s%s", old, vm_rebuild_ran(c) ? RAN : "");
}

static bool boots_volume(const struct vm_case *c)
{
	const char *from = c->have ? annot_get(&c->have->notes.annot, "image") : NULL;

	return from && str_starts(from, "volume/");
}

static int refuse(const struct vm_case *c, struct pxc_err *err)
{
	const char *protection = vm_text(c->have->config, "protection");
	const char *slot = vm_root_disk(c->have->config);

	if (boots_volume(c))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: VM %u boots from a volume, which is not destroyed by a rebuild: "
			"remove the VM and make it anew",
			c->spec->label, c->vmid);
	if (vm_snapshotted(c))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: VM %u has snapshots, which hold the root disk that a rebuild destroys: "
			"remove them first (snapshots: [], snapshots_mode: exact)",
			c->spec->label, c->vmid);
	if (protection && str_eq(protection, "1") && c->spec->protection != 0)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: VM %u is protected, its root disk is not replaced: set protected: false",
			c->spec->label, c->vmid);
	if (!slot || !str_eq(slot, "scsi0"))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: rebuild replaces a root disk at scsi0, and VM %u boots from %s",
			c->spec->label, c->vmid, slot ? slot : "no disk");
	return 0;
}

/* Before it is stopped the notes say that it ran. */
static void note_down(struct vm_case *c)
{
	const char *from = annot_get(&c->have->notes.annot, "image");
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *notes = NULL;
	json_t *args = vm_target(c);

	vm_block(c, vm_rebuild_op(c), &block);
	annot_set(&block, "image", from);
	notes = vm_notes(c, &block);
	(void)json_object_set_new(args, "description", json_string(notes));
	pxc_plan_add(c->plan, VM_CONFIG, PXC_QUIET, args, "note down that it is rebuilt");
}

int vm_rebuild_steps(struct vm_case *c, struct pxc_err *err)
{
	const char *disk;

	if (!vm_rebuilds(c))
		return 0;
	if (refuse(c, err) < 0)
		return -1;
	if (vm_runs(c)) {
		note_down(c);
		vm_add_stop(c);
	}
	vm_root_sweep(c);
	disk = strchr(c->root, ':') + 1;
	pxc_plan_add(c->plan, VM_RBD_CLONE, PXC_QUIET, vm_root_clone_args(c, disk),
		     "clone %s from image %s", disk, vm_root_origin(c));
	return 0;
}

/* The disk that an open journal names and the VM no longer boots from; NULL: none. */
static const char *left_behind(struct vm_case *c)
{
	const char *op = journal(c);
	auto_free char *now = root_now(c);

	if (!op)
		return NULL;
	op = arena_strndup(c->arena, op, strlen(op) - (str_ends(op, RAN) ? strlen(RAN) : 0));
	return str_eq(op, now) ? NULL : op;
}

/* Where PVE has put a disk; NULL: it is gone. */
static const char *slot_of(struct vm_case *c, const char *volume)
{
	const char *key;
	json_t *value;

	json_object_foreach (c->have->config, key, value) {
		const char *text = json_string_value(value);

		if (str_starts(key, "unused") && strncmp(text, volume, strlen(volume)) == 0 &&
		    strchr(",", text[strlen(volume)]))
			return key;
	}
	return NULL;
}

/* Where it will put the next one: the lowest that is free, behind the disks that the same request detaches. */
static const char *next_slot(struct vm_case *c, const struct vm_change *change)
{
	unsigned before = 0;
	size_t i;
	json_t *key;

	json_array_foreach (change->remove, i, key)
		before += vm_is_drive(json_string_value(key));
	for (unsigned n = 0;; n++) {
		const char *slot = arena_printf(c->arena, "unused%u", n);

		if (!vm_text(c->have->config, slot) && before-- == 0)
			return slot;
	}
}

static void destroy(struct vm_case *c, const char *slot, const char *volume)
{
	json_t *look = vm_target(c), *args = vm_target(c);

	(void)json_object_set_new(look, "_slot", json_string(slot));
	(void)json_object_set_new(look, "_disk", json_string(volume));
	pxc_plan_add(c->plan, VM_WAIT_UNUSED, PXC_WAITS, look, "see that %s is %s", slot, volume);
	(void)json_object_set_new(args, "idlist", json_string(slot));
	(void)json_object_set_new(args, "force", json_integer(1));
	pxc_plan_add(c->plan, VM_UNLINK, PXC_DESTROYS, args, "destroy the old root disk %s",
		     volume);
}

/* Rebuilt it is off by now, whatever it was; else it is as it was seen, and only what the journal knows is done here. */
static void switch_on(struct vm_case *c)
{
	enum vm_power p = c->spec->power;

	if (!vm_rebuilds(c)) {
		if (p == VM_POWER_KEEP && vm_rebuild_ran(c) && !vm_runs(c))
			vm_add_start(c);
		return;
	}
	if (p == VM_POWER_KEEP ? vm_rebuild_ran(c) : p != VM_POWER_STOPPED)
		vm_add_start(c);
	if (p == VM_POWER_PAUSED)
		vm_add_pause(c);
}

void vm_rebuild_finish(struct vm_case *c, const struct vm_change *change)
{
	const char *left = left_behind(c), *slot = left ? slot_of(c, left) : NULL;
	auto_free char *now = vm_rebuilds(c) ? root_now(c) : NULL;

	if (now)
		destroy(c, next_slot(c, change), now);
	if (slot)
		destroy(c, slot, left);
	switch_on(c);
}
