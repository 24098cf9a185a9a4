/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ha_usage.c - how full nodes are in the eyes of the scheduler, and which of them it likes best for a start.
 *
 * "basic" counts services. "static" adds up what services may use at most, "dynamic" takes what nodes and guests use now;
 * both rank nodes by TOPSIS over mean and peak of processors and memory, memory five times as heavy.
 */
#include <math.h>
#include <string.h>

#include "sim/ha_manager.h"
#include "sim/lxc.h"
#include "sim/qm.h"

#define CRITERIA 4

const char *ha_scheduler(const struct sim *sim)
{
	const char *mode =
		json_string_value(json_object_get(json_object_get(sim->dc, "crs"), "ha"));

	return mode ? mode : "basic";
}

int64_t ha_crs(const struct sim *sim, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(json_object_get(sim->dc, "crs"), key);

	return value ? (int64_t)json_number_value(value) : otherwise;
}

static struct ha_stats most_of(const struct sim_guest *g)
{
	if (g->container)
		return (struct ha_stats){ .cpu = (double)qm_int(g->config, "cores", g->node->cores),
					  .mem = (double)lxc_memory_bytes(g) };
	return (struct ha_stats){ .cpu = (double)qm_cpus(g->config),
				  .mem = (double)qm_memory_bytes(g->config) };
}

/* As pvestatd saw it last. */
static struct ha_stats seen_of(const struct sim_guest *g)
{
	return (struct ha_stats){ .cpu = g->seen.cpu * most_of(g).cpu,
				  .mem = (double)g->seen.mem_bytes };
}

struct ha_stats ha_usage_of(const struct sim *sim, const struct sim_ha *ha)
{
	const struct sim_guest *g = sim_guest_find(sim, ha->vmid);

	if (!g)
		return (struct ha_stats){ 0 };
	return strcmp(ha_scheduler(sim), "dynamic") != 0 ? most_of(g) : seen_of(g);
}

static void add(struct ha_stats *to, struct ha_stats what)
{
	to->cpu += what.cpu;
	to->mem += what.mem;
}

/* What services may use, where they are and where they are going. */
static void usage_of_services(const struct sim *sim, struct ha_stats *nodes, bool arriving_only)
{
	for (size_t i = 0; i < sim->ha.count; i++) {
		const struct sim_ha *ha = sim->ha.entries[i].value;
		struct sim_node *at, *to;

		ha_uses(sim, ha, &at, &to);
		if (at && !arriving_only)
			add(&nodes[at->number - 1], ha_usage_of(sim, ha));
		if (to)
			add(&nodes[to->number - 1], ha_usage_of(sim, ha));
	}
}

void ha_usage(const struct sim *sim, struct ha_stats *nodes)
{
	bool dynamic = !strcmp(ha_scheduler(sim), "dynamic");

	for (size_t i = 0; i < sim->node_count; i++) {
		const struct sim_use *seen = &sim->nodes[i].seen;

		nodes[i] = (struct ha_stats){ 0 };
		if (dynamic)
			nodes[i] = (struct ha_stats){ seen->cpu * sim->nodes[i].cores,
						      (double)seen->mem_bytes };
	}
	usage_of_services(sim, nodes, dynamic);
}

/* ---- TOPSIS ---- */

/* Mean (root of the mean square) and highest share of processors and memory, when `more` runs on `on`. */
static void criteria(const struct sim *sim, const struct ha_stats *nodes, const struct sim_node *on,
		     struct ha_stats more, double ret[CRITERIA])
{
	double cpu = 0, mem = 0, top_cpu = 0, top_mem = 0, count = 0;

	for (size_t i = 0; i < sim->node_count; i++) {
		const struct sim_node *node = &sim->nodes[i];
		struct ha_stats use = nodes[i];
		double c, m;

		if (!ha_node_online(sim, node))
			continue;
		if (node == on)
			add(&use, more);
		c = use.cpu / node->cores;
		m = use.mem / (double)node->memory_bytes;
		cpu += c * c;
		mem += m * m;
		top_cpu = fmax(top_cpu, c);
		top_mem = fmax(top_mem, m);
		count++;
	}
	ret[0] = 1 + sqrt(cpu / count);
	ret[1] = 1 + top_cpu;
	ret[2] = 1 + sqrt(mem / count);
	ret[3] = 1 + top_mem;
}

/* Each criterion is the better the lower it is. */
static double closeness(double (*table)[CRITERIA], size_t rows, const bool *used, size_t row)
{
	static const double weights[CRITERIA] = { 1.0 / 18, 2.0 / 18, 5.0 / 18, 10.0 / 18 };
	double to_best = 0, to_worst = 0;

	for (size_t k = 0; k < CRITERIA; k++) {
		double low = INFINITY, high = -INFINITY, norm = 0, b, w;

		for (size_t i = 0; i < rows; i++) {
			if (!used[i])
				continue;
			low = fmin(low, table[i][k]);
			high = fmax(high, table[i][k]);
			norm += table[i][k] * table[i][k];
		}
		b = weights[k] * (table[row][k] - low) / sqrt(norm);
		w = weights[k] * (high - table[row][k]) / sqrt(norm);
		to_best += b * b;
		to_worst += w * w;
	}
	if (to_best + to_worst <= 0)
		return 0;
	return sqrt(to_worst) / (sqrt(to_best) + sqrt(to_worst));
}

static void scores_by_use(const struct sim *sim, const struct sim_ha *ha, double *ret)
{
	const struct sim_guest *g = sim_guest_find(sim, ha->vmid);
	struct ha_stats nodes[SIM_MAX_NODES];
	double table[SIM_MAX_NODES][CRITERIA];
	bool used[SIM_MAX_NODES] = { false };

	ha_usage(sim, nodes);
	for (size_t i = 0; i < sim->node_count; i++) {
		used[i] = ha_node_online(sim, &sim->nodes[i]);
		if (used[i])
			criteria(sim, nodes, &sim->nodes[i],
				 g ? most_of(g) : (struct ha_stats){ 0 }, table[i]);
	}
	for (size_t i = 0; i < sim->node_count; i++)
		if (used[i])
			ret[i] = -closeness(table, sim->node_count, used, i);
}

static void scores_by_count(const struct sim *sim, double *ret)
{
	for (size_t i = 0; i < sim->ha.count; i++) {
		struct sim_node *at, *to;

		ha_uses(sim, sim->ha.entries[i].value, &at, &to);
		if (at)
			ret[at->number - 1]++;
		if (to)
			ret[to->number - 1]++;
	}
}

void ha_scores(const struct sim *sim, const struct sim_ha *ha, double *ret)
{
	for (size_t i = 0; i < sim->node_count; i++)
		ret[i] = 0;
	if (!strcmp(ha_scheduler(sim), "basic"))
		scores_by_count(sim, ret);
	else
		scores_by_use(sim, ha, ret);
}

double ha_load(const struct sim_node *node, struct ha_stats use)
{
	return (use.cpu / node->cores + use.mem / (double)node->memory_bytes) / 2;
}

struct ha_spread ha_spread(const struct sim *sim, const struct ha_stats *nodes)
{
	struct ha_spread all = { 0 };

	for (size_t i = 0; i < sim->node_count; i++) {
		double load = ha_load(&sim->nodes[i], nodes[i]);

		if (!ha_node_online(sim, &sim->nodes[i]))
			continue;
		all.sum += load;
		all.squares += load * load;
		all.count++;
	}
	return all;
}

double ha_imbalance(struct ha_spread all)
{
	double mean;

	if (all.count < 2 || all.sum <= 0)
		return 0;
	mean = all.sum / all.count;
	return sqrt(fmax(0, all.squares / all.count - mean * mean)) / mean / sqrt(all.count - 1);
}
