/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rbd_parts.h - what the files modules/rbd*.c share; nobody else includes it. Layer: modules. */
#pragma once

#include "modules/rbd.h"

/* rbd_temp.c: names of what is being made tell when, where and by which process it was begun. */
#define RBD_TEMP_SIZE (sizeof(RBD_TEMP_PREFIX) + 32)
void rbd_temp_name(const struct pxc_env *env, char out[RBD_TEMP_SIZE]);
/* Its process ran here and is gone. false: it lives, or that cannot be known from here. */
bool rbd_temp_dead(const char *name);

struct rbd_target {
	const struct pxc_env *env;
	const struct rbd_store *store;
	const struct ceph_ops *ops;
	struct ceph_pool *pool;
	const char *name; /* of the image in question; NULL = not named */
};

must_check int rbd_work_begin(void *context, const json_t *args, struct rbd_target *ret,
			      struct pxc_err *err);

/*
 * Write a block into image-meta, in one operation.
 * drop       keys (with their prefix) that are removed unless the block has them
 * revision   key r as it must be now, "" = absent; NULL = whatever it is
 */
must_check int rbd_write_block(const struct rbd_target *t, const char *image_id,
			       const json_t *block, const json_t *drop, const char *revision,
			       struct pxc_err *err);
