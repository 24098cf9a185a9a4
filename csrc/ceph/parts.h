/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parts.h - what the files of pxc-ceph.so share; nobody else includes it. Layer: ceph. */
#pragma once

#include <rados/librados.h>
#include <rbd/librbd.h>

#include "base/buf.h"
#include "ceph/ceph.h"

#define CEPH_ORDER 22 /* objects of 4 MiB */
#define CEPH_ID_MAX 128

struct ceph {
	rados_t cluster;
	char fsid[37];
	uint32_t timeout_ms;
	uint64_t self; /* what Ceph calls this client: client.<self> */
};

struct ceph_pool {
	struct ceph *ceph;
	rados_ioctx_t io;
	char *name; /* "rbd" or "rbd/namespace", for sentences */
};

/*
 * A negative errno of librados or librbd as an error: "<what>: <why>". Always returns -1. The sentences of "full"
 * and of "no answer" name the pool.
 */
int ceph_fail(struct pxc_err *err, const struct ceph_pool *pool, int rc, const char *what, ...)
	printf_like(4, 5);

/* connect.c */
int ceph_connect(const struct ceph_options *options, struct ceph **ret, struct pxc_err *err);
void ceph_disconnect(struct ceph *ceph);
const char *ceph_fsid(const struct ceph *ceph);

/* pool.c */
int ceph_pool_open(struct ceph *ceph, const char *pool, const char *name_space,
		   struct ceph_pool **ret, struct pxc_err *err);
void ceph_pool_close(struct ceph_pool *pool);
int64_t ceph_pool_id(const struct ceph_pool *pool);
int ceph_pool_space(struct ceph_pool *pool, uint64_t *ret_used, uint64_t *ret_free,
		    struct pxc_err *err);

/*
 * open.c. The directory of the pool is the truth about names: a killed rename leaves an object of the old or the new
 * name behind that librbd would still open.
 */
int ceph_name_check(const char *image,
		    struct pxc_err *err); /* EINVAL: a new image cannot be called so */
/* A key of the directory: "name_<image>" gives its id, "id_<id>" its name. Returns 0 or -errno. */
int ceph_directory(struct ceph_pool *pool, const char *key, char *text, size_t size);
int ceph_id(struct ceph_pool *pool, const char *image, char id[CEPH_ID_MAX], struct pxc_err *err);
int ceph_open(struct ceph_pool *pool, const char *image, rbd_image_t *ret, struct pxc_err *err);
/* For reading: no watch is left on it, so that nobody sees it in use. snap NULL = as it is. */
int ceph_open_ro(struct ceph_pool *pool, const char *image, const char *snap, rbd_image_t *ret,
		 struct pxc_err *err);
void ceph_closep(rbd_image_t *image); /* *image NULL is fine */
#define auto_image on_scope_exit(ceph_closep)

/* image.c */
rbd_image_options_t ceph_image_options(void); /* of every image we make; the caller destroys it */
/* The id of an image just made, when it is wanted. */
int ceph_made(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
	      const char **ret_id, struct pxc_err *err);
int ceph_create(struct ceph_pool *pool, const char *image, uint64_t size_bytes,
		struct pxc_arena *arena, const char **ret_id, struct pxc_err *err);
int ceph_grow(struct ceph_pool *pool, const char *image, uint64_t size_bytes, struct pxc_err *err);
int ceph_write(struct ceph_pool *pool, const char *image, uint64_t offset, const void *data,
	       size_t len, struct pxc_err *err);
int ceph_read(struct ceph_pool *pool, const char *image, const char *snap, uint64_t offset,
	      void *data, size_t len, struct pxc_err *err);

/* remove.c */
int ceph_remove(struct ceph_pool *pool, const char *image, struct pxc_err *err);
