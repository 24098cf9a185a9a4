/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pool_members.c - guests and storages enter and leave pools. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"

static struct sim_pool *pool_of_guest(const struct sim *sim, const char *vmid)
{
	for (size_t i = 0; i < sim->pools.count; i++) {
		struct sim_pool *pool = sim->pools.entries[i].value;

		if (sim_map_get(&pool->guests, vmid))
			return pool;
	}
	return NULL;
}

static int remove_guest(struct sim_call *call, struct sim_pool *pool, const char *vmid)
{
	struct sim_guest *guest = sim_guest_find(call->sim, (unsigned)strtoul(vmid, NULL, 10));

	if (!sim_map_remove(&pool->guests, vmid))
		return sim_fail(call, 500, "update pools failed: VM %s is not a pool member", vmid);
	if (guest)
		sim_guest_set_pool(call->sim, guest, NULL);
	return 0;
}

static int add_guest(struct sim_call *call, struct sim_pool *pool, const char *vmid)
{
	struct sim_guest *guest = sim_guest_find(call->sim, (unsigned)strtoul(vmid, NULL, 10));
	struct sim_pool *before = pool_of_guest(call->sim, vmid);

	if (before == pool)
		return sim_fail(call, 500, "update pools failed: VM %s is already a pool member",
				vmid);
	if (before && !sim_arg_int(call, "allow-move", 0))
		return sim_fail(
			call, 500,
			"update pools failed: VM %s belongs already to pool '%s' and 'allow-move' is not set",
			vmid, before->id);
	if (before)
		sim_map_remove(&before->guests, vmid);
	if (guest)
		sim_guest_set_pool(call->sim, guest, pool->id);
	else
		sim_map_put(&pool->guests, vmid, pool);
	return 0;
}

static int change_storage(struct sim_call *call, struct sim_pool *pool, const char *id)
{
	bool remove = sim_arg_int(call, "delete", 0);
	bool member = sim_map_get(&pool->storages, id) != NULL;

	if (remove && !member)
		return sim_fail(call, 500, "update pools failed: Storage '%s' is not a pool member",
				id);
	if (!remove && member)
		return sim_fail(call, 500,
				"update pools failed: Storage '%s' is already a pool member", id);
	if (remove)
		sim_map_remove(&pool->storages, id);
	else
		sim_map_put(&pool->storages, id, pool);
	return 0;
}

static int each(struct sim_call *call, struct sim_pool *pool, const char *list,
		int (*change)(struct sim_call *call, struct sim_pool *pool, const char *id))
{
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *id = item;

		if (change(call, pool, id) < 0)
			return -1;
	}
	return 0;
}

/* Who adds or removes members needs rights on the members too. */
static int may_change_guest(struct sim_call *call, struct sim_pool *pool, const char *vmid)
{
	(void)pool;
	return sim_need(call, "VM.Allocate", "/vms/%s", vmid);
}

static int may_change_storage(struct sim_call *call, struct sim_pool *pool, const char *id)
{
	(void)pool;
	return sim_need(call, "Datastore.Allocate", "/storage/%s", id);
}

int sim_pool_change(struct sim_call *call, struct sim_pool *pool)
{
	const char *guests = sim_arg(call, "vms"), *storages = sim_arg(call, "storage");
	bool remove = sim_arg_int(call, "delete", 0);

	if (each(call, pool, guests, may_change_guest) < 0 ||
	    each(call, pool, storages, may_change_storage) < 0)
		return -1;
	if (each(call, pool, guests, remove ? remove_guest : add_guest) < 0)
		return -1;
	return each(call, pool, storages, change_storage);
}
