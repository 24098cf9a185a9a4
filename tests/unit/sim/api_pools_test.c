/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

static void pools_nest_three_levels_deep_below_their_parents(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	expect(sim, "POST", "/pools", "poolid=a/b", 500,
	       "create pool failed: parent 'a' of pool 'a/b' does not exist");
	expect(sim, "POST", "/pools", "poolid=a", 200, NULL);
	expect(sim, "POST", "/pools", "poolid=a/b", 200, NULL);
	expect(sim, "POST", "/pools", "poolid=a/b/c", 200, NULL);
	expect(sim, "POST", "/pools", "poolid=a/b/c/d", 400, NULL);
	expect(sim, "DELETE", "/pools?poolid=a", NULL, 500,
	       "delete pool failed: pool 'a' is not empty (contains pool 'a/b')");
	expect(sim, "DELETE", "/pools?poolid=a/b/c", NULL, 200, NULL);
	expect(sim, "DELETE", "/pools?poolid=a/b", NULL, 200, NULL);
	expect(sim, "DELETE", "/pools?poolid=a", NULL, 200, NULL);
	sim_free(sim);
}

static void a_guest_is_in_one_pool_and_moves_only_when_allowed(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct sim_guest *guest = sim_guest_add(sim, 100, &sim->nodes[0]);

	(void)state;
	expect(sim, "POST", "/pools", "poolid=a", 200, NULL);
	expect(sim, "POST", "/pools", "poolid=b", 200, NULL);
	expect(sim, "PUT", "/pools", "poolid=a&vms=100", 200, NULL);
	assert_string_equal(guest->pool, "a");
	expect(sim, "PUT", "/pools", "poolid=b&vms=100", 500,
	       "update pools failed: VM 100 belongs already to pool 'a' and 'allow-move' is not set");
	expect(sim, "PUT", "/pools", "poolid=b&vms=100&allow-move=1", 200, NULL);
	assert_string_equal(guest->pool, "b");
	expect(sim, "DELETE", "/pools?poolid=b", NULL, 500,
	       "delete pool failed: pool 'b' is not empty (contains VM 100)");
	expect(sim, "PUT", "/pools", "poolid=b&vms=100&delete=1", 200, NULL);
	assert_null(guest->pool);
	expect(sim, "PUT", "/pools", "poolid=b&vms=100&delete=1", 500,
	       "update pools failed: VM 100 is not a pool member");
	sim_free(sim);
}

static void members_that_do_not_exist_do_not_fill_a_pool(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	expect(sim, "POST", "/pools", "poolid=a", 200, NULL);
	expect(sim, "PUT", "/pools", "poolid=a&vms=999&storage=nosuch", 200, NULL);
	expect(sim, "DELETE", "/pools?poolid=a", NULL, 200, NULL);
	expect(sim, "POST", "/pools", "poolid=a", 200, NULL);
	expect(sim, "PUT", "/pools", "poolid=a&storage=data", 200, NULL);
	expect(sim, "DELETE", "/pools?poolid=a", NULL, 500,
	       "delete pool failed: pool 'a' is not empty (contains storage 'data')");
	sim_free(sim);
}

static void comments_are_kept_byte_for_byte_and_vanish_when_empty(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	expect(sim, "POST", "/pools", "poolid=a&comment=%0A%20a%25%0D%0A%C3%A4%20", 200, NULL);
	{
		struct answer answer auto_answer = ask(sim, "GET", "/pools?poolid=a", NULL);

		assert_string_equal(text_of(json_array_get(data_of(&answer), 0), "comment"),
				    "\n a%\r\n\xc3\xa4 ");
	}
	expect(sim, "PUT", "/pools", "poolid=a&comment=", 200, NULL);
	{
		struct answer answer auto_answer = ask(sim, "GET", "/pools?poolid=a", NULL);

		assert_null(json_object_get(json_array_get(data_of(&answer), 0), "comment"));
	}
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pools_nest_three_levels_deep_below_their_parents),
		cmocka_unit_test(a_guest_is_in_one_pool_and_moves_only_when_allowed),
		cmocka_unit_test(members_that_do_not_exist_do_not_fill_a_pool),
		cmocka_unit_test(comments_are_kept_byte_for_byte_and_vanish_when_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
