/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sharpen.c - a bound for clusters in which VMs are large beside nodes, where a bound that divides them is too low.
 *
 * Each item has a worth, paid to the node that has it. Each node by itself takes, whole, what is best for it at these worths; the sum
 * of all worths and of what the nodes are left with is below F of every plan, whatever the worths are. An item that two nodes
 * take is worth less, and one that nobody takes is worth more: so the worths ascend to where the bound is highest.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cloud/balance/parts.h"

static double env(const char *n, double d)
{
	return getenv(n) ? atof(getenv(n)) : d;
}
#define ROUNDS env("ROUNDS", 150)
#define BUDGET ((int)env("BUDGET", 100))
#define FINE env("FINE", 0.001)

void stat_pack(void);
struct ascent {
	const struct bal_model *m;
	struct bal_state *s;
	struct bal_pack pack;
	int32_t *item; /* of each candidate of the pack */
	double (*low)[PRICED];
	double (*slope)[PRICED];
	double *cap; /* of each node: what is settled to cost no more than so much above ... */
	double *worth;
	double *pull, *dir; /* of each item */
	int32_t *taker;
	double *scale;
	struct pxc_arena arena;
	int64_t cands;
};

static double conjugate(const struct ascent *a, int32_t n)
{
	const struct bal_pack *p = &a->pack;
	double sum = 0;

	for (int r = 0; r < PRICED; r++) {
		double price = a->slope[n][r], x;

		if (p->factor[r] <= 0)
			continue;
		x = price / (2 * p->factor[r]);
		x = x > p->top[r] ? p->top[r] : x;
		sum += p->factor[r] * x * x - price * (x - a->low[n][r]);
	}
	return sum;
}

static void take(struct ascent *a, int32_t item, int32_t n)
{
	a->pull[item] -= 1;
	a->taker[item] = n;
}

static double pack_node(struct ascent *a, int32_t n, double slack)
{
	const struct bal_model *m = a->m;
	struct bal_pack *p = &a->pack;
	double settled = 0, floor, bound;

	p->n = 0;
	for (int r = 0; r < PRICED; r++) {
		p->factor[r] = m->factor[n][r];
		p->low[r] = a->low[n][r];
		p->top[r] = (double)m->limit[n][r] - m->mean[n][r];
	}
	floor = conjugate(a, n);
	for (int32_t i = 0; i < m->nitems; i++) {
		const struct bal_item *it = &m->items[i];
		double price, rise;

		if (it->fixed || !bal_may(m, it, n))
			continue;
		price = bal_moved_cost(m, i, n) - a->worth[i];
		rise = price + a->slope[n][MEM] * it->d[MEM] + a->slope[n][CPU] * it->d[CPU];
		floor += rise < 0 ? rise : 0;
		if (rise >= a->cap[n])
			continue;
		if (rise <= -a->cap[n]) {
			settled += price;
			for (int r = 0; r < PRICED; r++)
				p->low[r] += it->d[r];
			take(a, i, n);
			continue;
		}
		a->item[p->n] = i;
		p->price[p->n] = price;
		p->in[p->n] = rise < 0;
		memcpy(p->d[p->n++], it->d, sizeof(it->d));
	}
	a->cands += p->n;
	bound = settled + bal_pack(p, slack, BUDGET);
	for (int32_t k = 0; k < p->n; k++)
		if (p->in[k])
			take(a, a->item[k], n);
	memcpy(a->slope[n], p->slope, sizeof(p->slope));
	return bound;
}

/* The bound of these worths, and who is taken how often. */
static double evaluate(struct ascent *a, double slack)
{
	const struct bal_model *m = a->m;
	double sum = 0;

	for (int32_t i = 0; i < m->nitems; i++) {
		a->pull[i] = !m->items[i].fixed;
		sum += m->items[i].fixed ? bal_moved_cost(m, i, a->s->at[i]) : a->worth[i];
	}
	for (int32_t n = 0; n < m->nnodes; n++)
		sum += pack_node(a, n, slack);
	return sum;
}

/* A plan of what the nodes took: items that one node took go there, as far as they can; then it is improved. */
static void follow(struct ascent *a, struct bal_state *try)
{
	const struct bal_model *m = a->m;
	bool more = true;

	bal_state_copy(try, a->s);
	for (int pass = 0; more && pass < 8; pass++) {
		more = false;
		for (int32_t i = 0; i < m->nitems; i++) {
			int32_t to = a->taker[i];

			if (a->pull[i] < 0 || a->pull[i] > 0 || bal_stays(&m->items[i]) ||
			    try->at[i] == to || bal_refusal(try, i, to, -1) ||
			    bal_over_moves(try, &(struct bal_step){ i, to }, 1))
				continue;
			bal_shift(try, i, to);
			more = true;
		}
	}
	(void)bal_greedy(try);
	bal_descent(try);
	if (bal_objective(try) < bal_objective(a->s) - BAL_EPSILON)
		bal_state_copy(a->s, try);
}

double bal_sharpen(struct bal_state *s, double f0, double bound, const struct bal_hint *hint,
		   bool improve)
{
	const struct bal_model *m = s->m;
	struct ascent a = { .m = m, .s = s };
	size_t items = (size_t)m->nitems + 1, nodes = (size_t)m->nnodes + 1;
	double best = bound, step = env("STEP", 1), f = bal_objective(s) - bal_broken(s);
	int since = 0;
	struct bal_state try;

	if ((int64_t)m->nitems * m->nnodes > (int)env("SMALL", 60000))
		return bound;
	bal_state_init(&try, m);
	a.pack.d = arena_alloc(&a.arena, items * sizeof(*a.pack.d));
	a.pack.price = arena_alloc(&a.arena, items * sizeof(double));
	a.pack.in = arena_alloc(&a.arena, items);
	a.item = arena_alloc(&a.arena, items * sizeof(*a.item));
	a.low = arena_alloc(&a.arena, nodes * sizeof(*a.low));
	a.slope = arena_alloc(&a.arena, nodes * sizeof(*a.slope));
	a.cap = arena_alloc(&a.arena, nodes * sizeof(double));
	a.worth = arena_alloc(&a.arena, items * sizeof(double));
	a.pull = arena_alloc(&a.arena, items * sizeof(*a.pull));
	a.dir = arena_alloc(&a.arena, items * sizeof(*a.dir));
	a.taker = arena_alloc(&a.arena, items * sizeof(*a.taker));
	a.scale = arena_alloc(&a.arena, items * sizeof(*a.scale));
	memcpy(a.worth, hint->worth, (size_t)m->nitems * sizeof(double));
	memcpy(a.slope, hint->slope, (size_t)m->nnodes * sizeof(*a.slope));
	for (int32_t n = 0; n < m->nnodes; n++) {
		memcpy(a.low[n], s->spots[n].x, sizeof(a.low[n]));
		a.cap[n] = 1e300;
	}
	for (int32_t i = 0; i < m->nitems; i++) {
		a.scale[i] = m->items[i].cost;
		for (int r = 0; !m->items[i].fixed && r < PRICED; r++)
			a.low[s->at[i]][r] -= m->items[i].d[r];
	}
	for (int round = 0; round < ROUNDS && f - best > env("ENOUGH", 0.003) * (f0 - best);
	     round++) {
		double now, norm = 0, gg = 0, gd = 0, dd = 0, beta;

		a.cands = 0;
		now = evaluate(&a, (f0 - best) * FINE / m->nnodes);
		if (getenv("SHARP"))
			fprintf(stderr,
				"round %d: %.6f best %.6f f %.6f captured %.3f step %g cands %d\n",
				round, now, best, f, 100 * (f0 - f) / (f0 - best), step,
				(int)(a.cands / m->nnodes)),
				stat_pack();
		if (now > best + 0.02 * (f - best)) {
			since = 0;
		} else if (++since >= env("SINCE", 5)) {
			step /= 2;
			since = 0;
		}
		if (now > best)
			best = now;
		for (int32_t i = 0; i < m->nitems; i++) {
			double w = a.scale[i] * a.scale[i];
			gg += w * a.pull[i] * a.pull[i];
			gd += w * a.pull[i] * a.dir[i];
			dd += w * a.dir[i] * a.dir[i];
		}
		if (gg <= 0)
			break;
		if (improve && round % (int)env("FOLLOW", 4) == 0) {
			follow(&a, &try);
			f = bal_objective(s) - bal_broken(s);
		}
		beta = dd > 0 && gd < 0 ? -1.5 * gd / dd : 0;
		for (int32_t i = 0; i < m->nitems; i++) {
			a.dir[i] = a.pull[i] + beta * a.dir[i];
			norm += a.scale[i] * a.scale[i] * a.dir[i] * a.dir[i];
		}
		if (norm <= 0)
			break;
		for (int32_t i = 0; i < m->nitems; i++)
			a.worth[i] += step * (f - now) * a.scale[i] * a.scale[i] * a.dir[i] / norm;
	}
	arena_release(&a.arena);
	bal_state_release(&try);
	return best;
}
