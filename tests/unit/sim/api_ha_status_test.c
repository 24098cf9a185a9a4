/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

#define CURRENT "/cluster/ha/status/current"

/* The field of the entry with this id; "" when there is none. */
static const char *field(const json_t *list, const char *id, const char *key)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		if (!strcmp(text_of(entry, "id"), id))
			return text_of(entry, key);
	return "";
}

static void expect_field(struct sim *sim, const char *id, const char *key, const char *expected)
{
	json_auto_t *list = get(sim, CURRENT);

	if (strcmp(field(list, id, key), expected) != 0)
		fail_msg("%s of %s: \"%s\", not \"%s\"", key, id, field(list, id, key), expected);
}

static bool begins(struct sim *sim, const char *id, const char *start)
{
	json_auto_t *list = get(sim, CURRENT);

	return str_starts(field(list, id, "status"), start);
}

static void nobody_has_looked_yet(void **state)
{
	struct sim *sim = ha_cluster(2, "100@2");
	json_auto_t *list = NULL, *manager = NULL;

	(void)state;
	add(sim, 100, "state=enabled&comment=c");
	list = get(sim, CURRENT);
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(field(list, "quorum", "status"), "OK");
	assert_string_equal(field(list, "fencing", "status"), "standby (CRM watchdog standby)");
	assert_string_equal(field(list, "service:vm:100", "state"), "queued");
	assert_string_equal(field(list, "service:vm:100", "node"), "pve2");
	assert_string_equal(field(list, "service:vm:100", "request_state"), "started");
	assert_string_equal(field(list, "service:vm:100", "comment"), "c");
	assert_string_equal(field(list, "service:vm:100", "crm_state"), "");
	manager = get(sim, "/cluster/ha/status/manager_status");
	assert_int_equal(json_object_size(json_object_get(
				 json_object_get(manager, "manager_status"), "node_status")),
			 0);
	sim_free(sim);
}

static void at_work_master_and_lrms_are_shown(void **state)
{
	struct sim *sim = ha_cluster(2, "100@2");
	json_auto_t *manager = NULL;
	const json_t *status;

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 2);
	assert_true(begins(sim, "master", "pve1 (active, "));
	assert_true(begins(sim, "lrm:pve1", "pve1 (idle, watchdog standby, "));
	assert_true(begins(sim, "lrm:pve2", "pve2 (active, watchdog active, "));
	expect_field(sim, "fencing", "armed-state", "armed");
	expect_field(sim, "service:vm:100", "status", "vm:100 (pve2, started)");
	manager = get(sim, "/cluster/ha/status/manager_status");
	status = json_object_get(manager, "manager_status");
	assert_string_equal(text_of(status, "master_node"), "pve1");
	assert_string_equal(text_of(json_object_get(status, "node_status"), "pve2"), "online");
	assert_string_equal(
		text_of(json_object_get(json_object_get(status, "service_status"), "vm:100"),
			"state"),
		"started");
	assert_string_equal(
		text_of(json_object_get(json_object_get(manager, "lrm_status"), "pve1"), "mode"),
		"active");
	sim_free(sim);
}

static void states_are_shown_in_the_light_of_what_is_asked_for(void **state)
{
	struct sim *sim = ha_cluster(2, "-100@1 101@1");

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, NULL);
	rounds(sim, 1);
	expect_field(sim, "service:vm:100", "state", "starting");
	rounds(sim, 1);
	expect_field(sim, "service:vm:100", "state", "started");
	change(sim, 101, "state=disabled");
	expect_field(sim, "service:vm:101", "state", "stopping");
	rounds(sim, 3);
	expect_field(sim, "service:vm:101", "state", "disabled");
	expect_field(sim, "service:vm:101", "crm_state", "stopped");
	change(sim, 101, "state=ignored");
	rounds(sim, 1);
	expect_field(sim, "service:vm:101", "state", "ignored");
	expect_field(sim, "service:vm:101", "crm_state", "");
	sim_free(sim);
}

static void maintenance_and_death_are_shown(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 2);
	(void)sim_ha_command(sim, "node-maintenance enable pve2");
	sim_node_kill(sim, &sim->nodes[2]);
	rounds(sim, 4);
	assert_true(begins(sim, "lrm:pve2", "pve2 (maintenance mode, "));
	assert_true(begins(sim, "lrm:pve3", "pve3 (old timestamp - dead?, "));
	{
		json_auto_t *list = get(sim, "/cluster/resources?type=node");

		assert_string_equal(field(list, "node/pve2", "hastate"), "maintenance");
		assert_string_equal(field(list, "node/pve3", "hastate"), "unknown");
	}
	sim_free(sim);
}

static void disarmed_nothing_happens(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@3");

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, NULL);
	rounds(sim, 2);
	expect(sim, "POST", "/cluster/ha/status/disarm-ha", "resource-mode=freeze", 200, NULL);
	rounds(sim, 2);
	expect_field(sim, "fencing", "armed-state", "disarmed");
	expect_field(sim, "fencing", "resource_mode", "freeze");
	expect_field(sim, "service:vm:100", "crm_state", "freeze");
	assert_true(begins(sim, "lrm:pve1", "pve1 (idle, watchdog standby, "));
	sim_node_kill(sim, &sim->nodes[2]);
	change(sim, 100, "state=stopped");
	rounds(sim, 20);
	assert_int_equal(where(sim, 101), 3);
	assert_true(runs(sim, 100));
	expect(sim, "POST", "/cluster/ha/status/arm-ha", NULL, 200, NULL);
	rounds(sim, 20);
	assert_false(runs(sim, 100));
	assert_int_not_equal(where(sim, 101), 3);
	assert_true(runs(sim, 101));
	expect_field(sim, "fencing", "armed-state", "armed");
	sim_free(sim);
}

static void disarmed_and_ignored_guests_are_nobodys_business(void **state)
{
	struct sim *sim = ha_cluster(2, "100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 2);
	expect(sim, "POST", "/cluster/ha/status/disarm-ha", "resource-mode=ignore", 200, NULL);
	rounds(sim, 2);
	assert_false(sim_ha_managed(sim, 100));
	expect(sim, "POST", "/nodes/pve1/qemu/100/status/stop", "", 200, NULL);
	sim_advance(sim, 2000);
	assert_false(runs(sim, 100));
	rounds(sim, 5);
	assert_false(runs(sim, 100));
	expect(sim, "POST", "/cluster/ha/status/arm-ha", NULL, 200, NULL);
	rounds(sim, 3);
	assert_true(runs(sim, 100)); /* "started" is still what is asked for */
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_has_looked_yet),
		cmocka_unit_test(at_work_master_and_lrms_are_shown),
		cmocka_unit_test(states_are_shown_in_the_light_of_what_is_asked_for),
		cmocka_unit_test(maintenance_and_death_are_shown),
		cmocka_unit_test(disarmed_nothing_happens),
		cmocka_unit_test(disarmed_and_ignored_guests_are_nobodys_business),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
