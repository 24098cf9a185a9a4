/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/args.h"
#include "base/str.h"
#include "spec_sample.h"

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static const char *some_env(const char *name)
{
	if (str_eq(name, "SAMPLE_HOST"))
		return "";
	return str_eq(name, "SAMPLE_OLD_HOST") ? "from-env" : NULL;
}

struct row {
	const char *raw;
	const char *params, *given; /* NULL = refused */
	const char *message;
};

static void values_and_what_was_given(void **state)
{
	static const struct row rows[] = {
		{ "{}", "{'kind': 'small'}", "{}", NULL },
		{ "{'kind': null}", "{'kind': 'small'}", "{}", NULL },
		{ "{'size': '5', '_ansible_x': 1}", "{'size': 5, 'kind': 'small'}", "{'size': 5}",
		  NULL },
		{ "{'label': 'a'}", "{'name': 'a', 'kind': 'small'}", "{'name': 'a'}", NULL },
		{ "{'disks': [{'size': '2'}]}",
		  "{'disks': [{'size': 2147483648, 'color': 'red'}], 'kind': 'small'}",
		  "{'disks': [{'size': 2147483648}]}", NULL },
		{ "{'disks': 'size=1T'}",
		  "{'disks': [{'size': 1099511627776, 'color': 'red'}], 'kind': 'small'}",
		  "{'disks': [{'size': 1099511627776}]}", NULL },
		{ "{'login': {'user': 5, 'password': 6}}",
		  "{'login': {'user': '5', 'password': '6'}, 'kind': 'small'}",
		  "{'login': {'user': '5', 'password': '6'}}", NULL },
		{ "{'size': 'x'}", NULL, NULL,
		  "argument 'size' is of type <class 'str'> and we were unable to convert to int: "
		  "<class 'str'> cannot be converted to an int" },
		{ "{'one': '1', 'two': '2', 'size': 'x'}", NULL, NULL,
		  "parameters are mutually exclusive: one|two" },
		{ "{'kind': 'big'}", NULL, NULL,
		  "kind is big but all of the following are missing: size" },
		{ "{'disks': [{}]}", NULL, NULL,
		  "missing required arguments: size found in disks" },
		{ "{'disks': [{'size': 1}, {'size': 1, 'color': 'pink'}]}", NULL, NULL,
		  "value of color must be one of: red, green, got: pink found in disks" },
		{ "{'login': {'user': 'u'}}", NULL, NULL,
		  "parameters are required together: user, password found in login" },
		{ "{'things': [{'disks': [{'size': 'x'}]}]}", NULL, NULL,
		  "argument 'size' is of type <class 'str'> found in 'things -> disks'. and we were unable to "
		  "convert to bytes: x is no size: write a number, or one with K, M, G or T, like 32G" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_args struct ans_args args = { .params = NULL };
		json_auto_t *raw = json_of(rows[i].raw);
		struct pxc_err err = { .kind = PXC_OK };
		int r = ans_validate(&sample, raw, no_env, &args, &err);

		if (rows[i].message) {
			assert_int_equal(r, -1);
			assert_string_equal(err.msg, rows[i].message);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", rows[i].raw, err.msg);
		assert_json(args.params, rows[i].params);
		assert_json(args.given, rows[i].given);
	}
}

static void the_first_environment_variable_that_says_something_counts(void **state)
{
	auto_args struct ans_args args = { .params = NULL };
	json_auto_t *raw = json_object();
	struct pxc_err err;

	(void)state;
	assert_int_equal(ans_validate(&sample, raw, some_env, &args, &err), 0);
	assert_json(args.given, "{'host': 'from-env'}");
}

static void an_alias_beside_its_name_is_warned_about_and_wins(void **state)
{
	auto_args struct ans_args args = { .params = NULL };
	json_auto_t *raw =
		json_of("{'name': 'a', 'label': 'b', 'things': [{'label': 'c', 'name': 'd'}]}");
	struct pxc_err err;

	(void)state;
	assert_int_equal(ans_validate(&sample, raw, no_env, &args, &err), 0);
	assert_string_equal(json_string_value(json_object_get(args.params, "name")), "b");
	assert_json(args.warnings,
		    "['Both option name and its alias label are set.', "
		    "'Both option things[0].name and its alias things[0].label are set.']");
}

static void what_ansible_says_about_the_task_is_read(void **state)
{
	auto_args struct ans_args args = { .params = NULL }, loud = { .params = NULL };
	json_auto_t *raw = json_of(
		"{'_ansible_check_mode': true, '_ansible_diff': true, '_ansible_no_log': true,"
		" '_ansible_verbosity': 4, '_ansible_inject_invocation': false,"
		" '_ansible_module_name': 'a.b.c', '_ansible_ignore_unknown_opts': true, 'x': 1}");
	json_auto_t *verbose = json_of("{'_ansible_verbosity': 3}");
	struct pxc_err err;

	(void)state;
	assert_int_equal(ans_validate(&sample, raw, no_env, &args, &err), 0);
	assert_true(args.task.check_mode && args.task.diff && args.task.no_log &&
		    args.task.ignore_unknown);
	assert_int_equal(args.task.verbosity, 4);
	assert_false(args.task.want_invocation);
	assert_string_equal(args.task.module_name, "a.b.c");
	assert_int_equal(ans_validate(&sample, verbose, no_env, &loud, &err), 0);
	assert_true(loud.task.want_invocation);
}

static void secrets_are_known_even_when_the_arguments_are_refused(void **state)
{
	auto_args struct ans_args args = { .params = NULL };
	json_auto_t *raw =
		json_of("{'size': 'x', 'secret': 'geheim', 'login': 'user=u password=wort'}");
	struct pxc_err err;

	(void)state;
	assert_int_equal(ans_validate(&sample, raw, no_env, &args, &err), -1);
	assert_json(args.secrets, "['geheim', 'wort']");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_and_what_was_given),
		cmocka_unit_test(the_first_environment_variable_that_says_something_counts),
		cmocka_unit_test(an_alias_beside_its_name_is_warned_about_and_wins),
		cmocka_unit_test(what_ansible_says_about_the_task_is_read),
		cmocka_unit_test(secrets_are_known_even_when_the_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
