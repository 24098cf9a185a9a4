/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parts.h - what the files of pxc-ceph.so share; nobody else includes it. Layer: ceph. */
#pragma once

#include <rados/librados.h>
#include <rbd/librbd.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "ceph/ceph.h"

#define CEPH_ORDER 22 /* objects of 4 MiB */
#define CEPH_ID_MAX 128

/*
 * Ceph keeps its last words in memory in case of a crash; nobody would read them, and they cost a tenth of the time: keys
 * that are set to 0/0. NULL-terminated. In connect.c.
 */
extern const char *const ceph_words[];

struct ceph {
	rados_t cluster;
	char fsid[37];
	char *user; /* "admin" */
	uint32_t timeout_ms;
	uint64_t self;         /* what Ceph calls this client: client.<self> */
	atomic_bool is_wedged; /* something in it did not end (close.c): it is left as it is */
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

/* clone.c */
int ceph_clone(struct ceph_pool *from, const char *parent, const char *snap, struct ceph_pool *pool,
	       const char *image, struct pxc_arena *arena, const char **ret_id,
	       struct pxc_err *err);
int ceph_flatten(struct ceph_pool *pool, const char *image, ceph_progress *progress, void *context,
		 struct pxc_err *err);

/* copy.c */
int ceph_copy(struct ceph_pool *from, const char *image, const char *snap, struct ceph_pool *pool,
	      const char *name, struct pxc_arena *arena, const char **ret_id,
	      ceph_progress *progress, void *context, struct pxc_err *err);

/* copy_whole.c */
int ceph_copy_whole(struct ceph_pool *from, const char *image, struct ceph_pool *pool,
		    const char *name, struct pxc_arena *arena, const char **ret_id,
		    struct pxc_err *err);
int ceph_remove_whole(struct ceph_pool *pool, const char *image, struct pxc_err *err);

/* rename.c, remove.c */
int ceph_rename(struct ceph_pool *pool, const char *from, const char *to, struct pxc_err *err);
int ceph_remove(struct ceph_pool *pool, const char *image, struct pxc_err *err);

/* leftover.c. After EEXIST: 0 when the name is free now, EEXIST when an image has it, or -errno. */
int ceph_clear_leftover(struct ceph_pool *pool, const char *image);
/* Remove an object, but only while this is what it holds; 0 when it is gone, or another one's. */
int ceph_drop_object(struct ceph_pool *pool, const char *oid, const char *content, size_t len);

/* snap.c */
int ceph_snap_create(struct ceph_pool *pool, const char *image, const char *snap,
		     struct pxc_err *err);
int ceph_snap_remove(struct ceph_pool *pool, const char *image, const char *snap,
		     struct pxc_err *err);
int ceph_snap_rollback(struct ceph_pool *pool, const char *image, const char *snap,
		       struct pxc_err *err);

/* list.c */
int ceph_list(struct ceph_pool *pool, const char *const *prefixes, struct pxc_arena *arena,
	      struct ceph_image **ret, size_t *ret_n, struct pxc_err *err);
int ceph_look(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
	      struct ceph_image *ret, struct pxc_err *err);

/* users.c */
int ceph_children(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
		  const char *const **ret, struct pxc_err *err);
int ceph_watchers(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
		  const char *const **ret, struct pxc_err *err);
const char *ceph_join(const char *const *names, struct pxc_buf *buf); /* "a, b"; borrows from buf */

/* meta.c */
int ceph_meta(struct ceph_pool *pool, const char *image_id, const struct ceph_meta_change *change,
	      struct pxc_err *err);

/* hold.c */
int ceph_hold(struct ceph_pool *pool, const char *image, struct ceph_hold **ret,
	      struct pxc_err *err);
void ceph_release(struct ceph_hold *hold);
int ceph_snap_protect(struct ceph_pool *pool, const char *image, const char *snap,
		      struct pxc_err *err);
int ceph_origin(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
		const char **ret, struct pxc_err *err);
int ceph_used(struct ceph_pool *pool, const char *image, uint64_t *ret, struct pxc_err *err);

/* lock.c */
int ceph_lock(struct ceph_pool *pool, const char *name, const char *owner, unsigned lease_s,
	      uint32_t wait_ms, struct ceph_lock **ret, struct pxc_err *err);
bool ceph_lock_held(const struct ceph_lock *lock);
void ceph_unlock(struct ceph_lock *lock);

/* state.c */
int ceph_state_list(struct ceph_pool *pool, const char *object, const char *prefix,
		    struct pxc_arena *arena, struct ceph_pair **ret, size_t *ret_n,
		    struct pxc_err *err);
int ceph_state_swap(struct ceph_pool *pool, const char *object, const char *key, const char *expect,
		    const char *value, struct pxc_arena *arena, const char **ret_have,
		    struct pxc_err *err);

/* log.c */
int ceph_append(struct ceph_pool *pool, const char *object, const void *data, size_t len,
		struct pxc_err *err);
int ceph_object_size(struct ceph_pool *pool, const char *object, uint64_t *ret,
		     struct pxc_err *err);
int ceph_object_read(struct ceph_pool *pool, const char *object, uint64_t offset, void *data,
		     size_t len, struct pxc_err *err);
