/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/rebalance_reserve.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/rebalance_nodes.h"

#define MOST_REASONS 3 /* nodes that are named with what speaks against them */

/*
 * Only the guests to be placed and members of rules matter one by one. What else is on a node is one VM for each node, with a
 * number that no guest has, so that a hundred failures of a large cluster cost no more than a few plans.
 */
struct failing {
	const struct bal_cluster *c;
	const uint32_t *ha;
	size_t nha;
	bool *single;        /* by VM: is a member of a rule */
	size_t *node_of;     /* by VM */
	struct bal_vm *rest; /* by node: all that is on it and not single */
	struct bal_node *nodes;
	struct bal_vm *vms; /* of the cluster without the node */
	size_t nvms;
	struct pxc_arena arena;
};

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_in(const uint32_t *ids, size_t n, uint32_t id)
{
	return n && bsearch(&id, ids, n, sizeof(*ids), by_id);
}

static void mark_members(struct failing *f)
{
	const struct bal_cluster *c = f->c;
	uint32_t *ids;
	size_t n = 0, k = 0;

	for (size_t i = 0; i < c->nrules; i++)
		n += c->rules[i].nmembers;
	ids = arena_alloc(&f->arena, (n + 1) * sizeof(*ids));
	for (size_t i = 0; i < c->nrules; i++)
		for (size_t m = 0; m < c->rules[i].nmembers; m++)
			ids[k++] = c->rules[i].members[m];
	qsort(ids, n, sizeof(*ids), by_id);
	for (size_t v = 0; v < c->nvms; v++)
		f->single[v] = is_in(ids, n, c->vms[v].id);
}

static uint32_t highest_id(const struct bal_cluster *c)
{
	uint32_t most = 0;

	for (size_t v = 0; v < c->nvms; v++)
		most = c->vms[v].id > most ? c->vms[v].id : most;
	return most;
}

static int prepare(struct failing *f, struct pxc_err *err)
{
	const struct bal_cluster *c = f->c;
	uint32_t id = highest_id(c);

	if (rebalance_nodes_of(c, &f->arena, &f->node_of, err) < 0)
		return -1;
	f->single = arena_alloc(&f->arena, c->nvms + 1);
	f->rest = arena_alloc(&f->arena, (c->nnodes + 1) * sizeof(*f->rest));
	f->nodes = arena_alloc(&f->arena, (c->nnodes + 1) * sizeof(*f->nodes));
	f->vms = arena_alloc(&f->arena, (c->nvms + c->nnodes + 1) * sizeof(*f->vms));
	mark_members(f);
	for (size_t n = 0; n < c->nnodes; n++)
		f->rest[n] = (struct bal_vm){ .id = ++id,
					      .node = c->nodes[n].name,
					      .stays = "it is all that is on the node" };
	for (size_t v = 0; v < c->nvms; v++) {
		const struct bal_vm *vm = &c->vms[v];
		struct bal_vm *rest = &f->rest[f->node_of[v]];

		if (f->single[v])
			continue;
		rest->mem += vm->mem;
		rest->cpu += vm->cpu;
		rest->vcpu += vm->vcpu;
	}
	return 0;
}

/* The cluster when node n has failed. */
static void take_away(struct failing *f, size_t n)
{
	const struct bal_cluster *c = f->c;

	memcpy(f->nodes, c->nodes, c->nnodes * sizeof(*f->nodes));
	f->nodes[n].accepts = false;
	f->nvms = 0;
	for (size_t i = 0; i < c->nnodes; i++)
		if (i != n)
			f->vms[f->nvms++] = f->rest[i];
	for (size_t v = 0; v < c->nvms; v++) {
		bool moves = f->node_of[v] == n;

		if (moves ? !is_in(f->ha, f->nha, c->vms[v].id) : !f->single[v])
			continue;
		f->vms[f->nvms] = c->vms[v];
		f->vms[f->nvms].stays = moves ? NULL : "it stays";
		if (moves)
			f->vms[f->nvms].node = NULL;
		f->nvms++;
	}
}

static const char *reasons(const struct bal_placement *p, uint32_t vm, const char *failed,
			   struct pxc_arena *arena)
{
	auto_buf struct pxc_buf text = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; i < p->nrefused; i++) {
		const struct bal_refused *r = &p->refused[i];

		if (r->vm != vm || str_eq(r->node, failed))
			continue;
		if (n++ < MOST_REASONS)
			buf_printf(&text, "%s%s %s", n > 1 ? ", " : "", r->node, r->why);
	}
	if (n > MOST_REASONS)
		buf_printf(&text, " and so on for %zu more", n - MOST_REASONS);
	return arena_strdup(arena, n ? buf_str(&text) : "there is no other node");
}

static int fail_node(struct failing *f, size_t n, struct rebalance_reserve *ret,
		     struct pxc_err *err)
{
	struct reserve_node *out = &ret->nodes[n];
	auto_bal_placement struct bal_placement p = { .nrefused = 0 };
	struct bal_cluster c = *f->c;

	*out = (struct reserve_node){ .node = c.nodes[n].name, .why = "" };
	for (size_t v = 0; v < c.nvms; v++)
		if (f->node_of[v] == n && is_in(f->ha, f->nha, c.vms[v].id)) {
			out->guests++;
			out->mib += c.vms[v].mem;
		}
	if (!out->guests)
		return 0;
	take_away(f, n);
	c.nodes = f->nodes;
	c.vms = f->vms;
	c.nvms = f->nvms;
	c.phase = NULL;
	if (bal_place(&c, &p, err) < 0)
		return -1;
	for (size_t v = 0; v < c.nvms; v++) {
		if (p.nodes[v])
			continue;
		out->missing++;
		out->missing_mib += c.vms[v].mem;
		if (!out->first || c.vms[v].id < out->first)
			out->first = c.vms[v].id;
	}
	if (out->missing)
		out->why = reasons(&p, out->first, out->node, &ret->arena);
	return 0;
}

static bool is_worse(const struct reserve_node *a, const struct reserve_node *b)
{
	if (a->missing_mib != b->missing_mib)
		return a->missing_mib > b->missing_mib;
	if (a->missing != b->missing)
		return a->missing > b->missing;
	return strcmp(a->node, b->node) < 0;
}

int rebalance_reserve(const struct bal_cluster *cluster, const uint32_t *ha, size_t nha,
		      struct rebalance_reserve *ret, struct pxc_err *err)
{
	struct failing f = { .c = cluster, .ha = ha, .nha = nha };
	struct rebalance_reserve mine = { .nnodes = cluster->nnodes };
	int r = prepare(&f, err);

	mine.nodes = arena_alloc(&mine.arena, (mine.nnodes + 1) * sizeof(*mine.nodes));
	for (size_t n = 0; n < mine.nnodes && r == 0; n++)
		r = fail_node(&f, n, &mine, err);
	arena_release(&f.arena);
	if (r < 0) {
		arena_release(&mine.arena);
		return r;
	}
	for (size_t n = 0; n < mine.nnodes; n++)
		if (mine.nodes[n].missing && (!mine.worst || is_worse(&mine.nodes[n], mine.worst)))
			mine.worst = &mine.nodes[n];
	*ret = mine;
	return 0;
}

void rebalance_reserve_release(struct rebalance_reserve *reserve)
{
	arena_release(&reserve->arena);
	*reserve = (struct rebalance_reserve){ .nnodes = 0 };
}
