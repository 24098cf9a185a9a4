/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include "ansible/args.h"
#include "base/units.h"

struct row {
	enum ans_type type;
	const char *raw;
	const char *typed; /* NULL = refused */
};

static void check(const struct ans_option *o, const char *raw, const char *typed)
{
	json_auto_t *value = json_of(raw), *got = NULL;
	struct pxc_err err = { .kind = PXC_OK };

	got = ans_coerce(o, value, "", &err);
	if (typed && !got)
		fail_msg("%s: %s", raw, err.msg);
	if (!typed && got)
		fail_msg("%s was not refused", raw);
	if (typed)
		assert_json(got, typed);
	else
		assert_int_equal(err.kind, PXC_EINVAL);
}

static void values_become_their_type(void **state)
{
	static const struct row rows[] = {
		{ ANS_STR, "'a'", "'a'" },
		{ ANS_STR, "5", "'5'" },
		{ ANS_STR, "1.5", "'1.5'" },
		{ ANS_STR, "true", "'True'" },
		{ ANS_STR, "null", "''" },
		{ ANS_INT, "5", "5" },
		{ ANS_INT, "' -5 '", "-5" },
		{ ANS_INT, "'+7'", "7" },
		{ ANS_INT, "'1_000'", "1000" },
		{ ANS_INT, "'1__0'", NULL },
		{ ANS_INT, "'_1'", NULL },
		{ ANS_INT, "2.0", "2" },
		{ ANS_INT, "'2.0'", "2" },
		{ ANS_INT, "2.5", NULL },
		{ ANS_INT, "true", "1" },
		{ ANS_INT, "'0x10'", NULL },
		{ ANS_INT, "''", NULL },
		{ ANS_INT, "'9223372036854775807'", "9223372036854775807" },
		{ ANS_INT, "'9223372036854775808'", NULL },
		{ ANS_INT, "1e300", NULL },
		{ ANS_INT, "[]", NULL },
		{ ANS_BOOL, "true", "true" },
		{ ANS_BOOL, "'Yes'", "true" },
		{ ANS_BOOL, "' off '", "false" },
		{ ANS_BOOL, "'t'", "true" },
		{ ANS_BOOL, "'n'", "false" },
		{ ANS_BOOL, "1", "true" },
		{ ANS_BOOL, "0.0", "false" },
		{ ANS_BOOL, "2", NULL },
		{ ANS_BOOL, "'maybe'", NULL },
		{ ANS_BOOL, "{}", NULL },
		{ ANS_FLOAT, "1", "1.0" },
		{ ANS_FLOAT, "'1.5e3'", "1500.0" },
		{ ANS_FLOAT, "'inf'", NULL },
		{ ANS_FLOAT, "'nan'", NULL },
		{ ANS_FLOAT, "'x'", NULL },
		{ ANS_FLOAT, "true", "1.0" },
		{ ANS_RAW, "{'a': [1]}", "{'a': [1]}" },
		{ ANS_JSON, "' [1] '", "'[1]'" },
		{ ANS_JSON, "5", NULL },
		{ ANS_DICT, "'a=b'", "{'a': 'b'}" },
		{ ANS_DICT, "[]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct ans_option o = { .name = "x", .type = rows[i].type };

		check(&o, rows[i].raw, rows[i].typed);
	}
}

static void a_container_becomes_json_text(void **state)
{
	const struct ans_option o = { .name = "x", .type = ANS_JSON };
	json_auto_t *value = json_of("{'a': 1}"), *got = NULL;
	struct pxc_err err;

	(void)state;
	got = ans_coerce(&o, value, "", &err);
	assert_string_equal(json_string_value(got), "{\"a\": 1}");
}

static void sizes_become_bytes(void **state)
{
	const struct ans_option mib = { .name = "memory", .type = ANS_BYTES, .unit = MIB };
	const struct ans_option plain = { .name = "size", .type = ANS_BYTES };

	(void)state;
	check(&mib, "'32G'", "34359738368");
	check(&mib, "'32768'", "34359738368");
	check(&mib, "32768", "34359738368");
	check(&mib, "4096.0", "4294967296");
	check(&mib, "0", "0");
	check(&plain, "'4096'", "4096");
	check(&mib, "-1", NULL);
	check(&mib, "'many'", NULL);
	check(&mib, "true", NULL);
	check(&mib, "[]", NULL);
	check(&mib, "1e30", NULL);
}

static void lists_come_from_texts_and_single_values(void **state)
{
	const struct ans_option o = { .name = "l", .type = ANS_LIST, .elements = ANS_INT };
	const struct ans_option s = { .name = "l", .type = ANS_LIST, .elements = ANS_STR };

	(void)state;
	check(&o, "['1', 2]", "[1, 2]");
	check(&o, "'1,2'", "[1, 2]");
	check(&o, "5", "[5]");
	check(&o, "[]", "[]");
	check(&o, "'1,x'", NULL);
	check(&o, "{}", NULL);
	check(&s, "''", "['']");
	check(&s, "'a, b'", "['a', ' b']");
	check(&s, "true", "['True']");
}

static void refusals_have_the_words_of_ansible(void **state)
{
	const struct ans_option i = { .name = "cores", .type = ANS_INT };
	const struct ans_option l = { .name = "ids", .type = ANS_LIST, .elements = ANS_INT };
	json_auto_t *many = json_of("'many'"), *list = json_of("[1, 'x']");
	struct pxc_err err;

	(void)state;
	assert_null(ans_coerce(&i, many, "", &err));
	assert_string_equal(
		err.msg,
		"argument 'cores' is of type <class 'str'> and we were unable to convert to int: "
		"<class 'str'> cannot be converted to an int");
	assert_null(ans_coerce(&i, many, "vms -> x", &err));
	assert_string_equal(
		err.msg,
		"argument 'cores' is of type <class 'str'> found in 'vms -> x'. and we were unable to "
		"convert to int: <class 'str'> cannot be converted to an int");
	assert_null(ans_coerce(&l, list, "", &err));
	assert_string_equal(
		err.msg, "Elements value for option 'ids' is of type <class 'str'> and we were "
			 "unable to convert to int: <class 'str'> cannot be converted to an int");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_become_their_type),
		cmocka_unit_test(a_container_becomes_json_text),
		cmocka_unit_test(sizes_become_bytes),
		cmocka_unit_test(lists_come_from_texts_and_single_values),
		cmocka_unit_test(refusals_have_the_words_of_ansible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
