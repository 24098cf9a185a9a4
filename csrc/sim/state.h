/* SPDX-License-Identifier: GPL-3.0-or-later */
/* state.h - what the core's own files share beyond core.h: life and death of the state. Layer: sim. */
#pragma once

#include "sim/core.h"

void sim_guest_free(struct sim_guest *guest);
/* What is shown of it is another thing now. */
void sim_guest_reshow(struct sim_guest *guest);
void sim_storage_free(void *value);
void sim_volume_free(void *value);
void sim_pool_free(void *value);
void sim_user_free(void *value);
void sim_token_free(void *value);
void sim_group_free(void *value);
void sim_role_free(void *value);
void sim_ha_free(void *value);
void sim_task_free(struct sim_task *task);
void sim_timers_free(struct sim *sim);

/* config is stolen. */
struct sim_storage *sim_storage_add(struct sim *sim, const char *id, const char *type,
				    json_t *config);
/* Count what volumes use, for pvestatd's round. */
void sim_storage_round(struct sim *sim);
/*
 * Bytes on the storage as seen from node: at pvestatd's last round, or of a pool in Ceph at the first time that the
 * request at work asks. false: it cannot be reached.
 */
bool sim_storage_space(struct sim *sim, struct sim_storage *storage, const struct sim_node *node,
		       uint64_t *ret_total, uint64_t *ret_used);

struct sim_user *sim_user_add(struct sim *sim, const char *id);
struct sim_token *sim_token_add(struct sim *sim, struct sim_user *user, const char *id);
void sim_roles_init(struct sim *sim);
/* Users, groups, roles, rights and realms for sim_dump(). New reference. */
json_t *sim_access_dump(const struct sim *sim);
/* The realms that every PVE has. New reference. */
json_t *sim_realms_default(void);

/* Privileges joined by "," or "|" to bits; false and bad at the first that this version of PVE does not know. */
bool sim_privs_parse(const struct sim *sim, const char *text, uint64_t *ret_bits, char bad[64]);
/* PVE's own normalisation of an ACL path; false for none, or one with characters that no ACL path can have. */
bool sim_path_clean(const char *path, char text[512]);
/* What user (token may be NULL) may do on a normalised path; *ret_propagated = the part that also holds below. */
uint64_t sim_privs_on(const struct sim *sim, const struct sim_user *user,
		      const struct sim_token *token, const char *path, uint64_t *ret_propagated);
void sim_acl_drop(struct sim *sim, char type, const char *who);

/*
 * pvestatd's round: every guest that was touched gets a fresh summary, and what everything uses is measured, if anything
 * can have changed.
 */
void sim_stat_round(struct sim *sim);

/* The guest is about to go: a task that holds its lock file lets go of it. */
void sim_task_let_go(struct sim_task *task, struct sim_guest *guest);
/* The running task whose next stage is due first; false when none is. */
bool sim_task_due(struct sim *sim, int64_t *ret_ms, struct sim_task **ret_task);
void sim_task_run(struct sim_task *task);
/* End a running task from outside; its status becomes why. */
void sim_task_stop(struct sim_task *task, const char *why);
/* Time goes on to target_ms: due stages, timers and stat rounds happen in order. */
void sim_run_until(struct sim *sim, int64_t target_ms);

/* ---- faults.c: the script of things that go wrong ---- */

must_check int sim_faults_parse(const char *text, struct sim_faults **ret, struct pxc_err *err);
void sim_faults_free(struct sim_faults *faults);
/* Shall the task that is being started never end? */
bool sim_faults_hang(struct sim *sim);
/* Why the task that is being started fails at once; NULL = it does not. Borrowed. */
const char *sim_faults_fail(struct sim *sim);
/* Time went on: nodes may have to die. */
void sim_faults_tick(struct sim *sim);
/*
 * Look the request up in the script, before it is carried out.
 * returns true when the answer is already in reply (nothing was done)
 */
bool sim_faults_before(struct sim *sim, const char *method, const char *path,
		       struct sim_reply *reply);
/*
 * A request that a node sends to another one while it carries out one, looked up until sim_faults_leave(): what a rule
 * does to a task that is started meanwhile holds, too.
 * returns why the request fails, NULL = it does not; borrowed
 */
const char *sim_faults_enter(struct sim *sim, const char *method, const char *path);
void sim_faults_leave(struct sim *sim);
/* After the work: slow answers and lost ones. */
void sim_faults_after(struct sim *sim, struct sim_reply *reply);

void sim_node_kill(struct sim *sim, struct sim_node *node);
void sim_node_revive(struct sim *sim, struct sim_node *node);

/* The world to begin with; world (JSON text) may be NULL. */
must_check int sim_world_fill(struct sim *sim, struct pxc_err *err);
