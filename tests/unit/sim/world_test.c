/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

static void a_world_replaces_what_comes_by_default(void **state)
{
	struct sim *sim = cluster(
		2, 0,
		"{\"nodes\": {\"pve2\": {\"cores\": 4, \"memory\": 1024}},"
		" \"storages\": {\"big\": {\"type\": \"rbd\", \"content\": \"images\", \"pool\": \"vms\"}},"
		" \"users\": {\"alice@pve\": {\"password\": \"Secret123\", \"comment\": \"A\"}},"
		" \"pools\": {\"dev\": \"for tests\"},"
		" \"volumes\": {\"big:vm-100-disk-0\": {\"size\": 1024, \"content\": \"images\"}}}",
		NULL);

	(void)state;
	assert_int_equal(sim->nodes[1].cores, 4);
	assert_int_equal(sim->nodes[1].memory_bytes, 1ull << 30);
	assert_null(sim_storage_find(sim, "data"));
	assert_true(sim_storage_shared(sim_storage_find(sim, "big")));
	assert_int_equal(sim_volume_find(sim, "big:vm-100-disk-0", NULL)->size_bytes, 1024);
	assert_string_equal(((struct sim_pool *)sim_map_get(&sim->pools, "dev"))->comment,
			    "for tests");
	expect(sim, "GET", "/access/users/alice@pve", NULL, 200, NULL);
	sim_free(sim);
}

static void a_world_that_makes_no_sense_is_refused(void **state)
{
	static const char *const worlds[] = {
		"[]",
		"{",
		"{\"nodes\": {\"pve9\": {}}}",
		"{\"storages\": {\"x\": {}}}",
		"{\"volumes\": {\"nosuch:x\": {}}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(worlds); i++) {
		struct sim_options options = { .world = worlds[i] };
		struct pxc_err err = { 0 };
		struct sim *sim = NULL;

		assert_int_equal(sim_create(&options, &sim, &err), -1);
		assert_true(str_starts(err.msg, "world: "));
	}
}

static void five_hundred_and_twelve_nodes_are_the_most(void **state)
{
	struct sim_options options = { .nodes = SIM_MAX_NODES + 1 };
	struct pxc_err err = { 0 };
	struct sim *sim = NULL;

	(void)state;
	assert_int_equal(sim_create(&options, &sim, &err), -1);
	options.nodes = SIM_MAX_NODES;
	assert_int_equal(sim_create(&options, &sim, &err), 0);
	assert_non_null(sim_node_find(sim, "pve512"));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_world_replaces_what_comes_by_default),
		cmocka_unit_test(a_world_that_makes_no_sense_is_refused),
		cmocka_unit_test(five_hundred_and_twelve_nodes_are_the_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
