/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

#include "sim/qm.h"

static void a_service_is_brought_to_the_state_that_is_asked_for(void **state)
{
	struct sim *sim = ha_cluster(3, "-100@1 101@2");

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, "state=stopped");
	assert_string_equal(crm(sim, 100), "");
	rounds(sim, 1);
	expect_at(sim, 100, 1, "started");
	expect_at(sim, 101, 2, "request_stop");
	rounds(sim, 1);
	expect_at(sim, 101, 2, "stopped");
	assert_true(runs(sim, 100));
	assert_false(runs(sim, 101));
	change(sim, 101, "state=started");
	rounds(sim, 2);
	expect_at(sim, 101, 2, "started");
	assert_true(runs(sim, 101));
	sim_free(sim);
}

static void one_that_went_down_is_started_again(void **state)
{
	struct sim *sim = ha_cluster(1, "100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 2);
	qm_run(sim_guest_find(sim, 100), SIM_STOPPED); /* its QEMU died */
	rounds(sim, 2);
	assert_true(runs(sim, 100));
	sim_free(sim);
}

/* A guest with a card in a bridge that no node has cannot start. */
static void a_start_that_fails_is_tried_here_then_elsewhere_then_given_up(void **state)
{
	struct sim *sim = ha_cluster(3, "-100@1");
	struct sim_guest *g = sim_guest_find(sim, 100);
	unsigned starts = 0;

	(void)state;
	json_object_set_new(g->config, "net0",
			    json_string("virtio=BC:24:11:00:00:01,bridge=vmbr9"));
	add(sim, 100, "max_restart=1&max_relocate=1");
	rounds(sim, 4);
	assert_int_not_equal(where(sim, 100), 1);
	rounds(sim, 6);
	assert_string_equal(crm(sim, 100), "error");
	for (size_t i = 0; i < sim->task_count; i++)
		starts += !strcmp(sim->tasks[i]->kind->type, "qmstart");
	assert_int_equal(starts, 4); /* twice on each of two nodes */
	expect(sim, "PUT", RESOURCES "/vm:100", "state=started", 500,
	       "service 'vm:100' in error state, must be disabled and fixed first");
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "node=pve3", 500, NULL);
	change(sim, 100, "state=disabled");
	rounds(sim, 1);
	assert_string_equal(crm(sim, 100), "stopped");
	json_object_del(g->config, "net0");
	change(sim, 100, "state=started");
	rounds(sim, 2);
	assert_true(runs(sim, 100));
	sim_free(sim);
}

static void a_relocation_stops_moves_and_starts(void **state)
{
	struct sim *sim = ha_cluster(2, "100@1");
	int64_t began;

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 2);
	began = sim_guest_find(sim, 100)->started_ms;
	expect(sim, "POST", RESOURCES "/vm:100/relocate", "node=pve2", 200, NULL);
	rounds(sim, 5);
	expect_at(sim, 100, 2, "started");
	assert_true(runs(sim, 100) && sim_guest_find(sim, 100)->started_ms > began);
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "node=pve1", 200, NULL);
	began = sim_guest_find(sim, 100)->started_ms;
	rounds(sim, 4);
	expect_at(sim, 100, 1, "started");
	assert_int_equal(sim_guest_find(sim, 100)->started_ms, began);
	sim_free(sim);
}

static void a_stop_of_the_guest_is_a_stop_of_the_service(void **state)
{
	struct sim *sim = ha_cluster(1, "100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 2);
	expect(sim, "POST", "/nodes/pve1/qemu/100/status/stop", "", 200, NULL);
	assert_true(runs(sim, 100));
	rounds(sim, 3);
	assert_false(runs(sim, 100));
	assert_string_equal(sim_ha_find(sim, 100)->state, "stopped");
	expect(sim, "POST", "/nodes/pve1/qemu/100/status/start", "", 200, NULL);
	rounds(sim, 3);
	assert_true(runs(sim, 100));
	sim_free(sim);
}

static void what_is_ignored_is_nobodys_business(void **state)
{
	struct sim *sim = ha_cluster(2, "100@1");

	(void)state;
	add(sim, 100, "state=ignored");
	rounds(sim, 3);
	assert_string_equal(crm(sim, 100), "");
	assert_false(sim_ha_managed(sim, 100));
	expect(sim, "POST", "/nodes/pve1/qemu/100/status/stop", "", 200, NULL);
	sim_advance(sim, 2000);
	assert_false(runs(sim, 100));
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "node=pve2", 500,
	       "resource 'vm:100' is not HA managed");
	sim_free(sim);
}

static void with_time_standing_still_all_happens_at_once(void **state)
{
	auto_free char *world = ha_world("-100@1 101@1");
	struct sim *sim = cluster(2, 0, world, NULL);

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, NULL);
	expect(sim, "GET", RESOURCES, NULL, 200, NULL);
	assert_true(runs(sim, 100));
	expect(sim, "POST", RESOURCES "/vm:101/migrate", "node=pve2", 200, NULL);
	expect(sim, "GET", RESOURCES, NULL, 200, NULL);
	expect_at(sim, 101, 2, "started");
	sim_node_kill(sim, &sim->nodes[1]);
	sim->quorate = true; /* one of two is no majority; here it is enough */
	sim_ha_kick(sim);
	expect(sim, "GET", RESOURCES, NULL, 200, NULL);
	expect_at(sim, 101, 1, "started");
	assert_true(runs(sim, 101));
	sim_free(sim);
}

/* There is no live migration of containers: each move is a stop, a copy and a start. */
static void a_container_is_a_service_too(void **state)
{
	struct sim *sim = cluster(2, 1,
				  "{\"containers\":[{\"vmid\":200,\"node\":\"pve1\",\"status\":"
				  "\"running\",\"config\":{\"memory\":512,\"cores\":1}}]}",
				  NULL);
	int64_t began = sim_guest_find(sim, 200)->started_ms;
	json_auto_t *list = NULL;

	(void)state;
	expect(sim, "POST", RESOURCES, "sid=vm:200", 500,
	       "resource 'vm:200' does not exists in cluster");
	expect(sim, "POST", RESOURCES, "sid=200", 200, NULL);
	list = get(sim, RESOURCES "?type=ct");
	assert_string_equal(text_of(json_array_get(list, 0), "sid"), "ct:200");
	rounds(sim, 2);
	expect_at(sim, 200, 1, "started");
	expect(sim, "POST", RESOURCES "/ct:200/migrate", "node=pve2", 200, NULL);
	rounds(sim, 6);
	expect_at(sim, 200, 2, "started");
	assert_true(runs(sim, 200) && sim_guest_find(sim, 200)->started_ms > began);
	expect(sim, "POST", "/nodes/pve2/lxc/200/status/stop", "", 200, NULL);
	assert_string_equal(sim->tasks[sim->task_count - 1]->kind->type, "hastop");
	rounds(sim, 3);
	assert_false(runs(sim, 200));
	rule(sim, "rule=n1&type=node-affinity&resources=ct:200&nodes=pve1");
	expect(sim, "PUT", RESOURCES "/ct:200", "state=started", 200, NULL);
	rounds(sim, 6);
	expect_at(sim, 200, 1, "started");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_is_brought_to_the_state_that_is_asked_for),
		cmocka_unit_test(one_that_went_down_is_started_again),
		cmocka_unit_test(a_start_that_fails_is_tried_here_then_elsewhere_then_given_up),
		cmocka_unit_test(a_relocation_stops_moves_and_starts),
		cmocka_unit_test(a_stop_of_the_guest_is_a_stop_of_the_service),
		cmocka_unit_test(what_is_ignored_is_nobodys_business),
		cmocka_unit_test(with_time_standing_still_all_happens_at_once),
		cmocka_unit_test(a_container_is_a_service_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
