/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/diff.h"

static void values_render_as_people_write_yaml(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{ "{}", "" },
		{ "{'b': 1, 'a': 'x'}", "a: x\nb: 1\n" },
		{ "{'list': ['a', 'b'], 'none': []}", "list:\n- a\n- b\nnone: []\n" },
		{ "{'deep': {'x': true, 'z': null}}", "deep:\n  x: true\n  z: null\n" },
		{ "{'r': 1.5}", "r: 1.5\n" },
		{ "{'text': 'one\\ntwo\\n'}", "text: |\n  one\n  two\n" },
		{ "{'a': 'yes', 'b': 'null', 'c': '12', 'd': '1e3', 'e': '12:30', 'f': '2026-01-02', 'g': ''}",
		  "a: 'yes'\nb: 'null'\nc: '12'\nd: '1e3'\ne: '12:30'\nf: '2026-01-02'\ng: ''\n" },
		{ "{'a': '0x1F', 'b': 'Off', 'c': '~', 'd': '.5'}",
		  "a: '0x1F'\nb: 'Off'\nc: '~'\nd: '.5'\n" },
		{ "{'12': 'x', 'on': 'y'}", "'12': x\n'on': 'y'\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *value = json_of(rows[i].json);
		auto_free char *text = yaml_render(value);

		assert_string_equal(text, rows[i].text);
	}
}

static void nothing_renders_as_nothing(void **state)
{
	auto_free char *text = yaml_render(NULL);

	(void)state;
	assert_string_equal(text, "");
}

static void the_order_can_be_kept(void **state)
{
	json_auto_t *value = json_pack("{s:i,s:i}", "b", 1, "a", 2);
	auto_free char *text = yaml_render_ordered(value);

	(void)state;
	assert_string_equal(text, "b: 1\na: 2\n");
}

static void a_diff_has_both_sides_and_the_name_of_the_object(void **state)
{
	json_auto_t *after = json_of("{'name': 'x'}"),
		    *diff = diff_create("vm acme/x", NULL, after);

	(void)state;
	assert_json(diff, "{'before': '', 'after': 'name: x\\n', 'before_header': 'vm acme/x',"
			  " 'after_header': 'vm acme/x'}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_render_as_people_write_yaml),
		cmocka_unit_test(nothing_renders_as_nothing),
		cmocka_unit_test(the_order_can_be_kept),
		cmocka_unit_test(a_diff_has_both_sides_and_the_name_of_the_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
