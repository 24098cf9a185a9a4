/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * anneal.c - random moves and swaps, fewer and fewer of them for the worse; for clusters small enough to be looked at that often.
 *
 * Where memory is nearly full, hardly any single step fits. So limits may be overstepped for a price that rises until it is not
 * worth it any more; the best state within them is what counts.
 */
#include <math.h>

#include "base/mem.h"
#include "cloud/balance/parts.h"

#define STAGES 100
#define COOLING 0.001    /* the last temperature, of the first */
#define OVER 0.03        /* price of what is above a limit, for all that the nodes have, of F */
#define OVER_GROWTH 1.05 /* from stage to stage */
#define CROWD 1000       /* items that are near: with so many two at random are hardly ever alike */
#define KINDRED 3        /* of four steps, in a crowd: swaps of items of similar memory */
#define CLOSEST 2        /* ranks by memory between such two, at most; doubled at random ... */
#define DOUBLINGS 6      /* ... less often than this */

struct walk {
	struct bal_state *s;
	const struct bal_hint *hint;
	struct bal_random random;
	double temperature;
	double price[LOADS]; /* above the limits */
	double f, best;      /* against the start */
	int32_t over;        /* nodes above a limit */
	int32_t *saved;      /* where items are in the best state */
	int32_t *fresh;      /* items that were shifted since */
	int32_t nfresh;
	bool *is_fresh;
	int32_t *ranks; /* of a crowd: the near items, by memory; else NULL */
};

static double uniform(struct bal_random *r)
{
	return (double)(bal_next(r) >> 11) * 0x1p-53;
}

/* exp() differs in its last bit between machines; this does not. */
static bool accepted(double delta, double temperature, struct bal_random *random)
{
	double x = delta / temperature, y;

	if (delta <= 0)
		return true;
	if (x > 12)
		return false;
	/* 1 / (1 + x/16)^16, close to exp(-x) and exact everywhere. */
	y = 1 + x / 16;
	y *= y;
	y *= y;
	y *= y;
	y *= y;
	return uniform(random) * y < 1;
}

/* What so much more or less on a node adds to the price of overstepped limits. */
static double over_delta(const struct walk *w, int32_t n, const int64_t load[LOADS], int64_t times)
{
	double sum = 0;

	for (int r = 0; r < LOADS; r++) {
		int64_t was = w->s->load[n][r] - w->s->m->limit[n][r];
		int64_t is = was + times * load[r];

		sum += w->price[r] * (double)((is > 0 ? is : 0) - (was > 0 ? was : 0));
	}
	return sum;
}

static void shift(struct walk *w, int32_t item, int32_t to)
{
	const int32_t from = w->s->at[item];

	w->over -= bal_is_over(w->s, from) + bal_is_over(w->s, to);
	bal_shift(w->s, item, to);
	w->over += bal_is_over(w->s, from) + bal_is_over(w->s, to);
	if (!w->is_fresh[item]) {
		w->is_fresh[item] = true;
		w->fresh[w->nfresh++] = item;
	}
}

static void keep_best(struct walk *w, double delta)
{
	w->f += delta;
	if (w->over || w->f >= w->best - BAL_EPSILON)
		return;
	w->best = w->f;
	for (int32_t i = 0; i < w->nfresh; i++) {
		w->saved[w->fresh[i]] = w->s->at[w->fresh[i]];
		w->is_fresh[w->fresh[i]] = false;
	}
	w->nfresh = 0;
}

static void try_shift(struct walk *w, int32_t v, int32_t to)
{
	const struct bal_state *s = w->s;
	const int64_t *load = s->m->items[v].load;
	double delta, over;

	if (to == s->at[v])
		return;
	delta = bal_shift_delta(s, v, to);
	over = over_delta(w, to, load, 1) + over_delta(w, s->at[v], load, -1);
	if (!accepted(delta + over, w->temperature, &w->random) || bal_forbidden(s, v, to, -1) ||
	    bal_over_moves(s, &(struct bal_step){ v, to }, 1))
		return;
	shift(w, v, to);
	keep_best(w, delta);
}

static void try_swap(struct walk *w, int32_t v, int32_t u)
{
	const struct bal_state *s = w->s;
	const struct bal_model *m = s->m;
	const int32_t a = s->at[v], b = s->at[u];
	int64_t more[LOADS];
	double delta, over;

	if (a == b || a < 0 || b < 0 || bal_stays(&m->items[v]) || bal_stays(&m->items[u]))
		return;
	delta = bal_swap_delta(s, v, u);
	for (int r = 0; r < LOADS; r++)
		more[r] = m->items[v].load[r] - m->items[u].load[r];
	over = over_delta(w, b, more, 1) + over_delta(w, a, more, -1);
	if (!accepted(delta + over, w->temperature, &w->random) || bal_share_rules(m, v, u) ||
	    bal_forbidden(s, v, b, u) || bal_forbidden(s, u, a, v) ||
	    bal_over_moves(s, (const struct bal_step[]){ { v, b }, { u, a } }, 2))
		return;
	shift(w, v, b);
	shift(w, u, a);
	keep_best(w, delta);
}

/* Where memory is nearly full, what fits in the place of an item is one like it. */
static void try_kindred(struct walk *w, uint64_t rank, uint64_t dice)
{
	const uint64_t most = (uint64_t)CLOSEST << dice % DOUBLINGS;
	const int64_t other = (int64_t)rank + (int64_t)(dice / 64 % (2 * most + 1)) - (int64_t)most;

	if (other >= 0 && other < w->hint->nnear)
		try_swap(w, w->ranks[rank], w->ranks[other]);
}

static void step(struct walk *w)
{
	const struct bal_hint *hint = w->hint;
	const struct bal_model *m = w->s->m;
	const uint64_t which = bal_next(&w->random) % (uint64_t)hint->nnear;
	const uint64_t kind = bal_next(&w->random);
	const int32_t v = hint->near[which];

	if (w->ranks && kind % 4 < KINDRED) {
		try_kindred(w, which, kind / 4);
		return;
	}
	if (bal_stays(&m->items[v]) || w->s->at[v] < 0)
		return;
	if (kind % 2 == 0)
		try_swap(w, v, hint->near[kind / 2 % (uint64_t)hint->nnear]);
	else if (kind >> 62 == 0 && m->items[v].home >= 0)
		try_shift(w, v, m->items[v].home); /* the likeliest to be of use */
	else
		try_shift(w, v, (int32_t)(kind / 2 % (uint64_t)m->nnodes));
}

/* The root is taken by hand, since pow() differs between machines. */
static double cooling(void)
{
	/* Its errors are far below a step. NOLINTNEXTLINE(cert-flp30-c,clang-analyzer-security.FloatLoopCounter) */
	for (double factor = 0.5; factor < 1; factor += 0.001) {
		double power = 1;

		for (int i = 0; i < STAGES; i++)
			power *= factor;
		if (power >= COOLING)
			return factor;
	}
	return 1;
}

static int smaller_first(const void *a, const void *b, void *context)
{
	const struct bal_model *m = context;
	const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	const int64_t mx = m->items[x].load[MEM], my = m->items[y].load[MEM];

	return mx != my ? (mx < my ? -1 : 1) : x < y ? -1 : x > y;
}

static void rank(struct walk *w)
{
	const size_t n = (size_t)w->hint->nnear;
	struct bal_model m = *w->s->m;

	if (n < CROWD)
		return;
	w->ranks = pxc_calloc(n, sizeof(*w->ranks));
	memcpy(w->ranks, w->hint->near, n * sizeof(*w->ranks));
	qsort_r(w->ranks, n, sizeof(*w->ranks), smaller_first, &m);
}

static void init(struct walk *w)
{
	const struct bal_model *m = w->s->m;
	const size_t items = (size_t)m->nitems + 1;
	double all[LOADS] = { 1, 1, 1 };

	for (int32_t n = 0; n < m->nnodes; n++) {
		for (int r = 0; r < LOADS; r++)
			all[r] += (double)m->limit[n][r];
		w->over += bal_is_over(w->s, n);
	}
	for (int r = 0; r < LOADS; r++)
		w->price[r] = OVER / all[r];
	w->saved = pxc_calloc(items, sizeof(*w->saved));
	w->fresh = pxc_calloc(items, sizeof(*w->fresh));
	w->is_fresh = pxc_calloc(items, sizeof(*w->is_fresh));
	rank(w);
	memcpy(w->saved, w->s->at, (items - 1) * sizeof(*w->saved));
}

void bal_anneal(struct bal_state *s, const struct bal_hint *hint, double temperature, int64_t steps,
		uint64_t seed)
{
	const double factor = cooling();
	struct walk w = { .s = s, .hint = hint, .temperature = temperature };

	if (hint->nnear == 0 || temperature <= 0)
		return;
	w.random.x = seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du;
	w.random.x = w.random.x ? w.random.x : 1;
	init(&w);
	for (int stage = 0; stage < STAGES; stage++) {
		for (int64_t i = 0; i < steps / STAGES; i++)
			step(&w);
		w.temperature *= factor;
		for (int r = 0; r < LOADS; r++)
			w.price[r] *= OVER_GROWTH;
	}
	for (int32_t i = 0; i < w.nfresh; i++)
		if (s->at[w.fresh[i]] != w.saved[w.fresh[i]])
			bal_shift(s, w.fresh[i], w.saved[w.fresh[i]]);
	free(w.saved);
	free(w.fresh);
	free(w.is_fresh);
	free(w.ranks);
}
