/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world.c - what a cluster holds at its start: storages, users, guests; and the dump of it all. */
#include <string.h>

#include "sim/cpu.h"
#include "sim/disk.h"
#include "sim/ha.h"
#include "sim/lxc.h"
#include "sim/rbd.h"
#include "sim/sdn.h"
#include "sim/state.h"

static void add_storages(struct sim *sim)
{
	sim_storage_add(sim, "local", "dir",
			json_pack("{s:s, s:s}", "path", "/var/lib/vz", "content",
				  "snippets,iso,backup,vztmpl,import"));
	sim_storage_add(sim, "data", "dir",
			json_pack("{s:s, s:s, s:i}", "path", "/srv/data", "content",
				  "images,rootdir", "shared", 0));
	if (sim->clustered)
		sim_storage_add(sim, "shared", "dir",
				json_pack("{s:s, s:s, s:i}", "path", "/srv/shared", "content",
					  "images,rootdir,iso,snippets,import", "shared", 1));
}

static void add_users(struct sim *sim)
{
	struct sim_user *root = sim_user_add(sim, "root@pam");

	root->password = pxc_printf("pxcsim-%012llx",
				    (unsigned long long)sim_random(sim) & 0xffffffffffffull);
}

/* {"id": {"type": "dir", ...}} replaces the storages that come by default. */
static int world_storages(struct sim *sim, json_t *storages, struct pxc_err *err)
{
	const char *id;
	json_t *spec;

	if (!storages)
		return 0;
	sim_map_release(&sim->storages, sim_storage_free);
	json_object_foreach (storages, id, spec) {
		auto_free char *type = pxc_strdup(json_string_value(json_object_get(spec, "type")));
		struct sim_storage *storage;

		if (!type || !json_is_string(json_object_get(spec, "content")))
			return pxc_fail(err, PXC_EINVAL,
					"world: storage %s needs \"type\" and \"content\"", id);
		storage = sim_storage_add(sim, id, type, json_deep_copy(spec));
		json_object_del(storage->config, "type");
		if (json_object_get(spec, "total"))
			storage->total_bytes =
				(uint64_t)json_integer_value(json_object_get(spec, "total"));
		json_object_del(storage->config, "total");
		rbd_bind(sim, storage);
	}
	return 0;
}

static int world_users(struct sim *sim, json_t *users)
{
	const char *id;
	json_t *spec;

	json_object_foreach (users, id, spec) {
		struct sim_user *user = sim_map_get(&sim->users, id);
		const char *password = json_string_value(json_object_get(spec, "password"));
		json_t *config = json_copy(spec);

		if (!user)
			user = sim_user_add(sim, id);
		free(user->password);
		user->password = pxc_strdup(password);
		json_object_del(config, "password");
		json_object_update(user->config, config);
		json_decref(config);
	}
	return 0;
}

static void world_pools(struct sim *sim, json_t *pools)
{
	const char *id;
	json_t *comment;

	json_object_foreach (pools, id, comment) {
		struct sim_pool *pool = pxc_calloc(1, sizeof(*pool)), *before;

		pool->id = pxc_strdup(id);
		pool->comment = pxc_strdup(json_string_value(comment));
		before = sim_map_put(&sim->pools, id, pool);
		if (before)
			sim_pool_free(before);
	}
}

/* In Ceph it may be there already. */
static int world_image(struct sim *sim, struct sim_storage *storage, const char *volid,
		       const json_t *spec, struct pxc_err *err)
{
	const struct disk_want want = { .storage = storage,
					.size_bytes = (uint64_t)json_integer_value(
						json_object_get(spec, "size")) };

	if (sim_volume_find(sim, volid, NULL))
		return 0;
	if (!disk_create_named(sim, &want, strchr(volid, ':') + 1, err))
		return pxc_context(err, "world: volume %s", volid);
	return 0;
}

static int world_volume(struct sim *sim, const char *volid, json_t *spec, struct pxc_err *err)
{
	auto_free char *id = pxc_strndup(volid, strcspn(volid, ":"));
	const char *node_name = json_string_value(json_object_get(spec, "node"));
	const char *content = json_string_value(json_object_get(spec, "content"));
	const char *dot = strrchr(volid, '.');
	static const char *const kinds[] = { "iso",    "vztmpl",   "import",
					     "backup", "snippets", "images" };
	struct sim_storage *storage = sim_storage_find(sim, id);
	struct sim_node *node = node_name ? sim_node_find(sim, node_name) : &sim->nodes[0];
	struct sim_volume *volume;

	if (!storage || !node)
		return pxc_fail(err, PXC_EINVAL, "world: volume %s: no such storage or node",
				volid);
	if (storage->rbd)
		return world_image(sim, storage, volid, spec, err);
	volume = sim_volume_add(sim, volid, storage, node);
	volume->size_bytes = (uint64_t)json_integer_value(json_object_get(spec, "size"));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (content ? !strcmp(kinds[i], content) : strstr(volid, kinds[i]) != NULL) {
			volume->content = kinds[i];
			break;
		}
	if (dot && strlen(dot + 1) < sizeof(volume->format))
		memcpy(volume->format, dot + 1, strlen(dot + 1) + 1);
	return 0;
}

static int world_nodes(struct sim *sim, json_t *nodes, struct pxc_err *err)
{
	const char *name;
	json_t *spec;

	json_object_foreach (nodes, name, spec) {
		struct sim_node *node = sim_node_find(sim, name);
		json_int_t cores = json_integer_value(json_object_get(spec, "cores"));
		json_int_t memory_mib = json_integer_value(json_object_get(spec, "memory"));

		if (!node)
			return pxc_fail(err, PXC_EINVAL, "world: no node %s", name);
		if (cores > 0)
			node->cores = (unsigned)cores;
		if (memory_mib > 0)
			node->memory_bytes = (uint64_t)memory_mib << 20;
		if (sim_cpu_read(node, json_object_get(spec, "cpu"), err) < 0)
			return -1;
		if (sdn_world_bridges(node, json_object_get(spec, "bridges"), err) < 0)
			return -1;
	}
	return 0;
}

static int world_guests(struct sim *sim, json_t *guests, json_t *containers, struct pxc_err *err)
{
	json_t *spec;
	size_t i;

	json_array_foreach (containers, i, spec)
		if (lxc_world(sim, spec, err) < 0)
			return -1;
	json_array_foreach (guests, i, spec)
		if (sim_qemu_world(sim, spec, err) < 0)
			return -1;
	return 0;
}

/* Nothing of a world can be in a Ceph that is not there. */
static int reach_ceph(struct sim *sim, struct pxc_err *err)
{
	auto_free char *conf = pxc_strdup(sim->options.ceph_conf),
		       *pool = pxc_strdup(sim->options.ceph_pool);

	return sim_ceph_attach(sim, conf, pool, err);
}

static int read_world(struct sim *sim, struct pxc_err *err)
{
	json_error_t error;
	json_auto_t *world = json_loads(sim->options.world, 0, &error);
	const char *volid;
	json_t *spec;

	if (!json_is_object(world))
		return pxc_fail(err, PXC_EINVAL, "world: line %d: %s", error.line, error.text);
	if (world_nodes(sim, json_object_get(world, "nodes"), err) < 0 ||
	    world_storages(sim, json_object_get(world, "storages"), err) < 0 ||
	    reach_ceph(sim, err) < 0 || world_users(sim, json_object_get(world, "users")) < 0)
		return -1;
	world_pools(sim, json_object_get(world, "pools"));
	(void)json_object_update_recursive(sim->mappings, json_object_get(world, "mappings"));
	json_object_foreach (json_object_get(world, "volumes"), volid, spec)
		if (world_volume(sim, volid, spec, err) < 0)
			return -1;
	return world_guests(sim, json_object_get(world, "guests"),
			    json_object_get(world, "containers"), err);
}

int sim_world_fill(struct sim *sim, struct pxc_err *err)
{
	add_storages(sim);
	add_users(sim);
	if (sim->options.world ? read_world(sim, err) < 0 : reach_ceph(sim, err) < 0)
		return -1;
	for (unsigned n = 0, vmid = 100; n < sim->options.vms; vmid++) {
		if (sim_guest_find(sim, vmid))
			continue;
		sim_qemu_seed(sim, vmid, &sim->nodes[n % sim->node_count]);
		n++;
	}
	return 0;
}

static json_t *dump_volumes(const struct sim *sim)
{
	json_t *all = json_object();

	for (size_t i = 0; i < sim->volumes.count; i++) {
		const struct sim_volume *volume = sim->volumes.entries[i].value;
		json_t *entry =
			json_pack("{s:s, s:s, s:I, s:i}", "content", volume->content, "format",
				  volume->format, "size", (json_int_t)volume->size_bytes, "vmid",
				  (int)volume->vmid);

		if (volume->parent)
			json_object_set_new(entry, "parent", json_string(volume->parent));
		if (volume->node)
			json_object_set_new(entry, "node", json_string(volume->node->name));
		json_object_set_new(all, volume->volid, entry);
	}
	return all;
}

static json_t *dump_pools(const struct sim *sim)
{
	json_t *all = json_object();

	for (size_t i = 0; i < sim->pools.count; i++) {
		const struct sim_pool *pool = sim->pools.entries[i].value;
		json_t *members = json_array(), *entry = json_object();

		for (size_t g = 0; g < pool->guests.count; g++)
			json_array_append_new(members, json_string(pool->guests.entries[g].key));
		for (size_t s = 0; s < pool->storages.count; s++)
			json_array_append_new(members, json_string(pool->storages.entries[s].key));
		json_object_set_new(entry, "members", members);
		if (pool->comment)
			json_object_set_new(entry, "comment", json_string(pool->comment));
		json_object_set_new(all, pool->id, entry);
	}
	return all;
}

json_t *sim_dump(struct sim *sim)
{
	struct pxc_err err;
	json_t *guests = json_object(), *storages = json_object();

	for (size_t i = 0; i < sim->guest_count; i++) {
		auto_free char *key = pxc_printf("%u", sim->guests[i]->vmid);

		json_object_set_new(guests, key, sim_qemu_dump(sim->guests[i]));
	}
	for (size_t i = 0; i < sim->storages.count; i++) {
		struct sim_storage *storage = sim->storages.entries[i].value;

		if (storage->rbd)
			(void)rbd_sync(sim, storage, &err);
		json_object_set(storages, storage->id, storage->config);
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:O, s:O, s:O, s:o}", "guests", guests,
			 "storages", storages, "volumes", dump_volumes(sim), "pools",
			 dump_pools(sim), "access", sim_access_dump(sim), "ha", ha_dump(sim),
			 "ha_rules", sim->crm->rules, "ha_groups", sim->crm->groups, "options",
			 sim->dc, "sdn", sdn_dump(sim));
}
