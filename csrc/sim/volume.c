/* SPDX-License-Identifier: GPL-3.0-or-later */
/* volume.c - storages and the volumes on them. */
#include <stdio.h>
#include <string.h>

#include "sim/core.h"
#include "sim/rbd.h"
#include "sim/state.h"

struct sim_storage *sim_storage_find(const struct sim *sim, const char *id)
{
	return sim_map_get(&sim->storages, id);
}

bool sim_storage_shared(const struct sim_storage *storage)
{
	return json_integer_value(json_object_get(storage->config, "shared")) ||
	       !strcmp(storage->type, "rbd") || !strcmp(storage->type, "nfs") ||
	       !strcmp(storage->type, "cephfs") || !strcmp(storage->type, "cifs");
}

/* Is word one of the items of list ("images,rootdir")? */
static bool in_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; at && *at; at += strcspn(at, ",; ")) {
		at += strspn(at, ",; ");
		if (strcspn(at, ",; ") == len && !strncmp(at, word, len))
			return true;
	}
	return false;
}

bool sim_storage_on(const struct sim_storage *storage, const struct sim_node *node)
{
	const char *nodes = json_string_value(json_object_get(storage->config, "nodes"));

	if (json_integer_value(json_object_get(storage->config, "disable")))
		return false;
	return !nodes || in_list(nodes, node->name);
}

bool sim_storage_holds(const struct sim_storage *storage, const char *content)
{
	return in_list(json_string_value(json_object_get(storage->config, "content")), content);
}

bool sim_storage_file_based(const struct sim_storage *storage)
{
	static const char *const types[] = { "dir", "nfs", "cifs", "cephfs", "btrfs" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(storage->type, types[i]))
			return true;
	return false;
}

void sim_storage_free(void *value)
{
	struct sim_storage *storage = value;

	free(storage->id);
	free(storage->type);
	json_decref(storage->config);
	free(storage->seen_bytes);
	free(storage);
}

struct sim_storage *sim_storage_add(struct sim *sim, const char *id, const char *type,
				    json_t *config)
{
	struct sim_storage *storage = pxc_calloc(1, sizeof(*storage));

	storage->id = pxc_strdup(id);
	storage->type = pxc_strdup(type);
	storage->config = config;
	storage->total_bytes = 4000ull << 30;
	storage->used_bytes = 20ull << 30;
	sim_map_put(&sim->storages, id, storage);
	return storage;
}

/* Volumes are sorted by "volid LF node", so that all of a storage, or of a guest on it, stand together. */
static char *volume_key(const char *volid, const struct sim_node *node)
{
	return node ? pxc_printf("%s\n%s", volid, node->name) : pxc_strdup(volid);
}

struct sim_volume *sim_volume_find(struct sim *sim, const char *volid, const struct sim_node *node)
{
	auto_free char *key = NULL, *id = pxc_strndup(volid, strcspn(volid, ":"));
	struct sim_storage *storage = sim_storage_find(sim, id);
	struct sim_volume *volume;

	if (storage && storage->rbd)
		return rbd_look(sim, storage, volid, &(struct pxc_err){ 0 });
	volume = sim_map_get(&sim->volumes, volid);
	if (volume || !node)
		return volume;
	key = volume_key(volid, node);
	return sim_map_get(&sim->volumes, key);
}

struct sim_volume *sim_volume_add(struct sim *sim, const char *volid, struct sim_storage *storage,
				  struct sim_node *node)
{
	struct sim_volume *volume = pxc_calloc(1, sizeof(*volume));
	auto_free char *key = NULL;
	struct sim_volume *before;

	volume->volid = pxc_strdup(volid);
	volume->storage = storage;
	volume->node = sim_storage_shared(storage) ? NULL : node;
	volume->content = "images";
	volume->ctime_s = sim->now_ms / 1000;
	memcpy(volume->format, "raw", 4);
	key = volume_key(volid, volume->node);
	before = sim_map_put(&sim->volumes, key, volume);
	if (before)
		sim_volume_free(before);
	sim->unseen = true;
	return volume;
}

void sim_volume_free(void *value)
{
	struct sim_volume *volume = value;

	free(volume->volid);
	free(volume->parent);
	free(volume->origin);
	free(volume->notes);
	free(volume->checksum);
	json_decref(volume->snapshots);
	free(volume);
}

void sim_volume_remove(struct sim *sim, struct sim_volume *volume)
{
	auto_free char *key = volume_key(volume->volid, volume->node);

	sim_map_remove(&sim->volumes, key);
	sim_volume_free(volume);
	sim->unseen = true;
}

void sim_volume_move_node(struct sim *sim, struct sim_volume *volume, struct sim_node *node)
{
	auto_free char *before = volume_key(volume->volid, volume->node);
	auto_free char *after = NULL;

	if (!volume->node || volume->node == node)
		return;
	after = volume_key(volume->volid, node);
	sim_map_remove(&sim->volumes, before);
	volume->node = node;
	sim_map_put(&sim->volumes, after, volume);
}

/* "vm-100-disk-" -> "vm-100-disk-0.qcow2": the first number whose name no format has taken. */
static bool name_taken(struct sim *sim, const struct sim_storage *storage,
		       const struct sim_node *node, unsigned vmid, const char *stem)
{
	static const char *const endings[] = { "", ".raw", ".qcow2", ".vmdk", ".subvol" };
	bool files = sim_storage_file_based(storage);

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		auto_free char *volid =
			files ? pxc_printf("%s:%u/%s%s", storage->id, vmid, stem, endings[i])
			      : pxc_printf("%s:%s%s", storage->id, stem, endings[i]);

		if (sim_volume_find(sim, volid, node))
			return true;
	}
	return false;
}

char *sim_volume_name(struct sim *sim, const struct sim_storage *storage,
		      const struct sim_node *node, unsigned vmid, const char *kind,
		      const char *format)
{
	for (unsigned n = 0;; n++) {
		auto_free char *stem = NULL;
		auto_free char *base = NULL;

		if (!strcmp(kind, "disk")) {
			stem = pxc_printf("vm-%u-disk-%u", vmid, n);
			base = pxc_printf("base-%u-disk-%u", vmid, n);
		} else {
			stem = pxc_printf("vm-%u-%s", vmid, kind);
		}
		if (base && (name_taken(sim, storage, node, vmid, stem) ||
			     name_taken(sim, storage, node, vmid, base)))
			continue;
		if (sim_storage_file_based(storage))
			return pxc_printf("%s:%u/%s.%s", storage->id, vmid, stem, format);
		return pxc_printf("%s:%s", storage->id, stem);
	}
}

/* Thin provisioning: an eighth is written. */
uint64_t sim_volume_written(const struct sim_volume *volume)
{
	return volume->size_bytes / 8;
}

void sim_storage_round(struct sim *sim)
{
	for (size_t i = 0; i < sim->storages.count; i++) {
		struct sim_storage *storage = sim->storages.entries[i].value;

		free(storage->seen_bytes);
		storage->seen_bytes = pxc_calloc(sim->node_count, sizeof(*storage->seen_bytes));
	}
	for (size_t i = 0; i < sim->volumes.count; i++) {
		const struct sim_volume *volume = sim->volumes.entries[i].value;
		size_t node = volume->node ? (size_t)(volume->node - sim->nodes) : 0;

		volume->storage->seen_bytes[node] += sim_volume_written(volume);
	}
}

bool sim_storage_space(struct sim *sim, struct sim_storage *storage, const struct sim_node *node,
		       uint64_t *ret_total, uint64_t *ret_used)
{
	size_t index = sim_storage_shared(storage) ? 0 : (size_t)(node - sim->nodes);
	uint64_t used =
		storage->used_bytes + (storage->seen_bytes ? storage->seen_bytes[index] : 0);

	if (storage->rbd)
		return rbd_space(sim, storage, ret_total, ret_used);
	*ret_total = storage->total_bytes;
	*ret_used = used < storage->total_bytes ? used : storage->total_bytes;
	return true;
}
