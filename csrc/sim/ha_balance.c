/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ha_balance.c - PVE's own balancer: when nodes have been uneven for some rounds it moves one service, with its partners.
 *
 * Of all moves that rules allow it takes the one after which nodes are least uneven, and only when that is better by a
 * margin. TOPSIS in place of the exhaustive search (ha-auto-rebalance-method) is not played.
 */
#include <string.h>

#include "sim/ha_manager.h"

struct candidate {
	struct sim_ha *ha;
	struct sim_node *to;
	double imbalance;
};

/* Is something under way that will change the picture? */
static bool restless(const struct sim *sim)
{
	static const char *const states[] = { "migrate", "relocate", "request_start_balance",
					      "fence", "recovery" };

	for (size_t i = 0; i < sim->ha.count; i++) {
		const struct sim_ha *ha = sim->ha.entries[i].value;

		if (*ha->command)
			return true;
		for (size_t k = 0; k < ARRAY_SIZE(states); k++)
			if (ha_is(ha, states[k]))
				return true;
	}
	return false;
}

static bool movable(const struct sim_ha *ha)
{
	return ha_is(ha, "started") && ha->running && ha_option(ha, "auto-rebalance", 1);
}

/* It stands for its bundle: the first of it, all of which run on one node. */
static bool leads(const struct sim *sim, const struct sim_ha *ha)
{
	if (!movable(ha) || !ha_node_online(sim, ha->node))
		return false;
	for (size_t i = 0; i < ha->ntogether; i++) {
		const struct sim_ha *other = ha->together[i];

		if (!*other->crm)
			continue;
		if (!movable(other) || other->node != ha->node || other->vmid < ha->vmid)
			return false;
	}
	return true;
}

static struct ha_stats bundle_usage(const struct sim *sim, const struct sim_ha *ha)
{
	struct ha_stats all = ha_usage_of(sim, ha);

	for (size_t i = 0; i < ha->ntogether; i++) {
		struct ha_stats one = ha_usage_of(sim, ha->together[i]);

		if (!*ha->together[i]->crm)
			continue;
		all.cpu += one.cpu;
		all.mem += one.mem;
	}
	return all;
}

/* Where rules let it go. */
static struct ha_set targets_of(const struct sim *sim, const struct sim_ha *ha)
{
	struct ha_set best, allowed = ha_nodes_for(sim, ha, &best), taken = { 0 };

	if (ha_failback(sim, ha))
		allowed = best;
	for (size_t i = 0; ha->napart && i < sim->node_count; i++) {
		json_auto_t *blocking = sim_ha_blocking(sim, ha->vmid, &sim->nodes[i]);

		if (json_array_size(blocking))
			ha_set_add(&taken, &sim->nodes[i]);
	}
	ha_set_add(&taken, ha->node);
	ha_set_drop(&allowed, &taken);
	return allowed;
}

static void drop(double *value, double part)
{
	*value = *value > part ? *value - part : 0;
}

/* Another use of a node in place of the one that is counted. */
static void replace(struct ha_spread *all, const struct sim_node *node, struct ha_stats before,
		    struct ha_stats after)
{
	double was = ha_load(node, before), is = ha_load(node, after);

	all->sum += is - was;
	all->squares += is * is - was * was;
}

static double imbalance_after(struct ha_spread all, const struct ha_stats *nodes,
			      const struct sim_node *from, const struct sim_node *to,
			      struct ha_stats what)
{
	struct ha_stats left = nodes[from->number - 1], more = nodes[to->number - 1];

	drop(&left.cpu, what.cpu);
	drop(&left.mem, what.mem);
	more.cpu += what.cpu;
	more.mem += what.mem;
	replace(&all, from, nodes[from->number - 1], left);
	replace(&all, to, nodes[to->number - 1], more);
	return ha_imbalance(all);
}

static struct candidate best_move(struct sim *sim, const struct ha_stats *nodes)
{
	const struct ha_spread all = ha_spread(sim, nodes);
	struct candidate best = { .imbalance = 2 };

	for (size_t i = 0; i < sim->ha.count; i++) {
		struct sim_ha *ha = sim->ha.entries[i].value;
		struct ha_stats what;
		struct ha_set targets;

		if (!leads(sim, ha))
			continue;
		targets = targets_of(sim, ha);
		what = bundle_usage(sim, ha);
		for (size_t n = 0; n < sim->node_count; n++) {
			struct sim_node *to = &sim->nodes[n];
			double after;

			if (!ha_set_has(&targets, to))
				continue;
			after = imbalance_after(all, nodes, ha->node, to, what);
			if (after < best.imbalance - 1e-12)
				best = (struct candidate){ ha, to, after };
		}
	}
	return best;
}

void ha_balance(struct sim *sim)
{
	struct ha_stats nodes[SIM_MAX_NODES];
	struct candidate best;
	double now;

	if (!ha_crs(sim, "ha-auto-rebalance", 0) || !strcmp(ha_scheduler(sim), "basic") ||
	    restless(sim)) {
		sim->crm->held = 0;
		return;
	}
	ha_usage(sim, nodes);
	now = ha_imbalance(ha_spread(sim, nodes));
	if (now * 100 <= (double)ha_crs(sim, "ha-auto-rebalance-threshold", 30)) {
		sim->crm->held = 0;
		return;
	}
	if (++sim->crm->held < ha_crs(sim, "ha-auto-rebalance-hold-duration", 3)) {
		sim->crm->changed = true; /* the next round will tell */
		return;
	}
	sim->crm->held = 0;
	best = best_move(sim, nodes);
	if (best.ha && (now - best.imbalance) * 100 >=
			       now * (double)ha_crs(sim, "ha-auto-rebalance-margin", 10))
		ha_move(sim, best.ha, "migrate", best.to);
}
