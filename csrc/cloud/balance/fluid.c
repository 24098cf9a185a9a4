/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fluid.c - items divided over nodes, each moving its share from its dearest node to its cheapest. */
#include "cloud/balance/fluid.h"
#include "base/mem.h"

#define SAME_HULL 64 /* items that are looked at before prices have changed too much */

static void set_slope(struct bal_fluid *f, int32_t n)
{
	for (int r = 0; r < PRICED; r++) {
		double x = f->x[r][n], over = x - f->top[r][n] + f->push[r][n];

		f->g[r][n] = 2 * f->m->factor[n][r] * (over > 0 ? x + f->steep * over : x);
	}
}

double bal_fluid_price(const struct bal_fluid *f, const struct bal_item *it, int32_t n)
{
	return f->g[MEM][n] * it->d[MEM] + f->g[CPU][n] * it->d[CPU];
}

/* Of being there; of most items the same wherever they go. */
static double cost_at(const struct bal_fluid *f, int32_t item, int32_t n)
{
	const struct bal_item *it = &f->m->items[item];

	if (it->home < 0)
		return bal_moved_cost(f->m, item, n);
	return n == it->home ? 0 : it->cost;
}

/* The cheapest node of those, without the cost of being there. */
static int32_t cheapest_of(struct bal_fluid *f, const struct bal_item *it, const int32_t *nodes,
			   int32_t n, double *price)
{
	const double *gm = f->g[MEM], *gc = f->g[CPU];
	double d0 = it->d[MEM], d1 = it->d[CPU];
	int32_t at = -1;

	*price = 1e300;
	f->looked += n;
	for (int32_t i = 0; i < n; i++) {
		int32_t k = nodes ? nodes[i] : i;
		double p = gm[k] * d0 + gc[k] * d1;

		if (p >= *price || (!nodes && (k == it->home || !bal_may(f->m, it, k))))
			continue;
		*price = p;
		at = k;
	}
	return at;
}

/* The cheapest node the item may be on, with the cost of being there. */
static int32_t cheapest(struct bal_fluid *f, int32_t item, double *price)
{
	const struct bal_model *m = f->m;
	const struct bal_item *it = &m->items[item];
	int32_t at = -1;

	if (it->home < 0) {
		/* Each node has a cost of its own; few items are like that. */
		*price = 1e300;
		for (int32_t n = 0; n < m->nnodes; n++) {
			double p = bal_fluid_price(f, it, n) + bal_moved_cost(m, item, n);

			if (p < *price && bal_may(m, it, n)) {
				*price = p;
				at = n;
			}
		}
		return at;
	}
	/* Home may be in the hull: where it is the cheapest without a cost, it is so with one. */
	at = it->class == f->usual ? cheapest_of(f, it, f->hull, f->nhull, price)
				   : cheapest_of(f, it, NULL, m->nnodes, price);
	*price += it->cost;
	if (it->home_ok && bal_fluid_price(f, it, it->home) <= *price) {
		*price = bal_fluid_price(f, it, it->home);
		at = it->home;
	}
	return at;
}

static void add_part(struct bal_parts *p, int32_t n, double share)
{
	for (int32_t i = 0; i < p->n; i++)
		if (p->node[i] == n) {
			p->share[i] += share;
			return;
		}
	p->node[p->n] = n;
	p->share[p->n++] = share;
}

static double curvature(const struct bal_fluid *f, const struct bal_item *it, int32_t n)
{
	double sum = 0;

	for (int r = 0; r < PRICED; r++)
		sum += f->m->factor[n][r] * it->d[r] * it->d[r] *
		       (f->x[r][n] + f->push[r][n] > f->top[r][n] ? 1 + f->steep : 1);
	return sum;
}

void bal_fluid_transfer(struct bal_fluid *f, int32_t item, int32_t from, int32_t to, double share)
{
	const struct bal_item *it = &f->m->items[item];
	struct bal_parts *p = &f->parts[item];
	int32_t a = p->node[from];

	p->share[from] -= share;
	if (p->share[from] <= 0) {
		p->n--;
		p->node[from] = p->node[p->n];
		p->share[from] = p->share[p->n];
	}
	add_part(p, to, share);
	for (int r = 0; r < PRICED; r++) {
		f->x[r][a] -= share * it->d[r];
		f->x[r][to] += share * it->d[r];
	}
	set_slope(f, a);
	set_slope(f, to);
}

/* From its dearest part to the cheapest node, as far as that pays; when it is in too many parts, among these. */
static void rebalance(struct bal_fluid *f, int32_t item)
{
	const struct bal_item *it = &f->m->items[item];
	const struct bal_parts *p = &f->parts[item];
	double best = 0, worst = -1e300, least = 1e300, gain, bend;
	int32_t to = cheapest(f, item, &best), from = 0, own = 0;
	bool known = false;

	for (int32_t i = 0; i < p->n; i++) {
		double price = bal_fluid_price(f, it, p->node[i]) + cost_at(f, item, p->node[i]);

		known = known || p->node[i] == to;
		if (price > worst) {
			worst = price;
			from = i;
		}
		if (price < least) {
			least = price;
			own = i;
		}
	}
	if (!known && p->n == BAL_PARTS) {
		to = p->node[own];
		best = least;
	}
	gain = worst - best;
	if (to < 0 || p->node[from] == to || gain <= 0)
		return;
	bend = 2 * (curvature(f, it, p->node[from]) + curvature(f, it, to));
	bal_fluid_transfer(f, item, from, to,
			   bend > 0 && gain < bend * p->share[from] ? gain / bend : p->share[from]);
}

/* What the prices take from the nodes: for each, price times load less its part of F, at the load where that is most. */
static double conjugates(const struct bal_fluid *f)
{
	const struct bal_model *m = f->m;
	double sum = 0;

	for (int32_t n = 0; n < m->nnodes; n++)
		for (int r = 0; r < PRICED; r++) {
			double factor = m->factor[n][r], price = f->g[r][n], x;

			if (factor <= 0)
				continue;
			x = price / (2 * factor);
			x = x > f->top[r][n] ? f->top[r][n] : x;
			x = x < f->low[r][n] ? f->low[r][n] : x;
			sum += price * (x - f->low[r][n]) - factor * x * x;
		}
	return sum;
}

double bal_fluid_evaluate(struct bal_fluid *f, double *divided)
{
	const struct bal_model *m = f->m;
	double bound = 0, sum = 0;

	bal_fluid_find_hull(f);
	f->nactive = 0;
	for (int32_t i = 0; i < m->nitems; i++) {
		const struct bal_item *it = &m->items[i];
		const struct bal_parts *p = &f->parts[i];
		double best, own;

		if (it->fixed)
			continue;
		(void)cheapest(f, i, &best);
		bound += best;
		own = bal_fluid_price(f, it, p->node[0]) + cost_at(f, i, p->node[0]);
		/* Far from its alternatives an item stays where it is, until the next look. */
		if (p->n > 1 || own > best)
			f->active[f->nactive++] = i;
		for (int32_t k = 0; k < p->n; k++)
			sum += p->share[k] * cost_at(f, i, p->node[k]);
	}
	for (int32_t n = 0; n < m->nnodes; n++)
		for (int r = 0; r < PRICED; r++)
			sum += m->factor[n][r] * f->x[r][n] * f->x[r][n];
	*divided = sum;
	return bound - conjugates(f);
}

void bal_fluid_init(struct bal_fluid *f, const struct bal_state *s, struct pxc_arena *arena)
{
	const struct bal_model *m = s->m;
	size_t nodes = (size_t)m->nnodes + 1, items = (size_t)m->nitems + 1;

	*f = (struct bal_fluid){ .m = m, .steep = BAL_STEEP };
	f->parts = arena_alloc(arena, items * sizeof(*f->parts));
	f->active = arena_alloc(arena, items * sizeof(*f->active));
	for (int r = 0; r < PRICED; r++) {
		f->x[r] = arena_alloc(arena, nodes * sizeof(double));
		f->g[r] = arena_alloc(arena, nodes * sizeof(double));
		f->top[r] = arena_alloc(arena, nodes * sizeof(double));
		f->push[r] = arena_alloc(arena, nodes * sizeof(double));
		f->low[r] = arena_alloc(arena, nodes * sizeof(double));
		for (int32_t n = 0; n < m->nnodes; n++) {
			f->x[r][n] = f->low[r][n] = s->spots[n].x[r];
			f->top[r][n] = (double)m->limit[n][r] - m->mean[n][r];
		}
	}
	for (int32_t i = 0; i < m->nitems; i++) {
		int32_t n = s->at[i];

		if (m->items[i].fixed)
			continue;
		f->parts[i] = (struct bal_parts){ .node = { n }, .share = { 1 }, .n = 1 };
		for (int r = 0; r < PRICED; r++)
			f->low[r][n] -= m->items[i].d[r];
	}
	for (int32_t n = 0; n < m->nnodes; n++)
		set_slope(f, n);
	bal_fluid_find_usual(f, arena);
}

void bal_fluid_flow(struct bal_fluid *f, int passes, const bool *still)
{
	for (int i = 0; i < passes; i++)
		for (int32_t k = 0; k < f->nactive; k++) {
			if (still && still[f->active[k]])
				continue;
			if (k % SAME_HULL == 0)
				bal_fluid_find_hull(f);
			rebalance(f, f->active[k]);
		}
}

void bal_fluid_push(struct bal_fluid *f)
{
	for (int32_t n = 0; n < f->m->nnodes; n++) {
		for (int r = 0; r < PRICED; r++) {
			double push = f->x[r][n] - f->top[r][n] + f->push[r][n];

			f->push[r][n] = push > 0 ? push : 0;
		}
		set_slope(f, n);
	}
}

void bal_fluid_release(struct bal_fluid *f)
{
	f->steep = BAL_STEEP;
	for (int32_t n = 0; n < f->m->nnodes; n++) {
		for (int r = 0; r < PRICED; r++)
			f->push[r][n] = 0;
		set_slope(f, n);
	}
}

int32_t bal_fluid_main_part(const struct bal_parts *p)
{
	int32_t best = 0;

	for (int32_t k = 1; k < p->n; k++)
		if (p->share[k] > p->share[best])
			best = k;
	return best;
}

void bal_fluid_places(const struct bal_fluid *f, const struct bal_state *s, int32_t *at)
{
	for (int32_t i = 0; i < f->m->nitems; i++) {
		const struct bal_parts *p = &f->parts[i];

		at[i] = f->m->items[i].fixed ? s->at[i] : p->node[bal_fluid_main_part(p)];
	}
}
