/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bound.c - how low F can get at best: a bound that holds whichever way it was found.
 *
 * For any prices of load on nodes, F of every plan is at least the sum, over items, of the cheapest node each may be on, less what the
 * prices take from the nodes' own part of F at most, within their limits (its conjugate there). Good prices are the slopes of F where
 * VMs may be divided; at a limit they are as much higher as it takes to keep load away, which is found by pushing (the method of
 * multipliers). Rules apart and the order of moves are left out, so the bound is low at most.
 */
#include "base/mem.h"
#include "cloud/balance/fluid.h"

#define ROUNDS_BETWEEN 24 /* passes over the active items between two over all */
#define BUDGET 100000000  /* prices looked at */
#define MOST_LOOKS 400    /* at all items */
#define LOOKS_A_PUSH 4
#define STEEP 8  /* F above a limit: less than elsewhere, since the pushes do the rest */
#define NEAR 0.5 /* of what its move costs: what an item must gain, at least, to be looked at */
#define LARGE_NEAR 0.8 /* the same where there are so many that searches get lost among them */
#define ALL_NEAR                                                                                   \
	2000 /* of items and nodes: with so few of them prices say little, and all are looked at */
#define CLOSE 0.0001 /* of the improvement: the dividing is as good as it gets */

/* Could it pay to have the item elsewhere than home? Prices tell how far it is from that. */
static bool is_near(struct bal_fluid *f, int32_t item)
{
	const struct bal_item *it = &f->m->items[item];
	const double least = it->cost * (bal_is_large(f->m) ? LARGE_NEAR : NEAR);
	double home;

	if (it->home < 0 || !it->home_ok || f->parts[item].n > 1 ||
	    f->parts[item].node[0] != it->home)
		return true;
	home = bal_fluid_price(f, it, it->home);
	for (int32_t n = 0; n < f->m->nnodes; n++)
		if (n != it->home && bal_fluid_price(f, it, n) + least < home &&
		    bal_may(f->m, it, n))
			return true;
	return false;
}

/* Between these two prices it makes no difference to the bound how dear the item is. */
static double worth(struct bal_fluid *f, int32_t item)
{
	const struct bal_model *m = f->m;
	const struct bal_item *it = &m->items[item];
	double best = 1e300, second = 1e300;

	for (int32_t n = 0; n < m->nnodes; n++) {
		double p;

		if (!bal_may(m, it, n))
			continue;
		p = bal_fluid_price(f, it, n) + bal_moved_cost(m, item, n);
		second = p < best ? best : p < second ? p : second;
		best = p < best ? p : best;
	}
	return second < 1e299 ? (best + second) / 2 : best;
}

static void give_hints(struct bal_fluid *f, const struct bal_state *s, struct bal_hint *hint)
{
	const struct bal_model *m = s->m;
	const bool all = (int64_t)m->nitems * m->nnodes <= ALL_NEAR;

	hint->nnear = 0;
	for (int32_t i = 0; i < m->nitems; i++) {
		hint->is_near[i] = !bal_stays(&m->items[i]) &&
				   (all || s->at[i] != m->items[i].home || is_near(f, i));
		if (hint->is_near[i])
			hint->near[hint->nnear++] = i;
		hint->worth[i] = m->items[i].fixed ? 0 : worth(f, i);
	}
	for (int32_t n = 0; n < m->nnodes; n++)
		for (int r = 0; r < PRICED; r++)
			hint->slope[n][r] = f->g[r][n];
}

double bal_bound(const struct bal_state *s, double f0, struct bal_hint *hint)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct bal_fluid f;
	double best = 0, divided;

	bal_fluid_init(&f, s, &arena);
	f.steep = STEEP;
	for (int looks = 0;; looks++) {
		double bound = bal_fluid_evaluate(&f, &divided);

		best = bound > best ? bound : best;
		if (divided - best < CLOSE * (f0 - best) + BAL_EPSILON || f.nactive == 0 ||
		    f.looked > BUDGET || looks == MOST_LOOKS)
			break;
		if (looks % LOOKS_A_PUSH == LOOKS_A_PUSH - 1)
			bal_fluid_push(&f);
		bal_fluid_flow(&f, ROUNDS_BETWEEN, NULL);
	}
	give_hints(&f, s, hint);
	bal_fluid_release(&f);
	bal_dive(&f, s, hint->at);
	return best;
}
