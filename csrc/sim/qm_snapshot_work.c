/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_snapshot_work.c - making, deleting and going back to snapshots: the work of the tasks. */
#include <string.h>

#include "base/units.h"
#include "sim/disk.h"
#include "sim/qm.h"
#include "sim/rbd.h"

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

/* The RAM of a running guest goes to a volume of its own, "data:200/vm-200-state-live2.raw". New string; NULL with err. */
static char *save_ram(struct sim_task *task, const struct sim_guest *g, const char *name,
		      struct pxc_err *err)
{
	auto_free char *kind = pxc_printf("state-%s", name);
	struct disk_want want = { .node = g->node,
				  .vmid = g->vmid,
				  .kind = kind,
				  .size_bytes = 2 * qm_memory_bytes(g->config) + (500ull << 20) };
	const struct sim_volume *v;
	const char *key;
	json_t *value;

	json_object_foreach (g->config, key, value) {
		auto_free char *disk = qm_is_drive(key) ? qm_volid(json_string_value(value)) : NULL;
		const struct sim_volume *of = disk ? sim_volume_find(g->sim, disk, g->node) : NULL;

		if (of && !want.storage)
			want.storage = of->storage;
	}
	if (!want.storage) {
		(void)pxc_fail(err, PXC_EINVAL, "no target storage found for the VM state");
		return NULL;
	}
	v = disk_create(g->sim, &want, err);
	if (!v)
		return NULL;
	qm_log_format(g->sim, v);
	sim_task_log(task, "saving VM state and RAM using storage '%s'", v->storage->id);
	sim_task_log(task, "completed saving the VM state in 0s, saved 16.00 MiB");
	return pxc_strdup(v->volid);
}

/* What says how a guest ran whose RAM is saved. 0, or -1 with err. */
static int add_run(json_t *config, struct sim_guest *g, struct sim_task *task, struct pxc_err *err)
{
	auto_free char *state = save_ram(task, g, qm_text(task->args, "name", ""), err);

	if (!state)
		return -1;
	(void)json_object_set_new(config, "runningmachine", json_string("pc-i440fx-10.0"));
	(void)json_object_set_new(config, "runningcpu",
				  json_string(qm_int(g->config, "kvm", 1) ? "kvm64" : "qemu64"));
	if (json_object_get(config, "net0"))
		(void)json_object_set_new(config, "running-nets-host-mtu",
					  json_string("net0=1500"));
	(void)json_object_set_new(config, "vmstate", json_string(state));
	return 0;
}

static bool with_ram(const struct sim_task *task, const struct sim_guest *g)
{
	return qm_int(task->args, "vmstate", 0) && g->run != SIM_STOPPED;
}

/* What a snapshot keeps of the options: no unused disks, its own notes, and how the guest ran. New reference. */
static json_t *saved_config(struct sim_guest *g, struct sim_task *task, struct pxc_err *err)
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
	if (with_ram(task, g) && add_run(config, g, task, err) < 0) {
		json_decref(config);
		return NULL;
	}
	return config;
}

/* The volume of a drive that takes part in snapshots. New string; NULL = a medium, or no drive. */
static char *disk_of(const json_t *config, const char *key)
{
	const char *text = qm_text(config, key, "");

	return qm_is_drive(key) && !strstr(text, "media=cdrom") ? qm_volid(text) : NULL;
}

typedef int disk_verb(const struct sim_volume *v, const char *name, struct pxc_err *err);

/* Do it to all disks that config names; *ret_done of them, in order of their names, when one fails. */
static int each_disk(struct sim_task *task, const struct sim_guest *g, const json_t *config,
		     disk_verb *verb, size_t *ret_done, struct pxc_err *err)
{
	const char *name = qm_text(task->args, "name", "");
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(config, &count);

	for (*ret_done = 0; *ret_done < count; ++*ret_done) {
		auto_free char *volid = disk_of(config, keys[*ret_done]);
		const struct sim_volume *v;

		if (!volid)
			continue;
		if (verb == disk_snapshot)
			sim_task_log(task, "snapshotting 'drive-%s' (%s)", keys[*ret_done], volid);
		if (verb == disk_snapshot && with_ram(task, g))
			sim_task_log(task, "internal qemu snapshot");
		v = disk_need(task->sim, volid, g->node, err);
		if (!v || verb(v, name, err) < 0)
			return -1;
	}
	return 0;
}

/* The snapshots of the first disks of a snapshot that failed go again. */
static void undo(struct sim_task *task, const struct sim_guest *g, const json_t *config,
		 size_t done)
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(config, &count);
	const char *state = qm_text(config, "vmstate", NULL);
	struct pxc_err err;

	sim_task_log(task, "snapshot create failed: starting cleanup");
	for (size_t i = 0; i < done; i++) {
		auto_free char *volid = disk_of(config, keys[i]);
		const struct sim_volume *v =
			volid ? sim_volume_find(task->sim, volid, g->node) : NULL;

		if (v && disk_snapshot_remove(v, qm_text(task->args, "name", ""), &err) < 0)
			sim_task_log(task, "%s", err.msg);
	}
	if (state && disk_free(task->sim, state, g->node, &err) < 0)
		sim_task_log(task, "%s", err.msg);
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

/* The guest's snapshot as the configuration keeps it; its disks have theirs. New reference; NULL with err. */
static json_t *take(struct sim_task *task, struct sim_guest *g, struct pxc_err *err)
{
	bool ram = with_ram(task, g);
	json_t *config = saved_config(g, task, err), *snap;
	size_t done;

	if (!config)
		return NULL;
	if (each_disk(task, g, config, disk_snapshot, &done, err) < 0) {
		undo(task, g, config, done);
		json_decref(config);
		return NULL;
	}
	snap = json_pack("{s:o,s:s,s:I,s:i}", "config", config, "description",
			 qm_text(task->args, "description", ""), "snaptime",
			 (json_int_t)(task->sim->now_ms / 1000), "vmstate", (int)ram);
	if (qm_text(g->config, "parent", NULL))
		(void)json_object_set_new(snap, "parent",
					  json_string(qm_text(g->config, "parent", "")));
	return snap;
}

static int64_t create_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *name = qm_text(task->args, "name", "");
	struct pxc_err err;
	int64_t wait;
	json_t *snap;

	if (!g)
		return sim_task_fail(task, "VM %u is gone", task->vmid);
	if (task->stage == 0) {
		if (!g->busy && check_create(task, g, name) < 0)
			return -1;
		wait = begin_work(task, g, "snapshot");
		return wait ? wait : SNAPSHOT_MS;
	}
	snap = take(task, g, &err);
	sim_guest_set_lock(g, NULL);
	if (!snap)
		return sim_task_fail(task, "%s", err.msg);
	(void)json_object_set_new(g->snapshots, name, snap);
	(void)json_object_set_new(g->config, "parent", json_string(name));
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
	const char *name = qm_text(task->args, "name", ""), *parent, *other, *state;
	json_t *snap, *value, *config;
	struct pxc_err err;
	int64_t wait;
	size_t done;

	if (!g || !json_object_get(g->snapshots, name))
		return sim_task_fail(task, "snapshot '%s' does not exist", name);
	if (task->stage == 0) {
		wait = begin_work(task, g, "snapshot-delete");
		return wait ? wait : SNAPSHOT_MS;
	}
	snap = json_object_get(g->snapshots, name);
	config = json_object_get(snap, "config");
	state = qm_text(config, "vmstate", NULL);
	/* A guest whose snapshot cannot be removed stays locked. */
	if ((state && disk_free(task->sim, state, g->node, &err) < 0) ||
	    each_disk(task, g, config, disk_snapshot_remove, &done, &err) < 0)
		return sim_task_fail(task, "%s", err.msg);
	parent = qm_text(snap, "parent", NULL);
	json_object_foreach (g->snapshots, other, value)
		unparent(value, name, parent);
	unparent(g->config, name, parent);
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

		if (v && !v->storage->rbd && size_parse(qm_text(opts, "size", ""), 1, &bytes))
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

/* Disks that the guest got since are its own still. */
static void keep_newer_disks(struct sim_guest *g, const json_t *before)
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(before, &count);

	for (size_t i = 0; i < count; i++) {
		auto_free char *volid = disk_of(before, keys[i]);
		const char *key;
		json_t *value;
		bool named = false;

		json_object_foreach (g->config, key, value) {
			auto_free char *there =
				qm_is_drive(key) ? qm_volid(json_string_value(value)) : NULL;

			named |= str_eq(there, volid);
		}
		if (volid && !named)
			qm_keep_unused(g, volid);
	}
}

/* A snapshot without memory leaves the guest stopped. */
static int64_t rollback_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *name = qm_text(task->args, "name", "");
	json_t *snap = g ? json_object_get(g->snapshots, name) : NULL;
	json_auto_t *before = NULL;
	struct pxc_err err;
	int64_t wait;
	size_t done;

	if (!snap)
		return sim_task_fail(task, "snapshot '%s' does not exist", name);
	if (task->stage == 0) {
		wait = begin_work(task, g, "rollback");
		return wait ? wait : SNAPSHOT_MS;
	}
	qm_run(g, SIM_STOPPED);
	if (each_disk(task, g, json_object_get(snap, "config"), disk_rollback, &done, &err) < 0)
		return sim_task_fail(task, "%s", err.msg);
	before = g->config;
	g->config = restored_config(g, snap, name);
	keep_newer_disks(g, before);
	(void)json_object_clear(g->pending);
	(void)json_object_clear(g->deleted);
	restore_sizes(task->sim, g);
	sim_guest_set_lock(g, NULL);
	if (qm_int(snap, "vmstate", 0) || qm_int(task->args, "start", 0))
		qm_run(g, SIM_RUNNING);
	return rbd_hold(g, &err) < 0 ? sim_task_fail(task, "start failed: %s", err.msg) : 0;
}

const struct sim_task_kind qm_snapshot_kind = { "qmsnapshot", create_work, unlock };
const struct sim_task_kind qm_delsnapshot_kind = { "qmdelsnapshot", delete_work, unlock };
const struct sim_task_kind qm_rollback_kind = { "qmrollback", rollback_work, NULL };
