/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/balance/balance.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
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

static const char *const only_pve1[] = { "pve1" };
static const char *const only_pve2[] = { "pve2" };
static const uint32_t a_and_b[] = { 100, 101 };
static const uint32_t many[] = { 100, 101, 102, 103 };

static const struct {
	const char *name;
	struct bal_node nodes[4];
	struct bal_vm vms[6];
	struct bal_rule rules[3];
	const char *answer; /* "100:pve1>pve2(why) ... / sentences", or the refusal */
} rows[] = {
	{ "nothing to do",
	  { N("pve1"), N("pve2") },
	  { V(100, "pve1", 8, 4), V(101, "pve2", 8, 4) },
	  { { .name = NULL } },
	  "" },
	{ "no VMs at all", { N("pve1"), N("pve2") }, { { .id = 0 } }, { { .name = NULL } }, "" },
	{ "the empty node takes a half",
	  { N("pve1"), N("pve2") },
	  { V(100, "pve1", 16, 8), V(101, "pve1", 16, 8) },
	  { { .name = NULL } },
	  "100:pve1>pve2(balance)" },
	{ "less than the tolerance is not worth it",
	  { N("pve1"), N("pve2") },
	  { V(100, "pve1", 1, 1), V(101, "pve1", 1, 1) },
	  { { .name = NULL } },
	  "" },
	{ "what cannot move stays",
	  { N("pve1"), N("pve2") },
	  { { 100, "pve1", G(16), 8000, 8000, G(16), "it is locked", NULL, 0 },
	    V(101, "pve1", 16, 8) },
	  { { .name = NULL } },
	  "101:pve1>pve2(balance)" },
	{ "a VM that may be nowhere else stays",
	  { N("pve1"), N("pve2") },
	  { { 100, "pve1", G(16), 8000, 8000, G(16), NULL, only_pve1, 1 }, V(101, "pve1", 16, 8) },
	  { { .name = NULL } },
	  "101:pve1>pve2(balance)" },
	{ "a VM where it may not be goes where it may",
	  { N("pve1"), N("pve2") },
	  { { 100, "pve1", G(1), 100, 100, G(1), NULL, only_pve2, 1 } },
	  { { .name = NULL } },
	  "100:pve1>pve2(not allowed on pve1)" },
	{ "a drained node is emptied, also at a loss",
	  { N("pve1"), { "pve2", G(64), 32000, 0, 0, true, true }, N("pve3") },
	  { V(100, "pve1", 8, 4), V(101, "pve2", 8, 4), V(102, "pve3", 16, 4) },
	  { { .name = NULL } },
	  "101:pve2>pve1(drain pve2)" },
	{ "a drained node has nowhere to go",
	  { { "pve1", G(64), 32000, 0, 0, true, true },
	    { "pve2", G(4), 32000, 0, 0, true, false } },
	  { V(100, "pve1", 8, 4) },
	  { { .name = NULL } },
	  " / cannot move VM 100 off pve1 (drain pve1): pve2 has 3891 MiB left" },
	{ "somebody makes room",
	  { { "pve1", G(64), 32000, 0, 0, true, true },
	    { "pve2", G(32), 32000, 0, 0, true, false },
	    { "pve3", G(16), 32000, 0, 0, true, false } },
	  { V(100, "pve1", 24, 1), V(101, "pve2", 12, 1) },
	  { { .name = NULL } },
	  "101:pve2>pve3(room for VM 100) 100:pve1>pve2(drain pve1)" },
	{ "a rule keeps two apart",
	  { N("pve1"), N("pve2") },
	  { V(100, "pve1", 1, 1), V(101, "pve1", 2, 1) },
	  { { "web", BAL_APART, true, a_and_b, 2 } },
	  "100:pve1>pve2(rule web)" },
	{ "a rule keeps two together",
	  { N("pve1"), N("pve2") },
	  { V(100, "pve1", 1, 1), V(101, "pve2", 2, 1) },
	  { { "db", BAL_TOGETHER, true, a_and_b, 2 } },
	  "100:pve1>pve2(rule db)" },
	{ "together with one that cannot move",
	  { N("pve1"), N("pve2") },
	  { { 100, "pve1", G(1), 1000, 1000, G(1), "it is locked", NULL, 0 },
	    V(101, "pve2", 4, 1) },
	  { { "db", BAL_TOGETHER, true, a_and_b, 2 } },
	  "101:pve2>pve1(rule db)" },
	{ "rules contradict each other",
	  { N("pve1"), N("pve2") },
	  { V(100, "pve1", 1, 1), V(101, "pve2", 2, 1) },
	  { { "db", BAL_TOGETHER, true, a_and_b, 2 }, { "web", BAL_APART, true, a_and_b, 2 } },
	  "rules db and web contradict each other: VMs 100 and 101 are to be together and apart" },
	{ "more apart than there are nodes",
	  { N("pve1"), N("pve2") },
	  { V(100, "pve1", 1, 1), V(101, "pve2", 2, 1), V(102, "pve1", 1, 1),
	    V(103, "pve1", 1, 1) },
	  { { "web", BAL_APART, true, many, 4 } },
	  "rule web keeps 4 VMs apart, but there are 2 nodes" },
	{ "together, and no node for both",
	  { N("pve1"), N("pve2") },
	  { { 100, "pve1", G(1), 1, 1, 1, NULL, only_pve1, 1 },
	    { 101, "pve2", G(1), 1, 1, 1, NULL, only_pve2, 1 } },
	  { { "db", BAL_TOGETHER, true, a_and_b, 2 } },
	  "rule db keeps VMs 100 and 101 together, but there is no node all of them may be on" },
	{ "a node nobody knows",
	  { N("pve1") },
	  { V(100, "pve9", 1, 1) },
	  { { .name = NULL } },
	  "VM 100: there is no node pve9" },
	{ "a node without memory",
	  { { "pve1", 0, 1, 0, 0, true, false } },
	  { { .id = 0 } },
	  { { .name = NULL } },
	  "node pve1: its memory and cores are not known" },
	{ "two nodes of one name",
	  { N("pve1"), N("pve1") },
	  { { .id = 0 } },
	  { { .name = NULL } },
	  "there are two nodes pve1" },
	{ "two VMs of one id",
	  { N("pve1") },
	  { V(100, "pve1", 1, 1), V(100, "pve1", 1, 1) },
	  { { .name = NULL } },
	  "there are two VMs 100" },
};

static void each_cluster_gets_its_plan(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bal_cluster c = { .params = { 50000, 1, 1, 950000, 980000, 4000000, 2, 2, 0,
						     0, 1 },
					 .nodes = rows[i].nodes,
					 .vms = rows[i].vms,
					 .rules = rows[i].rules };
		struct bal_plan plan;
		struct pxc_err err = { .kind = PXC_OK };
		auto_buf struct pxc_buf answer = { .data = NULL };

		while (c.nnodes < 4 && rows[i].nodes[c.nnodes].name)
			c.nnodes++;
		while (c.nvms < 6 && rows[i].vms[c.nvms].id)
			c.nvms++;
		while (c.nrules < 3 && rows[i].rules[c.nrules].name)
			c.nrules++;
		if (bal_plan(&c, &plan, &err) < 0) {
			assert_int_equal(err.kind, PXC_EINVAL);
			buf_adds(&answer, err.msg);
		} else {
			for (size_t k = 0; k < plan.nmoves; k++)
				buf_printf(&answer, "%s%u:%s>%s(%s)", k ? " " : "",
					   plan.moves[k].vm, plan.moves[k].from, plan.moves[k].to,
					   plan.moves[k].why);
			for (size_t k = 0; k < plan.nunmovable; k++)
				buf_printf(&answer, " / %s", plan.unmovable[k].why);
			bal_plan_release(&plan);
		}
		if (!str_eq(buf_str(&answer), rows[i].answer))
			fail_msg("%s: %s", rows[i].name, buf_str(&answer));
	}
}

static struct bal_vm *vm_by_id(struct world *w, uint32_t id)
{
	for (size_t i = 0; i < w->c.nvms; i++)
		if (w->vms[i].id == id)
			return &w->vms[i];
	fail_msg("there is no VM %u", id);
	return w->vms;
}

static void plan_world(struct world *w, struct bal_plan *plan)
{
	struct pxc_err err = { .kind = PXC_OK };

	if (bal_plan(&w->c, plan, &err) < 0)
		fail_msg("%s", err.msg);
}

static void say_plan(struct pxc_buf *out, const struct bal_plan *plan)
{
	for (size_t i = 0; i < plan->nmoves; i++) {
		buf_printf(out, "%u %s %s %d", plan->moves[i].vm, plan->moves[i].from,
			   plan->moves[i].to, plan->moves[i].bounce);
		for (size_t k = 0; k < plan->moves[i].nstarts_after; k++)
			buf_printf(out, " %zu", plan->moves[i].starts_after[k]);
		buf_adds(out, "\n");
	}
	buf_printf(out, "%a %a %a", plan->f0, plan->f, plan->bound);
}

/* Has move j certainly ended when move i starts? */
static bool behind(const struct bal_plan *plan, size_t i, size_t j)
{
	for (size_t k = 0; k < plan->moves[i].nstarts_after; k++)
		if (plan->moves[i].starts_after[k] == j ||
		    behind(plan, plan->moves[i].starts_after[k], j))
			return true;
	return false;
}

/* The most memory that can be on the target when the move starts: all earlier arrivals, no departure that is not certain. */
static int64_t worst_load(struct world *w, const struct bal_plan *plan, size_t i)
{
	const char *node = plan->moves[i].to;
	int64_t load = w->nodes[node[3] - '1'].base_mem;

	for (size_t v = 0; v < w->c.nvms; v++)
		if (str_eq(w->vms[v].node, node))
			load += w->vms[v].mem;
	for (size_t j = 0; j <= i; j++) {
		if (str_eq(plan->moves[j].to, node))
			load += vm_by_id(w, plan->moves[j].vm)->mem;
		if (j < i && str_eq(plan->moves[j].from, node) && behind(plan, i, j))
			load -= vm_by_id(w, plan->moves[j].vm)->mem;
	}
	return load;
}

static void every_state_on_the_way_is_feasible(void **state)
{
	size_t moves = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 18; seed++) {
		struct world w;
		struct bal_plan plan;

		world_make(&w, seed, 5, 80);
		if (seed > 12)
			world_fill(&w, 930 + (int64_t)seed % 3 * 10);
		else
			w.nodes[1].drain = seed % 3 == 0;
		plan_world(&w, &plan);
		for (size_t i = 0; i < plan.nmoves; i++) {
			const struct bal_move *m = &plan.moves[i];
			size_t n = (size_t)(m->to[3] - '1');

			assert_true(worst_load(&w, &plan, i) <= w.nodes[n].mem * 98 / 100);
			assert_true(w.nodes[n].accepts && !w.nodes[n].drain);
			assert_null(vm_by_id(&w, m->vm)->stays);
		}
		moves += plan.nmoves;
		bal_plan_release(&plan);
	}
	assert_true(moves > 50);
}

static void a_start_that_needs_room_waits_for_the_departure(void **state)
{
	const struct bal_node nodes[] = { { "pve1", G(64), 32000, 0, 0, true, true },
					  { "pve2", G(32), 32000, 0, 0, true, false },
					  { "pve3", G(16), 32000, 0, 0, true, false } };
	const struct bal_vm vms[] = { V(100, "pve1", 24, 1), V(101, "pve2", 12, 1) };
	const struct bal_cluster c = { .params = { 50000, 1, 1, 950000, 980000, 4000000, 2, 2, 0, 0,
						   1 },
				       .nodes = nodes,
				       .nnodes = 3,
				       .vms = vms,
				       .nvms = 2 };
	struct bal_plan plan;
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(bal_plan(&c, &plan, &err), 0);
	assert_int_equal(plan.nmoves, 2);
	assert_int_equal(plan.moves[0].vm, 101);
	assert_int_equal(plan.moves[0].nstarts_after, 0);
	assert_int_equal(plan.moves[1].vm, 100);
	assert_int_equal(plan.moves[1].nstarts_after, 1);
	assert_int_equal(plan.moves[1].starts_after[0], 0);
	bal_plan_release(&plan);
}

static void no_node_has_more_migrations_at_a_time_than_allowed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct world w;
		struct bal_plan plan;

		world_make(&w, seed, 4, 60);
		w.c.params.max_in = w.c.params.max_out = 1;
		plan_world(&w, &plan);
		/* With one at a time, any two that share a source or a target are one after the other. */
		for (size_t i = 0; i < plan.nmoves; i++)
			for (size_t j = 0; j < i; j++)
				if (str_eq(plan.moves[i].to, plan.moves[j].to) ||
				    str_eq(plan.moves[i].from, plan.moves[j].from))
					assert_true(behind(&plan, i, j));
		bal_plan_release(&plan);
	}
}

static void apply(struct world *w, const struct bal_plan *plan)
{
	for (size_t i = 0; i < plan->nmoves; i++)
		vm_by_id(w, plan->moves[i].vm)->node = plan->moves[i].to;
}

static void the_second_plan_is_empty(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world w;
		struct bal_plan plan, second;

		world_make(&w, seed, 3 + seed % 5, 70);
		if (seed % 2)
			world_rules(&w);
		if (seed % 3 == 0)
			world_fill(&w, 940);
		plan_world(&w, &plan);
		apply(&w, &plan);
		plan_world(&w, &second);
		if (second.nmoves)
			fail_msg("seed %llu: %zu moves, then %zu", (unsigned long long)seed,
				 plan.nmoves, second.nmoves);
		bal_plan_release(&plan);
		bal_plan_release(&second);
	}
}

static void the_order_of_the_input_does_not_matter(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct world w, other;
		struct bal_plan a, b;
		auto_buf struct pxc_buf one = { .data = NULL }, two = { .data = NULL };

		world_make(&w, seed, 5, 60);
		world_make(&other, seed, 5, 60);
		world_rules(&w);
		world_rules(&other);
		for (size_t i = 0; i < 60; i++)
			other.vms[(i * 7 + 3) % 60] = w.vms[i];
		for (size_t i = 0; i < 5; i++)
			other.nodes[4 - i] = w.nodes[i];
		plan_world(&w, &a);
		plan_world(&other, &b);
		say_plan(&one, &a);
		say_plan(&two, &b);
		assert_string_equal(buf_str(&one), buf_str(&two));
		bal_plan_release(&a);
		bal_plan_release(&b);
	}
}

static void rules_hold_in_the_end(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world w;
		struct bal_plan plan;

		world_make(&w, seed, 5, 60);
		for (size_t i = 0; i < 60; i++) {
			w.vms[i].stays = NULL;
			w.vms[i].allowed = NULL;
			w.vms[i].nallowed = 0;
		}
		world_rules(&w);
		plan_world(&w, &plan);
		assert_int_equal(plan.nunmovable, 0);
		apply(&w, &plan);
		for (size_t i = 0; i < 4; i++)
			for (size_t k = 1; k < w.rules[i].nmembers; k++)
				for (size_t l = 0; l < k; l++)
					assert_int_equal(
						str_eq(vm_by_id(&w, w.members[i][k])->node,
						       vm_by_id(&w, w.members[i][l])->node),
						w.rules[i].type == BAL_TOGETHER);
		bal_plan_release(&plan);
	}
}

static void no_more_moves_than_allowed(void **state)
{
	struct world w;
	struct bal_plan plan;

	(void)state;
	world_make(&w, 3, 5, 80);
	plan_world(&w, &plan);
	assert_true(plan.nmoves > 3);
	bal_plan_release(&plan);
	w.c.params.max_moves = 3;
	plan_world(&w, &plan);
	assert_int_equal(plan.nmoves, 3);
	bal_plan_release(&plan);
}

/* Move by move, also where nodes are emptied. */
static void moves_gain_together_what_the_plan_gains(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct world w;
		struct bal_plan plan;
		int64_t sum = 0;

		world_make(&w, seed, 5, 80);
		w.nodes[1].drain = seed % 3 == 0;
		plan_world(&w, &plan);
		for (size_t i = 0; i < plan.nmoves; i++)
			sum += plan.moves[i].gain;
		assert_true(llabs(sum - llround((plan.f0 - plan.f) * BAL_PPM)) <=
			    (int64_t)plan.nmoves + 1);
		bal_plan_release(&plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_cluster_gets_its_plan),
		cmocka_unit_test(every_state_on_the_way_is_feasible),
		cmocka_unit_test(a_start_that_needs_room_waits_for_the_departure),
		cmocka_unit_test(no_node_has_more_migrations_at_a_time_than_allowed),
		cmocka_unit_test(the_second_plan_is_empty),
		cmocka_unit_test(the_order_of_the_input_does_not_matter),
		cmocka_unit_test(rules_hold_in_the_end),
		cmocka_unit_test(no_more_moves_than_allowed),
		cmocka_unit_test(moves_gain_together_what_the_plan_gains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
