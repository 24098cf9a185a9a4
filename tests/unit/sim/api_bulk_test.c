/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

#define BULK "/cluster/bulk-action/guest/migrate"

static const char world[] =
	"{\"guests\": ["
	"{\"vmid\": 100, \"status\": \"running\", \"config\": {\"scsi0\": \"shared:1\"}},"
	"{\"vmid\": 101, \"node\": \"pve2\", \"config\": {}},"
	"{\"vmid\": 102, \"status\": \"running\", \"config\": {\"scsi0\": \"data:1\"}}],"
	" \"containers\": [{\"vmid\": 200, \"status\": \"running\", \"config\": {\"hostname\": \"box\"}}]}";

/* The newest bulk task. */
static const struct sim_task *bulk(const struct sim *sim)
{
	const struct sim_task *found = NULL;

	for (size_t i = 0; i < sim->task_count; i++)
		if (!strcmp(sim->tasks[i]->kind->type, "bulk-migrate"))
			found = sim->tasks[i];
	assert_non_null(found);
	return found;
}

static size_t moving(const struct sim *sim)
{
	size_t n = 0;

	for (size_t i = 0; i < sim->task_count; i++)
		n += !sim->tasks[i]->end_ms && strstr(sim->tasks[i]->kind->type, "migrate") &&
		     strcmp(sim->tasks[i]->kind->type, "bulk-migrate") != 0;
	return n;
}

static void guests_move_one_after_the_other(void **state)
{
	struct sim *sim = cluster(3, 1, world, NULL);

	(void)state;
	expect(sim, "POST", BULK, "{\"target\": \"pve3\", \"online\": 1, \"vms\": [100, 101, 200]}",
	       200, NULL);
	sim_advance(sim, 2000);
	assert_int_equal(moving(sim), 1);
	sim_advance(sim, 60000);
	assert_string_equal(bulk(sim)->status, "OK");
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve3");
	assert_string_equal(sim_guest_find(sim, 101)->node->name, "pve3");
	assert_string_equal(sim_guest_find(sim, 200)->node->name, "pve3");
	assert_int_equal(sim_guest_find(sim, 200)->run, SIM_RUNNING);
	assert_string_equal(sim_guest_find(sim, 102)->node->name, "pve1");
	sim_free(sim);
}

static void all_at_once_and_those_that_cannot_are_named(void **state)
{
	struct sim *sim = cluster(3, 1, world, NULL);

	(void)state;
	expect(sim, "POST", BULK, "target=pve2&online=1&max-workers=4", 200, NULL);
	sim_advance(sim, 1500);
	assert_int_equal(moving(sim), 2);
	sim_advance(sim, 60000);
	/* 102 has a local disk that runs, 101 was there */
	assert_string_equal(bulk(sim)->status, "Some guests failed to migrate 102");
	assert_int_equal(bulk(sim)->warnings, 2);
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve2");
	sim_free(sim);
}

static void the_worker_may_do_what_the_caller_may(void **state)
{
	struct sim *sim = cluster(3, 1, world, NULL);
	auto_free char *header = limited(sim, "VM.Migrate", "/vms/100");

	(void)state;
	expect_as(sim, header, "POST", BULK, "target=pve2",
		  "Permission check failed (/, VM.Migrate)");
	expect_as(sim, header, "POST", BULK, "{\"target\": \"pve2\", \"vms\": [100, 102]}",
		  "Permission check failed (/vms/102, VM.Migrate)");
	expect_as(sim, header, "POST", BULK,
		  "{\"target\": \"pve2\", \"vms\": [100], \"online\": 1}", "OK");
	sim_advance(sim, 30000);
	assert_string_equal(bulk(sim)->status, "OK");
	assert_string_equal(bulk(sim)->user, "lim@pve");
	assert_string_equal(sim_guest_find(sim, 100)->node->name, "pve2");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_move_one_after_the_other),
		cmocka_unit_test(all_at_once_and_those_that_cannot_are_named),
		cmocka_unit_test(the_worker_may_do_what_the_caller_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
