/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_template.c - a guest becomes a template, whose disks linked clones refer to. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

/* vm-100-disk-0 becomes base-100-disk-0: a volume that clones can refer to. */
static void to_base(struct sim *sim, struct sim_guest *g, const char *key, const char *text)
{
	json_auto_t *opts = prop_parse(text, "file");
	struct sim_volume *old = qm_volume(g, text), *new;
	const char *at = old ? strstr(old->volid, "vm-") : NULL;
	auto_free char *name = NULL, *out = NULL;

	if (!at)
		return;
	name = pxc_printf("%.*sbase-%s", (int)(at - old->volid), old->volid, at + 3);
	new = sim_volume_add(sim, name, old->storage, old->node);
	new->content = old->content;
	new->vmid = old->vmid;
	new->size_bytes = old->size_bytes;
	new->ctime_s = old->ctime_s;
	new->parent = pxc_strdup(old->parent);
	memcpy(new->format, old->format, sizeof(new->format));
	sim_volume_remove(sim, old);
	(void)json_object_set_new(opts, "file", json_string(name));
	out = prop_print(opts, "file");
	(void)json_object_set_new(g->config, key, json_string(out));
}

static int64_t template_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	json_auto_t *before = NULL;
	const char *key;
	json_t *value;

	if (task->stage == 0)
		return 500;
	if (!g)
		return sim_task_fail(task, "VM %u is gone", task->vmid);
	before = json_copy(g->config);
	json_object_foreach (before, key, value) {
		if (json_is_string(value) && qm_is_disk(key, json_string_value(value)))
			to_base(task->sim, g, key, json_string_value(value));
	}
	(void)json_object_set_new(g->config, "template", json_integer(1));
	sim_guest_touch(g);
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
