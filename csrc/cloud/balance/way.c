/* SPDX-License-Identifier: GPL-3.0-or-later */
/* way.c - the order that leads to where a stage has the VMs, and the cheapest of several. */
#include "base/mem.h"
#include "cloud/balance/stage.h"

#define ORDERS 100      /* that are tried, of one goal */
#define DEAREST 4000000 /* work of all of them together, as bal_way_work() has it */

/* Making room for a move may cost what F would be higher without it; for what must be, anything. */
static void set_goal(const struct bal_stage *st, struct bal_goal *goal)
{
	const struct bal_model *m = &st->m;
	const size_t vms = (size_t)m->nvms + 1;

	if (!goal->node) {
		goal->node = arena_alloc(st->arena, vms * sizeof(*goal->node));
		goal->worth = arena_alloc(st->arena, vms * sizeof(*goal->worth));
	}
	for (int32_t v = 0; v < m->nvms; v++) {
		int32_t item = m->vm_item[v], at = item < 0 ? -1 : st->s.at[item];

		goal->node[v] = at < 0 ? m->vm_node[v] : at;
		goal->worth[v] = 0;
		if (at < 0 || at == m->items[item].home)
			continue;
		goal->worth[v] = st->why[item] ? BAL_ANY_PRICE
					       : bal_shift_delta(&st->s, item, m->items[item].home);
	}
}

static bool order_again(struct bal_way_so_far *way)
{
	bal_order_release(&way->order);
	bal_order_init(&way->order, way->first);
	for (size_t i = 0; i <= way->ngoals; i++)
		bal_order_go(&way->order, &way->goals[i]);
	return way->order.ndropped == 0;
}

bool bal_way_find(struct bal_stage *st, struct bal_way_so_far *way, bool careful, uint64_t seed)
{
	struct bal_goal *goal = &way->goals[way->ngoals];

	set_goal(st, goal);
	goal->careful = careful;
	goal->seed = seed;
	return order_again(way);
}

double bal_way_bounces(const struct bal_stage *st, const struct bal_way_so_far *way)
{
	double sum = way->order.sent - way->sent_before;

	for (int32_t i = 0; i < st->m.nitems; i++)
		sum -= bal_moved_cost(&st->m, i, st->s.at[i]);
	return sum;
}

int64_t bal_way_work(const struct bal_way_so_far *way)
{
	return way->first->nvms + 30 * (int64_t)way->order.nmoves;
}

uint64_t bal_way_find_cheap(struct bal_stage *st, struct bal_way_so_far *way)
{
	struct bal_goal *goal = &way->goals[way->ngoals];
	bool any = bal_way_find(st, way, false, 0);
	double least = bal_way_bounces(st, way);
	const int64_t work = bal_way_work(way);
	uint64_t best = 0;

	if (bal_is_large(&st->m))
		return 0;
	for (uint64_t seed = 1;
	     seed < ORDERS && (int64_t)seed * work < DEAREST && (!any || least > BAL_EPSILON);
	     seed++) {
		double cost;

		goal->seed = seed;
		if (!order_again(way))
			continue;
		cost = bal_way_bounces(st, way);
		if (any && cost >= least)
			continue;
		any = true;
		least = cost;
		best = seed;
	}
	if (goal->seed != best) {
		goal->seed = best;
		(void)order_again(way);
	}
	return best;
}
