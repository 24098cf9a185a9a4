/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static void null_equals_only_null(void **state)
{
	(void)state;
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq(NULL, ""));
	assert_false(str_eq("", NULL));
	assert_true(str_eq("web", "web"));
	assert_false(str_eq("web", "Web"));
	assert_false(str_eq("web", "web-1"));
}

static const struct {
	const char *s, *part;
	bool starts, ends;
} parts[] = {
	{ "web-1", "web", true, false }, { "web-1", "-1", false, true },
	{ "web", "web", true, true },    { "web", "", true, true },
	{ "", "", true, true },          { "", "w", false, false },
	{ "we", "web", false, false },   { "aab", "ab", false, true },
};

static void beginnings_and_ends_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		assert_int_equal(str_starts(parts[i].s, parts[i].part), parts[i].starts);
		assert_int_equal(str_ends(parts[i].s, parts[i].part), parts[i].ends);
	}
}

static const struct {
	const char *text;
	bool valid;
	size_t length; /* code points, when valid */
} texts[] = {
	{ "", true, 0 },
	{ "abc", true, 3 },
	{ "caf\xc3\xa9", true, 4 },
	{ "\xe2\x82\xac", true, 1 },        /* U+20AC */
	{ "\xf0\x9f\x90\xa7 ok", true, 4 }, /* U+1F427 */
	{ "\xf4\x8f\xbf\xbf", true, 1 },    /* U+10FFFF */
	{ "\xed\x9f\xbf", true, 1 },        /* U+D7FF */
	{ "\xee\x80\x80", true, 1 },        /* U+E000 */
	{ "\x7f", true, 1 },
	{ "\x80", false, 0 }, /* continuation alone */
	{ "\xbf", false, 0 },
	{ "\xc0\xaf", false, 0 }, /* overlong */
	{ "\xc1\xbf", false, 0 },
	{ "\xe0\x80\xaf", false, 0 },
	{ "\xe0\x9f\xbf", false, 0 },
	{ "\xf0\x80\x80\xaf", false, 0 },
	{ "\xf0\x8f\xbf\xbf", false, 0 },
	{ "\xed\xa0\x80", false, 0 }, /* surrogate */
	{ "\xed\xbf\xbf", false, 0 },
	{ "\xf4\x90\x80\x80", false, 0 }, /* above U+10FFFF */
	{ "\xf5\x80\x80\x80", false, 0 },
	{ "\xff", false, 0 },
	{ "\xc3", false, 0 }, /* cut */
	{ "\xe2\x82", false, 0 },
	{ "\xf0\x9f\x90", false, 0 },
	{ "\xc3x", false, 0 },
	{ "\xe2\x82x", false, 0 },
};

static void utf8_is_checked_and_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (utf8_valid(texts[i].text, strlen(texts[i].text)) != texts[i].valid)
			fail_msg("row %zu", i);
		if (texts[i].valid)
			assert_int_equal(utf8_length(texts[i].text), texts[i].length);
	}
	assert_true(utf8_valid("a\0b", 3));
}

static const struct {
	const char *a, *b;
	unsigned edits;
} distances[] = {
	{ "", "", 0 },
	{ "", "abc", 3 },
	{ "memory", "memory", 0 },
	{ "memroy", "memory", 1 }, /* neighbours swapped */
	{ "memoy", "memory", 1 },
	{ "memorry", "memory", 1 },
	{ "memary", "memory", 1 },
	{ "kitten", "sitting", 3 },
	{ "ab", "ba", 1 },
	{ "abcd", "badc", 2 },
};

static void edits_are_counted(void **state)
{
	char sixty_four[65], longer[66];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(distances); i++) {
		assert_int_equal(str_distance(distances[i].a, distances[i].b), distances[i].edits);
		assert_int_equal(str_distance(distances[i].b, distances[i].a), distances[i].edits);
	}
	memset(sixty_four, 'x', 64);
	memset(longer, 'x', 65);
	sixty_four[64] = longer[65] = '\0';
	assert_int_equal(str_distance(sixty_four, sixty_four), 0);
	assert_int_equal(str_distance(sixty_four, longer), 64);
}

static void the_nearest_name_is_within_a_third(void **state)
{
	static const char *const names[] = { "memory", "cores", "networks", "network" };

	(void)state;
	assert_string_equal(str_nearest("memroy", names, 4), "memory");
	assert_string_equal(str_nearest("core", names, 4), "cores");
	assert_string_equal(str_nearest("netwrk", names, 4), "network");
	assert_string_equal(str_nearest("netwoks", names, 4), "networks");
	assert_null(str_nearest("disk", names, 4));
	assert_null(str_nearest("memory", names, 0));
	assert_null(str_nearest("", names, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_equals_only_null),
		cmocka_unit_test(beginnings_and_ends_are_told),
		cmocka_unit_test(utf8_is_checked_and_counted),
		cmocka_unit_test(edits_are_counted),
		cmocka_unit_test(the_nearest_name_is_within_a_third),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
