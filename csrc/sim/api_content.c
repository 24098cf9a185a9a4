/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_content.c - what lies on a storage: list, allocate. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim/areas.h"
#include "sim/disk.h"
#include "sim/rbd.h"
#include "sim/state.h"

#define KIB 1024ull

struct sim_storage *sim_storage_reach(struct sim_call *call)
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

bool sim_volume_is_image(const struct sim_volume *volume)
{
	return !strcmp(volume->content, "images") || !strcmp(volume->content, "rootdir");
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
		json_object_set_new(entry, "name", json_string(disk_image_name(volume->volid)));
	else
		json_object_set_new(entry, "ctime", json_integer((json_int_t)volume->ctime_s));
	if (volume->vmid)
		json_object_set_new(entry, "vmid", json_integer(volume->vmid));
	if (sim_volume_is_image(volume)) {
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
	if (volume->vmid && sim_volume_is_image(volume)) {
		auto_free char *path = pxc_printf("/storage/%s", volume->storage->id);

		return sim_may(call, path, "Datastore.Allocate") ||
		       sim_may_vm(call, volume->vmid, "VM.Config.Disk") ||
		       sim_may_vm(call, volume->vmid, "VM.Audit");
	}
	return true;
}

static int by_volid(const void *a, const void *b)
{
	const struct sim_volume *const *one = a, *const *other = b;

	return strcasecmp((*one)->volid, (*other)->volid);
}

/* Those of a storage that the call asks for, sorted as PVE does. Caller frees the array. */
static const struct sim_volume **choose(struct sim_call *call, const struct sim_storage *storage,
					size_t *ret_count)
{
	const char *content = sim_arg(call, "content");
	unsigned vmid = (unsigned)sim_arg_int(call, "vmid", 0);
	const struct sim_map *volumes = &call->sim->volumes;
	auto_free char *prefix = pxc_printf("%s:", storage->id);
	const struct sim_volume **chosen = pxc_calloc(volumes->count + 1, sizeof(*chosen));
	size_t n = 0;

	for (size_t i = sim_map_lower(volumes, prefix);
	     i < volumes->count && str_starts(volumes->entries[i].key, prefix); i++) {
		const struct sim_volume *volume = volumes->entries[i].value;

		if ((!volume->node || volume->node == call->node) &&
		    (!content || !strcmp(content, volume->content)) &&
		    (!vmid || vmid == volume->vmid) && may_list(call, volume))
			chosen[n++] = volume;
	}
	qsort(chosen, n, sizeof(*chosen), by_volid);
	*ret_count = n;
	return chosen;
}

static int get_content(struct sim_call *call)
{
	struct sim_storage *storage = sim_storage_reach(call);
	auto_free const struct sim_volume **chosen = NULL;
	struct pxc_err err;
	size_t n;

	if (!storage)
		return -1;
	if (storage->rbd && rbd_sync(call->sim, storage, &err) < 0)
		return sim_fail(call, 500, "%s", err.msg);
	chosen = choose(call, storage, &n);
	call->data = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(call->data, describe(chosen[i]));
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
	struct sim_storage *storage = sim_storage_reach(call);
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
#define CONTENT "/nodes/{node}/storage/{storage}/content"

const struct sim_route sim_content_routes[] = {
	{ "GET", CONTENT, get_content, content_get, NULL,
	  "/storage/{storage} Datastore.Audit|Datastore.AllocateSpace", 0 },
	{ "POST", CONTENT, post_content, content_post, NULL,
	  "/storage/{storage} Datastore.AllocateSpace", 0 },
	{ 0 },
};
