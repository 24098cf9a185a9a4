/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

static void a_dead_nodes_services_are_recovered_when_its_lock_has_run_out(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@3 102@3 103@3");

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, NULL);
	add(sim, 102, "state=stopped");
	rounds(sim, 3);
	sim_node_kill(sim, &sim->nodes[2]);
	rounds(sim, 5);
	expect_at(sim, 101, 3, "started");
	rounds(sim, 2);
	expect_at(sim, 101, 3, "fence");
	assert_string_equal(sim_ha_node_state(sim, &sim->nodes[2]), "fence");
	rounds(sim, 4);
	expect_at(sim, 101, 3, "fence");
	rounds(sim, 3);
	expect_at(sim, 101, 2, "started"); /* pve1 has one already */
	assert_true(runs(sim, 101));
	assert_string_equal(crm(sim, 102), "stopped");
	assert_int_not_equal(where(sim, 102), 3);
	assert_int_equal(where(sim, 103), 3); /* no resource */
	sim_node_revive(sim, &sim->nodes[2]);
	rounds(sim, 2);
	assert_string_equal(sim_ha_node_state(sim, &sim->nodes[2]), "online");
	expect_at(sim, 101, 2, "started");
	sim_free(sim);
}

static void a_node_that_is_back_in_time_keeps_its_services(void **state)
{
	struct sim *sim = ha_cluster(3, "100@3");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 3);
	sim_node_kill(sim, &sim->nodes[2]);
	rounds(sim, 4);
	assert_false(runs(sim, 100));
	sim_node_revive(sim, &sim->nodes[2]);
	rounds(sim, 3);
	expect_at(sim, 100, 3, "started");
	assert_true(runs(sim, 100));
	sim_free(sim);
}

static void locks_of_the_dead_do_not_keep_a_guest_from_starting(void **state)
{
	struct sim *sim = ha_cluster(3, "100@3");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 3);
	sim_guest_set_lock(sim_guest_find(sim, 100), "snapshot");
	sim_node_kill(sim, &sim->nodes[2]);
	rounds(sim, 16);
	assert_int_not_equal(where(sim, 100), 3);
	assert_true(runs(sim, 100));
	assert_null(sim_guest_find(sim, 100)->lock);
	sim_free(sim);
}

static void strict_rules_hold_a_service_back_until_its_node_returns(void **state)
{
	struct sim *sim = ha_cluster(3, "100@3");

	(void)state;
	add(sim, 100, NULL);
	rule(sim, "rule=pin&type=node-affinity&resources=vm:100&nodes=pve3&strict=1");
	rounds(sim, 3);
	sim_node_kill(sim, &sim->nodes[2]);
	rounds(sim, 20);
	expect_at(sim, 100, 3, "recovery");
	sim_node_revive(sim, &sim->nodes[2]);
	rounds(sim, 3);
	expect_at(sim, 100, 3, "started");
	assert_true(runs(sim, 100));
	sim_free(sim);
}

static void maintenance_empties_a_node_and_its_end_fills_it_again(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@1 102@1 103@1");

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, NULL);
	add(sim, 102, "state=stopped");
	rounds(sim, 3);
	assert_int_equal(sim_ha_command(sim, "node-maintenance enable pve1"), 0);
	rounds(sim, 2);
	assert_string_equal(sim_ha_node_state(sim, &sim->nodes[0]), "maintenance");
	rounds(sim, 3);
	assert_int_not_equal(where(sim, 100), 1);
	assert_int_not_equal(where(sim, 101), 1);
	assert_int_not_equal(where(sim, 100), where(sim, 101));
	assert_int_equal(where(sim, 102), 1); /* what is off may stay */
	assert_int_equal(where(sim, 103), 1); /* and so does what is no resource */
	assert_string_equal(crm(sim, 100), "started");
	assert_int_equal(sim_ha_command(sim, "node-maintenance disable pve1"), 0);
	rounds(sim, 5);
	expect_at(sim, 100, 1, "started");
	expect_at(sim, 101, 1, "started");
	assert_null(sim_ha_find(sim, 100)->back);
	sim_free(sim);
}

static void a_node_in_maintenance_may_be_off_for_long(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 3);
	(void)sim_ha_command(sim, "node-maintenance enable pve1");
	rounds(sim, 5);
	assert_int_not_equal(where(sim, 100), 1);
	sim_node_kill(sim, &sim->nodes[0]);
	rounds(sim, 30);
	assert_string_equal(sim_ha_node_state(sim, &sim->nodes[0]), "maintenance");
	sim_node_revive(sim, &sim->nodes[0]);
	(void)sim_ha_command(sim, "node-maintenance disable pve1");
	rounds(sim, 5);
	expect_at(sim, 100, 1, "started");
	sim_free(sim);
}

static void commands_are_those_of_the_real_program(void **state)
{
	static const struct {
		const char *command;
		int result;
	} cases[] = {
		{ "node-maintenance enable pve1", 0 },
		{ "node-maintenance disable nosuch", 0 }, /* the manager shrugs */
		{ "migrate vm:100 pve2", 0 },
		{ "relocate vm:100 pve2", 0 },
		{ "stop vm:100 30", 0 },
		{ "arm-ha", 0 },
		{ "disarm-ha freeze", 0 },
		{ "node-maintenance on pve1", -1 },
		{ "node-maintenance enable", -1 },
		{ "node-maintenance enable pve1 pve2", -1 },
		{ "migrate vm:100", -1 },
		{ "stop vm:100 soon", -1 },
		{ "disarm-ha", -1 },
		{ "disarm-ha melt", -1 },
		{ "arm-ha now", -1 },
		{ "", -1 },
	};
	struct sim *sim = ha_cluster(2, "100@1");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (sim_ha_command(sim, cases[i].command) != cases[i].result)
			fail_msg("\"%s\" is not %d", cases[i].command, cases[i].result);
	sim_free(sim);
}

static void the_control_request_takes_them(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 2);
	expect(sim, "POST", "!/sim/ha/crm-command?command=node-maintenance%20enable%20pve1", NULL,
	       200, NULL);
	expect(sim, "POST", "!/sim/ha/crm-command?command=dance", NULL, 400, NULL);
	rounds(sim, 2);
	assert_string_equal(sim_ha_node_state(sim, &sim->nodes[0]), "maintenance");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_nodes_services_are_recovered_when_its_lock_has_run_out),
		cmocka_unit_test(a_node_that_is_back_in_time_keeps_its_services),
		cmocka_unit_test(locks_of_the_dead_do_not_keep_a_guest_from_starting),
		cmocka_unit_test(strict_rules_hold_a_service_back_until_its_node_returns),
		cmocka_unit_test(maintenance_empties_a_node_and_its_end_fills_it_again),
		cmocka_unit_test(a_node_in_maintenance_may_be_off_for_long),
		cmocka_unit_test(commands_are_those_of_the_real_program),
		cmocka_unit_test(the_control_request_takes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
