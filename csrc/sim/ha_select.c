/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ha_select.c - on which node a service is to be. */
#include <string.h>

#include "sim/ha_manager.h"

#define WORDS ARRAY_SIZE(((struct ha_set *)NULL)->bits)

void ha_set_add(struct ha_set *set, const struct sim_node *node)
{
	set->bits[(node->number - 1) / 64] |= 1ull << (node->number - 1) % 64;
}

bool ha_set_has(const struct ha_set *set, const struct sim_node *node)
{
	return set->bits[(node->number - 1) / 64] >> (node->number - 1) % 64 & 1;
}

bool ha_set_empty(const struct ha_set *set)
{
	uint64_t any = 0;

	for (size_t i = 0; i < WORDS; i++)
		any |= set->bits[i];
	return !any;
}

void ha_set_drop(struct ha_set *set, const struct ha_set *what)
{
	for (size_t i = 0; i < WORDS; i++)
		set->bits[i] &= ~what->bits[i];
}

struct ha_set ha_set_common(const struct ha_set *a, const struct ha_set *b)
{
	struct ha_set common;

	for (size_t i = 0; i < WORDS; i++)
		common.bits[i] = a->bits[i] & b->bits[i];
	return common;
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

struct ha_set ha_nodes_for(const struct sim *sim, const struct sim_ha *ha, struct ha_set *ret_best)
{
	struct ha_set allowed = { 0 };
	int64_t highest = -2;

	*ret_best = (struct ha_set){ 0 };
	for (size_t i = 0; i < sim->node_count; i++) {
		int64_t p = priority(ha, &sim->nodes[i]);

		if (!ha_node_online(sim, &sim->nodes[i]) || p == -2)
			continue;
		ha_set_add(&allowed, &sim->nodes[i]);
		if (p > highest)
			*ret_best = (struct ha_set){ 0 };
		if (p >= highest) {
			highest = p;
			ha_set_add(ret_best, &sim->nodes[i]);
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

/* The nodes that others use, and how many of them use each. */
struct used {
	struct ha_set nodes;
	unsigned counts[SIM_MAX_NODES];
};

static void add_used(const struct sim *sim, struct sim_ha *const *others, size_t n,
		     struct used *ret)
{
	for (size_t i = 0; i < n; i++) {
		struct sim_node *nodes[2];

		ha_uses(sim, others[i], &nodes[0], &nodes[1]);
		for (size_t k = 0; k < 2; k++) {
			if (!nodes[k])
				continue;
			ha_set_add(&ret->nodes, nodes[k]);
			ret->counts[nodes[k]->number - 1]++;
		}
	}
}

/* Of these nodes the one that most of the partners use; the first by name among equals. */
static struct ha_set majority(const struct sim *sim, const struct ha_set *nodes,
			      const unsigned *counts)
{
	const struct sim_node *most = NULL;
	struct ha_set one = { 0 };

	for (size_t i = 0; i < sim->node_count; i++) {
		const struct sim_node *node = &sim->nodes[i];

		if (!ha_set_has(nodes, node))
			continue;
		if (!most || counts[i] > counts[most->number - 1] ||
		    (counts[i] == counts[most->number - 1] && strcmp(node->name, most->name) < 0))
			most = node;
	}
	if (most)
		ha_set_add(&one, most);
	return one;
}

static bool better(const double *scores, const struct sim_node *a, const struct sim_node *b)
{
	double one = scores[a->number - 1], two = scores[b->number - 1];

	return one < two || (one <= two && strcmp(a->name, b->name) < 0);
}

/* The best of these; HA_NEXT: the one that comes behind its own, if that is among them and not the last. */
static struct sim_node *by_score(struct sim *sim, const struct sim_ha *ha,
				 const struct ha_set *nodes, enum ha_wish wish)
{
	struct sim_node *best = NULL, *next = NULL;
	double scores[SIM_MAX_NODES];
	bool here = wish == HA_NEXT && ha_set_has(nodes, ha->node);

	ha_scores(sim, ha, scores);
	for (size_t i = 0; i < sim->node_count; i++) {
		struct sim_node *node = &sim->nodes[i];

		if (!ha_set_has(nodes, node))
			continue;
		if (!best || better(scores, node, best))
			best = node;
		if (here && better(scores, ha->node, node) && (!next || better(scores, node, next)))
			next = node;
	}
	return next ? next : best;
}

/* Nothing binds it, and its node is there. */
static bool content(const struct sim *sim, const struct sim_ha *ha, enum ha_wish wish)
{
	return wish == HA_STAY && !ha->prefers.count && !ha->ntogether && !ha->napart &&
	       !ha->back && ha_node_online(sim, ha->node);
}

struct sim_node *ha_select(struct sim *sim, struct sim_ha *ha, enum ha_wish wish)
{
	struct used together = { 0 }, apart = { 0 };
	struct ha_set best, allowed, near;

	if (content(sim, ha, wish))
		return ha->node;
	allowed = ha_nodes_for(sim, ha, &best);
	if (ha_set_empty(&best))
		return NULL;
	add_used(sim, ha->together, ha->ntogether, &together);
	add_used(sim, ha->apart, ha->napart, &apart);
	if (wish == HA_STAY && !ha_failback(sim, ha) && ha_set_has(&allowed, ha->node) &&
	    (ha_set_has(&together.nodes, ha->node) || !ha_set_has(&apart.nodes, ha->node)))
		return ha->node;
	if (wish == HA_NEXT)
		ha_set_drop(&best, &ha->failed);
	ha_set_drop(&best, &apart.nodes);
	near = ha_set_common(&together.nodes, &best);
	if (!ha_set_empty(&near))
		best = majority(sim, &near, together.counts);
	if (ha->back && ha_set_has(&best, ha->back))
		return ha->back;
	if (wish == HA_STAY && ha_set_has(&best, ha->node))
		return ha->node;
	return by_score(sim, ha, &best, wish);
}
