/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What VMs have in Ceph: where it must be looked at, and what runs that were cut off have left of it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/vm_parts.h"
#include "cloud/volume.h"

#define PATIENCE_MS                                                                                \
	45000 /* a client that was killed counts for so long as one that has the image open */

/* --- what must be read ---------------------------------------------------------------------------------- */

static bool needs_rbd(const struct vm_spec *s, const struct vm_seen *have)
{
	bool seeds = s->seed == VM_SEED_RBD ||
		     (s->seed == VM_SEED_AUTO && (s->user_data || s->network_config));

	if (s->absent)
		return false;
	if (!have)
		return (s->image_name && s->image_backend != VM_IMAGE_PVE) || s->boot_volume ||
		       seeds;
	return s->rebuild || s->reseed ||
	       (annot_get(&have->notes.annot, "seed") &&
		str_eq(annot_get(&have->notes.annot, "op"), VM_OP_CLONE));
}

const char *vm_drive_storage(const struct vm_seen *have, const char *slot, struct pxc_arena *arena)
{
	const char *drive = slot ? vm_text(have->config, slot) : NULL;
	size_t len = drive ? strcspn(drive, ":,") : 0;

	return drive && drive[len] == ':' ? arena_strndup(arena, drive, len) : NULL;
}

const char *vm_root_storage(const struct vm_spec *s, const struct vm_seen *have,
			    struct pxc_arena *arena)
{
	const char *seed = vm_drive_storage(have, VM_SEED_SLOT, arena);

	if (s->storage)
		return s->storage;
	return seed ? seed : vm_drive_storage(have, vm_root_disk(have->config), arena);
}

static void add_storage(const struct world *w, const char **list, size_t *n, const char *storage)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(list[i], storage))
			return;
	if (str_eq(world_storage_type(w, storage), "rbd"))
		list[(*n)++] = storage;
}

int vm_classes(struct vm_batch *batch, const struct registry *r, struct pxc_err *err)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		struct vm_spec *s = &batch->specs[i];

		/* What goes does not ask where it was meant to lie. */
		if (s->absent)
			continue;
		if (registry_class_storage(r, s->class, &s->storage, err) < 0)
			return pxc_context(err, "%s", s->label);
		for (size_t k = 0; k < s->ndisks; k++)
			if (registry_class_storage(r, s->disks[k].class, &s->disks[k].storage,
						   err) < 0)
				return pxc_context(err, "%s: disk %s", s->label, s->disks[k].slot);
	}
	return 0;
}

const char *const *vm_rbd_storages(const struct vm_batch *batch, const struct vm_world *vw,
				   struct pxc_arena *arena)
{
	const struct registry *r = &vw->w->registry;
	const char **list =
		arena_alloc(arena, (5 * batch->nspecs + r->nclasses + 2) * sizeof(*list));
	bool any = false;
	size_t n = 0;

	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		if (vm_match(s, vw, &have, &err) < 0 || !needs_rbd(s, have))
			continue;
		any = true;
		add_storage(vw->w, list, &n, s->storage);
		if (have) {
			add_storage(vw->w, list, &n, vm_root_storage(s, have, arena));
			add_storage(vw->w, list, &n, vm_drive_storage(have, VM_SEED_SLOT, arena));
		}
		add_storage(vw->w, list, &n, s->image_name ? s->image_storage : NULL);
		add_storage(vw->w, list, &n, registry_usual_storage(r));
		/* Where images lie. */
		add_storage(vw->w, list, &n, r->storage);
		/* A volume may be of any class. */
		for (size_t k = 0; s->boot_volume && !have && k < r->nclasses; k++)
			add_storage(vw->w, list, &n, r->classes[k].storage);
	}
	return any && n ? list : NULL;
}

static bool made_for(const struct vm_spec *s, const struct rbd_seen *image)
{
	return (rbd_is(image, "disk") || rbd_is(image, "seed")) &&
	       str_eq(rbd_get(image, "project"), s->project) &&
	       str_eq(rbd_get(image, "stack"), s->stack) && str_eq(rbd_get(image, "name"), s->name);
}

unsigned vm_id_vmid(const char *id)
{
	return id && str_starts(id, "vm.") ? (unsigned)strtoul(id + 3, NULL, 10) : 0;
}

const char *vm_reservation(const struct rbd_pool *pool, const struct rbd_seen *volume)
{
	const char *id = volume_id(volume->name);
	auto_free char *key = id ? volume_reservation(id) : NULL;

	return key ? rbd_state(pool, key) : NULL;
}

bool vm_is_boot_volume(const struct vm_spec *s, const struct rbd_seen *image)
{
	return s->boot_volume && rbd_is(image, "volume") && !image->replaced_by &&
	       str_eq(rbd_get(image, "project"), s->project) &&
	       str_eq(rbd_get(image, "name"), s->boot_volume);
}

bool vm_rbd_left(const struct vm_batch *batch, const struct rbd_pool *pool,
		 const struct rbd_seen *image, unsigned *ret_vmid)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];

		*ret_vmid = made_for(s, image)            ? vm_id_vmid(rbd_get(image, "vm"))
			    : vm_is_boot_volume(s, image) ? vm_id_vmid(vm_reservation(pool, image))
							  : 0;
		if (*ret_vmid)
			return true;
	}
	return false;
}

/* --- what has been left ----------------------------------------------------------------------------------- */

static bool names_image(const json_t *config, const char *image)
{
	size_t len = strlen(image);
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)config, key, value) {
		const char *text = json_string_value(value), *hit = text;

		for (; hit && (hit = strstr(hit, image)); hit++)
			if (hit > text && strchr(":/", hit[-1]) && (hit[len] == ',' || !hit[len]))
				return true;
	}
	return false;
}

/* Does any option of the guest name this image, now or until its restart? Not known counts as yes. */
static bool mentions(const struct vm_seen *guest, const char *image)
{
	return guest->problem || names_image(guest->config, image) ||
	       names_image(guest->current, image);
}

/* Nobody else's, and no longer anybody's: its VM was never made, has another uuid, or does not use it. */
bool vm_is_left(const struct vm_case *c, const struct rbd_seen *image)
{
	const char *id = rbd_get(image, "vm");
	const struct world_guest *g = world_guest(c->w, vm_id_vmid(id));

	if (!made_for(c->spec, image) || image->nsnaps || !str_eq(rbd_get(image, "c"), c->cluster))
		return false;
	if (!g)
		return !image->hidden;
	for (size_t i = 0; i < c->vw->nseen; i++)
		if (c->vw->seen[i]->guest == g)
			return !mentions(c->vw->seen[i], image->name);
	return false;
}

static void add_removal(struct pxc_plan *plan, const struct rbd_pool *pool,
			const struct rbd_seen *left)
{
	pxc_plan_add(plan, VM_RBD_REMOVE, PXC_QUIET,
		     json_pack("{s:s,s:s,s:i}", "storage", pool->storage, "name", left->name,
			       "patience_ms", PATIENCE_MS),
		     "remove %s, which a run that was cut off has left", left->name);
}

void vm_root_sweep(struct vm_case *c)
{
	for (size_t i = 0; c->disk_pool && i < c->disk_pool->nimages; i++) {
		const struct rbd_seen *left = &c->disk_pool->images[i];

		if (vm_is_left(c, left))
			add_removal(c->plan, c->disk_pool, left);
	}
}

void vm_root_collect(const struct vm_case *cases, size_t n, const struct vm_world *vw,
		     struct pxc_plans *ret)
{
	struct pxc_plan *plan = NULL;
	bool making = false;

	for (size_t i = 0; i < n; i++)
		making |= cases[i].root != NULL;
	for (size_t i = 0; making && i < vw->rbd->npools; i++)
		for (size_t k = 0; k < vw->rbd->pools[i].nimages; k++) {
			const struct rbd_pool *p = &vw->rbd->pools[i];

			if (!p->images[k].left)
				continue;
			if (!plan)
				plan = pxc_plans_add(ret, "unfinished disks");
			add_removal(plan, p, &p->images[k]);
		}
}
