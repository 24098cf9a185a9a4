/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The root disk of a VM from an image or a volume in Ceph: made before the VM, which is then born with it. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/image.h"
#include "cloud/vm_parts.h"
#include "cloud/volume.h"

#define PATIENCE_MS                                                                                \
	45000 /* a client that was killed counts for so long as one that has the image open */
#define MAX_DEPTH                                                                                  \
	4 /* of clones above a disk; each costs every read of what was never written below it */

/* --- what must be read ---------------------------------------------------------------------------------- */

static bool needs_rbd(const struct vm_spec *s, bool exists)
{
	bool seeds = s->seed == VM_SEED_RBD ||
		     (s->seed == VM_SEED_AUTO && (s->user_data || s->network_config));

	if (s->absent)
		return false;
	return exists ? s->rebuild || s->reseed : s->image_name || s->boot_volume || seeds;
}

static const char *drive_storage(const struct vm_seen *have, const char *slot,
				 struct pxc_arena *arena)
{
	const char *drive = slot ? vm_text(have->config, slot) : NULL;
	size_t len = drive ? strcspn(drive, ":,") : 0;

	return drive && drive[len] == ':' ? arena_strndup(arena, drive, len) : NULL;
}

const char *vm_root_storage(const struct vm_spec *s, const struct vm_seen *have,
			    struct pxc_arena *arena)
{
	const char *seed = drive_storage(have, VM_SEED_SLOT, arena);

	if (s->storage)
		return s->storage;
	return seed ? seed : drive_storage(have, vm_root_disk(have->config), arena);
}

static void add_storage(const struct world *w, const char **list, size_t *n, const char *storage)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(list[i], storage))
			return;
	if (str_eq(world_storage_type(w, storage), "rbd"))
		list[(*n)++] = storage;
}

const char *const *vm_rbd_storages(const struct vm_batch *batch, const struct vm_world *vw,
				   struct pxc_arena *arena)
{
	const char **list = arena_alloc(arena, (3 * batch->nspecs + 1) * sizeof(*list));
	bool any = false;
	size_t n = 0;

	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		if (vm_match(s, vw, &have, &err) < 0 || !needs_rbd(s, have))
			continue;
		any = true;
		add_storage(vw->w, list, &n, have ? vm_root_storage(s, have, arena) : s->storage);
		add_storage(vw->w, list, &n, s->image_name ? s->image_storage : NULL);
		add_storage(vw->w, list, &n, vw->w->registry.storage);
	}
	return any && n ? list : NULL;
}

static bool made_for(const struct vm_spec *s, const struct rbd_seen *image)
{
	return (rbd_is(image, "disk") || rbd_is(image, "seed")) &&
	       str_eq(rbd_get(image, "project"), s->project) &&
	       str_eq(rbd_get(image, "stack"), s->stack) && str_eq(rbd_get(image, "name"), s->name);
}

/* "vm.101.0a1b2c3d" */
static unsigned vmid_of(const char *id)
{
	return id && str_starts(id, "vm.") ? (unsigned)strtoul(id + 3, NULL, 10) : 0;
}

bool vm_rbd_left(const struct vm_batch *batch, const struct rbd_seen *image, unsigned *ret_vmid)
{
	*ret_vmid = vmid_of(rbd_get(image, "vm"));
	for (size_t i = 0; *ret_vmid && i < batch->nspecs; i++)
		if (made_for(&batch->specs[i], image))
			return true;
	return false;
}

/* --- what is there -------------------------------------------------------------------------------------- */

static int refuse_image(const struct vm_case *c, const struct rbd_pool *pool, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	char names[400];

	return pxc_fail(err, PXC_EINVAL, "%s: there is no image %s%s%s for project %s: %s",
			s->label, s->image_name, s->image_version ? " version " : "",
			s->image_version ? s->image_version : "", s->project,
			pool ? image_names(pool, s->project, names, sizeof(names))
			     : "no storage of type rbd was named, and the cloud's default is none");
}

static uint64_t property(const struct rbd_seen *image, const char *key)
{
	const char *text = rbd_get(image, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

/* The disk to be made: as the task or the flavor say, of a VM that is there at least as it is. 0 = as the image. */
static uint64_t root_bytes(const struct vm_case *c)
{
	const char *slot = c->have ? vm_root_disk(c->have->config) : NULL;
	uint64_t now = slot ? vm_drive_size(vm_text(c->have->config, slot)) : 0;
	uint64_t wanted = vm_disk_bytes_wanted(c);

	return wanted > now ? wanted : now;
}

static uint64_t memory_bytes(const struct vm_case *c)
{
	const char *named = vm_text(c->spec->config, "memory");

	if (!named && c->flavor)
		return c->flavor->memory_mib * MIB;
	if (!named && c->have)
		named = vm_text(c->have->config, "memory");
	return named ? strtoull(named, NULL, 10) * MIB : 0;
}

/* What the image needs at least, against what the VM would get. */
static int check_least(const struct vm_case *c, struct pxc_err *err)
{
	uint64_t disk = root_bytes(c), memory = memory_bytes(c);
	uint64_t least_disk = property(c->image, "p.min_disk");
	uint64_t least_memory = property(c->image, "p.min_ram");
	char have[32], want[32];

	if (!disk)
		disk = c->image->size_bytes;
	if (c->spec->disk_bytes && least_disk < c->image->size_bytes)
		least_disk = c->image->size_bytes;
	size_format(disk, have, sizeof(have));
	size_format(least_disk, want, sizeof(want));
	if (disk < least_disk)
		return pxc_fail(err, PXC_EINVAL, "%s: image %s needs a disk of %s, not %s",
				c->spec->label, c->spec->image_name, want, have);
	size_format(memory, have, sizeof(have));
	size_format(least_memory, want, sizeof(want));
	if (memory && memory < least_memory)
		return pxc_fail(err, PXC_EINVAL, "%s: image %s needs %s of memory, not %s",
				c->spec->label, c->spec->image_name, want, have);
	return 0;
}

static int find_image(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	const char *const where[] = { s->image_storage, c->ceph_storage, c->w->registry.storage };

	for (size_t i = s->image_storage ? 0 : 1; i < (s->image_storage ? 1 : ARRAY_SIZE(where));
	     i++) {
		const struct rbd_pool *p = c->vw->rbd ? rbd_pool_find(c->vw->rbd, where[i]) : NULL;
		const struct rbd_seen *found =
			p ? image_find(p, s->image_name, s->image_version) : NULL;

		c->image_pool = p ? p : c->image_pool;
		if (found && image_visible(found, s->project)) {
			c->image = found;
			break;
		}
	}
	if (!c->image)
		return refuse_image(c, c->image_pool, err);
	if (!c->disk_pool)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: an image by name needs a storage of type rbd for the disk, and %s is %s",
			s->label, c->ceph_storage ? c->ceph_storage : "none",
			c->ceph_storage ? "not" : "said (storage, or pxc_cloud: storage)");
	c->image_bytes = c->image->size_bytes;
	return check_least(c, err);
}

/* Who holds the volume: a VM that is there, or only the word of a run that was cut off? */
static bool held(const struct vm_case *c, const char *by)
{
	return by && world_guest(c->w, vmid_of(by));
}

static int find_volume(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	auto_free char *key = NULL;
	const char *by;

	for (size_t i = 0; c->vw->rbd && i < c->vw->rbd->npools; i++)
		for (size_t k = 0; k < c->vw->rbd->pools[i].nimages; k++) {
			const struct rbd_seen *v = &c->vw->rbd->pools[i].images[k];

			if (rbd_is(v, "volume") && str_eq(rbd_get(v, "project"), s->project) &&
			    str_eq(rbd_get(v, "name"), s->boot_volume)) {
				c->volume = v;
				c->volume_pool = &c->vw->rbd->pools[i];
			}
		}
	if (!c->volume || !volume_id(c->volume->name))
		return pxc_fail(err, PXC_EINVAL, "%s: there is no volume %s in project %s",
				s->label, s->boot_volume, s->project);
	key = volume_reservation(volume_id(c->volume->name));
	by = rbd_state(c->volume_pool, key);
	if (held(c, by))
		return pxc_fail(err, PXC_EINVAL,
				"%s: volume %s is attached to VM %u: detach it first", s->label,
				s->boot_volume, vmid_of(by));
	return 0;
}

bool vm_rebuilds(const struct vm_case *c)
{
	const char *from = c->have ? annot_get(&c->have->notes.annot, "image") : NULL;

	return c->have && c->spec->rebuild && c->image && !str_eq(from, vm_root_origin(c));
}

int vm_root_find(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;

	c->ceph_storage = c->have ? vm_root_storage(s, c->have, c->arena) : c->storage;
	c->disk_pool =
		c->vw->rbd && c->ceph_storage ? rbd_pool_find(c->vw->rbd, c->ceph_storage) : NULL;
	if (s->image_name && (!c->have || s->rebuild))
		return find_image(c, err);
	return s->boot_volume && !c->have ? find_volume(c, err) : 0;
}

const char *vm_root_origin(const struct vm_case *c)
{
	if (c->volume)
		return arena_printf(c->arena, "volume/%s", c->spec->boot_volume);
	return c->image ? arena_printf(c->arena, "%s@%s", rbd_get(c->image, "name"),
				       rbd_get(c->image, "version"))
			: NULL;
}

void vm_root_defaults(const struct vm_case *c, json_t *want)
{
	const char *const rows[][2] = { { "ostype", "p.os_type" }, { "agent", "p.agent" } };

	for (size_t i = 0; c->image && i < ARRAY_SIZE(rows); i++)
		if (!json_object_get(want, rows[i][0]) && rbd_get(c->image, rows[i][1]))
			(void)json_object_set_new(want, rows[i][0],
						  json_string(rbd_get(c->image, rows[i][1])));
	if (!c->image || !str_eq(rbd_get(c->image, "p.firmware"), "uefi") ||
	    json_object_get(want, "bios"))
		return;
	(void)json_object_set_new(want, "bios", json_string("ovmf"));
	if (!json_object_get(want, "efidisk0"))
		(void)json_object_set_new(
			want, "efidisk0",
			json_sprintf("%s:1,efitype=4m,pre-enrolled-keys=%s", c->ceph_storage,
				     str_eq(rbd_get(c->image, "p.secure_boot"), "1") ? "1" : "0"));
}

/* --- what has to be done -------------------------------------------------------------------------------- */

static unsigned free_disk(const struct vm_case *c)
{
	for (unsigned n = 0;; n++) {
		auto_free char *disk = pxc_printf("vm-%u-disk-%u", c->vmid, n);
		auto_free char *base = pxc_printf("base-%u-disk-%u", c->vmid, n);

		if (!rbd_find(c->disk_pool, disk) && !rbd_find(c->disk_pool, base))
			return n;
	}
}

void vm_root_name(struct vm_case *c)
{
	if (c->volume && !c->have)
		c->root = arena_printf(c->arena, "%s:%s", c->volume_pool->storage, c->volume->name);
	else if (c->image && (!c->have || vm_rebuilds(c)))
		c->root = arena_printf(c->arena, "%s:vm-%u-disk-%u", c->ceph_storage, c->vmid,
				       c->have ? free_disk(c) : 0);
}

static const char *own_id(const struct vm_case *c)
{
	char uuid[37], id[64];

	vm_block_id(c->vmid, c->have ? vm_smbios_uuid(c->have->config, uuid) : c->uuid, id);
	return arena_strdup(c->arena, id);
}

static bool wants_flatten(const struct vm_case *c)
{
	return c->spec->flatten == VM_FLATTEN_ALWAYS ||
	       (c->spec->flatten == VM_FLATTEN_AUTO &&
		rbd_depth(c->vw->rbd, c->image) + 1 > MAX_DEPTH);
}

json_t *vm_root_clone_args(const struct vm_case *c, const char *disk)
{
	const struct vm_spec *s = c->spec;
	json_t *block = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "t", "disk", "c",
				  c->cluster, "vm", own_id(c), "project", s->project, "stack",
				  s->stack, "name", s->name, "image", vm_root_origin(c), "at",
				  c->batch->stamp, "by", c->batch->actor);

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:b,s:o}", "storage", c->ceph_storage, "name",
			 disk, "from", c->image_pool->storage, "parent", c->image->name, "snap",
			 rbd_get(c->image, "version"), "size", (json_int_t)root_bytes(c), "flatten",
			 wants_flatten(c), "block", block);
}

/* Does any option of the guest name this image? Not known counts as yes. */
static bool mentions(const struct vm_seen *guest, const char *image)
{
	auto_free char *tail = pxc_printf(":%s", image);
	const char *key;
	json_t *value;

	if (guest->problem)
		return true;
	json_object_foreach (guest->config, key, value) {
		const char *hit = strstr(json_string_value(value), tail);

		if (hit && (hit[strlen(tail)] == ',' || !hit[strlen(tail)]))
			return true;
	}
	return false;
}

/* Nobody else's, and no longer anybody's: its VM was never made, has another uuid, or does not use it. */
static bool is_left(const struct vm_case *c, const struct rbd_seen *image)
{
	const char *id = rbd_get(image, "vm");
	const struct world_guest *g = world_guest(c->w, vmid_of(id));

	if (!made_for(c->spec, image) || image->nsnaps || !str_eq(rbd_get(image, "c"), c->cluster))
		return false;
	if (!g)
		return true;
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

		if (is_left(c, left))
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

static void reserve(struct vm_case *c)
{
	auto_free char *key = volume_reservation(volume_id(c->volume->name));
	const char *before = rbd_state(c->volume_pool, key);
	json_t *args = json_pack("{s:s,s:s,s:s}", "storage", c->volume_pool->storage, "key", key,
				 "value", own_id(c));

	if (before)
		(void)json_object_set_new(args, "expect", json_string(before));
	pxc_plan_add(c->plan, VM_RBD_STATE, PXC_QUIET, args, "reserve volume %s",
		     c->spec->boot_volume);
}

void vm_root_steps(struct vm_case *c)
{
	const char *disk = c->root ? strchr(c->root, ':') + 1 : NULL;

	vm_root_sweep(c);
	if (c->volume)
		reserve(c);
	else if (c->image)
		pxc_plan_add(c->plan, VM_RBD_CLONE, PXC_QUIET, vm_root_clone_args(c, disk),
			     "clone %s from image %s", disk, vm_root_origin(c));
}
