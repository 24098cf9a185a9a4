/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ceph.h - Ceph as the cloud needs it: images, snapshots, clones, their metadata, locks and small shared facts.
 *
 * librados and librbd are linked by pxc-ceph.so only, which lies beside the program and is loaded when a task
 * touches Ceph (ceph_load()); everything is reached through one table of functions.
 *
 * All functions block and may be called by several threads on one connection, each with an arena of its own. When the
 * cluster does not answer they end with ETIMEOUT within the connection's time limit, or within a few times that where
 * several requests were under way; what was asked for may be done all the same. Work that makes progress may take as long
 * as it takes. They return 0, or -1 with err:
 *   ENOTFOUND  no such pool, image, snapshot     ECONFLICT  exists already, or an expectation does not hold
 *   EBUSY      in use: watched, locked, has clones (all named)      EDENIED  key or capabilities
 *   EINVAL     a name Ceph does not take         EREMOTE    full, or Ceph's own words
 * Sizes are bytes. Results live in the caller's arena. Facts: Ceph 16 to 19. Layer: ceph.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#define CEPH_ABI 4

struct ceph;      /* a connection to one cluster */
struct ceph_pool; /* one pool, or one RBD namespace in it */
struct ceph_lock; /* a lock that is held, and renewed by a thread of its own */
struct ceph_hold; /* an image that is kept open */

struct ceph_options {
	const char *conf;     /* ceph.conf; NULL = where Ceph itself looks */
	const char *mon_host; /* "10.0.0.1;10.0.0.2" or as in ceph.conf; NULL = as conf says */
	const char *user;     /* without "client."; NULL = admin */
	const char *keyring;  /* file; NULL = as conf says */
	uint32_t
		timeout_ms; /* no answer from monitors or OSDs for so long is a failure; 0 = 15 s */
};

struct ceph_pair {
	const char *key, *value;
};

struct ceph_snap {
	uint64_t id;
	const char *name; /* in the trash: the name it had */
	uint64_t size_bytes;
	bool is_protected;
	bool in_trash; /* removed while clones hang on it (clone format 2): not the user's any more */
};

struct ceph_image {
	const char *name, *id;
	uint64_t size_bytes;
	const struct ceph_pair *meta; /* sorted by key */
	size_t nmeta;
	const struct ceph_snap *snaps; /* by id */
	size_t nsnaps;
	int64_t parent_pool;   /* id of the parent's pool; -1 = no parent */
	const char *parent_id; /* image id; NULL = no parent */
	uint64_t parent_snap;
	/* Made or removed in part, or damaged: why, and then only name and id hold. NULL = all of the above holds. */
	const char *problem;
	bool in_removal; /* that is why: its removal was begun, and has not ended */
};

/* What metadata is to become, all of it in one atomic operation. */
struct ceph_meta_change {
	const char *expect_key,
		*expect_value; /* only when this holds; value "" = absent; key NULL = always */
	const struct ceph_pair *set;
	size_t nset;
	const char *const
		*remove; /* NULL-terminated, or NULL; keys that are not there are no failure */
};

/* done of total bytes (total 0 = not known); return nonzero to give up (err EINVAL "cancelled"). */
typedef int ceph_progress(void *context, uint64_t done, uint64_t total);

struct ceph_file {
	const char *name; /* of a file in the root of the volume */
	const void *data;
	size_t len;
};

struct ceph_import {
	const char *
		image; /* the image to fill: exists, empty; it is grown to the size that is needed */
	const char *source; /* path, or file:, http:, https: URL */
	/* "sha256:<hex>" or "sha512:<hex>" of the source's bytes; NULL = not checked; "none" = not even computed (for figures) */
	const char *checksum;
	const char *ca_path; /* PEM for https, file or folder; NULL = the system's */
	uint64_t max_bytes;  /* a larger virtual size is refused; 0 = 8 TiB */
	const char *max_why; /* ends the sentence that refuses it; NULL = max_size says how large */
	uint64_t min_bytes;  /* the image becomes at least so large */
	const char *
		work_dir; /* for sources that need random access (qcow2, vmdk over HTTP); NULL = TMPDIR, /var/tmp */
	uint32_t stall_ms; /* a source that sends nothing for so long is tried again; 0 = 30 s */
	unsigned tries;    /* attempts without any progress; 0 = 5 */
	unsigned depth;    /* writes in flight; 0 = 16 */
	ceph_progress *progress;
	void *progress_context;
};

struct ceph_imported {
	uint64_t size_bytes;    /* virtual size */
	uint64_t written_bytes; /* without the zeros that were left out; 0 = not known (qemu-img) */
	uint64_t source_bytes;  /* read from the source */
	char checksum
		[8 + 128 +
		 1]; /* "sha256:<hex>": of the source's bytes, in the algorithm asked for, else sha256 */
	char format[16]; /* raw, qcow2, vmdk, raw+gzip, raw+xz, raw+zstd */
};

struct ceph_ops {
	unsigned abi; /* CEPH_ABI */

	/* connect.c. The connection's words never go to stderr. err ETIMEOUT, EDENIED, EINVAL (conf, keyring). */
	int (*connect)(const struct ceph_options *options, struct ceph **ret, struct pxc_err *err);
	void (*disconnect)(struct ceph *ceph); /* NULL is fine; pools and locks first */
	const char *(*fsid)(const struct ceph *ceph);
	/* name_space NULL or "" = the default one. err ENOTFOUND names the pool. */
	int (*pool_open)(struct ceph *ceph, const char *pool, const char *name_space,
			 struct ceph_pool **ret, struct pxc_err *err);
	void (*pool_close)(struct ceph_pool *pool);
	int64_t (*pool_id)(const struct ceph_pool *pool);
	int (*pool_space)(struct ceph_pool *pool, uint64_t *ret_used, uint64_t *ret_free,
			  struct pxc_err *err);

	/* list.c. Images whose name begins with one of prefixes (NULL-terminated; NULL = all), sorted by name. */
	int (*list)(struct ceph_pool *pool, const char *const *prefixes, struct pxc_arena *arena,
		    struct ceph_image **ret, size_t *ret_n, struct pxc_err *err);
	int (*look)(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
		    struct ceph_image *ret, struct pxc_err *err); /* one of them, by name */
	/* Clones of any snapshot of image: "pool/name", "pool/namespace/name"; NULL-terminated. */
	int (*children)(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
			const char *const **ret, struct pxc_err *err);
	/* Addresses of clients that have it open (a running VM, another import); NULL-terminated. */
	int (*watchers)(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
			const char *const **ret, struct pxc_err *err);

	/* image.c. ret_id may be NULL, else the new image's id (in the arena). */
	int (*create)(struct ceph_pool *pool, const char *image, uint64_t size_bytes,
		      struct pxc_arena *arena, const char **ret_id, struct pxc_err *err);
	/* Clone format 2: the snapshot need not be protected. The clone begins with a copy of the parent's metadata. */
	int (*clone)(struct ceph_pool *from, const char *parent, const char *snap,
		     struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
		     const char **ret_id, struct pxc_err *err);
	/* An independent copy of what image (at snap, or as it is: NULL) holds, zeros left out; without metadata, snapshots, parent. */
	int (*copy)(struct ceph_pool *from, const char *image, const char *snap,
		    struct ceph_pool *pool, const char *name, struct pxc_arena *arena,
		    const char **ret_id, ceph_progress *progress, void *context,
		    struct pxc_err *err);
	/*
	 * ENOTFOUND when it is gone. EBUSY at once when watched, when it has snapshots or clones; all are named. A
	 * removal or creation that was killed is finished.
	 */
	int (*remove)(struct ceph_pool *pool, const char *image, struct pxc_err *err);
	/* A name left behind by a killed rename, creation or removal is cleared away, after two seconds. ECONFLICT: taken. */
	int (*rename)(struct ceph_pool *pool, const char *from, const char *to,
		      struct pxc_err *err);
	int (*grow)(struct ceph_pool *pool, const char *image, uint64_t size_bytes,
		    struct pxc_err *err); /* EINVAL: smaller than it is */
	int (*flatten)(struct ceph_pool *pool, const char *image, ceph_progress *progress,
		       void *context, struct pxc_err *err); /* no parent: nothing to do, 0 */
	int (*write)(struct ceph_pool *pool, const char *image, uint64_t offset, const void *data,
		     size_t len, struct pxc_err *err);
	int (*read)(struct ceph_pool *pool, const char *image, const char *snap, uint64_t offset,
		    void *data, size_t len, struct pxc_err *err); /* snap NULL = as it is */

	/* snap.c */
	int (*snap_create)(struct ceph_pool *pool, const char *image, const char *snap,
			   struct pxc_err *err);
	/* With clones (format 2) it goes to the trash namespace and they live on. */
	int (*snap_remove)(struct ceph_pool *pool, const char *image, const char *snap,
			   struct pxc_err *err);
	int (*snap_rollback)(struct ceph_pool *pool, const char *image, const char *snap,
			     struct pxc_err *err);

	/* meta.c. image-meta of the image with this id, by one atomic write. ECONFLICT: the expectation does not hold. */
	int (*meta)(struct ceph_pool *pool, const char *image_id,
		    const struct ceph_meta_change *change, struct pxc_err *err);

	/*
	 * lock.c. Exclusive, on RADOS object "pxc.lock.<name>", for lease_s seconds and renewed at a third of that, so
	 * that the lock of a dead client ends by itself; that of a dead process of this host is broken at once.
	 * owner is for people: "alice". Waits up to wait_ms. err EBUSY names owner, host and process.
	 */
	int (*lock)(struct ceph_pool *pool, const char *name, const char *owner, unsigned lease_s,
		    uint32_t wait_ms, struct ceph_lock **ret, struct pxc_err *err);
	bool (*lock_held)(const struct ceph_lock
				  *lock); /* false: a renewal failed, it may be somebody else's */
	void (*unlock)(struct ceph_lock *lock); /* NULL is fine */

	/* state.c. Small shared facts: keys of one RADOS object. */
	int (*state_list)(struct ceph_pool *pool, const char *object, const char *prefix,
			  struct pxc_arena *arena, struct ceph_pair **ret, size_t *ret_n,
			  struct pxc_err *err); /* no such object: none */
	/* expect NULL = must be absent; value NULL = remove. ECONFLICT: it is something else (now in *ret_have, "" = absent; ret_have may be NULL). */
	int (*state_swap)(struct ceph_pool *pool, const char *object, const char *key,
			  const char *expect, const char *value, struct pxc_arena *arena,
			  const char **ret_have, struct pxc_err *err);

	/* import.c */
	int (*import)(struct ceph_pool *pool, const struct ceph_import *job,
		      struct ceph_imported *ret, struct pxc_err *err);
	/* iso.c: an ISO 9660 volume (Rock Ridge, Joliet); *ret is the caller's to free. */
	int (*iso)(const char *label, const struct ceph_file *files, size_t nfiles, void **ret,
		   size_t *ret_len, struct pxc_err *err);

	/* hold.c: what a hypervisor does. The image stays open for reading and writing, and so watched, until released. */
	int (*hold)(struct ceph_pool *pool, const char *image, struct ceph_hold **ret,
		    struct pxc_err *err);
	void (*release)(struct ceph_hold *hold); /* NULL is fine; before its pool is closed */
	/* As clones of format 1 need it. It is protected already: nothing to do, 0. */
	int (*snap_protect)(struct ceph_pool *pool, const char *image, const char *snap,
			    struct pxc_err *err);
	/* What it is a clone of, in whatever pool, by name: "image@snap". NULL = no clone. */
	int (*origin)(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
		      const char **ret, struct pxc_err *err);
	/* Bytes that are allocated to it, its parent's and its snapshots' aside. */
	int (*used)(struct ceph_pool *pool, const char *image, uint64_t *ret, struct pxc_err *err);
	/*
	 * copy_whole.c. As copy() of an image as it is, but with its snapshots, which keep their names and sizes, and with its
	 * metadata. What it was a clone of is copied into it. What a failure leaves is removed, as far as Ceph still answers.
	 */
	int (*copy_whole)(struct ceph_pool *from, const char *image, struct ceph_pool *pool,
			  const char *name, struct pxc_arena *arena, const char **ret_id,
			  struct pxc_err *err);
	/* As remove(), with its snapshots; those that clones of format 1 hang on are EBUSY. */
	int (*remove_whole)(struct ceph_pool *pool, const char *image, struct pxc_err *err);

	/*
	 * log.c. A RADOS object that only grows. Each append is one atomic write behind what is there; the first makes it.
	 * ECONFLICT: it would be larger than Ceph lets an object be (osd_max_object_size, 128 MiB), so it stays as it is.
	 */
	int (*append)(struct ceph_pool *pool, const char *object, const void *data, size_t len,
		      struct pxc_err *err);
	/* No such object: 0 bytes. */
	int (*object_size)(struct ceph_pool *pool, const char *object, uint64_t *ret,
			   struct pxc_err *err);
	/* Exactly len bytes of what object_size() counts. ENOTFOUND: there are not so many. */
	int (*object_read)(struct ceph_pool *pool, const char *object, uint64_t offset, void *data,
			   size_t len, struct pxc_err *err);
};

/*
 * The table, loaded at the first call: from pxc-ceph.so beside the running program, in folder PXC_CEPH_DIR of the
 * environment, or where the loader looks. err ENOTFOUND: one sentence that says what to install.
 */
must_check int ceph_load(const struct ceph_ops **ret, struct pxc_err *err);

/* What pxc-ceph.so exports. */
#define CEPH_TABLE_SYMBOL "pxc_ceph_table"
