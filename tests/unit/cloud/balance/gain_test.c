/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a move is worth it no more, by loads that have changed since the plan was made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "unit/cloud/balance/worlds.h"

#define G(n) ((int64_t)(n)*1024)
#define N(name)                                                                                    \
	{                                                                                          \
		name, G(64), 32000, 0, 0, true, false                                              \
	}
#define V(id, node, gib, cores)                                                                    \
	{                                                                                          \
		id, node, G(gib), (cores)*1000, (cores)*1000, G(gib), NULL, NULL, 0                \
	}

static const uint32_t a_and_b[] = { 100, 101 };

/*
 * One of two VMs of 16 GiB and 8 cores goes to an empty node. Memory: 16 of 64 GiB for each point of F, so the move gains as much by
 * memory as by cores; half of what sending it costs is worth 1.7 GiB of the 32 that the target may have more.
 */
static const struct {
	const char *name;
	double to_gib, to_cores, from_gib, from_cores; /* more than when it was planned */
	bool worth;
} rows[] = {
	{ "as planned", 0, 0, 0, 0, true },
	{ "a little more on the target", 4, 1, 0, 0, true },
	{ "as busy as the source will be, by memory alone", 16, 0, 0, 0, true },
	{ "by both", 16, 8, 0, 0, false },
	{ "with half the tolerance left", 14, 7, 0, 0, true },
	{ "by memory for two", 30, 0, 0, 0, true },
	{ "and a little more", 31, 0, 0, 0, false },
	{ "the source is nearly empty by now", 0, 0, -16, -8, false },
	{ "somewhat emptier", 0, 0, -8, -4, true },
	{ "both got busier", 20, 10, 20, 10, true },
	{ "and both got idle", -20, -10, -20, -10, true },
};

static bool is_worth(const struct bal_worth *w, const double to[2], const double from[2])
{
	double sum = 0;

	for (int r = 0; r < PRICED; r++)
		sum += w->to[r] * to[r] - w->from[r] * from[r];
	return sum <= w->most;
}

static void loads_decide(void **state)
{
	const struct bal_node nodes[] = { N("pve1"), N("pve2") };
	const struct bal_vm vms[] = { V(100, "pve1", 16, 8), V(101, "pve1", 16, 8) };
	const struct bal_cluster c = { .params = { 50000, 1, 1, 950000, 980000, 4000000, 2, 2, 0, 0,
						   1 },
				       .nodes = nodes,
				       .nnodes = 2,
				       .vms = vms,
				       .nvms = 2 };
	auto_bal_plan struct bal_plan plan = { .nmoves = 0 };
	struct pxc_err err;

	(void)state;
	assert_int_equal(bal_plan(&c, &plan, &err), 0);
	assert_int_equal(plan.nmoves, 1);
	assert_true(plan.moves[0].worth.most > 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const double to[] = { rows[i].to_gib * 1024, rows[i].to_cores * 1000 },
			     from[] = { rows[i].from_gib * 1024, rows[i].from_cores * 1000 };

		if (is_worth(&plan.moves[0].worth, to, from) != rows[i].worth)
			fail_msg("%s: %d", rows[i].name, !rows[i].worth);
	}
}

/* Moves that are about more than load, and those that others wait for, are done in any case. */
static void others_are_done_in_any_case(void **state)
{
	struct bal_node nodes[] = { N("pve1"), N("pve2") };
	const struct bal_vm vms[] = { V(100, "pve1", 16, 8), V(101, "pve1", 16, 8) };
	const struct bal_rule apart = { "web", BAL_APART, true, a_and_b, 2 };
	struct bal_cluster c = { .params = { 50000, 1, 1, 950000, 980000, 4000000, 2, 2, 0, 0, 1 },
				 .nodes = nodes,
				 .nnodes = 2,
				 .vms = vms,
				 .nvms = 2 };
	struct bal_plan plan = { .nmoves = 0 };
	struct pxc_err err;

	(void)state;
	nodes[0].drain = true;
	assert_int_equal(bal_plan(&c, &plan, &err), 0);
	assert_int_equal(plan.nmoves, 2);
	for (size_t i = 0; i < plan.nmoves; i++)
		assert_true(plan.moves[i].worth.most == 0);
	bal_plan_release(&plan);
	nodes[0].drain = false;
	c.rules = &apart;
	c.nrules = 1;
	assert_int_equal(bal_plan(&c, &plan, &err), 0);
	assert_int_equal(plan.nmoves, 1);
	assert_true(plan.moves[0].worth.most == 0);
	bal_plan_release(&plan);
}

static size_t index_of(const struct bal_cluster *c, const char *node)
{
	size_t i = 0;

	while (!str_eq(c->nodes[i].name, node))
		i++;
	return i;
}

static void carry(struct world *w, double (*more)[2], const struct bal_move *move)
{
	size_t from = index_of(&w->c, move->from), to = index_of(&w->c, move->to);
	const struct bal_vm *vm = &w->vms[move->vm - 100];

	more[from][0] -= (double)vm->mem;
	more[from][1] -= (double)vm->cpu;
	more[to][0] += (double)vm->mem;
	more[to][1] += (double)vm->cpu;
}

/* While nothing changes but by the plan itself, each move stays worth it, in whatever order the others were done. */
static void a_plan_does_not_speak_against_itself(void **state)
{
	size_t judged = 0, moves = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		auto_bal_plan struct bal_plan plan = { .nmoves = 0 };
		struct pxc_err err;
		struct world w;

		world_make(&w, seed, 4 + seed % 4, 40);
		if (bal_plan(&w.c, &plan, &err) < 0)
			continue;
		moves += plan.nmoves;
		for (size_t i = 0; i < plan.nmoves; i++) {
			const struct bal_move *move = &plan.moves[i];

			judged += move->worth.most > 0;
			for (int order = 0; order < 8 && move->worth.most > 0; order++) {
				double more[WORLD_NODES][2] = { { 0 } };

				for (size_t k = 0; k < plan.nmoves; k++)
					if (k != i && (order == 0 || (order == 1 && k < i) ||
						       (order > 1 && bal_next(&w.random) % 2)))
						carry(&w, more, &plan.moves[k]);
				if (!is_worth(&move->worth, more[index_of(&w.c, move->to)],
					      more[index_of(&w.c, move->from)]))
					fail_msg("seed %d: VM %u %s -> %s, order %d", (int)seed,
						 move->vm, move->from, move->to, order);
			}
		}
	}
	assert_true(moves > 200);
	assert_true(judged > moves / 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_decide),
		cmocka_unit_test(others_are_done_in_any_case),
		cmocka_unit_test(a_plan_does_not_speak_against_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
