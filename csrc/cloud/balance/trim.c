/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trim.c - where making room is dear, a plan is changed until it and its order together cost least.
 *
 * The search does not know the order: of many plans that are nearly as good, most need VMs out of the way, and some do not. A change
 * is one VM that goes elsewhere, then one from there that makes room for it, and so on; many go home or to where the first came from.
 */
#include "base/mem.h"
#include "cloud/balance/stage.h"

#define LINKS 4       /* VMs of one change */
#define CHANGES 60000 /* of one attempt */
#define WORK 1200000  /* of all orders of one attempt, as bal_way_work() has it */
#define ATTEMPTS 6    /* all from the plan at hand */
#define PATIENCE 2    /* attempts in a row that find nothing better */

struct trim {
	struct bal_stage *st;
	struct bal_way_so_far *way;
	struct bal_random random;
	uint64_t seed; /* of the order */
	double f;      /* with all that is sent */
	struct bal_step back[LINKS];
	int nback;
	int64_t work;
};

static int32_t draw(struct trim *t, int32_t n)
{
	return (int32_t)((bal_next(&t->random) >> 20) % (uint64_t)n);
}

/* What must be stays as it is. */
static bool is_free(const struct bal_stage *st, int32_t item)
{
	return bal_searched(&st->s, item) && st->m.items[item].home >= 0 && !st->why[item] &&
	       st->hint.is_near[item];
}

static int32_t draw_from(struct trim *t, int32_t n)
{
	const struct bal_list *on = &t->st->s.on[n];
	int32_t many = 0, which = -1;

	for (int32_t i = 0; i < on->n; i++)
		if (is_free(t->st, on->items[i]) && draw(t, ++many) == 0)
			which = on->items[i];
	return which;
}

static int32_t draw_target(struct trim *t, int32_t item)
{
	const struct bal_state *s = &t->st->s;
	const int32_t home = s->m->items[item].home;

	if (s->at[item] != home && draw(t, 2))
		return home;
	if (t->nback && draw(t, 2))
		return t->back[0].to;
	return draw(t, s->m->nnodes);
}

static void undo(struct trim *t)
{
	while (t->nback) {
		const struct bal_step *step = &t->back[--t->nback];

		bal_shift(&t->st->s, step->item, step->to);
	}
}

/* A change that fits in the end, made; else none. */
static bool change(struct trim *t)
{
	struct bal_state *s = &t->st->s;
	int32_t item = t->st->hint.near[draw(t, t->st->hint.nnear)];
	bool fits = true;

	t->nback = 0;
	while (t->nback < LINKS && item >= 0 && is_free(t->st, item)) {
		const struct bal_step step = { item, draw_target(t, item) };

		if (step.to == s->at[item] || bal_forbidden(s, item, step.to, -1) ||
		    bal_over_moves(s, &step, 1))
			break;
		t->back[t->nback++] = (struct bal_step){ item, s->at[item] };
		bal_shift(s, item, step.to);
		if (!bal_is_over(s, step.to) && draw(t, 2))
			break;
		item = draw_from(t, step.to);
	}
	for (int i = 0; i < t->nback; i++)
		fits = fits && !bal_is_over(s, s->at[t->back[i].item]) &&
		       !bal_is_over(s, t->back[i].to);
	if (!fits)
		undo(t);
	return t->nback > 0;
}

/* Bounces cost nothing at best, so what is no better without them needs no order. */
static void keep_or_undo(struct trim *t)
{
	double f = bal_objective(&t->st->s);

	if (f < t->f - BAL_EPSILON) {
		t->work += bal_way_work(t->way);
		if (bal_way_find(t->st, t->way, false, t->seed)) {
			f += bal_way_bounces(t->st, t->way);
			if (f < t->f - BAL_EPSILON) {
				t->f = f;
				return;
			}
		}
	}
	undo(t);
}

void bal_trim(struct bal_stage *st, struct bal_way_so_far *way, uint64_t seed, double enough)
{
	struct trim t = { .st = st, .way = way, .seed = seed };
	const double f = bal_objective(&st->s) + bal_way_bounces(st, way);
	struct bal_state start, best;
	double least = f;

	t.random.x = st->m.params.seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du;
	t.random.x = t.random.x ? t.random.x : 1;
	if (bal_is_large(&st->m) || !st->hint.nnear)
		return;
	bal_state_init(&start, &st->m);
	bal_state_init(&best, &st->m);
	bal_state_copy(&start, &st->s);
	bal_state_copy(&best, &st->s);
	for (int i = 0, idle = 0; i < ATTEMPTS && idle < PATIENCE && least > enough; i++) {
		bal_state_copy(&st->s, &start);
		t.f = f;
		t.work = 0;
		for (int k = 0; k < CHANGES && t.work < WORK; k++)
			if (change(&t))
				keep_or_undo(&t);
		idle++;
		if (t.f >= least)
			continue;
		least = t.f;
		bal_state_copy(&best, &st->s);
		idle = 0;
	}
	bal_state_copy(&st->s, &best);
	bal_state_release(&start);
	bal_state_release(&best);
	(void)bal_way_find(st, way, false, seed);
}
