/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

#define CT "/nodes/pve1/lxc/200"

static const char world[] =
	"{\"containers\": [{\"vmid\": 200, \"status\": \"running\", \"load\": {\"cpu\": 0.5, \"mem\": 0.5},"
	" \"config\": {\"hostname\": \"box\", \"memory\": 4096, \"cores\": 8, \"rootfs\": \"data:8\","
	" \"tags\": \"a;b\"}}], \"guests\": [{\"vmid\": 100, \"config\": {}}]}";

static void a_container_is_load_of_its_node_and_no_vm(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);
	json_auto_t *all = get(sim, "/cluster/resources?type=vm"),
		    *list = get(sim, "/nodes/pve1/lxc"), *vms = get(sim, QEMU),
		    *config = get(sim, CT "/config");
	const json_t *ct = json_array_get(list, 0);

	(void)state;
	assert_int_equal(json_array_size(all), 2);
	assert_string_equal(text_of(json_array_get(all, 1), "id"), "lxc/200");
	assert_string_equal(text_of(json_array_get(all, 1), "name"), "box");
	assert_int_equal(json_array_size(vms), 1);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_of(ct, "status"), "running");
	assert_int_equal(qm_int(ct, "maxdisk", 0), 8ll << 30);
	assert_int_equal(qm_int(ct, "mem", 0), 2ll << 30);
	/* 4 of 16 processors, and 1 % */
	assert_true(sim->nodes[0].seen.cpu > 0.2599 && sim->nodes[0].seen.cpu < 0.2601);
	assert_int_equal(sim->nodes[0].seen.mem_bytes, 4ull << 30);
	assert_string_equal(text_of(config, "rootfs"), "data:200/vm-200-disk-0.raw,size=8G");
	expect(sim, "GET", QEMU "/200/config", NULL, 500,
	       "Configuration file 'nodes/pve1/qemu-server/200.conf' does not exist");
	expect(sim, "GET", "/nodes/pve1/lxc/100/config", NULL, 500,
	       "Configuration file 'nodes/pve1/lxc/100.conf' does not exist");
	expect(sim, "POST", "/cluster/ha/resources", "sid=vm:200", 500, NULL);
	sim_free(sim);
}

static void it_moves_by_being_restarted(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);
	const struct sim_guest *ct = sim_guest_find(sim, 200);

	(void)state;
	expect(sim, "POST", CT "/migrate", "target=pve2", 500,
	       "can't migrate running container without --online or --restart");
	expect_task(sim, "POST", CT "/migrate", "target=pve2&online=1", "migration aborted");
	expect(sim, "POST", CT "/migrate", "target=pve2&restart=1", 200, NULL);
	sim_advance(sim, 4500);
	assert_int_equal(ct->run, SIM_STOPPED);
	sim_advance(sim, 5000);
	assert_string_equal(last_status(sim), "OK");
	assert_string_equal(ct->node->name, "pve2");
	assert_int_equal(ct->run, SIM_RUNNING);
	assert_non_null(sim_volume_find(sim, "data:200/vm-200-disk-0.raw", &sim->nodes[1]));
	sim_free(sim);
}

static void its_interfaces_are_those_of_its_cards(void **state)
{
	struct sim *sim = cluster(
		1, 1,
		"{\"containers\": [{\"vmid\": 200, \"status\": \"running\", \"config\": {\"hostname\": \"box\","
		" \"net0\": \"name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=10.9.0.5/24,ip6=fd00::5/64\","
		" \"net1\": \"name=eth1,bridge=vmbr0,ip=dhcp\"}}]}",
		NULL);
	json_auto_t *list = get(sim, CT "/interfaces");
	const json_t *eth0 = json_array_get(list, 1), *eth1 = json_array_get(list, 2);

	(void)state;
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(text_of(json_array_get(list, 0), "inet"), "127.0.0.1/8");
	assert_string_equal(text_of(eth0, "name"), "eth0");
	assert_string_equal(text_of(eth0, "hwaddr"), "BC:24:11:00:00:01");
	assert_string_equal(text_of(eth0, "inet"), "10.9.0.5/24");
	assert_string_equal(text_of(eth0, "inet6"), "fd00::5/64");
	assert_string_equal(
		text_of(json_array_get(json_object_get(eth0, "ip-addresses"), 1), "ip-address"),
		"fd00::5");
	assert_int_equal(json_array_size(json_object_get(eth1, "ip-addresses")), 0);
	expect_task(sim, "POST", CT "/status/stop", NULL, "OK");
	json_auto_t *none = get(sim, CT "/interfaces");
	assert_true(json_is_null(none));
	sim_free(sim);
}

static void it_stops_and_starts(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);

	(void)state;
	expect_task(sim, "POST", CT "/status/start", NULL, "CT 200 already running");
	expect_task(sim, "POST", CT "/status/shutdown", "timeout=30", "OK");
	assert_int_equal(sim_guest_find(sim, 200)->run, SIM_STOPPED);
	expect_task(sim, "POST", CT "/migrate", "target=pve2", "OK");
	expect_task(sim, "POST", "/nodes/pve2/lxc/200/status/start", NULL, "OK");
	assert_int_equal(sim_guest_find(sim, 200)->run, SIM_RUNNING);
	sim_free(sim);
}

static void it_has_statistics_too(void **state)
{
	struct sim *sim = cluster(2, 1, world, NULL);
	json_auto_t *rows = NULL, *export = NULL;
	size_t i, n = 0;
	json_t *one;

	(void)state;
	sim_advance(sim, 300000);
	rows = get(sim, CT "/rrddata?timeframe=hour");
	assert_non_null(json_object_get(json_array_get(rows, 59), "cpu"));
	export = get(sim, "/cluster/metrics/export");
	json_array_foreach (json_object_get(export, "data"), i, one)
		n += !strcmp(text_of(one, "id"), "lxc/200");
	assert_int_equal(n, 11);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_is_load_of_its_node_and_no_vm),
		cmocka_unit_test(it_moves_by_being_restarted),
		cmocka_unit_test(its_interfaces_are_those_of_its_cards),
		cmocka_unit_test(it_stops_and_starts),
		cmocka_unit_test(it_has_statistics_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
