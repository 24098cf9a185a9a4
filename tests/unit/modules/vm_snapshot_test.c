/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/task.h"
#include "sim/state.h"

#define LOCK "POST /access/groups comment=*&groupid=pxc-lock-project.acme\n"
#define UNLOCK "DELETE /access/groups/pxc-lock-project.acme\n"
#define NOTE "PUT /nodes/pve1/qemu/100/config description=*\n"
#define SNAP "/nodes/pve1/qemu/100/snapshot"

/* Tasks in the order of the rows, in one lab; what each writes to the wire, exactly, or "!" and how it is refused. */
static const struct row {
	const char *name, *task, *writes;
} rows[] = {
	{ "taken",
	  "\"snapshots\":[{\"name\":\"s1\",\"description\":\"one\"}],\"metadata\":{\"k\":\"v\"}",
	  LOCK "PUT /nodes/pve1/qemu/100/config description=*&digest=*\nPOST " SNAP
	       " description=*&snapname=s1\n" UNLOCK },
	{ "there", "\"snapshots\":[{\"name\":\"s1\",\"description\":\"one\"}]", "" },
	{ "described", "\"snapshots\":[{\"name\":\"s1\",\"description\":\"two\"}]",
	  "PUT " SNAP "/s1/config description=*\n" },
	{ "with memory", "\"power\":\"running\",\"snapshots\":[{\"name\":\"s2\",\"vmstate\":true}]",
	  LOCK "POST /nodes/pve1/qemu/100/status/start\nPOST " SNAP
	       " snapname=s2&vmstate=1\n" UNLOCK },
	{ "in check mode", "\"rollback\":\"s1\",\"_ansible_check_mode\":true", "" },
	{ "not allowed", "\"rollback\":\"s1\",\"allow\":\"disrupts\"", "!*destroys*" },
	{ "changed", "\"memory\":1024,\"metadata\":{},\"tags\":[\"later\"]",
	  LOCK
	  "PUT /nodes/pve1/qemu/100/config description=*&digest=*&memory=1024&tags=pxc%3Bstack-default%3Blater\n" UNLOCK },
	{ "rolled back, and made what the task says", "\"rollback\":\"s1\",\"memory\":2048",
	  LOCK "POST " SNAP "/s1/rollback start=1\n" NOTE
	       "PUT /nodes/pve1/qemu/100/config digest=*&memory=2048\n" UNLOCK },
	{ "by each run", "\"rollback\":\"s1\"",
	  LOCK "POST " SNAP "/s1/rollback start=1\n" NOTE UNLOCK },
	{ "to one with memory", "\"rollback\":\"s2\",\"power\":\"stopped\"",
	  LOCK "POST " SNAP "/s2/rollback\n" NOTE
	       "POST /nodes/pve1/qemu/100/status/shutdown timeout=180\n" UNLOCK },
	{ "to none", "\"rollback\":\"s3\"", "!vm acme/a has no snapshot s3" },
	{ "removed", "\"snapshots\":[{\"name\":\"s1\",\"state\":\"absent\"}]",
	  "DELETE " SNAP "/s1\n" },
	{ "not there", "\"snapshots\":[{\"name\":\"s1\",\"state\":\"absent\"}]", "" },
	{ "with the VM", "\"state\":\"absent\"",
	  "DELETE " SNAP "/s2 force=1\n"
	  "DELETE /nodes/pve1/qemu/100 destroy-unreferenced-disks=1&purge=1\n" },
};

static bool fits(const char *pattern, const char *text)
{
	if (*pattern == '*')
		return fits(pattern + 1, text) || (*text && fits(pattern, text + 1));
	return *pattern == *text && (!*text || fits(pattern + 1, text + 1));
}

static void make(struct lab *lab)
{
	lab_prepare(lab);
	lab_must(
		lab, "pxc_vm",
		"{\"project\":\"acme\",\"name\":\"a\",\"template\":{\"vmid\":9000},\"power\":\"stopped\","
		"\"node\":\"pve1\"}");
}

static void each_task_sends_exactly_these_writes(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 1);
	make(&lab);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_free char *task =
			pxc_printf("{\"project\":\"acme\",\"name\":\"a\",%s}", rows[i].task);
		auto_free char *writes = NULL;
		int r = lab_task(&lab, "pxc_vm", task);

		writes = lab_writes(&lab);
		if (*rows[i].writes == '!' && r < 0 && !*writes &&
		    fits(rows[i].writes + 1, lab.err.msg))
			continue;
		if (r < 0 || strcmp(writes, rows[i].writes) != 0)
			fail_msg("%s:\nwanted\n%sgot\n%s%s", rows[i].name, rows[i].writes, writes,
				 lab.err.msg);
	}
}

static void what_a_rollback_leaves_is_shown(void **state)
{
	auto_lab struct lab lab;
	const json_t *vm;

	(void)state;
	lab_create(&lab, 2);
	make(&lab);
	lab_must(&lab, "pxc_vm",
		 "{\"project\":\"acme\",\"name\":\"a\",\"snapshots\":[{\"name\":\"s1\"}]}");
	lab_must(&lab, "pxc_vm",
		 "{\"project\":\"acme\",\"name\":\"a\",\"memory\":1024,\"description\":\"later\"}");
	vm = json_object_get(lab.result, "vm");
	assert_null(json_object_get(vm, "snapshots"));
	lab_must(&lab, "pxc_vm", "{\"project\":\"acme\",\"name\":\"a\",\"rollback\":\"s1\"}");
	vm = json_object_get(lab.result, "vm");
	assert_true(json_is_true(json_object_get(vm, "changed")));
	assert_int_equal(json_integer_value(json_object_get(vm, "memory_mb")), 512);
	assert_string_equal(json_string_value(json_object_get(vm, "description")), "later");
	assert_string_equal(json_string_value(json_object_get(vm, "rolled_back")), "s1");
	assert_string_equal(json_string_value(json_object_get(vm, "status")), "stopped");
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(vm, "snapshots"), 0), "name")),
			    "s1");
	assert_int_equal(json_array_size(json_object_get(vm, "snapshots")), 1);
}

/* Cut off anywhere, the next run ends where the first would have. */
static void a_run_that_was_cut_off_is_finished(void **state)
{
	static const char task[] =
		"{\"project\":\"acme\",\"name\":\"a\",\"rollback\":\"s1\",\"memory\":2048,"
		"\"snapshots\":[{\"name\":\"s2\"}],\"task_timeout\":3600}";

	(void)state;
	for (unsigned long at = 1, all = 120; at <= all; at++) {
		auto_lab struct lab lab;
		const json_t *vm;

		lab_create(&lab, 3);
		make(&lab);
		lab_must(&lab, "pxc_vm",
			 "{\"project\":\"acme\",\"name\":\"a\",\"snapshots\":[{\"name\":\"s1\"}]}");
		lab_must(&lab, "pxc_vm", "{\"project\":\"acme\",\"name\":\"a\",\"memory\":1024}");
		lab.kill_after = at;
		(void)lab_task(&lab, "pxc_vm", task);
		if (!lab.killed)
			return;
		lab_must(&lab, "pxc_vm", task);
		vm = json_object_get(lab.result, "vm");
		assert_int_equal(json_integer_value(json_object_get(vm, "memory_mb")), 2048);
		assert_int_equal(json_array_size(json_object_get(vm, "snapshots")), 2);
	}
	fail_msg("the task never ended by itself");
}

/* Who does not ask for them does not pay for them. */
static void only_tasks_that_name_them_read_snapshots(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 4);
	make(&lab);
	lab_must(&lab, "pxc_vm", "{\"project\":\"acme\",\"name\":\"a\"}");
	assert_null(strstr(buf_str(&lab.log), "/snapshot"));
	lab_must(&lab, "pxc_vm", "{\"project\":\"acme\",\"name\":\"a\",\"snapshots\":[]}");
	assert_non_null(strstr(buf_str(&lab.log), "/snapshot"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_sends_exactly_these_writes),
		cmocka_unit_test(what_a_rollback_leaves_is_shown),
		cmocka_unit_test(a_run_that_was_cut_off_is_finished),
		cmocka_unit_test(only_tasks_that_name_them_read_snapshots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
