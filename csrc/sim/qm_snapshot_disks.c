/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/qm_snapshot.h"

#include <string.h>

#include "base/units.h"

bool snapshot_possible(const struct sim_guest *g)
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

char *snapshot_ram(struct sim_task *task, const struct sim_guest *g, const char *name,
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

bool snapshot_with_ram(const struct sim_task *task, const struct sim_guest *g)
{
	return qm_int(task->args, "vmstate", 0) && g->run != SIM_STOPPED;
}

/* The volume of a drive that takes part in snapshots. New string; NULL = a medium, or no drive. */
static char *disk_of(const json_t *config, const char *key)
{
	const char *text = qm_text(config, key, "");

	return qm_is_drive(key) && !strstr(text, "media=cdrom") ? qm_volid(text) : NULL;
}

int snapshot_each(struct sim_task *task, const struct sim_guest *g, const json_t *config,
		  snapshot_verb *verb, size_t *ret_done, struct pxc_err *err)
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
		if (verb == disk_snapshot && snapshot_with_ram(task, g))
			sim_task_log(task, "internal qemu snapshot");
		v = disk_need(task->sim, volid, g->node, err);
		if (!v || verb(v, name, err) < 0)
			return -1;
	}
	return 0;
}

void snapshot_undo(struct sim_task *task, const struct sim_guest *g, const json_t *config,
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

void snapshot_sizes(struct sim *sim, const struct sim_guest *g)
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

void snapshot_keep_newer(struct sim_guest *g, const json_t *before)
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
