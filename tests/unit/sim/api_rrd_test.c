/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static void a_guest_that_is_off_has_sizes_only(void **state)
{
	struct sim *sim = with_guest(1, 1, "memory=512");
	json_auto_t *rows = NULL;
	const json_t *last;

	(void)state;
	sim_advance(sim, 600000);
	rows = get(sim, GUEST "/rrddata?timeframe=hour");
	last = json_array_get(rows, 59);
	assert_int_equal(json_array_size(rows), 60);
	assert_int_equal(json_object_size(json_array_get(rows, 0)), 1);
	assert_int_equal(json_object_size(last), 5);
	assert_int_equal(qm_int(last, "maxmem", 0), 512 << 20);
	assert_int_equal(qm_int(last, "time", 1) % 60, 0);
	sim_free(sim);
}

static void a_running_guest_and_its_node_have_means(void **state)
{
	struct sim *sim = with_guest(1, 1, "memory=512");
	json_auto_t *guest = NULL, *node = NULL, *day = NULL;
	const json_t *row;

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	sim_advance(sim, 600000);
	guest = get(sim, GUEST "/rrddata?timeframe=hour&cf=AVERAGE");
	row = json_array_get(guest, 59);
	assert_int_equal(json_object_size(row), 18);
	assert_int_equal(qm_int(row, "memhost", 0), 256 << 20);
	node = get(sim, "/nodes/pve1/rrddata?timeframe=hour");
	assert_int_equal(json_object_size(json_array_get(node, 59)), 20);
	day = get(sim, "/nodes/pve1/rrddata?timeframe=day&cf=MAX");
	assert_int_equal(json_array_size(day), 1440);
	expect(sim, "GET", "/nodes/pve1/rrddata", NULL, 400, NULL);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_is_off_has_sizes_only),
		cmocka_unit_test(a_running_guest_and_its_node_have_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
