/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

static struct sim *five(void)
{
	struct sim *sim = ha_cluster(4, "100@1 101@1 102@1 103@1 104@1");

	for (unsigned vmid = 100; vmid <= 104; vmid++)
		add(sim, vmid, "state=stopped");
	rounds(sim, 3);
	return sim;
}

static void expect_partners(struct sim *sim, unsigned vmid, const char *expected)
{
	auto_free unsigned *vmids = NULL;
	auto_buf struct pxc_buf text = { 0 };
	size_t count;

	sim_ha_partners(sim, vmid, &vmids, &count);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%u", i ? " " : "", vmids[i]);
	assert_string_equal(buf_str(&text), expected);
}

static void positive_rules_that_share_resources_are_one(void **state)
{
	struct sim *sim = five();

	(void)state;
	rule(sim, "rule=aa&type=resource-affinity&resources=vm:100,vm:101&affinity=positive");
	rule(sim, "rule=bb&type=resource-affinity&resources=vm:102,vm:101&affinity=positive");
	expect_partners(sim, 100, "101 102");
	expect_partners(sim, 101, "100 102");
	expect_partners(sim, 103, "");
	expect(sim, "PUT", RULES "/bb", "type=resource-affinity&disable=1", 200, NULL);
	expect_partners(sim, 100, "101");
	expect(sim, "DELETE", RULES "/aa", NULL, 200, NULL);
	expect_partners(sim, 100, "");
	sim_free(sim);
}

static void who_is_apart_from_one_is_apart_from_all_of_its_partners(void **state)
{
	struct sim *sim = five();

	(void)state;
	rule(sim, "rule=aa&type=resource-affinity&resources=vm:100,vm:101&affinity=positive");
	rule(sim, "rule=bb&type=resource-affinity&resources=vm:101,vm:103&affinity=negative");
	assert_false(sim_ha_allows(sim, 103, &sim->nodes[0]));
	assert_false(sim_ha_allows(sim, 100, &sim->nodes[0]));
	assert_true(sim_ha_allows(sim, 100, &sim->nodes[1]));
	assert_true(sim_ha_allows(sim, 104, &sim->nodes[0]));
	sim_free(sim);
}

static void where_one_of_a_bundle_has_to_be_all_have_to_be(void **state)
{
	struct sim *sim = five();

	(void)state;
	rule(sim, "rule=aa&type=resource-affinity&resources=vm:100,vm:101&affinity=positive");
	rule(sim, "rule=nn&type=node-affinity&resources=vm:101&nodes=pve1,pve2&strict=1");
	assert_true(sim_ha_allows(sim, 100, &sim->nodes[1]));
	assert_false(sim_ha_allows(sim, 100, &sim->nodes[2]));
	assert_true(sim_ha_allows(sim, 102, &sim->nodes[2]));
	sim_free(sim);
}

/* One that is left alone by a removal is kept, shown with its fault, and not followed. */
static void removing_a_resource_takes_it_out_of_rules(void **state)
{
	struct sim *sim = five();
	json_auto_t *rules = NULL;

	(void)state;
	rule(sim, "rule=aa&type=resource-affinity&resources=vm:100,vm:101&affinity=positive");
	rule(sim, "rule=nn&type=node-affinity&resources=vm:101&nodes=pve1");
	expect(sim, "DELETE", RESOURCES "/vm:101", NULL, 200, NULL);
	rules = get(sim, RULES);
	assert_int_equal(json_array_size(rules), 1);
	assert_string_equal(text_of(json_array_get(rules, 0), "resources"), "vm:100");
	assert_non_null(json_object_get(json_array_get(rules, 0), "errors"));
	expect_partners(sim, 100, "");
	expect(sim, "DELETE", RESOURCES "/vm:100?purge=0", NULL, 200, NULL);
	json_decref(rules);
	rules = get(sim, RULES);
	assert_string_equal(text_of(json_array_get(rules, 0), "resources"), "vm:100");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positive_rules_that_share_resources_are_one),
		cmocka_unit_test(who_is_apart_from_one_is_apart_from_all_of_its_partners),
		cmocka_unit_test(where_one_of_a_bundle_has_to_be_all_have_to_be),
		cmocka_unit_test(removing_a_resource_takes_it_out_of_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
