/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * image.h - images on RBD: what is wanted, what is there, what has to happen. Pure half of the kind; the half that
 * talks to Ceph is modules/rbd_image.c. Layer: cloud.
 *
 * An image is known by (name, version) in its block. Each version is an RBD image of its own with one snapshot, named
 * as the version, that disks are cloned from. The latest version is the one of the highest rank that is not deprecated.
 */
#pragma once

#include "cloud/plan.h"
#include "cloud/policy.h"
#include "cloud/rbd.h"
#include "cloud/world.h"

/* Steps of the kind; the table is in modules/rbd_image.c. */
enum image_op {
	IMAGE_IMPORT,
	IMAGE_COPY,
	IMAGE_BLOCK,
	IMAGE_REMOVE,
	IMAGE_SNAP_REMOVE,
	IMAGE_TEMPLATE_CLONE,
	IMAGE_TEMPLATE_CREATE,
	IMAGE_TEMPLATE_CONVERT,
	IMAGE_TEMPLATE_HA,
	IMAGE_TEMPLATE_HA_REMOVE,
	IMAGE_TEMPLATE_DELETE,
	IMAGE_DOWNLOAD,    /* backend pve */
	IMAGE_FILE_REMOVE, /* backend pve */
	IMAGE_OPS,
};

/* An RBD image that we write ourselves, or a file that a node of PVE downloads; see image_file.h. */
enum image_backend { IMAGE_RBD, IMAGE_PVE };

enum image_state { IMAGE_PRESENT, IMAGE_DEPRECATED, IMAGE_ABSENT };

/* Where an image is made from when it is no file: a disk of a VM, or a volume, of a project. */
struct image_from {
	const char *project, *stack, *name; /* name NULL = none such; stack NULL: it is a volume */
	const char *slot;                   /* of the VM; NULL = its root disk */
	const char *snap;                   /* of the volume; NULL = as it is now */
	/* Found by the observation: */
	const char *storage, *image; /* RBD image; NULL = not found */
	const char *problem;         /* why it cannot be taken; NULL = it can */
};

struct image_template {
	bool wanted;
	unsigned vmid;    /* 0 = the lowest that is free */
	const char *node; /* NULL = the first that is online */
	json_t *tags;     /* array of texts, or NULL */
};

struct image_spec {
	const char *label; /* "image debian-13 20261101" */
	const char *name, *version;
	bool version_named; /* absent without a version: all of them */
	enum image_state state;
	enum image_backend backend;
	const char *storage;       /* NULL = the cloud's default, for files its import_storage */
	const char *node, *format; /* of files; NULL = any node; format NULL: there is no source */
	const char *source, *checksum, *ca_path, *work_dir;
	struct image_from from;
	uint64_t min_bytes, max_bytes; /* 0 = not named */
	int64_t keep;                  /* versions; -1 = not named */
	bool latest;                   /* make it the latest */
	json_t *properties;            /* key -> text, null = remove; NULL = none named */
	const char *visibility;        /* public, shared, private; NULL = not named */
	const char *project;           /* owner; NULL = not named: the cloud */
	json_t *projects;              /* array of names; NULL = not named */
	int is_protected;              /* -1 not named, 0, 1 */
	const char *description;       /* NULL = not named */
	struct image_template template;
	enum pxc_impact allow;
};

struct image_batch {
	struct image_spec *specs;
	size_t nspecs;
	bool gc;                /* collect what killed runs left, in every storage of the task */
	const char *gc_storage; /* NULL = the cloud's default */
	const char *stamp, *actor, *nonce;
};

/* Templates made from images, found by the block in their notes. */
struct image_projection {
	const struct world_guest *guest;
	const char *image, *version; /* of its block */
	const char *ha;              /* "" = not in HA */
	bool is_template;            /* false: the run that made it was killed before */
};

struct image_world {
	const struct world *w;
	const struct rbd_world *rbd;
	json_t *volumes;   /* "node/volume" -> bytes of import volumes; NULL = not read */
	json_t *downloads; /* names of files that PVE downloads right now; NULL = not read */
	struct image_projection *projections;
	size_t nprojections;
	int64_t stale_s; /* gc: what was begun before is no work of this moment; seconds since 1970 */
	const char *stale_stamp; /* the same as at= has it */
	bool sees_all; /* the API user sees every VM: only then can one be said not to exist */
};

/* The storage of a spec; NULL when neither it nor the cloud names one. */
const char *image_storage(const struct world *w, const char *storage);
/* The same of files. */
const char *image_file_storage(const struct world *w, const char *storage);

/* The version of an image, or NULL. version NULL = the latest one that is available and not deprecated. */
const struct rbd_seen *image_find(const struct rbd_pool *p, const char *name, const char *version);
/* Does a come after b, of the versions of one image? */
bool image_later(const struct rbd_seen *a, const struct rbd_seen *b);
/* May this project make disks from it? By visibility, owner and list. */
bool image_visible(const struct rbd_seen *image, const char *project);
/* For people: "there are debian-13, ubuntu-24.04" (cut after a dozen). */
const char *image_names(const struct rbd_pool *p, const char *project, char *out, size_t size);
/* What is shown of an image; new reference. */
json_t *image_show(const struct rbd_pool *p, const struct rbd_seen *image);

/* Which images must be asked who uses them (clones, watchers) before the batch is planned? */
bool image_may_go(const struct image_batch *batch, const struct world *w, const struct rbd_pool *p,
		  const struct rbd_seen *image);

/* image_asks.c: what the task asks for; see struct pxc_kind. */
void image_asks(const struct image_batch *batch, const struct world *w, struct policy_asks *ret);

must_check int image_plan(const struct image_batch *batch, const struct image_world *iw,
			  struct pxc_plans *ret, struct pxc_err *err);
