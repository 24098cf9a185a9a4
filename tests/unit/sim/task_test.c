/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

static int64_t three_stages(struct sim_task *task)
{
	sim_task_log(task, "stage %u", task->stage);
	return task->stage < 2 ? 1000 : 0;
}

static int64_t failing(struct sim_task *task)
{
	return task->stage == 0 ? 500 : sim_task_fail(task, "no\nway");
}

static int64_t warning(struct sim_task *task)
{
	sim_task_warn(task, "careful");
	return 0;
}

static int64_t holding(struct sim_task *task)
{
	struct sim_guest *guest = sim_guest_find(task->sim, task->vmid);
	int64_t wait = sim_task_lock(task, guest);

	if (wait)
		return wait;
	return task->stage == 0 ? 20000 : 0;
}

static const struct sim_task_kind stages = { "test", three_stages, NULL };
static const struct sim_task_kind fails = { "test", failing, NULL };
static const struct sim_task_kind warns = { "test", warning, NULL };
static const struct sim_task_kind holds = { "hold", holding, NULL };

static void stages_happen_when_their_time_has_come(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	struct sim_task *task = sim_task_start_on(sim, &sim->nodes[0], &stages, "100", 100, NULL);

	(void)state;
	assert_int_equal(json_array_size(task->log), 1);
	sim_advance(sim, 999);
	assert_int_equal(json_array_size(task->log), 1);
	sim_advance(sim, 1);
	assert_int_equal(json_array_size(task->log), 2);
	assert_null(task->status);
	sim_advance(sim, 5000);
	assert_string_equal(task->status, "OK");
	assert_int_equal(task->end_ms - task->start_ms, 2000);
	assert_string_equal(json_string_value(json_array_get(task->log, 3)), "TASK OK");
	sim_free(sim);
}

static void without_speed_tasks_end_at_once(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct sim_task *task = sim_task_start_on(sim, &sim->nodes[0], &stages, "", 0, NULL);

	(void)state;
	assert_string_equal(task->status, "OK");
	assert_int_equal(task->end_ms, task->start_ms);
	sim_free(sim);
}

static void a_failure_is_one_line_in_the_status(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	struct sim_task *task = sim_task_start_on(sim, &sim->nodes[0], &fails, "", 0, NULL);

	(void)state;
	sim_advance(sim, 500);
	assert_string_equal(task->status, "no way");
	assert_string_equal(json_string_value(json_array_get(task->log, 0)), "TASK ERROR: no\nway");
	task = sim_task_start_on(sim, &sim->nodes[0], &warns, "", 0, NULL);
	assert_string_equal(task->status, "WARNINGS: 1");
	assert_string_equal(json_string_value(json_array_get(task->log, 1)), "TASK WARNINGS: 1");
	sim_free(sim);
}

static void the_second_holder_of_a_lock_waits_ten_seconds_in_vain(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	struct sim_task *first, *second;

	(void)state;
	sim_guest_add(sim, 100, &sim->nodes[0]);
	first = sim_task_start_on(sim, &sim->nodes[0], &holds, "100", 100, NULL);
	second = sim_task_start_on(sim, &sim->nodes[0], &holds, "100", 100, NULL);
	sim_advance(sim, 9900);
	assert_null(second->status);
	sim_advance(sim, 200);
	assert_string_equal(second->status,
			    "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout");
	sim_advance(sim, 10000);
	assert_string_equal(first->status, "OK");
	assert_null(sim_guest_find(sim, 100)->busy);
	sim_free(sim);
}

static void a_task_can_be_stopped_by_delete(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	struct sim_task *task = sim_task_start_on(sim, &sim->nodes[0], &stages, "", 0, NULL);
	auto_free char *path = pxc_printf("/nodes/pve1/tasks/%s", task->upid);

	(void)state;
	expect(sim, "DELETE", path, NULL, 200, NULL);
	assert_string_equal(task->status, "received interrupt");
	expect(sim, "DELETE", path, NULL, 200, NULL);
	sim_free(sim);
}

static void what_was_not_noticed_yet_is_unknown_until_pvestatds_round(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, NULL);
	struct sim_guest *guest;

	(void)state;
	sim_advance(sim, 3000);
	guest = sim_guest_add(sim, 100, &sim->nodes[0]);
	sim_advance(sim, 6999);
	assert_null(guest->summary);
	sim_advance(sim, 1);
	assert_non_null(guest->summary);
	sim_free(sim);
}

static void a_dying_node_takes_its_tasks_and_the_quorum_along(void **state)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);
	struct sim_task *task = sim_task_start_on(sim, &sim->nodes[2], &stages, "", 0, NULL);

	(void)state;
	assert_int_equal(sim_event(sim, "kill", "pve3"), 0);
	assert_non_null(task->status);
	assert_true(sim->quorate);
	expect(sim, "GET", "/nodes/pve3/status", NULL, 595, "Connection timed out");
	sim_advance(sim, 60000);
	expect(sim, "GET", "/nodes/pve3/status", NULL, 595, "No route to host");
	assert_int_equal(sim_event(sim, "kill", "pve2"), 0);
	expect(sim, "POST", "/pools", "poolid=x", 500,
	       "create pool failed: cfs-lock 'file-user_cfg' error: no quorum!");
	assert_int_equal(sim_event(sim, "revive", "pve2"), 0);
	expect(sim, "POST", "/pools", "poolid=x", 200, NULL);
	assert_int_equal(sim_event(sim, "explode", "pve2"), -1);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stages_happen_when_their_time_has_come),
		cmocka_unit_test(without_speed_tasks_end_at_once),
		cmocka_unit_test(a_failure_is_one_line_in_the_status),
		cmocka_unit_test(the_second_holder_of_a_lock_waits_ten_seconds_in_vain),
		cmocka_unit_test(a_task_can_be_stopped_by_delete),
		cmocka_unit_test(what_was_not_noticed_yet_is_unknown_until_pvestatds_round),
		cmocka_unit_test(a_dying_node_takes_its_tasks_and_the_quorum_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
