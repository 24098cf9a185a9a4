/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#define NOON_MS 1790078400000ll /* 2026-09-22 12:00 */
#define HOUR_MS 3600000ll

static bool near(double a, double b)
{
	return a - b < 1e-9 && b - a < 1e-9;
}

static void a_swing_is_highest_at_its_phase_and_lowest_half_a_period_later(void **state)
{
	struct sim_load load;

	(void)state;
	sim_load_init(&load);
	load.cpu = 0.4;
	load.swing = 0.1;
	load.phase = 0.5;
	assert_true(near(sim_load_cpu(&load, 1, 100, NOON_MS), 0.5));
	assert_true(near(sim_load_cpu(&load, 1, 100, NOON_MS + 12 * HOUR_MS), 0.3));
	assert_true(near(sim_load_cpu(&load, 1, 100, NOON_MS + 6 * HOUR_MS), 0.4));
	assert_true(near(sim_load_mem(&load, NOON_MS), 0.5));
}

static void noise_is_bounded_and_the_same_for_the_same_seed(void **state)
{
	struct sim_load load;
	double least = 1, most = 0;

	(void)state;
	sim_load_init(&load);
	load.cpu = 0.5;
	load.noise = 0.2;
	for (int64_t t = NOON_MS; t < NOON_MS + 24 * HOUR_MS; t += 10000) {
		double cpu = sim_load_cpu(&load, 7, 100, t);

		assert_true(near(cpu, sim_load_cpu(&load, 7, 100, t)));
		least = cpu < least ? cpu : least;
		most = cpu > most ? cpu : most;
	}
	assert_true(least >= 0.3 && least < 0.35 && most > 0.65 && most <= 0.7);
	assert_false(
		near(sim_load_cpu(&load, 7, 101, NOON_MS), sim_load_cpu(&load, 7, 100, NOON_MS)));
	assert_false(
		near(sim_load_cpu(&load, 8, 100, NOON_MS), sim_load_cpu(&load, 7, 100, NOON_MS)));
}

static void a_day_is_different_for_each_guest_and_moves(void **state)
{
	struct sim_load one, other;
	double sum = 0;

	(void)state;
	sim_load_day(&one, 7, 100);
	sim_load_day(&other, 7, 101);
	assert_false(near(one.cpu, other.cpu));
	assert_true(sim_load_moves(&one));
	for (unsigned vmid = 100; vmid < 1100; vmid++) {
		sim_load_day(&one, 7, vmid);
		assert_true(one.cpu > 0 && one.cpu <= 0.8 && one.mem >= 0.3 && one.mem <= 0.9);
		sum += one.cpu;
	}
	assert_true(sum > 100 && sum < 200); /* 15 % on average */
}

static void what_a_load_cannot_be_is_told(void **state)
{
	static const struct {
		const char *spec, *says;
	} cases[] = {
		{ "{\"cpu\": 1.5}", "load: cpu is 0 to 1" },
		{ "{\"cpu\": \"x\"}", "load: cpu has to be a number" },
		{ "{\"period\": 5}", "load: period is 60 seconds at least" },
		{ "[]", "load: an object is needed" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_auto_t *spec = json_loads(cases[i].spec, 0, NULL);
		struct sim_load load;
		struct pxc_err err = { 0 };

		sim_load_init(&load);
		assert_int_equal(sim_load_read(&load, spec, &err), -1);
		assert_string_equal(err.msg, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swing_is_highest_at_its_phase_and_lowest_half_a_period_later),
		cmocka_unit_test(noise_is_bounded_and_the_same_for_the_same_seed),
		cmocka_unit_test(a_day_is_different_for_each_guest_and_moves),
		cmocka_unit_test(what_a_load_cannot_be_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
