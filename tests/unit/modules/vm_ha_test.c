/* SPDX-License-Identifier: GPL-3.0-or-later */
/* High availability and moves of VMs, against the simulator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/plan.h"
#include "lib/task.h"
#include "sim/state.h"

#define WEB(more) "{\"project\":\"acme\",\"name\":\"web\"" more "}"
#define CHECK ",\"_ansible_check_mode\":true,\"_ansible_diff\":true"
#define NEW ",\"flavor\":\"small\",\"node\":\"pve1\""
#define ADD(state, rest)                                                                           \
	"POST /cluster/ha/resources comment=*" rest "&sid=vm%3A100&state=" state "\n"

/* Tasks in the order of the rows, in one lab; what each writes to the wire. */
static const struct {
	const char *name, *task, *writes;
} rows[] = {
	{ "made in check mode", WEB(NEW ",\"ha\":{}" CHECK), "" },
	{ "made", WEB(NEW ",\"power\":\"running\",\"ha\":{\"max_restart\":2}"),
	  "*POST /nodes/pve1/qemu *\nPOST /nodes/pve1/qemu/100/status/start\n" ADD(
		  "started", "&max_restart=2") "*" },
	{ "as it is", WEB(",\"ha\":{\"max_restart\":2}"), "" },
	{ "changed in check mode", WEB(",\"ha\":{\"max_restart\":3}" CHECK), "" },
	{ "changed", WEB(",\"ha\":{\"max_restart\":3,\"failback\":false}"),
	  "PUT /cluster/ha/resources/vm%3A100 digest=*&failback=0&max_restart=3\n" },
	{ "moved in check mode", WEB(",\"node\":\"pve2\"" CHECK), "" },
	{ "moved", WEB(",\"node\":\"pve2\""),
	  "POST /nodes/pve1/qemu/100/migrate online=1&target=pve2\n" },
	{ "is there", WEB(",\"node\":\"pve2\""), "" },
	{ "stopped", WEB(",\"power\":\"stopped\""),
	  "PUT /cluster/ha/resources/vm%3A100 state=stopped\n" },
	{ "taken out in check mode", WEB(",\"ha\":{\"enabled\":false}" CHECK), "" },
	{ "taken out", WEB(",\"ha\":{\"enabled\":false}"),
	  "DELETE /cluster/ha/resources/vm%3A100\n" },
	{ "put in", WEB(",\"ha\":{}"), ADD("stopped", "") },
	{ "removed in check mode", WEB(",\"state\":\"absent\"" CHECK), "" },
	{ "removed", WEB(",\"state\":\"absent\""),
	  "DELETE /cluster/ha/resources/vm%3A100\nDELETE /nodes/pve2/qemu/100 *\n" },
};

static void each_task_sends_these_writes(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 1);
	lab_prepare(&lab);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *writes = NULL;

		if (lab_task(&lab, "pxc_vm", rows[i].task) < 0)
			fail_msg("%s: %s", rows[i].name, lab.err.msg);
		writes = lab_writes(&lab);
		if (!plan_fits(rows[i].writes, writes))
			fail_msg("%s:\nwanted\n%sgot\n%s", rows[i].name, rows[i].writes, writes);
	}
}

static const json_t *ha_of(const struct lab *lab)
{
	return json_object_get(json_object_get(lab->result, "vm"), "ha");
}

/* What only a policy says is done by the run that finishes a creation, wherever it was cut off; and never again. */
static void a_policy_survives_being_cut_off(void **state)
{
	static const char task[] = WEB(NEW ",\"power\":\"running\",\"task_timeout\":3600");

	(void)state;
	for (unsigned long at = 1; at < 250; at++) {
		auto_lab struct lab lab;
		bool killed;

		lab_create(&lab, 2);
		lab_prepare(&lab);
		lab_must(&lab, "pxc_project", "{\"name\":\"acme\",\"ha\":\"enabled\"}");
		lab.kill_after = at;
		(void)lab_task(&lab, "pxc_vm", task);
		killed = lab.killed;
		lab.kill_after = 0;
		lab_must(&lab, "pxc_vm", task);
		if (!json_is_true(json_object_get(ha_of(&lab), "enabled")))
			fail_msg("killed at %lu: it is not in HA", at);
		lab_must(&lab, "pxc_vm", WEB(",\"ha\":{\"enabled\":false}"));
		lab_must(&lab, "pxc_vm", task);
		assert_false(json_is_true(json_object_get(ha_of(&lab), "enabled")));
		assert_false(json_is_true(json_object_get(lab.result, "changed")));
		if (!killed)
			return;
	}
	fail_msg("the task never ended by itself");
}

/* PVE would move it, and the HA manager bring it back. */
static void a_move_that_would_be_undone(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL;

	(void)state;
	lab_create(&lab, 3);
	lab_prepare(&lab);
	lab_must(&lab, "pxc_vm", WEB(NEW ",\"power\":\"running\",\"ha\":{}"));
	sim_advance(lab.sim, 60000);
	json_decref(lab_ask(&lab, "POST", "/cluster/ha/rules",
			    "rule=here&type=node-affinity&nodes=pve1&strict=1&resources=vm%3A100"));
	sim_advance(lab.sim, 60000);
	assert_int_equal(lab_task(&lab, "pxc_vm", WEB(",\"node\":\"pve2\"")), -1);
	assert_non_null(strstr(
		lab.err.msg,
		"vm acme/web cannot move from pve1 to pve2: HA rule here does not allow that node"));
	writes = lab_writes(&lab);
	assert_string_equal(writes, "");
}

/* On PVE 8 there are groups, and less that can be said. */
static void pve_8_has_less(void **state)
{
	struct sim_options options = {
		.seed = 4,
		.pve = 8,
		.world =
			"{\"guests\":[{\"vmid\":9000,\"node\":\"pve1\",\"config\":{\"name\":\"tpl\",\"memory\":\"512\","
			"\"scsi0\":\"shared:3,format=qcow2\"}}]}",
	};
	auto_lab struct lab lab;

	(void)state;
	lab_create_as(&lab, &options);
	lab_prepare(&lab);
	lab_must(&lab, "pxc_vm", WEB(NEW ",\"power\":\"stopped\",\"ha\":{\"max_restart\":2}"));
	assert_int_equal(json_integer_value(json_object_get(ha_of(&lab), "max_restart")), 2);
	assert_int_equal(lab_task(&lab, "pxc_vm", WEB(",\"ha\":{\"failback\":false}")), -1);
	assert_non_null(strstr(lab.err.msg, "failback needs PVE 9"));
	lab_must(&lab, "pxc_vm", WEB(",\"ha\":{\"enabled\":false}"));
	assert_true(json_is_true(json_object_get(lab.result, "changed")));
	assert_false(json_is_true(json_object_get(ha_of(&lab), "enabled")));
}

/* Whoever cannot change HA learns it before the VM is made. */
static void a_missing_right_is_named_first(void **state)
{
	auto_lab struct lab lab;
	auto_free char *writes = NULL, *task = NULL;
	json_auto_t *token = NULL;

	(void)state;
	lab_create(&lab, 5);
	lab_prepare(&lab);
	json_decref(lab_ask(&lab, "POST", "/access/users", "userid=few@pve"));
	json_decref(lab_ask(&lab, "PUT", "/access/acl", "path=/&roles=PVEAuditor&users=few@pve"));
	json_decref(lab_ask(&lab, "PUT", "/access/acl",
			    "path=/pool/acme&roles=PVEAdmin&users=few@pve"));
	token = lab_ask(&lab, "POST", "/access/users/few@pve/token/tok", "privsep=0");
	task = pxc_printf(WEB(NEW ",\"ha\":{},\"api_token_secret\":\"%s\""),
			  json_string_value(json_object_get(token, "value")));
	lab.token = "few@pve!tok";
	assert_int_equal(lab_task(&lab, "pxc_vm", task), -1);
	if (!strstr(lab.err.msg, "it needs the privilege Sys.Console on /"))
		fail_msg("%s", lab.err.msg);
	writes = lab_writes(&lab);
	assert_string_equal(writes, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_sends_these_writes),
		cmocka_unit_test(a_policy_survives_being_cut_off),
		cmocka_unit_test(a_move_that_would_be_undone),
		cmocka_unit_test(pve_8_has_less),
		cmocka_unit_test(a_missing_right_is_named_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
