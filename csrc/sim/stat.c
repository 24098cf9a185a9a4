/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stat.c - pvestatd: every ten seconds it looks at what guests and nodes use, and broadcasts it.
 *
 * Processors of a node are divided fairly: when its guests want more than it has, each gets the same share of what it
 * wants. Memory is never given back: a guest takes from its node the most that it has used since it started.
 */
#include <string.h>

#include "sim/core.h"
#include "sim/lxc.h"
#include "sim/qm.h"
#include "sim/state.h"

#define HOST_CPU 0.01 /* of all processors, for the host itself */
#define HOST_BYTES (2ull << 30)
#define MIB 1048576.0

uint64_t sim_node_overhead(const struct sim_node *node)
{
	return node->memory_bytes / 8 < HOST_BYTES ? node->memory_bytes / 8 : HOST_BYTES;
}

static uint64_t memory_of(const struct sim_guest *g)
{
	if (!g->unseen && g->summary)
		return g->seen_maxmem;
	return g->container ? lxc_memory_bytes(g) : qm_memory_bytes(g->config);
}

static uint64_t used_now(const struct sim_guest *g, uint64_t maximum)
{
	return (uint64_t)((double)maximum * sim_load_mem(&g->load, g->sim->now_ms));
}

static double wanted_now(const struct sim_guest *g)
{
	if (g->run != SIM_RUNNING)
		return 0;
	return sim_load_cpu(&g->load, g->sim->options.seed, g->vmid, g->sim->now_ms);
}

static void use_of(const struct sim_guest *g, uint64_t maximum, struct sim_use *ret)
{
	*ret = (struct sim_use){ .cpu = 0 };
	if (g->run == SIM_STOPPED)
		return;
	ret->cpu = wanted_now(g) * g->node->crowd;
	ret->stall = ret->cpu > 0 ? 100 * (1 - g->node->crowd) : 0;
	ret->mem_bytes = used_now(g, maximum);
	ret->host_bytes = g->touched_bytes > ret->mem_bytes ? g->touched_bytes : ret->mem_bytes;
}

void sim_guest_use(const struct sim_guest *guest, struct sim_use *ret)
{
	use_of(guest, memory_of(guest), ret);
}

void sim_guest_grow(struct sim_guest *guest)
{
	uint64_t used = used_now(guest, memory_of(guest));

	if (used > guest->touched_bytes)
		guest->touched_bytes = used;
}

uint64_t sim_guest_wants(const struct sim_guest *guest)
{
	return used_now(guest, memory_of(guest));
}

static uint64_t memory_used(const struct sim *sim, const struct sim_node *node)
{
	uint64_t used = sim_node_overhead(node);

	for (size_t i = 0; i < sim->guest_count; i++) {
		const struct sim_guest *g = sim->guests[i];
		struct sim_use use;

		if (g->run == SIM_STOPPED || (g->node != node && g->arriving != node))
			continue;
		sim_guest_use(g, &use);
		used += use.host_bytes;
	}
	return used;
}

uint64_t sim_node_room(const struct sim *sim, const struct sim_node *node)
{
	uint64_t used = memory_used(sim, node);

	return used < node->memory_bytes ? node->memory_bytes - used : 0;
}

void sim_node_use(const struct sim *sim, const struct sim_node *node, struct sim_use *ret)
{
	uint64_t used = memory_used(sim, node);

	*ret = node->seen;
	ret->mem_bytes = used < node->memory_bytes ? used : node->memory_bytes;
}

/* The summary which pvestatd broadcasts: name, status and size of a guest. */
static void summarize(struct sim_guest *guest)
{
	json_t *summary = guest->container ? lxc_summary(guest) : sim_qemu_summary(guest);

	free(guest->summary);
	guest->summary = json_dumps(summary, JSON_COMPACT);
	guest->seen_run = guest->run;
	guest->seen_maxmem = (uint64_t)json_integer_value(json_object_get(summary, "maxmem"));
	guest->seen_maxdisk = (uint64_t)json_integer_value(json_object_get(summary, "maxdisk"));
	guest->seen_cpus = (unsigned)json_integer_value(json_object_get(summary, "maxcpu"));
	json_decref(summary);
	guest->unseen = false;
}

static bool is_seen(const struct sim_guest *guest)
{
	return guest->node->online && !guest->creating;
}

static void summarize_all(struct sim *sim)
{
	for (size_t i = 0; i < sim->guest_count; i++)
		if (sim->guests[i]->unseen && is_seen(sim->guests[i]))
			summarize(sim->guests[i]);
	sim->unseen = false;
}

/* How many processors are asked for, and how much memory is taken, on each node. */
static void add_up(struct sim *sim)
{
	for (size_t i = 0; i < sim->node_count; i++) {
		struct sim_node *node = &sim->nodes[i];

		node->wanted = HOST_CPU * node->cores;
		node->seen.mem_bytes = sim_node_overhead(node);
	}
	for (size_t i = 0; i < sim->guest_count; i++) {
		struct sim_guest *g = sim->guests[i];

		if (!is_seen(g) || g->run == SIM_STOPPED)
			continue;
		g->seen.cpu = wanted_now(g);
		g->seen.mem_bytes = used_now(g, g->seen_maxmem);
		if (g->seen.mem_bytes > g->touched_bytes)
			g->touched_bytes = g->seen.mem_bytes;
		g->node->wanted += g->seen.cpu * g->seen_cpus;
		g->node->seen.mem_bytes += g->touched_bytes;
		if (g->arriving)
			g->arriving->seen.mem_bytes += g->touched_bytes;
	}
}

static void share_out(const struct sim *sim, struct sim_node *node)
{
	double most = node->cores;

	node->crowd = node->wanted > most ? most / node->wanted : 1;
	node->seen.cpu = node->wanted > most ? 1 : node->wanted / most;
	node->seen.stall = 100 * (1 - node->crowd);
	if (node->seen.mem_bytes > node->memory_bytes)
		node->seen.mem_bytes = node->memory_bytes;
	node->seen.host_bytes = node->seen.mem_bytes;
	history_note(&node->history,
		     &(struct sim_sample){
			     .at_s = (uint32_t)(sim->stat_ms / 1000),
			     .since_s = node->online ? (uint32_t)(node->started_ms / 1000) : 0,
			     .cpu = (float)node->seen.cpu,
			     .stall = (float)node->seen.stall,
			     .mem = (float)((double)node->seen.mem_bytes / MIB),
			     .host = (float)node->wanted,
		     });
}

static void look_at(const struct sim *sim, struct sim_guest *g)
{
	bool up = is_seen(g) && g->run != SIM_STOPPED;

	sim_guest_reshow(g);
	if (is_seen(g) && !up)
		g->seen = (struct sim_use){ .cpu = 0 };
	if (up) {
		g->seen.cpu *= g->node->crowd;
		g->seen.stall = g->seen.cpu > 0 ? 100 * (1 - g->node->crowd) : 0;
		g->seen.host_bytes = g->touched_bytes;
	}
	history_note(&g->history,
		     &(struct sim_sample){
			     .at_s = (uint32_t)(sim->stat_ms / 1000),
			     .since_s = up ? (uint32_t)(g->started_ms / 1000) : 0,
			     .cpu = up ? (float)g->seen.cpu : 0,
			     .stall = up ? (float)g->seen.stall : 0,
			     .mem = up ? (float)((double)g->seen.mem_bytes / MIB) : 0,
			     .host = up ? (float)((double)g->seen.host_bytes / MIB) : 0,
		     });
}

void sim_stat_round(struct sim *sim)
{
	if (!sim->unseen && !sim->loads_move)
		return;
	if (sim->unseen) {
		summarize_all(sim);
		sim_storage_round(sim);
	}
	add_up(sim);
	for (size_t i = 0; i < sim->node_count; i++)
		share_out(sim, &sim->nodes[i]);
	for (size_t i = 0; i < sim->guest_count; i++)
		if (!sim->guests[i]->creating)
			look_at(sim, sim->guests[i]);
}
