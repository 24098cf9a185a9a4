/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lock.h - locks between runs, for what PVE gives no digest: creating by name, quotas, pools, options.
 *
 * API only: a lock is an empty PVE group "pxc-lock-<name>", whose creation PVE itself makes atomic across the
 * cluster (POST /access/groups, 500 "already exists"). Its comment says who holds it, on which host, in
 * which process, until when. A lock whose process is gone from this host, or whose time is over, is
 * broken; the breaker first creates "pxc-lock-<name>.break", so that only one does. Clock based, so weaker
 * than a RADOS lock: a holder that sleeps past its time is not stopped. Needs Group.Allocate; without it
 * the run goes on unlocked, with a warning.
 *
 * With Ceph ("rbd/<storage>/<name>"): a RADOS lock in that storage's pool, which ends by itself soon after its holder.
 * For things of the pool; and for everything but the SDN where the registry names a storage for locks (pxc_cloud: lock_storage):
 * a lock must be the same for all runs, so a run that cannot reach that storage fails. Layer: modules.
 */
#pragma once

#include "modules/kind.h"

#define LOCK_RBD_LEASE_S 30
#define LOCK_LEASE_S 900 /* how long a lock is good for when its holder's host cannot be asked */

struct lock_held {
	const char *groupid;           /* of PVE; NULL: a lock in Ceph */
	const struct rbd_store *store; /* where lock is */
	struct ceph_lock *lock;
};

struct locks {
	bool taken; /* those that could be: without the right to make groups it may be none */
	bool lost;  /* one was ours and is so no more */
	bool fresh; /* one is held, so that what was seen before may be old */
	struct lock_held *held; /* owned array */
	size_t nheld;
	const char *storage; /* in force when they were taken; see pxc_env.lock_storage */
	int64_t noted_ms;    /* pve_now_ms(): those in PVE are good for LOCK_LEASE_S from then on */
};

/* Names as a kind says them, with the place where they lie in front, sorted; in the arena. */
const char *const *locks_place(struct pxc_env *env, const char *const *names);

/*
 * Take all of names (NULL-terminated, sorted, so that two runs cannot wait for each other), waiting for other
 * holders up to the task's deadline. err EBUSY: names the holder and what to do. On failure nothing is held.
 */
must_check int locks_acquire(struct locks *locks, struct pxc_env *env, const char *const *names,
			     struct pxc_err *err);
/* Are the locks in Ceph still ours? They end by themselves when Ceph could not be reached for their lease. */
bool locks_hold(const struct locks *locks);
/* During long work: note the locks in PVE down anew, once a third of their time is over. false: one is not ours any more. */
bool locks_prolong(struct locks *locks, struct pxc_env *env);
void locks_release(struct locks *locks, struct pxc_env *env);

/*
 * Remove what runs that were killed have left: locks whose process is gone from this host, or whose time is over. One
 * read; failing is no failure of the run.
 */
void locks_sweep(struct pxc_env *env);
