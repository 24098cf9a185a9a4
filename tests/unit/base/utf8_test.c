/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct {
	const char *text, *harmless;
} rows[] = {
	{ "", "" },
	{ "web-1\tx\n", "web-1\tx\n" },
	{ "gr\u00fcn \u6c34 \U0001f600", "gr\u00fcn \u6c34 \U0001f600" },
	{ "\x1b[2J", "\ufffd[2J" },
	{ "a\rb\x7f", "a\ufffdb\ufffd" },
	{ "\xc2\x9b"
	  "2J",
	  "\ufffd2J" }, /* CSI of C1 */
	{ "\u202egpj.exe", "\ufffdgpj.exe" },
	{ "\u2066x\u2069", "\ufffdx\ufffd" },
};

static void what_a_terminal_would_obey_is_replaced(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = utf8_harmless(rows[i].text);

		assert_string_equal(got, rows[i].harmless);
	}
}

static void a_character_comes_back_as_it_was(void **state)
{
	static const uint32_t some[] = { 1, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		auto_buf struct pxc_buf out = { .data = NULL };
		const char *p;

		utf8_put(&out, some[i]);
		p = buf_str(&out);
		assert_int_equal(utf8_next(&p), some[i]);
		assert_ptr_equal(p, buf_str(&out) + out.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_terminal_would_obey_is_replaced),
		cmocka_unit_test(a_character_comes_back_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
