/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

static void the_nth_matching_request_is_hit(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, "POST /pools nth=2 drop\n");

	(void)state;
	expect(sim, "POST", "/pools", "poolid=a", 200, NULL);
	expect(sim, "GET", "/pools", NULL, 200, NULL);
	expect(sim, "POST", "/pools", "poolid=b", 0, NULL);
	expect(sim, "POST", "/pools", "poolid=b", 200, NULL);
	sim_free(sim);
}

static void lost_answers_have_done_their_work(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, "POST /pools count=1 lost\n");

	(void)state;
	expect(sim, "POST", "/pools", "poolid=a", 0, NULL);
	expect(sim, "POST", "/pools", "poolid=a", 500,
	       "create pool failed: pool 'a' already exists");
	sim_free(sim);
}

static void a_status_comes_with_its_usual_or_own_words(void **state)
{
	struct sim *sim = cluster(1, 0, NULL,
				  "# comment\n"
				  "GET /version count=1 status=595\n"
				  "GET /version count=1 status=500 text=\"VM is locked (backup)\"\n"
				  "GET /version every=2 locked\n");

	(void)state;
	expect(sim, "GET", "/version", NULL, 595, "No route to host");
	expect(sim, "GET", "/version", NULL, 500, "VM is locked (backup)");
	expect(sim, "GET", "/version", NULL, 200, NULL);
	expect(sim, "GET", "/version", NULL, 500,
	       "can't lock file '/var/lock/qemu-server/lock-0.conf' - got timeout");
	sim_free(sim);
}

static void slow_answers_say_how_slow(void **state)
{
	struct sim *sim = cluster(1, 0, NULL, "* /version slow=5s\n");
	struct answer answer auto_answer = ask(sim, "GET", "/version", NULL);

	(void)state;
	assert_int_equal(answer.reply.status, 200);
	assert_int_equal(answer.reply.delay_ms, 5000);
	sim_free(sim);
}

static void a_hung_task_never_ends(void **state)
{
	struct sim *sim = cluster(1, 1, NULL, "DELETE /nodes/*/storage/*/content/* hang\n");
	struct answer answer auto_answer =
		ask(sim, "DELETE", "/nodes/pve1/storage/data/content/data:vm-100-disk-0", NULL);

	(void)state;
	assert_int_equal(answer.reply.status, 200);
	sim_advance(sim, 86400000);
	assert_int_equal(sim->tasks[0]->end_ms, 0);
	sim_free(sim);
}

static void a_task_can_be_made_to_fail_and_cleans_up(void **state)
{
	struct sim *sim =
		cluster(1, 1, NULL, "POST /nodes/*/qemu count=1 fail=\"no space left\"\n");

	(void)state;
	expect(sim, "POST", "/nodes/pve1/qemu", "vmid=100", 200, NULL);
	assert_string_equal(sim->tasks[0]->status, "no space left");
	assert_null(sim_guest_find(sim, 100));
	expect(sim, "POST", "/nodes/pve1/qemu", "vmid=100", 200, NULL);
	assert_non_null(sim_guest_find(sim, 100));
	sim_free(sim);
}

static void nodes_die_and_come_back_at_their_time(void **state)
{
	struct sim *sim = cluster(3, 1, NULL, "die node=pve3 at=10s\nrevive node=pve3 at=20s\n");

	(void)state;
	sim_advance(sim, 9000);
	assert_true(sim->nodes[2].online);
	sim_advance(sim, 2000);
	assert_false(sim->nodes[2].online);
	sim_advance(sim, 20000);
	assert_true(sim->nodes[2].online);
	sim_free(sim);
}

static void chance_is_the_seeds(void **state)
{
	unsigned counts[2] = { 0 };

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		struct sim *sim = cluster(1, 0, NULL, "GET /version p=0.25 drop\n");

		for (unsigned i = 0; i < 400; i++) {
			struct answer answer auto_answer = ask(sim, "GET", "/version", NULL);

			counts[round] += answer.reply.status == 0;
		}
		sim_free(sim);
	}
	assert_int_equal(counts[0], counts[1]);
	assert_in_range(counts[0], 60, 140);
}

static void nonsense_is_named_with_its_line(void **state)
{
	static const struct {
		const char *script, *message;
	} rows[] = {
		{ "GET /x explode", "fault script, line 1: 'explode' is not understood" },
		{ "\nGET /x nth=2", "fault script, line 2: no action" },
		{ "GET drop", "fault script, line 1: no path" },
		{ "GET /x status=200", "fault script, line 1: 'status=200' is not understood" },
		{ "GET /x nth=0 drop", "fault script, line 1: 'nth=0' is not understood" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sim_options options = { .faults = rows[i].script };
		struct pxc_err err = { 0 };
		struct sim *sim = NULL;

		assert_int_equal(sim_create(&options, &sim, &err), -1);
		assert_string_equal(err.msg, rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nth_matching_request_is_hit),
		cmocka_unit_test(lost_answers_have_done_their_work),
		cmocka_unit_test(a_status_comes_with_its_usual_or_own_words),
		cmocka_unit_test(slow_answers_say_how_slow),
		cmocka_unit_test(a_hung_task_never_ends),
		cmocka_unit_test(a_task_can_be_made_to_fail_and_cleans_up),
		cmocka_unit_test(nodes_die_and_come_back_at_their_time),
		cmocka_unit_test(chance_is_the_seeds),
		cmocka_unit_test(nonsense_is_named_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
