/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/level.h"

static const char *const ab[] = { "a", "b", NULL }, *const cd[] = { "c", "d", NULL };
static const char *const *const both[] = { ab, cd, NULL };
static const char *const *const first[] = { ab, NULL };
static const char *const words[] = { "off", "slow", NULL }, *const many[] = { "no", "off", NULL };

static const struct ans_option options[] = {
	{ .name = "zeta", .type = ANS_STR, .required = true },
	{ .name = "Alpha", .type = ANS_STR, .required = true },
	{ .name = "a", .type = ANS_STR, .aliases = cd },
	{ .name = "mode", .type = ANS_STR, .choices = words },
	{ .name = "both", .type = ANS_STR, .choices = many },
	{ .name = "modes", .type = ANS_LIST, .elements = ANS_STR, .choices = words },
};

static void expect(int r, const struct pxc_err *err, const char *message)
{
	assert_int_equal(r, message ? -1 : 0);
	if (message)
		assert_string_equal(err->msg, message);
}

static void options_are_found_by_name_and_alias(void **state)
{
	const struct ans_rules rules = { .options = options, .noptions = ARRAY_SIZE(options) };

	(void)state;
	assert_ptr_equal(ans_find(&rules, "a"), &options[2]);
	assert_ptr_equal(ans_find(&rules, "d"), &options[2]);
	assert_null(ans_find(&rules, "e"));
}

static void options_that_exclude_each_other_are_refused(void **state)
{
	static const struct {
		const char *params, *message;
	} rows[] = {
		{ "{'a': 1}", NULL },
		{ "{'a': 1, 'c': 1}", NULL },
		{ "{'a': 1, 'b': 1}", "parameters are mutually exclusive: a|b found in x" },
		{ "{'a': 1, 'b': 1, 'c': 1, 'd': 1}",
		  "parameters are mutually exclusive: a|b, c|d found in x" },
	};
	const struct ans_rules rules = { .mutually_exclusive = both };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *params = json_of(rows[i].params);
		struct pxc_err err;

		expect(level_check_exclusive(&rules, params, "x", &err), &err, rows[i].message);
	}
}

static void conditions_are_checked_in_the_order_of_ansible(void **state)
{
	static const struct ans_required_if when[] = {
		{ .option = "c", .value = "\"all\"", .requirements = ab },
		{ .option = "c", .value = "\"any\"", .requirements = ab, .any = true },
		{ .option = "c", .value = "5", .requirements = ab },
		{ .option = NULL },
	};
	static const struct ans_required_by by[] = { { "d", ab }, { NULL, NULL } };
	const struct ans_rules only_if = { .required_if = when }, only_by = { .required_by = by };
	const struct ans_rules group = { .required_together = first },
			       one = { .required_one_of = first };
	const struct {
		const struct ans_rules *rules;
		const char *params, *message;
	} rows[] = {
		{ &group, "{}", NULL },
		{ &group, "{'a': 1, 'b': 1}", NULL },
		{ &group, "{'b': 1}", "parameters are required together: a, b" },
		{ &one, "{'b': 1}", NULL },
		{ &one, "{'c': 1}", "one of the following is required: a, b" },
		{ &only_if, "{'c': 'none'}", NULL },
		{ &only_if, "{'c': 'all', 'a': 1, 'b': 1}", NULL },
		{ &only_if, "{'c': 'all', 'a': 1}",
		  "c is all but all of the following are missing: b" },
		{ &only_if, "{'c': 'any', 'a': 1}", NULL },
		{ &only_if, "{'c': 'any'}", "c is any but any of the following are missing: a, b" },
		{ &only_if, "{'c': 5}", "c is 5 but all of the following are missing: a, b" },
		{ &only_by, "{'a': 1}", NULL },
		{ &only_by, "{'d': 1, 'a': 1}", "missing parameter(s) required by 'd': b" },
		{ &only_by, "{'d': 1, 'a': 1, 'b': 2}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *params = json_of(rows[i].params);
		struct pxc_err err;

		expect(level_check_conditions(rows[i].rules, params, "", &err), &err,
		       rows[i].message);
	}
}

static void missing_options_are_named_sorted(void **state)
{
	const struct ans_rules rules = { .options = options, .noptions = ARRAY_SIZE(options) };
	json_auto_t *none = json_object(), *all = json_of("{'zeta': 1, 'Alpha': 2}");
	struct ans_level level = { .rules = &rules, .context = "vms -> disks", .params = none };
	struct pxc_err err;

	(void)state;
	expect(level_check_required(&level, &err), &err,
	       "missing required arguments: Alpha, zeta found in vms -> disks");
	level.params = all;
	expect(level_check_required(&level, &err), &err, NULL);
}

static void choices_are_checked_and_unquoted_words_understood(void **state)
{
	static const struct {
		const char *params, *after, *message;
	} rows[] = {
		{ "{'mode': 'slow'}", "{'mode': 'slow'}", NULL },
		{ "{'mode': 'False'}", "{'mode': 'off'}", NULL },
		{ "{'mode': 'True'}", NULL, "value of mode must be one of: off, slow, got: True" },
		{ "{'both': 'False'}", NULL, "value of both must be one of: no, off, got: False" },
		{ "{'mode': 'fast'}", NULL, "value of mode must be one of: off, slow, got: fast" },
		{ "{'modes': ['slow', 'off']}", "{'modes': ['slow', 'off']}", NULL },
		{ "{'modes': ['slow', 'x', '']}", NULL,
		  "value of modes must be one or more of: off, slow. Got no match for: x, " },
	};
	const struct ans_rules rules = { .options = options, .noptions = ARRAY_SIZE(options) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *params = json_of(rows[i].params);
		struct ans_level level = { .rules = &rules, .context = "", .params = params };
		struct pxc_err err;

		expect(level_check_choices(&level, &err), &err, rows[i].message);
		if (rows[i].after)
			assert_json(params, rows[i].after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_found_by_name_and_alias),
		cmocka_unit_test(options_that_exclude_each_other_are_refused),
		cmocka_unit_test(conditions_are_checked_in_the_order_of_ansible),
		cmocka_unit_test(missing_options_are_named_sorted),
		cmocka_unit_test(choices_are_checked_and_unquoted_words_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
