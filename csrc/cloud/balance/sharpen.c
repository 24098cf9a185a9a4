/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sharpen.c - a bound for clusters in which VMs are large beside nodes: there one that divides them is too low.
 *
 * Each item has a worth, paid to the node that has it. Each node by itself takes, whole, what is best for it at these worths; the sum
 * of all worths and of what the nodes are left with is below F of every plan, whatever the worths are. An item that two nodes
 * take is worth less, and one that nobody takes is worth more: so the worths ascend to where the bound is highest. What the nodes
 * take there is close to a plan, too, and a start for one that is better.
 */
#include "base/mem.h"
#include "cloud/balance/parts.h"

#define MOST_PAIRS 50000 /* of items and nodes: with more, there is time for one look only, */
#define FAR 0.015        /* and for that when so much of the improvement is open in the end */
#define ROUNDS 200
#define BUDGET 100000000 /* items looked at */
#define DIVISIONS 100    /* in one node's search */
#define ENOUGH 0.002     /* of the improvement: the plan is as good as the best */
#define SLACK 0.001      /* of the improvement: for all nodes' searches together */
#define PROGRESS 0.02    /* of the gap: a round that closes less does not count */
#define PATIENCE 5       /* rounds without progress, before the steps are halved */
#define FOLLOW 4         /* rounds between two plans */
#define FOLLOW_PASSES 8

struct ascent {
	const struct bal_model *m;
	const struct bal_state *s; /* the best plan so far */
	struct bal_state *better;  /* the same; NULL = it is not to be changed */
	struct bal_state try;
	struct bal_pack pack;
	int32_t *item;           /* of each candidate of the pack */
	double (*low)[PRICED];   /* of each node: load - mean when all that can leave has left */
	double (*slope)[PRICED]; /* of each node */
	double *worth;           /* of each item */
	double *pull;            /* of each item: 1, less the nodes that take it */
	double *way;             /* of each item: where its worth is going */
	int32_t *taker;          /* of each item: the last node that took it */
	double f, best, step;
	int idle; /* rounds without progress */
};

/* What is left of the node's part of F and of the prices of what it takes. */
static double pack_node(struct ascent *a, int32_t n, double slack)
{
	const struct bal_model *m = a->m;
	struct bal_pack *p = &a->pack;
	double bound;

	p->n = 0;
	for (int r = 0; r < PRICED; r++) {
		p->factor[r] = m->factor[n][r];
		p->low[r] = a->low[n][r];
		p->top[r] = (double)m->limit[n][r] - m->mean[n][r];
	}
	for (int32_t i = 0; i < m->nitems; i++) {
		const struct bal_item *it = &m->items[i];
		double price = bal_moved_cost(m, i, n) - a->worth[i];

		if (it->fixed || !bal_may(m, it, n))
			continue;
		a->item[p->n] = i;
		p->price[p->n] = price;
		for (int r = 0; r < PRICED; r++) {
			p->d[p->n][r] = it->d[r];
			price += a->slope[n][r] * it->d[r];
		}
		p->in[p->n++] = price < 0;
	}
	bound = bal_pack(p, slack, DIVISIONS);
	memcpy(a->slope[n], p->slope, sizeof(p->slope));
	for (int32_t k = 0; k < p->n; k++)
		if (p->in[k]) {
			a->pull[a->item[k]] -= 1;
			a->taker[a->item[k]] = n;
		}
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

/* Items that one node took go there, as far as they can; then that is improved. */
static void follow(struct ascent *a)
{
	const struct bal_model *m = a->m;
	struct bal_state *try = &a->try;
	bool more = true;

	bal_state_copy(try, a->s);
	for (int pass = 0; more && pass < FOLLOW_PASSES; pass++) {
		more = false;
		for (int32_t i = 0; i < m->nitems; i++) {
			const struct bal_step step = { i, a->taker[i] };
			const bool once = a->pull[i] >= 0 && a->pull[i] <= 0;

			if (!once || bal_stays(&m->items[i]) || try->at[i] == step.to ||
			    bal_refusal(try, i, step.to, -1) || bal_over_moves(try, &step, 1))
				continue;
			bal_shift(try, i, step.to);
			more = true;
		}
	}
	(void)bal_greedy(try);
	bal_descent(try);
	if (bal_objective(try) < bal_objective(a->s) - BAL_EPSILON)
		bal_state_copy(a->better, try);
	a->f = bal_objective(a->s) - bal_broken(a->s);
}

/*
 * Worths go where they are pulled, the large ones' faster, and not straight back to where they come from (Camerini, Fratta and
 * Maffioli 1975); as far as would close the gap if all pulled on evenly (Polyak). Is there anything to pull?
 */
static bool ascend(struct ascent *a, double now)
{
	const struct bal_model *m = a->m;
	double back = 0, last = 0, norm = 0, keep;

	for (int32_t i = 0; i < m->nitems; i++) {
		double size = m->items[i].cost * m->items[i].cost;

		back += size * a->pull[i] * a->way[i];
		last += size * a->way[i] * a->way[i];
	}
	keep = last > 0 && back < 0 ? -1.5 * back / last : 0;
	for (int32_t i = 0; i < m->nitems; i++) {
		a->way[i] = a->pull[i] + keep * a->way[i];
		norm += m->items[i].cost * m->items[i].cost * a->way[i] * a->way[i];
	}
	for (int32_t i = 0; norm > 0 && i < m->nitems; i++)
		a->worth[i] += a->step * (a->f - now) / norm * m->items[i].cost * m->items[i].cost *
			       a->way[i];
	return norm > 0;
}

static void climb(struct ascent *a, double f0, int rounds)
{
	for (int round = 0; round < rounds && a->pack.looked < BUDGET; round++) {
		double now = evaluate(a, SLACK * (f0 - a->best) / a->m->nnodes);

		a->idle = now > a->best + PROGRESS * (a->f - a->best) ? 0 : a->idle + 1;
		if (a->idle == PATIENCE) {
			a->step /= 2;
			a->idle = 0;
		}
		a->best = now > a->best ? now : a->best;
		if (a->better && round % FOLLOW == 0)
			follow(a);
		if (a->f - a->best < ENOUGH * (f0 - a->best) || !ascend(a, now))
			break;
	}
}

static void init(struct ascent *a, const struct bal_hint *hint, struct pxc_arena *arena)
{
	const struct bal_model *m = a->m;
	const size_t items = (size_t)m->nitems + 1, nodes = (size_t)m->nnodes + 1;

	bal_state_init(&a->try, m);
	a->try.near = a->s->near;
	a->pack.d = arena_alloc(arena, items * sizeof(*a->pack.d));
	a->pack.price = arena_alloc(arena, items * sizeof(*a->pack.price));
	a->pack.in = arena_alloc(arena, items * sizeof(*a->pack.in));
	a->item = arena_alloc(arena, items * sizeof(*a->item));
	a->low = arena_alloc(arena, nodes * sizeof(*a->low));
	a->slope = arena_alloc(arena, nodes * sizeof(*a->slope));
	a->worth = arena_alloc(arena, items * sizeof(*a->worth));
	a->pull = arena_alloc(arena, items * sizeof(*a->pull));
	a->way = arena_alloc(arena, items * sizeof(*a->way));
	a->taker = arena_alloc(arena, items * sizeof(*a->taker));
	memcpy(a->worth, hint->worth, items * sizeof(*a->worth));
	memcpy(a->slope, hint->slope, nodes * sizeof(*a->slope));
	for (int32_t n = 0; n < m->nnodes; n++)
		memcpy(a->low[n], a->s->spots[n].x, sizeof(a->low[n]));
	for (int32_t i = 0; i < m->nitems; i++)
		for (int r = 0; !m->items[i].fixed && r < PRICED; r++)
			a->low[a->s->at[i]][r] -= m->items[i].d[r];
}

double bal_sharpen(struct bal_state *s, double f0, double bound, const struct bal_hint *hint,
		   bool improve)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ascent a = { .m = s->m,
			    .s = s,
			    .better = improve ? s : NULL,
			    .f = bal_objective(s) - bal_broken(s),
			    .best = bound,
			    .step = 1 };

	bool large = (int64_t)s->m->nitems * s->m->nnodes > MOST_PAIRS;

	/* Where what must be costs more than can be gained, all of it is captured, whatever the bound. */
	if (f0 <= bound || a.f - bound < ENOUGH * (f0 - bound) + BAL_EPSILON ||
	    (large && (improve || a.f - bound < FAR * (f0 - bound))))
		return bound;
	init(&a, hint, &arena);
	climb(&a, f0, large ? 1 : ROUNDS);
	bal_state_release(&a.try);
	return a.best < a.f ? a.best : a.f;
}
