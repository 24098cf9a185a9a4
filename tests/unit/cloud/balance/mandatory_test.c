/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/cloud/balance/clusters.h"

static const char *const only_2[] = { "pve2" };
static const char *const only_1_2[] = { "pve1", "pve2" };
static const uint32_t a_and_b[] = { 100, 101 };
static const uint32_t a_and_c[] = { 100, 102 };

static const struct cluster_row rows[] = {
	{ "a container on a drained node",
	  { DRAINED("pve1", 64), NODE("pve2", 64) },
	  { VM_STAYS(100, "pve1", 1, "it is a container") },
	  { { .name = NULL } },
	  0,
	  0,
	  " / cannot move VM 100 off pve1: it is a container" },
	{ "a locked VM where it may not be",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { { 100, "pve1", G(1), 0, 0, G(1), "it is locked (backup)", only_2, 1 } },
	  { { .name = NULL } },
	  0,
	  0,
	  " / cannot move VM 100 off pve1: it is locked (backup)" },
	{ "of two that stay and are to be apart the first may",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM_STAYS(100, "pve1", 1, "it is a container"),
	    VM_STAYS(101, "pve1", 1, "it is locked") },
	  { { "web", BAL_APART, true, a_and_b, 2 } },
	  0,
	  0,
	  " / cannot move VM 101 off pve1: it is locked" },
	{ "one that stays where it may be is not worth a word",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM_STAYS(100, "pve1", 1, "it is a container") },
	  { { .name = NULL } },
	  0,
	  0,
	  "" },
	{ "each node says why it refuses",
	  { DRAINED("pve1", 64),
	    NODE("pve2", 8),
	    NODE("pve3", 64),
	    NODE("pve4", 64),
	    { "pve5", G(64), 32000, 0, 0, false, false } },
	  { VM_ON(100, "pve1", 8, 1, only_1_2), VM(101, "pve1", 8, 1), VM(102, "pve3", 8, 1),
	    VM_STAYS(103, "pve4", 60, "it is locked") },
	  { { "web", BAL_APART, true, (const uint32_t[]){ 101, 102 }, 2 } },
	  0,
	  0,
	  " / cannot move VM 100 off pve1 (drain pve1): pve2 has 7782 MiB left, pve3 is not among "
	  "its nodes, pve4 is not among its nodes, pve5 takes no VMs"
	  " / cannot move VM 101 off pve1 (drain pve1): pve2 has 7782 MiB left, pve3 has member 102 "
	  "of rule web, pve4 has 819 MiB left, pve5 takes no VMs" },
	{ "one that stays keeps its partner where it must not be",
	  { DRAINED("pve1", 64), NODE("pve2", 64) },
	  { VM_STAYS(100, "pve1", 1, "it is a container"), VM(102, "pve1", 1, 1) },
	  { { "db", BAL_TOGETHER, true, a_and_c, 2 } },
	  0,
	  0,
	  " / cannot move VM 100 off pve1: it is a container"
	  " / cannot move VM 102 off pve1 (drain pve1): pve2 does not have member 100 of rule db" },
	{ "what must be is more than may move",
	  { DRAINED("pve1", 64), NODE("pve2", 64), NODE("pve3", 64) },
	  { VM(100, "pve1", 4, 1), VM(101, "pve1", 4, 1), VM(102, "pve2", 20, 30),
	    VM(103, "pve2", 20, 30) },
	  { { .name = NULL } },
	  1,
	  0,
	  "100:pve1>pve3(drain pve1) 101:pve1>pve3(drain pve1)" },
	{ "what is left of the moves is for balance",
	  { DRAINED("pve1", 64), NODE("pve2", 64), NODE("pve3", 64) },
	  { VM(100, "pve1", 4, 1), VM(102, "pve2", 20, 30), VM(103, "pve2", 20, 30) },
	  { { .name = NULL } },
	  2,
	  0,
	  "100:pve1>pve3(drain pve1) 102:pve2>pve3(balance)" },
	{ "no node has more moves than it may",
	  { NODE("pve1", 64), NODE("pve2", 64) },
	  { VM(100, "pve1", 10, 20), VM(101, "pve1", 10, 20), VM(102, "pve1", 10, 20),
	    VM(103, "pve1", 10, 20) },
	  { { .name = NULL } },
	  0,
	  1,
	  "100:pve1>pve2(balance)" },
	{ "but it is emptied all the same",
	  { DRAINED("pve1", 64), NODE("pve2", 64) },
	  { VM(100, "pve1", 10, 20), VM(101, "pve1", 10, 20) },
	  { { .name = NULL } },
	  0,
	  1,
	  "100:pve1>pve2(drain pve1) 101:pve1>pve2(drain pve1)" },
};

static void what_must_be_comes_first_and_what_cannot_be_says_why(void **state)
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
		if (!str_eq(buf_str(&said), rows[i].answer))
			print_error("%s: %s\n", rows[i].name, buf_str(&said));
		assert_string_equal(buf_str(&said), rows[i].answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_be_comes_first_and_what_cannot_be_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
