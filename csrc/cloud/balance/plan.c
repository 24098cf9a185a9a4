/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.c - the whole plan: what must be, what is worth it, an order for it, and how close that is to the best. */
#include <math.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/balance/parts.h"

/* How often a plan is made again without the VMs for which no order of moves was found. */
#define ROUNDS 6
#define ANNEALED 150000 /* items times nodes: more is too much for annealing */
#define RESTARTS 3
#define HINT_PASSES 8
#define STEPS 8000 /* of annealing, for each item that is near */
#define MOST_STEPS 1500000
#define FEWEST_STEPS 50000
#define HEAT 1.6     /* of what a move costs, to begin with; then a third of it */
#define ENOUGH 0.002 /* of the possible improvement: what is not worth a further search */

struct making {
	struct bal_model m;
	struct bal_state s;     /* what is planned */
	struct bal_state musts; /* only what must be */
	const char **why;       /* of each item; NULL = balance */
	struct bal_hint hint;   /* of each item: see bal_bound() */
	struct bal_left_list unmovable, dropped;
	struct bal_order order;
	struct bal_plan plan;
	double f0, f_musts;
};

static void told(const struct making *p, const char *phase)
{
	const struct bal_cluster *c = p->m.cluster;

	if (c->phase)
		c->phase(c->context, phase);
}

static void restart(struct making *p)
{
	bal_state_release(&p->s);
	bal_state_release(&p->musts);
	bal_state_init(&p->s, &p->m);
	bal_state_init(&p->musts, &p->m);
	memset(p->why, 0, (size_t)p->m.nitems * sizeof(*p->why));
	p->unmovable.n = 0;
}

/* Where VMs would be if they could be divided is a good start too; what is better of both is kept. */
static void follow_hint(struct making *p)
{
	const struct bal_model *m = &p->m;
	struct bal_state other;
	bool more = true;

	bal_state_init(&other, m);
	other.near = p->s.near = p->hint.is_near;
	bal_state_copy(&other, &p->musts);
	for (int pass = 0; more && pass < HINT_PASSES; pass++) {
		more = false;
		for (int32_t i = 0; i < m->nitems; i++) {
			if (other.at[i] == p->hint.at[i] || bal_stays(&m->items[i]) ||
			    bal_refusal(&other, i, p->hint.at[i], -1) ||
			    bal_over_moves(&other, &(struct bal_step){ i, p->hint.at[i] }, 1))
				continue;
			bal_shift(&other, i, p->hint.at[i]);
			more = true;
		}
	}
	(void)bal_greedy(&other);
	bal_descent(&other);
	bal_descent(&p->s);
	if (bal_objective(&other) < bal_objective(&p->s) - BAL_EPSILON)
		bal_state_copy(&p->s, &other);
	bal_state_release(&other);
}

static bool good_enough(const struct making *p)
{
	double f = bal_objective(&p->s) - bal_broken(&p->s);

	return f - p->plan.bound < ENOUGH * (p->f0 - p->plan.bound);
}

static void anneal(struct making *p)
{
	const struct bal_model *m = &p->m;
	int64_t steps = (int64_t)p->hint.nnear * STEPS;
	struct bal_state best;
	double heat = HEAT;

	if ((int64_t)m->nitems * m->nnodes > ANNEALED || p->s.moved == p->musts.moved)
		return;
	steps = steps > MOST_STEPS ? MOST_STEPS : steps < FEWEST_STEPS ? FEWEST_STEPS : steps;
	bal_state_init(&best, m);
	bal_state_copy(&best, &p->s);
	for (uint64_t i = 0; i < RESTARTS && !good_enough(p); i++, heat /= 3) {
		double f = bal_objective(&best);

		bal_anneal(&p->s, &p->hint, f / (double)(p->s.moved + 5) * heat, steps,
			   m->params.seed + i);
		(void)bal_greedy(&p->s);
		bal_descent(&p->s);
		if (bal_objective(&p->s) < f - BAL_EPSILON)
			bal_state_copy(&best, &p->s);
		else
			bal_state_copy(&p->s, &best);
	}
	bal_state_release(&best);
}

/* What is left must be worth a task of its own, so that small changes of load do not move VMs to and fro. */
static void search(struct making *p)
{
	bal_mandatory(&p->m, &p->s, &p->unmovable, p->why, &p->plan.arena);
	bal_state_copy(&p->musts, &p->s);
	p->f_musts = bal_objective(&p->s);
	(void)bal_greedy(&p->s);
	told(p, "plan");
	p->plan.bound = bal_bound(&p->s, p->f0, &p->hint);
	told(p, "bound");
	follow_hint(p);
	anneal(p);
	told(p, "plan");
	p->plan.bound = bal_sharpen(&p->s, p->f0, p->plan.bound, &p->hint);
	told(p, "bound");
	if (p->f_musts - bal_objective(&p->s) < p->m.hysteresis)
		bal_state_copy(&p->s, &p->musts);
}

static void pin_dropped(struct making *p)
{
	static const char why[] = "no order of moves leads to where it would be better";

	for (size_t i = 0; i < p->order.ndropped; i++) {
		int32_t v = p->order.dropped[i];
		struct bal_item *it = &p->m.items[p->m.vm_item[v]];

		if (!it->pinned && it->home_ok)
			bal_leave(&p->dropped, &p->plan.arena,
				  (struct bal_left){ p->m.vms[v]->id,
						     p->m.nodes[p->m.vm_node[v]]->name, why });
		it->pinned = true;
	}
}

static void must_stay(struct making *p, int32_t item)
{
	struct bal_item *it = &p->m.items[item];

	it->fixed = true;
	for (int32_t i = 0; i < it->nmembers; i++) {
		int32_t v = p->m.members[it->member + i];
		const char *node = p->m.nodes[p->m.vm_node[v]]->name;
		bool told_already = false;

		for (size_t k = 0; k < p->unmovable.n; k++)
			told_already = told_already || p->unmovable.rows[k].vm == p->m.vms[v]->id;
		if (!told_already)
			bal_leave(
				&p->unmovable, &p->plan.arena,
				(struct bal_left){
					p->m.vms[v]->id, node,
					arena_printf(
						&p->plan.arena,
						"cannot move VM %u off %s: no order of moves leads away",
						p->m.vms[v]->id, node) });
	}
}

/* Whoever could not go stays; then those whose room that takes. In the end nobody moves, which can be ordered. */
static void shrink(struct making *p)
{
	do {
		for (size_t i = 0; i < p->order.ndropped; i++) {
			int32_t item = p->m.vm_item[p->order.dropped[i]];

			bal_shift(&p->s, item, p->m.items[item].home);
		}
		bal_order(&p->order, &p->s, true, &p->plan.arena);
		pin_dropped(p);
	} while (p->order.ndropped);
	for (int32_t i = 0; i < p->m.nitems; i++)
		if (p->m.items[i].pinned && !p->m.items[i].home_ok &&
		    p->s.at[i] == p->m.items[i].home)
			must_stay(p, i);
	p->plan.bound = bal_bound(&p->s, p->f0, &p->hint);
}

static void plan_moves(struct making *p)
{
	for (int round = 0;; round++) {
		search(p);
		told(p, "plan");
		bal_order(&p->order, &p->s, false, &p->plan.arena);
		told(p, "order");
		if (p->order.ndropped == 0)
			return;
		pin_dropped(p);
		if (round == ROUNDS)
			break;
		restart(p);
	}
	shrink(p);
}

static void explain(struct making *p)
{
	const struct bal_model *m = &p->m;

	for (size_t i = 0; i < p->order.nmoves; i++) {
		struct bal_move *move = &p->order.moves[i];
		int32_t item = m->vm_item[bal_find_vm(m, move->vm)], home = m->items[item].home;

		move->why = p->why[item] ? p->why[item] : "balance";
		if (home >= 0)
			move->gain = llround(bal_shift_delta(&p->s, item, home) * BAL_PPM);
	}
}

static int64_t ppm(int64_t load, int64_t capacity)
{
	return (int64_t)((__int128)load * BAL_PPM / capacity);
}

static void share(struct making *p)
{
	const struct bal_model *m = &p->m;
	struct bal_state before;

	bal_state_init(&before, m);
	p->plan.shares =
		arena_alloc(&p->plan.arena, ((size_t)m->nnodes + 1) * sizeof(*p->plan.shares));
	p->plan.nshares = (size_t)m->nnodes;
	for (int32_t n = 0; n < m->nnodes; n++)
		p->plan.shares[n] = (struct bal_share){
			.node = m->nodes[n]->name,
			.mem_before = ppm(before.load[n][MEM], m->nodes[n]->mem),
			.mem_after = ppm(p->s.load[n][MEM], m->nodes[n]->mem),
			.cpu_before = ppm(before.load[n][CPU], m->nodes[n]->cpu),
			.cpu_after = ppm(p->s.load[n][CPU], m->nodes[n]->cpu),
		};
	bal_state_release(&before);
}

static int64_t captured(const struct bal_plan *plan)
{
	double best = plan->f0 - plan->bound, got = plan->f0 - plan->f;

	return best <= 0 || got >= best ? BAL_PPM : (int64_t)(got / best * BAL_PPM);
}

static void finish(struct making *p)
{
	struct bal_plan *plan = &p->plan;

	explain(p);
	share(p);
	for (size_t i = 0; i < p->m.left.n; i++) {
		struct bal_left row = p->m.left.rows[i];

		row.why = arena_printf(&plan->arena, "cannot move VM %u off %s: %s", row.vm,
				       row.node, row.why);
		bal_leave(&p->unmovable, &plan->arena, row);
	}
	plan->moves = p->order.moves;
	plan->nmoves = p->order.nmoves;
	plan->unmovable = p->unmovable.rows;
	plan->nunmovable = p->unmovable.n;
	plan->dropped = p->dropped.rows;
	plan->ndropped = p->dropped.n;
	plan->f0 = p->f0;
	plan->f = bal_objective(&p->s) - bal_broken(&p->s);
	plan->captured_ppm = captured(plan);
}

int bal_plan(const struct bal_cluster *cluster, struct bal_plan *ret, struct pxc_err *err)
{
	struct making p = { .f0 = 0 };
	int r = bal_model_init(&p.m, cluster, err);

	if (r == 0) {
		told(&p, "model");
		p.why = arena_alloc(&p.plan.arena, ((size_t)p.m.nitems + 1) * sizeof(*p.why));
		p.hint.at = arena_alloc(&p.plan.arena, ((size_t)p.m.nitems + 1) * sizeof(int32_t));
		p.hint.is_near = arena_alloc(&p.plan.arena, (size_t)p.m.nitems + 1);
		p.hint.near =
			arena_alloc(&p.plan.arena, ((size_t)p.m.nitems + 1) * sizeof(int32_t));
		p.hint.worth = arena_alloc(&p.plan.arena, ((size_t)p.m.nitems + 1) * sizeof(double));
		p.hint.slope =
			arena_alloc(&p.plan.arena, ((size_t)p.m.nnodes + 1) * sizeof(*p.hint.slope));
		restart(&p);
		p.f0 = bal_objective(&p.s) - bal_broken(&p.s);
		plan_moves(&p);
		finish(&p);
		told(&p, "plan");
		*ret = p.plan;
		bal_state_release(&p.s);
		bal_state_release(&p.musts);
	}
	bal_model_release(&p.m);
	return r;
}

void bal_plan_release(struct bal_plan *plan)
{
	arena_release(&plan->arena);
	*plan = (struct bal_plan){ .nmoves = 0 };
}
