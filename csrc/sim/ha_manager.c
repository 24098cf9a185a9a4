/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_manager.c - the manager's rounds: from what is asked for to what is to be done next, state by state. */
#include "sim/ha_manager.h"

#include <stdio.h>
#include <string.h>

#define MASTER_LOCK_MS 120000 /* so long a dead master keeps its lock */
#define IDLE_ROUNDS 90        /* without services until CRM and LRM let go of their locks */
#define MAX_SPINS 60

bool ha_is(const struct sim_ha *ha, const char *crm)
{
	return !strcmp(ha->crm, crm);
}

static bool wants(const struct sim_ha *ha, const char *state)
{
	return !strcmp(ha->state, state);
}

bool ha_over(const struct sim *sim, int64_t since_ms, int64_t ms)
{
	return sim->options.speed <= 0 || sim->now_ms - since_ms >= ms;
}

int64_t ha_option(const struct sim_ha *ha, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(ha->config, key);

	return value ? json_integer_value(value) : otherwise;
}

bool ha_failback(const struct sim *sim, const struct sim_ha *ha)
{
	const json_t *group = json_object_get(
		sim->crm->groups, json_string_value(json_object_get(ha->config, "group")));

	if (group)
		return !json_integer_value(json_object_get(group, "nofailback"));
	return ha_option(ha, "failback", 1) != 0;
}

void ha_become(struct sim *sim, struct sim_ha *ha, const char *crm, struct sim_node *target)
{
	(void)snprintf(ha->crm, sizeof(ha->crm), "%s", crm);
	ha->target = target;
	*ha->command = 0;
	ha->command_node = NULL;
	ha->running = false;
	ha->timeout_s = -1;
	ha->fresh = true;
	ha->tries = 0;
	ha->result = HA_NONE;
	sim->crm->changed = true;
}

void ha_forget(struct sim_ha *ha)
{
	*ha->crm = 0;
	*ha->command = 0;
	ha->node = ha->target = ha->back = ha->command_node = NULL;
	ha->failed = 0;
	ha->failures = 0;
	ha->running = false;
	ha->result = HA_NONE;
}

void ha_move(struct sim *sim, struct sim_ha *ha, const char *what, struct sim_node *to)
{
	json_auto_t *blocking = sim_ha_blocking(sim, ha->vmid, to);

	if (json_array_size(blocking))
		return;
	(void)snprintf(ha->command, sizeof(ha->command), "%s", what);
	ha->command_node = to;
	for (size_t i = 0; i < ha->ntogether; i++) {
		struct sim_ha *other = ha->together[i];

		if (!*other->crm || other->node == to || other->target == to)
			continue;
		(void)snprintf(other->command, sizeof(other->command), "%s", what);
		other->command_node = to;
	}
	sim->crm->changed = true;
}

/* Where it wants to be after a move, or out of a freeze. */
static const char *wanted(const struct sim_ha *ha)
{
	return wants(ha, "started") ? "started" : "request_stop";
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
	if (wants(ha, "disabled"))
		return;
	if (ha_node(sim, ha->node)->state != HA_MAINTENANCE && fence_if_lost(sim, ha))
		return;
	if (wants(ha, "started"))
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
	ha->failed |= ha_bit(ha->node);
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
		ha->failed = 0;
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
		ha_become(sim, ha, "migrate", to);
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
	if (!wants(ha, "started")) {
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
	} else if (wants(ha, "disabled")) {
		ha->failed = 0;
		ha->failures = 0;
		ha_become(sim, ha, "stopped", NULL);
	}
}

static void next_error(struct sim *sim, struct sim_ha *ha)
{
	if (!wants(ha, "disabled"))
		return;
	ha->failed = 0;
	ha->failures = 0;
	ha_become(sim, ha, "stopped", NULL);
}

static void next(struct sim *sim, struct sim_ha *ha)
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

/* Services come and go as the configuration says. */
static void track(struct sim *sim)
{
	for (size_t i = 0; i < sim->ha.count; i++) {
		struct sim_ha *ha = sim->ha.entries[i].value;
		const struct sim_guest *g = sim_guest_find(sim, ha->vmid);

		if (wants(ha, "ignored")) {
			ha_forget(ha);
		} else if (!*ha->crm && g) {
			ha->node = g->node;
			ha_become(sim, ha, wants(ha, "started") ? "request_start" : "request_stop",
				  NULL);
		}
	}
}

/* Those on nodes that are off for certain can begin elsewhere. true: there are such */
static bool recover(struct sim *sim)
{
	bool some = false;

	for (size_t i = 0; i < sim->ha.count; i++) {
		struct sim_ha *ha = sim->ha.entries[i].value;

		if (!ha_is(ha, "fence") || !ha_node_fence(sim, ha->node))
			continue;
		ha_become(sim, ha, "recovery", NULL);
		some = true;
	}
	return some;
}

static void manage(struct sim *sim)
{
	bool again = true;

	for (unsigned pass = 0; again && pass < 20; pass++) {
		again = false;
		for (size_t i = 0; i < sim->ha.count; i++) {
			struct sim_ha *ha = sim->ha.entries[i].value;
			char before[sizeof(ha->crm)];

			memcpy(before, ha->crm, sizeof(before));
			next(sim, ha);
			again |= strcmp(before, ha->crm) != 0;
		}
		again |= recover(sim);
	}
}

/* Frozen, or not followed at all, as long as the stack is disarmed. */
static void stand_by(struct sim *sim)
{
	struct sim_crm *crm = sim->crm;

	for (size_t i = 0; i < sim->ha.count; i++) {
		struct sim_ha *ha = sim->ha.entries[i].value;

		if (!strcmp(crm->resource_mode, "ignore"))
			ha_forget(ha);
		else if (*ha->crm && !ha_is(ha, "freeze") && !ha->upid)
			ha_become(sim, ha, "freeze", NULL);
	}
	crm->changed |= crm->arm == HA_DISARMING;
	crm->arm = HA_DISARMED;
}

/* Is there a master? A dead one's lock has to run out first. */
static bool elect(struct sim *sim)
{
	struct sim_crm *crm = sim->crm;

	if (!crm->master && !sim->ha.count && !json_array_size(crm->commands))
		return false; /* nothing has ever been asked of it */
	if (crm->master && crm->master->online)
		return true;
	if (crm->master && !ha_over(sim, crm->written_ms, MASTER_LOCK_MS))
		return false;
	crm->compiled &= crm->master != NULL;
	crm->master = sim_node_local(sim);
	return crm->master && crm->master->online;
}

static void look(struct sim *sim)
{
	ha_nodes_update(sim);
	if (sim->crm->arm == HA_ARMED)
		track(sim);
	ha_compile(sim);
	ha_read_commands(sim);
	if (sim->crm->arm == HA_ARMED) {
		manage(sim);
		ha_balance(sim);
	} else {
		stand_by(sim);
	}
	sim->crm->written_ms = sim->now_ms;
}

static void tick(struct sim *sim, json_t *ctx);

static void schedule(struct sim *sim)
{
	if (sim->crm->ticking)
		return;
	sim->crm->ticking = true;
	sim_later(sim, HA_ROUND_MS, tick, NULL);
}

static void tick(struct sim *sim, json_t *ctx)
{
	struct sim_crm *crm = sim->crm;

	(void)ctx;
	crm->ticking = false;
	crm->changed = false;
	if (sim->quorate) {
		if (elect(sim))
			look(sim);
		ha_lrm(sim);
	}
	crm->idle_rounds = sim->ha.count ? 0 : crm->idle_rounds + 1;
	if (sim->options.speed > 0 ? crm->idle_rounds < IDLE_ROUNDS
				   : crm->changed && ++crm->spins < MAX_SPINS)
		schedule(sim);
}

void sim_ha_kick(struct sim *sim)
{
	sim->crm->spins = 0;
	sim->crm->idle_rounds = 0;
	schedule(sim);
}
