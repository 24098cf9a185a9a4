/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_storage.c - /storage: definitions, and what a node says about them. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

static const char *const contents[] = { "images", "rootdir", "vztmpl",   "iso",
					"backup", "import",  "snippets", "none" };

bool sim_format_content(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	for (size_t i = 0; i < ARRAY_SIZE(contents); i++)
		if (!strcmp(contents[i], value))
			return true;
	buf_printf(why, "invalid content type '%s'\n", value);
	return false;
}

static void digest_of_all(const struct sim *sim, char digest[41])
{
	json_auto_t *all = json_object();

	for (size_t i = 0; i < sim->storages.count; i++) {
		const struct sim_storage *storage = sim->storages.entries[i].value;

		json_object_set(all, storage->id, storage->config);
	}
	sim_json_digest(all, digest);
}

static json_t *describe(const struct sim_storage *storage, const char *digest)
{
	json_t *entry = json_copy(storage->config);

	json_object_set_new(entry, "storage", json_string(storage->id));
	json_object_set_new(entry, "type", json_string(storage->type));
	json_object_set_new(entry, "digest", json_string(digest));
	return entry;
}

static bool may_use(const struct sim_call *call, const struct sim_storage *storage)
{
	auto_free char *path = pxc_printf("/storage/%s", storage->id);

	return sim_may(call, path, "Datastore.Audit|Datastore.AllocateSpace");
}

static int get_storages(struct sim_call *call)
{
	const char *type = sim_arg(call, "type");
	char digest[41];

	digest_of_all(call->sim, digest);
	call->data = json_array();
	for (size_t i = 0; i < call->sim->storages.count; i++) {
		const struct sim_storage *storage = call->sim->storages.entries[i].value;

		if ((!type || !strcmp(type, storage->type)) && may_use(call, storage))
			json_array_append_new(call->data, describe(storage, digest));
	}
	return 0;
}

static struct sim_storage *find(struct sim_call *call, const char *context)
{
	const char *id = sim_arg(call, "storage");
	struct sim_storage *storage = sim_storage_find(call->sim, id);

	if (!storage)
		sim_fail(call, 500, "%sstorage '%s' does not exist", context, id);
	return storage;
}

static int get_storage(struct sim_call *call)
{
	const struct sim_storage *storage = find(call, "");
	char digest[41];

	if (!storage)
		return -1;
	digest_of_all(call->sim, digest);
	call->data = describe(storage, digest);
	return 0;
}

static bool is_meta(const char *key)
{
	return !strcmp(key, "storage") || !strcmp(key, "type") || !strcmp(key, "delete") ||
	       !strcmp(key, "digest");
}

static void take_config(struct sim_call *call, json_t *config)
{
	const char *key;
	json_t *value;

	json_object_foreach(call->params, key, value) if (!is_meta(key))
		json_object_set(config, key, value);
}

/* What a type cannot be without. */
static int need_property(struct sim_call *call, const char *type)
{
	static const char *const needs[][2] = {
		{ "dir", "path" },     { "btrfs", "path" }, { "nfs", "server" },
		{ "cifs", "server" },  { "lvm", "vgname" }, { "lvmthin", "vgname" },
		{ "zfspool", "pool" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (!strcmp(needs[i][0], type) && !sim_has(call, needs[i][1]))
			return sim_fail(
				call, 500,
				"create storage failed: missing value for required option '%s'",
				needs[i][1]);
	return 0;
}

static int answer_written(struct sim_call *call, const struct sim_storage *storage)
{
	call->data = json_pack("{s:s, s:s}", "storage", storage->id, "type", storage->type);
	return 0;
}

static int post_storage(struct sim_call *call)
{
	const char *id = sim_arg(call, "storage"), *type = sim_arg(call, "type");
	struct sim_storage *storage;

	if (!call->sim->quorate)
		return sim_fail(
			call, 500,
			"create storage failed: cfs-lock 'file-storage_cfg' error: no quorum!");
	if (sim_storage_find(call->sim, id))
		return sim_fail(call, 500, "create storage failed: storage ID '%s' already defined",
				id);
	if (need_property(call, type) < 0)
		return -1;
	storage = sim_storage_add(call->sim, id, type, json_object());
	take_config(call, storage->config);
	if (!json_object_get(storage->config, "content"))
		json_object_set_new(storage->config, "content",
				    json_string(sim_storage_file_based(storage)
							? "images,rootdir,vztmpl,iso"
							: "images,rootdir"));
	return answer_written(call, storage);
}

static int put_storage(struct sim_call *call)
{
	struct sim_storage *storage = find(call, "update storage failed: ");
	char digest[41];

	digest_of_all(call->sim, digest);
	if (!storage || sim_check_digest(call, digest) < 0)
		return -1;
	for (const char *at = sim_arg(call, "delete"); at && *at; at += strspn(at, ",; ")) {
		auto_free char *name = pxc_strndup(at, strcspn(at, ",; "));

		json_object_del(storage->config, name);
		at += strlen(name);
	}
	take_config(call, storage->config);
	return answer_written(call, storage);
}

static int delete_storage(struct sim_call *call)
{
	struct sim_storage *storage = find(call, "delete storage failed: ");
	auto_free char *prefix = pxc_printf("%s:", sim_arg(call, "storage"));
	struct sim_map *volumes = &call->sim->volumes;
	size_t i;

	if (!storage)
		return -1;
	i = sim_map_lower(volumes, prefix);
	while (i < volumes->count && str_starts(volumes->entries[i].key, prefix))
		sim_volume_free(sim_map_remove(volumes, volumes->entries[i].key));
	sim_map_remove(&call->sim->storages, storage->id);
	sim_storage_free(storage);
	return 0;
}

/* The node's view: sizes and whether it is active there. */
static json_t *node_view(const struct sim_call *call, const struct sim_storage *storage)
{
	uint64_t used = sim_storage_used(call->sim, storage, call->node);
	bool enabled = sim_storage_on(storage, call->node);
	json_t *entry = json_pack("{s:s, s:i, s:i, s:i, s:O}", "type", storage->type, "active",
				  (int)enabled, "enabled", (int)enabled, "shared",
				  (int)sim_storage_shared(storage), "content",
				  json_object_get(storage->config, "content"));

	if (!enabled)
		return entry;
	json_object_set_new(entry, "total", json_integer((json_int_t)storage->total_bytes));
	json_object_set_new(entry, "used", json_integer((json_int_t)used));
	json_object_set_new(entry, "avail",
			    json_integer((json_int_t)(storage->total_bytes - used)));
	return entry;
}

static bool holds_any(const struct sim_storage *storage, const char *list)
{
	for (const char *at = list; *at; at += strspn(at, ",; ")) {
		auto_free char *one = pxc_strndup(at, strcspn(at, ",; "));

		if (sim_storage_holds(storage, one))
			return true;
		at += strlen(one);
	}
	return false;
}

static bool listed(const struct sim_call *call, const struct sim_storage *storage)
{
	const char *content = sim_arg(call, "content"), *only = sim_arg(call, "storage");
	const char *target = sim_arg(call, "target");
	const char *nodes = json_string_value(json_object_get(storage->config, "nodes"));

	if ((only && strcmp(only, storage->id)) || !may_use(call, storage))
		return false;
	if (nodes && !strstr(nodes, call->node->name))
		return false;
	if (sim_arg_int(call, "enabled", 0) && !sim_storage_on(storage, call->node))
		return false;
	if (target && !sim_storage_on(storage, sim_node_find(call->sim, target)))
		return false;
	return !content || holds_any(storage, content);
}

static int get_node_storages(struct sim_call *call)
{
	const char *target = sim_arg(call, "target");

	if (target && !sim_node_find(call->sim, target))
		return sim_fail(call, 500, "no such cluster node '%s'", target);
	call->data = json_array();
	for (size_t i = 0; i < call->sim->storages.count; i++) {
		const struct sim_storage *storage = call->sim->storages.entries[i].value;
		json_t *entry;

		if (!listed(call, storage))
			continue;
		entry = node_view(call, storage);
		json_object_set_new(entry, "storage", json_string(storage->id));
		if (json_object_get(entry, "total"))
			json_object_set_new(
				entry, "used_fraction",
				json_real((double)sim_storage_used(call->sim, storage, call->node) /
					  (double)storage->total_bytes));
		json_array_append_new(call->data, entry);
	}
	return 0;
}

static int get_node_storage(struct sim_call *call)
{
	return sim_answer_index(call, "subdir",
				"content download-url file-restore import-metadata identity "
				"oci-registry-pull prunebackups rrd rrddata status upload");
}

static int get_status(struct sim_call *call)
{
	const struct sim_storage *storage = sim_storage_find(call->sim, sim_arg(call, "storage"));

	if (!storage || !sim_storage_on(storage, call->node))
		return sim_param_error(call, "storage", "No such storage.");
	call->data = node_view(call, storage);
	return 0;
}

#define TYPES                                                                                      \
	"btrfs, cephfs, cifs, dir, esxi, iscsi, iscsidirect, lvm, lvmthin, nfs, pbs, rbd, zfs, zfspool"
#define CHANGEABLE                                                                                 \
	{ .name = "bwlimit" },                                                                     \
		{ .name = "content", .flags = SIM_LIST, .format = sim_format_content },            \
		{ .name = "content-dirs" }, { .name = "create-base-path", .type = SIM_BOOL },      \
		{ .name = "create-subdirs", .type = SIM_BOOL }, { .name = "data-pool" },           \
		{ .name = "disable", .type = SIM_BOOL }, { .name = "domain", .max = 256 },         \
		{ .name = "encryption-key" }, { .name = "fingerprint" },                           \
		{ .name = "format", .choices = "raw, qcow2, subvol, vmdk" },                       \
		{ .name = "fs-name" }, { .name = "fuse", .type = SIM_BOOL },                       \
		{ .name = "is_mountpoint" }, { .name = "keyring" },                                \
		{ .name = "krbd", .type = SIM_BOOL },                                              \
		{ .name = "max-protected-backups", .type = SIM_INT, .min = -1, .max = INT32_MAX }, \
		{ .name = "mkdir", .type = SIM_BOOL }, { .name = "monhost" },                      \
		{ .name = "mountpoint" }, { .name = "namespace" },                                 \
		{ .name = "nocow", .type = SIM_BOOL }, { .name = "nodes", .flags = SIM_LIST },     \
		{ .name = "options" }, { .name = "password", .max = 256 }, { .name = "pool" },     \
		{ .name = "port", .type = SIM_INT, .min = 1, .max = 65535 },                       \
		{ .name = "preallocation", .choices = "off, metadata, falloc, full" },             \
		{ .name = "prune-backups" }, { .name = "saferemove", .type = SIM_BOOL },           \
		{ .name = "server" }, { .name = "shared", .type = SIM_BOOL },                      \
		{ .name = "smbversion" },                                                          \
		{ .name = "snapshot-as-volume-chain", .type = SIM_BOOL },                          \
		{ .name = "sparse", .type = SIM_BOOL }, { .name = "subdir" },                      \
		{ .name = "tagged_only", .type = SIM_BOOL },                                       \
	{                                                                                          \
		.name = "username"                                                                 \
	}

static const struct sim_param storages_get[] = { { .name = "type", .choices = TYPES }, { 0 } };
static const struct sim_param storage_post[] = {
	{ .name = "storage",
	  .flags = SIM_REQUIRED,
	  .pattern = "^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]$" },
	{ .name = "type", .flags = SIM_REQUIRED, .choices = TYPES },
	{ .name = "path", .pattern = "^/" },
	{ .name = "export" },
	{ .name = "share" },
	{ .name = "base" },
	{ .name = "portal" },
	{ .name = "target" },
	{ .name = "thinpool" },
	{ .name = "vgname" },
	{ .name = "datastore" },
	CHANGEABLE,
	{ 0 },
};
static const struct sim_param storage_put[] = {
	{ .name = "delete", .flags = SIM_LIST, .max = 4096 },
	{ .name = "digest", .max = 64 },
	CHANGEABLE,
	{ 0 },
};
static const struct sim_param node_storages_get[] = {
	{ .name = "content", .flags = SIM_LIST, .format = sim_format_content },
	{ .name = "enabled", .type = SIM_BOOL },
	{ .name = "format", .type = SIM_BOOL },
	{ .name = "storage" },
	{ .name = "target" },
	{ 0 },
};

#define USE "/storage/{storage} Datastore.Audit|Datastore.AllocateSpace"

const struct sim_route sim_storage_routes[] = {
	{ "GET", "/storage", get_storages, storages_get, NULL, "user", 0 },
	{ "POST", "/storage", post_storage, storage_post, NULL, "/storage Datastore.Allocate", 0 },
	{ "GET", "/storage/{storage}", get_storage, NULL, NULL,
	  "/storage/{storage} Datastore.Allocate", 0 },
	{ "PUT", "/storage/{storage}", put_storage, storage_put, NULL,
	  "/storage Datastore.Allocate", 0 },
	{ "DELETE", "/storage/{storage}", delete_storage, NULL, NULL, "/storage Datastore.Allocate",
	  0 },
	{ "GET", "/nodes/{node}/storage", get_node_storages, node_storages_get, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/storage/{storage}", get_node_storage, NULL, NULL, USE, 0 },
	{ "GET", "/nodes/{node}/storage/{storage}/status", get_status, NULL, NULL, USE, 0 },
	{ 0 },
};
