/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * polish.c - large items are whole, small ones flow round them: each large one is tried elsewhere, and what it is worth there is
 * told by F after the small ones' answer. A move of the large one alone is mostly for the worse, and that is why no descent finds it.
 */
#include "base/mem.h"
#include "cloud/balance/fluid.h"

#define SWEEPS 3      /* over the large items */
#define FLOW 6        /* passes of the small ones between two sweeps */
#define ANSWER 2      /* passes of the small ones for each trial */
#define LARGE 100     /* items that are taken to be large */
#define FIRST_FLOWS 4 /* looks at all items, before the first sweep */
#define TRIALS 3      /* nodes for each item: home, and two others */

int bal_larger_first(const void *a, const void *b, void *context)
{
	const struct bal_model *m = ((const struct bal_fluid *)context)->m;
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	if (m->items[x].cost < m->items[y].cost || m->items[x].cost > m->items[y].cost)
		return m->items[x].cost < m->items[y].cost ? 1 : -1;
	return x < y ? -1 : x > y;
}

void bal_fluid_unite(struct bal_fluid *f, int32_t item, int32_t to)
{
	const struct bal_parts *p = &f->parts[item];

	while (p->n > 1 || p->node[0] != to) {
		int32_t from = p->node[0] == to ? 1 : 0;

		bal_fluid_transfer(f, item, from, to, p->share[from]);
	}
}

/* What a trial changes: this item, the active ones of f, and the nodes. */
static void keep(struct bal_fluid *to, const struct bal_fluid *from, const struct bal_fluid *f,
		 int32_t item)
{
	const size_t bytes = (size_t)f->m->nnodes * sizeof(double);

	to->parts[item] = from->parts[item];
	for (int32_t k = 0; k < f->nactive; k++)
		to->parts[f->active[k]] = from->parts[f->active[k]];
	for (int r = 0; r < PRICED; r++) {
		memcpy(to->x[r], from->x[r], bytes);
		memcpy(to->g[r], from->g[r], bytes);
	}
}

/* F, but for the moves of items that do not change. */
static double value(const struct bal_fluid *f, const struct bal_large *large)
{
	const struct bal_model *m = f->m;
	double sum = 0;

	for (int32_t n = 0; n < m->nnodes; n++)
		for (int r = 0; r < PRICED; r++)
			sum += m->factor[n][r] * f->x[r][n] * f->x[r][n];
	for (int32_t k = 0; k < f->nactive; k++) {
		const struct bal_parts *p = &f->parts[f->active[k]];

		for (int32_t i = 0; i < p->n && !large->is[f->active[k]]; i++)
			sum += p->share[i] * bal_moved_cost(m, f->active[k], p->node[i]);
	}
	for (int32_t k = 0; k < large->n; k++)
		sum += bal_moved_cost(m, large->items[k], f->parts[large->items[k]].node[0]);
	return sum;
}

/* What F would be higher with the item there, before any answer; huge when the node is too full for it. */
static double alone(const struct bal_fluid *f, int32_t item, int32_t to)
{
	const struct bal_model *m = f->m;
	const struct bal_item *it = &m->items[item];
	const int32_t from = f->parts[item].node[0];
	double sum = bal_moved_cost(m, item, to) - bal_moved_cost(m, item, from);

	for (int r = 0; r < PRICED; r++) {
		if (f->x[r][to] + it->d[r] > f->top[r][to])
			return 1e300;
		sum += m->factor[from][r] * it->d[r] * (it->d[r] - 2 * f->x[r][from]) +
		       m->factor[to][r] * it->d[r] * (it->d[r] + 2 * f->x[r][to]);
	}
	return sum;
}

/* Home, and the two other nodes that are best before any answer; -1 = none. */
static void find_trials(const struct bal_fluid *f, int32_t item, int32_t to[TRIALS])
{
	const struct bal_item *it = &f->m->items[item];
	const int32_t here = f->parts[item].node[0];
	double first = 1e300, second = 1e300;

	to[0] = it->home_ok && here != it->home ? it->home : -1;
	to[1] = to[2] = -1;
	for (int32_t n = 0; n < f->m->nnodes; n++) {
		double delta;

		if (n == here || n == it->home || !bal_may(f->m, it, n))
			continue;
		delta = alone(f, item, n);
		if (delta < first) {
			second = first;
			to[2] = to[1];
			first = delta;
			to[1] = n;
		} else if (delta < second) {
			second = delta;
			to[2] = n;
		}
	}
}

static bool try_elsewhere(struct bal_fluid *f, struct bal_fluid *spare,
			  const struct bal_large *large, int32_t item, double *now)
{
	int32_t to[TRIALS];

	find_trials(f, item, to);
	for (int k = 0; k < TRIALS; k++) {
		double then;

		if (to[k] < 0)
			continue;
		keep(spare, f, f, item);
		bal_fluid_unite(f, item, to[k]);
		bal_fluid_flow(f, ANSWER, large->is);
		then = value(f, large);
		if (then < *now - BAL_EPSILON) {
			*now = then;
			return true;
		}
		keep(f, spare, f, item);
	}
	return false;
}

void bal_fluid_polish(struct bal_fluid *f, struct bal_fluid *spare, const struct bal_large *large)
{
	bool better = true;

	for (int sweep = 0; better && sweep < SWEEPS; sweep++) {
		double now, divided;

		(void)bal_fluid_evaluate(f, &divided);
		bal_fluid_flow(f, FLOW, large->is);
		now = value(f, large);
		better = false;
		for (int32_t k = 0; k < large->n; k++)
			better = try_elsewhere(f, spare, large, large->items[k], &now) || better;
	}
}

void bal_polish(const struct bal_state *s, struct bal_hint *hint)
{
	const struct bal_model *m = s->m;
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct bal_fluid f, spare;
	struct bal_large large = { .n = hint->nnear < LARGE ? hint->nnear : LARGE };

	bal_fluid_init(&f, s, &arena);
	bal_fluid_init(&spare, s, &arena);
	large.items = arena_alloc(&arena, ((size_t)hint->nnear + 1) * sizeof(*large.items));
	large.is = arena_alloc(&arena, ((size_t)m->nitems + 1) * sizeof(*large.is));
	memcpy(large.items, hint->near, (size_t)hint->nnear * sizeof(*large.items));
	qsort_r(large.items, (size_t)hint->nnear, sizeof(*large.items), bal_larger_first, &f);
	for (int32_t k = 0; k < large.n; k++)
		large.is[large.items[k]] = true;
	for (int i = 0; i < FIRST_FLOWS; i++) {
		double divided;

		(void)bal_fluid_evaluate(&f, &divided);
		bal_fluid_flow(&f, FLOW, large.is);
	}
	bal_fluid_polish(&f, &spare, &large);
	bal_fluid_places(&f, s, hint->at);
}
