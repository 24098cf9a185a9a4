/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rebalance_pack.c - sets of nodes are tried in order of what it costs to empty them; the first that a plan empties is the
 * cheapest. When none of the first few does, nodes are added one by one as long as a plan empties them all.
 */
#include "cloud/rebalance_pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cloud/rebalance_nodes.h"

#define MOST_PLANS 16  /* of whole sets */
#define MOST_SETS 4096 /* looked at; those that have not the room by a mere sum cost no plan */

/* A node that may be emptied. */
struct candidate {
	size_t node; /* index in the cluster */
	int64_t wire, mem;
	size_t nvms;
};

struct packing {
	const struct bal_cluster *c;
	struct candidate *cands; /* cheapest first */
	size_t ncands;
	int64_t *used;          /* by node: MiB */
	struct bal_node *nodes; /* the cluster's, with those of the set drained */
	const char *why;        /* the last plan did not empty all */
	struct pxc_arena *arena;
};

/* A set of candidates: increasing numbers. */
struct set {
	size_t *at;
	int64_t wire;
	bool seen;
};

struct sets {
	struct set *list;
	size_t n, cap;
};

static int cheaper_first(const void *a, const void *b, void *context)
{
	const struct packing *p = context;
	const struct candidate *x = a, *y = b;

	if (x->wire != y->wire)
		return x->wire < y->wire ? -1 : 1;
	if (x->nvms != y->nvms)
		return x->nvms < y->nvms ? -1 : 1;
	return strcmp(p->c->nodes[x->node].name, p->c->nodes[y->node].name);
}

static bool is_among(const char *const *among, const char *name)
{
	for (size_t i = 0; among && among[i]; i++)
		if (str_eq(among[i], name))
			return true;
	return !among;
}

/* A VM that cannot move keeps its node from being chosen; of those, the sentence about the last is kept. */
static int prepare(struct packing *p, const char *const *among, struct pxc_err *err)
{
	const struct bal_cluster *c = p->c;
	struct candidate *by_node = arena_alloc(p->arena, (c->nnodes + 1) * sizeof(*by_node));
	size_t *node_of;

	if (rebalance_nodes_of(c, p->arena, &node_of, err) < 0)
		return -1;
	for (size_t i = 0; among && among[i]; i++)
		if (rebalance_node_index(c, among[i]) == c->nnodes)
			return pxc_fail(err, PXC_EINVAL, "there is no node %s", among[i]);
	p->used = arena_alloc(p->arena, (c->nnodes + 1) * sizeof(*p->used));
	p->nodes = arena_alloc(p->arena, (c->nnodes + 1) * sizeof(*p->nodes));
	p->cands = arena_alloc(p->arena, (c->nnodes + 1) * sizeof(*p->cands));
	for (size_t n = 0; n < c->nnodes; n++) {
		p->used[n] = c->nodes[n].base_mem;
		by_node[n].node = c->nodes[n].accepts && !c->nodes[n].drain &&
						  is_among(among, c->nodes[n].name)
					  ? n
					  : SIZE_MAX;
	}
	for (size_t v = 0; v < c->nvms; v++) {
		const struct bal_vm *vm = &c->vms[v];
		size_t n = node_of[v];

		p->used[n] += vm->mem;
		by_node[n].wire += vm->wire;
		by_node[n].mem += vm->mem;
		by_node[n].nvms++;
		if (vm->stays && by_node[n].node == n) {
			by_node[n].node = SIZE_MAX;
			p->why = arena_printf(p->arena,
					      "%s cannot be emptied: VM %u cannot move, since %s",
					      c->nodes[n].name, vm->id, vm->stays);
		}
	}
	for (size_t n = 0; n < c->nnodes; n++)
		if (by_node[n].node == n)
			p->cands[p->ncands++] = by_node[n];
	qsort_r(p->cands, p->ncands, sizeof(*p->cands), cheaper_first, p);
	return 0;
}

/* Mark the set as drained. */
static void drain(struct packing *p, const size_t *at, size_t count)
{
	memcpy(p->nodes, p->c->nodes, p->c->nnodes * sizeof(*p->nodes));
	for (size_t i = 0; i < count; i++)
		p->nodes[p->cands[at[i]].node].drain = true;
}

/* Is there as much memory left on the others as has to leave? */
static bool has_room(struct packing *p, const size_t *at, size_t count)
{
	const struct bal_cluster *c = p->c;
	int64_t room = 0, need = 0;

	drain(p, at, count);
	for (size_t n = 0; n < c->nnodes; n++) {
		int64_t most =
			(int64_t)((double)c->nodes[n].mem * (double)c->params.steady_ppm / BAL_PPM);

		if (p->nodes[n].drain)
			need += p->used[n] - c->nodes[n].base_mem;
		else if (c->nodes[n].accepts && p->used[n] < most)
			room += most - p->used[n];
	}
	return need <= room;
}

static void say_why(struct packing *p, const struct bal_plan *plan, const char *node)
{
	const struct bal_left *left = plan->nunmovable ? plan->unmovable
				      : plan->ndropped ? plan->dropped
						       : NULL;

	p->why = arena_printf(p->arena, "%s cannot be emptied as well%s%s", node, left ? ": " : "",
			      left ? left->why : "");
}

/* Does a plan empty the set? What is drained without us may fail for reasons of its own. 1, 0, or -1 with err. */
static int empties(struct packing *p, const size_t *at, size_t count, struct pxc_err *err)
{
	struct bal_cluster c = *p->c;
	auto_bal_plan struct bal_plan plan = { .nmoves = 0 };
	int r = 1;

	drain(p, at, count);
	c.nodes = p->nodes;
	c.params.tolerance_ppm = BAL_PPM;
	c.params.max_moves = c.params.max_node_moves = 0;
	c.phase = NULL;
	if (bal_plan(&c, &plan, err) < 0)
		return -1;
	for (size_t v = 0; v < c.nvms && r; v++) {
		const char *where = c.vms[v].node;

		for (size_t i = 0; i < plan.nmoves; i++)
			if (plan.moves[i].vm == c.vms[v].id)
				where = plan.moves[i].to;
		for (size_t i = 0; i < count && r; i++)
			r = !str_eq(where, c.nodes[p->cands[at[i]].node].name);
	}
	if (!r)
		say_why(p, &plan, c.nodes[p->cands[at[count - 1]].node].name);
	return r;
}

static void add_set(struct packing *p, struct sets *s, const size_t *at, size_t count)
{
	struct set new = { .at = arena_alloc(p->arena, (count + 1) * sizeof(*new.at)) };

	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->list[i].at, at, count * sizeof(*at)) == 0)
			return;
	memcpy(new.at, at, count * sizeof(*at));
	for (size_t i = 0; i < count; i++)
		new.wire += p->cands[at[i]].wire;
	s->list = arena_grow(p->arena, s->list, s->n, &s->cap, sizeof(*s->list));
	s->list[s->n++] = new;
}

static struct set *cheapest(struct sets *s)
{
	struct set *best = NULL;

	for (size_t i = 0; i < s->n; i++)
		if (!s->list[i].seen && (!best || s->list[i].wire < best->wire))
			best = &s->list[i];
	return best;
}

/* Every set comes after those from which it differs by cheaper nodes. *ret NULL: none of the first few can be emptied. */
static int try_sets(struct packing *p, size_t count, const size_t **ret, struct pxc_err *err)
{
	struct sets s = { .n = 0 };
	size_t *at = arena_alloc(p->arena, (count + 1) * sizeof(*at));
	unsigned plans = 0;

	*ret = NULL;
	for (size_t i = 0; i < count; i++)
		at[i] = i;
	add_set(p, &s, at, count);
	while (s.n < MOST_SETS && plans < MOST_PLANS) {
		struct set *set = cheapest(&s);
		int r = 0;

		if (!set)
			return 0;
		set->seen = true;
		memcpy(at, set->at, count * sizeof(*at));
		if (has_room(p, at, count)) {
			plans++;
			r = empties(p, at, count, err);
		}
		if (r < 0)
			return -1;
		if (r) {
			*ret = at;
			return 0;
		}
		for (size_t i = 0; i < count; i++) {
			if (at[i] + 1 == (i + 1 < count ? at[i + 1] : p->ncands))
				continue;
			at[i]++;
			add_set(p, &s, at, count);
			at[i]--;
		}
	}
	return 0;
}

/* One by one, the cheaper ones first, as long as all can be emptied. */
static int add_singly(struct packing *p, size_t count, size_t *at, size_t *ret_n,
		      struct pxc_err *err)
{
	unsigned vain = 0;

	for (size_t i = 0; i < p->ncands && *ret_n < count && vain < MOST_PLANS; i++) {
		int r;

		at[*ret_n] = i;
		if (!has_room(p, at, *ret_n + 1)) {
			p->why = arena_printf(p->arena,
					      "%s cannot be emptied as well: the others have not "
					      "the memory for what runs on it",
					      p->c->nodes[p->cands[i].node].name);
			continue;
		}
		r = empties(p, at, *ret_n + 1, err);
		if (r < 0)
			return -1;
		*ret_n += (size_t)r;
		vain += !r;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void answer(struct packing *p, const size_t *at, size_t n, unsigned count,
		   struct rebalance_pack *ret)
{
	ret->nodes = arena_alloc(p->arena, (n + 1) * sizeof(*ret->nodes));
	for (size_t i = 0; i < n; i++) {
		ret->nodes[i] = p->c->nodes[p->cands[at[i]].node].name;
		ret->wire_mib += p->cands[at[i]].wire;
	}
	qsort(ret->nodes, n, sizeof(*ret->nodes), by_name);
	ret->nnodes = n;
	ret->why = "";
	if (n < count)
		ret->why = p->why ? p->why : "there are no more nodes that may be emptied";
}

int rebalance_pack(const struct bal_cluster *cluster, const char *const *among, unsigned count,
		   struct rebalance_pack *ret, struct pxc_err *err)
{
	struct rebalance_pack mine = { .nnodes = 0 };
	struct packing p = { .c = cluster, .arena = &mine.arena };
	const size_t *found = NULL;
	size_t *at, n = count;
	int r = prepare(&p, among, err);

	at = arena_alloc(&mine.arena, ((size_t)count + 1) * sizeof(*at));
	if (r == 0 && count && count <= p.ncands)
		r = try_sets(&p, count, &found, err);
	if (r == 0 && !found) {
		n = 0;
		r = add_singly(&p, count, at, &n, err);
	}
	if (r < 0) {
		arena_release(&mine.arena);
		return r;
	}
	answer(&p, found ? found : at, n, count, &mine);
	*ret = mine;
	return 0;
}

void rebalance_pack_release(struct rebalance_pack *pack)
{
	arena_release(&pack->arena);
	*pack = (struct rebalance_pack){ .nnodes = 0 };
}
