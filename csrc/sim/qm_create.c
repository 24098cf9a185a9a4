/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_create.c - guests come and go; guests of the starting world. */
#include <stdio.h>
#include <string.h>

#include "sim/disk.h"
#include "sim/qm.h"
#include "sim/rbd.h"

#define CREATE_MS 1000

/* Volumes that the options made are noted in made (a list), so that a failure takes them away again. */
static int apply_all(struct sim *sim, struct sim_guest *g, const json_t *options, json_t *made,
		     struct pxc_err *err)
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(options, &count);

	for (size_t i = 0; i < count; i++) {
		json_t *given = json_object_get(options, keys[i]);
		json_t *now = qm_normal(sim, g->node, g->vmid, keys[i], given, err);
		const char *text = json_string_value(now);

		if (!now)
			return -1;
		if (qm_is_drive(keys[i]) && qm_allocates(json_string_value(given)))
			(void)json_array_append_new(made, json_stringn(text, strcspn(text, ",")));
		if (text && !*text)
			json_decref(now);
		else
			(void)json_object_set_new(g->config, keys[i], now);
	}
	qm_fresh_ids(sim, g->config);
	if (!json_object_get(g->config, "boot"))
		qm_default_boot(g->config);
	return 0;
}

static void free_made(struct sim *sim, struct sim_node *node, const json_t *made)
{
	struct pxc_err err;

	for (size_t i = 0; i < json_array_size(made); i++)
		(void)disk_free(sim, json_string_value(json_array_get(made, i)), node, &err);
}

static int64_t create_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const json_t *options = json_object_get(task->args, "options");
	const char *pool = json_string_value(json_object_get(task->args, "pool")), *key;
	json_auto_t *made = json_array();
	int64_t ms = CREATE_MS;
	struct pxc_err err;
	json_t *value;

	if (!g)
		return sim_task_fail(task, "unable to create VM %u - its configuration is gone",
				     task->vmid);
	if (task->stage == 0) {
		json_object_foreach ((json_t *)(uintptr_t)options, key, value) {
			if (qm_is_drive(key))
				ms += qm_drive_ms(task->sim, g->node, json_string_value(value));
		}
		return ms < 10000 ? ms : 10000;
	}
	/* Only now does the guest get its name, its notes and its pool; until here its file held a lock. */
	if (apply_all(task->sim, g, options, made, &err) < 0) {
		free_made(task->sim, g->node, made);
		sim_guest_remove(task->sim, g);
		return sim_task_fail(task, "unable to create VM %u - %s", task->vmid, err.msg);
	}
	g->creating = false;
	sim_guest_set_lock(g, NULL);
	sim_guest_set_pool(task->sim, g, pool);
	qm_follow_nics(task->sim, g, NULL, g->config);
	sim_guest_touch(g);
	if (json_is_true(json_object_get(task->args, "start"))) {
		sim_task_log(task, "Execute autostart");
		(void)sim_task_start_on(task->sim, g->node, &qm_start_kind, task->id, g->vmid,
					json_pack("{s:b}", "now", 1));
	}
	return 0;
}

static void create_abort(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);

	if (g && g->creating)
		sim_guest_remove(task->sim, g);
}

static const struct sim_task_kind create_kind = { "qmcreate", create_work, create_abort };

static int may_create(struct sim_call *call, const struct qm_owner *owner)
{
	const char *storage = sim_arg(call, "storage");
	char path[300];

	if (owner->pool && !sim_map_get(&call->sim->pools, owner->pool))
		return sim_deny(call, "pool '%s' does not exist", owner->pool);
	if (storage && sim_need(call, "Datastore.AllocateSpace", "/storage/%s", storage) < 0)
		return -1;
	if (sim_arg_int(call, "start", 0) && qm_need_power(call, owner) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/vms/%u", owner->vmid);
	if (sim_may(call, path, "VM.Allocate"))
		return 0;
	(void)snprintf(path, sizeof(path), "/pool/%s", owner->pool ? owner->pool : "");
	if (owner->pool && sim_may(call, path, "VM.Allocate"))
		return 0;
	return sim_fail(call, 403, "Permission check failed");
}

static int check_options(struct sim_call *call, const struct qm_owner *owner, const json_t *options)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)options, key, value) {
		if (qm_is_drive(key) && qm_drive_check(call, key, json_string_value(value)) < 0)
			return -1;
	}
	json_object_foreach ((json_t *)(uintptr_t)options, key, value) {
		if (qm_need_option(call, owner, key, json_string_value(value)) < 0)
			return -1;
	}
	return qm_need_bridges(call, options);
}

static json_t *read_options(const struct sim_call *call)
{
	json_t *options = json_object(), *value;
	const char *key;

	json_object_foreach (call->params, key, value) {
		if (qm_option(key))
			(void)json_object_set(options, key, value);
	}
	return options;
}

static int post_create(struct sim_call *call)
{
	const struct qm_owner owner = { .vmid = (unsigned)sim_arg_int(call, "vmid", 0),
					.pool = sim_arg(call, "pool"),
					.creating = true };
	const struct sim_guest *old = sim_guest_find(call->sim, owner.vmid);
	json_auto_t *options = read_options(call);
	struct sim_guest *g;
	char id[16];

	if (sim_need_quorum(call) < 0 || may_create(call, &owner) < 0 ||
	    check_options(call, &owner, options) < 0)
		return -1;
	if (old)
		return sim_fail(call, 500,
				"unable to create VM %u - VM %u already exists on node '%s'",
				owner.vmid, owner.vmid, old->node->name);
	g = sim_guest_add(call->sim, owner.vmid, call->node);
	g->creating = true;
	sim_guest_set_lock(g, "create");
	(void)snprintf(id, sizeof(id), "%u", owner.vmid);
	return sim_task_start(call, &create_kind, id, owner.vmid,
			      json_pack("{s:O,s:s?,s:b}", "options", options, "pool", owner.pool,
					"start", sim_arg_int(call, "start", 0) != 0));
}

void sim_qemu_seed(struct sim *sim, unsigned vmid, struct sim_node *node)
{
	struct sim_guest *g = sim_guest_add(sim, vmid, node);
	json_auto_t *made = json_array();
	struct pxc_err err;
	json_auto_t *options =
		json_pack("{s:o,s:i,s:s,s:s,s:s,s:s,s:s}", "name", json_sprintf("vm%u", vmid),
			  "cores", (int)(1 + vmid % 4), "memory", "1024", "scsi0", "data:8", "net0",
			  "virtio,bridge=vmbr0", "scsihw", "virtio-scsi-single", "ostype", "l26");

	(void)apply_all(sim, g, options, made, &err);
	if (vmid % 3)
		qm_run(g, SIM_RUNNING);
	sim_guest_touch(g);
}

int sim_qemu_world(struct sim *sim, const json_t *spec, struct pxc_err *err)
{
	unsigned vmid = (unsigned)qm_int(spec, "vmid", 0);
	struct sim_node *node = sim_node_find(sim, qm_text(spec, "node", "pve1"));
	json_auto_t *made = json_array();
	struct sim_guest *g;

	if (vmid < 100 || !node || sim_guest_find(sim, vmid))
		return pxc_fail(err, PXC_EINVAL,
				"world: guest %u on %s: bad or used VMID, or no such node", vmid,
				qm_text(spec, "node", "pve1"));
	g = sim_guest_add(sim, vmid, node);
	if (apply_all(sim, g, json_object_get(spec, "config"), made, err) < 0)
		return pxc_context(err, "world: guest %u", vmid);
	if (json_object_get(spec, "load") &&
	    sim_load_read(&g->load, json_object_get(spec, "load"), err) < 0)
		return pxc_context(err, "world: guest %u", vmid);
	sim->loads_move = sim->loads_move || sim_load_moves(&g->load);
	sim_guest_set_pool(sim, g, qm_text(spec, "pool", NULL));
	if (!strcmp(qm_text(spec, "status", "stopped"), "running"))
		qm_run(g, SIM_RUNNING);
	sim_guest_touch(g);
	return rbd_hold(g, err);
}

static const struct sim_param create_params[] = {
	{ .name = "vmid", .type = SIM_INT, .flags = SIM_REQUIRED, .format = sim_format_vmid },
	{ .name = "pool", .type = SIM_STR },
	{ .name = "start", .type = SIM_BOOL },
	{ .name = "storage", .type = SIM_STR },
	{ .name = "archive", .type = SIM_STR },
	{ .name = "force", .type = SIM_BOOL },
	{ .name = "unique", .type = SIM_BOOL },
	{ .name = "bwlimit", .type = SIM_INT },
	{ .name = "ha-managed", .type = SIM_BOOL },
	{ .name = "live-restore", .type = SIM_BOOL },
	{ .name = "import-working-storage", .type = SIM_STR },
	{ .name = NULL },
};

const struct sim_route qm_create_routes[] = {
	{ "POST", "/nodes/{node}/qemu", post_create, create_params, qm_options, "user", 0 },
	{ .method = NULL },
};
