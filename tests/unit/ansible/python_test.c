/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/python.h"

static void values_read_as_python_writes_them(void **state)
{
	static const struct {
		const char *json, *type, *text;
	} rows[] = {
		{ "'a b'", "str", "a b" },
		{ "5", "int", "5" },
		{ "1.0", "float", "1.0" },
		{ "0.1", "float", "0.1" },
		{ "123456789.123", "float", "123456789.123" },
		{ "1e15", "float", "1000000000000000.0" },
		{ "1e16", "float", "1e+16" },
		{ "1e-4", "float", "0.0001" },
		{ "1e-5", "float", "1e-05" },
		{ "-2.5e-7", "float", "-2.5e-07" },
		{ "0.0", "float", "0.0" },
		{ "true", "bool", "True" },
		{ "null", "NoneType", "None" },
		{ "['a', 1, null]", "list", "['a', 1, None]" },
		{ "{'a': {'b': false}}", "dict", "{'a': {'b': False}}" },
		{ "[]", "list", "[]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *value = json_of(rows[i].json);
		auto_free char *text = python_str(value);

		assert_string_equal(text, rows[i].text);
		assert_string_equal(python_type(value), rows[i].type);
	}
}

static void quotes_within_a_list_are_those_python_would_choose(void **state)
{
	json_auto_t *value = json_pack("[s,s,s,s]", "it's", "a\"b", "'\"", "x\\y\n\x01");
	auto_free char *text = python_str(value);

	(void)state;
	assert_string_equal(text, "[\"it's\", 'a\"b', '\\'\"', 'x\\\\y\\n\\x01']");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_read_as_python_writes_them),
		cmocka_unit_test(quotes_within_a_list_are_those_python_would_choose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
