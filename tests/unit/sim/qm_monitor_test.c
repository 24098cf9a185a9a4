/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void the_monitor_speaks_only_of_running_guests(void **state)
{
	struct sim *sim = with_guest(1, 0, "name=x");
	struct answer answer auto_answer = { .body = NULL };

	(void)state;
	expect(sim, "POST", GUEST "/monitor", "command=info+status", 500, "VM 100 not running");
	expect(sim, "PUT", GUEST "/sendkey", "key=ret", 500, "VM 100 not running");
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	answer = ask(sim, "POST", GUEST "/monitor", "command=info+status");
	assert_string_equal(json_string_value(data_of(&answer)), "VM status: running\r\n");
	expect(sim, "PUT", GUEST "/sendkey", "key=ret", 200, NULL);
	sim_free(sim);
}

static void statistics_are_one_point_a_minute(void **state)
{
	struct sim *sim = with_guest(1, 0, "name=x");
	json_auto_t *points = get(sim, GUEST "/rrddata?timeframe=hour");

	(void)state;
	for (size_t i = 1; i < json_array_size(points); i++)
		assert_int_equal(qm_int(json_array_get(points, i), "time", 0) -
					 qm_int(json_array_get(points, i - 1), "time", 0),
				 60);
	assert_true(json_array_size(points) > 1);
	expect(sim, "GET", GUEST "/rrddata?timeframe=minute", NULL, 400, NULL);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_monitor_speaks_only_of_running_guests),
		cmocka_unit_test(statistics_are_one_point_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
