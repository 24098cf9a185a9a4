/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

static void without_resources_there_is_no_master(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1");

	(void)state;
	rounds(sim, 3);
	sim_node_kill(sim, &sim->nodes[2]);
	sim_node_revive(sim, &sim->nodes[2]);
	rounds(sim, 3);
	assert_null(sim->crm->master);
	assert_null(sim_ha_node_state(sim, &sim->nodes[0]));
	add(sim, 100, NULL);
	rounds(sim, 1);
	assert_ptr_equal(sim->crm->master, &sim->nodes[0]);
	sim_free(sim);
}

static void a_dead_masters_lock_has_to_run_out(void **state)
{
	struct sim *sim = ha_cluster(3, "100@2");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 3);
	sim_node_kill(sim, &sim->nodes[0]);
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "node=pve3", 200, NULL);
	rounds(sim, 11);
	assert_ptr_equal(sim->crm->master, &sim->nodes[0]);
	assert_int_equal(where(sim, 100), 2);
	rounds(sim, 4);
	assert_ptr_equal(sim->crm->master, &sim->nodes[1]);
	expect_at(sim, 100, 3, "started");
	sim_free(sim);
}

static void without_quorum_nobody_does_anything(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 2);
	sim->quorate = false;
	expect(sim, "POST", RESOURCES "/vm:100/migrate", "node=pve3", 500,
	       "cfs-lock 'domain-ha' error: no quorum!");
	sim_ha_request(sim, sim_ha_find(sim, 100), "migrate", "pve3");
	rounds(sim, 5);
	expect_at(sim, 100, 1, "started");
	sim->quorate = true;
	rounds(sim, 3);
	expect_at(sim, 100, 3, "started");
	sim_free(sim);
}

/* After a quarter of an hour without services the locks are let go of, and time is not divided into rounds any more. */
static void at_rest_it_lets_go(void **state)
{
	struct sim *sim = ha_cluster(1, "100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 3);
	expect(sim, "DELETE", RESOURCES "/vm:100", NULL, 200, NULL);
	rounds(sim, 95);
	assert_false(sim->crm->ticking);
	assert_false(sim->crm->nodes[0].lrm_active);
	add(sim, 100, NULL);
	rounds(sim, 2);
	expect_at(sim, 100, 1, "started");
	sim_free(sim);
}

/* max_workers of a node's LRM: so many tasks at once. */
static void an_lrm_has_so_many_workers(void **state)
{
	struct sim *sim = ha_cluster(2, "100@1 101@1 102@1 103@1 104@1 105@1");
	unsigned most = 0;

	(void)state;
	expect(sim, "PUT", "/cluster/options", "max_workers=2", 200, NULL);
	for (unsigned vmid = 100; vmid <= 105; vmid++)
		add(sim, vmid, NULL);
	rounds(sim, 2);
	for (unsigned vmid = 100; vmid <= 105; vmid++)
		sim_ha_request(sim, sim_ha_find(sim, vmid), "migrate", "pve2");
	for (unsigned i = 0; i < 200; i++) {
		unsigned now = 0;

		sim_advance(sim, 500);
		for (const struct sim_task *task = sim->running; task; task = task->next_running)
			now += !strcmp(task->kind->type, "qmigrate");
		most = now > most ? now : most;
	}
	assert_int_equal(most, 2);
	for (unsigned vmid = 100; vmid <= 105; vmid++)
		expect_at(sim, vmid, 2, "started");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_resources_there_is_no_master),
		cmocka_unit_test(a_dead_masters_lock_has_to_run_out),
		cmocka_unit_test(without_quorum_nobody_does_anything),
		cmocka_unit_test(at_rest_it_lets_go),
		cmocka_unit_test(an_lrm_has_so_many_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
