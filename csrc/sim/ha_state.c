/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_state.c - what a service comes to next, state by state. */
#include <stdio.h>
#include <string.h>

#include "sim/ha_manager.h"

/* Where it wants to be after a move, or out of a freeze. */
static const char *wanted(const struct sim_ha *ha)
{
	return ha_wants(ha, "started") ? "started" : "request_stop";
}

static bool fence_if_lost(struct sim *sim, struct sim_ha *ha)
{
	if (!ha_node_lost(sim, ha->node))
		return false;
	ha_become(sim, ha, "fence", NULL);
	return true;
}

/* A move that was asked for begins. true: it does */
static bool begin_command(struct sim *sim, struct sim_ha *ha)
{
	char what[sizeof(ha->command)];
	struct sim_node *to = ha->command_node;

	(void)snprintf(what, sizeof(what), "%s", ha->command);
	*ha->command = 0;
	ha->command_node = NULL;
	if (!strcmp(what, "stop") || !to || !ha_node_online(sim, to) || to == ha->node)
		return false;
	ha_become(sim, ha, what, to);
	return true;
}

static void next_stopped(struct sim *sim, struct sim_ha *ha, const struct sim_guest *g)
{
	ha->node = g->node;
	if (*ha->command && begin_command(sim, ha))
		return;
	if (ha_wants(ha, "disabled"))
		return;
	if (ha_node(sim, ha->node)->state != HA_MAINTENANCE && fence_if_lost(sim, ha))
		return;
	if (ha_wants(ha, "started"))
		ha_become(sim, ha, "request_start", NULL);
}

static void next_request_start(struct sim *sim, struct sim_ha *ha)
{
	struct sim_node *to = NULL;

	if (ha_crs(sim, "ha-rebalance-on-start", 0))
		to = ha_select(sim, ha, HA_BEST);
	if (to && to != ha->node)
		ha_become(sim, ha, "request_start_balance", to);
	else
		ha_become(sim, ha, "started", NULL);
}

static void next_request_stop(struct sim *sim, struct sim_ha *ha)
{
	if (ha->result)
		ha_become(sim, ha, ha->result == HA_DONE ? "stopped" : "error", NULL);
	else
		(void)fence_if_lost(sim, ha);
}

static void next_move(struct sim *sim, struct sim_ha *ha)
{
	if (!ha->result) {
		(void)fence_if_lost(sim, ha);
		return;
	}
	if (ha->result == HA_DONE)
		ha->node = ha->target;
	ha_become(sim, ha, wanted(ha), NULL);
}

/* A start that failed for good on this node: elsewhere, as often as is allowed. false: it is over */
static bool start_failed(struct sim *sim, struct sim_ha *ha)
{
	ha->running = false;
	ha_set_add(&ha->failed, ha->node);
	ha->failures++;
	if ((int64_t)ha->failures <= ha_option(ha, "max_relocate", 1))
		return true;
	ha_become(sim, ha, "error", NULL);
	return false;
}

/* It leaves, or comes back to, the node that is in maintenance. */
static void settle_back(struct sim_ha *ha, const struct sim_node *to)
{
	if (ha->back && (to == ha->back || ha->node != ha->back))
		ha->back = NULL;
}

static void look_for_better(struct sim *sim, struct sim_ha *ha)
{
	enum ha_wish wish = HA_STAY;
	struct sim_node *to;

	if (ha->result == HA_DONE) {
		ha->failed = (struct ha_set){ 0 };
		ha->failures = 0;
		sim->crm->changed |= !ha->running;
		ha->running = true;
	} else if (ha->result == HA_FAILED) {
		if (!start_failed(sim, ha))
			return;
		wish = HA_NEXT;
	}
	to = ha_select(sim, ha, wish);
	if (to && to != ha->node) {
		settle_back(ha, to);
		ha_become(sim, ha, str_starts(ha->sid, "vm:") ? "migrate" : "relocate", to);
		return;
	}
	if (ha->back == ha->node && ha_node_online(sim, ha->node))
		ha->back = NULL;
	if (ha->result)
		ha->fresh = true;
	ha->result = HA_NONE;
}

static void next_started(struct sim *sim, struct sim_ha *ha)
{
	if (!ha_node_online(sim, ha->node)) {
		if (fence_if_lost(sim, ha) || ha_node(sim, ha->node)->state != HA_MAINTENANCE)
			return;
		ha->back = ha->node;
	}
	if (!ha_wants(ha, "started")) {
		ha_become(sim, ha, "request_stop", NULL);
		return;
	}
	if (!*ha->command) {
		look_for_better(sim, ha);
	} else if (!strcmp(ha->command, "stop")) {
		int64_t timeout_s = ha->timeout_s;

		ha_become(sim, ha, "request_stop", NULL);
		ha->timeout_s = timeout_s;
		sim_ha_set_state(ha, "stopped");
	} else {
		(void)begin_command(sim, ha);
	}
}

static void unlock(struct sim_guest *g)
{
	static const char *const removable[] = { "backup",    "mounted",    "migrate",
						 "clone",     "rollback",   "snapshot",
						 "suspended", "suspending", "snapshot-delete" };

	for (size_t i = 0; g->lock && i < ARRAY_SIZE(removable); i++)
		if (!strcmp(g->lock, removable[i]))
			sim_guest_set_lock(g, NULL);
}

static void next_recovery(struct sim *sim, struct sim_ha *ha, struct sim_guest *g)
{
	struct sim_node *to = ha_select(sim, ha, HA_BEST);

	if (to) {
		unlock(g);
		g->node = to;
		sim_guest_touch(g);
		ha->node = to;
		ha_become(sim, ha, wanted(ha), NULL);
	} else if (ha_wants(ha, "disabled")) {
		ha->failed = (struct ha_set){ 0 };
		ha->failures = 0;
		ha_become(sim, ha, "stopped", NULL);
	}
}

static void next_error(struct sim *sim, struct sim_ha *ha)
{
	if (!ha_wants(ha, "disabled"))
		return;
	ha->failed = (struct ha_set){ 0 };
	ha->failures = 0;
	ha_become(sim, ha, "stopped", NULL);
}

void ha_next(struct sim *sim, struct sim_ha *ha)
{
	struct sim_guest *g = sim_guest_find(sim, ha->vmid);

	if (!g || !*ha->crm)
		return;
	if (ha_is(ha, "stopped"))
		next_stopped(sim, ha, g);
	else if (ha_is(ha, "started"))
		next_started(sim, ha);
	else if (ha_is(ha, "request_start"))
		next_request_start(sim, ha);
	else if (ha_is(ha, "request_stop"))
		next_request_stop(sim, ha);
	else if (ha_is(ha, "recovery"))
		next_recovery(sim, ha, g);
	else if (ha_is(ha, "error"))
		next_error(sim, ha);
	else if (ha_is(ha, "freeze"))
		ha_become(sim, ha, wanted(ha), NULL);
	else if (!ha_is(ha, "fence"))
		next_move(sim, ha);
}
