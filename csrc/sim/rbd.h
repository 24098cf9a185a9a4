/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rbd.h - storages of type rbd whose images are in a real Ceph: what PVE's plugin does with the rbd program, by librbd.
 *
 * Nothing is remembered: each question is asked of Ceph again, so that what others did to the pool is seen at once.
 * Errors are in PVE's words: "rbd create 'vm-100-disk-0' error: rbd: create error: (17) File exists". Layer: sim.
 */
#pragma once

#include "ceph/ceph.h"
#include "sim/core.h"

/* ---- rbd_link.c: the connection; made when it is needed, and again when the storage's definition changed ---- */

/* Serve the storage from Ceph if there is one for it; also after a change of its definition. */
void rbd_bind(struct sim *sim, struct sim_storage *s);
void rbd_unbind(struct sim *sim, struct sim_storage *s);
const struct ceph_ops *rbd_ops(const struct sim_storage *s);
/* The pool for PVE's own commands; NULL with err "rbd: couldn't connect to the cluster!" or the like. */
struct ceph_pool *rbd_pool(struct sim_storage *s, struct pxc_err *err);
/* The pool as the guests' processes see it: another client of Ceph. */
struct ceph_pool *rbd_vm_pool(struct sim_storage *s, struct pxc_err *err);
/* Close an image that rbd_vm_pool() was used to open. */
void rbd_release(struct sim_storage *s, struct ceph_hold *hold);
/* "(2) No such file or directory": the errno of the rbd program that an error of our Ceph layer stands for. */
const char *rbd_errno_words(const struct pxc_err *e);
/* Bytes of the pool; asked once in a request. false: it cannot be reached. */
bool rbd_space(const struct sim *sim, struct sim_storage *s, uint64_t *ret_total,
	       uint64_t *ret_used);

/* ---- rbd_view.c: the pool as PVE sees it ---- */

struct rbd_name {
	const char *image; /* "vm-100-disk-0" */
	unsigned vmid;
	bool is_base;
};

/* Read a volume id's second half: "vm-100-disk-0", "base-9-disk-0/vm-100-disk-0". err "unable to parse rbd volume name '...'" */
int rbd_parse(const char *volid, struct rbd_name *ret, struct pxc_err *err);
/* All images of guests become volumes of the simulator, and those that are no more vanish. */
int rbd_sync(struct sim *sim, struct sim_storage *s, struct pxc_err *err);
/* One image, by a volume id or its own name. NULL with err: "rbd error: rbd: error opening image ..." */
struct sim_volume *rbd_look(struct sim *sim, struct sim_storage *s, const char *volid,
			    struct pxc_err *err);
/* "vm-100-disk-2": the lowest number that no image of the guest has. Caller frees; NULL with err. */
char *rbd_free_name(struct sim_storage *s, unsigned vmid, struct pxc_err *err);
/* Volumes that vanished while somebody may have held a pointer to them. */
void rbd_bury(struct sim *sim);

/* ---- rbd.c: what changes images; by their names in the pool ---- */

int rbd_create(struct sim_storage *s, const char *image, uint64_t size_bytes, struct pxc_err *err);
/* Snapshots first; EBUSY: watched, or clones hang on it. */
int rbd_remove(struct sim_storage *s, const char *image, struct pxc_err *err);
int rbd_clone(struct sim_storage *s, const char *parent, const char *snap, const char *image,
	      struct pxc_err *err);
/* Fill a new image with what another holds. snap NULL = as it is now. */
int rbd_copy(struct sim_storage *from, const char *image, const char *snap, struct sim_storage *to,
	     const char *name, struct pxc_err *err);
int rbd_rename(struct sim_storage *s, const char *image, const char *name, struct pxc_err *err);
/* "vm-100-disk-0" becomes "base-100-disk-0" with the protected snapshot "__base__". */
int rbd_make_base(struct sim_storage *s, const char *image, const char *name, struct pxc_err *err);
int rbd_resize(struct sim_storage *s, const char *image, uint64_t size_bytes, struct pxc_err *err);
int rbd_snap(struct sim_storage *s, const char *image, const char *snap, struct pxc_err *err);
int rbd_snap_remove(struct sim_storage *s, const char *image, const char *snap,
		    struct pxc_err *err);
int rbd_rollback(struct sim_storage *s, const char *image, const char *snap, struct pxc_err *err);

/* ---- rbd_hold.c: a running guest keeps its images open ---- */

/* Open what its drives name and is not open, close what they name no more; all, when it is off. */
int rbd_hold(struct sim_guest *g, struct pxc_err *err);
void rbd_let_go(struct sim_guest *g, const char *volid); /* of this one; NULL = of all */
void rbd_let_go_storage(struct sim *sim, const struct sim_storage *s);
