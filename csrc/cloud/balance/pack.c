/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack.c - which items one node would have if each had a price there, be it paid or received, and nobody else were there: the
 * lowest sum of prices and of the node's part of F. Divided items give a bound from below, branching on those that come out
 * divided closes the rest, and where the budget ends the bound is that of what was not looked at.
 */
#include "cloud/balance/pack.h"
#include "base/mem.h"

#define FLIPS 8 /* passes of single items in or out */
/* Divisions before what cannot matter any more is taken out; then four times as many. */
#define FIRST_BUDGET 16

static void flip(struct bal_packing *k, int32_t i, double x[PRICED])
{
	for (int r = 0; r < PRICED; r++)
		x[r] += k->in[i] ? -k->d[i][r] : k->d[i][r];
	k->in[i] = !k->in[i];
}

/* Would the choice cost less with the item in or out, as it is not now? */
static bool flip_pays(const struct bal_packing *k, int32_t i, const double x[PRICED])
{
	const struct bal_pack *p = k->p;
	double sign = k->in[i] ? -1 : 1, delta = sign * k->price[i];

	for (int r = 0; r < PRICED; r++) {
		double d = sign * k->d[i][r];

		delta += p->factor[r] * d * (d + 2 * x[r]);
		if (d > 0 && x[r] + d > p->top[r])
			return false;
	}
	return k->fixed[i] < 0 && delta < 0;
}

/* Rounded, and with single items in or out while that is better, it may be the best so far. */
static void try_whole(struct bal_packing *k, double threshold)
{
	const struct bal_pack *p = k->p;
	double x[PRICED], sum = k->settled;
	bool better = true;

	memcpy(x, k->low, sizeof(x));
	for (int32_t i = 0; i < k->n; i++) {
		k->in[i] = false;
		if (k->y[i] > threshold)
			flip(k, i, x);
	}
	for (int pass = 0; better && pass < FLIPS; pass++) {
		better = false;
		k->p->looked += k->n;
		for (int32_t i = 0; i < k->n; i++)
			if (flip_pays(k, i, x)) {
				flip(k, i, x);
				better = true;
			}
	}
	for (int32_t i = 0; i < k->n; i++)
		sum += k->in[i] ? k->price[i] : 0;
	for (int r = 0; r < PRICED; r++) {
		if (x[r] > p->top[r] + BAL_WHOLE)
			return;
		sum += p->factor[r] * x[r] * x[r];
	}
	if (sum >= k->best)
		return;
	k->best = sum;
	for (int32_t i = 0; i < k->n; i++)
		p->in[k->item[i]] = k->in[i];
}

/* The item whose being divided matters most; where none is, and the node is too full, the largest one. -1 = there is none. */
static int32_t divided(const struct bal_packing *k, const double x[PRICED])
{
	bool over = x[MEM] > k->p->top[MEM] || x[CPU] > k->p->top[CPU];
	double most = 0;
	int32_t which = -1;

	for (int32_t i = 0; i < k->n; i++) {
		double part = k->y[i] < 0.5 ? k->y[i] : 1 - k->y[i], size = 0;

		if (over && k->y[i] >= 1)
			part = 2 * BAL_WHOLE;

		for (int r = 0; r < PRICED; r++)
			size += k->p->factor[r] * k->d[i][r] * k->d[i][r];
		if (k->fixed[i] < 0 && part > BAL_WHOLE && part * size > most) {
			most = part * size;
			which = i;
		}
	}
	return which;
}

/* Nothing is below this that has the fixed items as they are. spare: n numbers for each level. */
static double branch(struct bal_packing *k, double *spare)
{
	double x[PRICED], bound, least = BAL_NEVER;
	int32_t which;
	int first;

	bal_pack_fill(k, x);
	bal_pack_settle(k, x);
	bound = bal_pack_dual(k, x);
	try_whole(k, 0.5);
	if (bound >= k->best - k->slack || k->budget <= 0)
		return bound;
	which = divided(k, x);
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
static void reduce(struct bal_packing *k, const double x[PRICED], double bound)
{
	double slopes[PRICED];
	int32_t kept = 0;

	for (int r = 0; r < PRICED; r++)
		slopes[r] = bal_pack_slope(k->p, x, r);
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

static void fetch(struct bal_packing *k, struct pxc_arena *arena)
{
	const struct bal_pack *p = k->p;
	size_t n = (size_t)p->n + 1;

	k->n = p->n;
	k->item = arena_alloc(arena, n * sizeof(*k->item));
	k->d = arena_alloc(arena, n * sizeof(*k->d));
	k->price = arena_alloc(arena, n * sizeof(*k->price));
	k->y = arena_alloc(arena, n * sizeof(*k->y));
	k->in = arena_alloc(arena, n * sizeof(*k->in));
	k->fixed = arena_alloc(arena, n * sizeof(*k->fixed));
	memset(k->fixed, 0xff, n * sizeof(*k->fixed));
	memcpy(k->low, p->low, sizeof(k->low));
	for (int32_t i = 0; i < p->n; i++) {
		k->item[i] = i;
		memcpy(k->d[i], p->d[i], sizeof(k->d[i]));
		k->price[i] = p->price[i];
		k->y[i] = p->in[i];
	}
}

/* Divisions, more of them each time, and what cannot be part of anything better leaves in between. */
static double search(struct bal_packing *k, double x[PRICED], int32_t budget,
		     struct pxc_arena *arena)
{
	double bound = bal_pack_dual(k, x), *root = NULL, *spare = NULL;

	for (int32_t some = FIRST_BUDGET; bound < k->best - k->slack; some *= 4) {
		double closer;

		reduce(k, x, bal_pack_dual(k, x));
		if (!root) {
			root = arena_alloc(arena, ((size_t)k->n + 1) * sizeof(*root));
			spare = arena_alloc(arena, ((size_t)k->n + 1) * ((size_t)budget + 2) *
							   sizeof(*spare));
		}
		memcpy(root, k->y, (size_t)k->n * sizeof(*root));
		k->budget = some < budget ? some : budget;
		closer = branch(k, spare);
		bound = closer > bound ? closer : bound;
		if (k->budget > 0 || some >= budget)
			break;
		memcpy(k->y, root, (size_t)k->n * sizeof(*root));
		bal_pack_fill(k, x);
	}
	return bound;
}

double bal_pack(struct bal_pack *p, double slack, int32_t budget)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct bal_packing k = { .p = p, .best = BAL_NEVER, .slack = slack };
	double x[PRICED], bound;

	fetch(&k, &arena);
	bal_pack_fill(&k, x);
	bal_pack_settle(&k, x);
	try_whole(&k, 0.5);
	try_whole(&k, 1 - BAL_WHOLE);
	try_whole(&k, 2);
	for (int r = 0; r < PRICED; r++)
		p->slope[r] = bal_pack_slope(p, x, r);
	bound = search(&k, x, budget, &arena);
	return bound < k.best ? bound : k.best;
}
