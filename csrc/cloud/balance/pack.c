/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack.c - which items one node would have if each had a price there, be it paid or received, and nobody else were there: the
 * lowest sum of prices and of the node's part of F. Divided items give a bound from below, branching on those that come out
 * divided closes the rest, and where the budget ends the bound is that of what was not looked at.
 */
#include "base/mem.h"
#include "cloud/balance/parts.h"

#define STEEP 30  /* how much steeper F is made above a limit */
#define SWEEPS 40 /* over items that are not settled, in one relaxation */
#define ACTIVE 64
#define WHOLE 1e-6 /* of an item: as good as none of it, or all */

/* The items that are not settled yet, densely. */
struct packing {
	const struct bal_pack *p;
	int32_t n;
	int32_t *item; /* index in p */
	double (*d)[PRICED];
	double *price;
	double low[PRICED]; /* load - mean with all that is settled to be in */
	double settled;     /* their prices */
	double *y;          /* of each: the part of it that is in */
	bool *in;
	int32_t active[ACTIVE];
	int8_t *fixed; /* -1 = free, else 0 or 1 */
	double best;
	double slack;
	int32_t budget;
};

static double slope(const struct bal_pack *p, const double x[PRICED], int r)
{
	double over = x[r] - p->top[r];

	return 2 * p->factor[r] * (over > 0 ? x[r] + STEEP * over : x[r]);
}

static void fill(const struct packing *k, double x[PRICED])
{
	memcpy(x, k->low, sizeof(k->low));
	for (int32_t i = 0; i < k->n; i++)
		for (int r = 0; r < PRICED; r++)
			x[r] += k->y[i] * k->d[i][r];
}

static long st_branch, st_n, st_pack, st_sweep, st_open;
#include <stdio.h>
void stat_pack(void);
void stat_pack(void)
{
	fprintf(stderr, "   packs %ld branches %ld n %ld sweeps %ld open %ld\n", st_pack, st_branch,
		st_n / (st_pack + 1), st_sweep, st_open);
	st_pack = st_branch = st_n = st_sweep = st_open = 0;
}
/* One item by an exact step to where it is best; what that gains, roughly. */
static double step_one(struct packing *k, int32_t i, double x[PRICED])
{
	const struct bal_pack *p = k->p;
	double rise = k->price[i], bend = 0, step;

	for (int r = 0; r < PRICED; r++)
		rise += slope(p, x, r) * k->d[i][r];
	if ((rise >= 0 && k->y[i] <= 0) || (rise <= 0 && k->y[i] >= 1))
		return 0;
	for (int r = 0; r < PRICED; r++)
		bend += 2 * p->factor[r] * k->d[i][r] * k->d[i][r] *
			(x[r] > p->top[r] ? 1 + STEEP : 1);
	step = bend > 0 ? -rise / bend : rise > 0 ? -1 : 1;
	step = step < -k->y[i] ? -k->y[i] : step;
	step = step > 1 - k->y[i] ? 1 - k->y[i] : step;
	k->y[i] += step;
	for (int r = 0; r < PRICED; r++)
		x[r] += step * k->d[i][r];
	return -step * rise;
}

/* All of them in turns, mostly those that have changed, while that changes anything. */
static void settle(struct packing *k, double x[PRICED])
{
	const double little = k->slack / 16;

	for (int sweep = 0; sweep < SWEEPS; sweep++) {
		double most = 0;
		int32_t n = 0;

		st_sweep++;
		for (int32_t i = 0; i < k->n; i++) {
			double gain = k->fixed[i] < 0 ? step_one(k, i, x) : 0;

			most = gain > most ? gain : most;
			if (gain > 0 && n < ACTIVE)
				k->active[n++] = i;
		}
		if (most < little)
			break;
		for (int again = 0; most >= little && again < SWEEPS; again++) {
			most = 0;
			for (int32_t i = 0; i < n; i++) {
				double gain = step_one(k, k->active[i], x);

				most = gain > most ? gain : most;
			}
		}
	}
}

/* What no choice is below that has the fixed items as they are. */
static double dual(const struct packing *k, const double x[PRICED])
{
	const struct bal_pack *p = k->p;
	double sum = k->settled, slopes[PRICED];

	for (int r = 0; r < PRICED; r++) {
		double at;

		slopes[r] = slope(p, x, r);
		if (p->factor[r] <= 0)
			continue;
		at = slopes[r] / (2 * p->factor[r]);
		at = at > p->top[r] ? p->top[r] : at;
		sum += p->factor[r] * at * at - slopes[r] * (at - k->low[r]);
	}
	for (int32_t i = 0; i < k->n; i++) {
		double rise = k->price[i];

		for (int r = 0; r < PRICED; r++)
			rise += slopes[r] * k->d[i][r];
		if (k->fixed[i] < 0 ? rise < 0 : k->fixed[i])
			sum += rise;
	}
	return sum;
}

/* Rounded, and with single items in or out while that is better, it may be the best so far. */
static void try_whole(struct packing *k, double threshold)
{
	const struct bal_pack *p = k->p;
	double x[PRICED], sum = k->settled;
	bool better = true;

	memcpy(x, k->low, sizeof(x));
	for (int32_t i = 0; i < k->n; i++) {
		k->in[i] = k->y[i] > threshold;
		if (k->in[i]) {
			sum += k->price[i];
			for (int r = 0; r < PRICED; r++)
				x[r] += k->d[i][r];
		}
	}
	for (int pass = 0; better && pass < 8; pass++) {
		better = false;
		for (int32_t i = 0; i < k->n; i++) {
			double sign = k->in[i] ? -1 : 1, delta = sign * k->price[i];
			bool fits = true;

			for (int r = 0; r < PRICED; r++) {
				double d = sign * k->d[i][r];

				delta += p->factor[r] * d * (d + 2 * x[r]);
				fits = fits && (d <= 0 || x[r] + d <= p->top[r] + 0.5);
			}
			if (k->fixed[i] >= 0 || delta >= 0 || !fits)
				continue;
			k->in[i] = !k->in[i];
			sum += sign * k->price[i];
			for (int r = 0; r < PRICED; r++)
				x[r] += sign * k->d[i][r];
			better = true;
		}
	}
	for (int r = 0; r < PRICED; r++) {
		if (x[r] > p->top[r] + 0.5)
			return;
		sum += p->factor[r] * x[r] * x[r];
	}
	if (sum >= k->best)
		return;
	k->best = sum;
	for (int32_t i = 0; i < k->n; i++)
		p->in[k->item[i]] = k->in[i];
}

/* The item whose being divided matters most; -1 = none is. */
static int32_t divided(const struct packing *k)
{
	double most = 0;
	int32_t which = -1;

	for (int32_t i = 0; i < k->n; i++) {
		double part = k->y[i] < 0.5 ? k->y[i] : 1 - k->y[i], size = 0;

		for (int r = 0; r < PRICED; r++)
			size += k->p->factor[r] * k->d[i][r] * k->d[i][r];
		if (k->fixed[i] < 0 && part > WHOLE && part * size > most) {
			most = part * size;
			which = i;
		}
	}
	return which;
}

static double branch(struct packing *k, double *spare)
{
	double x[PRICED], bound, least = 1e300;
	int32_t which;
	int first;

	fill(k, x);
	settle(k, x);
	bound = dual(k, x);
	try_whole(k, 0.5);
	st_branch++;
	if (bound >= k->best - k->slack || k->budget <= 0)
		return bound;
	which = divided(k);
	if (which < 0)
		return bound;
	k->budget--;
	first = k->y[which] > 0.5;
	memcpy(spare, k->y, (size_t)k->n * sizeof(*k->y));
	for (int i = 0; i < 2; i++) {
		double part;

		memcpy(k->y, spare, (size_t)k->n * sizeof(*k->y));
		k->fixed[which] = (int8_t)(i ? !first : first);
		k->y[which] = k->fixed[which];
		part = branch(k, spare + k->n);
		least = part < least ? part : least;
	}
	k->fixed[which] = -1;
	return least > bound ? least : bound;
}

/* Whatever is settled at these slopes, because the other way would cost more than there is to gain, leaves the search. */
static void reduce(struct packing *k, const double x[PRICED], double bound)
{
	double slopes[PRICED];
	int32_t kept = 0;

	for (int r = 0; r < PRICED; r++)
		slopes[r] = slope(k->p, x, r);
	for (int32_t i = 0; i < k->n; i++) {
		double rise = k->price[i];

		for (int r = 0; r < PRICED; r++)
			rise += slopes[r] * k->d[i][r];
		if ((rise < 0 ? -rise : rise) < k->best - bound) {
			k->item[kept] = k->item[i];
			memcpy(k->d[kept], k->d[i], sizeof(k->d[i]));
			k->price[kept] = k->price[i];
			k->y[kept++] = k->y[i];
			continue;
		}
		k->p->in[k->item[i]] = rise < 0;
		if (rise >= 0)
			continue;
		k->settled += k->price[i];
		for (int r = 0; r < PRICED; r++)
			k->low[r] += k->d[i][r];
	}
	k->n = kept;
}

double bal_pack(struct bal_pack *p, double slack, int32_t budget)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	size_t n = (size_t)p->n + 1;
	struct packing k = { .p = p, .n = p->n, .best = 1e300, .slack = slack };
	double x[PRICED], bound, closer;

	k.item = arena_alloc(&arena, n * sizeof(*k.item));
	k.d = arena_alloc(&arena, n * sizeof(*k.d));
	k.price = arena_alloc(&arena, n * sizeof(*k.price));
	k.y = arena_alloc(&arena, n * sizeof(*k.y));
	k.in = arena_alloc(&arena, n);
	k.fixed = arena_alloc(&arena, n);
	memset(k.fixed, 0xff, n);
	memcpy(k.low, p->low, sizeof(k.low));
	for (int32_t i = 0; i < p->n; i++) {
		k.item[i] = i;
		memcpy(k.d[i], p->d[i], sizeof(k.d[i]));
		k.price[i] = p->price[i];
		k.y[i] = p->in[i];
	}
	fill(&k, x);
	settle(&k, x);
	bound = dual(&k, x);
	try_whole(&k, 0.5);
	try_whole(&k, 1 - WHOLE);
	for (int r = 0; r < PRICED; r++)
		p->slope[r] = slope(p, x, r);
	for (int32_t some = 16; k.best < 1e299 && bound < k.best - slack; some *= 4) {
		double *root, *spare;

		reduce(&k, x, dual(&k, x));
		root = arena_alloc(&arena, ((size_t)k.n + 1) * sizeof(double));
		spare = arena_alloc(&arena, ((size_t)k.n + 1) * (size_t)(k.n + 1) * sizeof(double));
		memcpy(root, k.y, (size_t)k.n * sizeof(double));
		st_pack++;
		st_n += k.n;
		k.budget = some < budget ? some : budget;
		closer = branch(&k, spare);
		bound = closer > bound ? closer : bound;
		if (k.budget > 0 || some >= budget)
			break;
		memcpy(k.y, root, (size_t)k.n * sizeof(double));
		fill(&k, x);
	}
	return bound < k.best ? bound : k.best;
}
