/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

static void entries_stand_sorted_whatever_the_order_of_coming(void **state)
{
	struct sim_map map = { 0 };
	char key[8];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%02u", i * 37 % 100);
		assert_null(sim_map_put(&map, key, &map));
	}
	assert_int_equal(map.count, 100);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%02u", i);
		assert_string_equal(map.entries[i].key, key);
	}
	sim_map_release(&map, NULL);
}

static void a_second_put_hands_back_the_first_value(void **state)
{
	struct sim_map map = { 0 };
	int a, b;

	(void)state;
	sim_map_put(&map, "k", &a);
	assert_ptr_equal(sim_map_put(&map, "k", &b), &a);
	assert_ptr_equal(sim_map_get(&map, "k"), &b);
	assert_int_equal(map.count, 1);
	sim_map_release(&map, NULL);
}

static void what_was_removed_is_gone_and_the_rest_stays(void **state)
{
	struct sim_map map = { 0 };
	int a, b;

	(void)state;
	sim_map_put(&map, "a", &a);
	sim_map_put(&map, "b", &b);
	assert_ptr_equal(sim_map_remove(&map, "a"), &a);
	assert_null(sim_map_remove(&map, "a"));
	assert_null(sim_map_get(&map, "a"));
	assert_ptr_equal(sim_map_get(&map, "b"), &b);
	sim_map_release(&map, NULL);
}

static void lower_finds_where_a_prefix_begins(void **state)
{
	struct sim_map map = { 0 };
	int x;

	(void)state;
	sim_map_put(&map, "data:1", &x);
	sim_map_put(&map, "local:1", &x);
	sim_map_put(&map, "local:2", &x);
	assert_int_equal(sim_map_lower(&map, "local:"), 1);
	assert_int_equal(sim_map_lower(&map, "zfs:"), 3);
	sim_map_release(&map, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_stand_sorted_whatever_the_order_of_coming),
		cmocka_unit_test(a_second_put_hands_back_the_first_value),
		cmocka_unit_test(what_was_removed_is_gone_and_the_rest_stays),
		cmocka_unit_test(lower_finds_where_a_prefix_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
