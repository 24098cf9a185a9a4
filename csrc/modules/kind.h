/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kind.h - what a kind of object must provide, and the one loop that drives it.
 *
 * Every module takes one object, or a list of them under its plural: a batch. The loop decodes, observes,
 * plans the whole batch, applies object by object side by side, observes again and plans again: that plan
 * must be empty. Only the loop knows check mode, conflicts and the allowed impact. Layer: modules.
 *
 * Plans that stream ("waits_for" and "uses" in cloud/plan.h, a judge in pve/client.h) end in one more way: dropped. That is
 * neither a failure nor a change; the item has the reason under "dropped", and the run does not come back to it. What was not
 * begun because something in front of it was not done is looked at again, in a new round; because of max_failures, it is
 * left, with "not_begun". told() sees the job of each plan, also of those that were not begun.
 */
#pragma once

#include "ansible/args.h"
#include "base/arena.h"
#include "base/clock.h"
#include "cloud/plan.h"
#include "cloud/policy.h"
#include "pve/client.h"

struct pxc_kind;

struct pxc_env {
	struct pve_client *pve;
	const struct ans_args *args;
	struct pxc_arena
		*arena; /* specs, worlds and strings of this run; nobody frees single pieces */
	struct pxc_clock *clock;
	const char *actor; /* who asked: option actor, else PXC_ACTOR, else login name */
	/* What the action plugin says of that, for the policy and the record; NULL = not said. */
	const char *actor_source;        /* "awx", "tower", "task", "environment", "login" */
	const char *actor_login;         /* who really launched it, when that is somebody else */
	const char *job_id;              /* of AWX or Tower */
	bool to_syslog;                  /* changes are recorded there, too */
	const struct policy_asks *asked; /* what the task asks for; NULL = not known yet */
	const char *audit_storage;       /* where changes are recorded in Ceph; NULL = nowhere */
	char stamp[STAMP_TEXT];          /* of this run, for at= */
	char nonce[33];                  /* random hex of this run: what new uuids are made from */
	json_t *kept;                    /* owned; see pxc_env_keep() */
	struct env_defer *defers;        /* see pxc_env_defer() */
	struct rbd_link
		*links; /* Ceph clusters connected to and storages reached so far; see rbd.h */
	struct rbd_store *stores;
	const struct locks *locks; /* held by this run */
	struct world_group *
		people; /* groups as they were when the policy first asked for them; NULL = it has not */
	size_t npeople;
	const char *lock_storage; /* of the registry that was read last; see lock.h */
	/* Of the run, for the policy; kind NULL: only the cloud's admins may. */
	const struct pxc_kind *kind;
	const void *batch;
	bool permitted;       /* it has begun to change things: not asked any more */
	json_t *warnings;     /* owned; array of strings for the result */
	bool break_sdn_lock;  /* the task allows to take the SDN's lock from whoever left it */
	uint32_t sdn_wait_ms; /* how long it is waited for */
	uint32_t
		task_timeout_ms; /* one step; also how long the run waits for a lock or a busy object */
	bool watched; /* somebody shows what goes to standard error with PROGRESS_MARK in front */
	/* Where lines about progress go; NULL = standard error when watched. */
	void (*tell)(void *context, const char *line);
	void *tell_context;
};

#define LOCK_RBD "rbd/"
#define LOCK_PVE "pve/" /* in front of a name: a group of PVE, wherever other locks lie */
#define LOCK_SDN                                                                                   \
	"sdn" /* PVE's own lock on the SDN configuration, where it has one; see lock_sdn.h */

struct kind_limits {
	unsigned max_jobs;     /* plans under way at once; as side_by_side unless set */
	unsigned max_failures; /* so many plans have failed: no other begins; 0 = no limit */
};

struct pxc_kind {
	const char *name;     /* "vm": the module is pxc_<name> */
	const char *singular; /* key of the result for the only object; NULL = the name */
	const char *
		plural; /* "vms": option of the batch and key of the result; NULL: has no objects (info) */
	const struct pve_op *ops;
	/* Arguments to specs; ret_batch lives in the arena. No requests. */
	int (*decode)(struct pxc_env *env, void **ret_batch, struct pxc_err *err);
	/*
	 * What the task asks for, by what it names: at least one ask for each object. Asked of the policy as soon as the snapshot
	 * is read, before anything else is looked at, also in check mode. w: the snapshot, at first without groups; asked again when the
	 * answer takes them. NULL: for admins only.
	 */
	void (*asks)(const void *batch, const struct world *w, struct policy_asks *ret);
	/* GETs only; ret_world lives in the arena (JSON it holds is kept alive by pxc_env_keep). */
	int (*observe)(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err);
	/* Pure. Refuses the whole batch with one sentence (before anything is written), or makes one plan per object,
	 * in the batch's order and each with an item; helper plans (no item) after them. */
	/* err EBUSY means "not now": the loop looks again until the task's deadline. */
	int (*plan)(const void *batch, const void *world, struct pxc_plans *ret,
		    struct pxc_err *err);
	/* Names of the locks to hold while these plans are applied ("project.acme"), in any order, in the arena; NULL: none.
	 * Where they lie, in PVE or in Ceph, is the cloud's to say; see lock.h.
	 * LOCK_RBD and a storage in front ("rbd/ceph/image.debian"): a lock in that storage's pool in any case.
	 * The function itself may be NULL. */
	const char *const *(*locks)(struct pxc_env *env, const void *batch,
				    const struct pxc_plans *plans);
	/* What has become of a plan's steps, before it is looked again: what was tried in vain. May be NULL. */
	void (*told)(struct pxc_env *env, void *batch, const struct pxc_plan *plan,
		     const struct pve_job *job);
	/* How many at once and how many failures, of this run; may be NULL. max_failures counts over all rounds. */
	void (*limits)(const void *batch, struct kind_limits *ret);
	/*
	 * A run that people watch: items say when they began and how long they took ("began", "seconds"), and at -v each plan
	 * that begins and ends is a line of progress ("3/17 VM 101 pve1 -> pve2: 12 s") instead of a count from time to time.
	 */
	bool progress;
	/*
	 * What is planned for moves by itself (loads): what a look finds after the change is the work of a new round, and after
	 * the last one that of the next run. For every other kind it is "did not converge".
	 */
	bool drifts;
	/* Plans under way at once; 0 = the usual number. 1: what the server serialises anyway is not made to wait there. */
	unsigned side_by_side;
	/* An entry for the result's diff out of a step's reply (new reference), or NULL; may itself be NULL. */
	json_t *(*shows)(int op, const json_t *args, const json_t *data);
	/*
	 * In the end, in check mode too: does every object have what it was to have, and the task all the same not what it
	 * wanted? err EREMOTE says what. The result stays. May be NULL.
	 */
	int (*verdict)(const void *batch, const void *world, struct pxc_err *err);
	/* Keys for the result that must reach the task however it ends: what PVE tells only once. May be NULL. */
	void (*leaves)(const void *batch, json_t *result);
	/* More keys for the result (info); may be NULL. */
	void (*report)(const void *batch, const void *world, json_t *result);
};

extern const struct pxc_kind *const pxc_kinds[]; /* ends with NULL */

/* Run the loop. ret_result: new reference, the result object; err: msg for a failed task (result still valid). */
must_check int kind_run(const struct pxc_kind *kind, struct pxc_env *env, json_t **ret_result,
			struct pxc_err *err);

/* Keep a JSON value alive until the run ends; returns it. Steals. */
json_t *pxc_env_keep(struct pxc_env *env, json_t *value_new);
/* Call release(ptr) when the run ends. */
void pxc_env_defer(struct pxc_env *env, void (*release)(void *ptr), void *ptr);
void pxc_env_warn(struct pxc_env *env, const char *fmt, ...) printf_like(2, 3);
void pxc_env_release(struct pxc_env *env);

/* main(): argv[0] (minus "AnsiballZ_") or "pxc <module>" names the kind. Returns the exit status. */
int pxc_main(int argc, char **argv);
