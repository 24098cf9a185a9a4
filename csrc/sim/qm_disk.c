/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_disk.c - growing and unlinking disks; what a guest's disks can do. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/disk.h"
#include "sim/qm.h"

static uint64_t parse_size(const char *text)
{
	char *end;
	double n = strtod(text, &end);
	static const char units[] = "KMGT";
	const char *u = *end ? strchr(units, *end) : NULL;

	return (uint64_t)(n * (double)(u ? 1ull << (10 * (u - units + 1)) : 1));
}

static int64_t resize_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	struct pxc_err err;
	const char *disk = qm_text(task->args, "disk", ""), *size = qm_text(task->args, "size", "");
	const char *text = g ? qm_text(g->config, disk, NULL) : NULL;
	json_auto_t *opts = text ? prop_parse(text, "file") : NULL;
	auto_free char *volid = text ? qm_volid(text) : NULL, *out = NULL;
	struct sim_volume *v = volid ? disk_need(task->sim, volid, g->node, &err) : NULL;
	uint64_t want = parse_size(size + (*size == '+'));
	char echo[32];
	int64_t wait;

	if (!g)
		return sim_task_fail(task, "VM %u is gone", task->vmid);
	wait = sim_task_lock(task, g);
	if (wait)
		return wait;
	if (g->lock)
		return sim_task_fail(task, "VM is locked (%s)", g->lock);
	if (!volid)
		return sim_task_fail(task, "disk '%s' does not exist", disk);
	if (strstr(text, "media=cdrom"))
		return sim_task_fail(task, "you can't resize a cdrom");
	if (!v)
		return sim_task_fail(task, "%s", err.msg);
	if (*size == '+')
		want += v->size_bytes;
	if (want < v->size_bytes)
		return sim_task_fail(task, "shrinking disks is not supported");
	if (want == v->size_bytes)
		return 0;
	if (task->stage == 0)
		return 1000;
	if (sim_storage_file_based(v->storage))
		sim_task_log(task, "Image resized.");
	if (disk_resize(task->sim, v, want, &err) < 0)
		return sim_task_fail(task, "%s", err.msg);
	qm_size_text(want, echo);
	(void)json_object_set_new(opts, "size", json_string(echo));
	out = prop_print(opts, "file");
	(void)json_object_set_new(g->config, disk, json_string(out));
	sim_guest_touch(g);
	return 0;
}

static const struct sim_task_kind resize_kind = { "resize", resize_work, NULL };

static int put_resize(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	char id[16];

	if (!g || qm_check_digest(call, g) < 0)
		return -1;
	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	return sim_task_start(call, &resize_kind, id, call->vmid,
			      json_pack("{s:s,s:s}", "disk", sim_arg(call, "disk"), "size",
					sim_arg(call, "size")));
}

static int put_unlink(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	const char *list = sim_arg(call, "idlist");
	struct pxc_err err;

	if (!g || qm_need_unlocked(call, g) < 0 || sim_wait_lock(call, g) < 0)
		return -1;
	for (const char *p = list; p && *p; p += strcspn(p, ",; ")) {
		char key[32];

		p += strspn(p, ",; ");
		(void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(p, ",; "), p);
		if (qm_int(g->config, "protection", 0))
			return sim_fail(call, 500,
					"can't remove drive '%s' - protection mode enabled", key);
		if (qm_remove_option(call->sim, g, key, sim_arg_int(call, "force", 0) != 0, &err) <
		    0)
			return sim_fail(call, 500, "%s", err.msg);
	}
	sim_guest_touch(g);
	return 0;
}

static int get_feature(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	const char *feature = sim_arg(call, "feature"), *key;
	bool can = true;
	json_t *value;

	if (!g)
		return -1;
	json_object_foreach (g->config, key, value) {
		auto_free char *volid =
			qm_is_drive(key) ? qm_volid(json_string_value(value)) : NULL;
		const struct sim_volume *v =
			volid ? sim_volume_find(call->sim, volid, g->node) : NULL;

		if (!v || strstr(json_string_value(value), "media=cdrom"))
			continue;
		if (!strcmp(feature, "snapshot"))
			can &= !strcmp(v->format, "qcow2") || !sim_storage_file_based(v->storage);
		else if (!strcmp(feature, "clone"))
			can &= strstr(v->volid, "base-") != NULL ||
			       (v->storage->rbd && sim_has(call, "snapname"));
	}
	call->data = json_pack("{s:b,s:[]}", "hasFeature", can, "nodes");
	(void)json_object_set_new(call->data, "hasFeature", json_integer(can));
	for (size_t i = 0; i < call->sim->node_count; i++)
		(void)json_array_append_new(json_object_get(call->data, "nodes"),
					    json_string(call->sim->nodes[i].name));
	return 0;
}

static const struct sim_param resize_params[] = {
	{ .name = "disk", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = "size",
	  .type = SIM_STR,
	  .flags = SIM_REQUIRED,
	  .pattern = "^\\+?[0-9]+(\\.[0-9]+)?[KMGT]?$" },
	{ .name = "digest", .type = SIM_STR },
	{ .name = "skiplock", .type = SIM_BOOL },
	{ .name = NULL },
};
static const struct sim_param unlink_params[] = {
	{ .name = "idlist", .type = SIM_STR, .flags = SIM_REQUIRED | SIM_LIST },
	{ .name = "force", .type = SIM_BOOL },
	{ .name = NULL },
};
static const struct sim_param feature_params[] = {
	{ .name = "feature",
	  .type = SIM_STR,
	  .flags = SIM_REQUIRED,
	  .choices = "snapshot, clone, copy" },
	{ .name = "snapname", .type = SIM_STR },
	{ .name = NULL },
};
const struct sim_route qm_disk_routes[] = {
	{ "PUT", QM_GUEST "/resize", put_resize, resize_params, NULL, "/vms/{vmid} VM.Config.Disk",
	  0 },
	{ "PUT", QM_GUEST "/unlink", put_unlink, unlink_params, NULL, "/vms/{vmid} VM.Config.Disk",
	  0 },
	{ "GET", QM_GUEST "/feature", get_feature, feature_params, NULL, "/vms/{vmid} VM.Audit",
	  0 },
	{ .method = NULL },
};
