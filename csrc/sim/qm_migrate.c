/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qm_migrate.c - guests move between nodes: the task.
 *
 * Stages: look and lock; local volumes that do not run are copied; QEMU is started on the other node, where it has
 * the guest's memory from then on; memory and running volumes are sent; the guest goes on there. Over the network goes the
 * memory that the guest has touched, and a second time the share of it that its processors are busy: what they write
 * meanwhile has to be sent again.
 */
#include "sim/qm_migrate.h"

#include <stdio.h>
#include <string.h>

#include "sim/migration.h"
#include "sim/qm.h"

#define CONNECT_MS 1000
#define START_MS 2000
#define SWITCH_MS 1000
#define MIB 1048576.0

enum { LOOK, COPIED, STARTED, SENT, SWITCHED };

/* Of the request, or of the datacenter's option "migration". */
static const char *setting(const struct sim_task *task, const char *arg, const char *key,
			   const char *otherwise)
{
	const char *own = qm_text(task->args, arg, NULL);

	return own ? own : qm_text(json_object_get(task->sim->dc, "migration"), key, otherwise);
}

/* The node's address in the migration network: there every node has the same number as elsewhere. New string. */
static char *address(const struct sim_task *task, const struct sim_node *node)
{
	const char *network = setting(task, "migration_network", "network", NULL);
	unsigned a, b, c;

	if (!network || sscanf(network, "%u.%u.%u.", &a, &b, &c) != 3)
		return pxc_strdup(node->ip);
	return pxc_printf("%u.%u.%u%s", a, b, c, strrchr(node->ip, '.'));
}

/* Bytes a second; 0 = no limit. The option's parts are KiB a second. */
static uint64_t limit(const struct sim_task *task)
{
	const json_t *all = json_object_get(task->sim->dc, "bwlimit");
	const char *text = qm_text(all, "migration", qm_text(all, "default", "0"));
	int64_t kib =
		qm_int(all, "migration", qm_int(all, "default", (int64_t)strtoull(text, NULL, 10)));

	return (uint64_t)qm_int(task->args, "bwlimit", kib) << 10;
}

/* ---- the stages ------------------------------------------------------------------------------------------- */

static int64_t look(struct sim_task *task, struct sim_guest *g, const struct sim_node *to)
{
	const char *network = setting(task, "migration_network", "network", NULL);
	auto_free char *trouble = NULL, *ip = address(task, to);
	struct qm_copies copies;

	if (g->lock) {
		auto_free char *why = pxc_printf("VM is locked (%s)", g->lock);

		return qm_migrate_abort(task, why);
	}
	if (g->run != SIM_STOPPED && !qm_int(task->args, "online", 0))
		return qm_migrate_abort(task, "can't migrate running VM without --online");
	if (g->run != SIM_STOPPED && !qm_int(task->args, "with-conntrack-state", 0))
		qm_migrate_log(
			task,
			"conntrack state migration not supported or disabled, active connections might get dropped");
	trouble = qm_migrate_prepare(task, g, to);
	if (trouble)
		return qm_migrate_abort(task, trouble);
	if (network)
		qm_migrate_log(task,
			       "use dedicated network address for sending migration traffic (%s)",
			       ip);
	qm_migrate_log(task, "starting migration of VM %u to node '%s' (%s)", g->vmid, to->name,
		       ip);
	sim_guest_set_lock(g, "migrate");
	if (qm_migrate_scan(task, g, to, &copies) < 0)
		return -1;
	(void)json_object_set_new(task->args, "disk-bytes",
				  json_integer((json_int_t)copies.online_bytes));
	if (!copies.offline_bytes)
		return CONNECT_MS;
	qm_migrate_log(task, "copying local disk images");
	return sim_flow_begin(task, to, copies.offline_bytes, limit(task));
}

static int64_t finish(struct sim_task *task, struct sim_guest *g, struct sim_node *to)
{
	qm_arrive(g, to, qm_text(task->args, "targetstorage", NULL));
	qm_migrate_log_end(task);
	return 0;
}

/* QEMU is started over there; if that fails, the guest stays. */
static int64_t start_there(struct sim_task *task, struct sim_guest *g, struct sim_node *to)
{
	char name[64];
	struct sim_use use;
	const char *why;

	sim_guest_grow(g);
	sim_guest_use(g, &use);
	qm_migrate_log(task, "starting VM %u on remote node '%s'", g->vmid, to->name);
	why = qm_no_start(g, to, use.host_bytes);
	if (qm_missing_bridge(g, to, name)) {
		qm_migrate_log(task, "[%s] bridge '%s' does not exist", to->name, name);
	} else if (why) {
		qm_migrate_log(task, "[%s] kvm: %s", to->name, why);
		qm_migrate_log(task, "[%s] start failed: QEMU exited with code 1", to->name);
	} else {
		g->arriving = to;
		return START_MS;
	}
	return qm_migrate_abort_phase2(task, g, "remote command failed with exit code 255");
}

/* Cache for pages that are sent again: a tenth of the memory, made a power of two. */
static double cache_mib(const struct sim_guest *g)
{
	double want = (double)qm_memory_bytes(g->config) / MIB / 10, cache = 1;

	while (cache < want)
		cache *= 2;
	return cache;
}

static void log_disks(struct sim_task *task, const struct sim_guest *g)
{
	json_auto_t *local = qm_local_volids(g);
	const char *volid;
	json_t *one;

	qm_migrate_log(task, "starting storage migration");
	json_object_foreach (local, volid, one)
		if (json_object_get(one, "drivename"))
			qm_migrate_log(
				task,
				"%s: start migration to nbd:unix:/run/qemu-server/%u_nbd.migrate:exportname=drive-%s",
				qm_text(one, "drivename", ""), g->vmid,
				qm_text(one, "drivename", ""));
	qm_migrate_log(task, "switching mirror jobs to actively synced mode");
}

static int64_t send_memory(struct sim_task *task, struct sim_guest *g, struct sim_node *to)
{
	uint64_t disks = (uint64_t)qm_int(task->args, "disk-bytes", 0);
	bool secure = strcmp(setting(task, "migration_type", "type", "secure"), "insecure") != 0;
	auto_free char *ip = address(task, to),
		       *uri = secure ? pxc_printf("unix:/run/qemu-server/%u.migrate", g->vmid)
				     : pxc_printf("tcp:%s:60000", ip);
	struct sim_use use;

	sim_guest_use(g, &use);
	qm_migrate_log(task, "start remote tunnel");
	qm_migrate_log(task, "ssh tunnel ver 1");
	if (disks)
		log_disks(task, g);
	qm_migrate_log(task, "starting online/live migration on %s", uri);
	qm_migrate_log(task, "set migration capabilities");
	if (limit(task))
		qm_migrate_log(task, "migration speed limit: %.1f MiB/s",
			       (double)limit(task) / MIB);
	qm_migrate_log(task, "migration downtime limit: 100 ms");
	qm_migrate_log(task, "migration cachesize: %.1f MiB", cache_mib(g));
	qm_migrate_log(task, "set migration parameters");
	qm_migrate_log(task, "start migrate command to %s", uri);
	(void)json_object_set_new(task->args, "sent-ms", json_integer(task->sim->now_ms));
	return sim_flow_begin(task, to, (uint64_t)((double)use.host_bytes * (1 + use.cpu)) + disks,
			      limit(task));
}

static int64_t switch_over(struct sim_task *task, const struct sim_guest *g)
{
	double s = (double)(task->sim->now_ms - qm_int(task->args, "sent-ms", 0)) / 1000;
	struct sim_use use;

	sim_guest_use(g, &use);
	/* PVE looks once a second */
	qm_migrate_log(task, "average migration speed: %.1f MiB/s - downtime 50 ms",
		       (double)qm_memory_bytes(g->config) / MIB / (s < 1 ? 1 : s));
	qm_migrate_log(task, "migration completed, transferred %.1f MiB VM-state",
		       (double)use.host_bytes / MIB);
	qm_migrate_log(task, "migration status: completed");
	if (qm_int(task->args, "disk-bytes", 0))
		qm_migrate_log(task, "stopping NBD storage migration server on target.");
	return SWITCH_MS;
}

static int64_t migrate_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	struct sim_node *to = sim_node_find(task->sim, qm_text(task->args, "target", ""));

	sim_flow_end(task);
	if (!g || g->node != task->node)
		return sim_task_fail(
			task, "Configuration file 'nodes/%s/qemu-server/%u.conf' does not exist",
			task->node->name, task->vmid);
	if (!to)
		return qm_migrate_abort(task, "no such node");
	if (task->stage == LOOK)
		return look(task, g, to);
	if (!to->online)
		return qm_migrate_abort_phase2(task, g, "aborting");
	if (g->run == SIM_STOPPED)
		return finish(task, g, to);
	switch (task->stage) {
	case COPIED:
		return start_there(task, g, to);
	case STARTED:
		return send_memory(task, g, to);
	case SENT:
		return switch_over(task, g);
	default:
		g->arriving = NULL;
		return finish(task, g, to);
	}
}

/* Ended from outside. */
static void migrate_abort(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);

	sim_flow_end(task);
	if (g)
		qm_migrate_unlock(g);
}

const struct sim_task_kind qm_migrate_kind = { "qmigrate", migrate_work, migrate_abort };
