/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_template.c - a guest becomes a template, whose disks linked clones refer to. */
#include <stdio.h>
#include <string.h>

#include "sim/disk.h"
#include "sim/qm.h"

/* The disk becomes one that clones can refer to. */
static int to_base(struct sim *sim, struct sim_guest *g, const char *key, const char *text,
		   struct pxc_err *err)
{
	json_auto_t *opts = prop_parse(text, "file");
	struct sim_volume *old = disk_need(sim, qm_text(opts, "file", ""), g->node, err);
	const struct sim_volume *base = old ? disk_make_base(sim, old, err) : NULL;
	auto_free char *out = NULL;

	if (!base)
		return -1;
	(void)json_object_set_new(opts, "file", json_string(base->volid));
	out = prop_print(opts, "file");
	(void)json_object_set_new(g->config, key, json_string(out));
	return 0;
}

static int64_t template_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	auto_free const char **keys = NULL;
	json_auto_t *before = NULL;
	size_t count = 0;
	struct pxc_err err;

	if (task->stage == 0)
		return 500;
	if (!g)
		return sim_task_fail(task, "VM %u is gone", task->vmid);
	(void)json_object_set_new(g->config, "template", json_integer(1));
	sim_guest_touch(g);
	before = json_copy(g->config);
	keys = qm_sorted_keys(before, &count);
	for (size_t i = 0; i < count; i++) {
		const char *text = qm_text(before, keys[i], NULL);

		if (text && qm_is_disk(keys[i], text) &&
		    to_base(task->sim, g, keys[i], text, &err) < 0)
			return sim_task_fail(task, "%s", err.msg);
	}
	return 0;
}

static const struct sim_task_kind template_kind = { "qmtemplate", template_work, NULL };

static int post_template(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	char id[16];

	if (!g || qm_need_unlocked(call, g) < 0)
		return -1;
	if (json_object_size(g->snapshots))
		return sim_fail(call, 500,
				"unable to create template, because VM contains snapshots");
	if (qm_template(g) && !sim_has(call, "disk"))
		return sim_fail(call, 500, "you can't convert a template to a template");
	if (g->run != SIM_STOPPED)
		return sim_fail(call, 500, "you can't convert a VM to template if VM is running");
	(void)snprintf(id, sizeof(id), "%u", g->vmid);
	return sim_task_start(call, &template_kind, id, g->vmid, NULL);
}

static const struct sim_param template_params[] = { { .name = "disk", .type = SIM_STR },
						    { .name = NULL } };

const struct sim_route qm_template_routes[] = {
	{ "POST", QM_GUEST "/template", post_template, template_params, NULL,
	  "/vms/{vmid} VM.Allocate", 0 },
	{ .method = NULL },
};
