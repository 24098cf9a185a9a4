/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648 part 10, and bytes that need "+" and "/". */
static const struct {
	const char *bytes, *text, *bare;
} rows[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "+//+", "+//+" },
};

static void both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct pxc_buf bytes = { .data = NULL }, text = { .data = NULL },
					bare = { .data = NULL };

		assert_true(base64_decode(rows[i].text, &bytes));
		assert_string_equal(buf_str(&bytes), rows[i].bytes);
		base64_encode(rows[i].bytes, strlen(rows[i].bytes), true, &text);
		assert_string_equal(buf_str(&text), rows[i].text);
		base64_encode(rows[i].bytes, strlen(rows[i].bytes), false, &bare);
		assert_string_equal(buf_str(&bare), rows[i].bare);
	}
}

static void what_is_none_is_refused(void **state)
{
	static const char *const bad[] = { "Zg",   "Zg=",  "Zg===", "====", "A===", "Z===",
					   "Zg=v", "Zm9-", "Zm 9v", "Zh==", "Zm9=", "Zm9v=" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_buf struct pxc_buf bytes = { .data = NULL };

		if (base64_decode(bad[i], &bytes))
			fail_msg("%s was taken", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
