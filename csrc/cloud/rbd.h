/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rbd.h - RBD images as the cloud sees them: what lies in a pool, and the block in its image-meta. Pure. Layer: cloud.
 *
 * The block of an RBD image stands in its image-meta, each pair under "pxc.<key>", values as they are (the carrier
 * divides them), the seal under "pxc.s". Its id is "rbd.<pool id>.<image id>": a clone begins with a copy of its
 * parent's image-meta, which so names another image and counts for nothing.
 *
 *   t=image   name, version, rank, state, checksum, format, source, visibility, project, projects, protected,
 *             deprecated, description, p.<property>
 *   t=volume  name, project, serial, source, class, description, protected, m.<key>, rolled (snapshot/when/run of the last
 *             rollback), replaces and was (id of the block and storage/name of the image that it was moved from, until that is gone)
 *   t=disk    vm=vm.<vmid>.<uuid8>, project, stack, name, image, op         (disk of a VM, made by us)
 *   t=seed    vm=..., project, sum                                           (its NoCloud seed)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "annot/annot.h"
#include "base/arena.h"
#include "base/json.h"

#define RBD_IMAGE_PREFIX "pxc-img-" /* images: pxc-img-<name>[.n] */
#define RBD_TEMP_PREFIX                                                                            \
	"pxc-tmp-" /* not finished: pxc-tmp-<32 hex: begun when (seconds since 1970), where, by which process, noise> */
#define RBD_META_PREFIX "pxc."       /* of our keys in image-meta */
#define RBD_STATE_OBJECT "pxc.state" /* its omap: attachments and other small facts */

struct rbd_pair {
	const char *key, *value;
};

struct rbd_snap {
	uint64_t id, size_bytes;
	const char *name;
	bool is_protected;
	bool in_trash; /* removed, but clones hang on it */
	bool left;     /* unfinished work of a process that is gone */
};

/* One RBD image. */
struct rbd_seen {
	const char *name, *id;
	uint64_t size_bytes;
	/* NONE: no block, or one that was inherited from a parent. OK and TAMPERED: block is filled. */
	enum annot_finding finding;
	struct annot block; /* released with the run */
	const struct rbd_snap *snaps;
	size_t nsnaps;
	int64_t parent_pool; /* -1 = none */
	const char *parent_id;
	uint64_t parent_snap;
	/* A guest that the API user may not see has the number of the VM in its block, or in its reservation. */
	bool hidden;
	bool left;           /* unfinished, and the process that made it is gone */
	const char *problem; /* cannot be read: why */
	bool in_removal;     /* its removal was begun: whoever has the lock may end it */
	/* A volume that was moved: the whole new one, which holds. This one only waits to be removed. NULL = it holds itself. */
	const struct rbd_seen *replaced_by;
	/* Only of images that a plan may remove; NULL = not asked. NULL-terminated. */
	const char *const *children; /* "pool/name" */
	const char *const *watchers; /* addresses */
};

/* The pool behind one storage of PVE. */
struct rbd_pool {
	const char *storage, *pool, *name_space; /* name_space "" = none */
	const char *cluster;                     /* fsid of its Ceph; NULL = not known */
	int64_t id;
	struct rbd_seen *images; /* sorted by name */
	size_t nimages;
	const struct rbd_pair *state; /* of RBD_STATE_OBJECT, sorted by key */
	size_t nstate;
};

struct rbd_world {
	const struct rbd_pool *pools;
	size_t npools;
};

/* Read the block out of image-meta (pairs with "pxc." taken off, sorted or not) of the image with this id. */
void rbd_block_read(const struct rbd_pair *meta, size_t nmeta, int64_t pool_id,
		    const char *image_id, enum annot_finding *ret, struct annot *ret_block);

/*
 * The pairs of image-meta for a block: {"pxc.key": "value", ..., "pxc.s": seal}, with id set to this image.
 * block: object of texts without id and seal. New reference.
 */
json_t *rbd_block_meta(const json_t *block, int64_t pool_id, const char *image_id);

const struct rbd_pool *rbd_pool_find(const struct rbd_world *w,
				     const char *storage); /* NULL: not read */
/* Two storages may lie in one pool. */
bool rbd_same_pool(const struct rbd_pool *a, const struct rbd_pool *b);
/* Fill replaced_by of all images, once all pools were read. */
void rbd_find_replaced(const struct rbd_world *w);
const struct rbd_seen *rbd_find(const struct rbd_pool *p, const char *name);
const struct rbd_seen *rbd_by_id(const struct rbd_world *w, int64_t pool_id, const char *image_id);
const char *rbd_state(const struct rbd_pool *p, const char *key); /* NULL: absent */
/* The value of key in a block that counts (OK), else NULL. */
const char *rbd_get(const struct rbd_seen *s, const char *key);
/* Is it an intact block of that kind? */
bool rbd_is(const struct rbd_seen *s, const char *kind);
/* Clones hang on a snapshot of an image: for how long is the chain above it? 0 = no parent. Cut at 16. */
unsigned rbd_depth(const struct rbd_world *w, const struct rbd_seen *s);
/* A block as an object of texts, without id, r, at, by and op; new reference. */
json_t *rbd_block_json(const struct annot *block);
/* Keys of image-meta ("pxc.p.x") that the block there has and the wanted one has not; new reference. */
json_t *rbd_block_dropped(const struct rbd_seen *have, const json_t *want);
/* Does the block there say all that the wanted one does (r, at, by aside)? */
bool rbd_block_same(const struct rbd_seen *have, const json_t *want);
