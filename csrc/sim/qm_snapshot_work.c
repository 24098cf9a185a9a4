/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_snapshot_work.c - making, deleting and going back to snapshots: the work of the tasks. */
#include <string.h>

#include "sim/qm_snapshot.h"
#include "sim/rbd.h"

#define SNAPSHOT_MS 1000

/* What says how a guest ran whose RAM is saved. 0, or -1 with err. */
static int add_run(json_t *config, struct sim_guest *g, struct sim_task *task, struct pxc_err *err)
{
	auto_free char *state = snapshot_ram(task, g, qm_text(task->args, "name", ""), err);

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
	if (snapshot_with_ram(task, g) && add_run(config, g, task, err) < 0) {
		json_decref(config);
		return NULL;
	}
	return config;
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
	if (!snapshot_possible(g))
		return sim_task_fail(task, "snapshot feature is not available");
	return 0;
}

/* The guest's snapshot as the configuration keeps it; its disks have theirs. New reference; NULL with err. */
static json_t *take(struct sim_task *task, struct sim_guest *g, struct pxc_err *err)
{
	bool ram = snapshot_with_ram(task, g);
	json_t *config = saved_config(g, task, err), *snap;
	size_t done;

	if (!config)
		return NULL;
	if (snapshot_each(task, g, config, disk_snapshot, &done, err) < 0) {
		snapshot_undo(task, g, config, done);
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
	/* A guest whose snapshot cannot be removed stays locked, unless it is to go from the configuration all the same. */
	if (((state && disk_free(task->sim, state, g->node, &err) < 0) ||
	     snapshot_each(task, g, config, disk_snapshot_remove, &done, &err) < 0) &&
	    !qm_int(task->args, "force", 0))
		return sim_task_fail(task, "%s", err.msg);
	parent = qm_text(snap, "parent", NULL);
	json_object_foreach (g->snapshots, other, value)
		unparent(value, name, parent);
	unparent(g->config, name, parent);
	(void)json_object_del(g->snapshots, name);
	sim_guest_set_lock(g, NULL);
	return 0;
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
	if (snapshot_each(task, g, json_object_get(snap, "config"), disk_rollback, &done, &err) < 0)
		return sim_task_fail(task, "%s", err.msg);
	before = g->config;
	g->config = restored_config(g, snap, name);
	snapshot_keep_newer(g, before);
	(void)json_object_clear(g->pending);
	(void)json_object_clear(g->deleted);
	snapshot_sizes(task->sim, g);
	sim_guest_set_lock(g, NULL);
	if (qm_int(snap, "vmstate", 0) || qm_int(task->args, "start", 0))
		qm_run(g, SIM_RUNNING);
	return rbd_hold(g, &err) < 0 ? sim_task_fail(task, "start failed: %s", err.msg) : 0;
}

const struct sim_task_kind qm_snapshot_kind = { "qmsnapshot", create_work, unlock };
const struct sim_task_kind qm_delsnapshot_kind = { "qmdelsnapshot", delete_work, unlock };
const struct sim_task_kind qm_rollback_kind = { "qmrollback", rollback_work, NULL };
