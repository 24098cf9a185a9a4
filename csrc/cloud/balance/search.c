/* SPDX-License-Identifier: GPL-3.0-or-later */
/* search.c - from what must be to what is worth it: from two starts, by single moves, swaps and annealing. */
#include "base/mem.h"
#include "cloud/balance/stage.h"

#define WIDE 0.03 /* of the possible improvement: with less open, a large cluster is not annealed */
#define LARGE_STEPS 30000000 /* in the first search of a stage; a third of it in the next */
#define RESTARTS 3
#define HINT_PASSES 8
#define POLISHES 2  /* starts that are made of the best one so far */
#define STEPS 30000 /* of annealing, for each item that is near */
#define MOST_STEPS 5000000
#define FEWEST_STEPS 50000
#define HEAT 0.7     /* of what a move costs, to begin with */
#define ENOUGH 0.002 /* of the possible improvement: what is not worth a further search */

void bal_stage_restart(struct bal_stage *st)
{
	bal_state_release(&st->s);
	bal_state_release(&st->musts);
	bal_state_init(&st->s, &st->m);
	bal_state_init(&st->musts, &st->m);
	memset(st->why, 0, (size_t)st->m.nitems * sizeof(*st->why));
	st->unmovable.n = 0;
}

/* From what must be to where the items are said to be, as far as they can. */
static void follow(struct bal_state *s, const struct bal_state *musts, const int32_t *at)
{
	const struct bal_model *m = s->m;
	bool more = true;

	bal_state_copy(s, musts);
	for (int pass = 0; more && pass < HINT_PASSES; pass++) {
		more = false;
		for (int32_t i = 0; i < m->nitems; i++) {
			if (s->at[i] == at[i] || bal_stays(&m->items[i]) ||
			    bal_refusal(s, i, at[i], -1) ||
			    bal_over_moves(s, &(struct bal_step){ i, at[i] }, 1))
				continue;
			bal_shift(s, i, at[i]);
			more = true;
		}
	}
	(void)bal_greedy(s);
	bal_descent(s);
}

/* Where VMs would be if small ones could be divided is a good start too; what is best of all is kept. */
static void follow_hint(struct bal_stage *st)
{
	struct bal_state other;
	bool better = true;

	bal_state_init(&other, &st->m);
	other.near = st->s.near = st->hint.is_near;
	bal_descent(&st->s);
	for (int i = 0; i <= POLISHES && better; i++) {
		if (i)
			bal_polish(&st->s, &st->hint);
		follow(&other, &st->musts, st->hint.at);
		better = bal_objective(&other) < bal_objective(&st->s) - BAL_EPSILON;
		if (better)
			bal_state_copy(&st->s, &other);
		better = better || i == 0;
	}
	bal_state_release(&other);
}

static bool good_enough(const struct bal_stage *st)
{
	double f = bal_objective(&st->s) - bal_broken(&st->s);

	return f - st->aim < ENOUGH * (st->f0 - st->aim);
}

/* Is there enough left to be found, and enough found already, for a walk through a large cluster? */
static bool is_open(const struct bal_stage *st)
{
	double f = bal_objective(&st->s);

	return f - bal_broken(&st->s) - st->aim > WIDE * (st->f0 - st->aim) &&
	       st->f_musts - f >= st->m.hysteresis;
}

static void anneal(struct bal_stage *st)
{
	const struct bal_model *m = &st->m;
	const bool large = bal_is_large(m);
	int64_t steps = (int64_t)st->hint.nnear * STEPS;
	uint64_t walks = RESTARTS;
	struct bal_state best;

	if ((large && !is_open(st)) || st->s.moved == st->musts.moved)
		return;
	steps = steps > MOST_STEPS ? MOST_STEPS : steps < FEWEST_STEPS ? FEWEST_STEPS : steps;
	if (large) {
		walks = 1;
		steps = st->steps;
		st->steps /= 3;
	}
	bal_state_init(&best, m);
	bal_state_copy(&best, &st->s);
	for (uint64_t i = 0; i < walks && !good_enough(st); i++) {
		double f = bal_objective(&best);

		bal_anneal(&st->s, &st->hint, f / (double)(st->s.moved + 5) * HEAT, steps,
			   m->params.seed + i);
		(void)bal_greedy(&st->s);
		bal_descent(&st->s);
		if (bal_objective(&st->s) < f - BAL_EPSILON)
			bal_state_copy(&best, &st->s);
		else
			bal_state_copy(&st->s, &best);
	}
	bal_state_release(&best);
}

/* What is left must be worth a task of its own, so that small changes of load do not move VMs to and fro. */
void bal_stage_search(struct bal_stage *st)
{
	const bool first = st->bound < 0;

	if (first)
		st->steps = LARGE_STEPS;
	bal_mandatory(&st->m, &st->s, &st->unmovable, st->why, st->arena);
	bal_state_copy(&st->musts, &st->s);
	st->f_musts = bal_objective(&st->s);
	(void)bal_greedy(&st->s);
	bal_told(st->m.cluster, "plan");
	st->aim = bal_bound(&st->s, st->f0, &st->hint);
	bal_told(st->m.cluster, "bound");
	follow_hint(st);
	anneal(st);
	bal_told(st->m.cluster, "plan");
	/* Further searches count what else moves cost, and are not for the bound. */
	if (first)
		st->bound = st->aim = bal_sharpen(&st->s, st->f0, st->aim, &st->hint, true);
	bal_told(st->m.cluster, "bound");
	if (st->f_musts - bal_objective(&st->s) < st->m.hysteresis)
		bal_state_copy(&st->s, &st->musts);
}
