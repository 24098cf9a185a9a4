/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#include "sim/migration.h"

#define MB 1000000ull

/* Sends what its arguments say, and is done. */
static int64_t send_work(struct sim_task *task)
{
	const struct sim_node *to =
		sim_node_find(task->sim, json_string_value(json_object_get(task->args, "to")));

	sim_flow_end(task);
	if (task->stage)
		return 0;
	return sim_flow_begin(
		task, to, (uint64_t)json_integer_value(json_object_get(task->args, "mb")) * MB,
		(uint64_t)json_integer_value(json_object_get(task->args, "limit")) * MB);
}

static const struct sim_task_kind kind = { "sendtest", send_work, NULL };

static const struct sim_task *begin(struct sim *sim, unsigned from, const char *to, int mb,
				    int limit)
{
	return sim_task_start_on(sim, &sim->nodes[from - 1], &kind, "x", 0,
				 json_pack("{s:s,s:i,s:i}", "to", to, "mb", mb, "limit", limit));
}

static bool ends_at(const struct sim *sim, const struct sim_task *task, double seconds,
		    int64_t begin_ms)
{
	double took = (double)(task->end_ms - begin_ms) / 1000;

	(void)sim;
	return task->end_ms && took > seconds - 0.01 && took < seconds + 0.01;
}

/* 10 Gbit/s are 1250 MB a second. */
static void one_has_the_whole_link(void **state)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);
	int64_t now = sim->now_ms;
	const struct sim_task *one = begin(sim, 1, "pve2", 2500, 0),
			      *slow = begin(sim, 2, "pve3", 2500, 250);

	(void)state;
	sim_advance(sim, 60000);
	assert_true(ends_at(sim, one, 2, now));
	assert_true(ends_at(sim, slow, 10, now));
	assert_null(sim->flows);
	sim_free(sim);
}

static void two_share_it_until_one_is_done(void **state)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);
	int64_t now = sim->now_ms;
	const struct sim_task *small = begin(sim, 1, "pve2", 1250, 0),
			      *large = begin(sim, 1, "pve3", 2500, 0);

	(void)state;
	sim_advance(sim, 60000);
	assert_true(ends_at(sim, small, 2, now)); /* both at half: 1250 MB each */
	assert_true(ends_at(sim, large, 3, now)); /* then 1250 MB at full speed */
	sim_free(sim);
}

static void one_that_comes_later_slows_the_first_down(void **state)
{
	struct sim *sim = cluster(3, 1, NULL, NULL);
	int64_t now = sim->now_ms;
	const struct sim_task *first = begin(sim, 1, "pve3", 2500, 0), *second;

	(void)state;
	sim_advance(sim, 1000);
	second = begin(sim, 2, "pve3", 1250, 0); /* the same end, which takes 1250 MB a second */
	sim_advance(sim, 60000);
	assert_true(ends_at(sim, first, 3, now));
	assert_true(ends_at(sim, second, 2, now + 1000));
	sim_free(sim);
}

static void both_ways_at_once_are_no_hindrance(void **state)
{
	struct sim *sim = cluster(2, 1, NULL, NULL);
	int64_t now = sim->now_ms;
	const struct sim_task *there = begin(sim, 1, "pve2", 1250, 0),
			      *back = begin(sim, 2, "pve1", 1250, 0);

	(void)state;
	sim_advance(sim, 60000);
	assert_true(ends_at(sim, there, 1, now));
	assert_true(ends_at(sim, back, 1, now));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_has_the_whole_link),
		cmocka_unit_test(two_share_it_until_one_is_done),
		cmocka_unit_test(one_that_comes_later_slows_the_first_down),
		cmocka_unit_test(both_ways_at_once_are_no_hindrance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
