/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disk.h - disks of guests come, change and go, whatever the storage: by name and size, or as images in a Ceph.
 *
 * Functions fail with err in PVE's words, for the end of a task or a reason phrase. Layer: sim.
 */
#pragma once

#include "sim/core.h"

/* Of "ceph:base-9-disk-0/vm-100-disk-0" what stands last. Borrowed. */
const char *disk_image_name(const char *volid);

/* What is to be made: "<storage>:vm-<vmid>-<kind>", for the kind "disk" with the next free number. */
struct disk_want {
	struct sim_storage *storage;
	struct sim_node *node;
	unsigned vmid;
	const char *kind;   /* "disk", "cloudinit", "state-<snapshot>" */
	const char *format; /* NULL = raw; storages that are not of files know no other */
	uint64_t size_bytes;
};

struct sim_volume *disk_create(struct sim *sim, const struct disk_want *want, struct pxc_err *err);
/* The same by name, as in "<storage>:<name>". */
struct sim_volume *disk_create_named(struct sim *sim, const struct disk_want *want,
				     const char *name, struct pxc_err *err);
/* A copy that needs the source no more. snap NULL = as it is now. */
struct sim_volume *disk_copy(struct sim *sim, const struct sim_volume *from, const char *snap,
			     const struct disk_want *want, struct pxc_err *err);
/* One that refers to the source: a base image, or with snap any that has this snapshot. */
struct sim_volume *disk_clone(struct sim *sim, const struct sim_volume *from, const char *snap,
			      const struct disk_want *want, struct pxc_err *err);
/* The volume takes a name of its new owner. The old one is gone, also for those who hold a pointer. */
struct sim_volume *disk_hand_over(struct sim *sim, struct sim_volume *old, struct sim_node *node,
				  unsigned vmid, struct pxc_err *err);
/* vm-100-disk-0 becomes base-100-disk-0, which clones can refer to; a volume that is one stays as it is. */
struct sim_volume *disk_make_base(struct sim *sim, struct sim_volume *old, struct pxc_err *err);
int disk_resize(struct sim *sim, struct sim_volume *v, uint64_t size_bytes, struct pxc_err *err);
/* Gone for good; not there: an error in Ceph, fine elsewhere. err EBUSY: linked clones need it, or it is open. */
int disk_free(struct sim *sim, const char *volid, struct sim_node *node, struct pxc_err *err);

int disk_snapshot(const struct sim_volume *v, const char *name, struct pxc_err *err);
int disk_snapshot_remove(const struct sim_volume *v, const char *name, struct pxc_err *err);
int disk_rollback(const struct sim_volume *v, const char *name, struct pxc_err *err);

/* Is there this volume? NULL with err as PVE says it of such a storage. */
struct sim_volume *disk_need(struct sim *sim, const char *volid, const struct sim_node *node,
			     struct pxc_err *err);
/* Whose is it? By its name where that says it, else as it is known; 0 = nobody's. */
unsigned disk_owner(struct sim *sim, const char *volid, const struct sim_node *node);
/* Do linked clones refer to it? */
bool disk_base_used(struct sim *sim, const struct sim_volume *v);
