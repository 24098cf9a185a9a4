/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_storage.c - /storage: definitions of storages. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/rbd.h"
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

bool sim_storage_usable(const struct sim_call *call, const struct sim_storage *storage)
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

		if ((!type || !strcmp(type, storage->type)) && sim_storage_usable(call, storage))
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

	json_object_foreach (call->params, key, value)
		if (!is_meta(key))
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
	rbd_bind(call->sim, storage);
	return answer_written(call, storage);
}

static int put_storage(struct sim_call *call)
{
	struct sim_storage *storage = find(call, "update storage failed: ");
	char digest[41];

	digest_of_all(call->sim, digest);
	if (!storage || sim_check_digest(call, digest) < 0)
		return -1;
	sim_forget_keys(storage->config, sim_arg(call, "delete"));
	take_config(call, storage->config);
	rbd_bind(call->sim, storage);
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
	rbd_unbind(call->sim, storage);
	i = sim_map_lower(volumes, prefix);
	while (i < volumes->count && str_starts(volumes->entries[i].key, prefix))
		sim_volume_free(sim_map_remove(volumes, volumes->entries[i].key));
	sim_map_remove(&call->sim->storages, storage->id);
	sim_storage_free(storage);
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
const struct sim_route sim_storage_routes[] = {
	{ "GET", "/storage", get_storages, storages_get, NULL, "user", 0 },
	{ "POST", "/storage", post_storage, storage_post, NULL, "/storage Datastore.Allocate", 0 },
	{ "GET", "/storage/{storage}", get_storage, NULL, NULL,
	  "/storage/{storage} Datastore.Allocate", 0 },
	{ "PUT", "/storage/{storage}", put_storage, storage_put, NULL,
	  "/storage Datastore.Allocate", 0 },
	{ "DELETE", "/storage/{storage}", delete_storage, NULL, NULL, "/storage Datastore.Allocate",
	  0 },
	{ 0 },
};
