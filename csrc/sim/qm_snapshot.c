/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_snapshot.c - snapshots of whole guests. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "sim/qm.h"

#define SNAPSHOT_MS 1000

static int get_list(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	const char *name, *parent;
	json_t *snap, *row;

	if (!g)
		return -1;
	call->data = json_array();
	json_object_foreach (g->snapshots, name, snap) {
		row = json_pack("{s:s,s:s,s:O,s:O}", "name", name, "description",
				qm_text(snap, "description", ""), "snaptime",
				json_object_get(snap, "snaptime"), "vmstate",
				json_object_get(snap, "vmstate"));
		if (json_object_get(snap, "parent"))
			(void)json_object_set(row, "parent", json_object_get(snap, "parent"));
		(void)json_array_append_new(call->data, row);
	}
	parent = qm_text(g->config, "parent", NULL);
	row = json_pack("{s:s,s:s,s:i,s:s}", "name", "current", "description", "You are here!",
			"running", g->run != SIM_STOPPED, "digest", sim_qemu_digest(g));
	if (parent)
		(void)json_object_set_new(row, "parent", json_string(parent));
	(void)json_array_append_new(call->data, row);
	return 0;
}

static bool can_snapshot(const struct sim_guest *g)
{
	const char *key;
	json_t *value;

	json_object_foreach (g->config, key, value) {
		auto_free char *volid =
			qm_is_drive(key) ? qm_volid(json_string_value(value)) : NULL;
		const struct sim_volume *v = volid ? sim_volume_find(g->sim, volid, g->node) : NULL;

		if (v && !strstr(json_string_value(value), "media=cdrom") &&
		    strcmp(v->format, "qcow2") != 0 && sim_storage_file_based(v->storage))
			return false;
	}
	return true;
}

/* The RAM of a running guest goes to a volume of its own, "data:200/vm-200-state-live2.raw". New string. */
static char *save_ram(struct sim_task *task, const struct sim_guest *g, const char *name)
{
	auto_free char *kind = pxc_printf("state-%s", name), *volid = NULL;
	struct sim_volume *v = NULL;
	const char *key;
	json_t *value;

	json_object_foreach (g->config, key, value) {
		auto_free char *disk = qm_is_drive(key) ? qm_volid(json_string_value(value)) : NULL;
		const struct sim_volume *of = disk ? sim_volume_find(g->sim, disk, g->node) : NULL;

		if (!of || v)
			continue;
		volid = sim_volume_name(g->sim, of->storage, g->node, g->vmid, kind, "raw");
		v = sim_volume_add(g->sim, volid, of->storage, g->node);
	}
	if (!v)
		return NULL;
	v->vmid = g->vmid;
	v->size_bytes = 2 * qm_memory_bytes(g->config) + (500ull << 20);
	qm_log_format(g->sim, v);
	sim_task_log(task, "saving VM state and RAM using storage '%s'", v->storage->id);
	sim_task_log(task, "completed saving the VM state in 0s, saved 16.00 MiB");
	return pxc_strdup(v->volid);
}

/* What a snapshot keeps of the options: no unused disks, its own notes, and how the guest ran. New reference. */
static json_t *saved_config(struct sim_guest *g, struct sim_task *task)
{
	json_t *config = json_copy(g->config), *value;
	const char *notes = qm_text(task->args, "description", ""), *key;
	void *next;

	json_object_foreach_safe (config, next, key, value) {
		if (qm_is_unused(key))
			(void)json_object_del(config, key);
	}
	(void)json_object_del(config, "description");
	if (*notes)
		(void)json_object_set_new(config, "description", json_string(notes));
	(void)json_object_set_new(config, "snaptime",
				  json_integer((json_int_t)(task->sim->now_ms / 1000)));
	if (qm_int(task->args, "vmstate", 0) && g->run != SIM_STOPPED) {
		auto_free char *state = save_ram(task, g, qm_text(task->args, "name", ""));

		(void)json_object_set_new(config, "runningmachine", json_string("pc-i440fx-10.0"));
		(void)json_object_set_new(
			config, "runningcpu",
			json_string(qm_int(g->config, "kvm", 1) ? "kvm64" : "qemu64"));
		if (json_object_get(config, "net0"))
			(void)json_object_set_new(config, "running-nets-host-mtu",
						  json_string("net0=1500"));
		if (state)
			(void)json_object_set_new(config, "vmstate", json_string(state));
	}
	return config;
}

static void log_disks(struct sim_task *task, const struct sim_guest *g, bool running)
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(g->config, &count);

	for (size_t i = 0; i < count; i++) {
		const char *text = qm_text(g->config, keys[i], "");
		auto_free char *volid = qm_is_drive(keys[i]) && !strstr(text, "media=cdrom")
						? qm_volid(text)
						: NULL;

		if (volid)
			sim_task_log(task, "snapshotting 'drive-%s' (%s)", keys[i], volid);
		if (volid && running)
			sim_task_log(task, "internal qemu snapshot");
	}
}

static int64_t create_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *name = qm_text(task->args, "name", "");
	json_t *snap;
	int64_t wait;

	if (!g)
		return sim_task_fail(task, "VM %u is gone", task->vmid);
	wait = sim_task_lock(task, g);
	if (wait)
		return wait;
	if (g->lock)
		return sim_task_fail(task, "VM is locked (%s)", g->lock);
	if (qm_template(g))
		return sim_task_fail(task, "you can't take a snapshot if it's a template");
	if (json_object_get(g->snapshots, name))
		return sim_task_fail(task, "snapshot name '%s' already used", name);
	if (!can_snapshot(g))
		return sim_task_fail(task, "snapshot feature is not available");
	if (task->stage == 0)
		return SNAPSHOT_MS;
	snap = json_pack("{s:o,s:s,s:I,s:i}", "config", saved_config(g, task), "description",
			 qm_text(task->args, "description", ""), "snaptime",
			 (json_int_t)(task->sim->now_ms / 1000), "vmstate",
			 (int)(qm_int(task->args, "vmstate", 0) && g->run != SIM_STOPPED));
	if (qm_text(g->config, "parent", NULL))
		(void)json_object_set_new(snap, "parent",
					  json_string(qm_text(g->config, "parent", "")));
	log_disks(task, g, qm_int(snap, "vmstate", 0) != 0);
	(void)json_object_set_new(g->snapshots, name, snap);
	(void)json_object_set_new(g->config, "parent", json_string(name));
	sim_guest_touch(g);
	return 0;
}

static int64_t delete_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *name = qm_text(task->args, "name", ""), *parent, *other;
	struct sim_volume *state;
	json_t *snap, *value;

	if (!g || !json_object_get(g->snapshots, name))
		return sim_task_fail(task, "snapshot '%s' does not exist", name);
	if (task->stage == 0)
		return SNAPSHOT_MS;
	snap = json_object_get(g->snapshots, name);
	parent = qm_text(snap, "parent", NULL);
	json_object_foreach (g->snapshots, other, value)
		if (!strcmp(qm_text(value, "parent", ""), name)) {
			if (parent)
				(void)json_object_set_new(value, "parent", json_string(parent));
			else
				(void)json_object_del(value, "parent");
		}
	if (!strcmp(qm_text(g->config, "parent", ""), name)) {
		if (parent)
			(void)json_object_set_new(g->config, "parent", json_string(parent));
		else
			(void)json_object_del(g->config, "parent");
	}
	state = sim_volume_find(task->sim, qm_text(json_object_get(snap, "config"), "vmstate", ""),
				g->node);
	if (state)
		sim_volume_remove(task->sim, state);
	(void)json_object_del(g->snapshots, name);
	sim_guest_touch(g);
	return 0;
}

/* Disks have the size again that they had. */
static void restore_sizes(struct sim *sim, const struct sim_guest *g)
{
	const char *key;
	json_t *value;

	json_object_foreach (g->config, key, value) {
		json_auto_t *opts =
			qm_is_drive(key) ? prop_parse(json_string_value(value), "file") : NULL;
		struct sim_volume *v = sim_volume_find(sim, qm_text(opts, "file", ""), g->node);
		uint64_t bytes = 0;

		if (v && size_parse(qm_text(opts, "size", ""), 1, &bytes))
			v->size_bytes = bytes;
	}
}

/* Everything but the notes goes back; a snapshot without memory leaves the guest stopped. */
static int64_t rollback_work(struct sim_task *task)
{
	static const char *const of_snapshots[] = {
		"snaptime",   "vmstate", "runningmachine", "runningcpu", "running-nets-host-mtu",
		"description"
	};
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *name = qm_text(task->args, "name", "");
	json_t *snap = g ? json_object_get(g->snapshots, name) : NULL, *config, *value;
	const char *key;
	char uuid[37];

	if (!snap)
		return sim_task_fail(task, "snapshot '%s' does not exist", name);
	if (task->stage == 0)
		return SNAPSHOT_MS;
	config = json_copy(json_object_get(snap, "config"));
	for (size_t i = 0; i < ARRAY_SIZE(of_snapshots); i++)
		(void)json_object_del(config, of_snapshots[i]);
	if (json_object_get(g->config, "description"))
		(void)json_object_set(config, "description",
				      json_object_get(g->config, "description"));
	json_object_foreach (g->config, key, value) {
		if (qm_is_unused(key))
			(void)json_object_set(config, key, value);
	}
	(void)json_object_set_new(config, "parent", json_string(name));
	sim_uuid(task->sim, uuid);
	(void)json_object_set_new(config, "vmgenid", json_string(uuid));
	json_decref(g->config);
	g->config = config;
	(void)json_object_clear(g->pending);
	(void)json_object_clear(g->deleted);
	restore_sizes(task->sim, g);
	qm_run(g, qm_int(snap, "vmstate", 0) ? SIM_RUNNING : SIM_STOPPED);
	if (qm_int(task->args, "start", 0) && g->run == SIM_STOPPED)
		qm_run(g, SIM_RUNNING);
	return 0;
}

static const struct sim_task_kind create_kind = { "qmsnapshot", create_work, NULL };
static const struct sim_task_kind delete_kind = { "qmdelsnapshot", delete_work, NULL };
static const struct sim_task_kind rollback_kind = { "qmrollback", rollback_work, NULL };

static int begin(struct sim_call *call, const struct sim_task_kind *kind)
{
	char id[16];

	if (!qm_guest(call))
		return -1;
	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	return sim_task_start(call, kind, id, call->vmid,
			      json_pack("{s:s,s:s?,s:I,s:I}", "name", sim_arg(call, "snapname"),
					"description", sim_arg(call, "description"), "vmstate",
					(json_int_t)sim_arg_int(call, "vmstate", 0), "start",
					(json_int_t)sim_arg_int(call, "start", 0)));
}

static int post_snapshot(struct sim_call *call)
{
	if (!strcmp(sim_arg(call, "snapname"), "current"))
		return sim_fail(call, 500, "unable to use snapshot name 'current' (reserved name)");
	return begin(call, &create_kind);
}

static int delete_snapshot(struct sim_call *call)
{
	return begin(call, &delete_kind);
}

static int post_rollback(struct sim_call *call)
{
	return begin(call, &rollback_kind);
}

static json_t *find(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	json_t *snap = g ? json_object_get(g->snapshots, sim_arg(call, "snapname")) : NULL;

	if (g && !snap)
		(void)sim_fail(call, 500, "snapshot '%s' does not exist",
			       sim_arg(call, "snapname"));
	return snap;
}

static int get_config(struct sim_call *call)
{
	json_t *snap = find(call);

	if (!snap)
		return -1;
	call->data = json_copy(json_object_get(snap, "config"));
	return 0;
}

static void set_notes(json_t *snap, const char *notes)
{
	(void)json_object_set_new(snap, "description", json_string(notes));
	(void)json_object_set_new(json_object_get(snap, "config"), "description",
				  json_string(notes));
}

static int put_config(struct sim_call *call)
{
	json_t *snap = find(call);

	if (!snap)
		return -1;
	if (sim_has(call, "description"))
		set_notes(snap, sim_arg(call, "description"));
	sim_guest_touch(qm_guest(call));
	return 0;
}

static int get_one(struct sim_call *call)
{
	call->data = json_pack("[{s:s},{s:s}]", "cmd", "rollback", "cmd", "config");
	return 0;
}

static bool format_name(const char *name, const char *value, struct pxc_buf *why)
{
	bool ok = strlen(value) >= 2 && isalpha((unsigned char)value[0]);

	(void)name;
	for (const char *p = value; ok && *p; p++)
		ok = isalnum((unsigned char)*p) || *p == '_' || *p == '-';
	if (!ok)
		buf_printf(why, "invalid configuration ID '%s'\n", value);
	return ok;
}

#define NAME                                                                                       \
	{                                                                                          \
		.name = "snapname", .type = SIM_STR, .flags = SIM_REQUIRED, .format = format_name, \
		.min = 0, .max = 40                                                                \
	}

static const struct sim_param create_params[] = { NAME,
						  { .name = "description", .type = SIM_STR },
						  { .name = "vmstate", .type = SIM_BOOL },
						  { .name = NULL } };
static const struct sim_param delete_params[] = { NAME,
						  { .name = "force", .type = SIM_BOOL },
						  { .name = NULL } };
static const struct sim_param rollback_params[] = { NAME,
						    { .name = "start", .type = SIM_BOOL },
						    { .name = NULL } };
static const struct sim_param put_params[] = { NAME,
					       { .name = "description", .type = SIM_STR },
					       { .name = NULL } };
static const struct sim_param name_params[] = { NAME, { .name = NULL } };

#define SNAP QM_GUEST "/snapshot/{snapname}"

const struct sim_route qm_snapshot_routes[] = {
	{ "GET", QM_GUEST "/snapshot", get_list, NULL, NULL, "/vms/{vmid} VM.Audit", 0 },
	{ "POST", QM_GUEST "/snapshot", post_snapshot, create_params, NULL,
	  "/vms/{vmid} VM.Snapshot", 0 },
	{ "GET", SNAP, get_one, name_params, NULL, "user", 0 },
	{ "DELETE", SNAP, delete_snapshot, delete_params, NULL, "/vms/{vmid} VM.Snapshot", 0 },
	{ "POST", SNAP "/rollback", post_rollback, rollback_params, NULL,
	  "/vms/{vmid} VM.Snapshot|VM.Snapshot.Rollback", 0 },
	{ "GET", SNAP "/config", get_config, name_params, NULL,
	  "/vms/{vmid} VM.Snapshot|VM.Snapshot.Rollback|VM.Audit", 0 },
	{ "PUT", SNAP "/config", put_config, put_params, NULL, "/vms/{vmid} VM.Snapshot", 0 },
	{ .method = NULL },
};
