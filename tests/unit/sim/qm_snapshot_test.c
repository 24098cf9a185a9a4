/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#define GUEST "/nodes/pve1/qemu/100"

static struct sim *with_guest(const char *format)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	auto_free char *form = pxc_printf("vmid=100&cores=2&scsi0=data:1,format=%s", format);

	expect(sim, "POST", "/nodes/pve1/qemu", form, 200, NULL);
	return sim;
}

static const char *last_status(const struct sim *sim)
{
	return sim->tasks[sim->task_count - 1]->status;
}

static void a_rollback_brings_options_and_sizes_back(void **state)
{
	struct sim *sim = with_guest("qcow2");
	const struct sim_guest *guest = sim_guest_find(sim, 100);

	(void)state;
	expect(sim, "POST", GUEST "/snapshot", "snapname=s1", 200, NULL);
	expect(sim, "PUT", GUEST "/config", "cores=4&description=kept", 200, NULL);
	expect(sim, "PUT", GUEST "/resize", "disk=scsi0&size=%2B1G", 200, NULL);
	assert_string_equal(text_of(guest->config, "scsi0"),
			    "data:100/vm-100-disk-0.qcow2,size=2G");
	expect(sim, "POST", GUEST "/snapshot/s1/rollback", NULL, 200, NULL);
	assert_string_equal(last_status(sim), "OK");
	assert_int_equal(json_integer_value(json_object_get(guest->config, "cores")), 2);
	assert_string_equal(text_of(guest->config, "scsi0"),
			    "data:100/vm-100-disk-0.qcow2,size=1G");
	assert_string_equal(text_of(guest->config, "description"), "kept");
	assert_string_equal(text_of(guest->config, "parent"), "s1");
	assert_int_equal(
		sim_volume_find(sim, "data:100/vm-100-disk-0.qcow2", guest->node)->size_bytes,
		1 << 30);
	sim_free(sim);
}

static void snapshots_have_parents_and_end_with_the_present(void **state)
{
	struct sim *sim = with_guest("qcow2");

	(void)state;
	expect(sim, "POST", GUEST "/snapshot", "snapname=s1&description=one", 200, NULL);
	expect(sim, "POST", GUEST "/snapshot", "snapname=s2", 200, NULL);
	{
		struct answer answer auto_answer = ask(sim, "GET", GUEST "/snapshot", NULL);

		assert_int_equal(json_array_size(data_of(&answer)), 3);
		assert_string_equal(text_of(json_array_get(data_of(&answer), 1), "parent"), "s1");
		assert_string_equal(text_of(json_array_get(data_of(&answer), 2), "name"),
				    "current");
		assert_string_equal(text_of(json_array_get(data_of(&answer), 2), "parent"), "s2");
	}
	expect(sim, "DELETE", GUEST "/snapshot/s1", NULL, 200, NULL);
	assert_null(json_object_get(json_object_get(sim_guest_find(sim, 100)->snapshots, "s2"),
				    "parent"));
	sim_free(sim);
}

static void most_mistakes_show_only_in_the_task(void **state)
{
	static const struct {
		const char *method, *path, *form, *status;
	} rows[] = {
		{ "POST", GUEST "/snapshot", "snapname=s1", "snapshot name 's1' already used" },
		{ "POST", GUEST "/snapshot/nosuch/rollback", NULL,
		  "snapshot 'nosuch' does not exist" },
		{ "DELETE", GUEST "/snapshot/nosuch", NULL, "snapshot 'nosuch' does not exist" },
		{ "PUT", GUEST "/resize", "disk=scsi0&size=512M",
		  "shrinking disks is not supported" },
		{ "PUT", GUEST "/resize", "disk=scsi7&size=2G", "disk 'scsi7' does not exist" },
	};
	struct sim *sim = with_guest("qcow2");

	(void)state;
	expect(sim, "POST", GUEST "/snapshot", "snapname=s1", 200, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		expect(sim, rows[i].method, rows[i].path, rows[i].form, 200, NULL);
		assert_string_equal(last_status(sim), rows[i].status);
	}
	expect(sim, "POST", GUEST "/template", NULL, 500,
	       "unable to create template, because VM contains snapshots");
	sim_free(sim);
}

static void raw_files_have_no_snapshots(void **state)
{
	struct sim *sim = with_guest("raw");

	(void)state;
	expect(sim, "POST", GUEST "/snapshot", "snapname=s1", 200, NULL);
	assert_string_equal(last_status(sim), "snapshot feature is not available");
	sim_free(sim);
}

static void the_ram_of_a_running_guest_is_a_volume_until_its_snapshot_goes(void **state)
{
	struct sim *sim = with_guest("qcow2");

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	expect(sim, "POST", GUEST "/snapshot", "snapname=s1&vmstate=1", 200, NULL);
	assert_int_equal(sim->volumes.count, 2);
	expect(sim, "POST", GUEST "/status/stop", NULL, 200, NULL);
	expect(sim, "POST", GUEST "/snapshot/s1/rollback", NULL, 200, NULL);
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_RUNNING);
	expect(sim, "DELETE", GUEST "/snapshot/s1", NULL, 200, NULL);
	assert_int_equal(sim->volumes.count, 1);
	sim_free(sim);
}

static void nobody_changes_a_guest_while_its_snapshot_is_made(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);

	(void)state;
	expect(sim, "POST", "/nodes/pve1/qemu", "vmid=100&scsi0=data:1,format=qcow2", 200, NULL);
	sim_advance(sim, 2000);
	expect(sim, "POST", GUEST "/snapshot", "snapname=s1", 200, NULL);
	expect(sim, "PUT", GUEST "/config", "cores=2", 500, "VM is locked (snapshot)");
	sim_advance(sim, 1000);
	assert_string_equal(last_status(sim), "OK");
	expect(sim, "POST", GUEST "/snapshot/s1/rollback", NULL, 200, NULL);
	expect(sim, "PUT", GUEST "/config", "cores=2", 500, "VM is locked (rollback)");
	sim_advance(sim, 1000);
	expect(sim, "DELETE", GUEST "/snapshot/s1", NULL, 200, NULL);
	expect(sim, "PUT", GUEST "/config", "cores=2", 500, "VM is locked (snapshot-delete)");
	{
		const struct sim_task *task = sim->tasks[sim->task_count - 1];
		auto_free char *path = pxc_printf("/nodes/pve1/tasks/%s", task->upid);

		expect(sim, "DELETE", path, NULL, 200, NULL);
	}
	expect(sim, "PUT", GUEST "/config", "cores=2", 200, NULL);
	assert_non_null(json_object_get(sim_guest_find(sim, 100)->snapshots, "s1"));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rollback_brings_options_and_sizes_back),
		cmocka_unit_test(snapshots_have_parents_and_end_with_the_present),
		cmocka_unit_test(most_mistakes_show_only_in_the_task),
		cmocka_unit_test(raw_files_have_no_snapshots),
		cmocka_unit_test(nobody_changes_a_guest_while_its_snapshot_is_made),
		cmocka_unit_test(the_ram_of_a_running_guest_is_a_volume_until_its_snapshot_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
