/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/coerce.h"

static void dicts_come_from_json_and_pairs(void **state)
{
	static const struct {
		const char *text, *dict; /* NULL = refused */
	} rows[] = {
		{ "a=b", "{'a': 'b'}" },
		{ "a=b,c=d", "{'a': 'b', 'c': 'd'}" },
		{ "a=b c=\"d e\"", "{'a': 'b', 'c': 'd e'}" },
		{ "  a=b  ", "{'a': 'b'}" },
		{ "a=b=c", "{'a': 'b=c'}" },
		{ "a=", "{'a': ''}" },
		{ "a\\,b=c", "{'a,b': 'c'}" },
		{ "a=\"b", "{'a': 'b'}" },
		{ "a=b,,c=d", "{'a': 'b', 'c': 'd'}" },
		{ "{\"a\": [1]}", "{'a': [1]}" },
		{ "a=b,c", NULL },
		{ "{broken", NULL },
		{ "[1]", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *value = json_string(rows[i].text), *got = NULL;
		struct pxc_err err = { .kind = PXC_OK };

		got = coerce_dict(value, &err);
		if (!got != !rows[i].dict)
			fail_msg("%s: %s", rows[i].text, got ? "not refused" : err.msg);
		if (got)
			assert_json(got, rows[i].dict);
	}
}

static void a_dict_is_copied(void **state)
{
	json_auto_t *value = json_of("{'a': {'b': 1}}"), *got = NULL;
	struct pxc_err err;

	(void)state;
	got = coerce_dict(value, &err);
	assert_json(got, "{'a': {'b': 1}}");
	assert_ptr_not_equal(json_object_get(got, "a"), json_object_get(value, "a"));
}

static void refusals_have_the_words_of_ansible(void **state)
{
	json_auto_t *word = json_of("'x'"), *list = json_of("[]"), *pairs = json_of("'a=b c'");
	struct pxc_err err;

	(void)state;
	assert_null(coerce_dict(word, &err));
	assert_string_equal(err.msg, "dictionary requested, could not parse JSON or key=value");
	assert_null(coerce_dict(list, &err));
	assert_string_equal(err.msg, "<class 'list'> cannot be converted to a dict");
	assert_null(coerce_dict(pairs, &err));
	assert_string_equal(err.msg,
			    "dictionary update sequence element #1 has length 1; 2 is required");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dicts_come_from_json_and_pairs),
		cmocka_unit_test(a_dict_is_copied),
		cmocka_unit_test(refusals_have_the_words_of_ansible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
