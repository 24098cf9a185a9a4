/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/disk.h"

#include <stdio.h>
#include <string.h>

#include "sim/rbd.h"

const char *disk_image_name(const char *volid)
{
	const char *slash = strrchr(volid, '/');

	return slash ? slash + 1 : volid + strcspn(volid, ":") + 1;
}

static const char *format_on(const struct sim_storage *s, const char *format)
{
	return format && sim_storage_file_based(s) ? format : "raw";
}

/* Where names and sizes are all there is. */
static struct sim_volume *note(struct sim *sim, const struct disk_want *want, const char *volid)
{
	struct sim_volume *v = sim_volume_add(sim, volid, want->storage, want->node);

	v->vmid = want->vmid;
	v->size_bytes = want->size_bytes;
	(void)snprintf(v->format, sizeof(v->format), "%s", format_on(want->storage, want->format));
	return v;
}

/* The name of a new image in Ceph. Caller frees; NULL with err. */
static char *new_image(const struct disk_want *want, struct pxc_err *err)
{
	return !strcmp(want->kind, "disk") ? rbd_free_name(want->storage, want->vmid, err)
					   : pxc_printf("vm-%u-%s", want->vmid, want->kind);
}

/* The volid of a new volume where there is no Ceph. Caller frees. */
static char *new_name(struct sim *sim, const struct disk_want *want)
{
	return sim_volume_name(sim, want->storage, want->node, want->vmid, want->kind,
			       format_on(want->storage, want->format));
}

struct sim_volume *disk_create(struct sim *sim, const struct disk_want *want, struct pxc_err *err)
{
	auto_free char *name = want->storage->rbd ? new_image(want, err) : new_name(sim, want);

	if (!name)
		return NULL;
	if (!want->storage->rbd)
		return note(sim, want, name);
	if (rbd_create(want->storage, name, want->size_bytes, err) < 0)
		return NULL;
	return rbd_look(sim, want->storage, name, err);
}

struct sim_volume *disk_create_named(struct sim *sim, const struct disk_want *want,
				     const char *name, struct pxc_err *err)
{
	auto_free char *volid =
		sim_storage_file_based(want->storage)
			? pxc_printf("%s:%u/%s", want->storage->id, want->vmid, name)
			: pxc_printf("%s:%s", want->storage->id, name);

	if (want->storage->rbd)
		return rbd_create(want->storage, name, want->size_bytes, err) < 0
			       ? NULL
			       : rbd_look(sim, want->storage, name, err);
	if (!sim_volume_find(sim, volid, want->node))
		return note(sim, want, volid);
	(void)pxc_fail(err, PXC_ECONFLICT, "disk image '%s' already exists", volid);
	return NULL;
}

/* Of files the simulator has no bytes: what is copied from them reads as zeros. */
struct sim_volume *disk_copy(struct sim *sim, const struct sim_volume *from, const char *snap,
			     const struct disk_want *want, struct pxc_err *err)
{
	struct disk_want same = *want;
	auto_free char *name = NULL;

	same.size_bytes = from->size_bytes;
	if (!want->storage->rbd || !from->storage->rbd)
		return disk_create(sim, &same, err);
	name = new_image(want, err);
	if (!name || rbd_copy(from->storage, disk_image_name(from->volid), snap, want->storage,
			      name, err) < 0)
		return NULL;
	return rbd_look(sim, want->storage, name, err);
}

static struct sim_volume *clone_in_ceph(struct sim *sim, const struct sim_volume *from,
					const char *snap, const struct disk_want *want,
					struct pxc_err *err)
{
	auto_free char *name = new_image(want, err);

	if (!name || rbd_clone(from->storage, disk_image_name(from->volid),
			       snap ? snap : "__base__", name, err) < 0)
		return NULL;
	return rbd_look(sim, from->storage, name, err);
}

struct sim_volume *disk_clone(struct sim *sim, const struct sim_volume *from, const char *snap,
			      const struct disk_want *want, struct pxc_err *err)
{
	struct disk_want linked = *want;
	auto_free char *own = NULL, *volid = NULL;
	struct sim_volume *v;

	linked.storage = from->storage;
	linked.size_bytes = from->size_bytes;
	linked.format = "qcow2";
	if (from->storage->rbd)
		return clone_in_ceph(sim, from, snap, &linked, err);
	own = new_name(sim, &linked);
	volid = pxc_printf("%s/%s", from->volid, strchr(own, ':') + 1);
	v = note(sim, &linked, volid);
	v->parent = pxc_strdup(from->volid);
	return v;
}

/* The image has another name now; what stood for the old one goes. */
static struct sim_volume *renamed(struct sim *sim, const struct sim_volume *old, const char *name,
				  struct pxc_err *err)
{
	(void)rbd_look(sim, old->storage, old->volid, &(struct pxc_err){ 0 });
	return rbd_look(sim, old->storage, name, err);
}

/* All that a volume is, under another name. */
static struct sim_volume *rename_plain(struct sim *sim, struct sim_volume *old,
				       struct sim_node *node, const char *volid)
{
	struct sim_volume *v = sim_volume_add(sim, volid, old->storage, node);

	v->content = old->content;
	v->vmid = old->vmid;
	v->size_bytes = old->size_bytes;
	v->ctime_s = old->ctime_s;
	v->parent = pxc_strdup(old->parent);
	memcpy(v->format, old->format, sizeof(v->format));
	sim_volume_remove(sim, old);
	return v;
}

struct sim_volume *disk_hand_over(struct sim *sim, struct sim_volume *old, struct sim_node *node,
				  unsigned vmid, struct pxc_err *err)
{
	const struct disk_want want = { .storage = old->storage,
					.node = node,
					.vmid = vmid,
					.kind = "disk",
					.format = old->format };
	auto_free char *name = old->storage->rbd ? new_image(&want, err) : new_name(sim, &want);
	struct sim_volume *v;

	if (!name)
		return NULL;
	if (old->storage->rbd)
		return rbd_rename(old->storage, disk_image_name(old->volid), name, err) < 0
			       ? NULL
			       : renamed(sim, old, name, err);
	v = rename_plain(sim, old, node, name);
	v->vmid = vmid;
	return v;
}

struct sim_volume *disk_make_base(struct sim *sim, struct sim_volume *old, struct pxc_err *err)
{
	const char *own = disk_image_name(old->volid);
	auto_free char *image = NULL, *volid = NULL;

	if (!str_starts(own, "vm-"))
		return old;
	image = pxc_printf("base-%s", own + 3);
	if (old->storage->rbd)
		return rbd_make_base(old->storage, own, image, err) < 0
			       ? NULL
			       : renamed(sim, old, image, err);
	volid = pxc_printf("%.*s%s", (int)(own - old->volid), old->volid, image);
	return rename_plain(sim, old, old->node, volid);
}

int disk_resize(struct sim *sim, struct sim_volume *v, uint64_t size_bytes, struct pxc_err *err)
{
	if (!v->storage->rbd) {
		v->size_bytes = size_bytes;
		return 0;
	}
	if (rbd_resize(v->storage, disk_image_name(v->volid), size_bytes, err) < 0)
		return -1;
	return rbd_look(sim, v->storage, v->volid, err) ? 0 : -1;
}

static struct sim_storage *storage_of(const struct sim *sim, const char *volid)
{
	auto_free char *id = pxc_strndup(volid, strcspn(volid, ":"));

	return sim_storage_find(sim, id);
}

int disk_free(struct sim *sim, const char *volid, struct sim_node *node, struct pxc_err *err)
{
	struct sim_storage *s = storage_of(sim, volid);
	struct sim_volume *v = sim_volume_find(sim, volid, node);
	struct rbd_name name;

	if (v && disk_base_used(sim, v))
		return pxc_fail(err, PXC_EBUSY, "base volume '%s' is still in use by linked clones",
				strchr(v->volid, ':') + 1);
	if (!s || !s->rbd) {
		if (v)
			sim_volume_remove(sim, v);
		return 0;
	}
	if (rbd_parse(volid, &name, err) < 0 || rbd_remove(s, name.image, err) < 0)
		return -1;
	(void)rbd_look(sim, s, volid, &(struct pxc_err){ 0 });
	return 0;
}

int disk_snapshot(const struct sim_volume *v, const char *name, struct pxc_err *err)
{
	return v->storage->rbd ? rbd_snap(v->storage, disk_image_name(v->volid), name, err) : 0;
}

int disk_snapshot_remove(const struct sim_volume *v, const char *name, struct pxc_err *err)
{
	return v->storage->rbd ? rbd_snap_remove(v->storage, disk_image_name(v->volid), name, err)
			       : 0;
}

int disk_rollback(const struct sim_volume *v, const char *name, struct pxc_err *err)
{
	return v->storage->rbd ? rbd_rollback(v->storage, disk_image_name(v->volid), name, err) : 0;
}

struct sim_volume *disk_need(struct sim *sim, const char *volid, const struct sim_node *node,
			     struct pxc_err *err)
{
	struct sim_storage *s = storage_of(sim, volid);
	struct sim_volume *v;

	if (s && s->rbd)
		return rbd_look(sim, s, volid, err);
	v = sim_volume_find(sim, volid, node);
	if (!v)
		(void)pxc_fail(err, PXC_ENOTFOUND, "volume '%s' does not exist", volid);
	return v;
}

unsigned disk_owner(struct sim *sim, const char *volid, const struct sim_node *node)
{
	const struct sim_storage *s = storage_of(sim, volid);
	const struct sim_volume *v;
	struct rbd_name name;

	if (s && !strcmp(s->type, "rbd"))
		return rbd_parse(volid, &name, &(struct pxc_err){ 0 }) < 0 ? 0 : name.vmid;
	v = sim_volume_find(sim, volid, node);
	return v ? v->vmid : 0;
}

bool disk_base_used(struct sim *sim, const struct sim_volume *v)
{
	auto_free char *own = NULL;

	if (!strstr(v->volid, "base-"))
		return false;
	if (v->storage->rbd && rbd_sync(sim, v->storage, &(struct pxc_err){ 0 }) < 0)
		return false;
	own = v->storage->rbd ? pxc_printf("%s:%s", v->storage->id, disk_image_name(v->volid))
			      : pxc_strdup(v->volid);
	for (size_t i = 0; i < sim->volumes.count; i++) {
		const struct sim_volume *other = sim->volumes.entries[i].value;

		if (other->storage == v->storage && str_eq(other->parent, own))
			return true;
	}
	return false;
}
