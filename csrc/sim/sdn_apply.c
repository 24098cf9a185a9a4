/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdn_apply.c - PUT /cluster/sdn: the configuration becomes the running one, and every node is asked to reload.
 *
 * As in PVE the task that asks them knows nothing of how they fare: each reload is a task of its own, and a node that
 * cannot be asked is a line in the log.
 */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/sdn.h"
#include "sim/state.h"

#define ASK_MS 700 /* pvesh starts, and answers */
#define RELOAD_MS 2000

/* ifreload brings up what the file says, or fails half-way: then what was there stays. */
static int64_t reload_work(struct sim_task *task)
{
	struct sim_node *node = task->node;

	if (task->stage == 0)
		return RELOAD_MS;
	json_decref(node->sdn_file);
	node->sdn_file = json_incref(task->sim->sdn->running);
	if (node->reload_fails)
		return sim_task_fail(task, "command 'ifreload -a' failed: exit code 1");
	json_decref(node->sdn_links);
	node->sdn_links = json_incref(node->sdn_file);
	return 0;
}

const struct sim_task_kind sdn_reload_kind = { "srvreload", reload_work, NULL };

static void ask_node(struct sim_task *task, struct sim_node *node)
{
	auto_free char *path = pxc_printf("/nodes/%s/network", node->name);
	const char *why;

	sim_task_log(task, "%s: reloading network config", node->name);
	why = sim_faults_enter(task->sim, "PUT", path);
	if (!node->online)
		sim_task_log(task, "ssh: connect to host %s port 22: No route to host", node->ip);
	else if (why)
		sim_task_log(task, "%s", why);
	if (!node->online || why)
		sim_task_log(task, "command 'pvesh set %s%s' failed: exit code 255", path,
			     sdn_old(task->sim) ? "" : " --regenerate-frr 0");
	else
		sim_task_start_on(task->sim, node, &sdn_reload_kind, "networking", 0, NULL);
	sim_faults_leave(task->sim);
}

/* One node a stage; the first is asked when the task has begun. */
static int64_t apply_work(struct sim_task *task)
{
	struct sim *sim = task->sim;

	if (task->stage > 0)
		ask_node(task, &sim->nodes[task->stage - 1]);
	else if (!sim->quorate)
		return sim_task_fail(task, "cluster not ready - no quorum?");
	return task->stage < sim->node_count ? ASK_MS : 0;
}

static const struct sim_task_kind apply_kind = { "reloadnetworkall", apply_work, NULL };

static int put_sdn(struct sim_call *call)
{
	if (sdn_old(call->sim) ? sim_need_quorum(call) < 0
			       : sdn_guard(call, "could not commit SDN config") < 0)
		return -1;
	sdn_commit(call->sim);
	sdn_unlock_after(call);
	return sim_task_start(call, &apply_kind, "", 0, NULL);
}

static int put_network(struct sim_call *call)
{
	return sim_task_start(call, &sdn_reload_kind, "networking", 0, NULL);
}

static const struct sim_param apply_params[] = {
	{ .name = "lock-token", .flags = SIM_NEW },
	{ .name = "release-lock", .type = SIM_BOOL, .flags = SIM_NEW },
	{ 0 },
};
static const struct sim_param reload_params[] = {
	{ .name = "regenerate-frr", .type = SIM_BOOL, .flags = SIM_NEW },
	{ 0 },
};

const struct sim_route sim_sdn_apply_routes[] = {
	{ "PUT", "/cluster/sdn", put_sdn, apply_params, NULL, "/sdn SDN.Allocate", 0 },
	{ "PUT", "/nodes/{node}/network", put_network, reload_params, NULL,
	  "/nodes/{node} Sys.Modify", 0 },
	{ 0 },
};
