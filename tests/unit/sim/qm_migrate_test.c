/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void the_precondition_names_nodes_and_local_disks(void **state)
{
	struct sim *sim = with_guest(3, 0, "scsi0=data:1&scsi1=shared:1");
	json_auto_t *pre = NULL;
	const json_t *disks;

	(void)state;
	assert_int_equal(sim_event(sim, "kill", "pve3"), 0);
	pre = get(sim, GUEST "/migrate");
	disks = json_object_get(pre, "local_disks");
	assert_int_equal(json_array_size(json_object_get(pre, "allowed_nodes")), 1);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(pre, "allowed_nodes"), 0)),
		"pve2");
	assert_int_equal(json_array_size(disks), 1);
	assert_string_equal(text_of(json_array_get(disks, 0), "volid"),
			    "data:100/vm-100-disk-0.raw");
	assert_int_equal(qm_int(pre, "running", -1), 0);
	sim_free(sim);
}

static void a_stopped_guest_takes_local_disks_along(void **state)
{
	struct sim *sim = with_guest(3, 1, "scsi0=data:1&scsi1=shared:1");

	(void)state;
	expect(sim, "POST", GUEST "/migrate", "target=pve2", 200, NULL);
	expect(sim, "PUT", GUEST "/config", "cores=2", 500, "VM is locked (migrate)");
	sim_advance(sim, 6000);
	assert_string_equal(last_status(sim), "OK");
	assert_non_null(sim_volume_find(sim, "data:100/vm-100-disk-0.raw", &sim->nodes[1]));
	assert_null(sim_volume_find(sim, "data:100/vm-100-disk-0.raw", &sim->nodes[0]));
	assert_non_null(sim_volume_find(sim, "shared:100/vm-100-disk-0.raw", &sim->nodes[0]));
	sim_free(sim);
}

static void a_target_storage_takes_the_local_disks(void **state)
{
	struct sim *sim = with_guest(3, 0, "scsi0=data:1,ssd=1");

	(void)state;
	expect(sim, "POST", GUEST "/migrate", "target=pve2&targetstorage=nosuch", 500,
	       "storage 'nosuch' does not exist");
	expect(sim, "POST", GUEST "/migrate", "target=pve2&targetstorage=local", 500,
	       "storage 'local' does not support vm images");
	expect_task(sim, "POST", GUEST "/migrate", "target=pve2&targetstorage=shared", "OK");
	expect_option(sim, 100, "scsi0", "shared:100/vm-100-disk-0.raw,size=1G,ssd=1");
	assert_int_equal(sim->volumes.count, 1);
	sim_free(sim);
}

static void a_running_guest_goes_online_and_its_log_says_so(void **state)
{
	struct sim *sim = with_guest(3, 0, "scsi0=data:1");
	const struct sim_task *task;

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	expect(sim, "POST", GUEST "/migrate", "target=pve2&online=1", 200, NULL);
	assert_true(str_starts(last_status(sim), "Problem found while scanning volumes"));
	assert_null(sim_guest_find(sim, 100)->lock);
	expect_task(sim, "POST", GUEST "/migrate", "target=pve2&online=1&with-local-disks=1", "OK");
	task = sim->tasks[sim->task_count - 1];
	assert_non_null(strstr(json_string_value(json_array_get(task->log, 1)),
			       " starting migration of VM 100 to node 'pve2' ("));
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_RUNNING);
	sim_free(sim);
}

static void a_guest_of_the_ha_manager_moves_at_its_next_round(void **state)
{
	struct sim *sim = with_guest(3, 1, "scsi0=shared:1");

	(void)state;
	expect(sim, "POST", "/cluster/ha/resources", "sid=vm:100&state=started", 200, NULL);
	sim_advance(sim, 30000);
	expect(sim, "POST", GUEST "/migrate", "target=pve3&online=1", 200, NULL);
	assert_string_equal(sim->tasks[sim->task_count - 1]->kind->type, "hamigrate");
	assert_string_equal(last_status(sim), "OK");
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve1");
	sim_advance(sim, 20000);
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve3");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_precondition_names_nodes_and_local_disks),
		cmocka_unit_test(a_stopped_guest_takes_local_disks_along),
		cmocka_unit_test(a_target_storage_takes_the_local_disks),
		cmocka_unit_test(a_running_guest_goes_online_and_its_log_says_so),
		cmocka_unit_test(a_guest_of_the_ha_manager_moves_at_its_next_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
