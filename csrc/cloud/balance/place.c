/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * place.c - nodes for VMs that have none yet: those first that would lose most by waiting, the larger ones before the smaller
 * ones; then only the new ones are shifted and swapped among themselves.
 */
#include "base/mem.h"
#include "cloud/balance/parts.h"

#define WINDOW 16 /* so many of the largest are weighed against each other */

struct placing {
	struct bal_model m;
	struct bal_state s;
	double (*share)[PRICED]; /* of each item: of what the cluster has */
	int32_t *waiting;        /* items without a node, larger ones first */
	int32_t nwaiting;
	struct bal_placement placement;
	size_t cap;
};

static double size_of(const struct placing *p, int32_t item)
{
	const double *share = p->share[item];

	return share[MEM] > share[CPU] ? share[MEM] : share[CPU];
}

static int larger_first(const void *a, const void *b, void *context)
{
	const struct placing *p = context;
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	double sx = size_of(p, x), sy = size_of(p, y);

	if (sx < sy || sx > sy)
		return sx < sy ? 1 : -1;
	return x < y ? -1 : x > y;
}

static void line_up(struct placing *p)
{
	const struct bal_model *m = &p->m;
	double capacity[PRICED] = { 1, 1 };

	for (int32_t n = 0; n < m->nnodes; n++) {
		capacity[MEM] += (double)m->nodes[n]->mem;
		capacity[CPU] += (double)m->nodes[n]->cpu;
	}
	p->share = arena_alloc(&p->m.arena, ((size_t)m->nitems + 1) * sizeof(*p->share));
	p->waiting = arena_alloc(&p->m.arena, ((size_t)m->nitems + 1) * sizeof(*p->waiting));
	for (int32_t i = 0; i < m->nitems; i++) {
		for (int r = 0; r < PRICED; r++)
			p->share[i][r] = m->items[i].d[r] / capacity[r];
		p->waiting[p->nwaiting++] = i;
	}
	qsort_r(p->waiting, (size_t)p->nwaiting, sizeof(*p->waiting), larger_first, p);
}

/* Each that waits gets the node that is best now, if need be by another new one's making room. Did anything change? */
static bool insert(struct placing *p)
{
	int32_t kept = 0, n = p->nwaiting;

	while (n > kept) {
		int32_t pick = kept, item, to = -1;
		double most = -1;

		for (int32_t i = kept; i < n && i < kept + WINDOW; i++) {
			int32_t where;
			double regret = bal_regret(&p->s, p->waiting[i], &where);

			if (regret > most) {
				most = regret;
				pick = i;
				to = where;
			}
		}
		item = p->waiting[pick];
		if (to >= 0)
			bal_shift(&p->s, item, to);
		if (to >= 0 || bal_make_room(&p->s, item) >= 0) {
			n--;
			memmove(&p->waiting[pick], &p->waiting[pick + 1],
				(size_t)(n - pick) * sizeof(*p->waiting));
		} else {
			memmove(&p->waiting[kept + 1], &p->waiting[kept],
				(size_t)(pick - kept) * sizeof(*p->waiting));
			p->waiting[kept++] = item;
		}
	}
	n = p->nwaiting;
	p->nwaiting = kept;
	return kept < n;
}

static void answer(struct placing *p)
{
	const struct bal_model *m = &p->m;
	const struct bal_cluster *c = m->cluster;
	struct bal_placement *ret = &p->placement;

	ret->nodes = arena_alloc(&ret->arena, (c->nvms + 1) * sizeof(*ret->nodes));
	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t item = m->vm_item[v], at = item < 0 ? m->vm_node[v] : p->s.at[item];

		if (at >= 0)
			ret->nodes[m->vms[v] - c->vms] = m->nodes[at]->name;
		for (int32_t n = 0; at < 0 && n < m->nnodes; n++) {
			ret->refused = arena_grow(&ret->arena, ret->refused, ret->nrefused, &p->cap,
						  sizeof(*ret->refused));
			ret->refused[ret->nrefused++] =
				(struct bal_refused){ m->vms[v]->id, m->nodes[n]->name,
						      bal_say_refusal(&p->s, v, n, &ret->arena) };
		}
	}
}

int bal_place(const struct bal_cluster *cluster, struct bal_placement *ret, struct pxc_err *err)
{
	struct placing p = { .nwaiting = 0 };
	int r = bal_model_init_placing(&p.m, cluster, err);

	if (r == 0) {
		if (cluster->phase)
			cluster->phase(cluster->context, "model");
		bal_state_init(&p.s, &p.m);
		line_up(&p);
		/* What is improved may make room for one that found none. */
		while (insert(&p)) {
			(void)bal_greedy(&p.s);
			bal_descent(&p.s);
		}
		answer(&p);
		if (cluster->phase)
			cluster->phase(cluster->context, "plan");
		*ret = p.placement;
		bal_state_release(&p.s);
	}
	bal_model_release(&p.m);
	return r;
}

void bal_placement_release(struct bal_placement *placement)
{
	arena_release(&placement->arena);
	*placement = (struct bal_placement){ .nrefused = 0 };
}
