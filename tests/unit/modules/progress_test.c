/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"

static void the_line_says_what_is_known(void **state)
{
	static const struct {
		size_t all, done, under_way, failed;
		int64_t began, now;
		const char *line;
	} rows[] = {
		{ 500, 0, 16, 0, 0, 3000, "0 of 500 done, 16 running" },
		{ 500, 37, 12, 1, 0, 10000,
		  "37 of 500 done, 12 running, 1 failed, about 02:06 left" },
		{ 2, 1, 1, 0, 5000, 65000, "1 of 2 done, 1 running, about 01:00 left" },
		{ 1000, 1, 16, 0, 0, 10000, "1 of 1000 done, 16 running, about 2:46:30 left" },
		{ 3, 3, 0, 0, 0, 9000, "3 of 3 done" },
		{ 3, 3, 0, 3, 0, 9000, "3 of 3 done, 3 failed" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct progress p = { .all = rows[i].all,
				      .done = rows[i].done,
				      .under_way = rows[i].under_way,
				      .failed = rows[i].failed,
				      .began_ms = rows[i].began,
				      .said_ms = rows[i].began };
		auto_free char *line = progress_line(&p, rows[i].now);

		assert_non_null(line);
		assert_string_equal(line, rows[i].line);
	}
}

static void a_line_comes_every_three_seconds_and_none_before(void **state)
{
	struct progress p = { .all = 2, .began_ms = 1000, .said_ms = 1000 };
	unsigned lines = 0;

	(void)state;
	for (int64_t now = 1000; now <= 13000; now += 100) {
		auto_free char *line = progress_line(&p, now);

		assert_true(!line || (now - 1000) % PROGRESS_MS == 0);
		lines += line != NULL;
	}
	assert_int_equal(lines, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_says_what_is_known),
		cmocka_unit_test(a_line_comes_every_three_seconds_and_none_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
