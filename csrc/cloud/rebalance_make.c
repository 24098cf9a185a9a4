/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_make.c - the plan of a snapshot, and which VMs of it must be asked about before it is believed. */
#include <string.h>

#include "base/str.h"
#include "cloud/rebalance_nodes.h"
#include "cloud/rebalance_pack.h"
#include "cloud/rebalance_parts.h"

/* What leaves nodes that are drained is more than what is moved for balance alone. */
static int choose(const struct rebalance_batch *b, struct rebalance_world *bw, struct pxc_err *err)
{
	auto_pack struct rebalance_pack pack = { .nnodes = 0 };
	const char **names;

	int r;

	if (!b->spec.pack)
		return 0;
	bw->choosing = true;
	r = rebalance_cluster(b, bw, err);
	bw->choosing = false;
	if (r < 0 || rebalance_pack(&bw->cluster, NULL, b->spec.pack, &pack, err) < 0)
		return -1;
	names = arena_alloc(bw->arena, (pack.nnodes + 1) * sizeof(*names));
	for (size_t i = 0; i < pack.nnodes; i++)
		names[i] = pack.nodes[i];
	bw->packed = names;
	bw->not_packed = arena_strdup(bw->arena, pack.why);
	return 0;
}

/* To the planner all guests are VMs. */
static void name_containers(struct rebalance_world *bw)
{
	static const char vm[] = "cannot move VM ";

	for (size_t i = 0; i < bw->plan.nunmovable; i++) {
		struct bal_left *left = &bw->plan.unmovable[i];
		const struct world_guest *g = world_guest(bw->w, left->vm);

		if (g && g->container && str_starts(left->why, vm))
			left->why = arena_printf(bw->arena, "cannot move container %s",
						 left->why + strlen(vm));
	}
}

int rebalance_make(const struct rebalance_batch *b, struct rebalance_world *bw, struct pxc_err *err)
{
	if (bw->planned)
		bal_plan_release(&bw->plan);
	bw->planned = false;
	bw->packed = NULL;
	if (choose(b, bw, err) < 0 || rebalance_cluster(b, bw, err) < 0 ||
	    bal_plan(&bw->cluster, &bw->plan, err) < 0)
		return -1;
	bw->planned = true;
	name_containers(bw);
	return 0;
}

const struct bal_node *rebalance_node(const struct rebalance_world *bw, const char *name)
{
	size_t i = rebalance_node_index(&bw->cluster, name);

	return i < bw->cluster.nnodes ? &bw->cluster.nodes[i] : NULL;
}

size_t rebalance_unchecked(const struct rebalance_batch *b, const struct rebalance_world *bw,
			   unsigned *out, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < bw->plan.nmoves && n < most; i++) {
		unsigned vmid = bw->plan.moves[i].vm;
		bool known = rebalance_checked(b, vmid);

		for (size_t k = 0; k < n; k++)
			known |= out[k] == vmid;
		if (!known)
			out[n++] = vmid;
	}
	return n;
}

/* The rule of the HA manager by which it moves the VM together with others; NULL: none. */
static const struct ha_rule *together(const struct rebalance_world *bw, unsigned vmid)
{
	for (size_t i = 0; bw->ha && i < bw->ha->nrules; i++) {
		const struct ha_rule *r = &bw->ha->rules[i];

		if (r->type != HA_TOGETHER || r->disabled || r->problem)
			continue;
		if (rebalance_find(r->vmids, r->nvmids, sizeof(*r->vmids), vmid))
			return r;
	}
	return NULL;
}

/* How often does the VM move before moves[i]? */
static size_t stage(const struct bal_plan *plan, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < i; k++)
		n += plan->moves[k].vm == plan->moves[i].vm;
	return n;
}

size_t rebalance_leader(const struct rebalance_world *bw, size_t i)
{
	const struct bal_plan *plan = &bw->plan;
	const struct bal_move *move = &plan->moves[i];
	const struct ha_rule *rule = together(bw, move->vm);

	for (size_t k = 0; rule && k < i; k++)
		if (str_eq(plan->moves[k].to, move->to) &&
		    rebalance_find(rule->vmids, rule->nvmids, sizeof(*rule->vmids),
				   plan->moves[k].vm) &&
		    stage(plan, k) == stage(plan, i))
			return rebalance_leader(bw, k);
	return i;
}
