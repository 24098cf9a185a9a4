/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/attr.h"

static const struct {
	int64_t wall;
	const char *text;
} stamps[] = {
	{ 0, "19700101T000000Z" },
	{ 1788257700, "20260901T101500Z" },
	{ 951782399, "20000228T235959Z" },
	{ 951782400, "20000229T000000Z" },
	{ 253402300799, "99991231T235959Z" },
	{ 253402300800, "" }, /* the year 10000 has no place in it */
	{ INT64_MAX, "" },
};

static void a_stamp_is_utc_and_sorts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stamps); i++) {
		char text[STAMP_TEXT] = "?";

		clock_stamp(stamps[i].wall, text);
		assert_string_equal(text, stamps[i].text);
	}
}

static void the_system_clock_goes_forward(void **state)
{
	int64_t before = pxc_system_clock.mono_ms(&pxc_system_clock), after;
	struct timespec pause = { .tv_nsec = 5000000 };

	(void)state;
	assert_int_equal(nanosleep(&pause, NULL), 0);
	after = pxc_system_clock.mono_ms(&pxc_system_clock);
	assert_true(after >= before + 4);
	assert_true(pxc_system_clock.wall_s(&pxc_system_clock) > 1700000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stamp_is_utc_and_sorts),
		cmocka_unit_test(the_system_clock_goes_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
