/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cloud/balance/stage.h"
#include "unit/cloud/balance/worlds.h"

#define WORLDS 30
#define ENOUGH 0 /* no plan is good enough */

struct tight {
	struct world w;
	struct pxc_arena arena;
	struct bal_stage st;
	struct bal_way_so_far way;
};

/* So full that many a VM needs others out of its way, with a plan that knows nothing of that. */
static void begin(struct tight *t, uint64_t seed, unsigned most, bool drain)
{
	struct pxc_err err = { .kind = PXC_OK };

	*t = (struct tight){ .arena = { .head = NULL } };
	world_make(&t->w, seed, 8, 80);
	world_fill(&t->w, 950);
	t->w.c.params.max_moves = most;
	if (drain)
		t->w.nodes[3].drain = true;
	if (bal_stage_init(&t->st, &t->w.c, &t->arena, &err) < 0)
		fail_msg("%s", err.msg);
	bal_stage_search(&t->st);
	t->way.first = &t->st.m;
}

static void end(struct tight *t)
{
	bal_order_release(&t->way.order);
	bal_stage_release(&t->st);
	arena_release(&t->arena);
}

static void the_cheapest_of_several_orders_is_taken(void **state)
{
	int found = 0, cheaper = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct tight t;
		uint64_t best;
		double first, least;
		bool any;

		begin(&t, seed, 0, false);
		any = bal_way_find(&t.st, &t.way, false, 0);
		first = bal_way_bounces(&t.st, &t.way);
		best = bal_way_find_cheap(&t.st, &t.way);
		least = bal_way_bounces(&t.st, &t.way);
		found += !any && !t.way.order.ndropped;
		if (any) {
			assert_true(!t.way.order.ndropped && least <= first);
			cheaper += least < first - BAL_EPSILON;
		}
		/* It is at hand, and found again by its seed. */
		assert_int_equal(bal_way_find(&t.st, &t.way, false, best), !t.way.order.ndropped);
		assert_true(bal_way_bounces(&t.st, &t.way) <= least + BAL_EPSILON &&
			    bal_way_bounces(&t.st, &t.way) >= least - BAL_EPSILON);
		end(&t);
	}
	print_message("cheaper %d, found only so %d\n", cheaper, found);
	assert_true(cheaper > 2);
}

static void check_trimmed(struct tight *t, const struct bal_state *before, double f)
{
	const struct bal_stage *st = &t->st;

	assert_true(bal_objective(&st->s) + bal_way_bounces(st, &t->way) <= f + BAL_EPSILON);
	assert_int_equal(t->way.order.ndropped, 0);
	for (int32_t n = 0; n < st->m.nnodes; n++)
		assert_false(bal_is_over(&st->s, n));
	for (int32_t i = 0; i < st->m.nitems; i++)
		if (st->why[i])
			assert_int_equal(st->s.at[i], before->at[i]);
	if (st->m.params.max_moves)
		assert_true(st->s.moved <= st->m.params.max_moves);
	for (int32_t v = 0; v < st->m.nvms; v++)
		assert_int_equal(t->way.goals[0].node[v], t->way.order.where[v]);
}

static void a_plan_becomes_one_that_is_cheaper_with_its_order(void **state)
{
	int better = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		const bool drain = seed % 4 == 1;
		struct bal_state before;
		struct tight t;
		uint64_t best;
		double f;

		begin(&t, seed, seed % 3 ? 0 : 12, drain);
		best = bal_way_find_cheap(&t.st, &t.way);
		if (!t.way.order.ndropped) {
			f = bal_objective(&t.st.s) + bal_way_bounces(&t.st, &t.way);
			bal_state_init(&before, &t.st.m);
			bal_state_copy(&before, &t.st.s);
			bal_trim(&t.st, &t.way, best, ENOUGH);
			check_trimmed(&t, &before, f);
			better += bal_objective(&t.st.s) + bal_way_bounces(&t.st, &t.way) <
				  f - t.st.m.hysteresis;
			bal_state_release(&before);
		}
		end(&t);
	}
	print_message("better %d\n", better);
	assert_true(better > 2);
}

static void what_is_good_enough_stays(void **state)
{
	struct tight t;
	int32_t at[WORLD_VMS];
	uint64_t seed;

	(void)state;
	begin(&t, 1, 0, false);
	seed = bal_way_find_cheap(&t.st, &t.way);
	memcpy(at, t.st.s.at, (size_t)t.st.m.nitems * sizeof(*at));
	bal_trim(&t.st, &t.way, seed, 1e300);
	assert_memory_equal(at, t.st.s.at, (size_t)t.st.m.nitems * sizeof(*at));
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cheapest_of_several_orders_is_taken),
		cmocka_unit_test(a_plan_becomes_one_that_is_cheaper_with_its_order),
		cmocka_unit_test(what_is_good_enough_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
