/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_migrate.c - guests move between nodes. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/ha.h"
#include "sim/qm.h"

#define MIGRATE_MS 5000

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
			qm_is_drive(key) || qm_is_unused(key) ? qm_volume(g, text) : NULL;

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
			qm_is_drive(key) ? qm_volume(g, json_string_value(value)) : NULL;

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

/* The volume on another storage of the other node; the option's text follows. */
static void to_storage(struct sim_guest *g, const char *key, struct sim_volume *v,
		       struct sim_storage *s, struct sim_node *to)
{
	json_auto_t *opts = prop_parse(qm_text(g->config, key, ""), "file");
	auto_free char *name = sim_volume_name(g->sim, s, to, g->vmid, "disk",
					       sim_storage_file_based(s) ? v->format : "raw"),
		       *text = NULL;
	struct sim_volume *copy = sim_volume_add(g->sim, name, s, to);

	copy->content = v->content;
	copy->vmid = v->vmid;
	copy->size_bytes = v->size_bytes;
	copy->ctime_s = v->ctime_s;
	(void)snprintf(copy->format, sizeof(copy->format), "%s",
		       sim_storage_file_based(s) ? v->format : "raw");
	sim_volume_remove(g->sim, v);
	(void)json_object_set_new(opts, "file", json_string(name));
	text = prop_print(opts, "file");
	(void)json_object_set_new(g->config, key, json_string(text));
}

/* The guest is on the other node now, and its local volumes with it; storage NULL: each on the storage it was on. */
static void arrive(struct sim_guest *g, struct sim_node *to, struct sim_storage *storage)
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(g->config, &count);

	for (size_t i = 0; i < count; i++) {
		struct sim_volume *v = qm_is_drive(keys[i]) || qm_is_unused(keys[i])
					       ? qm_volume(g, qm_text(g->config, keys[i], ""))
					       : NULL;

		if (!v || v->node != g->node)
			continue;
		if (storage && storage != v->storage)
			to_storage(g, keys[i], v, storage, to);
		else
			sim_volume_move_node(g->sim, v, to);
	}
	g->node = to;
	if (g->run != SIM_STOPPED)
		g->pid = ++to->next_pid;
	sim_guest_set_lock(g, NULL);
	sim_guest_touch(g);
}

/* A line of the log that begins with the time, as this worker writes them. */
static printf_like(2, 3) void log_timed(struct sim_task *task, const char *fmt, ...)
{
	time_t now = (time_t)(task->sim->now_ms / 1000);
	auto_free char *text = NULL;
	struct tm tm;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	(void)gmtime_r(&now, &tm);
	sim_task_log(task, "%04d-%02d-%02d %02d:%02d:%02d %s", tm.tm_year + 1900, tm.tm_mon + 1,
		     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, text);
}

static void log_begin(struct sim_task *task, const struct sim_guest *g, const struct sim_node *to)
{
	if (g->run != SIM_STOPPED)
		log_timed(
			task,
			"conntrack state migration not supported or disabled, active connections might get dropped");
	log_timed(task, "starting migration of VM %u to node '%s' (%s)", g->vmid, to->name, to->ip);
	if (g->run == SIM_STOPPED)
		return;
	log_timed(task, "starting VM %u on remote node '%s'", g->vmid, to->name);
	log_timed(task, "start remote tunnel");
	log_timed(task, "ssh tunnel ver 1");
	log_timed(task, "starting online/live migration on unix:/run/qemu-server/%u.migrate",
		  g->vmid);
}

static void log_end(struct sim_task *task, const struct sim_guest *g)
{
	int64_t s = (task->sim->now_ms - task->start_ms) / 1000;

	if (g->run != SIM_STOPPED)
		log_timed(task, "migration status: completed");
	log_timed(task, "migration finished successfully (duration %02lld:%02lld:%02lld)",
		  (long long)s / 3600, (long long)s / 60 % 60, (long long)s % 60);
}

/* May it go? 0, or -1 with the task failed. */
static int depart(struct sim_task *task, struct sim_guest *g, const struct sim_node *to)
{
	bool online = qm_int(task->args, "online", 0) != 0,
	     with_disks = qm_int(task->args, "with-local-disks", 0) != 0;
	json_auto_t *local = local_disks(g);

	if (g->lock)
		return sim_task_fail(task, "VM is locked (%s)", g->lock);
	if (!to || !to->online)
		return sim_task_fail(task, "Can't connect to destination address using public key");
	log_begin(task, g, to);
	if (g->run != SIM_STOPPED && json_array_size(local) && online && !with_disks)
		return sim_task_fail(
			task, "Problem found while scanning volumes - can't live migrate attached "
			      "local disks without with-local-disks option");
	sim_guest_set_lock(g, "migrate");
	return 0;
}

/* Started there it would lack a bridge: 0, or -1 with the task failed. */
static int start_there(struct sim_task *task, struct sim_guest *g, const struct sim_node *to)
{
	char name[64];

	if (g->run == SIM_STOPPED || !qm_missing_bridge(g, to, name))
		return 0;
	log_timed(task, "[%s] bridge '%s' does not exist", to->name, name);
	log_timed(task, "ERROR: online migrate failure - remote command failed with exit code 255");
	log_timed(task, "aborting phase 2 - cleanup resources");
	sim_guest_set_lock(g, NULL);
	return sim_task_fail(task, "migration problems");
}

static int64_t migrate_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	struct sim_node *to = sim_node_find(task->sim, qm_text(task->args, "target", ""));
	const char *storage = qm_text(task->args, "targetstorage", "1");

	if (!g || g->node != task->node)
		return sim_task_fail(
			task, "Configuration file 'nodes/%s/qemu-server/%u.conf' does not exist",
			task->node->name, task->vmid);
	if (task->stage == 0)
		return depart(task, g, to) < 0 ? -1 : MIGRATE_MS;
	if (!to || !to->online) {
		sim_guest_set_lock(g, NULL);
		return sim_task_fail(task, "Can't connect to destination address using public key");
	}
	if (start_there(task, g, to) < 0)
		return -1;
	log_end(task, g);
	arrive(g, to, sim_storage_find(task->sim, storage));
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
	const struct sim_ha *ha = sim_ha_find(task->sim, task->vmid);
	const char *target = qm_text(task->args, "target", "");

	sim_task_log(task, "Requesting HA migration for VM %u to node %s", task->vmid, target);
	if (ha)
		sim_ha_request(task->sim, ha, "migrate", target);
	return 0;
}

const struct sim_task_kind qm_migrate_kind = { "qmigrate", migrate_work, migrate_abort };
static const struct sim_task_kind hamigrate_kind = { "hamigrate", ask_work, NULL };

static int check_target(struct sim_call *call, const char *id, const struct sim_node *to)
{
	const struct sim_storage *s = sim_storage_find(call->sim, id);

	if (!s)
		return sim_fail(call, 500, "storage '%s' does not exist", id);
	if (!sim_storage_on(s, to))
		return sim_fail(call, 500, "storage '%s' is not available on node '%s'", id,
				to->name);
	if (sim_need(call, "Datastore.AllocateSpace", "/storage/%s", id) < 0)
		return -1;
	if (!sim_storage_holds(s, "images"))
		return sim_fail(call, 500, "storage '%s' does not support vm images", id);
	return 0;
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
	if (sim_ha_managed(call->sim, g->vmid))
		return sim_task_start(call, &hamigrate_kind, id, g->vmid,
				      json_pack("{s:s}", "target", target));
	if (qm_need_unlocked(call, g) < 0)
		return -1;
	if (g->run != SIM_STOPPED && !sim_arg_int(call, "online", 0))
		return sim_fail(call, 500, "can't migrate running VM without --online");
	if (storage && strcmp(storage, "1") != 0 && check_target(call, storage, to) < 0)
		return -1;
	return sim_task_start(
		call, &qm_migrate_kind, id, g->vmid,
		json_pack("{s:s,s:s?,s:I,s:I}", "target", target, "targetstorage", storage,
			  "online", (json_int_t)sim_arg_int(call, "online", 0), "with-local-disks",
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
