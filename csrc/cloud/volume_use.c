/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who has a volume: configurations first, the reservation where they are silent. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/vm_parts.h"
#include "cloud/volume_parts.h"

/* "ceph:vm-900000-pxc-1a2b3c4d,size=1G": whatever the storage is called, two may lie on one pool. */
static bool is_drive_of(const char *key, const char *drive, const char *rbd_name)
{
	size_t len = drive ? strcspn(drive, ",") : 0, want = strlen(rbd_name);

	return len > want && vm_is_drive(key) && !str_starts(key, "unused") &&
	       strchr(":/", drive[len - want - 1]) &&
	       strncmp(drive + len - want, rbd_name, want) == 0;
}

static void note_user(struct volume_use *use, const struct vm_seen *vm, const char *slot,
		      bool leaving)
{
	if (use->vm) {
		use->also = vm;
		use->also_slot = slot;
		return;
	}
	use->vm = vm;
	use->slot = slot;
	use->leaving = leaving;
}

static void look_in(const struct vm_seen *vm, const char *rbd_name, struct volume_use *use)
{
	const char *key;
	json_t *value;

	if (vm->problem)
		return;
	json_object_foreach (vm->config, key, value)
		if (is_drive_of(key, json_string_value(value), rbd_name))
			note_user(use, vm, key, false);
	json_object_foreach (vm->current, key, value)
		if (is_drive_of(key, json_string_value(value), rbd_name) &&
		    !is_drive_of(key, vm_text(vm->config, key), rbd_name))
			note_user(use, vm, key, true);
}

void volume_use_look(const struct volume_world *vw, const struct rbd_pool *pool,
		     const struct rbd_seen *volume, struct volume_use *ret)
{
	auto_free char *key = volume_reservation(volume_id(volume->name));
	unsigned vmid;

	*ret = (struct volume_use){ .reserved = rbd_state(pool, key) };
	vmid = volume_vmid(ret->reserved);
	for (size_t i = 0; i < vw->nseen; i++) {
		look_in(vw->seen[i], volume->name, ret);
		if (vmid && vw->seen[i]->guest->vmid == vmid && vw->seen[i]->problem)
			ret->unread = vw->seen[i];
	}
}

bool volume_used(const struct volume_use *use)
{
	return use->vm || use->unread;
}

bool volume_waits(const struct volume_use *use)
{
	size_t i;
	json_t *key;

	json_array_foreach (use->vm->pending, i, key)
		if (str_eq(json_string_value(key), use->slot))
			return true;
	return use->leaving;
}

const char *volume_vm_name(const struct vm_seen *vm, struct pxc_arena *arena)
{
	const struct annot *a = &vm->notes.annot;
	const struct world_guest *g = vm->guest;

	if (!vm->problem && str_eq(annot_get(a, "t"), "vm") && vm_owns_block(vm))
		return arena_printf(arena, "vm %s/%s", annot_get(a, "project"),
				    annot_get(a, "name"));
	return g->name ? arena_printf(arena, "guest %u (%s)", g->vmid, g->name)
		       : arena_printf(arena, "guest %u", g->vmid);
}

const struct vm_seen *volume_target(const struct volume_world *vw, const char *project,
				    const char *stack, const char *name)
{
	for (size_t i = 0; i < vw->nseen; i++) {
		const struct vm_seen *x = vw->seen[i];
		const struct annot *a = &x->notes.annot;

		if (!x->problem && !x->guest->is_template && str_eq(annot_get(a, "t"), "vm") &&
		    str_eq(annot_get(a, "project"), project) &&
		    str_eq(annot_get(a, "stack"), stack) && str_eq(annot_get(a, "name"), name) &&
		    x->notes.finding == ANNOT_OK && vm_owns_block(x))
			return x;
	}
	return NULL;
}
