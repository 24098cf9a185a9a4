/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

static struct sim *with_guest(void)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);

	expect(sim, "POST", "/nodes/pve1/qemu", "vmid=100&scsi0=shared:1", 200, NULL);
	sim_advance(sim, 3000);
	return sim;
}

static void a_resource_is_a_guest_by_either_name(void **state)
{
	struct sim *sim = with_guest();

	(void)state;
	expect(sim, "POST", RESOURCES, "sid=100&state=stopped", 200, NULL);
	expect(sim, "POST", RESOURCES, "sid=vm:100", 500,
	       "create resource failed: resource ID 'vm:100' already defined");
	expect(sim, "GET", RESOURCES "/100", NULL, 200, NULL);
	expect(sim, "POST", RESOURCES, "sid=foo:1", 500, "unknown section type 'foo'");
	expect(sim, "POST", RESOURCES, "sid=vm:100&group=g", 500,
	       "invalid parameter 'group': ha groups have been migrated to rules");
	expect(sim, "DELETE", RESOURCES "/vm:100", NULL, 200, NULL);
	expect(sim, "DELETE", RESOURCES "/vm:100", NULL, 500,
	       "cannot delete service 'vm:100', not HA managed!");
	expect(sim, "GET", RESOURCES "/vm:100", NULL, 500, "no such resource 'vm:100'");
	sim_free(sim);
}

static void the_manager_starts_what_shall_be_started(void **state)
{
	struct sim *sim = with_guest();

	(void)state;
	expect(sim, "POST", RESOURCES, "sid=vm:100&state=enabled", 200, NULL);
	assert_string_equal(sim_ha_find(sim, 100)->state, "started");
	assert_string_equal(sim_ha_find(sim, 100)->crm, "");
	sim_advance(sim, 13000);
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_RUNNING);
	assert_string_equal(sim_ha_find(sim, 100)->crm, "started");
	expect(sim, "PUT", RESOURCES "/vm:100", "state=disabled", 200, NULL);
	sim_advance(sim, 14000);
	assert_int_equal(sim_guest_find(sim, 100)->run, SIM_STOPPED);
	sim_free(sim);
}

static void the_manager_moves_what_shall_be_moved(void **state)
{
	struct sim *sim = with_guest();

	(void)state;
	expect(sim, "POST", RESOURCES, "sid=vm:100&state=stopped", 200, NULL);
	sim_advance(sim, 25000); /* until it is "stopped": before, a request gets lost */
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "node=pve3", 200, NULL);
	sim_advance(sim, 4000);
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve1");
	sim_advance(sim, 10000);
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve3");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resource_is_a_guest_by_either_name),
		cmocka_unit_test(the_manager_starts_what_shall_be_started),
		cmocka_unit_test(the_manager_moves_what_shall_be_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
