/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_ha.c - guests in the hands of the HA manager: its tasks, and those that only ask it. */
#include <stdio.h>
#include <string.h>

#include "sim/ha.h"
#include "sim/lxc.h"
#include "sim/qm.h"

static const struct sim_task *begin(struct sim *sim, struct sim_guest *g,
				    const struct sim_task_kind *kind, json_t *args)
{
	char id[16];

	(void)snprintf(id, sizeof(id), "%u", g->vmid);
	return sim_task_start_on(sim, g->node, kind, id, g->vmid, args);
}

const struct sim_task *sim_qemu_ha_start(struct sim *sim, struct sim_guest *g)
{
	return begin(sim, g, g->container ? &lxc_start_kind : &qm_start_kind, NULL);
}

const struct sim_task *sim_qemu_ha_stop(struct sim *sim, struct sim_guest *g, int64_t timeout_s)
{
	if (timeout_s == 0)
		return begin(sim, g, g->container ? &lxc_stop_kind : &qm_stop_kind, NULL);
	return begin(sim, g, g->container ? &lxc_shutdown_kind : &qm_shutdown_kind,
		     json_pack("{s:I,s:i}", "timeout", (json_int_t)timeout_s, "forceStop", 1));
}

const struct sim_task *sim_qemu_ha_migrate(struct sim *sim, struct sim_guest *g,
					   const struct sim_node *to)
{
	return begin(sim, g, g->container ? &lxc_migrate_kind : &qm_migrate_kind,
		     json_pack("{s:s,s:i}", "target", to->name, "online", g->run != SIM_STOPPED));
}

void sim_qemu_node_died(struct sim *sim, struct sim_node *node)
{
	for (size_t i = 0; i < sim->guest_count; i++)
		if (sim->guests[i]->node == node && sim->guests[i]->run != SIM_STOPPED)
			qm_run(sim->guests[i], SIM_STOPPED);
	sim_ha_kick(sim);
}

/* "VM" or "CT", and the resource's name. */
static const char *kind_of(const struct sim_task *task)
{
	const struct sim_guest *g = sim_guest_find(task->sim, task->vmid);

	return g && g->container ? "CT" : "VM";
}

static const char *sid_of(const struct sim *sim, unsigned vmid)
{
	const struct sim_ha *ha = sim_ha_find(sim, vmid);

	return ha ? ha->sid : "";
}

/* What `ha-manager` says when the service has to be put right first: the worker fails with its exit code. */
static int refused(struct sim_task *task, const char *command)
{
	const struct sim_ha *ha = sim_ha_find(task->sim, task->vmid);

	if (!ha || strcmp(ha->crm, "error") != 0)
		return 0;
	sim_task_log(task, "service '%s' in error state, must be disabled and fixed first",
		     ha->sid);
	return sim_task_fail(task, "command 'ha-manager %s' failed: exit code 255", command);
}

static int64_t ask_start_work(struct sim_task *task)
{
	struct sim_ha *ha = sim_ha_find(task->sim, task->vmid);
	auto_free char *command =
		pxc_printf("set %s --state started", sid_of(task->sim, task->vmid));

	sim_task_log(task, "Requesting HA start for %s %u", kind_of(task), task->vmid);
	if (refused(task, command))
		return -1;
	if (ha)
		sim_ha_request_start(task->sim, ha);
	return 0;
}

static int64_t ask_stop_work(struct sim_task *task)
{
	const struct sim_ha *ha = sim_ha_find(task->sim, task->vmid);
	int64_t timeout_s = qm_int(task->args, "timeout", 0);
	auto_free char *command = pxc_printf("crm-command stop %s %lld",
					     sid_of(task->sim, task->vmid), (long long)timeout_s);

	sim_task_log(task, "Requesting HA stop for %s %u", kind_of(task), task->vmid);
	if (refused(task, command))
		return -1;
	if (ha)
		sim_ha_request_stop(task->sim, ha, timeout_s);
	return 0;
}

/* What ha-manager says of others: they stand in the way, and then it fails, or they come along. */
static int tell_of_others(struct sim_task *task, const char *target, const char *command)
{
	const struct sim_node *to = sim_node_find(task->sim, target);
	json_auto_t *blocking = to ? sim_ha_blocking(task->sim, task->vmid, to) : NULL;
	const char *own = sid_of(task->sim, task->vmid);
	auto_free unsigned *partners = NULL;
	size_t count = 0, i;
	json_t *one;

	if (json_array_size(blocking)) {
		sim_task_log(task, "cannot migrate resource '%s' to node '%s':", own, target);
		sim_task_log(task, "%s", "");
		json_array_foreach (blocking, i, one)
			sim_task_log(
				task,
				"- resource '%s' on target node '%s' in negative affinity with resource '%s'",
				qm_text(one, "sid", ""), target, own);
		return sim_task_fail(task, "command 'ha-manager %s' failed: exit code 255",
				     command);
	}
	sim_ha_partners(task->sim, task->vmid, &partners, &count);
	for (i = 0; i < count; i++)
		sim_task_log(
			task,
			"also migrate resource '%s' in positive affinity with resource '%s' to target node '%s'",
			sid_of(task->sim, partners[i]), own, target);
	return 0;
}

static int64_t ask_migrate_work(struct sim_task *task)
{
	const struct sim_ha *ha = sim_ha_find(task->sim, task->vmid);
	const char *target = qm_text(task->args, "target", "");
	auto_free char *command =
		pxc_printf("migrate %s %s", sid_of(task->sim, task->vmid), target);

	sim_task_log(task, "Requesting HA migration for %s %u to node %s", kind_of(task),
		     task->vmid, target);
	if (refused(task, command))
		return -1;
	if (ha)
		sim_ha_request(task->sim, ha, "migrate", target);
	return tell_of_others(task, target, command);
}

const struct sim_task_kind qm_hamigrate_kind = { "hamigrate", ask_migrate_work, NULL };
static const struct sim_task_kind hastart_kind = { "hastart", ask_start_work, NULL };
static const struct sim_task_kind hastop_kind = { "hastop", ask_stop_work, NULL };

bool qm_ask_ha(struct sim_call *call, bool on, int64_t timeout_s)
{
	char id[16];

	if (!sim_ha_managed(call->sim, call->vmid))
		return false;
	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	(void)sim_task_start(call, on ? &hastart_kind : &hastop_kind, id, call->vmid,
			     json_pack("{s:I}", "timeout", (json_int_t)timeout_s));
	return true;
}
