/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_move.c - disks move to another storage, or to another guest. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"

#define MOVE_MS 2000

/* The same volume somewhere else; the old one stays for now. */
static struct sim_volume *copy_volume(struct sim *sim, const struct sim_volume *old,
				      struct sim_storage *to, struct sim_node *node,
				      const char *format)
{
	const char *form = !sim_storage_file_based(to) ? "raw" : format ? format : "raw";
	auto_free char *name = sim_volume_name(sim, to, node, old->vmid, "disk", form);
	struct sim_volume *v = sim_volume_add(sim, name, to, node);

	v->content = "images";
	v->vmid = old->vmid;
	v->size_bytes = old->size_bytes;
	(void)snprintf(v->format, sizeof(v->format), "%s", form);
	return v;
}

/* The drive's text with another volume. New string. */
static char *with_volume(const char *text, const struct sim_volume *v)
{
	json_auto_t *opts = prop_parse(text, "file");
	char size[32];

	qm_size_text(v->size_bytes, size);
	(void)json_object_set_new(opts, "file", json_string(v->volid));
	(void)json_object_set_new(opts, "size", json_string(size));
	return prop_print(opts, "file");
}

static void keep_as_unused(struct sim_guest *g, const char *volid)
{
	for (unsigned n = 0; n < 256; n++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "unused%u", n);
		if (json_object_get(g->config, name))
			continue;
		(void)json_object_set_new(g->config, name, json_string(volid));
		return;
	}
}

static int64_t move_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *disk = qm_text(task->args, "disk", ""),
		   *text = g ? qm_text(g->config, disk, NULL) : NULL;
	auto_free char *volid = text ? qm_volid(text) : NULL, *out = NULL;
	struct sim_volume *old = volid ? sim_volume_find(task->sim, volid, g->node) : NULL, *new;
	struct sim_storage *s = sim_storage_find(task->sim, qm_text(task->args, "storage", ""));
	int64_t wait = g ? sim_task_lock(task, g) : 0;

	if (wait)
		return wait;
	if (!g || !old || !s)
		return sim_task_fail(task, "disk '%s' does not exist", disk);
	if (task->stage == 0)
		return MOVE_MS;
	sim_task_log(task, "copying volume '%s' from current storage '%s' to target storage '%s'",
		     volid, old->storage->id, s->id);
	new = copy_volume(task->sim, old, s, g->node, qm_text(task->args, "format", NULL));
	qm_log_copy(task->sim, disk, volid, new, true);
	out = with_volume(text, new);
	(void)json_object_set_new(g->config, disk, json_string(out));
	if (json_is_true(json_object_get(task->args, "delete"))) {
		sim_task_log(task, "removing source volume '%s' after successful copy", volid);
		sim_volume_remove(task->sim, old);
	} else {
		keep_as_unused(g, volid);
	}
	sim_guest_touch(g);
	return 0;
}

/* The volume takes the name of its new owner: "data2:101/vm-101-disk-0.raw". */
static struct sim_volume *hand_over(struct sim *sim, struct sim_volume *old, struct sim_node *node,
				    unsigned vmid)
{
	auto_free char *name = sim_volume_name(sim, old->storage, node, vmid, "disk", old->format);
	struct sim_volume *v = sim_volume_add(sim, name, old->storage, node);

	v->content = old->content;
	v->vmid = vmid;
	v->size_bytes = old->size_bytes;
	v->ctime_s = old->ctime_s;
	v->parent = pxc_strdup(old->parent);
	memcpy(v->format, old->format, sizeof(v->format));
	sim_volume_remove(sim, old);
	return v;
}

static int64_t reassign_work(struct sim_task *task)
{
	unsigned to_id = (unsigned)qm_int(task->args, "target-vmid", 0);
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid),
			 *to = sim_guest_find(task->sim, to_id);
	const char *disk = qm_text(task->args, "disk", ""),
		   *target = qm_text(task->args, "target-disk", disk);
	auto_free char *text = g ? pxc_strdup(qm_text(g->config, disk, NULL)) : NULL,
		       *volid = text ? qm_volid(text) : NULL, *out = NULL;
	struct sim_volume *old = volid ? sim_volume_find(task->sim, volid, g->node) : NULL;

	if (!g || !to || !old)
		return sim_task_fail(task, "disk '%s' does not exist", disk);
	if (task->stage == 0)
		return 500;
	sim_task_log(task, "reassign disk '%s' from VM '%u' as '%s' to VM '%u'", disk, g->vmid,
		     target, to_id);
	sim_task_log(task, "removing disk '%s' from VM '%u' config", disk, g->vmid);
	(void)json_object_del(g->config, disk);
	out = with_volume(text, hand_over(task->sim, old, to->node, to_id));
	sim_task_log(task, "update VM %u: -%s %s", to_id, target, out);
	(void)json_object_set_new(to->config, target, json_string(out));
	sim_guest_touch(g);
	sim_guest_touch(to);
	return 0;
}

static const struct sim_task_kind move_kind = { "qmmove", move_work, NULL };
static const struct sim_task_kind reassign_kind = { "qmmove", reassign_work, NULL };

static int post_reassign(struct sim_call *call, unsigned to_id)
{
	const char *disk = sim_arg(call, "disk"), *target = sim_arg(call, "target-disk");
	const struct sim_guest *to = sim_guest_find(call->sim, to_id);
	auto_free char *id = NULL;

	if (sim_need_vm(call, to_id, "VM.Config.Disk") < 0)
		return -1;
	if (!to)
		return sim_fail(call, 500,
				"Configuration file 'nodes/%s/qemu-server/%u.conf' does not exist",
				call->node->name, to_id);
	if (to->node != call->node)
		return sim_fail(call, 500, "Both VMs need to be on the same node (%s)",
				call->node->name);
	if (json_object_get(to->config, target ? target : disk))
		return sim_fail(call, 500, "Target disk key '%s' is already in use for VM '%u'",
				target ? target : disk, to_id);
	id = pxc_printf("%u-%s>%u-%s", call->vmid, disk, to_id, target ? target : disk);
	return sim_task_start(call, &reassign_kind, id, call->vmid,
			      json_pack("{s:s,s:s?,s:I}", "disk", disk, "target-disk", target,
					"target-vmid", (json_int_t)to_id));
}

static int post_move(struct sim_call *call)
{
	struct sim_guest *g = qm_guest(call);
	const char *disk = sim_arg(call, "disk"), *storage = sim_arg(call, "storage");
	const char *format = sim_arg(call, "format"),
		   *text = g ? qm_text(g->config, disk, NULL) : NULL;
	auto_free char *volid = text ? qm_volid(text) : NULL;
	const struct sim_volume *v = volid ? sim_volume_find(call->sim, volid, g->node) : NULL;
	char id[16];

	if (!g || qm_check_digest(call, g) < 0 || qm_need_unlocked(call, g) < 0)
		return -1;
	if (storage && sim_need(call, "Datastore.AllocateSpace", "/storage/%s", storage) < 0)
		return -1;
	if (storage && !sim_storage_find(call->sim, storage))
		return sim_fail(call, 500, "storage '%s' does not exist", storage);
	if (!v)
		return sim_fail(call, 500, "disk '%s' does not exist", disk);
	if (sim_has(call, "target-vmid"))
		return post_reassign(call, (unsigned)sim_arg_int(call, "target-vmid", 0));
	if (!storage)
		return sim_param_error(call, "storage",
				       "property is missing and it is not optional");
	if (!strcmp(v->storage->id, storage) && (!format || !strcmp(format, v->format)))
		return sim_fail(call, 500, "you can't move to the same storage with same format");
	(void)snprintf(id, sizeof(id), "%u", call->vmid);
	return sim_task_start(call, &move_kind, id, call->vmid,
			      json_pack("{s:s,s:s,s:s?,s:b}", "disk", disk, "storage", storage,
					"format", format, "delete",
					sim_arg_int(call, "delete", 0) != 0));
}

static const struct sim_param move_params[] = {
	{ .name = "disk", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = "storage", .type = SIM_STR },
	{ .name = "format", .type = SIM_STR, .choices = "raw, qcow2, vmdk" },
	{ .name = "delete", .type = SIM_BOOL },
	{ .name = "digest", .type = SIM_STR },
	{ .name = "bwlimit", .type = SIM_INT },
	{ .name = "target-vmid", .type = SIM_INT },
	{ .name = "target-disk", .type = SIM_STR },
	{ .name = "target-digest", .type = SIM_STR },
	{ .name = NULL },
};

const struct sim_route qm_move_routes[] = {
	{ "POST", QM_GUEST "/move_disk", post_move, move_params, NULL, "/vms/{vmid} VM.Config.Disk",
	  0 },
	{ .method = NULL },
};
