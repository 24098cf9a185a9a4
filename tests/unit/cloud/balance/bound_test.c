/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cloud/balance/stage.h"
#include "unit/cloud/balance/worlds.h"

static bool within_limits(const struct bal_state *s)
{
	for (int32_t n = 0; n < s->m->nnodes; n++)
		for (int r = 0; r < LOADS; r++)
			if (s->load[n][r] > s->m->limit[n][r])
				return false;
	return true;
}

/* The lowest F of all placements that are allowed, where nobody moves who cannot in any order; the state is left as it was found. */
static double lowest(struct bal_state *s, int32_t item)
{
	double best = 1e300;
	int32_t home;

	if (item == s->m->nitems)
		return within_limits(s) ? bal_objective(s) : 1e300;
	if (s->m->items[item].frozen)
		return lowest(s, item + 1);
	home = s->at[item];
	for (int32_t n = 0; n < s->m->nnodes; n++) {
		double f;

		if (!bal_may(s->m, &s->m->items[item], n))
			continue;
		bal_shift(s, item, n);
		f = lowest(s, item + 1);
		best = f < best ? f : best;
	}
	bal_shift(s, item, home);
	return best;
}

/* VMs of up to 15 GiB on nodes of 64 and 96; in some worlds on nodes that are nearly full of them. */
static void large(struct world *w, bool full)
{
	for (size_t i = 0; i < w->c.nnodes; i++)
		w->nodes[i].base_mem += full ? w->nodes[i].mem * 9 / 16 : 0;
	for (size_t i = 0; i < w->c.nvms; i++) {
		w->vms[i].mem *= 5;
		w->vms[i].wire *= 5;
		w->vms[i].cpu *= 6;
	}
}

static void the_bound_is_below_the_best_of_all_placements(void **state)
{
	int close = 0, tight = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct world w;
		struct bal_model m;
		struct bal_state s;
		struct bal_plan plan;
		struct pxc_err err = { .kind = PXC_OK };
		double best;

		world_make(&w, seed, 3, 7);
		large(&w, seed % 3 == 0);
		w.c.params.tolerance_ppm = seed % 2 ? 20000 : 50000;
		assert_int_equal(bal_model_init(&m, &w.c, &err), 0);
		(void)bal_reach(&m, &m.arena);
		bal_state_init(&s, &m);
		best = lowest(&s, 0);
		assert_int_equal(bal_plan(&w.c, &plan, &err), 0);
		if (plan.bound > best * (1 + 1e-9))
			fail_msg("seed %llu: bound %.9g, best %.9g", (unsigned long long)seed,
				 plan.bound, best);
		assert_true(plan.f >= best * (1 - 1e-9));
		close += plan.f - best < 0.01 * (plan.f0 - best) + 1e-12;
		tight += best - plan.bound < 0.01 * (plan.f0 - best) + 1e-12;
		bal_plan_release(&plan);
		bal_state_release(&s);
		bal_model_release(&m);
	}
	/* Plans that are not worth a task are not made, so not all of them reach the best. */
	assert_true(close >= 9);
	assert_true(tight >= 30);
}

static void the_bound_is_below_each_plan_and_tells_what_is_captured(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct world w;
		struct bal_plan plan;
		struct pxc_err err = { .kind = PXC_OK };
		double share;

		world_make(&w, seed, 6, 80);
		if (seed % 2)
			world_rules(&w);
		w.nodes[3].accepts = seed % 3 != 0;
		assert_int_equal(bal_plan(&w.c, &plan, &err), 0);
		assert_true(plan.bound <= plan.f);
		assert_true(plan.bound > 0);
		share = (plan.f0 - plan.f) / (plan.f0 - plan.bound) * BAL_PPM;
		assert_true(plan.captured_ppm <= (int64_t)share + 1 &&
			    plan.captured_ppm >= (int64_t)share - 1);
		bal_plan_release(&plan);
	}
}

/* A busy node, and an idle one that is full and lets nobody go: nothing can be gained, and the bound says so. */
static void the_bound_knows_that_a_full_node_takes_nothing(void **state)
{
	struct bal_vm vms[8];
	const struct bal_node nodes[] = { { "pve1", 65536, 32000, 0, 0, true, false },
					  { "pve2", 65536, 32000, 57600, 0, true, false } };
	const struct bal_cluster c = {
		.params = { 10000, 1, 1, 950000, 980000, 4000000, 2, 2, 0, 0, 1 },
		.nodes = nodes,
		.nnodes = 2,
		.vms = vms,
		.nvms = 8,
	};
	struct pxc_arena arena = { .head = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	struct bal_stage st;
	double bound;

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		vms[i] = (struct bal_vm){ .id = 100 + i,
					  .node = i < 7 ? "pve1" : "pve2",
					  .mem = i < 7 ? 4096 : 4659,
					  .cpu = i < 7 ? 3000 : 100,
					  .vcpu = 3000,
					  .wire = 4096,
					  .stays = i < 7 ? NULL : "it is locked" };
	assert_int_equal(bal_stage_init(&st, &c, &arena, &err), 0);
	bound = bal_bound(&st.s, st.f0, &st.hint);
	assert_true(bound <= st.f0);
	assert_true(bound > st.f0 * 0.999);
	bal_stage_release(&st);
	arena_release(&arena);
}

/* Without tolerance, VMs that are like sand reach what the bound says. */
static void the_bound_is_tight_for_many_small_vms(void **state)
{
	struct world w;
	struct bal_plan plan;
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	world_make(&w, 1, 4, 80);
	for (size_t i = 0; i < 80; i++)
		w.vms[i].stays = NULL;
	assert_int_equal(bal_plan(&w.c, &plan, &err), 0);
	assert_true(plan.captured_ppm > 950000);
	bal_plan_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bound_is_below_the_best_of_all_placements),
		cmocka_unit_test(the_bound_is_below_each_plan_and_tells_what_is_captured),
		cmocka_unit_test(the_bound_knows_that_a_full_node_takes_nothing),
		cmocka_unit_test(the_bound_is_tight_for_many_small_vms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
