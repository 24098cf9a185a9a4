/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdn_ask.h"

/* The newest task of the type: its status, "" = still running; NULL = there is none. */
static const char *task(const struct sim *sim, const char *node, const char *type)
{
	for (size_t i = sim->task_count; i-- > 0;)
		if (!strcmp(sim->tasks[i]->kind->type, type) &&
		    !strcmp(sim->tasks[i]->node->name, node))
			return sim->tasks[i]->status ? sim->tasks[i]->status : "";
	return NULL;
}

static void zone_is(struct sim *sim, const char *node, const char *status)
{
	auto_free char *path = pxc_printf("/nodes/%s/sdn/zones", node),
		       *want = pxc_printf("\"%s\"", status);

	shows(sim, path, "/0/status", want);
}

static void nodes_reload_after_the_task_that_asked_them(void **state)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);

	(void)state;
	blue(sim);
	shows(sim, "/nodes/pve1/sdn/zones", "", "[]");
	write_ok(sim, "PUT", "/cluster/sdn", NULL);
	shows(sim, ZONES "?running=1", "/0/zone", "\"tenants\"");
	zone_is(sim, "pve1", "pending");
	sim_advance(sim, 2200);
	assert_string_equal(task(sim, "pve1", "reloadnetworkall"), "OK");
	assert_string_equal(task(sim, "pve3", "srvreload"), "");
	zone_is(sim, "pve3", "pending");
	shows(sim, "/nodes/pve3/sdn/zones/tenants/content", "",
	      "[{\"status\":\"pending\",\"statusmsg\":\"local sdn network configuration is not yet "
	      "generated, please reload\",\"vnet\":\"blue\"}]");
	sim_advance(sim, 5000);
	assert_string_equal(task(sim, "pve3", "srvreload"), "OK");
	zone_is(sim, "pve3", "available");
	sim_free(sim);
}

static void a_dead_node_is_a_line_in_the_log(void **state)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);

	(void)state;
	blue(sim);
	apply(sim);
	sim_event(sim, "kill", "pve2");
	write_ok(sim, "PUT", VNETS "/blue", "alias=x");
	apply(sim);
	assert_string_equal(task(sim, "pve1", "reloadnetworkall"), "OK");
	sim_event(sim, "revive", "pve2");
	zone_is(sim, "pve1", "available");
	zone_is(sim, "pve2", "pending");
	shows(sim, "/nodes/pve2/sdn/zones/tenants/content", "/0/statusmsg",
	      "\"local sdn network configuration is too old, please reload\"");
	write_ok(sim, "PUT", "/nodes/pve2/network", NULL);
	sim_advance(sim, 5000);
	zone_is(sim, "pve2", "available");
	sim_free(sim);
}

static void a_fault_script_fails_the_reload_of_one_node(void **state)
{
	struct sim *sim = cluster(3, 1, NULL,
				  "PUT /nodes/pve2/network status=500 text=\"no way\" count=1\n"
				  "PUT /nodes/pve3/network fail=\"received interrupt\" count=1\n");

	(void)state;
	blue(sim);
	apply(sim);
	assert_string_equal(task(sim, "pve1", "reloadnetworkall"), "OK");
	assert_null(task(sim, "pve2", "srvreload"));
	assert_string_equal(task(sim, "pve3", "srvreload"), "received interrupt");
	zone_is(sim, "pve1", "available");
	zone_is(sim, "pve2", "pending");
	zone_is(sim, "pve3", "pending");
	apply(sim);
	zone_is(sim, "pve2", "available");
	zone_is(sim, "pve3", "available");
	sim_free(sim);
}

static void an_ifreload_that_fails_leaves_errors(void **state)
{
	struct sim *sim = cluster(2, 1, NULL, NULL);

	(void)state;
	blue(sim);
	expect(sim, "POST", "!/sim/sdn?node=pve2&reload=fail", NULL, 200, NULL);
	apply(sim);
	assert_string_equal(task(sim, "pve2", "srvreload"),
			    "command 'ifreload -a' failed: exit code 1");
	zone_is(sim, "pve2", "error");
	shows(sim, "/nodes/pve2/sdn/zones/tenants/content", "/0/statusmsg",
	      "\"vnet is not generated. Please check the 'reload network' task log.\"");
	expect(sim, "POST", "!/sim/sdn?node=pve2&reload=ok", NULL, 200, NULL);
	apply(sim);
	zone_is(sim, "pve2", "available");
	expect(sim, "POST", "!/sim/sdn?node=none&reload=ok", NULL, 400, NULL);
	sim_free(sim);
}

static void a_node_starts_with_what_its_file_says(void **state)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);

	(void)state;
	blue(sim);
	expect(sim, "POST", "!/sim/sdn?node=pve2&reload=fail", NULL, 200, NULL);
	apply(sim);
	zone_is(sim, "pve2", "error");
	sim_event(sim, "kill", "pve2");
	sim_event(sim, "revive", "pve2");
	zone_is(sim, "pve2", "available");
	sim_free(sim);
}

static void tasks_end_at_once_when_time_stands_still(void **state)
{
	struct sim *sim = cluster(3, 0, NULL, NULL);

	(void)state;
	blue(sim);
	write_ok(sim, "PUT", "/cluster/sdn", NULL);
	zone_is(sim, "pve1", "available");
	zone_is(sim, "pve3", "available");
	sim_free(sim);
}

static void a_missing_bridge_is_an_error_of_its_node(void **state)
{
	struct sim *sim = cluster(
		2, 1, "{\"nodes\": {\"pve1\": {\"bridges\": {\"vmbr0\": {}, \"vmbr7\": {}}}}}",
		NULL);

	(void)state;
	write_ok(sim, "POST", ZONES, "zone=vl&type=vlan&bridge=vmbr7");
	apply(sim);
	zone_is(sim, "pve2", "available"); /* nothing is in it yet */
	write_ok(sim, "POST", VNETS, "vnet=net&zone=vl&tag=7");
	apply(sim);
	zone_is(sim, "pve1", "available");
	zone_is(sim, "pve2", "error");
	shows(sim, "/nodes/pve2/sdn/zones/vl/content", "/0/statusmsg", "\"missing vmbr7\"");
	write_ok(sim, "PUT", ZONES "/vl", "nodes=pve1");
	apply(sim);
	shows(sim, "/nodes/pve2/sdn/zones", "", "[]");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_reload_after_the_task_that_asked_them),
		cmocka_unit_test(a_dead_node_is_a_line_in_the_log),
		cmocka_unit_test(a_fault_script_fails_the_reload_of_one_node),
		cmocka_unit_test(an_ifreload_that_fails_leaves_errors),
		cmocka_unit_test(a_node_starts_with_what_its_file_says),
		cmocka_unit_test(tasks_end_at_once_when_time_stands_still),
		cmocka_unit_test(a_missing_bridge_is_an_error_of_its_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
