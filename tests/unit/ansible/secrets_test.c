/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/level.h"
#include "spec_sample.h"

static void every_secret_is_found_however_it_came(void **state)
{
	static const struct {
		const char *raw, *secrets;
	} rows[] = {
		{ "{'name': 'a', 'secret': 'geheim'}", "['geheim']" },
		{ "{'secret': ''}", "[]" },
		{ "{'secret': 4711}", "['4711']" },
		{ "{'secret': 1.5}", "['1.5']" },
		{ "{'secret': true}", "[]" },
		{ "{'secret': ['ab', {'x': 'abc'}, 'ab']}", "['abc', 'ab']" },
		{ "{'login': {'user': 'u', 'password': 'wort'}}", "['wort']" },
		{ "{'login': 'user=u password=wort'}", "['wort']" },
		{ "{'things': [{'login': {'password': 'tief'}}, 'name=x']}", "['tief']" },
		{ "{'things': {'login': {'password': 'tief'}}}", "['tief']" },
		{ "{'secret': 'a b/\u00e4'}", "['a%20b%2F%C3%A4', 'a%20b/%C3%A4', 'a b/\u00e4']" },
		{ "{'login': 5, 'things': null}", "[]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *raw = json_of(rows[i].raw), *secrets = json_array();

		level_collect_secrets(&sample.rules, raw, secrets);
		assert_json(secrets, rows[i].secrets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_secret_is_found_however_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
