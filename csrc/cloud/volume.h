/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * volume.h - volumes: disks in Ceph that outlive VMs. Pure half of the kind; the half that talks is modules/volume*.c.
 * Layer: cloud.
 *
 * A volume is known by (project, name) in the block of its RBD image, "vm-<holder>-pxc-<short id>". Which VM has it stands in
 * two places: in the VM's configuration, and as a reservation in RBD_STATE_OBJECT, "att/<short id>" = id of the VM's
 * block. The reservation comes first when it is attached and goes last when it is detached; one whose VM is gone, or does
 * not have the volume, is what a run that was cut off has left, and counts for nothing under the project's lock.
 *
 * It lies in the pool where it was made until a task names another storage, or a class that means another: then it is copied
 * there under a temporary name, gets its block and its name, and the old one is removed. While both are there the new one holds:
 * its block says whom it replaces.
 *
 * A plan has up to four phases: holders; volumes leave VMs; each volume's own steps; volumes enter VMs. One change of
 * configuration serves all volumes of the batch that leave, or enter, a VM: it carries the digest of what was planned against.
 */
#pragma once

#include "cloud/plan.h"
#include "cloud/policy.h"
#include "cloud/rbd.h"
#include "cloud/vm.h"
#include "cloud/world.h"

/* Steps of the kind; the table is in modules/volume.c. */
enum volume_op {
	VOLUME_HOLDER_CREATE,
	VOLUME_HOLDER_NOTES,
	VOLUME_HOLDER_HA,
	VOLUME_CONFIG,
	VOLUME_RESIZE,
	VOLUME_FREEZE,    /* file systems of a running guest */
	VOLUME_THAW,      /* always, once one was to be frozen */
	VOLUME_WAIT_GONE, /* until a running guest has let go of the slots in _slots */
	/* By Ceph itself: */
	VOLUME_WAIT_CLOSED,
	VOLUME_STATE,
	VOLUME_CREATE,
	VOLUME_CLONE,
	VOLUME_MOVE,
	VOLUME_FLATTEN,
	VOLUME_GROW,
	VOLUME_SNAP_CREATE,
	VOLUME_SNAP_REMOVE,
	VOLUME_SNAP_ROLLBACK,
	VOLUME_BLOCK,
	VOLUME_RENAME,
	VOLUME_REMOVE,
	VOLUME_OPS,
};

struct volume_snap {
	const char *name; /* as users say it, without prefix */
	bool absent;
};

/* What a new volume is made from; both names NULL = blank. */
struct volume_source {
	const char *image, *version, *image_storage; /* version NULL = the latest */
	const char *volume, *snapshot, *project;     /* snapshot NULL = as it is */
};

struct volume_spec {
	const char *label;         /* "volume acme/data" */
	const char *project_label; /* "project acme": of what is done to its holder */
	const char *new_project_label;
	const char *vm_label; /* "vm acme/web-1"; NULL with attach_to */
	const char *project, *name;
	const char *new_project, *new_name; /* NULL = keep */
	bool absent;
	uint64_t size_bytes; /* 0 = not named */
	const char *class;   /* NULL = not named */
	const char *
		storage; /* named, or of the class (volume_classes()); NULL = the cloud's default */
	struct volume_source source;
	enum vm_flatten flatten;
	struct volume_snap *snaps;
	size_t nsnaps;
	bool snaps_exact, quiesce;
	const char *rollback;          /* snapshot; NULL = no */
	const char *attach_to, *stack; /* attach_to NULL = not named */
	bool move, detach;
	unsigned detach_s;
	const char *slot;        /* NULL = the first free one */
	const char *serial;      /* NULL = not named */
	json_t *props;           /* named drive options as texts */
	const char *description; /* NULL = not named */
	json_t *metadata;        /* object of texts; NULL = not named */
	int is_protected;        /* -1 not named, 0, 1 */
	bool force_snapshots, reseal;
	enum pxc_impact allow;
};

struct volume_batch {
	struct volume_spec *specs;
	size_t nspecs;
	const char *stamp, *actor, *nonce;
	unsigned round; /* how often was looked; spreads VMIDs when they keep colliding */
};

struct volume_world {
	const struct world *w;
	const struct rbd_world *rbd;
	struct vm_seen **
		seen; /* guests of the batch's projects, their holders, and guests named by reservations */
	size_t nseen;
	bool may_ha; /* the API user may put guests into HA */
	/* project -> how many snapshots its VMs and volumes have, or a text: why that is not known; NULL = none are to be taken */
	const json_t *snapshots;
};

#define VOLUME_SNAP_PREFIX "pxc-"

/* Is this the pool of an earlier storage too? Two storages may lie on one pool. */
bool volume_pool_again(const struct rbd_world *rbd, size_t i);
/* The eight hex digits at the end of its RBD name; NULL: not named as a volume. */
const char *volume_id(const char *rbd_name);
/* Key of its reservation in RBD_STATE_OBJECT; new string. */
char *volume_reservation(const char *id);
/* An RBD image that carries the block of a volume, intact or not, and is neither unfinished nor replaced by another. */
bool volume_is(const struct rbd_seen *image);
/* A key of that block, intact or not; NULL: absent. */
const char *volume_get(const struct rbd_seen *image, const char *key);
/* VMID of the guest in a block's id, "vm.101.0a1b2c3d"; 0: none. */
unsigned volume_vmid(const char *id);

/*
 * The volume of this name in a project: NULL when there is none. Searched in all pools that were read.
 * err EINVAL: two of them (both named)
 */
must_check int volume_find(const struct rbd_world *rbd, const char *project, const char *name,
			   const struct rbd_pool **ret_pool, const struct rbd_seen **ret,
			   struct pxc_err *err);

/* Who has a volume, by the configurations that were read and by its reservation. */
struct volume_use {
	const struct vm_seen *vm; /* has it; NULL = nobody */
	const char *slot;
	bool leaving; /* only the running guest has it: its configuration says that it goes */
	const struct vm_seen *also; /* has it too, by somebody's hand */
	const char *also_slot;
	const char *reserved; /* value of the reservation; NULL = none */
	const struct vm_seen *
		unread; /* whom it is reserved for, who cannot be read and so is believed to have it */
};

void volume_use_look(const struct volume_world *vw, const struct rbd_pool *pool,
		     const struct rbd_seen *volume, struct volume_use *ret);
/* "vm acme/web-1", else "guest 101 (web)"; in the arena. */
const char *volume_vm_name(const struct vm_seen *vm, struct pxc_arena *arena);
/* Does something about its drive wait until the guest is started anew? Only of one that a VM has. */
bool volume_waits(const struct volume_use *use);
/* Somebody has it, or is believed to. */
bool volume_used(const struct volume_use *use);

/* The classes that the batch names become storages. err EINVAL: an unknown one, and which there are */
must_check int volume_classes(struct volume_batch *batch, const struct registry *r,
			      struct pxc_err *err);
/* The class of a volume in this pool: the one it was made in, as long as it means that pool, else the first that does. NULL: none. */
const char *volume_class(const struct volume_world *vw, const struct rbd_pool *pool,
			 const char *made_in);

/* The storages that must be read before the batch can be planned: named ones, the cloud's, and those that holders name. */
const char *const *volume_storages(const struct volume_batch *batch, const struct volume_world *vw,
				   struct pxc_arena *arena);
/* Is it a volume that the batch is about, by its name now or the one it is to have? */
bool volume_of_batch(const struct volume_batch *batch, const struct rbd_seen *volume);
/* The guest whose agent must be asked whether it is there, since its file systems are to be frozen; NULL: none. */
const struct vm_seen *volume_asks_agent(const struct volume_world *vw,
					const struct volume_spec *spec);
/* Must be asked who uses (clones, watchers) this volume before the batch can be planned? */
bool volume_asks_users(const struct volume_batch *batch, const struct rbd_pool *pool,
		       const struct rbd_seen *image);

/* Does it take a snapshot that is not there, so that all of its project are to be counted? */
bool volume_takes_snapshots(const struct volume_spec *spec, const struct volume_world *vw);
/* volume_asks.c: what the task asks for; see struct pxc_kind. */
void volume_asks(const struct volume_batch *batch, const struct world *w, struct policy_asks *ret);

must_check int volume_plan(const struct volume_batch *batch, const struct volume_world *vw,
			   struct pxc_plans *ret, struct pxc_err *err);

/* What is shown of a volume; seen: guests that may have it. New reference. */
json_t *volume_show(const struct volume_world *vw, const struct rbd_pool *pool,
		    const struct rbd_seen *volume);

/* What the volumes of a project add to its usage: volumes, volume_gb, snapshots. Others stay as they are. */
void volume_usage(const struct rbd_world *rbd, const char *project, struct quota *ret);
