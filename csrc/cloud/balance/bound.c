/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bound.c - how low F can get at best: a bound that holds whichever way it was found.
 *
 * For any prices of load on nodes, F of every plan is at least the sum, over items, of the cheapest node each may be on, less what the
 * prices take from the nodes' own part of F at most (its conjugate). Good prices are the slopes of F where VMs may be divided;
 * there they are found item by item, each moving its share from its dearest node to its cheapest. Rules apart and the order of
 * moves are left out, so the bound is low at most.
 */
#include "base/mem.h"
#include "cloud/balance/parts.h"

#define PARTS 6           /* nodes an item is divided over */
#define ROUNDS_BETWEEN 12 /* passes over the active items between two over all */
#define STEEP 30          /* how much steeper F is made above a limit */
#define BUDGET 100000000  /* prices looked at */
#define MOST_LOOKS 400    /* at all items */
#define NEAR 0.5 /* of the cost of its move: what an item may lack and still be of use elsewhere */
#define CLOSE 0.0004 /* of the improvement: the dividing is as good as it gets */

struct parts {
	int32_t node[PARTS];
	double share[PARTS];
	int32_t n;
};

struct fluid {
	const struct bal_model *m;
	struct parts *parts; /* of each item */
	double *x[PRICED];   /* load - mean */
	double *g[PRICED];   /* slopes: the prices */
	double *top[PRICED]; /* x at the limit */
	double *low[PRICED]; /* x when all that can leave has left */
	int32_t *active;
	int32_t nactive;
	int64_t looked;
};

static void set_slope(struct fluid *f, int32_t n)
{
	for (int r = 0; r < PRICED; r++) {
		double x = f->x[r][n], over = x - f->top[r][n];

		f->g[r][n] = 2 * f->m->factor[n][r] * (over > 0 ? x + STEEP * over : x);
	}
}

static double price_at(const struct fluid *f, const struct bal_item *it, int32_t n)
{
	return f->g[MEM][n] * it->d[MEM] + f->g[CPU][n] * it->d[CPU];
}

/* The cheapest node the item may be on, with the cost of being there. */
static int32_t cheapest(struct fluid *f, int32_t item, double *price)
{
	const struct bal_model *m = f->m;
	const struct bal_item *it = &m->items[item];
	const double *gm = f->g[MEM], *gc = f->g[CPU];
	double d0 = it->d[MEM], d1 = it->d[CPU], best = 1e300;
	int32_t at = -1;

	f->looked += m->nnodes;
	for (int32_t n = 0; n < m->nnodes; n++) {
		double p = gm[n] * d0 + gc[n] * d1;

		if (p >= best || n == it->home || !bal_may(m, it, n))
			continue;
		best = p;
		at = n;
	}
	if (it->home < 0) {
		/* Each node has a cost of its own; few items are like that. */
		best = 1e300;
		for (int32_t n = 0; n < m->nnodes; n++) {
			double p = price_at(f, it, n) + bal_moved_cost(m, item, n);

			if (p < best && bal_may(m, it, n)) {
				best = p;
				at = n;
			}
		}
		*price = best;
		return at;
	}
	best += it->cost;
	if (it->home_ok && price_at(f, it, it->home) <= best) {
		best = price_at(f, it, it->home);
		at = it->home;
	}
	*price = best;
	return at;
}

static void add_part(struct parts *p, int32_t n, double share)
{
	for (int32_t i = 0; i < p->n; i++)
		if (p->node[i] == n) {
			p->share[i] += share;
			return;
		}
	p->node[p->n] = n;
	p->share[p->n++] = share;
}

static double curvature(const struct fluid *f, const struct bal_item *it, int32_t n)
{
	double sum = 0;

	for (int r = 0; r < PRICED; r++)
		sum += f->m->factor[n][r] * it->d[r] * it->d[r] *
		       (f->x[r][n] > f->top[r][n] ? 1 + STEEP : 1);
	return sum;
}

static void transfer(struct fluid *f, int32_t item, int32_t from, int32_t to, double share)
{
	const struct bal_item *it = &f->m->items[item];
	struct parts *p = &f->parts[item];
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
static void rebalance(struct fluid *f, int32_t item)
{
	const struct bal_item *it = &f->m->items[item];
	const struct parts *p = &f->parts[item];
	double best = 0, worst = -1e300, least = 1e300, gain, bend;
	int32_t to = cheapest(f, item, &best), from = 0, own = 0;
	bool known = false;

	for (int32_t i = 0; i < p->n; i++) {
		double price = price_at(f, it, p->node[i]) + bal_moved_cost(f->m, item, p->node[i]);

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
	if (!known && p->n == PARTS) {
		to = p->node[own];
		best = least;
	}
	gain = worst - best;
	if (to < 0 || p->node[from] == to || gain <= 0)
		return;
	bend = 2 * (curvature(f, it, p->node[from]) + curvature(f, it, to));
	transfer(f, item, from, to,
		 bend > 0 && gain < bend * p->share[from] ? gain / bend : p->share[from]);
}

/* What the prices take from the nodes: for each, price times load less its part of F, at the load where that is most. */
static double conjugates(const struct fluid *f)
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

/* The bound of these prices. On the way: who is active, and what F is when divided. */
static double evaluate(struct fluid *f, double *divided)
{
	const struct bal_model *m = f->m;
	double bound = 0, sum = 0;

	f->nactive = 0;
	for (int32_t i = 0; i < m->nitems; i++) {
		const struct bal_item *it = &m->items[i];
		const struct parts *p = &f->parts[i];
		double best, own;

		if (it->fixed)
			continue;
		(void)cheapest(f, i, &best);
		bound += best;
		own = price_at(f, it, p->node[0]) + bal_moved_cost(m, i, p->node[0]);
		/* Far from its alternatives an item stays where it is, until the next look. */
		if (p->n > 1 || own > best)
			f->active[f->nactive++] = i;
		for (int32_t k = 0; k < p->n; k++)
			sum += p->share[k] * bal_moved_cost(m, i, p->node[k]);
	}
	for (int32_t n = 0; n < m->nnodes; n++)
		for (int r = 0; r < PRICED; r++)
			sum += m->factor[n][r] * f->x[r][n] * f->x[r][n];
	*divided = sum;
	return bound - conjugates(f);
}

static void fluid_init(struct fluid *f, const struct bal_state *s, struct pxc_arena *arena)
{
	const struct bal_model *m = s->m;
	size_t nodes = (size_t)m->nnodes + 1, items = (size_t)m->nitems + 1;

	*f = (struct fluid){ .m = m };
	f->parts = arena_alloc(arena, items * sizeof(*f->parts));
	f->active = arena_alloc(arena, items * sizeof(*f->active));
	for (int r = 0; r < PRICED; r++) {
		f->x[r] = arena_alloc(arena, nodes * sizeof(double));
		f->g[r] = arena_alloc(arena, nodes * sizeof(double));
		f->top[r] = arena_alloc(arena, nodes * sizeof(double));
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
		f->parts[i] = (struct parts){ .node = { n }, .share = { 1 }, .n = 1 };
		for (int r = 0; r < PRICED; r++)
			f->low[r][n] -= m->items[i].d[r];
	}
	for (int32_t n = 0; n < m->nnodes; n++)
		set_slope(f, n);
}

static int32_t main_part(const struct parts *p)
{
	int32_t best = 0;

	for (int32_t k = 1; k < p->n; k++)
		if (p->share[k] > p->share[best])
			best = k;
	return p->node[best];
}

/* Could it pay to have the item elsewhere than home? Prices tell how far it is from that. */
static bool is_near(struct fluid *f, int32_t item)
{
	const struct bal_item *it = &f->m->items[item];
	double home;

	if (it->home < 0 || !it->home_ok || f->parts[item].n > 1 ||
	    f->parts[item].node[0] != it->home)
		return true;
	home = price_at(f, it, it->home);
	for (int32_t n = 0; n < f->m->nnodes; n++)
		if (n != it->home && price_at(f, it, n) + it->cost * NEAR < home &&
		    bal_may(f->m, it, n))
			return true;
	return false;
}

/* Between these two prices it makes no difference to the bound how dear the item is. */
static double worth(struct fluid *f, int32_t item)
{
	const struct bal_model *m = f->m;
	const struct bal_item *it = &m->items[item];
	double best = 1e300, second = 1e300;

	for (int32_t n = 0; n < m->nnodes; n++) {
		double p;

		if (!bal_may(m, it, n))
			continue;
		p = price_at(f, it, n) + bal_moved_cost(m, item, n);
		second = p < best ? best : p < second ? p : second;
		best = p < best ? p : best;
	}
	return second < 1e299 ? (best + second) / 2 : best;
}

double bal_bound(const struct bal_state *s, double f0, struct bal_hint *hint)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct fluid f;
	double best = -1e300, divided;
	int looks = 0;

	fluid_init(&f, s, &arena);
	for (;;) {
		double bound = evaluate(&f, &divided);

		best = bound > best ? bound : best;
		if (divided - best < CLOSE * (f0 - best) + BAL_EPSILON || f.nactive == 0 ||
		    f.looked > BUDGET || ++looks > MOST_LOOKS)
			break;
		for (int i = 0; i < ROUNDS_BETWEEN; i++)
			for (int32_t k = 0; k < f.nactive; k++)
				rebalance(&f, f.active[k]);
	}
	hint->nnear = 0;
	for (int32_t i = 0; i < s->m->nitems; i++) {
		hint->at[i] = s->m->items[i].fixed ? s->at[i] : main_part(&f.parts[i]);
		hint->is_near[i] = !bal_stays(&s->m->items[i]) &&
				   (s->at[i] != s->m->items[i].home || is_near(&f, i));
		if (hint->is_near[i])
			hint->near[hint->nnear++] = i;
		hint->worth[i] = s->m->items[i].fixed ? 0 : worth(&f, i);
	}
	for (int32_t n = 0; n < s->m->nnodes; n++)
		for (int r = 0; r < PRICED; r++)
			hint->slope[n][r] = f.g[r][n];
	return best > 0 ? best : 0;
}
