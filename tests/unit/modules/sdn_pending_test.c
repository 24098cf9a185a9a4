/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes to the SDN that wait to be applied: those of others, and on PVE 8 also ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/sdn_lab.h"

#define GROUP "POST /access/groups comment=*&groupid=pxc-lock-sdn\n"
#define BLUE(rest) "{\"project\":\"acme\",\"name\":\"blue\"" rest "}"
#define CHECK ",\"_ansible_check_mode\":true"
#define TWO "{\"project\":\"acme\",\"networks\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"

static void changes_of_others_are_neither_applied_nor_lost(void **state)
{
	auto_lab struct lab lab;
	auto_free char *before = NULL, *after = NULL, *running = NULL, *writes = NULL;

	(void)state;
	sdn_lab_create(&lab, 9, 11);
	sdn_lab_ask(&lab, "POST", "/cluster/sdn/zones", "zone=theirs&type=simple");
	before = sdn_lab_state(&lab, false);
	assert_int_equal(lab_task(&lab, "pxc_sdn", BLUE("")), -1);
	assert_non_null(strstr(
		lab.err.msg,
		"changes of others to the SDN wait to be applied, and would be with ours: zone "
		"theirs (new); apply them or take them back first"));
	writes = lab_writes(&lab);
	assert_string_equal(writes,
			    GROUP "POST /cluster/sdn/lock\nDELETE /access/groups/pxc-lock-sdn\n");
	after = sdn_lab_state(&lab, false);
	running = sdn_lab_state(&lab, true);
	assert_string_equal(before, after);
	assert_string_equal(running, " /  / ");
	assert_false(sdn_lab_locked(&lab));
	/* In check mode it is a warning. */
	lab_must(&lab, "pxc_sdn", BLUE(CHECK));
	assert_true(plan_fits(
		"*changes to the SDN wait to be applied: zone theirs (new)*",
		json_string_value(json_array_get(json_object_get(lab.result, "warnings"), 0))));
	/* Once they are applied it goes on. */
	sdn_lab_ask(&lab, "PUT", "/cluster/sdn", "");
	sim_advance(lab.sim, 20000);
	lab_must(&lab, "pxc_sdn", BLUE(""));
	sdn_lab_is_clean(&lab);
}

static void on_pve_8_changes_of_others_are_refused(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	sdn_lab_create(&lab, 8, 14);
	sdn_lab_ask(&lab, "POST", "/cluster/sdn/zones", "zone=theirs&type=simple");
	assert_int_equal(lab_task(&lab, "pxc_sdn", BLUE("")), -1);
	assert_int_equal(lab.err.kind, PXC_EINVAL);
	assert_non_null(strstr(
		lab.err.msg,
		"changes of others to the SDN wait to be applied, and would be with ours: zone "
		"theirs (new)"));
	writes = lab_writes(&lab);
	assert_string_equal(writes, "");
	assert_int_equal(lab_task(&lab, "pxc_sdn", BLUE(CHECK)), -1);
}

/* What a failed task has written there waits, is not taken for somebody else's, and is gone on with. */
static void on_pve_8_a_failed_task_is_gone_on_with(void **state)
{
	static const char *const faults[] = {
		"POST /cluster/sdn/vnets nth=2 status=500 text=\"no space left\"\n",
		"PUT /cluster/sdn status=500 text=\"no space left\"\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		auto_lab struct lab lab;
		auto_free char *running = NULL, *configured = NULL, *writes = NULL;

		sdn_lab_create(&lab, 8, 13);
		sdn_lab_faults(&lab, faults[i]);
		assert_int_equal(lab_task(&lab, "pxc_sdn", TWO), -1);
		assert_non_null(strstr(lab.err.msg, "no space left"));
		configured = sdn_lab_state(&lab, false);
		if (!plan_fits(i ? "tenant / n* n* / " : "tenant / n* / ", configured))
			fail_msg("%s%s", faults[i], configured);
		sdn_lab_faults(&lab, "");
		lab_must(&lab, "pxc_sdn", TWO);
		writes = lab_writes(&lab);
		assert_int_equal(lab_count(writes, "POST /cluster/sdn/zones"), 0);
		assert_int_equal(lab_count(writes, "POST /cluster/sdn/vnets"), 1 - i);
		assert_int_equal(lab_count(writes, "PUT /cluster/sdn\n"), 1);
		running = sdn_lab_state(&lab, true);
		assert_true(plan_fits("tenant / n* n* / ", running));
		assert_true(json_is_true(json_object_get(lab.result, "changed")));
		sdn_lab_is_clean(&lab);
	}
}

/* A zone bears no token, but the same task makes it. */
static void on_pve_8_a_failed_task_goes_on_with_its_own_zone(void **state)
{
	static const char task[] =
		"{\"kind\":\"provider\",\"name\":\"lan\",\"zone\":\"lab\",\"zone_type\":\"simple\"}";
	auto_lab struct lab lab;
	auto_free char *running = NULL;

	(void)state;
	sdn_lab_create(&lab, 8, 13);
	sdn_lab_faults(&lab, "POST /cluster/sdn/vnets status=500 text=\"no space left\"\n");
	assert_int_equal(lab_task(&lab, "pxc_sdn", task), -1);
	sdn_lab_faults(&lab, "");
	lab_must(&lab, "pxc_sdn", task);
	running = sdn_lab_state(&lab, true);
	assert_true(plan_fits("lab / n* / ", running));
	sdn_lab_is_clean(&lab);
}

static void on_pve_8_a_failed_removal_is_gone_on_with(void **state)
{
	static const char *const tasks[][2] = {
		{ BLUE(",\"subnets\":[{\"cidr\":\"10.0.0.0/24\"}]"),
		  BLUE(",\"state\":\"absent\"") },
		{ BLUE(""), BLUE(",\"state\":\"absent\",\"remove_zone\":true") },
		{ "{\"kind\":\"provider\",\"name\":\"lan\",\"zone\":\"lab\",\"zone_type\":\"simple\"}",
		  "{\"kind\":\"provider\",\"name\":\"lan\",\"zone\":\"lab\",\"state\":\"absent\",\"remove_zone\":true}" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(tasks); i++) {
		const char *const *task = tasks[i / 2];
		auto_lab struct lab lab;
		auto_free char *before = NULL, *running = NULL;
		bool stays = i % 2; /* the next task wants it again */

		sdn_lab_create(&lab, 8, 13);
		lab_must(&lab, "pxc_sdn", task[0]);
		before = sdn_lab_state(&lab, true);
		sdn_lab_faults(&lab, "PUT /cluster/sdn status=500 text=\"no space left\"\n");
		assert_int_equal(lab_task(&lab, "pxc_sdn", task[1]), -1);
		sdn_lab_faults(&lab, "");
		lab_must(&lab, "pxc_sdn", stays ? task[0] : task[1]);
		running = sdn_lab_state(&lab, true);
		assert_string_equal(running, stays ? before : i ? " /  / " : "tenant /  / ");
		sdn_lab_is_clean(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_of_others_are_neither_applied_nor_lost),
		cmocka_unit_test(on_pve_8_changes_of_others_are_refused),
		cmocka_unit_test(on_pve_8_a_failed_task_is_gone_on_with),
		cmocka_unit_test(on_pve_8_a_failed_task_goes_on_with_its_own_zone),
		cmocka_unit_test(on_pve_8_a_failed_removal_is_gone_on_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
