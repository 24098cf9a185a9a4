/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guest.c - nodes and guests as the state keeps them, whatever a guest's config means. */
#include <stdio.h>
#include <string.h>

#include "sim/core.h"
#include "sim/rbd.h"
#include "sim/state.h"

struct sim_node *sim_node_find(struct sim *sim, const char *name)
{
	for (size_t i = 0; i < sim->node_count; i++)
		if (!strcmp(sim->nodes[i].name, name))
			return &sim->nodes[i];
	return NULL;
}

struct sim_node *sim_node_local(struct sim *sim)
{
	for (size_t i = 0; i < sim->node_count; i++)
		if (sim->nodes[i].online)
			return &sim->nodes[i];
	return &sim->nodes[0];
}

/* Index of the guest, or of the place where it would be. */
static size_t guest_lower(const struct sim *sim, unsigned vmid)
{
	size_t low = 0, high = sim->guest_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sim->guests[middle]->vmid < vmid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sim_guest *sim_guest_find(const struct sim *sim, unsigned vmid)
{
	size_t i = guest_lower(sim, vmid);

	return i < sim->guest_count && sim->guests[i]->vmid == vmid ? sim->guests[i] : NULL;
}

struct sim_guest *sim_guest_add(struct sim *sim, unsigned vmid, struct sim_node *node)
{
	size_t i = guest_lower(sim, vmid);
	struct sim_guest *guest = pxc_calloc(1, sizeof(*guest));

	if (sim->guest_count == sim->guest_room) {
		sim->guest_room = sim->guest_room ? sim->guest_room * 2 : 64;
		sim->guests = pxc_realloc(sim->guests, sim->guest_room * sizeof(*sim->guests));
	}
	memmove(sim->guests + i + 1, sim->guests + i,
		(sim->guest_count - i) * sizeof(*sim->guests));
	sim->guests[i] = guest;
	sim->guest_count++;
	guest->sim = sim;
	guest->vmid = vmid;
	guest->node = node;
	guest->config = json_object();
	guest->pending = json_object();
	guest->deleted = json_object();
	guest->snapshots = json_object();
	sim_load_init(&guest->load);
	if (sim->options.loads_day)
		sim_load_day(&guest->load, sim->options.seed, vmid);
	sim->loads_move = sim->loads_move || sim_load_moves(&guest->load);
	sim_guest_touch(guest);
	return guest;
}

void sim_guest_free(struct sim_guest *guest)
{
	rbd_let_go(guest, NULL);
	json_decref(guest->config);
	json_decref(guest->pending);
	json_decref(guest->deleted);
	json_decref(guest->snapshots);
	json_decref(guest->runtime);
	free(guest->lock);
	free(guest->pool);
	free(guest->summary);
	free(guest->shown);
	history_free(guest->history);
	free(guest);
}

void sim_guest_remove(struct sim *sim, struct sim_guest *guest)
{
	size_t i = guest_lower(sim, guest->vmid);

	for (size_t t = 0; t < sim->task_count; t++)
		sim_task_let_go(sim->tasks[t], guest);
	sim->guest_count--;
	memmove(sim->guests + i, sim->guests + i + 1,
		(sim->guest_count - i) * sizeof(*sim->guests));
	sim_guest_free(guest);
}

void sim_guest_reshow(struct sim_guest *guest)
{
	free(guest->shown);
	guest->shown = NULL;
}

void sim_guest_touch(struct sim_guest *guest)
{
	guest->digest[0] = '\0';
	sim_guest_reshow(guest);
	guest->unseen = true;
	guest->sim->unseen = true;
}

void sim_guest_set_lock(struct sim_guest *guest, const char *lock)
{
	char *copy = pxc_strdup(lock && *lock ? lock : NULL);

	free(guest->lock);
	guest->lock = copy;
	sim_guest_touch(guest);
}

void sim_guest_set_pool(struct sim *sim, struct sim_guest *guest, const char *pool)
{
	char key[16];
	struct sim_pool *before = guest->pool ? sim_map_get(&sim->pools, guest->pool) : NULL;
	struct sim_pool *after = pool && *pool ? sim_map_get(&sim->pools, pool) : NULL;

	snprintf(key, sizeof(key), "%u", guest->vmid);
	if (before)
		sim_map_remove(&before->guests, key);
	free(guest->pool);
	guest->pool = after ? pxc_strdup(after->id) : NULL;
	if (after)
		sim_map_put(&after->guests, key, after);
}

/* One bound of the option next-id ("lower=200,upper=300"), kept as an object. */
static unsigned next_id_bound(const struct sim *sim, const char *which, unsigned otherwise)
{
	const json_t *range = json_object_get(sim->dc, "next-id");
	const char *text = json_string_value(json_object_get(range, which));

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

unsigned sim_next_vmid(const struct sim *sim)
{
	unsigned vmid = next_id_bound(sim, "lower", 100);
	unsigned upper = next_id_bound(sim, "upper", 1000000);
	size_t i = guest_lower(sim, vmid);

	while (i < sim->guest_count && sim->guests[i]->vmid == vmid && vmid < upper) {
		vmid++;
		i++;
	}
	return vmid < upper ? vmid : 0;
}
