/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"
#include "sim/request.h"

static void decoding(void **state)
{
	static const struct {
		const char *in;
		bool plus;
		const char *out;
	} rows[] = {
		{ "a+b%2Bc", true, "a b+c" },
		{ "a+b", false, "a+b" },
		{ "%C3%A4", true, "\xc3\xa4" },
		{ "%E4", true, "\xef\xbf\xbd" },
		{ "50%", true, "50%" },
		{ "50%4", true, "50%4" },
		{ "%zz", true, "%zz" },
		{ "%41", true, "A" },
		{ "", true, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *out = sim_url_decode(rows[i].in, strlen(rows[i].in), rows[i].plus);

		assert_string_equal(out, rows[i].out);
	}
}

static void a_repeated_key_makes_a_list(void **state)
{
	json_auto_t *params = json_object();
	const char *form = "command=/bin/echo&command=hello+world&x=&&y";

	(void)state;
	sim_form_decode(form, strlen(form), params);
	assert_int_equal(json_array_size(json_object_get(params, "command")), 2);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(params, "command"), 1)),
		"hello world");
	assert_string_equal(text_of(params, "x"), "");
	assert_true(json_is_string(json_object_get(params, "y")));
	assert_int_equal(json_object_size(params), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoding),
		cmocka_unit_test(a_repeated_key_makes_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
