/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_content.c - what lies on a storage: list, allocate, look, change, free. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/disk.h"
#include "sim/rbd.h"
#include "sim/state.h"

#define KIB 1024ull

static struct sim_storage *reach_storage(struct sim_call *call)
{
	const char *id = sim_arg(call, "storage");
	struct sim_storage *storage = sim_storage_find(call->sim, id);

	if (!storage)
		sim_fail(call, 500, "storage '%s' does not exist", id);
	else if (!sim_storage_on(storage, call->node))
		sim_fail(call, 500, "storage '%s' is not available on node '%s'", id,
			 call->node->name);
	else
		return storage;
	return NULL;
}

static bool is_image(const struct sim_volume *volume)
{
	return !strcmp(volume->content, "images") || !strcmp(volume->content, "rootdir");
}

/* Of "ceph:base-9-disk-0/vm-100-disk-0" what stands last. */
static const char *image_name(const struct sim_volume *volume)
{
	const char *slash = strrchr(volume->volid, '/');

	return slash ? slash + 1 : strchr(volume->volid, ':') + 1;
}

/* How PVE writes the base of a linked clone: a path beside it, or the protected snapshot. */
static json_t *parent_text(const struct sim_volume *volume)
{
	const char *name;

	if (volume->origin)
		return json_string(volume->origin);
	if (!volume->parent)
		return json_null();
	name = strchr(volume->parent, ':');
	if (sim_storage_file_based(volume->storage))
		return json_sprintf("../%s", name ? name + 1 : volume->parent);
	return json_sprintf("%s@__base__", name ? name + 1 : volume->parent);
}

static json_t *describe(const struct sim_volume *volume)
{
	json_t *entry = json_pack("{s:s, s:s, s:s, s:I}", "volid", volume->volid, "content",
				  volume->content, "format", volume->format, "size",
				  (json_int_t)volume->size_bytes);

	/* `rbd ls -l` knows no times, and PVE passes on the name it read there. */
	if (volume->storage->rbd)
		json_object_set_new(entry, "name", json_string(image_name(volume)));
	else
		json_object_set_new(entry, "ctime", json_integer((json_int_t)volume->ctime_s));
	if (volume->vmid)
		json_object_set_new(entry, "vmid", json_integer(volume->vmid));
	if (is_image(volume)) {
		json_object_set_new(entry, "parent", parent_text(volume));
		if (sim_storage_file_based(volume->storage))
			json_object_set_new(entry, "used",
					    json_integer((json_int_t)volume->size_bytes / 8));
	}
	if (volume->notes)
		json_object_set_new(entry, "notes", json_string(volume->notes));
	if (volume->is_protected)
		json_object_set_new(entry, "protected", json_integer(1));
	return entry;
}

static bool may_list(const struct sim_call *call, const struct sim_volume *volume)
{
	if (volume->vmid && is_image(volume)) {
		auto_free char *path = pxc_printf("/storage/%s", volume->storage->id);

		return sim_may(call, path, "Datastore.Allocate") ||
		       sim_may_vm(call, volume->vmid, "VM.Config.Disk") ||
		       sim_may_vm(call, volume->vmid, "VM.Audit");
	}
	return true;
}

static int get_content(struct sim_call *call)
{
	struct sim_storage *storage = reach_storage(call);
	const char *content = sim_arg(call, "content");
	unsigned vmid = (unsigned)sim_arg_int(call, "vmid", 0);
	const struct sim_map *volumes = &call->sim->volumes;
	auto_free char *prefix = pxc_printf("%s:", sim_arg(call, "storage"));
	struct pxc_err err;

	if (!storage)
		return -1;
	if (storage->rbd && rbd_sync(call->sim, storage, &err) < 0)
		return sim_fail(call, 500, "%s", err.msg);
	call->data = json_array();
	for (size_t i = sim_map_lower(volumes, prefix);
	     i < volumes->count && str_starts(volumes->entries[i].key, prefix); i++) {
		const struct sim_volume *volume = volumes->entries[i].value;

		if ((volume->node && volume->node != call->node) ||
		    (content && strcmp(content, volume->content)) || (vmid && vmid != volume->vmid))
			continue;
		if (may_list(call, volume))
			json_array_append_new(call->data, describe(volume));
	}
	return 0;
}

static const char *format_of(const char *filename, const char *asked)
{
	if (asked)
		return asked;
	if (str_ends(filename, ".qcow2"))
		return "qcow2";
	return str_ends(filename, ".vmdk") ? "vmdk" : "raw";
}

static uint64_t size_of(const char *text)
{
	uint64_t number = strtoull(text, NULL, 10);

	if (str_ends(text, "G"))
		return number << 30;
	return str_ends(text, "M") ? number << 20 : number * KIB;
}

static int post_content(struct sim_call *call)
{
	const char *filename = sim_arg(call, "filename"), *format = sim_arg(call, "format");
	struct sim_storage *storage = reach_storage(call);
	unsigned vmid = (unsigned)sim_arg_int(call, "vmid", 0);
	auto_free char *owner = pxc_printf("vm-%u-", vmid);
	const struct disk_want want = { .storage = storage,
					.node = call->node,
					.vmid = vmid,
					.format = format_of(filename, format),
					.size_bytes = size_of(sim_arg(call, "size")) };
	const struct sim_volume *volume;
	struct pxc_err err;

	if (!storage || sim_need_quorum(call) < 0)
		return -1;
	if (!str_starts(filename, owner))
		return sim_fail(call, 500, "illegal name '%s' - should be '%s*'", filename, owner);
	volume = disk_create_named(call->sim, &want, filename, &err);
	if (!volume)
		return sim_fail(call, 500, "%s", err.msg);
	call->data = json_string(volume->volid);
	return 0;
}

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
			  image_name(volume));
}

static char *path_of(const struct sim_volume *volume)
{
	const char *root = json_string_value(json_object_get(volume->storage->config, "path"));
	const char *name = strchr(volume->volid, ':') + 1;

	if (!root)
		return path_of_image(volume, name);
	if (is_image(volume))
		return pxc_printf("%s/images/%s", root, name);
	if (!strcmp(volume->content, "iso"))
		return pxc_printf("%s/template/%s", root, name);
	if (!strcmp(volume->content, "vztmpl"))
		return pxc_printf("%s/template/cache/%s", root, name + strcspn(name, "/") + 1);
	return pxc_printf("%s/%s", root, name);
}

static int no_volume(struct sim_call *call, const char *volid)
{
	struct sim_storage *storage = reach_storage(call);
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
	return pool && rbd_ops(volume->storage)->used(pool, image_name(volume), ret, &err) == 0;
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
	if (notes && is_image(volume))
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
	struct sim_storage *storage = reach_storage(call);
	const char *slash = strrchr(volid, '/'), *colon = strchr(volid, ':'),
		   *vm = strstr(storage && storage->rbd && slash ? slash : colon, "vm-");
	unsigned vmid = vm ? (unsigned)strtoul(vm + 3, NULL, 10) : 0;

	if (!storage ||
	    sim_need(call, "Datastore.Allocate", "/storage/%s", sim_arg(call, "storage")) < 0 ||
	    sim_need_quorum(call) < 0)
		return -1;
	id = vmid ? pxc_printf("%u@%s", vmid, storage->id) : pxc_printf("@%s", storage->id);
	return sim_task_start(call, &free_kind, id, vmid, json_pack("{s:s}", "volid", volid));
}

static const struct sim_param content_get[] = {
	{ .name = "content", .format = sim_format_content },
	{ .name = "vmid", .type = SIM_INT, .format = sim_format_vmid },
	{ 0 },
};
static const struct sim_param content_post[] = {
	{ .name = "filename", .flags = SIM_REQUIRED },
	{ .name = "size", .flags = SIM_REQUIRED, .pattern = "^[0-9]+[MG]?$" },
	{ .name = "vmid", .type = SIM_INT, .flags = SIM_REQUIRED, .format = sim_format_vmid },
	{ .name = "format", .choices = "raw, qcow2, subvol, vmdk", .needs = "size" },
	{ 0 },
};
static const struct sim_param volume_put[] = {
	{ .name = "notes" },
	{ .name = "protected", .type = SIM_BOOL },
	{ 0 },
};
static const struct sim_param volume_delete[] = {
	{ .name = "delay", .type = SIM_INT, .min = 1, .max = 30 },
	{ 0 },
};

#define CONTENT "/nodes/{node}/storage/{storage}/content"

const struct sim_route sim_content_routes[] = {
	{ "GET", CONTENT, get_content, content_get, NULL,
	  "/storage/{storage} Datastore.Audit|Datastore.AllocateSpace", 0 },
	{ "POST", CONTENT, post_content, content_post, NULL,
	  "/storage/{storage} Datastore.AllocateSpace", 0 },
	{ "GET", CONTENT "/{volume...}", get_volume, NULL, NULL, "user", 0 },
	{ "PUT", CONTENT "/{volume...}", put_volume, volume_put, NULL, "user", 0 },
	{ "DELETE", CONTENT "/{volume...}", delete_volume, volume_delete, NULL, "user", 0 },
	{ 0 },
};
