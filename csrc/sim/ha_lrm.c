/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_lrm.c - every node's LRM: the manager's orders become tasks, and their ends become results. */
#include <string.h>

#include "sim/ha_manager.h"

#define IDLE_ROUNDS 90 /* without services until it lets go of its lock */
#define MAX_WORKERS 4  /* at once, unless the datacenter says otherwise */
#define STOP_TIMEOUT_S 60

static const struct sim_task *running(const struct sim *sim, const char *upid)
{
	for (const struct sim_task *task = sim->running; task; task = task->next_running)
		if (!strcmp(task->upid, upid))
			return task;
	return NULL;
}

/* The order's task has ended, or nothing had to be done. */
static void conclude(struct sim *sim, struct sim_ha *ha, enum ha_result result)
{
	ha->result = (int)result;
	ha->fresh = false;
	ha->tries = 0;
	/* time stands still: the manager has to look again to see it */
	sim->crm->changed |= !ha_is(ha, "started") || !ha->running || result != HA_DONE;
}

static void begin(struct sim_ha *ha, const struct sim_task *task)
{
	free(ha->upid);
	ha->upid = pxc_strdup(task->upid);
	ha->fresh = false;
	ha->tries++;
}

static void start(struct sim *sim, struct sim_ha *ha, struct sim_guest *g)
{
	if (g->run != SIM_STOPPED)
		conclude(sim, ha, HA_DONE);
	else if ((int64_t)ha->tries > ha_option(ha, "max_restart", 1))
		conclude(sim, ha, HA_FAILED);
	else
		begin(ha, sim_qemu_ha_start(sim, g));
}

static void stop(struct sim *sim, struct sim_ha *ha, struct sim_guest *g)
{
	if (g->run == SIM_STOPPED)
		conclude(sim, ha, HA_DONE);
	else if (ha->tries)
		conclude(sim, ha, HA_FAILED);
	else
		begin(ha,
		      sim_qemu_ha_stop(sim, g, ha->timeout_s < 0 ? STOP_TIMEOUT_S : ha->timeout_s));
}

/* A relocation stops the guest first, as every move of a container; a start elsewhere is only for one that is off. */
static void move(struct sim *sim, struct sim_ha *ha, struct sim_guest *g)
{
	bool off = g->run == SIM_STOPPED, stops = g->container || ha_is(ha, "relocate");

	if (g->node == ha->target)
		conclude(sim, ha, HA_DONE);
	else if (ha_is(ha, "request_start_balance") && !off)
		conclude(sim, ha, HA_IGNORED);
	else if (stops && !off && !ha->tries)
		begin(ha, sim_qemu_ha_stop(sim, g, STOP_TIMEOUT_S));
	else if (ha->tries > stops)
		conclude(sim, ha, HA_FAILED);
	else
		begin(ha, sim_qemu_ha_migrate(sim, g, ha->target));
}

static void carry_out(struct sim *sim, struct sim_ha *ha, struct sim_guest *g)
{
	if (ha_is(ha, "started"))
		start(sim, ha, g);
	else if (ha_is(ha, "request_stop") || ha_is(ha, "stopped"))
		stop(sim, ha, g);
	else if (ha_is(ha, "migrate") || ha_is(ha, "relocate") ||
		 ha_is(ha, "request_start_balance"))
		move(sim, ha, g);
}

/* What it was at is over: does the manager still want the same? */
static void task_ended(struct sim_ha *ha)
{
	free(ha->upid);
	ha->upid = NULL;
	if (ha->fresh)
		ha->tries = 0;
}

static void serve(struct sim *sim, struct sim_ha *ha, unsigned *workers)
{
	struct sim_guest *g = sim_guest_find(sim, ha->vmid);
	json_int_t most = json_integer_value(json_object_get(sim->dc, "max_workers"));

	if (!g || !g->node->online || ha_is(ha, "freeze") || ha_is(ha, "error"))
		return;
	for (;;) {
		unsigned *here = &workers[g->node->number - 1];

		if (ha->upid && running(sim, ha->upid))
			return;
		if (ha->upid)
			task_ended(ha);
		if (ha->result != HA_NONE || (json_int_t)*here >= (most > 0 ? most : MAX_WORKERS))
			return;
		carry_out(sim, ha, g);
		if (!ha->upid)
			return;
		++*here;
	}
}

static void keep_locks(struct sim *sim, const size_t *services)
{
	for (size_t i = 0; i < sim->node_count; i++) {
		struct ha_node *n = &sim->crm->nodes[i];

		n->idle_rounds = services[i] ? 0 : n->idle_rounds + 1;
		n->lrm_active = sim->nodes[i].online && sim->crm->arm == HA_ARMED &&
				(services[i] || (n->lrm_active && n->idle_rounds < IDLE_ROUNDS));
	}
}

static void count_workers(const struct sim *sim, unsigned *workers)
{
	for (size_t i = 0; i < sim->ha.count; i++) {
		const struct sim_ha *ha = sim->ha.entries[i].value;
		const struct sim_task *task = ha->upid ? running(sim, ha->upid) : NULL;

		if (task)
			workers[task->node->number - 1]++;
	}
}

static void serve_all(struct sim *sim, bool begun_only)
{
	unsigned workers[SIM_MAX_NODES] = { 0 };

	count_workers(sim, workers);
	for (size_t i = 0; i < sim->ha.count; i++) {
		struct sim_ha *ha = sim->ha.entries[i].value;

		if (*ha->crm && (ha->upid || !begun_only))
			serve(sim, ha, workers);
	}
}

void ha_lrm_report(struct sim *sim)
{
	serve_all(sim, true);
}

void ha_lrm(struct sim *sim)
{
	size_t services[SIM_MAX_NODES] = { 0 };

	serve_all(sim, false);
	for (size_t i = 0; i < sim->ha.count; i++) {
		const struct sim_ha *ha = sim->ha.entries[i].value;

		if (*ha->crm && ha->node)
			services[ha->node->number - 1]++;
	}
	keep_locks(sim, services);
}
