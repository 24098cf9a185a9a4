/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ha_ask.h"

#define NODES "rule=n1&type=node-affinity&resources=vm:100"
#define APART "rule=r1&type=resource-affinity&resources=vm:100,vm:101&affinity=negative"

static struct sim *managed(void)
{
	struct sim *sim = ha_cluster(3, "100@1 101@2 102@3 103@1");

	for (unsigned vmid = 100; vmid <= 102; vmid++)
		add(sim, vmid, NULL);
	rounds(sim, 2);
	return sim;
}

/* The one parameter error of a request. */
static void expect_error(struct sim *sim, const char *method, const char *path, const char *body,
			 const char *param, const char *text)
{
	struct answer answer auto_answer = ask(sim, method, path, body);
	const json_t *errors = json_object_get(answer.body, "errors");

	assert_int_equal(answer.reply.status, 400);
	if (strcmp(text_of(errors, param), text) != 0)
		fail_msg("%s: %s", body, answer.reply.body);
}

static void options_depend_on_the_type(void **state)
{
	static const struct {
		const char *body, *param, *text;
	} cases[] = {
		{ "rule=n1&resources=vm:100", "type",
		  "property is missing and it is not optional" },
		{ "rule=n1&type=foo", "type",
		  "value 'foo' does not have a value in the enumeration 'node-affinity, "
		  "resource-affinity'" },
		{ NODES, "oneOf[node-affinity].nodes",
		  "property is missing and it is not optional" },
		{ NODES "&nodes=pve1&affinity=negative", "affinity",
		  "property is not defined in schema and the schema does not allow additional "
		  "properties" },
		{ NODES "&nodes=pve1&strict=maybe", "oneOf[node-affinity].strict",
		  "type check ('boolean') failed - got 'maybe'" },
		{ NODES "&nodes=-x", "oneOf[node-affinity].nodes",
		  "invalid format - value does not look like a valid ha group node\n" },
		{ "rule=r1&type=resource-affinity&resources=100&affinity=negative",
		  "oneOf[resource-affinity].resources",
		  "invalid format - value does not look like a valid ha resource id\n" },
		{ "rule=r1&type=resource-affinity&resources=vm:100,vm:101&affinity=neutral",
		  "oneOf[resource-affinity].affinity",
		  "value 'neutral' does not have a value in the enumeration 'positive, negative'" },
		{ "rule=1x&type=resource-affinity&resources=vm:100,vm:101&affinity=negative",
		  "rule", "invalid format - invalid configuration ID '1x'\n" },
	};
	struct sim *sim = managed();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_error(sim, "POST", RULES, cases[i].body, cases[i].param, cases[i].text);
	rule(sim, APART);
	expect_error(sim, "PUT", RULES "/r1", "comment=x", "type",
		     "property is missing and it is not optional");
	expect_error(sim, "PUT", RULES "/r1", "comment=x", "comment",
		     "property is not defined in schema and the schema does not allow additional "
		     "properties");
	sim_free(sim);
}

static void what_is_not_there_is_named(void **state)
{
	struct sim *sim = managed();

	(void)state;
	expect(sim, "POST", RULES,
	       "rule=r1&type=resource-affinity&resources=vm:103,vm:100,vm:999&affinity=negative",
	       500, "create ha rule failed: cannot use unmanaged resource(s) vm:103, vm:999.");
	expect(sim, "POST", RULES, NODES "&nodes=pve1,pve9,pve8:3", 500,
	       "create ha rule failed: cannot use non-existent node(s) pve8, pve9.");
	expect(sim, "GET", RULES "/r1", NULL, 500, "no such ha rule 'r1'");
	expect(sim, "PUT", RULES "/r1", "type=resource-affinity&comment=x", 500,
	       "update HA rules failed: HA rule 'r1' does not exist");
	expect(sim, "DELETE", RULES "/r1", NULL, 200, NULL);
	sim_free(sim);
}

static void a_negative_rule_waits_for_the_managers_first_status(void **state)
{
	struct sim *sim = ha_cluster(3, "100@1 101@2");

	(void)state;
	add(sim, 100, NULL);
	add(sim, 101, NULL);
	expect(sim, "POST", RULES, APART, 500, "create ha rule failed: 400 Rule 'r1' is invalid.");
	rounds(sim, 1);
	rule(sim, APART);
	expect(sim, "POST", RULES, APART, 500,
	       "create ha rule failed: HA rule 'r1' already defined");
	sim_free(sim);
}

static void texts_are_written_in_one_way(void **state)
{
	struct sim *sim = managed();
	json_auto_t *one = NULL;

	(void)state;
	rule(sim, NODES "&nodes=pve3;pve1:2,pve2:0&comment=c%20%c3%a4%20%2541&strict=0");
	one = get(sim, RULES "/n1");
	assert_string_equal(text_of(one, "nodes"), "pve1:2,pve2,pve3");
	assert_string_equal(text_of(one, "comment"), "c \xef\xbf\xbd A");
	assert_true(json_is_integer(json_object_get(one, "strict")));
	assert_int_equal(json_integer_value(json_object_get(one, "order")), 1);
	sim_free(sim);
}

static void a_change_keeps_the_type_and_the_digest(void **state)
{
	struct sim *sim = managed();
	json_auto_t *one = NULL;
	auto_free char *stale = NULL;

	(void)state;
	rule(sim, APART "&comment=old");
	one = get(sim, RULES "/r1");
	stale = pxc_printf("type=resource-affinity&comment=x&digest=%s", text_of(one, "digest"));
	expect(sim, "PUT", RULES "/r1", "type=resource-affinity&disable=1&delete=comment", 200,
	       NULL);
	json_decref(one);
	one = get(sim, RULES "/r1");
	assert_null(json_object_get(one, "comment"));
	assert_int_equal(json_integer_value(json_object_get(one, "disable")), 1);
	expect(sim, "PUT", RULES "/r1", stale, 500,
	       "update HA rules failed: detected modified configuration - file changed by other "
	       "user? Try again.");
	expect(sim, "PUT", RULES "/r1", "type=node-affinity&nodes=pve1", 500,
	       "update HA rules failed: unexpected property 'type'");
	expect(sim, "PUT", RULES "/r1", "type=resource-affinity&delete=affinity", 500,
	       "update HA rules failed: unable to delete required option 'affinity'");
	expect(sim, "PUT", RULES "/r1", "type=resource-affinity&delete=nodes", 500,
	       "update HA rules failed: no such option 'nodes'");
	expect(sim, "PUT", RULES "/r1", "type=resource-affinity&comment=y&delete=comment", 500,
	       "update HA rules failed: cannot set and delete property 'comment' at the same "
	       "time!");
	sim_free(sim);
}

static void lists_can_be_narrowed(void **state)
{
	static const struct {
		const char *query;
		size_t count;
	} cases[] = {
		{ "", 3 },
		{ "?type=node-affinity", 1 },
		{ "?type=resource-affinity", 2 },
		{ "?resource=vm:100", 2 },
		{ "?resource=vm:102&type=resource-affinity", 1 },
		{ "?resource=vm:103", 0 },
	};
	struct sim *sim = managed();

	(void)state;
	rule(sim, NODES "&nodes=pve1");
	rule(sim, APART);
	rule(sim, "rule=r2&type=resource-affinity&resources=vm:101,vm:102&affinity=positive");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *path = pxc_printf(RULES "%s", cases[i].query);
		json_auto_t *list = get(sim, path);

		assert_int_equal(json_array_size(list), cases[i].count);
	}
	sim_free(sim);
}

static void version_8_has_no_rules(void **state)
{
	struct sim_options options = { .nodes = 1, .seed = 1, .speed = 1, .pve = 8 };
	struct pxc_err err;
	struct sim *sim = NULL;
	char secret[37];

	(void)state;
	assert_int_equal(sim_create(&options, &sim, &err), 0);
	sim_token(sim, "t", secret);
	(void)snprintf(admin_header, sizeof(admin_header),
		       "Authorization: PVEAPIToken=root@pam!t=%s", secret);
	expect(sim, "GET", RULES, NULL, 501, "Method 'GET /cluster/ha/rules' not implemented");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_depend_on_the_type),
		cmocka_unit_test(what_is_not_there_is_named),
		cmocka_unit_test(a_negative_rule_waits_for_the_managers_first_status),
		cmocka_unit_test(texts_are_written_in_one_way),
		cmocka_unit_test(a_change_keeps_the_type_and_the_digest),
		cmocka_unit_test(lists_can_be_narrowed),
		cmocka_unit_test(version_8_has_no_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
