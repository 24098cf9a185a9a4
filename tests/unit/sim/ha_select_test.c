/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

static void a_service_stays_where_it_is(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@1 102@1");

	(void)state;
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		add(sim, vmid, NULL);
	rounds(sim, 6);
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		expect_at(sim, vmid, 1, "started");
	sim_free(sim);
}

static void it_goes_to_the_node_of_the_highest_priority(void **state)
{
	static const struct {
		const char *nodes;
		unsigned strict, node;
	} cases[] = {
		{ "pve2:2,pve3:5", 0, 3 }, { "pve1,pve3:1", 0, 3 }, { "pve1,pve3", 0, 1 },
		{ "pve2", 1, 2 },          { "pve1", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sim *sim = ha_cluster(3, "100@1");
		auto_free char *form =
			pxc_printf("rule=r1&type=node-affinity&resources=vm:100&nodes=%s&strict=%u",
				   cases[i].nodes, cases[i].strict);

		add(sim, 100, NULL);
		rule(sim, form);
		rounds(sim, 5);
		expect_at(sim, 100, cases[i].node, "started");
		sim_free(sim);
	}
}

static void without_failback_it_stays_where_it_may_be(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@1");

	(void)state;
	add(sim, 100, "failback=0");
	add(sim, 101, "failback=0");
	rule(sim, "rule=r1&type=node-affinity&resources=vm:100&nodes=pve2:3,pve3");
	rule(sim, "rule=r2&type=node-affinity&resources=vm:101&nodes=pve2:3,pve3&strict=1");
	rounds(sim, 5);
	expect_at(sim, 100, 1, "started"); /* not the wish, but allowed */
	expect_at(sim, 101, 2, "started");
	expect(sim, "POST", RESOURCES "/vm:101/migrate", "node=pve3", 200, NULL);
	rounds(sim, 5);
	expect_at(sim, 101, 3, "started");
	change(sim, 101, "failback=1");
	rounds(sim, 4);
	expect_at(sim, 101, 2, "started");
	sim_free(sim);
}

static void those_of_a_positive_rule_come_together(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@2 102@2");

	(void)state;
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		add(sim, vmid, NULL);
	rounds(sim, 3);
	rule(sim,
	     "rule=r1&type=resource-affinity&resources=vm:100,vm:101,vm:102&affinity=positive");
	rounds(sim, 5);
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		expect_at(sim, vmid, 2, "started"); /* where most of them were */
	expect(sim, "POST", RESOURCES "/vm:101/migrate", "node=pve3", 200, NULL);
	rounds(sim, 5);
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		expect_at(sim, vmid, 3, "started");
	sim_free(sim);
}

static void those_of_a_negative_rule_go_apart(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@1 102@1");

	(void)state;
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		add(sim, vmid, NULL);
	rounds(sim, 3);
	rule(sim,
	     "rule=r1&type=resource-affinity&resources=vm:100,vm:101,vm:102&affinity=negative");
	rounds(sim, 6);
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		assert_string_equal(crm(sim, vmid), "started");
	assert_true(where(sim, 100) != where(sim, 101) && where(sim, 101) != where(sim, 102) &&
		    where(sim, 100) != where(sim, 102));
	sim_free(sim);
}

static void a_move_to_one_that_is_kept_apart_does_not_happen(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@2");
	json_auto_t *blocking = NULL;

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, NULL);
	rounds(sim, 3);
	rule(sim, "rule=r1&type=resource-affinity&resources=vm:100,vm:101&affinity=negative");
	rounds(sim, 1);
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "node=pve2", 200, NULL);
	rounds(sim, 4);
	expect_at(sim, 100, 1, "started");
	blocking = sim_ha_blocking(sim, 100, &sim->nodes[1]);
	assert_int_equal(json_array_size(blocking), 1);
	assert_string_equal(text_of(json_array_get(blocking, 0), "sid"), "vm:101");
	assert_string_equal(text_of(json_array_get(blocking, 0), "cause"), "resource-affinity");
	assert_false(sim_ha_allows(sim, 100, &sim->nodes[1]));
	assert_true(sim_ha_allows(sim, 100, &sim->nodes[2]));
	sim_free(sim);
}

static void starts_are_spread_when_the_datacenter_says_so(void **state)
{
	struct sim *sim = ha_cluster(3, "-100@1 -101@1 -102@1");

	(void)state;
	expect(sim, "PUT", "/cluster/options", "crs=ha-rebalance-on-start=1", 200, NULL);
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		add(sim, vmid, NULL);
	rounds(sim, 4);
	for (unsigned vmid = 100; vmid <= 102; vmid++) {
		assert_string_equal(crm(sim, vmid), "started");
		assert_true(runs(sim, vmid));
	}
	assert_true(where(sim, 100) != where(sim, 101) && where(sim, 101) != where(sim, 102) &&
		    where(sim, 100) != where(sim, 102));
	sim_free(sim);
}

static void a_large_cluster_is_no_special_case(void **state)
{
	struct sim *sim = ha_cluster(200, "100@1 101@1 102@150");

	(void)state;
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		add(sim, vmid, NULL);
	rule(sim, "rule=r1&type=node-affinity&resources=vm:100&nodes=pve130:2,pve5");
	rounds(sim, 1);
	rule(sim, "rule=r2&type=resource-affinity&resources=vm:101,vm:102&affinity=positive");
	rounds(sim, 4);
	expect_at(sim, 100, 130, "started");
	assert_int_equal(where(sim, 101), where(sim, 102));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_stays_where_it_is),
		cmocka_unit_test(it_goes_to_the_node_of_the_highest_priority),
		cmocka_unit_test(without_failback_it_stays_where_it_may_be),
		cmocka_unit_test(those_of_a_positive_rule_come_together),
		cmocka_unit_test(those_of_a_negative_rule_go_apart),
		cmocka_unit_test(a_move_to_one_that_is_kept_apart_does_not_happen),
		cmocka_unit_test(starts_are_spread_when_the_datacenter_says_so),
		cmocka_unit_test(a_large_cluster_is_no_special_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
