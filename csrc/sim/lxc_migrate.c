/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lxc_migrate.c - containers move between nodes: stopped, copied, and started again where they ran.
 *
 * There is no live migration of containers.
 */
#include <stdio.h>
#include <string.h>

#include "sim/lxc.h"
#include "sim/migration.h"
#include "sim/qm.h"
#include "sim/qm_migrate.h"

#define CONNECT_MS 1000
#define SHUTDOWN_MS 3000
#define START_MS 2000

enum { LOOK, STOPPED, COPIED, STARTED };

/* Its volumes that lie on its node; moved to another node, or only counted (to NULL). */
static uint64_t local_volumes(struct sim_task *task, const struct sim_guest *ct,
			      struct sim_node *to, bool tell)
{
	uint64_t bytes = 0;
	json_t *value;
	const char *key;

	json_object_foreach (ct->config, key, value) {
		bool volume = !strcmp(key, "rootfs") || qm_family(key, "mp");
		struct sim_volume *v = volume ? qm_volume(ct, json_string_value(value)) : NULL;

		if (!v)
			continue;
		if (tell && !v->node)
			qm_migrate_log(task, "volume '%s' is on shared storage '%s'", v->volid,
				       v->storage->id);
		if (!v->node)
			continue;
		if (tell)
			qm_migrate_log(task, "found local volume '%s' (in current VM config)",
				       v->volid);
		bytes += sim_volume_written(v);
		if (to)
			sim_volume_move_node(ct->sim, v, to);
	}
	return bytes;
}

static int64_t look(struct sim_task *task, struct sim_guest *ct, const struct sim_node *to)
{
	bool running = ct->run != SIM_STOPPED;
	const char *why = NULL;

	if (ct->lock)
		why = "CT is locked";
	else if (running && qm_int(task->args, "online", 0))
		why = "lxc live migration is currently not implemented";
	else if (running && !qm_int(task->args, "restart", 0))
		why = "running container can only be migrated in restart mode";
	else if (!to->online)
		why = "Can't connect to destination address using public key";
	if (why)
		return qm_migrate_abort(task, why);
	(void)json_object_set_new(task->args, "ran", json_integer(running));
	if (running)
		qm_migrate_log(task, "shutdown CT %u", ct->vmid);
	qm_migrate_log(task, "starting migration of CT %u to node '%s' (%s)", ct->vmid, to->name,
		       to->ip);
	sim_guest_set_lock(ct, "migrate");
	return running ? SHUTDOWN_MS : CONNECT_MS;
}

static int64_t finish(struct sim_task *task)
{
	qm_migrate_log_end(task);
	return 0;
}

static int64_t work(struct sim_task *task)
{
	struct sim_guest *ct = sim_guest_find(task->sim, task->vmid);
	struct sim_node *to = sim_node_find(task->sim, qm_text(task->args, "target", ""));
	uint64_t bytes;

	sim_flow_end(task);
	if (!ct || !to || (ct->node != task->node && task->stage != STARTED))
		return sim_task_fail(task,
				     "Configuration file 'nodes/%s/lxc/%u.conf' does not exist",
				     task->node->name, task->vmid);
	switch (task->stage) {
	case LOOK:
		return look(task, ct, to);
	case STOPPED:
		qm_run(ct, SIM_STOPPED);
		bytes = local_volumes(task, ct, NULL, true);
		return bytes ? sim_flow_begin(task, to, bytes, 0) : 1;
	case COPIED:
		(void)local_volumes(task, ct, to, false);
		ct->node = to;
		sim_guest_set_lock(ct, NULL);
		qm_migrate_log(task, "start final cleanup");
		if (!qm_int(task->args, "ran", 0))
			return finish(task);
		qm_migrate_log(task, "start container on target node");
		return START_MS;
	default:
		if (to->online && ct->run == SIM_STOPPED)
			qm_run(ct, SIM_RUNNING);
		return finish(task);
	}
}

/* Ended from outside: it is off, where it is. */
static void abort_work(struct sim_task *task)
{
	struct sim_guest *ct = sim_guest_find(task->sim, task->vmid);

	sim_flow_end(task);
	if (ct && ct->lock && !strcmp(ct->lock, "migrate"))
		sim_guest_set_lock(ct, NULL);
}

const struct sim_task_kind lxc_migrate_kind = { "vzmigrate", work, abort_work };
