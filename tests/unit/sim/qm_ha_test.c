/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

#include "sim/qm.h"

/* Does a line of the log of the newest task of a type hold the text? *ret_status: how that task ended. */
static bool logged(const struct sim *sim, const char *type, const char *text,
		   const char **ret_status)
{
	const struct sim_task *task = NULL;
	json_t *line;
	size_t i;

	for (i = 0; i < sim->task_count; i++)
		if (!strcmp(sim->tasks[i]->kind->type, type))
			task = sim->tasks[i];
	if (!task) {
		fail_msg("no task of type %s", type);
		return false;
	}
	*ret_status = task->status ? task->status : "running";
	json_array_foreach (task->log, i, line)
		if (strstr(json_string_value(line), text))
			return true;
	return false;
}

static void a_move_is_asked_for_and_partners_come_along(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@1 102@2");
	json_auto_t *pre = NULL;
	const char *status;

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, NULL);
	rule(sim, "rule=tog&type=resource-affinity&resources=vm:100,vm:101&affinity=positive");
	rounds(sim, 4);
	pre = get(sim, "/nodes/pve1/qemu/100/migrate");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(pre, "dependent-ha-resources"), 0)),
			    "vm:101");
	expect(sim, "POST", "/nodes/pve1/qemu/100/migrate", "target=pve3", 500,
	       "can't migrate running VM without --online");
	expect(sim, "POST", "/nodes/pve1/qemu/100/migrate", "target=pve3&online=1", 200, NULL);
	assert_true(logged(
		sim, "hamigrate",
		"also migrate resource 'vm:101' in positive affinity with resource 'vm:100' to "
		"target node 'pve3'",
		&status));
	assert_string_equal(status, "OK");
	assert_int_equal(where(sim, 100), 1);
	rounds(sim, 6);
	assert_int_equal(where(sim, 100), 3);
	assert_int_equal(where(sim, 101), 3);
	assert_int_equal(where(sim, 102), 2);
	assert_true(runs(sim, 100) && runs(sim, 101));
	sim_free(sim);
}

static void one_that_must_be_elsewhere_stands_in_the_way(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@2");
	json_auto_t *pre = NULL;
	const json_t *blocking;
	const char *status;

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, NULL);
	rounds(sim, 4);
	rule(sim, "rule=apart&type=resource-affinity&resources=vm:100,vm:101&affinity=negative");
	rounds(sim, 2);
	pre = get(sim, "/nodes/pve1/qemu/100/migrate");
	blocking = json_array_get(
		json_object_get(json_object_get(json_object_get(pre, "not_allowed_nodes"), "pve2"),
				"blocking-ha-resources"),
		0);
	assert_string_equal(text_of(blocking, "sid"), "vm:101");
	assert_string_equal(text_of(blocking, "cause"), "resource-affinity");
	assert_int_equal(json_array_size(json_object_get(pre, "allowed_nodes")), 1);
	expect(sim, "POST", "/nodes/pve1/qemu/100/migrate", "target=pve2&online=1", 200, NULL);
	assert_true(logged(sim, "hamigrate",
			   "cannot migrate resource 'vm:100' to node 'pve2':", &status));
	assert_string_equal(status,
			    "command 'ha-manager migrate vm:100 pve2' failed: exit code 255");
	rounds(sim, 6);
	assert_int_equal(where(sim, 100), 1);
	sim_free(sim);
}

static void who_is_no_resource_is_told_of_neither(void **state)
{
	struct sim *sim = ha_cluster(2, "100@1");
	json_auto_t *pre = get(sim, "/nodes/pve1/qemu/100/migrate");

	(void)state;
	assert_null(json_object_get(pre, "dependent-ha-resources"));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_move_is_asked_for_and_partners_come_along),
		cmocka_unit_test(one_that_must_be_elsewhere_stands_in_the_way),
		cmocka_unit_test(who_is_no_resource_is_told_of_neither),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
