/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_destroy.c - guests go, and what is theirs with them. */
#include <stdio.h>
#include <string.h>

#include "sim/disk.h"
#include "sim/ha.h"
#include "sim/qm.h"
#include "sim/rbd.h"

#define DESTROY_MS 1000

/* What a section of the configuration names and the guest owns; media stay. freed: volids done so far. */
static void free_named(struct sim_task *task, struct sim_guest *g, const json_t *config,
		       json_t *freed)
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(config, &count);
	struct pxc_err err;

	for (size_t i = 0; i < count; i++) {
		const char *text = qm_text(config, keys[i], "");
		bool disk = qm_is_drive(keys[i]) || qm_is_unused(keys[i]) ||
			    !strcmp(keys[i], "vmstate"),
		     medium = strstr(text, "media=cdrom") && !strstr(text, "cloudinit");
		auto_free char *volid = disk && !medium && qm_owns(g, text) ? qm_volid(text) : NULL;

		if (!volid || json_object_get(freed, volid))
			continue;
		(void)json_object_set_new(freed, volid, json_true());
		if (disk_free(task->sim, volid, g->node, &err) < 0)
			sim_task_log(task, "Could not remove disk '%s', check manually: %s", volid,
				     err.msg);
	}
}

/* The worker goes on when a disk cannot be removed. */
static void free_one(struct sim_task *task, const struct sim_guest *g, const char *volid)
{
	struct pxc_err err;

	if (disk_free(task->sim, volid, g->node, &err) < 0)
		sim_task_log(task, "%s", err.msg);
}

/* Whatever is called after the guest, on any storage. */
static void free_unnamed(struct sim_task *task, const struct sim_guest *g)
{
	struct sim *sim = task->sim;
	struct pxc_err err;

	for (size_t i = 0; i < sim->storages.count; i++) {
		struct sim_storage *s = sim->storages.entries[i].value;

		if (s->rbd && rbd_sync(sim, s, &err) < 0)
			sim_task_log(task, "%s", err.msg);
	}
	for (size_t i = sim->volumes.count; i-- > 0;) {
		const struct sim_volume *v = sim->volumes.entries[i].value;
		auto_free char *volid = pxc_strdup(v->volid);

		if (v->vmid == g->vmid && !strcmp(v->content, "images") &&
		    (!v->node || v->node == g->node))
			free_one(task, g, volid);
		if (i > sim->volumes.count)
			i = sim->volumes.count;
	}
}

/* A disk that linked clones still need. New string; NULL = none. */
static char *in_use(struct sim *sim, const struct sim_guest *g)
{
	const char *key;
	json_t *value;

	json_object_foreach (g->config, key, value) {
		const char *text = json_string_value(value);
		auto_free char *volid = NULL;
		const struct sim_volume *v;

		if (!text || (!qm_is_disk(key, text) && !qm_is_unused(key)) ||
		    !strstr(text, "base-"))
			continue;
		volid = qm_volid(text);
		v = volid ? sim_volume_find(sim, volid, g->node) : NULL;
		if (v && disk_base_used(sim, v))
			return pxc_strdup(volid);
	}
	return NULL;
}

static void forget_guest(struct sim_task *task, struct sim_guest *g)
{
	char path[32];

	sim_guest_set_pool(task->sim, g, NULL);
	if (json_is_true(json_object_get(task->args, "purge"))) {
		sim_task_log(task, "purging VM %u from related configurations..", g->vmid);
		if (sim_ha_find(task->sim, g->vmid))
			sim_task_log(task, "NOTE: removed VM %u from HA resource configuration.",
				     g->vmid);
		sim_ha_remove(task->sim, g->vmid, true);
	}
	(void)snprintf(path, sizeof(path), "/vms/%u", g->vmid);
	sim_acl_forget_path(task->sim, path);
	qm_follow_nics(task->sim, g, g->config, NULL);
	task->held = NULL;
	sim_guest_remove(task->sim, g);
}

static int64_t destroy_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	auto_free char *base = g ? in_use(task->sim, g) : NULL;
	json_auto_t *freed = json_object();
	const char *name;
	json_t *snap;
	int64_t wait;

	if (!g)
		return sim_task_fail(
			task, "Configuration file 'nodes/%s/qemu-server/%u.conf' does not exist",
			task->node->name, task->vmid);
	wait = sim_task_lock(task, g);
	if (wait != 0)
		return wait;
	if (base)
		return sim_task_fail(task, "base volume '%s' is still in use by linked cloned",
				     base);
	if (task->stage == 0)
		return DESTROY_MS;
	free_named(task, g, g->config, freed);
	json_object_foreach (g->snapshots, name, snap) {
		const char *ram = qm_text(json_object_get(snap, "config"), "vmstate", NULL);
		json_auto_t *only = ram ? json_pack("{s:s}", "vmstate", ram) : json_object();

		free_named(task, g, only, freed);
	}
	free_named(task, g, g->pending, freed);
	if (json_is_true(json_object_get(task->args, "unreferenced")))
		free_unnamed(task, g);
	forget_guest(task, g);
	return 0;
}

static const struct sim_task_kind destroy_kind = { "qmdestroy", destroy_work, NULL };

static int delete_guest(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	bool purge = sim_arg_int(call, "purge", 0) != 0;
	char id[16];

	if (!g || sim_need_quorum(call) < 0)
		return -1;
	if (qm_int(g->config, "protection", 0))
		return sim_fail(call, 500, "can't remove VM %u - protection mode enabled", g->vmid);
	if (!purge && sim_ha_find(call->sim, g->vmid))
		return sim_fail(
			call, 500,
			"unable to remove VM %u - used in HA resources and purge parameter not set.",
			g->vmid);
	if (g->run != SIM_STOPPED)
		return sim_fail(call, 500, "VM %u is running - destroy failed", g->vmid);
	if (qm_need_unlocked(call, g) < 0)
		return -1;
	(void)snprintf(id, sizeof(id), "%u", g->vmid);
	return sim_task_start(call, &destroy_kind, id, g->vmid,
			      json_pack("{s:b,s:b}", "purge", purge, "unreferenced",
					sim_arg_int(call, "destroy-unreferenced-disks", 0) != 0));
}

static const struct sim_param delete_params[] = {
	{ .name = "purge", .type = SIM_BOOL },
	{ .name = "destroy-unreferenced-disks", .type = SIM_BOOL },
	{ .name = "skiplock", .type = SIM_BOOL },
	{ .name = NULL },
};

const struct sim_route qm_destroy_routes[] = {
	{ "DELETE", QM_GUEST, delete_guest, delete_params, NULL, "/vms/{vmid} VM.Allocate", 0 },
	{ .method = NULL },
};
