/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define NO UINT64_MAX

static const struct {
	const char *text;
	uint64_t unit, bytes; /* NO = refused */
} sizes[] = {
	{ "0", MIB, 0 },
	{ "512", MIB, 512 * MIB },
	{ "512", 1, 512 },
	{ "512M", GIB, 512 * MIB },
	{ "512m", 1, 512 * MIB },
	{ "2G", 1, 2 * GIB },
	{ "2GB", 1, 2 * GIB },
	{ "2GiB", 1, 2 * GIB },
	{ "2gib", 1, 2 * GIB },
	{ "7B", MIB, 7 },
	{ "7b", MIB, 7 },
	{ "4K", 1, 4096 },
	{ "1.5T", 1, 1536 * GIB },
	{ "1.5", GIB, 1536 * MIB },
	{ "0.5G", 1, 512 * MIB },
	{ "1.25G", 1, 1280 * MIB },
	{ "0.1G", 1, 107374182 },
	{ "0.000001G", 1, 1073 },
	{ "2P", 1, 2ull << 50 },
	{ "007", 1, 7 },
	{ "9223372036854775807", 1, INT64_MAX },
	{ "8191P", 1, 8191ull << 50 },
	{ "9223372036854775808", 1, NO },
	{ "18446744073709551616", 1, NO },
	{ "99999999999999999999", 1, NO },
	{ "8192P", 1, NO },
	{ "99999999T", 1, NO },
	{ "8388608", 1ull << 40, NO },
	{ "", 1, NO },
	{ "G", 1, NO },
	{ "-1", 1, NO },
	{ "+1", 1, NO },
	{ " 1", 1, NO },
	{ "1 G", 1, NO },
	{ "1G ", 1, NO },
	{ "1.", 1, NO },
	{ ".5G", 1, NO },
	{ "1.G", 1, NO },
	{ "1.1234567G", 1, NO },
	{ "1.5.5G", 1, NO },
	{ "1E", 1, NO },
	{ "1X", 1, NO },
	{ "1Gi", 1, NO },
	{ "1GiBs", 1, NO },
	{ "1BB", 1, NO },
	{ "0x10", 1, NO },
	{ "1e3", 1, NO },
	{ "1,5G", 1, NO },
};

static void a_size_is_read_as_people_write_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t bytes = 42;
		bool ok = size_parse(sizes[i].text, sizes[i].unit, &bytes);

		if (ok != (sizes[i].bytes != NO) || bytes != (ok ? sizes[i].bytes : 42))
			fail_msg("\"%s\": %s %llu", sizes[i].text, ok ? "read as" : "refused",
				 (unsigned long long)bytes);
	}
}

static const struct {
	uint64_t bytes;
	const char *text;
} shown[] = {
	{ 0, "0" },
	{ 1, "1" },
	{ 1023, "1023" },
	{ 1024, "1K" },
	{ 528 * 1024, "528K" },
	{ 512 * MIB, "512M" },
	{ 4608 * MIB, "4608M" },
	{ 2 * GIB, "2G" },
	{ 1024 * GIB, "1T" },
	{ 2048 * 1024 * GIB, "2048T" },
	{ GIB + 1, "1073741825" },
};

static void a_size_is_shown_short_and_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		uint64_t again = 1;
		char text[32];

		size_format(shown[i].bytes, text, sizeof(text));
		assert_string_equal(text, shown[i].text);
		assert_true(size_parse(text, 1, &again));
		assert_int_equal(again, shown[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_size_is_read_as_people_write_it),
		cmocka_unit_test(a_size_is_shown_short_and_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
