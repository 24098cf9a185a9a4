/* SPDX-License-Identifier: GPL-3.0-or-later */
/* volume_parts.h - what the files of cloud/volume_*.c share; nobody else includes it. Layer: cloud. */
#pragma once

#include "cloud/volume.h"

#define VOLUME_PATIENCE_MS                                                                         \
	45000 /* a client that was killed counts for so long as one that has the image open */

struct volume_run;

/* A project of the batch, and the holder of its volumes. */
struct volume_home {
	const char *project, *label, *pool;
	const struct vm_seen *holder; /* NULL = there is none yet */
	unsigned vmid;                /* its own, or the one chosen */
	bool wanted, reseal;
	json_t *storages;      /* set (keys) of the storages that volumes lie in, or will */
	struct pxc_plan *plan; /* NULL = nothing is to be done to it */
};

/* A VM that volumes of the batch leave, enter, or are changed in. */
struct volume_vm {
	const struct vm_seen *vm;
	const char *label;
	json_t *enter; /* slot -> drive text */
	json_t *leave; /* array of slots */
	json_t *grow;  /* array of {disk, size} */
	json_t *still; /* array of {args, why}: snapshots to be taken while it is frozen */
	unsigned patience_s;
	enum pxc_impact allow; /* the least that a volume which leaves allows */
	const char *frozen,
		*frozen_in; /* noted down by a run that was cut off, and in which storage; NULL = not */
	struct pxc_plan *out, *in; /* NULL = nothing leaves, nothing enters */
	struct pxc_plan *thaw;     /* NULL = it was not left frozen */
};

/* One volume of the task while it is planned. */
struct volume_case {
	struct volume_run *run;
	const struct volume_spec *spec;
	const struct rbd_pool *pool; /* where it is to lie */
	const struct rbd_seen *have; /* NULL = not there */
	const struct rbd_pool *lies; /* where it does; NULL = not there */
	struct volume_use use;
	const struct rbd_pool *from_pool; /* what a new one is cloned from; NULL = blank */
	const struct rbd_seen *from;
	const char *from_snap; /* in RBD's words; NULL = as it is */
	const char *origin;    /* the same for its block */
	uint64_t from_bytes;
	struct volume_home *home;     /* whose it is to be */
	const struct vm_seen *target; /* of attach_to */
	const char *id;               /* short id */
	const char *rbd;              /* name that it should have */
	uint64_t size_bytes;          /* that it should have */
	struct volume_vm *leaves,
		*enters;         /* NULL = it does not; entered, too, is what it is changed in */
	struct volume_vm *thaws; /* has it, and was left frozen; NULL = no */
	bool still; /* its new snapshots are taken while the guest in enters is frozen */
	struct pxc_plan *plan;
};

/* The whole batch. */
struct volume_run {
	const struct volume_batch *batch;
	const struct volume_world *vw;
	struct pxc_plans *plans;
	struct pxc_arena *arena;
	char cluster[9]; /* key c of blocks */
	struct volume_case *cases;
	size_t ncases;
	struct volume_home *homes;
	size_t nhomes;
	struct volume_vm *vms;
	size_t nvms;
};

/* volume_find.c */
const struct rbd_snap *volume_snap(const struct rbd_seen *v,
				   const char *name); /* as users say it */
bool volume_user_snap(
	const struct rbd_snap *snap); /* not in the trash, and no unfinished work of ours */
/* Will there be a snapshot of this name after the task, if there is one now? */
bool volume_keeps_snap(const struct volume_spec *s, const char *snap);
unsigned volume_named_after(const char *rbd_name); /* VMID in "vm-900000-pxc-1a2b3c4d"; 0 = none */

/* volume_use.c */
/* The guest of this identity (by its block) in a project, or NULL. */
const struct vm_seen *volume_target(const struct volume_world *vw, const char *project,
				    const char *stack, const char *name);

/* volume_source.c: what a new volume is made from */
must_check int volume_source(struct volume_case *c, struct pxc_err *err);

/* volume_holder.c */
struct volume_home *volume_home(struct volume_run *run, const char *project);
must_check int volume_homes(struct volume_run *run, struct pxc_err *err);
must_check int volume_homes_number(struct volume_run *run, struct pxc_err *err);
void volume_homes_plan(struct volume_run *run);
/* A volume of this storage will be the project's. */
void volume_home_wants(struct volume_home *home, const char *storage);

/* volume_move.c: into another pool */
bool volume_moves(const struct volume_case *c);
must_check int volume_move(struct volume_case *c, struct pxc_err *err);

/* volume_class.c: the class for its block; NULL = none */
const char *volume_class_kept(const struct volume_case *c);

/* volume_block.c: the block as it should be, without id; new reference */
json_t *volume_block(const struct volume_case *c);
/* Does the block say that this very run has rolled it back? */
bool volume_rolled(const struct volume_case *c);

/* volume_attach.c: where it is to be */
must_check int volume_target_find(struct volume_case *c, struct pxc_err *err);
/* Will it stay in the VM that has it now? */
bool volume_stays(const struct volume_case *c);
must_check int volume_attachment(struct volume_case *c, struct pxc_err *err);

/* volume_vms.c: the VMs concerned */
bool volume_runs(const struct vm_seen *vm);
struct volume_vm *volume_vm_of(struct volume_run *run, const struct vm_seen *vm);
/* It grows where it is: in the VM that has it. */
void volume_grow_in_vm(struct volume_case *c);
void volume_vms_plan(struct volume_run *run);

/* volume_still.c: guests that are frozen while snapshots are taken */
void volume_still_find(struct volume_case *c);
void volume_still_snap(struct volume_case *c, json_t *args_new, const char *name);
void volume_still_plan(struct volume_run *run, struct volume_vm *v);
void volume_thaw_find(struct volume_case *c);
void volume_thaw_plan(struct volume_run *run, struct volume_vm *v);

/* volume_steps.c: the volume's own steps */
must_check int volume_steps(struct volume_case *c, struct pxc_err *err);
/* In the pool where it lies; value NULL = for nobody. */
void volume_reserve(struct volume_case *c, const char *value);

/* volume_remove.c */
must_check int volume_remove(struct volume_case *c, struct pxc_err *err);
/* err EINVAL: there are clones of it (all named) */
must_check int volume_refuse_clones(const struct volume_case *c, struct pxc_err *err);
/* why: "remove", ... */
void volume_add_remove(struct pxc_plan *plan, const struct rbd_pool *pool, const struct rbd_seen *v,
		       enum pxc_impact impact, const char *why);
/* What runs that were cut off have left of this volume goes. */
void volume_sweep(struct volume_case *c);
/* And whatever a process of this host left in these pools that is gone, once something is to be done anyway. */
void volume_collect(struct volume_run *run);

/* volume_quota.c: does the batch fit the quotas of its projects? err EINVAL: "project acme: quota: volumes used 4 + asked 1 > limit 4" */
must_check int volume_check_quota(const struct volume_run *run, struct pxc_err *err);

/* volume_show.c: what the result and the diff show */
json_t *volume_item(const struct volume_case *c);
void volume_views(const struct volume_case *c);
