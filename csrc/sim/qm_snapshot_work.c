/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_snapshot_work.c - making, deleting and going back to snapshots: the work of the tasks. */
#include <string.h>

#include "base/units.h"
#include "sim/qm.h"

#define SNAPSHOT_MS 1000

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

/*
 * First stage of each of the three: the guest is checked and marked with the lock, so that nobody changes it meanwhile.
 *
 * returns 0 the guest is marked; otherwise to be returned from the work
 */
static int64_t begin_work(struct sim_task *task, struct sim_guest *g, const char *lock)
{
	int64_t wait = sim_task_lock(task, g);

	if (wait)
		return wait;
	if (g->lock)
		return sim_task_fail(task, "VM is locked (%s)", g->lock);
	sim_guest_set_lock(g, lock);
	return 0;
}

/* The task was stopped half-way: the mark goes. */
static void unlock(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);

	if (g && task->stage > 0 && g->lock && str_starts(g->lock, "snapshot"))
		sim_guest_set_lock(g, NULL);
}

/* Is a snapshot of that name possible? 0, or -1 with the task failed. */
static int check_create(struct sim_task *task, const struct sim_guest *g, const char *name)
{
	if (g->lock)
		return sim_task_fail(task, "VM is locked (%s)", g->lock);
	if (qm_template(g))
		return sim_task_fail(task, "you can't take a snapshot if it's a template");
	if (json_object_get(g->snapshots, name))
		return sim_task_fail(task, "snapshot name '%s' already used", name);
	if (!can_snapshot(g))
		return sim_task_fail(task, "snapshot feature is not available");
	return 0;
}

static int64_t create_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *name = qm_text(task->args, "name", "");
	int64_t wait;
	bool ram;
	json_t *snap;

	if (!g)
		return sim_task_fail(task, "VM %u is gone", task->vmid);
	if (task->stage == 0) {
		if (!g->busy && check_create(task, g, name) < 0)
			return -1;
		wait = begin_work(task, g, "snapshot");
		return wait ? wait : SNAPSHOT_MS;
	}
	ram = qm_int(task->args, "vmstate", 0) && g->run != SIM_STOPPED;
	snap = json_pack("{s:o,s:s,s:I,s:i}", "config", saved_config(g, task), "description",
			 qm_text(task->args, "description", ""), "snaptime",
			 (json_int_t)(task->sim->now_ms / 1000), "vmstate", (int)ram);
	if (qm_text(g->config, "parent", NULL))
		(void)json_object_set_new(snap, "parent",
					  json_string(qm_text(g->config, "parent", "")));
	log_disks(task, g, ram);
	(void)json_object_set_new(g->snapshots, name, snap);
	(void)json_object_set_new(g->config, "parent", json_string(name));
	sim_guest_set_lock(g, NULL);
	return 0;
}

/* What had the snapshot as its parent gets that one's. */
static void unparent(json_t *object, const char *name, const char *parent)
{
	if (strcmp(qm_text(object, "parent", ""), name) != 0)
		return;
	if (parent)
		(void)json_object_set_new(object, "parent", json_string(parent));
	else
		(void)json_object_del(object, "parent");
}

static int64_t delete_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *name = qm_text(task->args, "name", ""), *parent, *other;
	struct sim_volume *state;
	json_t *snap, *value;
	int64_t wait;

	if (!g || !json_object_get(g->snapshots, name))
		return sim_task_fail(task, "snapshot '%s' does not exist", name);
	if (task->stage == 0) {
		wait = begin_work(task, g, "snapshot-delete");
		return wait ? wait : SNAPSHOT_MS;
	}
	snap = json_object_get(g->snapshots, name);
	parent = qm_text(snap, "parent", NULL);
	json_object_foreach (g->snapshots, other, value)
		unparent(value, name, parent);
	unparent(g->config, name, parent);
	state = sim_volume_find(task->sim, qm_text(json_object_get(snap, "config"), "vmstate", ""),
				g->node);
	if (state)
		sim_volume_remove(task->sim, state);
	(void)json_object_del(g->snapshots, name);
	sim_guest_set_lock(g, NULL);
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

/* The options as they were, but for the notes, what is unused, and the guest's new generation. */
static json_t *restored_config(struct sim_guest *g, const json_t *snap, const char *name)
{
	static const char *const of_snapshots[] = {
		"snaptime",   "vmstate", "runningmachine", "runningcpu", "running-nets-host-mtu",
		"description"
	};
	json_t *config = json_copy(json_object_get(snap, "config")), *value;
	const char *key;
	char uuid[37];

	for (size_t i = 0; i < ARRAY_SIZE(of_snapshots); i++)
		(void)json_object_del(config, of_snapshots[i]);
	json_object_foreach (g->config, key, value) {
		if (qm_is_unused(key) || !strcmp(key, "description"))
			(void)json_object_set(config, key, value);
	}
	(void)json_object_set_new(config, "parent", json_string(name));
	sim_uuid(g->sim, uuid);
	(void)json_object_set_new(config, "vmgenid", json_string(uuid));
	return config;
}

/* A snapshot without memory leaves the guest stopped. */
static int64_t rollback_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *name = qm_text(task->args, "name", "");
	json_t *snap = g ? json_object_get(g->snapshots, name) : NULL, *config;
	int64_t wait;

	if (!snap)
		return sim_task_fail(task, "snapshot '%s' does not exist", name);
	if (task->stage == 0) {
		wait = begin_work(task, g, "rollback");
		return wait ? wait : SNAPSHOT_MS;
	}
	config = restored_config(g, snap, name);
	json_decref(g->config);
	g->config = config;
	(void)json_object_clear(g->pending);
	(void)json_object_clear(g->deleted);
	restore_sizes(task->sim, g);
	sim_guest_set_lock(g, NULL);
	qm_run(g, qm_int(snap, "vmstate", 0) ? SIM_RUNNING : SIM_STOPPED);
	if (qm_int(task->args, "start", 0) && g->run == SIM_STOPPED)
		qm_run(g, SIM_RUNNING);
	return 0;
}

const struct sim_task_kind qm_snapshot_kind = { "qmsnapshot", create_work, unlock };
const struct sim_task_kind qm_delsnapshot_kind = { "qmdelsnapshot", delete_work, unlock };
const struct sim_task_kind qm_rollback_kind = { "qmrollback", rollback_work, NULL };
