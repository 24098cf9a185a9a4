/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qm_ask.h"

static const json_t *row(const json_t *rows, const char *key)
{
	size_t i;
	json_t *one;

	json_array_foreach ((json_t *)(uintptr_t)rows, i, one) {
		if (!strcmp(text_of(one, "key"), key))
			return one;
	}
	return NULL;
}

static void what_waits_is_listed_with_both_values(void **state)
{
	struct sim *sim = with_guest(1, 0, "cores=1&memory=512&agent=1");
	json_auto_t *rows = NULL, *after = NULL;

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	expect(sim, "PUT", GUEST "/config", "cores=2&bios=ovmf&delete=agent", 200, NULL);
	rows = get(sim, GUEST "/pending");
	assert_int_equal(qm_int(row(rows, "cores"), "value", 0), 1);
	assert_int_equal(qm_int(row(rows, "cores"), "pending", 0), 2);
	assert_int_equal(qm_int(row(rows, "agent"), "delete", 0), 1);
	assert_null(json_object_get(row(rows, "bios"), "value"));
	assert_string_equal(text_of(row(rows, "bios"), "pending"), "ovmf");
	assert_null(json_object_get(row(rows, "memory"), "pending"));
	assert_int_equal(strlen(text_of(row(rows, "digest"), "value")), 40);
	expect(sim, "PUT", GUEST "/config", "revert=cores,bios,agent", 200, NULL);
	after = get(sim, GUEST "/pending");
	assert_null(json_object_get(row(after, "cores"), "pending"));
	assert_null(row(after, "bios"));
	assert_null(json_object_get(row(after, "agent"), "delete"));
	sim_free(sim);
}

static void post_answers_with_a_task_that_does_the_change(void **state)
{
	struct sim *sim = with_guest(1, 1, "name=x");
	const struct sim_task *task;

	(void)state;
	expect(sim, "POST", GUEST "/config", "cores=3&cipassword=secret&delete=name", 200, NULL);
	assert_null(json_object_get(sim_guest_find(sim, 100)->config, "cores"));
	sim_advance(sim, 1000);
	task = sim->tasks[sim->task_count - 1];
	assert_string_equal(task->kind->type, "qmconfig");
	assert_string_equal(json_string_value(json_array_get(task->log, 0)),
			    "update VM 100: -delete name -cipassword <hidden> -cores 3");
	assert_int_equal(qm_int(sim_guest_find(sim, 100)->config, "cores", 0), 3);
	expect(sim, "POST", GUEST "/config", "cores=1&digest=00", 500,
	       "checksum mismatch (file change by other user?)");
	sim_free(sim);
}

static void a_change_waits_for_the_task_that_holds_the_guest(void **state)
{
	struct sim *sim = with_guest(1, 1, "name=x");
	int64_t before;

	(void)state;
	expect(sim, "POST", GUEST "/status/start", NULL, 200, NULL);
	before = sim_now_ms(sim);
	expect(sim, "PUT", GUEST "/config", "description=later", 200, NULL);
	assert_in_range(sim_now_ms(sim) - before, 1900, 2200);
	expect_option(sim, 100, "description", "later");
	sim_free(sim);
}

static void a_snapshots_options_can_be_asked_for(void **state)
{
	struct sim *sim = with_guest(1, 0, "cores=1");
	json_auto_t *then = NULL;

	(void)state;
	expect_task(sim, "POST", GUEST "/snapshot", "snapname=s1", "OK");
	expect(sim, "PUT", GUEST "/config", "cores=2", 200, NULL);
	then = get(sim, GUEST "/config?snapshot=s1");
	assert_int_equal(qm_int(then, "cores", 0), 1);
	expect(sim, "GET", GUEST "/config?snapshot=s2", NULL, 500, "snapshot 's2' does not exist");
	expect(sim, "GET", GUEST "/config?snapshot=2", NULL, 400, NULL);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_is_listed_with_both_values),
		cmocka_unit_test(post_answers_with_a_task_that_does_the_change),
		cmocka_unit_test(a_change_waits_for_the_task_that_holds_the_guest),
		cmocka_unit_test(a_snapshots_options_can_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
