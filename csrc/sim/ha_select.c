/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_select.c - on which node a service is to be. */
#include <string.h>

#include "sim/ha_manager.h"

uint64_t ha_bit(const struct sim_node *node)
{
	return 1ull << (node->number - 1);
}

static uint64_t online_nodes(const struct sim *sim)
{
	uint64_t online = 0;

	for (size_t i = 0; i < sim->node_count; i++)
		if (ha_node_online(sim, &sim->nodes[i]))
			online |= ha_bit(&sim->nodes[i]);
	return online;
}

/* -2: not at all. Nodes that no rule names come last, or, where none names any, are all alike. */
static int64_t priority(const struct sim_ha *ha, const struct sim_node *node)
{
	const void *box = sim_map_get(&ha->prefers, node->name);

	if (!ha->prefers.count)
		return 0;
	if (!box)
		return ha->strict ? -2 : -1;
	return (int64_t)((uintptr_t)box - 1);
}

uint64_t ha_nodes_for(const struct sim *sim, const struct sim_ha *ha, uint64_t *ret_best)
{
	uint64_t online = online_nodes(sim), allowed = 0;
	int64_t highest = -2;

	*ret_best = 0;
	for (size_t i = 0; i < sim->node_count; i++) {
		int64_t p = priority(ha, &sim->nodes[i]);

		if (!(online & ha_bit(&sim->nodes[i])) || p == -2)
			continue;
		allowed |= ha_bit(&sim->nodes[i]);
		if (p > highest)
			*ret_best = 0;
		if (p >= highest) {
			highest = p;
			*ret_best |= ha_bit(&sim->nodes[i]);
		}
	}
	return allowed;
}

void ha_uses(const struct sim *sim, const struct sim_ha *ha, struct sim_node **ret_at,
	     struct sim_node **ret_to)
{
	bool balance = ha_is(ha, "request_start_balance"),
	     moves = ha_is(ha, "migrate") || ha_is(ha, "relocate");

	*ret_at = *ret_to = NULL;
	if (!*ha->crm || ha_is(ha, "stopped") || ha_is(ha, "request_start"))
		return;
	if (!balance && ha->node && ha_node_online(sim, ha->node))
		*ret_at = ha->node;
	if ((moves || balance) && ha->target && ha_node_online(sim, ha->target))
		*ret_to = ha->target;
}

/* Bits of the nodes that others use, and how many of them use each. */
static uint64_t used_by(const struct sim *sim, struct sim_ha *const *others, size_t n,
			unsigned counts[64])
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		struct sim_node *nodes[2];

		ha_uses(sim, others[i], &nodes[0], &nodes[1]);
		for (size_t k = 0; k < 2; k++) {
			if (!nodes[k])
				continue;
			bits |= ha_bit(nodes[k]);
			counts[nodes[k]->number - 1]++;
		}
	}
	return bits;
}

/* Of these nodes the one that most of the partners use; the first by name among equals. */
static uint64_t majority(const struct sim *sim, uint64_t nodes, const unsigned counts[64])
{
	const struct sim_node *most = NULL;

	for (size_t i = 0; i < sim->node_count; i++) {
		const struct sim_node *node = &sim->nodes[i];
		unsigned n = counts[i];

		if (!(nodes & ha_bit(node)))
			continue;
		if (!most || n > counts[most->number - 1] ||
		    (n == counts[most->number - 1] && strcmp(node->name, most->name) < 0))
			most = node;
	}
	return most ? ha_bit(most) : 0;
}

struct ranking {
	struct sim_node *nodes[64];
	size_t count;
	const double *scores;
	const struct sim_node *first;
};

static int compare(const struct ranking *r, const struct sim_node *a, const struct sim_node *b)
{
	double one = r->scores[a->number - 1], two = r->scores[b->number - 1];

	return one < two ? -1 : one > two ? 1 : strcmp(a->name, b->name);
}

static void rank(struct sim *sim, uint64_t bits, struct ranking *r)
{
	for (size_t i = 0; i < sim->node_count; i++) {
		size_t at = r->count;

		if (!(bits & ha_bit(&sim->nodes[i])))
			continue;
		while (at > 0 && compare(r, &sim->nodes[i], r->nodes[at - 1]) < 0) {
			r->nodes[at] = r->nodes[at - 1];
			at--;
		}
		r->nodes[at] = &sim->nodes[i];
		r->count++;
	}
}

static struct sim_node *by_score(struct sim *sim, const struct sim_ha *ha, uint64_t bits,
				 enum ha_wish wish)
{
	double scores[64] = { 0 };
	struct ranking r = { .scores = scores };

	ha_scores(sim, ha, scores);
	rank(sim, bits, &r);
	for (size_t i = 0; wish == HA_NEXT && i + 1 < r.count; i++)
		if (r.nodes[i] == ha->node)
			return r.nodes[i + 1];
	return r.count ? r.nodes[0] : NULL;
}

struct sim_node *ha_select(struct sim *sim, struct sim_ha *ha, enum ha_wish wish)
{
	unsigned together_counts[64] = { 0 }, apart_counts[64] = { 0 };
	uint64_t best, allowed = ha_nodes_for(sim, ha, &best), together, apart;
	uint64_t here = ha->node ? ha_bit(ha->node) : 0;

	if (!best)
		return NULL;
	together = used_by(sim, ha->together, ha->ntogether, together_counts);
	apart = used_by(sim, ha->apart, ha->napart, apart_counts);
	if (wish == HA_STAY && !ha_failback(sim, ha) && allowed & here &&
	    (together & here || !(apart & here)))
		return ha->node;
	if (wish == HA_NEXT)
		best &= ~ha->failed;
	best &= ~apart;
	if (together & best)
		best = majority(sim, together & best, together_counts);
	if (ha->back && best & ha_bit(ha->back))
		return ha->back;
	if (wish == HA_STAY && best & here)
		return ha->node;
	return by_score(sim, ha, best, wish);
}
