/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another root disk for a VM that is there. Every state in which a run can be cut off is told by its block: key op
 * names the old disk, and that the VM ran; key image says which of the two disks the configuration has.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/vm_parts.h"

#define RAN "/run"

/* The RBD name of the root disk now, "" when it has none of the kind. */
static char *root_now(const struct vm_case *c)
{
	const char *slot = vm_root_disk(c->have->config);
	const char *drive = slot ? vm_text(c->have->config, slot) : NULL;
	json_auto_t *parts = drive ? prop_parse(drive, "file") : NULL;
	const char *volid = json_string_value(json_object_get(parts, "file"));
	const char *colon = volid ? strchr(volid, ':') : NULL;

	return pxc_strdup(colon ? colon + 1 : "");
}

static const char *journal(const struct vm_case *c)
{
	const char *op = c->have ? annot_get(&c->have->notes.annot, "op") : NULL;

	return op && str_starts(op, VM_OP_REBUILD) ? op + strlen(VM_OP_REBUILD) : NULL;
}

static bool ran(const struct vm_case *c)
{
	const char *op = journal(c);

	return vm_runs(c) || (op && str_ends(op, RAN));
}

const char *vm_rebuild_op(struct vm_case *c)
{
	auto_free char *old = NULL;

	if (!vm_rebuilds(c))
		return journal(c) ? annot_get(&c->have->notes.annot, "op") : NULL;
	old = root_now(c);
	return arena_printf(c->arena, VM_OP_REBUILD "%s%s", old, ran(c) ? RAN : "");
}

static int refuse(const struct vm_case *c, struct pxc_err *err)
{
	const char *protection = vm_text(c->have->config, "protection");
	const char *slot = vm_root_disk(c->have->config);

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

int vm_rebuild_steps(struct vm_case *c, struct pxc_err *err)
{
	const char *disk;

	if (!vm_rebuilds(c))
		return 0;
	if (refuse(c, err) < 0)
		return -1;
	if (vm_runs(c)) {
		auto_annot struct annot block = { .npairs = 0 };
		auto_free char *notes = NULL;
		json_t *args = vm_target(c);
		const char *from = annot_get(&c->have->notes.annot, "image");

		vm_block(c, vm_rebuild_op(c), &block);
		annot_set(&block, "image", from);
		notes = vm_notes(c, &block);
		(void)json_object_set_new(args, "description", json_string(notes));
		pxc_plan_add(c->plan, VM_CONFIG, PXC_QUIET, args, "note down that it is rebuilt");
		vm_add_stop(c, c->spec->force_stop);
	}
	vm_root_sweep(c);
	disk = strchr(c->root, ':') + 1;
	pxc_plan_add(c->plan, VM_RBD_CLONE, PXC_QUIET, vm_root_clone_args(c, disk),
		     "clone %s from image %s", disk, vm_root_origin(c));
	return 0;
}

void vm_rebuild_disk(const struct vm_case *c, const json_t *base, struct vm_change *ret)
{
	json_auto_t *parts = NULL;
	auto_free char *text = NULL;

	if (!vm_rebuilds(c))
		return;
	parts = prop_parse(vm_text(base, "scsi0"), "file");
	if (!parts)
		return;
	(void)json_object_set_new(parts, "file", json_string(c->root));
	(void)json_object_del(parts, "size");
	text = prop_print(parts, "file");
	vm_set(ret, "scsi0", text);
}

/* Where PVE has put the old disk, or will: the lowest unusedN that is free. */
static const char *unused_slot(struct vm_case *c, const char *old)
{
	auto_free char *tail = pxc_printf(":%s", old);
	bool coming = vm_rebuilds(c);

	for (unsigned n = 0; n < 256; n++) {
		const char *key = arena_printf(c->arena, "unused%u", n);
		const char *have = vm_text(c->have->config, key);

		if (have ? !coming && str_ends(have, tail) : coming)
			return key;
	}
	return NULL;
}

/* The disk that the journal, or this plan, leaves behind; NULL: it is the VM's root disk still. */
static const char *old_disk(struct vm_case *c)
{
	const char *op = journal(c);
	auto_free char *now = root_now(c);

	if (vm_rebuilds(c))
		return arena_strdup(c->arena, now);
	op = arena_strndup(c->arena, op, strlen(op) - (str_ends(op, RAN) ? strlen(RAN) : 0));
	return str_eq(op, now) ? NULL : op;
}

static bool wants_on(const struct vm_case *c)
{
	return c->spec->power == VM_POWER_KEEP
		       ? ran(c)
		       : c->spec->power == VM_POWER_RUNNING || c->spec->power == VM_POWER_RESTARTED;
}

bool vm_rebuild_finish(struct vm_case *c)
{
	const char *old, *slot;

	if (!vm_rebuilds(c) && !journal(c))
		return false;
	old = old_disk(c);
	slot = old ? unused_slot(c, old) : NULL;
	if (slot) {
		json_t *args = vm_target(c);

		(void)json_object_set_new(args, "idlist", json_string(slot));
		(void)json_object_set_new(args, "force", json_integer(1));
		pxc_plan_add(c->plan, VM_UNLINK, PXC_DESTROYS, args, "destroy the old root disk %s",
			     old);
	}
	if (wants_on(c) && (vm_rebuilds(c) || !vm_runs(c)))
		vm_add_start(c);
	return true;
}
