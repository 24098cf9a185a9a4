/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_volume.c - one volume on a storage: look, change, free. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/disk.h"
#include "sim/rbd.h"
#include "sim/state.h"

/* "data:200/x.raw", or "x.raw" of the storage in the path; caller frees. */
static char *asked_volid(const struct sim_call *call)
{
	const char *volume = sim_arg(call, "volume");

	return strchr(volume, ':') ? pxc_strdup(volume)
				   : pxc_printf("%s:%s", sim_arg(call, "storage"), volume);
}

/* What QEMU opens. */
static char *path_of_image(const struct sim_volume *volume, const char *name)
{
	const json_t *config = volume->storage->config;
	const char *pool = json_string_value(json_object_get(config, "pool")),
		   *space = json_string_value(json_object_get(config, "namespace"));

	if (!volume->storage->rbd)
		return pxc_printf("%s:%s", volume->storage->type, name);
	return pxc_printf("rbd:%s%s%s/%s:conf=/etc/pve/ceph.conf:id=admin:"
			  "keyring=/etc/pve/priv/ceph.client.admin.keyring",
			  pool ? pool : "rbd", space ? "/" : "", space ? space : "",
			  disk_image_name(volume->volid));
}

static char *path_of(const struct sim_volume *volume)
{
	const char *root = json_string_value(json_object_get(volume->storage->config, "path"));
	const char *name = strchr(volume->volid, ':') + 1;

	if (!root)
		return path_of_image(volume, name);
	if (sim_volume_is_image(volume))
		return pxc_printf("%s/images/%s", root, name);
	if (!strcmp(volume->content, "iso"))
		return pxc_printf("%s/template/%s", root, name);
	if (!strcmp(volume->content, "vztmpl"))
		return pxc_printf("%s/template/cache/%s", root, name + strcspn(name, "/") + 1);
	return pxc_printf("%s/%s", root, name);
}

static int no_volume(struct sim_call *call, const char *volid)
{
	struct sim_storage *storage = sim_storage_reach(call);
	struct pxc_err err;

	if (storage && storage->rbd && !rbd_look(call->sim, storage, volid, &err))
		return sim_fail(call, 500, "%s", err.msg);
	return sim_fail(call, 500, "volume_size_info on '%s' failed - volume does not exist",
			volid);
}

/* Bytes it takes; false: the storage does not say. */
static bool used_by(const struct sim_volume *volume, uint64_t *ret)
{
	struct pxc_err err;
	struct ceph_pool *pool;

	if (!volume->storage->rbd) {
		*ret = volume->size_bytes / 8;
		return sim_storage_file_based(volume->storage);
	}
	pool = rbd_pool(volume->storage, &err);
	return pool &&
	       rbd_ops(volume->storage)->used(pool, disk_image_name(volume->volid), ret, &err) == 0;
}

static int get_volume(struct sim_call *call)
{
	auto_free char *volid = asked_volid(call), *path = NULL;
	const struct sim_volume *volume = sim_volume_find(call->sim, volid, call->node);
	auto_free char *storage_path = pxc_printf("/storage/%s", sim_arg(call, "storage"));
	uint64_t used = 0;

	if (!sim_may(call, storage_path, "Datastore.Audit|Datastore.AllocateSpace"))
		return sim_deny(call, "%s", "");
	if (!volume)
		return no_volume(call, volid);
	path = path_of(volume);
	call->data = json_pack("{s:I, s:s, s:s}", "size", (json_int_t)volume->size_bytes, "format",
			       volume->format, "path", path);
	if (used_by(volume, &used))
		json_object_set_new(call->data, "used", json_integer((json_int_t)used));
	if (volume->notes)
		json_object_set_new(call->data, "notes", json_string(volume->notes));
	return 0;
}

static int put_volume(struct sim_call *call)
{
	auto_free char *volid = asked_volid(call);
	struct sim_volume *volume = sim_volume_find(call->sim, volid, call->node);
	const char *notes = sim_arg(call, "notes");

	if (sim_need(call, "Datastore.Allocate", "/storage/%s", sim_arg(call, "storage")) < 0)
		return -1;
	if (!volume)
		return sim_fail(call, 500, "no such volume '%s'", volid);
	if (notes && sim_volume_is_image(volume))
		return sim_fail(call, 500, "attribute 'notes' is not supported for volume '%s'",
				volid);
	if (notes) {
		free(volume->notes);
		volume->notes = *notes ? pxc_strdup(notes) : NULL;
	}
	volume->is_protected = sim_arg_int(call, "protected", volume->is_protected);
	return 0;
}

static int64_t work_free(struct sim_task *task)
{
	const char *volid = json_string_value(json_object_get(task->args, "volid"));
	const struct sim_volume *volume;
	struct pxc_err err;

	if (task->stage == 0)
		return 200;
	volume = sim_volume_find(task->sim, volid, task->node);
	if (volume && volume->is_protected)
		return sim_task_fail(task, "can't remove protected volume '%s'", volid);
	if (disk_free(task->sim, volid, task->node, &err) < 0)
		return sim_task_fail(task, "%s", err.msg);
	sim_task_log(task, "Removed volume '%s'", volid);
	return 0;
}

static const struct sim_task_kind free_kind = { "imgdel", work_free, NULL };

static int delete_volume(struct sim_call *call)
{
	auto_free char *volid = asked_volid(call);
	auto_free char *id = NULL;
	struct sim_storage *storage = sim_storage_reach(call);
	const char *name = disk_image_name(volid);
	unsigned vmid = str_starts(name, "vm-")     ? (unsigned)strtoul(name + 3, NULL, 10)
			: str_starts(name, "base-") ? (unsigned)strtoul(name + 5, NULL, 10)
						    : 0;

	if (!storage ||
	    sim_need(call, "Datastore.Allocate", "/storage/%s", sim_arg(call, "storage")) < 0 ||
	    sim_need_quorum(call) < 0)
		return -1;
	id = vmid ? pxc_printf("%u@%s", vmid, storage->id) : pxc_printf("@%s", storage->id);
	return sim_task_start(call, &free_kind, id, vmid, json_pack("{s:s}", "volid", volid));
}

static const struct sim_param volume_put[] = {
	{ .name = "notes" },
	{ .name = "protected", .type = SIM_BOOL },
	{ 0 },
};
static const struct sim_param volume_delete[] = {
	{ .name = "delay", .type = SIM_INT, .min = 1, .max = 30 },
	{ 0 },
};

#define VOLUME "/nodes/{node}/storage/{storage}/content/{volume...}"

const struct sim_route sim_volume_routes[] = {
	{ "GET", VOLUME, get_volume, NULL, NULL, "user", 0 },
	{ "PUT", VOLUME, put_volume, volume_put, NULL, "user", 0 },
	{ "DELETE", VOLUME, delete_volume, volume_delete, NULL, "user", 0 },
	{ 0 },
};
