/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/batch.h"
#include "spec_sample.h"

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static void check(const char *text, const char *want_items, const char *want_given,
		  const char *message)
{
	auto_args struct ans_args args = { .params = NULL };
	json_auto_t *raw = json_of(text), *items = NULL, *given = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	if (ans_validate(&sample, raw, no_env, &args, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	if (message) {
		assert_int_equal(ans_batch(&args, &items, &given, &err), -1);
		assert_string_equal(err.msg, message);
		assert_null(items);
		return;
	}
	if (ans_batch(&args, &items, &given, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	assert_json(items, want_items);
	assert_json(given, want_given);
}

static void one_object_is_a_batch_of_one(void **state)
{
	(void)state;
	check("{'name': 'a', 'host': 'h', 'secret': 's'}", "[{'name': 'a', 'kind': 'small'}]",
	      "[{'name': 'a'}]", NULL);
}

static void the_options_of_the_task_are_the_defaults_of_each_entry(void **state)
{
	(void)state;
	check("{'size': 5, 'tags': 'x', 'things': [{'name': 'a'}, {'name': 'b', 'size': 6, 'kind': 'odd', 'tags': []}]}",
	      "[{'name': 'a', 'size': 5, 'tags': ['x'], 'kind': 'small'},"
	      " {'name': 'b', 'size': 6, 'tags': [], 'kind': 'odd'}]",
	      "[{'name': 'a', 'size': 5, 'tags': ['x']},"
	      " {'name': 'b', 'size': 6, 'tags': [], 'kind': 'odd'}]",
	      NULL);
}

static void defaults_within_an_entry_are_filled_in(void **state)
{
	(void)state;
	check("{'things': [{'name': 'a', 'disks': [{'size': '1'}]}]}",
	      "[{'name': 'a', 'kind': 'small', 'disks': [{'size': 1073741824, 'color': 'red'}]}]",
	      "[{'name': 'a', 'disks': [{'size': 1073741824}]}]", NULL);
}

static void an_empty_list_is_no_object(void **state)
{
	(void)state;
	check("{'name': 'a', 'things': []}", "[]", "[]", NULL);
}

static void what_is_missing_or_contradicts_is_told_with_its_entry(void **state)
{
	(void)state;
	check("{}", NULL, NULL, "missing required arguments: name");
	check("{'name': ''}", NULL, NULL, "missing required arguments: name");
	check("{'things': [{'name': 'a'}, {'size': 1}]}", NULL, NULL,
	      "missing required arguments: name found in things, entry 2");
	check("{'things': [{'name': 'a', 'one': '1', 'two': '2'}]}", NULL, NULL,
	      "parameters are mutually exclusive: one|two found in things, entry 1 (a)");
}

static void what_an_entry_names_takes_the_place_of_a_default_that_excludes_it(void **state)
{
	(void)state;
	check("{'one': '1', 'things': [{'name': 'a', 'two': '2'}, {'name': 'b'}]}",
	      "[{'name': 'a', 'two': '2', 'kind': 'small'}, {'name': 'b', 'one': '1', 'kind': 'small'}]",
	      "[{'name': 'a', 'two': '2'}, {'name': 'b', 'one': '1'}]", NULL);
}

static void entries_do_not_share_what_can_be_changed(void **state)
{
	auto_args struct ans_args args = { .params = NULL };
	json_auto_t *raw = json_of("{'tags': 'x', 'things': [{'name': 'a'}, {'name': 'b'}]}");
	json_auto_t *items = NULL, *given = NULL;
	struct pxc_err err;

	(void)state;
	assert_int_equal(ans_validate(&sample, raw, no_env, &args, &err), 0);
	assert_int_equal(ans_batch(&args, &items, &given, &err), 0);
	(void)json_array_append_new(json_object_get(json_array_get(items, 0), "tags"),
				    json_string("y"));
	assert_json(json_object_get(json_array_get(items, 1), "tags"), "['x']");
	assert_json(json_object_get(json_array_get(given, 0), "tags"), "['x']");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_object_is_a_batch_of_one),
		cmocka_unit_test(the_options_of_the_task_are_the_defaults_of_each_entry),
		cmocka_unit_test(defaults_within_an_entry_are_filled_in),
		cmocka_unit_test(an_empty_list_is_no_object),
		cmocka_unit_test(what_is_missing_or_contradicts_is_told_with_its_entry),
		cmocka_unit_test(what_an_entry_names_takes_the_place_of_a_default_that_excludes_it),
		cmocka_unit_test(entries_do_not_share_what_can_be_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
