/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/cloud/balance/clusters.h"

static const char *const only_1[] = { "pve1" };
static const char *const only_2[] = { "pve2" };
static const char *const but_1[] = { "pve2", "pve3" };
static const char *const but_2[] = { "pve1", "pve3" };
static const uint32_t web[] = { 100, 101 };

static const struct cluster_row rows[] = {
	{ "two full nodes trade by way of a third",
	  { NODE("pve1", 64), NODE("pve2", 64), NODE("pve3", 64) },
	  { VM_ON(100, "pve1", 20, 1, but_1), VM_ON(101, "pve2", 20, 1, but_2),
	    VM_STAYS(110, "pve1", 38, "."), VM_STAYS(111, "pve2", 38, "."),
	    VM_STAYS(112, "pve3", 42, ".") },
	  { { .name = NULL } },
	  0,
	  0,
	  "101:pve2>>pve3(not allowed on pve2) 100:pve1>pve2(not allowed on pve1) "
	  "101:pve3>pve1(not allowed on pve2)" },
	{ "one that is in nobody's plan makes room and comes home",
	  { NODE("pve1", 64), NODE("pve2", 64), NODE("pve3", 64) },
	  { VM_ON(100, "pve1", 20, 1, only_2), VM_ON(101, "pve2", 20, 1, only_1),
	    VM(105, "pve2", 16, 1), VM_STAYS(110, "pve1", 38, "."), VM_STAYS(111, "pve2", 22, "."),
	    VM_STAYS(112, "pve3", 41, ".") },
	  { { .name = NULL } },
	  0,
	  0,
	  "105:pve2>>pve3(room for VM 100) 100:pve1>pve2(not allowed on pve1) "
	  "101:pve2>pve1(not allowed on pve2) 105:pve3>pve2(room for VM 100)" },
	{ "several small ones make room for a large one",
	  { NODE("pve1", 64), NODE("pve2", 64), NODE("pve3", 64), NODE("pve4", 64) },
	  { VM_ON(100, "pve1", 20, 1, only_2), VM_ON(101, "pve2", 20, 1, only_1),
	    VM(105, "pve2", 8, 1), VM(106, "pve2", 8, 1), VM_STAYS(110, "pve1", 38, "."),
	    VM_STAYS(111, "pve2", 22, "."), VM_STAYS(112, "pve3", 53, "."),
	    VM_STAYS(113, "pve4", 53, ".") },
	  { { .name = NULL } },
	  0,
	  0,
	  "105:pve2>>pve3(room for VM 100) 106:pve2>>pve4(room for VM 100) "
	  "100:pve1>pve2(not allowed on pve1) 101:pve2>pve1(not allowed on pve2) "
	  "105:pve3>pve2(room for VM 100) 106:pve4>pve2(room for VM 100)" },
	{ "two whom a rule keeps apart trade nodes, never on one at a time",
	  { NODE("pve1", 64), NODE("pve2", 64), NODE("pve3", 64) },
	  { VM_ON(100, "pve1", 4, 1, but_1), VM_ON(101, "pve2", 4, 1, only_1),
	    VM_STAYS(112, "pve3", 40, ".") },
	  { { "web", BAL_APART, true, web, 2 } },
	  0,
	  0,
	  "100:pve1>>pve3(not allowed on pve1) 101:pve2>pve1(not allowed on pve2) "
	  "100:pve3>pve2(not allowed on pve1)" },
	{ "one that may be nowhere else does not lack room",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM_ON(100, "pve1", 20, 1, only_1), VM(101, "pve2", 20, 1) },
	  { { .name = NULL } },
	  0,
	  0,
	  "" },
	{ "nowhere is room for either",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM_ON(100, "pve1", 20, 1, only_2), VM_ON(101, "pve2", 20, 1, only_1),
	    VM_STAYS(110, "pve1", 38, "."), VM_STAYS(111, "pve2", 38, ".") },
	  { { .name = NULL } },
	  0,
	  0,
	  " / cannot move VM 100 off pve1 (not allowed on pve1): pve2 has 2867 MiB left"
	  " / cannot move VM 101 off pve2 (not allowed on pve2): pve1 has 2867 MiB left"
	  " / no order of moves can make room for VMs 100 (20480 MiB), 101 (20480 MiB): no node "
	  "can ever have more than 4833 MiB free" },
};

static void room_is_made_and_given_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct bal_cluster c = cluster_of(&rows[i]);
		auto_bal_plan struct bal_plan plan = { .nmoves = 0 };
		struct pxc_err err = { .kind = PXC_OK };
		auto_buf struct pxc_buf said = { .data = NULL };

		if (bal_plan(&c, &plan, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.msg);
		cluster_say_plan(&said, &plan);
		if (plan.stuck)
			buf_printf(&said, " / %s", plan.stuck);
		if (!str_eq(buf_str(&said), rows[i].answer))
			print_error("%s: %s\n", rows[i].name, buf_str(&said));
		assert_string_equal(buf_str(&said), rows[i].answer);
	}
}

/* What all moves send is in F: here three moves of one size for two that were needed. */
static void what_a_bounce_sends_counts(void **state)
{
	const struct bal_cluster c = cluster_of(&rows[0]);
	auto_bal_plan struct bal_plan plan = { .nmoves = 0 };
	struct pxc_err err = { .kind = PXC_OK };
	const double once = 2 * 0.05 * (double)(G(20) + 1024) / (double)(3 * G(64));

	(void)state;
	assert_int_equal(bal_plan(&c, &plan, &err), 0);
	assert_int_equal(plan.nmoves, 3);
	assert_true(plan.f - plan.f0 > 3 * once - 1e-9);
	assert_true(plan.f - plan.f0 < 3 * once + 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_made_and_given_back),
		cmocka_unit_test(what_a_bounce_sends_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
