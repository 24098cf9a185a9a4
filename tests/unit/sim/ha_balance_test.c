/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

static struct sim *crowded(const char *crs)
{
	struct sim *sim = ha_cluster(2, "100@1 101@1 102@1 103@1");
	auto_free char *form = pxc_printf("crs=%s", crs);

	expect(sim, "PUT", "/cluster/options", form, 200, NULL);
	for (unsigned vmid = 100; vmid <= 103; vmid++)
		add(sim, vmid, NULL);
	return sim;
}

static unsigned moved(struct sim *sim)
{
	unsigned count = 0;

	for (unsigned vmid = 100; vmid <= 103; vmid++)
		count += where(sim, vmid) != 1;
	return count;
}

static void one_at_a_time_until_both_are_alike(void **state)
{
	struct sim *sim = crowded("ha=static,ha-auto-rebalance=1");

	(void)state;
	rounds(sim, 4);
	assert_int_equal(moved(sim), 0); /* the hold duration of three rounds */
	rounds(sim, 3);
	assert_int_equal(moved(sim), 1);
	rounds(sim, 20);
	assert_int_equal(moved(sim), 2);
	rounds(sim, 20);
	assert_int_equal(moved(sim), 2);
	sim_free(sim);
}

static void some_settings_keep_it_still(void **state)
{
	static const char *const settings[] = {
		"ha=basic,ha-auto-rebalance=1",
		"ha=static,ha-auto-rebalance=0",
		"ha=static",
		"ha=static,ha-auto-rebalance=1,ha-auto-rebalance-threshold=100",
		"ha=static,ha-auto-rebalance=1,ha-auto-rebalance-hold-duration=1000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		struct sim *sim = crowded(settings[i]);

		rounds(sim, 20);
		if (moved(sim))
			fail_msg("%s: %u moved", settings[i], moved(sim));
		sim_free(sim);
	}
}

static void who_is_excepted_stays(void **state)
{
	struct sim *sim = crowded("ha=static,ha-auto-rebalance=1");

	(void)state;
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		change(sim, vmid, "auto-rebalance=0");
	rounds(sim, 30);
	assert_int_equal(moved(sim), 1);
	assert_int_equal(where(sim, 103), 2);
	sim_free(sim);
}

static void partners_move_as_one(void **state)
{
	struct sim *sim = crowded("ha=static,ha-auto-rebalance=1");

	(void)state;
	rule(sim, "rule=aa&type=resource-affinity&resources=vm:102,vm:103&affinity=positive");
	rounds(sim, 30);
	assert_int_equal(where(sim, 102), where(sim, 103));
	assert_int_equal(moved(sim), 2);
	sim_free(sim);
}

/* Imbalance 1/3, after one move 1/3 the other way round: 0 % better. */
static void what_gains_too_little_is_left(void **state)
{
	struct sim *sim = ha_cluster(2, "100@1 101@1 102@2");

	(void)state;
	expect(sim, "PUT", "/cluster/options",
	       "crs=ha=static,ha-auto-rebalance=1,ha-auto-rebalance-threshold=10", 200, NULL);
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		add(sim, vmid, NULL);
	rounds(sim, 20);
	for (size_t i = 0; i < sim->task_count; i++)
		assert_string_not_equal(sim->tasks[i]->kind->type, "qmigrate");
	sim_free(sim);
}

/* "dynamic" counts what is used, by guests that are no resources, too, and moves resources only. */
static void with_dynamic_loads_others_count_but_stay(void **state)
{
	static const char world[] =
		"{\"guests\":["
		"{\"vmid\":100,\"node\":\"pve1\",\"status\":\"running\",\"load\":{\"cpu\":0.9,"
		"\"mem\":0.9},\"config\":{\"memory\":\"32768\",\"cores\":8}},"
		"{\"vmid\":101,\"node\":\"pve1\",\"status\":\"running\",\"load\":{\"cpu\":0.5,"
		"\"mem\":0.5},\"config\":{\"memory\":\"32768\",\"cores\":8}}]}";
	struct sim *sim = cluster(2, 1, world, NULL);

	(void)state;
	expect(sim, "PUT", "/cluster/options",
	       "crs=ha=dynamic,ha-auto-rebalance=1,ha-auto-rebalance-threshold=30", 200, NULL);
	add(sim, 101, NULL);
	rounds(sim, 20);
	assert_int_equal(where(sim, 100), 1);
	expect_at(sim, 101, 2, "started");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time_until_both_are_alike),
		cmocka_unit_test(some_settings_keep_it_still),
		cmocka_unit_test(who_is_excepted_stays),
		cmocka_unit_test(partners_move_as_one),
		cmocka_unit_test(what_gains_too_little_is_left),
		cmocka_unit_test(with_dynamic_loads_others_count_but_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
