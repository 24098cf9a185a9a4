/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_migrate.c - guests move between nodes. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

#define MIGRATE_MS 5000
#define HA_ROUND_MS 10000

static struct sim_volume *volume_of(const struct sim_guest *g, const char *text)
{
	auto_free char *volid = qm_volid(text);

	return volid ? sim_volume_find(g->sim, volid, g->node) : NULL;
}

static json_t *local_disk(const struct sim_volume *v, const char *key, const char *text)
{
	bool attached = qm_is_drive(key);
	json_t *disk =
		json_pack("{s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "volid", v->volid, "cdrom",
			  (int)(strstr(text, "media=cdrom") != NULL), "is_unused", (int)!attached,
			  "is_attached", (int)attached, "is_vmstate", 0, "is_tpmstate",
			  (int)qm_family(key, "tpmstate"), "is_cloudinit",
			  (int)(strstr(text, "cloudinit") != NULL), "shared", 0, "replicate", 1);

	if (attached) {
		(void)json_object_set_new(disk, "size", json_integer((json_int_t)v->size_bytes));
		(void)json_object_set_new(disk, "drivename", json_string(key));
	}
	return disk;
}

static json_t *local_disks(const struct sim_guest *g)
{
	json_t *list = json_array(), *value;
	const char *key;

	json_object_foreach (g->config, key, value) {
		const char *text = json_string_value(value);
		const struct sim_volume *v =
			qm_is_drive(key) || qm_is_unused(key) ? volume_of(g, text) : NULL;

		if (v && v->node)
			(void)json_array_append_new(list, local_disk(v, key, text));
	}
	return list;
}

/* Storages of the guest that the node does not have. */
static json_t *missing_storages(const struct sim_guest *g, const struct sim_node *node)
{
	json_t *list = json_array(), *value;
	const char *key;

	json_object_foreach (g->config, key, value) {
		const struct sim_volume *v =
			qm_is_drive(key) ? volume_of(g, json_string_value(value)) : NULL;

		if (v && !sim_storage_on(v->storage, node))
			(void)json_array_append_new(list, json_string(v->storage->id));
	}
	return list;
}

static int get_migrate(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	json_t *allowed, *refused;

	if (!g)
		return -1;
	allowed = json_array();
	refused = json_object();
	for (size_t i = 0; i < call->sim->node_count; i++) {
		const struct sim_node *n = &call->sim->nodes[i];
		json_t *missing;

		if (n == g->node || !n->online)
			continue;
		missing = missing_storages(g, n);
		if (json_array_size(missing) == 0) {
			json_decref(missing);
			(void)json_array_append_new(allowed, json_string(n->name));
			(void)json_object_set_new(refused, n->name, json_object());
		} else {
			(void)json_object_set_new(
				refused, n->name,
				json_pack("{s:o}", "unavailable_storages", missing));
		}
	}
	call->data = json_pack("{s:i,s:o,s:o,s:o,s:[],s:[],s:{},s:i}", "running",
			       g->run != SIM_STOPPED, "allowed_nodes", allowed, "not_allowed_nodes",
			       refused, "local_disks", local_disks(g), "local_resources",
			       "mapped-resources", "mapped-resource-info", "has-dbus-vmstate", 1);
	return 0;
}

static void arrive(struct sim *sim, struct sim_guest *g, struct sim_node *to)
{
	const char *key;
	json_t *value;

	json_object_foreach (g->config, key, value) {
		struct sim_volume *v = qm_is_drive(key) || qm_is_unused(key)
					       ? volume_of(g, json_string_value(value))
					       : NULL;

		if (v && v->node == g->node)
			sim_volume_move_node(sim, v, to);
	}
	g->node = to;
	if (g->run != SIM_STOPPED)
		g->pid = ++to->next_pid;
	sim_guest_set_lock(g, NULL);
	sim_guest_touch(g);
}

static int64_t migrate_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	struct sim_node *to = sim_node_find(task->sim, qm_text(task->args, "target", ""));
	bool online = qm_int(task->args, "online", 0) != 0,
	     with_disks = qm_int(task->args, "with-local-disks", 0) != 0;
	json_auto_t *local = g ? local_disks(g) : NULL;

	if (!g || g->node != task->node)
		return sim_task_fail(
			task, "Configuration file 'nodes/%s/qemu-server/%u.conf' does not exist",
			task->node->name, task->vmid);
	if (task->stage == 0) {
		if (g->lock)
			return sim_task_fail(task, "VM is locked (%s)", g->lock);
		if (g->run != SIM_STOPPED && json_array_size(local) && online && !with_disks)
			return sim_task_fail(
				task,
				"Problem found while scanning volumes - can't live migrate attached "
				"local disks without with-local-disks option");
		sim_guest_set_lock(g, "migrate");
		return MIGRATE_MS;
	}
	if (!to || !to->online) {
		sim_guest_set_lock(g, NULL);
		return sim_task_fail(task, "Can't connect to destination address using public key");
	}
	arrive(task->sim, g, to);
	return 0;
}

static void migrate_abort(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);

	if (g && g->lock && !strcmp(g->lock, "migrate"))
		sim_guest_set_lock(g, NULL);
}

static int64_t ask_work(struct sim_task *task)
{
	sim_task_log(task, "Requesting HA migration for VM %u to node %s", task->vmid,
		     qm_text(task->args, "target", ""));
	return 0;
}

static const struct sim_task_kind migrate_kind = { "qmigrate", migrate_work, migrate_abort };
static const struct sim_task_kind hamigrate_kind = { "hamigrate", ask_work, NULL };

/* The manager's round: the move begins, or waits for the next round when the guest is busy. */
static void ha_round(struct sim *sim, json_t *ctx)
{
	unsigned vmid = (unsigned)qm_int(ctx, "vmid", 0);
	struct sim_guest *g = sim_guest_find(sim, vmid);
	struct sim_ha *ha = sim_ha_find(sim, vmid);
	const struct sim_node *to = ha ? sim_node_find(sim, ha->target) : NULL;
	char id[16];

	if (!g || !to || to == g->node || !to->online || !g->node->online)
		return;
	if (g->lock || g->busy) {
		sim_later(sim, HA_ROUND_MS, ha_round, json_incref(ctx));
		return;
	}
	(void)snprintf(id, sizeof(id), "%u", g->vmid);
	(void)sim_task_start_on(sim, g->node, &migrate_kind, id, g->vmid,
				json_pack("{s:s,s:i}", "target", to->name, "online", 1));
}

void sim_qemu_ha_move(struct sim *sim, struct sim_ha *ha, const char *node)
{
	(void)snprintf(ha->target, sizeof(ha->target), "%s", node);
	sim_later(sim, HA_ROUND_MS, ha_round, json_pack("{s:i}", "vmid", (int)ha->vmid));
}

static int post_migrate(struct sim_call *call)
{
	const char *target = sim_arg(call, "target"), *storage = sim_arg(call, "targetstorage");
	struct sim_node *to = sim_node_find(call->sim, target);
	struct sim_guest *g;
	char id[16];

	if (!strcmp(target, call->node->name))
		return sim_param_error(call, "target", "target is local node.");
	if (!to)
		return sim_fail(call, 500, "no such cluster node '%s'", target);
	g = qm_guest(call);
	if (!g)
		return -1;
	(void)snprintf(id, sizeof(id), "%u", g->vmid);
	if (sim_ha_find(call->sim, g->vmid)) {
		sim_qemu_ha_move(call->sim, sim_ha_find(call->sim, g->vmid), target);
		return sim_task_start(call, &hamigrate_kind, id, g->vmid,
				      json_pack("{s:s}", "target", target));
	}
	if (qm_need_unlocked(call, g) < 0)
		return -1;
	if (g->run != SIM_STOPPED && !sim_arg_int(call, "online", 0))
		return sim_fail(call, 500, "can't migrate running VM without --online");
	if (storage && strcmp(storage, "1") != 0 && !sim_storage_find(call->sim, storage))
		return sim_fail(call, 500, "storage '%s' does not exist", storage);
	return sim_task_start(call, &migrate_kind, id, g->vmid,
			      json_pack("{s:s,s:I,s:I}", "target", target, "online",
					(json_int_t)sim_arg_int(call, "online", 0),
					"with-local-disks",
					(json_int_t)sim_arg_int(call, "with-local-disks", 0)));
}

static const struct sim_param get_params[] = { { .name = "target", .type = SIM_STR },
					       { .name = NULL } };
static const struct sim_param post_params[] = {
	{ .name = "target", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = "online", .type = SIM_BOOL },
	{ .name = "with-local-disks", .type = SIM_BOOL },
	{ .name = "with-conntrack-state", .type = SIM_BOOL },
	{ .name = "targetstorage", .type = SIM_STR },
	{ .name = "bwlimit", .type = SIM_INT },
	{ .name = "force", .type = SIM_BOOL },
	{ .name = "migration_network", .type = SIM_STR },
	{ .name = "migration_type", .type = SIM_STR, .choices = "secure, insecure" },
	{ .name = NULL },
};

const struct sim_route qm_migrate_routes[] = {
	{ "GET", QM_GUEST "/migrate", get_migrate, get_params, NULL, "/vms/{vmid} VM.Migrate", 0 },
	{ "POST", QM_GUEST "/migrate", post_migrate, post_params, NULL, "/vms/{vmid} VM.Migrate",
	  0 },
	{ .method = NULL },
};
