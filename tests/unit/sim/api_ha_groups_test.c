/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

#define GROUPS "/cluster/ha/groups"

static struct sim *version_8(const char *guests)
{
	auto_free char *world = ha_world(guests);
	struct sim_options options = {
		.nodes = 3, .seed = 7, .speed = 1, .pve = 8, .world = world
	};
	struct pxc_err err = { 0 };
	struct sim *sim = NULL;
	char secret[37];

	if (sim_create(&options, &sim, &err) < 0)
		fail_msg("%s", err.msg);
	sim_token(sim, "t", secret);
	(void)snprintf(admin_header, sizeof(admin_header),
		       "Authorization: PVEAPIToken=root@pam!t=%s", secret);
	return sim;
}

static void groups_come_change_and_go(void **state)
{
	struct sim *sim = version_8("100@1");
	json_auto_t *one = NULL;

	(void)state;
	expect(sim, "POST", GROUPS, "group=g1&nodes=pve2:3,pve1&restricted=1", 200, NULL);
	expect(sim, "POST", GROUPS, "group=g1&nodes=pve2", 500,
	       "create ha group failed: ha group ID 'g1' already defined");
	one = get(sim, GROUPS "/g1");
	assert_string_equal(text_of(one, "nodes"), "pve1,pve2:3");
	assert_string_equal(text_of(one, "type"), "group");
	assert_int_equal(json_integer_value(json_object_get(one, "restricted")), 1);
	expect(sim, "PUT", GROUPS "/g1", "nofailback=1&delete=restricted", 200, NULL);
	json_decref(one);
	one = get(sim, GROUPS "/g1");
	assert_null(json_object_get(one, "restricted"));
	expect(sim, "PUT", GROUPS "/g1", "digest=0000", 500, NULL);
	expect(sim, "PUT", GROUPS "/g1", "delete=nodes", 500,
	       "update ha group failed: unable to delete required option 'nodes'");
	expect(sim, "PUT", GROUPS "/g2", "comment=x", 500,
	       "update ha group failed: no such ha group 'g2'");
	expect(sim, "GET", GROUPS "/g2", NULL, 500, "no such ha group 'g2'");
	add(sim, 100, "group=g1");
	expect(sim, "DELETE", GROUPS "/g1", NULL, 500,
	       "delete ha group failed: ha group is used by service 'vm:100'");
	change(sim, 100, "delete=group");
	expect(sim, "DELETE", GROUPS "/g1", NULL, 200, NULL);
	expect(sim, "PUT", RESOURCES "/vm:100", "group=g1", 500, "HA group 'g1' does not exist");
	sim_free(sim);
}

static void the_manager_follows_them(void **state)
{
	struct sim *sim = version_8("100@1 101@1 102@1");

	(void)state;
	expect(sim, "POST", GROUPS, "group=g1&nodes=pve2:1,pve3:5", 200, NULL);
	expect(sim, "POST", GROUPS, "group=g2&nodes=pve2:5,pve1:1&nofailback=1", 200, NULL);
	expect(sim, "POST", GROUPS, "group=g3&nodes=pve2&restricted=1", 200, NULL);
	add(sim, 100, "group=g1");
	add(sim, 101, "group=g2");
	add(sim, 102, "group=g3");
	rounds(sim, 5);
	expect_at(sim, 100, 3, "started");
	expect_at(sim, 101, 1, "started");
	expect_at(sim, 102, 2, "started");
	assert_true(sim_ha_allows(sim, 100, &sim->nodes[0]));
	assert_false(sim_ha_allows(sim, 102, &sim->nodes[0]));
	sim_free(sim);
}

static void version_9_refuses_them(void **state)
{
	static const struct {
		const char *method, *path, *body, *message;
	} cases[] = {
		{ "GET", GROUPS, NULL, "cannot index groups: " },
		{ "POST", GROUPS, "group=g1&nodes=pve1", "cannot create group: " },
		{ "GET", GROUPS "/g1", NULL, "cannot read group: " },
		{ "PUT", GROUPS "/g1", "comment=x", "cannot update group: " },
		{ "DELETE", GROUPS "/g1", NULL, "cannot delete group: " },
	};
	struct sim *sim = ha_cluster(1, "100@1");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *message =
			pxc_printf("%sha groups have been migrated to rules", cases[i].message);

		expect(sim, cases[i].method, cases[i].path, cases[i].body, 500, message);
	}
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_come_change_and_go),
		cmocka_unit_test(the_manager_follows_them),
		cmocka_unit_test(version_9_refuses_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
