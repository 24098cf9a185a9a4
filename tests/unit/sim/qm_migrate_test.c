/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

/* Does a line of the newest task's log hold the text? */
static bool logged(const struct sim *sim, const char *text)
{
	json_t *line;
	size_t i;

	json_array_foreach (sim->tasks[sim->task_count - 1]->log, i, line)
		if (strstr(json_string_value(line), text))
			return true;
	return false;
}

/* Node pve1 has the world's two running guests of 8 GiB, all of it in use; pve2 has so much memory, in MiB. */
static struct sim *two_big_guests(unsigned memory, double speed)
{
	auto_free char *world = pxc_printf(
		"{\"nodes\": {\"pve2\": {\"memory\": %u, \"cpu\": {\"flags\": \"fpu sse4_2\"}}}, \"guests\": ["
		"{\"vmid\": 100, \"status\": \"running\", \"load\": {\"mem\": 1, \"cpu\": 0}, "
		"\"config\": {\"memory\": \"8192\", \"scsi0\": \"shared:4\"}},"
		"{\"vmid\": 101, \"status\": \"running\", \"load\": {\"mem\": 1, \"cpu\": 0}, "
		"\"config\": {\"memory\": \"8192\", \"scsi0\": \"shared:4\"}}]}",
		memory);

	return cluster(3, speed, world, NULL);
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

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	expect(sim, "POST", GUEST "/migrate", "target=pve2&online=1", 200, NULL);
	assert_string_equal(last_status(sim), "migration aborted");
	assert_true(logged(sim, "can't migrate local disk 'data:100/vm-100-disk-0.raw': can't live "
				"migrate attached local disks without with-local-disks option"));
	assert_null(sim_guest_find(sim, 100)->lock);
	expect_task(sim, "POST", GUEST "/migrate", "target=pve2&online=1&with-local-disks=1", "OK");
	assert_true(logged(sim, "starting migration of VM 100 to node 'pve2' (10.77.0.12)"));
	assert_true(logged(sim, "scsi0: start migration to nbd:unix:"));
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_RUNNING);
	sim_free(sim);
}

/* 8 GiB at 10 Gbit/s are 6.9 seconds, and four more for all that is around it. */
static void the_memory_takes_its_time_and_two_at_once_take_twice_as_long(void **state)
{
	struct sim *sim = two_big_guests(65536, 1);
	struct sim_guest *g = sim_guest_find(sim, 100);

	(void)state;
	expect(sim, "POST", GUEST "/migrate", "target=pve2&online=1", 200, NULL);
	sim_advance(sim, 10000);
	assert_string_equal(g->node->name, "pve1");
	sim_advance(sim, 2000);
	assert_string_equal(g->node->name, "pve2");
	expect(sim, "POST", "/nodes/pve2/qemu/100/migrate", "target=pve3&online=1", 200, NULL);
	expect(sim, "POST", QEMU "/101/migrate", "target=pve3&online=1", 200, NULL);
	sim_advance(sim, 15000);
	assert_string_equal(g->node->name, "pve2");
	sim_advance(sim, 4000);
	assert_string_equal(g->node->name, "pve3");
	sim_free(sim);
}

static void under_way_it_takes_memory_on_both_nodes_and_is_listed_at_home(void **state)
{
	struct sim *sim = two_big_guests(65536, 1);
	uint64_t before = sim_node_room(sim, &sim->nodes[1]);
	json_auto_t *home = NULL, *there = NULL;

	(void)state;
	expect(sim, "POST", GUEST "/migrate", "target=pve2&online=1", 200, NULL);
	expect(sim, "POST", GUEST "/migrate", "target=pve2&online=1", 500,
	       "VM is locked (migrate)");
	sim_advance(sim, 5000);
	assert_int_equal(before - sim_node_room(sim, &sim->nodes[1]), 8ll << 30);
	home = get(sim, QEMU);
	there = get(sim, "/nodes/pve2/qemu");
	assert_int_equal(json_array_size(home), 2);
	assert_string_equal(text_of(json_array_get(home, 0), "lock"), "migrate");
	assert_int_equal(json_array_size(there), 0);
	sim_advance(sim, 10000);
	assert_int_equal(before - sim_node_room(sim, &sim->nodes[1]), 8ll << 30);
	sim_free(sim);
}

static void a_limit_makes_it_slow(void **state)
{
	struct sim *sim = two_big_guests(65536, 1);

	(void)state;
	/* 64 MiB a second: two minutes and eight seconds */
	expect(sim, "POST", GUEST "/migrate", "target=pve2&online=1&bwlimit=65536", 200, NULL);
	sim_advance(sim, 125000);
	assert_string_equal(last_status(sim), "running");
	sim_advance(sim, 10000);
	assert_string_equal(last_status(sim), "OK");
	assert_true(logged(sim, "migration speed limit: 64.0 MiB/s"));
	sim_free(sim);
}

static void without_room_over_there_it_stays(void **state)
{
	struct sim *sim = two_big_guests(8192, 1);

	(void)state;
	expect_task(sim, "POST", GUEST "/migrate", "target=pve2&online=1", "migration problems");
	assert_true(logged(
		sim, "[pve2] kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory"));
	assert_true(logged(sim, "[pve2] start failed: QEMU exited with code 1"));
	assert_null(sim_guest_find(sim, 100)->lock);
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve1");
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_RUNNING);
	sim_free(sim);
}

static void a_processor_that_cannot_do_it_refuses(void **state)
{
	struct sim *sim = two_big_guests(65536, 1);
	struct answer answer auto_answer =
		ask(sim, "POST", "!/sim/config?vmid=100&key=cpu&value=x86-64-v2-AES", NULL);

	(void)state;
	assert_int_equal(answer.reply.status, 200);
	expect_task(sim, "POST", GUEST "/migrate", "target=pve2&online=1", "migration problems");
	assert_true(logged(sim, "[pve2] kvm: Host doesn't support requested features"));
	expect_task(sim, "POST", GUEST "/migrate", "target=pve3&online=1", "OK");
	sim_free(sim);
}

static void the_datacenter_says_which_network_and_how(void **state)
{
	struct sim *sim = two_big_guests(65536, 1);

	(void)state;
	expect(sim, "PUT", "/cluster/options", "migration=insecure,network=192.168.9.0/24", 200,
	       NULL);
	expect_task(sim, "POST", GUEST "/migrate", "target=pve2&online=1", "OK");
	assert_true(logged(
		sim, "use dedicated network address for sending migration traffic (192.168.9.12)"));
	assert_true(logged(sim, "starting online/live migration on tcp:192.168.9.12:60000"));
	expect(sim, "POST", "/nodes/pve2/qemu/100/migrate",
	       "target=pve3&online=1&migration_type=secure", 400, "Parameter verification failed.");
	sim_free(sim);
}

static void a_target_that_dies_leaves_the_guest_where_it_is(void **state)
{
	struct sim *sim = two_big_guests(65536, 1);

	(void)state;
	expect(sim, "POST", GUEST "/migrate", "target=pve2&online=1", 200, NULL);
	sim_advance(sim, 5000);
	assert_int_equal(sim_event(sim, "kill", "pve2"), 0);
	sim_advance(sim, 20000);
	assert_string_equal(last_status(sim), "migration problems");
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_RUNNING);
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve1");
	sim_free(sim);
}

static void what_is_bound_to_its_node_does_not_go(void **state)
{
	static const struct {
		const char *key, *value, *why;
	} cases[] = {
		{ "hostpci0", "0000:01:00.0",
		  "can't migrate VM which uses local devices: hostpci0" },
		{ "serial0", "/dev/ttyS0", "can't migrate VM which uses local devices: serial0" },
		{ "ide2", "local:iso/d.iso,media=cdrom",
		  "can't migrate local disk 'local:iso/d.iso': local cdrom image" },
		{ "ide2", "cdrom,media=cdrom", "can't migrate local cdrom drive" },
		{ "vga", "std,clipboard=vnc",
		  "VMs with 'clipboard' set to 'vnc' are not live migratable!" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sim *sim = two_big_guests(65536, 1);

		(void)json_object_set_new(sim_guest_find(sim, 100)->config, cases[i].key,
					  json_string(cases[i].value));
		expect_task(sim, "POST", GUEST "/migrate", "target=pve2&online=1",
			    "migration aborted");
		assert_true(logged(sim, cases[i].why));
		assert_null(sim_guest_find(sim, 100)->lock);
		sim_free(sim);
	}
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
		cmocka_unit_test(a_stopped_guest_takes_local_disks_along),
		cmocka_unit_test(a_target_storage_takes_the_local_disks),
		cmocka_unit_test(a_running_guest_goes_online_and_its_log_says_so),
		cmocka_unit_test(the_memory_takes_its_time_and_two_at_once_take_twice_as_long),
		cmocka_unit_test(under_way_it_takes_memory_on_both_nodes_and_is_listed_at_home),
		cmocka_unit_test(a_limit_makes_it_slow),
		cmocka_unit_test(without_room_over_there_it_stays),
		cmocka_unit_test(a_processor_that_cannot_do_it_refuses),
		cmocka_unit_test(the_datacenter_says_which_network_and_how),
		cmocka_unit_test(a_target_that_dies_leaves_the_guest_where_it_is),
		cmocka_unit_test(what_is_bound_to_its_node_does_not_go),
		cmocka_unit_test(a_guest_of_the_ha_manager_moves_at_its_next_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
