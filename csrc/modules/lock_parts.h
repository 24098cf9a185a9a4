/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock_parts.h - what the files of modules/lock*.c share; nobody else includes it. Layer: modules. */
#pragma once

#include "modules/lock.h"

#define LOCK_GROUP "pxc-lock-" /* of the groups' names */
#define LOCK_GROUP_SDN LOCK_GROUP LOCK_SDN

/* lock_group.c: err EDENIED: the API user may not make groups; EBUSY: names the holder and what to do */
must_check int lock_group_acquire(struct pxc_env *env, const char *groupid, struct pxc_err *err);
void lock_group_drop(struct pxc_env *env, const char *groupid);
/* Write down, in the group that this run holds, the token of the SDN lock it has got. */
must_check int lock_group_note(struct pxc_env *env, const char *groupid, const char *sdn,
			       struct pxc_err *err);

/* The group that this run holds is good for LOCK_LEASE_S again. false: it is somebody else's by now, or nobody's. */
bool lock_group_prolong(struct pxc_env *env, const char *groupid);

/*
 * lock_sdn.c: PVE's own lock on the SDN configuration (api: POST /cluster/sdn/lock, PVE 9). The client carries its token
 * from then on. It tells nobody who holds it, so the group beside it does. On PVE 8 there is none: nothing is taken.
 * groupid  the group held; NULL = none
 * err EBUSY: somebody else holds it, and what to do; EINVAL: changes of others wait to be applied
 */
must_check int lock_sdn_take(struct pxc_env *env, const char *groupid, struct pxc_err *err);
/* false: it could not be given back, so whoever finds the group stale must. */
bool lock_sdn_release(struct pxc_env *env);
/*
 * A run of ours was killed: take back what it had written but not applied, and its lock. token NULL = none noted. What is
 * somebody else's by now stays. false: this user cannot tell, or it failed; then the group must stay, which says the token.
 */
bool lock_sdn_recover(struct pxc_env *env, const char *token);
