/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image_parts.h - what the files of cloud/image_*.c share; nobody else includes it. Layer: cloud. */
#pragma once

#include "cloud/image.h"

/* One image of the task while it is planned. */
struct image_case {
	const struct image_batch *batch;
	const struct image_spec *spec;
	const struct image_world *iw;
	const struct rbd_pool *pool;
	const struct rbd_seen *have; /* this version; NULL = not there */
	const char *cluster;         /* key c of blocks */
	const char *rbd_name;        /* of a new one */
	int64_t room_gib; /* how large an import may become by its project's quota; -1 = as large as it likes */
	struct pxc_plan *plan;
	const struct image_case *all; /* those of the task, this one among them */
	size_t nall;
	struct pxc_arena *arena;
};

/* Are two of the task about versions of one image? */
bool image_same_name(const struct image_case *a, const struct image_case *b);

/* Is it another project's, or the cloud's, for who is no admin? Then it is not there for him. */
bool image_foreign(const struct image_case *c, const struct rbd_seen *image);
bool image_is_ready(const struct rbd_seen *s);
long image_rank(const struct rbd_seen *s); /* 0 = has none */

/* image_block.c: the block as it should be, without id; new reference */
json_t *image_block(const struct image_case *c);

/* image_remove.c: versions that go */
/* One RBD image with its snapshots. */
void image_add_remove(struct pxc_plan *plan, const struct rbd_pool *pool, const struct rbd_seen *s,
		      enum pxc_impact impact, const char *what);
must_check int image_remove(struct image_case *c, const struct rbd_seen *version,
			    struct pxc_err *err);
/* Versions over keep, beside those of the task. */
must_check int image_keep(struct image_case *c, struct pxc_err *err);
/* What killed runs have left of this image. */
void image_sweep(struct image_case *c);
/* What processes of this host that are gone have left unfinished; only beside other work, which they are then part of. */
void image_collect(const struct image_batch *batch, const struct image_world *iw,
		   struct pxc_plans *ret);
/* What killed runs have left at all, in one pool, but for images of the batch. */
void image_gc(const struct image_batch *batch, const struct image_world *iw,
	      const struct rbd_pool *pool, const char *cluster, struct pxc_plans *ret);

/* image_pve.c: an image that is a file of PVE; plan is there, pool is not */
must_check int image_pve_plan(struct image_case *c, struct pxc_err *err);

/* image_template.c: the template VM of a version */
must_check int image_template_steps(struct image_case *c, struct pxc_err *err);
/* The template of a version goes before it does; err EINVAL: VMs are linked to it. */
must_check int image_template_remove(struct image_case *c, const struct rbd_seen *version,
				     struct pxc_err *err);
unsigned image_template_vmid(const struct image_case *c); /* 0 = has none */
/* Are VMs linked to the template of a version? Names one of them; NULL: none. */
const char *image_template_links(const struct image_case *c, const struct rbd_seen *version);
/* Is this clone ("pool/base-9000-disk-0") the disk of a template of ours? */
bool image_is_projection(const struct image_case *c, const char *child);
