/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/cloud/balance/worlds.h"

static void near(double a, double b)
{
	if (fabs(a - b) > 1e-9)
		fail_msg("%.12g is not %.12g", a, b);
}

static void a_shift_changes_f_by_its_delta(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct world w;
		struct bal_model m;
		struct bal_state s;
		struct pxc_err err = { .kind = PXC_OK };

		world_make(&w, seed, 6, 60);
		world_rules(&w);
		w.nodes[2].drain = seed % 2;
		assert_int_equal(bal_model_init(&m, &w.c, &err), 0);
		bal_state_init(&s, &m);
		for (int i = 0; i < 300; i++) {
			int32_t item = (int32_t)world_up_to(&w, m.nitems),
				to = (int32_t)world_up_to(&w, 6);
			double before = bal_objective(&s), delta = bal_shift_delta(&s, item, to);

			bal_shift(&s, item, to);
			near(bal_objective(&s) - before, delta);
		}
		bal_state_release(&s);
		bal_model_release(&m);
	}
}

static void a_swap_changes_f_by_its_delta(void **state)
{
	size_t swaps = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct world w;
		struct bal_model m;
		struct bal_state s;
		struct pxc_err err = { .kind = PXC_OK };

		world_make(&w, seed, 4, 60);
		world_rules(&w);
		assert_int_equal(bal_model_init(&m, &w.c, &err), 0);
		bal_state_init(&s, &m);
		for (int i = 0; i < 500; i++) {
			int32_t v = (int32_t)world_up_to(&w, m.nitems),
				u = (int32_t)world_up_to(&w, m.nitems);
			double before = bal_objective(&s), delta;

			if (s.at[v] < 0 || s.at[u] < 0 || s.at[v] == s.at[u] ||
			    !bal_can_swap(&s, v, u))
				continue;
			delta = bal_swap_delta(&s, v, u);
			bal_swap(&s, v, u);
			near(bal_objective(&s) - before, delta);
			swaps++;
		}
		bal_state_release(&s);
		bal_model_release(&m);
	}
	assert_true(swaps > 100);
}

static void a_copy_is_the_same_state(void **state)
{
	struct world w;
	struct bal_model m;
	struct bal_state s, copy;
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	world_make(&w, 5, 5, 60);
	world_rules(&w);
	assert_int_equal(bal_model_init(&m, &w.c, &err), 0);
	bal_state_init(&s, &m);
	bal_state_init(&copy, &m);
	(void)bal_greedy(&s);
	assert_true(s.moved > 0);
	bal_state_copy(&copy, &s);
	assert_memory_equal(copy.load, s.load, 5 * sizeof(*s.load));
	assert_memory_equal(copy.count, s.count, (size_t)(m.ncounts * m.nnodes) * sizeof(*s.count));
	assert_int_equal(copy.moved, s.moved);
	bal_state_release(&s);
	bal_state_release(&copy);
	bal_model_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shift_changes_f_by_its_delta),
		cmocka_unit_test(a_swap_changes_f_by_its_delta),
		cmocka_unit_test(a_copy_is_the_same_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
