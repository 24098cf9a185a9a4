/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

#include <math.h>

/* Shares of four nodes with 16 cores and 64 GiB; cpu and memory alike. */
static double imbalance(struct sim *sim, const double shares[4])
{
	struct ha_stats nodes[4];

	for (size_t i = 0; i < 4; i++)
		nodes[i] = (struct ha_stats){ shares[i] * 16, shares[i] * 64 * 1073741824.0 };
	return ha_imbalance(ha_spread(sim, nodes));
}

static void imbalance_is_the_spread_against_the_worst_there_is(void **state)
{
	static const struct {
		double shares[4], expected;
	} cases[] = {
		{ { 0, 0, 0, 0 }, 0 },
		{ { .5, .5, .5, .5 }, 0 },
		{ { .8, 0, 0, 0 }, 1 },
		{ { .4, .4, 0, 0 }, 0.57735 },    /* cv 1, of at most the root of 3 */
		{ { .6, .4, .4, .2 }, 0.204124 }, /* deviation .1414 of .4 */
	};
	struct sim *sim = ha_cluster(4, "-100@1");

	(void)state;
	add(sim, 100, NULL);
	rounds(sim, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (fabs(imbalance(sim, cases[i].shares) - cases[i].expected) > 1e-5)
			fail_msg("%zu: %f", i, imbalance(sim, cases[i].shares));
	sim_free(sim);
}

/* Three small services on pve1, one large on pve2: which of the two is the fuller depends on who counts. */
static unsigned chosen(const char *crs)
{
	struct sim *sim = ha_cluster(2, "100@1 101@1 102@1 103@2 -104@1");
	auto_free char *form = pxc_printf("crs=ha=%s", crs);
	struct sim_guest *large = sim_guest_find(sim, 103);
	struct sim_node *to;
	unsigned number;

	json_object_set_new(large->config, "memory", json_string("32768"));
	json_object_set_new(large->config, "cores", json_integer(8));
	sim_guest_touch(large);
	expect(sim, "PUT", "/cluster/options", form, 200, NULL);
	for (unsigned vmid = 100; vmid <= 104; vmid++)
		add(sim, vmid, vmid == 104 ? "state=stopped" : NULL);
	rounds(sim, 3);
	to = ha_select(sim, sim_ha_find(sim, 104), HA_BEST);
	number = to->number;
	sim_free(sim);
	return number;
}

static void the_scheduler_decides_which_node_is_the_emptier(void **state)
{
	(void)state;
	assert_int_equal(chosen("basic"), 2);
	assert_int_equal(chosen("static"), 1);
	assert_int_equal(chosen("dynamic"), 1);
}

/* One node is short of processors, the other of memory: memory weighs more. */
static void memory_weighs_more_than_processors(void **state)
{
	struct sim *sim = ha_cluster(2, "100@1 101@2 -102@1");
	static const struct {
		unsigned vmid, cores;
		const char *memory;
	} sizes[] = { { 100, 16, "2048" }, { 101, 1, "40960" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct sim_guest *g = sim_guest_find(sim, sizes[i].vmid);

		json_object_set_new(g->config, "memory", json_string(sizes[i].memory));
		json_object_set_new(g->config, "cores", json_integer(sizes[i].cores));
	}
	expect(sim, "PUT", "/cluster/options", "crs=ha=static", 200, NULL);
	for (unsigned vmid = 100; vmid <= 102; vmid++)
		add(sim, vmid, vmid == 102 ? "state=stopped" : NULL);
	rounds(sim, 3);
	assert_int_equal(ha_select(sim, sim_ha_find(sim, 102), HA_BEST)->number, 1);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imbalance_is_the_spread_against_the_worst_there_is),
		cmocka_unit_test(the_scheduler_decides_which_node_is_the_emptier),
		cmocka_unit_test(memory_weighs_more_than_processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
