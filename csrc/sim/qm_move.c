/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_move.c - disks move to another storage, or to another guest. */
#include <stdio.h>
#include <string.h>

#include "sim/disk.h"
#include "sim/qm.h"
#include "sim/rbd.h"

#define MOVE_MS 2000

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

/* The copy takes the place of the disk; 0, or -1 with err. */
static int move_disk(struct sim_task *task, struct sim_guest *g, const char *disk, const char *text,
		     const struct sim_volume *old, struct pxc_err *err)
{
	const struct disk_want want = { .storage = sim_storage_find(
						task->sim, qm_text(task->args, "storage", "")),
					.node = g->node,
					.vmid = g->vmid,
					.kind = "disk",
					.format = qm_text(task->args, "format", NULL) };
	const struct sim_volume *new = disk_copy(task->sim, old, NULL, &want, err);
	auto_free char *out = NULL;

	if (!new)
		return -1;
	qm_log_copy(task->sim, disk, old->volid, new, true);
	out = with_volume(text, new);
	(void)json_object_set_new(g->config, disk, json_string(out));
	return rbd_hold(g, err);
}

static int64_t move_work(struct sim_task *task)
{
	struct sim_guest *g = sim_guest_find(task->sim, task->vmid);
	const char *disk = qm_text(task->args, "disk", ""),
		   *text = g ? qm_text(g->config, disk, NULL) : NULL;
	auto_free char *volid = text ? qm_volid(text) : NULL;
	struct sim_storage *s = sim_storage_find(task->sim, qm_text(task->args, "storage", ""));
	int64_t wait = g ? sim_task_lock(task, g) : 0;
	struct sim_volume *old;
	struct pxc_err err;

	if (wait)
		return wait;
	if (!g || !volid || !s)
		return sim_task_fail(task, "disk '%s' does not exist", disk);
	if (task->stage == 0)
		return MOVE_MS;
	old = disk_need(task->sim, volid, g->node, &err);
	if (old)
		sim_task_log(task,
			     "copying volume '%s' from current storage '%s' to target storage '%s'",
			     volid, old->storage->id, s->id);
	if (!old || move_disk(task, g, disk, text, old, &err) < 0)
		return sim_task_fail(task, "storage migration failed: %s", err.msg);
	if (json_is_true(json_object_get(task->args, "delete"))) {
		sim_task_log(task, "removing source volume '%s' after successful copy", volid);
		if (disk_free(task->sim, volid, g->node, &err) < 0)
			sim_task_log(task, "%s", err.msg);
	} else {
		qm_keep_unused(g, volid);
	}
	sim_guest_touch(g);
	return 0;
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
	struct sim_volume *v;
	struct pxc_err err;

	if (!g || !to || !volid)
		return sim_task_fail(task, "disk '%s' does not exist", disk);
	if (task->stage == 0)
		return 500;
	sim_task_log(task, "reassign disk '%s' from VM '%u' as '%s' to VM '%u'", disk, g->vmid,
		     target, to_id);
	v = disk_need(task->sim, volid, g->node, &err);
	if (v)
		v = disk_hand_over(task->sim, v, to->node, to_id, &err);
	if (!v)
		return sim_task_fail(task, "%s", err.msg);
	sim_task_log(task, "removing disk '%s' from VM '%u' config", disk, g->vmid);
	(void)json_object_del(g->config, disk);
	out = qm_is_unused(target) ? pxc_strdup(v->volid) : with_volume(text, v);
	sim_task_log(task, "update VM %u: -%s %s", to_id, target, out);
	(void)json_object_set_new(to->config, target, json_string(out));
	sim_guest_touch(g);
	sim_guest_touch(to);
	return rbd_hold(to, &err) < 0 ? sim_task_fail(task, "%s", err.msg) : 0;
}

static const struct sim_task_kind move_kind = { "qmmove", move_work, NULL };
static const struct sim_task_kind reassign_kind = { "qmmove", reassign_work, NULL };

static int post_reassign(struct sim_call *call, unsigned to_id)
{
	const char *disk = sim_arg(call, "disk"), *target = sim_arg(call, "target-disk");
	const struct sim_guest *to = sim_guest_find(call->sim, to_id),
			       *g = sim_guest_find(call->sim, call->vmid);
	auto_free char *id = NULL, *volid = qm_volid(qm_text(g->config, disk, ""));

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
	if (volid && qm_in_snapshot(g, volid))
		return sim_fail(call, 500, "Can't move disk used by a snapshot to another VM");
	if (g->run != SIM_STOPPED && !qm_is_unused(disk))
		return sim_fail(call, 500,
				"Cannot move disk to another VM while the source VM is running - "
				"detach first");
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
	if (sim_arg_int(call, "delete", 0) && qm_in_snapshot(g, volid))
		return sim_fail(call, 500,
				"you can't move a disk with snapshots and delete the source");
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
