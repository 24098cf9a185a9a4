/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_manager.h - what the manager's own files share. Layer: sim. */
#pragma once

#include "sim/ha.h"

/* ---- ha_manager.c ---- */

bool ha_is(const struct sim_ha *ha, const char *crm);
bool ha_wants(const struct sim_ha *ha, const char *state); /* what is asked for */
/* Another state; what belonged to the old one is forgotten. target: of a move, else NULL. */
void ha_become(struct sim *sim, struct sim_ha *ha, const char *crm, struct sim_node *target);
/* Resource options with their defaults. */
int64_t ha_option(const struct sim_ha *ha, const char *key, int64_t otherwise);
bool ha_failback(const struct sim *sim, const struct sim_ha *ha);
/* Is so much cluster time over since then? Always when time stands still. */
bool ha_over(const struct sim *sim, int64_t since_ms, int64_t ms);
/* The manager does not have it (any more). */
void ha_forget(struct sim_ha *ha);
/* A move begins at the manager's next look: the guest's, and with it those of its partners. */
void ha_move(struct sim *sim, struct sim_ha *ha, const char *what, struct sim_node *to);

/* ---- ha_state.c ---- */

/* One step of a service, if there is one. */
void ha_next(struct sim *sim, struct sim_ha *ha);

/* ---- ha_node.c: nodes, fencing, maintenance, commands ---- */

struct ha_node *ha_node(const struct sim *sim, const struct sim_node *node);
bool ha_node_online(const struct sim *sim, const struct sim_node *node);
/* Gone for so long that its services are to be fenced. */
bool ha_node_lost(const struct sim *sim, const struct sim_node *node);
void ha_nodes_update(struct sim *sim);
/* true: it is certain that nothing runs there any more. */
bool ha_node_fence(struct sim *sim, const struct sim_node *node);
void ha_read_commands(struct sim *sim);

/* ---- ha_select.c: where to ---- */

enum ha_wish { HA_STAY, HA_BEST, HA_NEXT };

void ha_set_add(struct ha_set *set, const struct sim_node *node);
bool ha_set_has(const struct ha_set *set, const struct sim_node *node);
bool ha_set_empty(const struct ha_set *set);
void ha_set_drop(struct ha_set *set, const struct ha_set *what);
struct ha_set ha_set_common(const struct ha_set *a, const struct ha_set *b);
/*
 * Nodes that are online and where the rules about nodes let it be: *ret_best are those of the highest priority.
 * returns all of them
 */
struct ha_set ha_nodes_for(const struct sim *sim, const struct sim_ha *ha, struct ha_set *ret_best);
/* Nodes on which a service counts: where it is, and where it is going; each may be NULL. */
void ha_uses(const struct sim *sim, const struct sim_ha *ha, struct sim_node **ret_at,
	     struct sim_node **ret_to);
/* NULL: there is none. */
struct sim_node *ha_select(struct sim *sim, struct sim_ha *ha, enum ha_wish wish);

/* ---- ha_usage.c: how full nodes are, as the scheduler of `crs` counts ---- */

struct ha_stats {
	double cpu; /* cores in use */
	double mem; /* bytes in use */
};

const char *ha_scheduler(const struct sim *sim); /* basic, static, dynamic */
int64_t ha_crs(const struct sim *sim, const char *key, int64_t otherwise);
/* Per node by index, of those that are online; and what one service uses. */
void ha_usage(const struct sim *sim, struct ha_stats *nodes);
struct ha_stats ha_usage_of(const struct sim *sim, const struct sim_ha *ha);
/* The lower the better, by node index: for starting a service there. */
void ha_scores(const struct sim *sim, const struct sim_ha *ha, double *ret);
/* Loads of the nodes that are online: of each the mean of its shares of processors and memory in use. */
struct ha_spread {
	double sum, squares, count;
};

double ha_load(const struct sim_node *node, struct ha_stats use);
struct ha_spread ha_spread(const struct sim *sim, const struct ha_stats *nodes);
/* 0 = all alike, 1 = one has it all. */
double ha_imbalance(struct ha_spread all);

/* ---- ha_balance.c ---- */

/* One look of the automatic balancer. */
void ha_balance(struct sim *sim);

/* ---- ha_lrm.c ---- */

enum ha_result { HA_NONE, HA_DONE, HA_FAILED, HA_IGNORED };

/* What tasks that have ended came to, before the manager looks. */
void ha_lrm_report(struct sim *sim);
/* Every node's LRM carries out what is due. */
void ha_lrm(struct sim *sim);
