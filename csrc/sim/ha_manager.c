/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_manager.c - the manager's rounds: who it is, what it looks at, and what it does with each service. */
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

bool ha_wants(const struct sim_ha *ha, const char *state)
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
	ha->failed = (struct ha_set){ 0 };
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

/* Services come and go as the configuration says. */
static void track(struct sim *sim)
{
	for (size_t i = 0; i < sim->ha.count; i++) {
		struct sim_ha *ha = sim->ha.entries[i].value;
		const struct sim_guest *g = sim_guest_find(sim, ha->vmid);

		if (ha_wants(ha, "ignored")) {
			ha_forget(ha);
		} else if (!*ha->crm && g) {
			ha->node = g->node;
			ha_become(sim, ha,
				  ha_wants(ha, "started") ? "request_start" : "request_stop", NULL);
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
			ha_next(sim, ha);
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
		ha_lrm_report(sim);
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
