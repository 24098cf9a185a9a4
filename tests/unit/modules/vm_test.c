/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/task.h"
#include "sim/state.h"

#define LOCK "POST /access/groups comment=*&groupid=pxc-lock-project.acme\n"
#define UNLOCK "DELETE /access/groups/pxc-lock-project.acme\n"

/* Tasks in the order of the rows, in one lab; what each writes to the wire, exactly. */
static const struct row {
	const char *name, *task, *writes;
} rows[] = {
	{ "created blank",
	  "{\"project\":\"acme\",\"name\":\"a\",\"cores\":1,\"memory\":512,\"disk_size\":1,\"power\":\"stopped\"}",
	  LOCK
	  "POST /nodes/pve1/qemu agent=1&description=*&name=a&ostype=l26&pool=acme&"
	  "scsi0=shared%3A1&scsihw=virtio-scsi-single&smbios1=*&tags=pxc%3Bstack-default&vmid=100\n" UNLOCK },
	{ "cloned",
	  "{\"project\":\"acme\",\"name\":\"b\",\"flavor\":\"small\",\"template\":{\"vmid\":9000},\"power\":\"running\","
	  "\"node\":\"pve1\"}",
	  LOCK "POST /nodes/pve1/qemu/9000/clone description=*&full=0&name=b&newid=101&pool=acme\n"
	       "PUT /nodes/pve1/qemu/101/config description=*&smbios1=*&tags=pxc%3Bstack-default\n"
	       "POST /nodes/pve1/qemu/101/status/start\n" UNLOCK },
	{ "nothing to do", "{\"project\":\"acme\",\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "" },
	{ "changed in check mode",
	  "{\"project\":\"acme\",\"name\":\"a\",\"memory\":1024,\"_ansible_check_mode\":true}",
	  "" },
	{ "created in check mode",
	  "{\"project\":\"acme\",\"name\":\"c\",\"cores\":1,\"memory\":512,\"_ansible_check_mode\":true,\"_ansible_diff\":true}",
	  "" },
	{ "removed in check mode",
	  "{\"project\":\"acme\",\"name\":\"b\",\"state\":\"absent\",\"_ansible_check_mode\":true}",
	  "" },
	{ "changed",
	  "{\"project\":\"acme\",\"name\":\"a\",\"memory\":1024,\"networks\":[{\"tag\":5}],\"disk_size\":2}",
	  LOCK
	  "PUT /nodes/pve1/qemu/100/config digest=*&memory=1024&net0=virtio%2Cbridge%3Dvmbr0%2Ctag%3D5\n"
	  "PUT /nodes/pve1/qemu/100/resize disk=scsi0&size=2G\n" UNLOCK },
	{ "a disk is allocated by a task",
	  "{\"project\":\"acme\",\"name\":\"a\",\"disks\":[{\"size\":1}]}",
	  "POST /nodes/pve1/qemu/100/config digest=*&scsi1=shared%3A1\n" },
	{ "a disk is destroyed",
	  "{\"project\":\"acme\",\"name\":\"a\",\"disks\":[{\"slot\":\"scsi1\",\"state\":\"absent\"}]}",
	  "PUT /nodes/pve1/qemu/100/unlink force=1&idlist=scsi1\n" },
	{ "moved", "{\"project\":\"acme\",\"name\":\"b\",\"node\":\"pve2\"}",
	  "POST /nodes/pve1/qemu/101/migrate online=1&target=pve2\n" },
	{ "refused", "{\"project\":\"acme\",\"name\":\"a\",\"disk_size\":1}", "" },
	{ "removed",
	  "{\"project\":\"acme\",\"state\":\"absent\",\"force_stop\":true,\"vms\":[{\"name\":\"b\"}]}",
	  "POST /nodes/pve2/qemu/101/status/stop\n"
	  "DELETE /nodes/pve2/qemu/101 destroy-unreferenced-disks=1&purge=1\n" },
};

static void each_task_sends_exactly_these_writes(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 1);
	lab_prepare(&lab);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *writes = NULL;
		int r = lab_task(&lab, "pxc_vm", rows[i].task);

		if (r < 0 && strcmp(rows[i].name, "refused") != 0)
			fail_msg("%s: %s", rows[i].name, lab.err.msg);
		writes = lab_writes(&lab);
		if (strcmp(writes, rows[i].writes) != 0)
			fail_msg("%s:\nwanted\n%sgot\n%s", rows[i].name, rows[i].writes, writes);
	}
}

static void check_mode_predicts_what_is_done(void **state)
{
	static const char task[] =
		"\"project\":\"acme\",\"name\":\"a\",\"cores\":1,\"memory\":512,\"power\":\"running\"";
	auto_lab struct lab lab;
	auto_free char *check = pxc_printf("{%s,\"_ansible_check_mode\":true}", task),
		       *real = pxc_printf("{%s}", task);
	json_auto_t *predicted = NULL;

	(void)state;
	lab_create(&lab, 2);
	lab_prepare(&lab);
	lab_must(&lab, "pxc_vm", check);
	predicted = json_incref(json_object_get(lab.result, "steps"));
	assert_true(json_is_true(json_object_get(lab.result, "changed")));
	lab_must(&lab, "pxc_vm", real);
	assert_true(json_equal(predicted, json_object_get(lab.result, "steps")));
}

static void one_failure_does_not_hide_the_others(void **state)
{
	auto_lab struct lab lab;
	const json_t *vms;

	(void)state;
	lab_create(&lab, 3);
	lab_prepare(&lab);
	/* A name that PVE refuses cannot pass decode, so one VM fails on a raw option that PVE does not know. */
	assert_int_equal(
		lab_task(
			&lab, "pxc_vm",
			"{\"project\":\"acme\",\"cores\":1,\"memory\":512,\"power\":\"stopped\",\"vms\":[{\"name\":\"a\"},"
			"{\"name\":\"b\",\"config\":{\"nosuch\":\"1\"}},{\"name\":\"c\"}]}"),
		-1);
	assert_non_null(strstr(lab.err.msg, "1 of 3 failed"));
	assert_non_null(strstr(lab.err.msg, "nosuch"));
	vms = json_object_get(lab.result, "vms");
	assert_true(json_is_true(json_object_get(json_array_get(vms, 0), "changed")));
	assert_true(json_is_true(json_object_get(json_array_get(vms, 1), "failed")));
	assert_true(json_is_true(json_object_get(json_array_get(vms, 2), "changed")));
}

static void only_the_wanted_guests_are_read(void **state)
{
	auto_lab struct lab lab;
	unsigned gets = 0;

	(void)state;
	lab_create(&lab, 4);
	lab_prepare(&lab);
	lab_must(
		&lab, "pxc_vm",
		"{\"project\":\"acme\",\"cores\":1,\"memory\":64,\"power\":\"stopped\",\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"},"
		"{\"name\":\"c\"},{\"name\":\"d\"},{\"name\":\"e\"}]}");
	lab_must(
		&lab, "pxc_vm",
		"{\"project\":\"acme\",\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}");
	for (const char *p = buf_str(&lab.log); (p = strstr(p, "/pending")); p++)
		gets++;
	assert_int_equal(gets, 3);
}

/* Between the list and the read a guest may be deleted or migrated: the next look decides, not the old list. */
static void a_guest_gone_while_it_is_read_is_looked_for_again(void **state)
{
	static const char faults[] =
		"GET /nodes/*/qemu/100/pending count=2 status=500 text=\"Configuration file "
		"'nodes/pve1/qemu-server/100.conf' does not exist\"\n";
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 5);
	lab_prepare(&lab);
	lab_must(
		&lab, "pxc_vm",
		"{\"project\":\"acme\",\"name\":\"a\",\"cores\":1,\"memory\":64,\"power\":\"stopped\"}");
	assert_return_code(sim_faults_parse(faults, &lab.sim->faults, &lab.err), 0);
	lab_must(&lab, "pxc_vm", "{\"project\":\"acme\",\"name\":\"a\"}");
	assert_false(json_is_true(json_object_get(lab.result, "changed")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_sends_exactly_these_writes),
		cmocka_unit_test(check_mode_predicts_what_is_done),
		cmocka_unit_test(one_failure_does_not_hide_the_others),
		cmocka_unit_test(only_the_wanted_guests_are_read),
		cmocka_unit_test(a_guest_gone_while_it_is_read_is_looked_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
