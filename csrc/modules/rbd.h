/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rbd.h - from storages of type rbd, as PVE's configuration names them, to pools of Ceph and what lies in them.
 *
 * Nothing of Ceph is loaded or connected before the first call. Connections live as long as the run. Layer: modules.
 */
#pragma once

#include "ceph/ceph.h"
#include "cloud/rbd.h"
#include "modules/kind.h"

/* One storage, reached. */
struct rbd_store {
	struct rbd_store *next;
	const char *storage, *pool, *name_space, *cluster; /* cluster: its fsid */
	const struct ceph_ops *ops;
	struct ceph_pool *handle;
};

/*
 * Reach these storages (NULL-terminated, any order, doubles are fine). (api: GET /storage, which gives the configuration
 * of storages the user may see: Datastore.Audit on /storage/{storage})
 * err EINVAL: no such storage, or not of type rbd; else Ceph's, with the storage in front
 */
must_check int rbd_reach(struct pxc_env *env, const char *const *storages, struct pxc_err *err);

/* A storage that was reached; err EBUG when it was not. May be called from any thread while nothing is being reached. */
must_check int rbd_store_get(const struct pxc_env *env, const char *storage,
			     const struct rbd_store **ret, struct pxc_err *err);

/*
 * What lies in these storages (they are reached first).
 * prefixes   of the RBD names that matter; NULL = all
 */
must_check int rbd_observe(struct pxc_env *env, const char *const *storages,
			   const char *const *prefixes, struct rbd_world **ret,
			   struct pxc_err *err);

/* Fill children and watchers of one image of what rbd_observe() gave. */
must_check int rbd_read_users(struct pxc_env *env, const struct rbd_pool *pool,
			      struct rbd_seen *seen, struct pxc_err *err);
