/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_pools.c - /pools: nested by "/" in their names, with guests and storages as members. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

#define MAX_LEVELS 3

void sim_pool_free(void *value)
{
	struct sim_pool *pool = value;

	free(pool->id);
	free(pool->comment);
	sim_map_release(&pool->guests, NULL);
	sim_map_release(&pool->storages, NULL);
	free(pool);
}

static bool format_pool(const char *name, const char *value, struct pxc_buf *why)
{
	unsigned levels = 1;

	(void)name;
	for (const char *at = value; *at; at++) {
		if (*at == '/')
			levels++;
		else if (
			!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
				*at))
			levels = 99;
	}
	if (levels <= MAX_LEVELS && *value)
		return true;
	if (levels == 99 || !*value)
		buf_printf(why, "pool name '%s' contains invalid characters\n", value);
	else
		buf_printf(why, "pool name '%s' nested too deeply (max levels = %d)\n", value,
			   MAX_LEVELS);
	return false;
}

static json_t *guest_member(const struct sim *sim, struct sim_guest *guest)
{
	static const char *const only_in_resources[] = { "tags", "lock", "hastate" };
	auto_buf struct pxc_buf text = { 0 };
	json_t *entry;

	sim_resource_guest(sim, guest, false, &text);
	entry = json_loads(text.data, 0, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(only_in_resources); i++)
		json_object_del(entry, only_in_resources[i]);
	return entry;
}

static json_t *members(struct sim_call *call, const struct sim_pool *pool, const char *type)
{
	struct sim *sim = call->sim;
	json_t *list = json_array();

	for (size_t i = 0; i < pool->guests.count; i++) {
		unsigned vmid = (unsigned)strtoul(pool->guests.entries[i].key, NULL, 10);
		struct sim_guest *guest = sim_guest_find(sim, vmid);

		if (guest && (!type || !strcmp(type, guest->container ? "lxc" : "qemu")))
			json_array_append_new(list, guest_member(sim, guest));
	}
	for (size_t i = 0; i < pool->storages.count; i++) {
		struct sim_storage *storage = sim_storage_find(sim, pool->storages.entries[i].key);

		for (size_t n = 0; storage && n < sim->node_count; n++)
			if (sim_storage_on(storage, &sim->nodes[n]) &&
			    (!type || !strcmp(type, "storage")))
				json_array_append_new(
					list, sim_resource_storage(sim, storage, &sim->nodes[n]));
	}
	return list;
}

static json_t *describe(const struct sim_pool *pool)
{
	json_t *entry = json_pack("{s:s}", "poolid", pool->id);

	if (pool->comment)
		json_object_set_new(entry, "comment", json_string(pool->comment));
	return entry;
}

static int get_pools(struct sim_call *call)
{
	const char *only = sim_arg(call, "poolid");
	const struct sim_pool *pool = only ? sim_map_get(&call->sim->pools, only) : NULL;
	json_t *entry;

	if (only && !pool)
		return sim_fail(call, 500, "pool '%s' does not exist", only);
	call->data = json_array();
	if (pool) {
		if (sim_need(call, "Pool.Audit", "/pool/%s", only) < 0)
			return -1;
		entry = describe(pool);
		json_object_set_new(entry, "members", members(call, pool, sim_arg(call, "type")));
		json_array_append_new(call->data, entry);
		return 0;
	}
	for (size_t i = 0; i < call->sim->pools.count; i++) {
		auto_free char *path = NULL;

		pool = call->sim->pools.entries[i].value;
		path = pxc_printf("/pool/%s", pool->id);
		if (sim_may(call, path, "Pool.Audit"))
			json_array_append_new(call->data, describe(pool));
	}
	return 0;
}

static int get_pool(struct sim_call *call)
{
	const char *id = sim_arg(call, "poolid");
	const struct sim_pool *pool = sim_map_get(&call->sim->pools, id);

	if (!pool)
		return sim_fail(call, 500, "pool '%s' does not exist", id);
	call->data = describe(pool);
	json_object_set_new(call->data, "members", members(call, pool, sim_arg(call, "type")));
	return 0;
}

static int need_user_cfg(struct sim_call *call, const char *what)
{
	if (call->sim->quorate)
		return 0;
	return sim_fail(call, 500, "%s failed: cfs-lock 'file-user_cfg' error: no quorum!", what);
}

static int post_pool(struct sim_call *call)
{
	const char *id = sim_arg(call, "poolid"), *comment = sim_arg(call, "comment");
	const char *slash = strrchr(id, '/');
	auto_free char *parent = slash ? pxc_strndup(id, (size_t)(slash - id)) : NULL;
	struct sim_pool *pool;

	if (need_user_cfg(call, "create pool") < 0)
		return -1;
	if (sim_map_get(&call->sim->pools, id))
		return sim_fail(call, 500, "create pool failed: pool '%s' already exists", id);
	if (parent && !sim_map_get(&call->sim->pools, parent))
		return sim_fail(call, 500,
				"create pool failed: parent '%s' of pool '%s' does not exist",
				parent, id);
	pool = pxc_calloc(1, sizeof(*pool));
	pool->id = pxc_strdup(id);
	pool->comment = comment && *comment ? pxc_strdup(comment) : NULL;
	sim_map_put(&call->sim->pools, id, pool);
	return 0;
}

static int put_pool(struct sim_call *call)
{
	const char *id = sim_arg(call, "poolid"), *comment = sim_arg(call, "comment");
	struct sim_pool *pool = sim_map_get(&call->sim->pools, id);

	if (need_user_cfg(call, "update pools") < 0)
		return -1;
	if (!pool)
		return sim_fail(call, 500, "update pools failed: pool '%s' does not exist", id);
	if (sim_pool_change(call, pool) < 0)
		return -1;
	if (comment) {
		free(pool->comment);
		pool->comment = *comment ? pxc_strdup(comment) : NULL;
	}
	return 0;
}

static int delete_pool(struct sim_call *call)
{
	const char *id = sim_arg(call, "poolid");
	struct sim_pool *pool = sim_map_get(&call->sim->pools, id);
	auto_free char *below = pxc_printf("%s/", id), *path = pxc_printf("/pool/%s", id);
	size_t i = sim_map_lower(&call->sim->pools, below);

	if (need_user_cfg(call, "delete pool") < 0)
		return -1;
	if (!pool)
		return sim_fail(call, 500, "delete pool failed: pool '%s' does not exist", id);
	if (i < call->sim->pools.count && str_starts(call->sim->pools.entries[i].key, below))
		return sim_fail(call, 500,
				"delete pool failed: pool '%s' is not empty (contains pool '%s')",
				id, call->sim->pools.entries[i].key);
	for (i = 0; i < pool->guests.count; i++)
		if (sim_guest_find(call->sim,
				   (unsigned)strtoul(pool->guests.entries[i].key, NULL, 10)))
			return sim_fail(
				call, 500,
				"delete pool failed: pool '%s' is not empty (contains VM %s)", id,
				pool->guests.entries[i].key);
	for (i = 0; i < pool->storages.count; i++)
		if (sim_storage_find(call->sim, pool->storages.entries[i].key))
			return sim_fail(
				call, 500,
				"delete pool failed: pool '%s' is not empty (contains storage '%s')",
				id, pool->storages.entries[i].key);
	sim_acl_forget_path(call->sim, path);
	sim_map_remove(&call->sim->pools, id);
	sim_pool_free(pool);
	return 0;
}

static const struct sim_param pools_get[] = {
	{ .name = "poolid", .format = format_pool },
	{ .name = "type", .choices = "qemu, lxc, storage", .needs = "poolid" },
	{ 0 },
};
static const struct sim_param pool_get[] = {
	{ .name = "poolid", .format = format_pool },
	{ .name = "type", .choices = "qemu, lxc, storage" },
	{ 0 },
};
static const struct sim_param pool_post[] = {
	{ .name = "poolid", .flags = SIM_REQUIRED, .format = format_pool },
	{ .name = "comment" },
	{ 0 },
};
static const struct sim_param pool_put[] = {
	{ .name = "poolid", .flags = SIM_REQUIRED, .format = format_pool },
	{ .name = "comment" },
	{ .name = "vms", .flags = SIM_LIST, .format = sim_format_vmid },
	{ .name = "storage", .flags = SIM_LIST },
	{ .name = "allow-move", .type = SIM_BOOL },
	{ .name = "delete", .type = SIM_BOOL },
	{ 0 },
};
static const struct sim_param pool_delete[] = {
	{ .name = "poolid", .flags = SIM_REQUIRED, .format = format_pool },
	{ 0 },
};

const struct sim_route sim_pool_routes[] = {
	{ "GET", "/pools", get_pools, pools_get, NULL, "user", 0 },
	{ "POST", "/pools", post_pool, pool_post, NULL, "/pool/{poolid} Pool.Allocate", 0 },
	{ "PUT", "/pools", put_pool, pool_put, NULL, "/pool/{poolid} Pool.Allocate", 0 },
	{ "DELETE", "/pools", delete_pool, pool_delete, NULL, "/pool/{poolid} Pool.Allocate", 0 },
	{ "GET", "/pools/{poolid}", get_pool, pool_get, NULL, "/pool/{poolid} Pool.Audit", 0 },
	{ "PUT", "/pools/{poolid}", put_pool, pool_put, NULL, "/pool/{poolid} Pool.Allocate", 0 },
	{ "DELETE", "/pools/{poolid}", delete_pool, pool_delete, NULL,
	  "/pool/{poolid} Pool.Allocate", 0 },
	{ 0 },
};
