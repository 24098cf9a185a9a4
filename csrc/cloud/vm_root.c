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

#define MAX_DEPTH                                                                                  \
	4 /* of clones above a disk; each costs every read of what was never written below it */

/* --- what is there -------------------------------------------------------------------------------------- */

static int refuse_image(const struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	const struct rbd_pool *pool = c->image_pool;
	char names[400];

	if (s->image_backend == VM_IMAGE_PVE)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: there is no image %s%s%s in a storage with content import%s: download it "
			"with pxc_rbd_image (backend: pve), and see that image: storage (or pxc_cloud: "
			"import_storage) names where it lies",
			s->label, s->image_name, s->image_version ? " version " : "",
			s->image_version ? s->image_version : "", vm_image_file_names(c));
	return pxc_fail(err, PXC_EINVAL, "%s: there is no image %s%s%s for project %s: %s%s",
			s->label, s->image_name, s->image_version ? " version " : "",
			s->image_version ? s->image_version : "", s->project,
			pool ? image_names(pool, s->project, names, sizeof(names))
			     : "no storage of type rbd was named, and the cloud's default is none",
			vm_image_file_names(c));
}

static uint64_t property(const struct rbd_seen *image, const char *key)
{
	const char *text = rbd_get(image, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

/* The entry of the task about the disk that is made here. */
static const struct vm_disk *named_disk(const struct vm_spec *s)
{
	for (size_t i = 0; i < s->ndisks; i++)
		if (str_eq(s->disks[i].slot, "scsi0"))
			return &s->disks[i];
	return NULL;
}

/* What the task itself says, 0 = nothing. */
static uint64_t named_bytes(const struct vm_spec *s)
{
	const struct vm_disk *named = named_disk(s);

	return named && named->size_bytes ? named->size_bytes : s->disk_bytes;
}

/* The disk to be made: as the task or the flavor say, of a VM that is there at least as it is. 0 = as the image. */
static uint64_t root_bytes(const struct vm_case *c)
{
	const char *slot = c->have ? vm_root_disk(c->have->config) : NULL;
	uint64_t now = slot ? vm_drive_size(vm_text(c->have->config, slot)) : 0;
	uint64_t named = named_bytes(c->spec);
	uint64_t wanted = named ? named : vm_disk_bytes_wanted(c);

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

	/* A flavor that is too small for the image is no obstacle: the disk is then as large as that. */
	if (!named_bytes(c->spec) && disk < c->image_bytes)
		disk = c->image_bytes;
	if (least_disk < c->image_bytes)
		least_disk = c->image_bytes;
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

const struct rbd_seen *vm_root_image(const struct vm_spec *s, const struct vm_world *vw,
				     const char *storage, const struct rbd_pool **ret_pool)
{
	const char *const named[] = { s->image_storage }, *const usual[] = {
		storage, vw->w->registry.storage
	};
	const char *const *where = s->image_storage ? named : usual;
	size_t n = s->image_storage ? ARRAY_SIZE(named) : ARRAY_SIZE(usual);

	if (s->image_backend == VM_IMAGE_PVE)
		return NULL;
	for (size_t i = 0; vw->rbd && i < n; i++) {
		const struct rbd_pool *p = rbd_pool_find(vw->rbd, where[i]);
		const struct rbd_seen *found =
			p ? image_find(p, s->image_name, s->image_version) : NULL;

		*ret_pool = p ? p : *ret_pool;
		if (found && image_visible(found, s->project))
			return found;
	}
	return NULL;
}

/* PVE itself makes the disk of it, in whatever storage, when it makes the VM. */
static int find_file(struct vm_case *c, struct pxc_err *err)
{
	c->file = vm_image_file(c);
	if (!c->file)
		return refuse_image(c, err);
	c->import = c->file->volume;
	c->image_bytes = c->file->size_bytes;
	return 0;
}

static int find_image(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	const struct rbd_seen *image = vm_root_image(s, c->vw, c->ceph_storage, &c->image_pool);
	const struct vm_disk *root = named_disk(s);

	if (!image)
		return find_file(c, err);
	c->image = image;
	if (!c->disk_pool)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: an image by name needs a storage of type rbd for the disk, and %s is %s",
			s->label, c->ceph_storage ? c->ceph_storage : "none",
			c->ceph_storage ? "not" : "said (storage, or pxc_cloud: storage)");
	if (root && root->storage && !str_eq(root->storage, c->ceph_storage))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: a root disk from an image is made in the storage of the VM: set "
			"storage: %s instead of the storage of scsi0",
			s->label, root->storage);
	c->image_bytes = image->size_bytes;
	return check_least(c, err);
}

/* Who holds the volume: a VM that is there, or only the word of a run that was cut off? Not known counts as held. */
static bool held(const struct vm_case *c, const char *by)
{
	const struct world_guest *g = by ? world_guest(c->w, vm_id_vmid(by)) : NULL;
	char uuid[37], id[64];

	for (size_t i = 0; g && i < c->vw->nseen; i++)
		if (c->vw->seen[i]->guest == g && !c->vw->seen[i]->problem) {
			vm_block_id(g->vmid, vm_smbios_uuid(c->vw->seen[i]->config, uuid), id);
			return str_eq(id, by);
		}
	return g || (by && c->volume->hidden);
}

/* The VM of the project whose configuration has the volume, reserved or not; 0: none. */
static unsigned attached(const struct vm_case *c)
{
	const struct volume_world vw = {
		.w = c->w, .rbd = c->vw->rbd, .seen = c->vw->seen, .nseen = c->vw->nseen
	};
	struct volume_use use;

	volume_use_look(&vw, c->volume_pool, c->volume, &use);
	return use.vm ? use.vm->guest->vmid : 0;
}

static int find_volume(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;
	const char *by;

	for (size_t i = 0; c->vw->rbd && i < c->vw->rbd->npools; i++)
		for (size_t k = 0; k < c->vw->rbd->pools[i].nimages; k++) {
			const struct rbd_seen *v = &c->vw->rbd->pools[i].images[k];

			if (vm_is_boot_volume(s, v)) {
				c->volume = v;
				c->volume_pool = &c->vw->rbd->pools[i];
			}
		}
	if (!c->volume || !volume_id(c->volume->name))
		return pxc_fail(err, PXC_EINVAL, "%s: there is no volume %s in project %s",
				s->label, s->boot_volume, s->project);
	by = vm_reservation(c->volume_pool, c->volume);
	if (held(c, by) || attached(c))
		return pxc_fail(err, PXC_EINVAL,
				"%s: volume %s is attached to VM %u: detach it first", s->label,
				s->boot_volume, attached(c) ? attached(c) : vm_id_vmid(by));
	return 0;
}

/* Is it made from a version of this image that comes after the one chosen, which was then deprecated? */
static bool is_later(const struct vm_case *c, const char *from)
{
	const char *version = from ? strrchr(from, '@') : NULL;
	auto_free char *name = version ? pxc_strndup(from, (size_t)(version - from)) : NULL;
	const struct rbd_seen *now = str_eq(name, c->spec->image_name)
					     ? image_find(c->image_pool, name, version + 1)
					     : NULL;

	return now && image_later(now, c->image);
}

bool vm_rebuilds(const struct vm_case *c)
{
	const char *from = c->have ? annot_get(&c->have->notes.annot, "image") : NULL;

	return c->have && c->spec->rebuild && c->image && !str_eq(from, vm_root_origin(c)) &&
	       (c->spec->image_version || !is_later(c, from));
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
	if (c->file)
		return arena_printf(c->arena, "%s@%s", c->file->name, c->file->version);
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

/* The first number that no disk has, or one that is swept before. */
static unsigned free_disk(const struct vm_case *c)
{
	for (unsigned n = 0;; n++) {
		auto_free char *disk = pxc_printf("vm-%u-disk-%u", c->vmid, n);
		auto_free char *base = pxc_printf("base-%u-disk-%u", c->vmid, n);
		const struct rbd_seen *taken = rbd_find(c->disk_pool, disk);

		if ((!taken || vm_is_left(c, taken)) && !rbd_find(c->disk_pool, base))
			return n;
	}
}

void vm_root_name(struct vm_case *c)
{
	if (c->volume && !c->have)
		c->root = arena_printf(c->arena, "%s:%s", c->volume_pool->storage, c->volume->name);
	else if (c->image && (!c->have || vm_rebuilds(c)))
		c->root = arena_printf(c->arena, "%s:vm-%u-disk-%u", c->ceph_storage, c->vmid,
				       free_disk(c));
}

static void reserve(struct vm_case *c)
{
	auto_free char *key = volume_reservation(volume_id(c->volume->name));
	const char *before = vm_reservation(c->volume_pool, c->volume);
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
