/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "annot/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static const struct {
	const char *value, *text;
} rows[] = {
	{ "", "" },
	{ "web-1", "web-1" },
	{ "AZaz09._/@+,", "AZaz09._/@+," },
	{ "a b", "a*20b" },
	{ "a*b", "a*2Ab" },
	{ "k=v", "k*3Dv" },
	{ "10:20", "10*3A20" },
	{ "[x]", "*5Bx*5D" },
	{ "-->", "-*2D*3E" },
	{ "----", "-*2D*2D*2D" },
	{ "-.-", "-.-" },
	{ "\n\r\t", "*0A*0D*09" },
	{ "caf\xc3\xa9", "caf*C3*A9" },
	{ "\xff\x01", "*FF*01" },
};

static void a_value_is_escaped_and_comes_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct pxc_buf text = { .data = NULL }, value = { .data = NULL };

		annot_escape(&text, rows[i].value);
		assert_string_equal(buf_str(&text), rows[i].text);
		assert_true(annot_unescape(&value, text.data ? text.data : "", text.len));
		assert_string_equal(buf_str(&value), rows[i].value);
	}
}

static void what_is_written_is_legal_in_every_carrier(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		char value[] = { (char)c, (char)c, '\0' };
		auto_buf struct pxc_buf text = { .data = NULL };

		annot_escape(&text, value);
		assert_null(strpbrk(buf_str(&text), " \t\r\n:;=%#\"'{}[]<>&!~|$`\\^?()"));
		assert_null(strstr(buf_str(&text), "--"));
		for (const char *p = buf_str(&text); *p; p++)
			assert_in_range(*p, 0x21, 0x7e);
	}
}

static void a_broken_escape_is_refused(void **state)
{
	static const char *const broken[] = {
		"*",   "*4",   "a*",  "*4G", "*g4",      "*6f", "*00",
		"* 4", "**41", "a b", "a=b", "\xc3\xa9", "a\n", "*-1"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		auto_buf struct pxc_buf value = { .data = NULL };

		if (annot_unescape(&value, broken[i], strlen(broken[i])))
			fail_msg("\"%s\" was accepted", broken[i]);
	}
}

static void an_escape_does_not_look_behind_the_end(void **state)
{
	auto_buf struct pxc_buf value = { .data = NULL };

	(void)state;
	assert_false(annot_unescape(&value, "a*41", 3));
	assert_true(annot_unescape(&value, "*41*4", 3));
	assert_string_equal(buf_str(&value) + value.len - 1, "A");
}

static void keys_have_their_own_alphabet(void **state)
{
	static const char *const good[] = {
		"t", "q.ram_mb", "m.a-b", "0", "-", "a-key.with_all-3"
	};
	static const char *const bad[] = {
		"", "T", "a b", "a=b", "a,b", "a/b", "\xc3\xa9", "a*41"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(annot_key_ok(good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(annot_key_ok(bad[i], strlen(bad[i])));
	assert_false(annot_key_ok("a\0b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_escaped_and_comes_back),
		cmocka_unit_test(what_is_written_is_legal_in_every_carrier),
		cmocka_unit_test(a_broken_escape_is_refused),
		cmocka_unit_test(an_escape_does_not_look_behind_the_end),
		cmocka_unit_test(keys_have_their_own_alphabet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
