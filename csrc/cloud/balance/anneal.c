/* SPDX-License-Identifier: GPL-3.0-or-later */
/* anneal.c - random moves and swaps, fewer and fewer of them for the worse; for clusters small enough to be looked at that often. */
#include <math.h>

#include "base/mem.h"
#include "cloud/balance/parts.h"

#define COOLING 0.001 /* the last temperature, of the first */

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

static void step(struct bal_state *s, const struct bal_hint *hint, double temperature,
		 struct bal_random *random)
{
	const struct bal_model *m = s->m;
	int32_t v = hint->near[bal_next(random) % (uint64_t)hint->nnear];
	uint64_t kind = bal_next(random);

	if (bal_stays(&m->items[v]) || s->at[v] < 0)
		return;
	if (kind % 2) {
		int32_t to = (int32_t)(kind / 2 % (uint64_t)m->nnodes);

		/* Back home is the likeliest to be of use. */
		if (kind >> 62 == 0 && m->items[v].home >= 0)
			to = m->items[v].home;
		if (to != s->at[v] && accepted(bal_shift_delta(s, v, to), temperature, random) &&
		    !bal_refusal(s, v, to, -1) &&
		    !bal_over_moves(s, &(struct bal_step){ v, to }, 1))
			bal_shift(s, v, to);
	} else {
		int32_t w = hint->near[kind / 2 % (uint64_t)hint->nnear];

		if (s->at[w] != s->at[v] && s->at[w] >= 0 && !bal_stays(&m->items[w]) &&
		    accepted(bal_swap_delta(s, v, w), temperature, random) && bal_can_swap(s, v, w))
			bal_swap(s, v, w);
	}
}

void bal_anneal(struct bal_state *s, const struct bal_hint *hint, double temperature, int64_t steps,
		uint64_t seed)
{
	struct bal_random random = { .x = seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du };
	double factor;

	if (hint->nnear == 0 || temperature <= 0)
		return;
	random.x = random.x ? random.x : 1;
	/* By a hundred stages; the root is taken by hand, since pow() differs between machines. */
	for (factor = 0.5; factor < 1;) {
		double power = 1;

		for (int i = 0; i < 100; i++)
			power *= factor;
		if (power >= COOLING)
			break;
		factor += 0.001;
	}
	for (int64_t i = 0; i < steps; i++) {
		if (i % (steps / 100) == 0 && i)
			temperature *= factor;
		step(s, hint, temperature, &random);
	}
}
