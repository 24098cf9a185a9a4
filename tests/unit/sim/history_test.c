/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#define BEGIN_S 1789999200 /* a full hour */

static void note(struct sim_history **h, unsigned at_s, float cpu)
{
	history_note(h, &(struct sim_sample){ .at_s = BEGIN_S + at_s,
					      .since_s = cpu >= 0 ? 1 : 0,
					      .cpu = cpu < 0 ? 0 : cpu });
}

static void a_sample_holds_until_the_next(void **state)
{
	struct sim_history *h = NULL;

	(void)state;
	note(&h, 10, 0.1f);
	note(&h, 60, 0.2f);
	assert_null(history_at(h, BEGIN_S + 9));
	assert_true(history_at(h, BEGIN_S + 59)->cpu < 0.15f);
	assert_true(history_at(h, BEGIN_S + 60)->cpu > 0.15f);
	assert_true(history_at(h, BEGIN_S + 9999)->cpu > 0.15f);
	history_free(h);
}

static void half_an_hour_is_remembered(void **state)
{
	struct sim_history *h = NULL;

	(void)state;
	for (unsigned i = 1; i <= 200; i++)
		note(&h, i * 10, (float)i / 1000);
	assert_null(history_at(h, BEGIN_S + 190));
	assert_int_equal(history_at(h, BEGIN_S + 200)->at_s, BEGIN_S + 200);
	assert_int_equal(history_at(h, BEGIN_S + 2000)->at_s, BEGIN_S + 2000);
	history_free(h);
}

/* Three rounds of 0.1 and three of 0.3 make a minute of 0.2. */
static void a_minute_is_the_mean_of_its_rounds(void **state)
{
	struct sim_history *h = NULL;
	struct rrd_row rows[3];

	(void)state;
	note(&h, 10, 0.1f);
	note(&h, 40, 0.3f);
	history_rows(h, BEGIN_S + 120, BEGIN_S + 125, 60, false, rows, 3);
	assert_int_equal(rows[2].time_s, BEGIN_S + 120);
	assert_false(rows[0].known);
	assert_true(rows[1].value[RRD_CPU] > 0.199f && rows[1].value[RRD_CPU] < 0.201f);
	assert_true(rows[2].value[RRD_CPU] > 0.299f && rows[2].value[RRD_CPU] < 0.301f);
	history_free(h);
}

static void a_stretch_in_which_it_was_off_has_no_values(void **state)
{
	struct sim_history *h = NULL;
	struct rrd_row rows[3];

	(void)state;
	note(&h, 10, 0.1f);
	note(&h, 40, -1); /* three rounds of six were up: not enough */
	note(&h, 130, 0.4f);
	history_rows(h, BEGIN_S + 180, BEGIN_S + 180, 60, false, rows, 3);
	assert_true(rows[0].known && rows[0].value[RRD_CPU] < 0);
	assert_true(rows[1].known && rows[1].value[RRD_CPU] < 0);
	assert_true(rows[2].value[RRD_CPU] > 0.39f);
	history_free(h);
}

static void the_highest_minute_of_half_an_hour(void **state)
{
	struct sim_history *h = NULL;
	struct rrd_row row;

	(void)state;
	note(&h, 10, 0.1f);
	note(&h, 610, 0.7f); /* for one minute */
	note(&h, 670, 0.1f);
	history_rows(h, BEGIN_S + 1800, BEGIN_S + 1800, 1800, true, &row, 1);
	assert_true(row.value[RRD_CPU] > 0.69f);
	history_rows(h, BEGIN_S + 1800, BEGIN_S + 1800, 1800, false, &row, 1);
	assert_true(row.value[RRD_CPU] > 0.119f && row.value[RRD_CPU] < 0.121f);
	/* two hours, as PVE 8 would have them, are made of half hours */
	history_rows(h, BEGIN_S + 7200, BEGIN_S + 7200, 3600, true, &row, 1);
	assert_true(row.value[RRD_CPU] < 0.11f);
	history_free(h);
}

static void days_without_a_change_are_a_ring_of_a_day(void **state)
{
	struct sim_history *h = NULL;
	auto_free struct rrd_row *rows = pxc_calloc(2000, sizeof(*rows));
	size_t known = 0;

	(void)state;
	note(&h, 10, 0.5f);
	history_rows(h, BEGIN_S + 3 * 86400, BEGIN_S + 3 * 86400, 60, false, rows, 2000);
	for (size_t i = 0; i < 2000; i++)
		known += rows[i].known;
	assert_int_equal(known, 1440);
	assert_true(rows[1999].value[RRD_CPU] > 0.49f);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_holds_until_the_next),
		cmocka_unit_test(half_an_hour_is_remembered),
		cmocka_unit_test(a_minute_is_the_mean_of_its_rounds),
		cmocka_unit_test(a_stretch_in_which_it_was_off_has_no_values),
		cmocka_unit_test(the_highest_minute_of_half_an_hour),
		cmocka_unit_test(days_without_a_change_are_a_ring_of_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
