/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

static json_t *options_of(struct sim *sim)
{
	struct answer answer auto_answer = ask(sim, "GET", "/cluster/options", NULL);

	assert_int_equal(answer.reply.status, 200);
	return json_incref(data_of(&answer));
}

static void property_strings_come_back_as_objects(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	json_auto_t *options = NULL;

	(void)state;
	expect(sim, "PUT", "/cluster/options",
	       "crs=ha=static,ha-rebalance-on-start=yes&next-id=lower=200,upper=300&migration=insecure",
	       200, NULL);
	options = options_of(sim);
	assert_string_equal(text_of(json_object_get(options, "crs"), "ha"), "static");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(options, "crs"),
							    "ha-rebalance-on-start")),
			 1);
	assert_string_equal(text_of(json_object_get(options, "next-id"), "lower"), "200");
	assert_string_equal(text_of(json_object_get(options, "migration"), "type"), "insecure");
	{
		struct answer answer auto_answer = ask(sim, "GET", "/cluster/nextid", NULL);

		assert_string_equal(json_string_value(data_of(&answer)), "200");
	}
	sim_free(sim);
}

static void the_description_ends_with_a_newline_and_is_always_there(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		json_auto_t *options = NULL;

		expect(sim, "PUT", "/cluster/options", i ? "description=" : "description=a%0Ab",
		       200, NULL);
		options = options_of(sim);
		assert_string_equal(text_of(options, "description"), i ? "" : "a\nb\n");
		assert_true(json_is_string(json_object_get(options, "description")));
	}
	sim_free(sim);
}

static void allowed_tags_are_the_registered_and_the_users(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	json_auto_t *options = NULL;
	static const char *const tags[] = { "a", "b", "x" };

	(void)state;
	expect(sim, "PUT", "/cluster/options",
	       "registered-tags=b;a&user-tag-access=user-allow=list,user-allow-list=x;b", 200,
	       NULL);
	options = options_of(sim);
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		assert_string_equal(json_string_value(json_array_get(
					    json_object_get(options, "allowed-tags"), i)),
				    tags[i]);
	expect(sim, "PUT", "/cluster/options", "delete=registered-tags,user-tag-access,nonsense",
	       200, NULL);
	assert_null(json_object_get(sim->dc, "registered-tags"));
	sim_free(sim);
}

static void wrong_keys_are_format_errors(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, NULL);
	struct answer answer auto_answer = ask(sim, "PUT", "/cluster/options", "tag-style=foo=bar");

	(void)state;
	assert_int_equal(answer.reply.status, 400);
	assert_string_equal(
		text_of(json_object_get(answer.body, "errors"), "tag-style"),
		"invalid format - format error\ntag-style.foo: property is not defined in schema and the schema does not allow additional properties\n");
	sim_free(sim);
}

/* The line that PVE adds to "invalid format - format error". */
static void crs_is_what_the_schema_says(void **state)
{
	static const struct {
		const char *crs, *line;
	} cases[] = {
		{ "ha=dynamic,ha-auto-rebalance=1,ha-auto-rebalance-threshold=12.5", NULL },
		{ "ha=static,ha-auto-rebalance=0,ha-auto-rebalance-method=topsis", NULL },
		{ "ha=clever", "crs.ha: value 'clever' does not have a value in the enumeration "
			       "'basic, static, dynamic'\n" },
		{ "ha-auto-rebalance=2", "crs.ha-auto-rebalance: type check ('boolean') failed - "
					 "got '2'\n" },
		{ "ha-auto-rebalance=1,ha-auto-rebalance-margin=101",
		  "crs.ha-auto-rebalance-margin: value must have a maximum value of 100\n" },
		{ "ha-auto-rebalance=1,ha-auto-rebalance-hold-duration=-1",
		  "crs.ha-auto-rebalance-hold-duration: value must have a minimum value of 0\n" },
		{ "ha-auto-rebalance=1,ha-auto-rebalance-threshold=high",
		  "crs.ha-auto-rebalance-threshold: type check ('number') failed - got 'high'\n" },
		{ "ha-auto-rebalance-margin=5",
		  "crs.ha-auto-rebalance: missing property required by "
		  "'crs.ha-auto-rebalance-margin'\n" },
		{ "ha-rebalance=1", "crs.ha-rebalance: property is not defined in schema and the "
				    "schema does not allow additional properties\n" },
	};
	struct sim *sim = cluster(1, 0, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *form = pxc_printf("crs=%s", cases[i].crs);
		struct answer answer auto_answer = ask(sim, "PUT", "/cluster/options", form);
		auto_free char *text = pxc_printf("invalid format - format error\n%s",
						  cases[i].line ? cases[i].line : "");

		assert_int_equal(answer.reply.status, cases[i].line ? 400 : 200);
		if (cases[i].line)
			assert_string_equal(text_of(json_object_get(answer.body, "errors"), "crs"),
					    text);
	}
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(property_strings_come_back_as_objects),
		cmocka_unit_test(the_description_ends_with_a_newline_and_is_always_there),
		cmocka_unit_test(allowed_tags_are_the_registered_and_the_users),
		cmocka_unit_test(wrong_keys_are_format_errors),
		cmocka_unit_test(crs_is_what_the_schema_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
