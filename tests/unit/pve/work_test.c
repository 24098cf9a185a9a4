/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/script.h"
#include "pve/client.h"
#include "pve/work.h"

#define MS 1000000L

static void rest(long ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * MS };

	(void)nanosleep(&t, NULL);
}

/* What the works of a test share: its context. */
struct desk {
	_Atomic int under_way, most, ended;
	int meet; /* so many wait for each other */
};

/* Ends when `meet` of them are under way at once, or after two seconds as a failure. */
static int meet(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	struct desk *desk = context;
	int now = ++desk->under_way, most = desk->most;

	(void)args, (void)ret_data;
	while (now > most && !atomic_compare_exchange_weak(&desk->most, &most, now))
		;
	for (int i = 0; i < 400 && desk->most < desk->meet; i++)
		rest(5);
	rest(5);
	desk->under_way--;
	desk->ended++;
	return desk->most >= desk->meet ? 0 : pxc_fail(err, PXC_EBUG, "alone");
}

static int take_a_while(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	struct desk *desk = context;

	(void)args, (void)err;
	rest(60);
	desk->ended++;
	*ret_data = json_pack("{s:s}", "status", "done");
	return 0;
}

/* Does what its arguments say: "kind" a number of enum pxc_errkind. */
static int fail_so(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	int kind = (int)json_integer_value(json_object_get(args, "kind"));

	(void)context, (void)ret_data;
	return kind == PXC_OK ? 0 : pxc_fail(err, (enum pxc_errkind)kind, "so it is");
}

static const struct pve_op together = { .method = "CEPH", .path = "meet", .work = meet };
static const struct pve_op slow = { .method = "CEPH", .path = "slow", .work = take_a_while };
static const struct pve_op failing = { .method = "CEPH", .path = "clone", .work = fail_so };
static const struct pve_op removing = {
	.method = "CEPH", .path = "remove", .work = fail_so, .gone_ok = true
};
static const struct pve_op config = { .method = "PUT", .path = "/x", .wait_ms = 5000 };

static void works_and_requests_go_in_order(void **state)
{
	static const struct script_line lines[] = { { "PUT /x" }, { "PUT /x" } };
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	struct desk desk = { .meet = 0 };
	struct pve_step steps[] = { { .op = &slow, .context = &desk },
				    { .op = &config },
				    { .op = &slow, .context = &desk },
				    { .op = &slow, .context = &desk },
				    { .op = &config } };
	struct pve_job job = { .steps = steps, .nsteps = ARRAY_SIZE(steps) };

	(void)state;
	pve_run(pve, &job, 1, 0);
	assert_int_equal(job.err.kind, PXC_OK);
	assert_int_equal(job.ndone, 5);
	assert_int_equal(desk.ended, 3);
	assert_string_equal(json_string_value(json_object_get(steps[2].ret_data, "status")),
			    "done");
	/* Virtual time stood still while threads were at work. */
	assert_int_equal(script.now, 1000);
	pve_job_release(&job);
	pve_free(pve);
	script_end(&script);
}

static const struct {
	const struct pve_op *op;
	const char *why;
	enum pxc_errkind kind, result;
	const char *msg;
} ends[] = {
	{ &failing, NULL, PXC_OK, PXC_OK, "" },
	{ &failing, NULL, PXC_EREMOTE, PXC_EREMOTE, "CEPH clone: so it is" },
	{ &failing, "clone a from b", PXC_ECONFLICT, PXC_ECONFLICT, "clone a from b: so it is" },
	{ &failing, "clone a from b", PXC_ENOTFOUND, PXC_ENOTFOUND, "clone a from b: so it is" },
	{ &removing, "remove a", PXC_ENOTFOUND, PXC_OK, "" },
	{ &removing, "remove a", PXC_EBUSY, PXC_EBUSY, "remove a: so it is" },
};

static void a_failure_ends_its_job_unless_what_is_removed_is_gone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		static const struct script_line lines[] = { { "PUT /x" } };
		struct script script = SCRIPT(lines);
		struct pve_client *pve = script_client(&script, 1);
		json_auto_t *args = json_pack("{s:i}", "kind", (int)ends[i].kind);
		struct pve_step steps[] = { { .op = ends[i].op, .args = args, .why = ends[i].why },
					    { .op = &config } };
		struct pve_job job = { .steps = steps, .nsteps = 2 };

		script.nlines = ends[i].result == PXC_OK ? 1 : 0;
		pve_run(pve, &job, 1, 0);
		assert_int_equal(job.err.kind, ends[i].result);
		assert_string_equal(job.err.msg, ends[i].msg);
		assert_int_equal(job.ndone, ends[i].result == PXC_OK ? 2 : 0);
		pve_job_release(&job);
		pve_free(pve);
		script_end(&script);
	}
}

/* Jobs, at most at once, so many of which meet. */
static const struct {
	size_t njobs;
	unsigned max_jobs;
	int meet, most;
} crowds[] = {
	{ 2, 16, 2, 2 },
	{ PVE_WORKERS, 16, PVE_WORKERS, PVE_WORKERS },
	{ 3 * PVE_WORKERS, 64, PVE_WORKERS, PVE_WORKERS },
	{ 5, 1, 1, 1 },
	{ 6, 3, 3, 3 },
};

static void works_are_done_side_by_side(void **state)
{
	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(crowds); r++) {
		struct script script = { .nlines = 0 };
		struct pve_client *pve = script_client(&script, 1);
		struct desk desk = { .meet = crowds[r].meet };
		struct pve_job jobs[3 * PVE_WORKERS] = { { .steps = NULL } };
		struct pve_step steps[3 * PVE_WORKERS];

		for (size_t i = 0; i < crowds[r].njobs; i++) {
			steps[i] = (struct pve_step){ .op = &together, .context = &desk };
			jobs[i] = (struct pve_job){ .steps = &steps[i], .nsteps = 1 };
		}
		pve_run(pve, jobs, crowds[r].njobs, crowds[r].max_jobs);
		for (size_t i = 0; i < crowds[r].njobs; i++) {
			assert_int_equal(jobs[i].err.kind, PXC_OK);
			pve_job_release(&jobs[i]);
		}
		assert_int_equal(desk.most, crowds[r].most);
		assert_int_equal(desk.ended, crowds[r].njobs);
		pve_free(pve);
		script_end(&script);
	}
}

static bool has_ended(const json_t *data, const json_t *args, int http, const char *text)
{
	(void)args, (void)http, (void)text;
	return json_integer_value(json_object_get(data, "ended")) > 0;
}

static uint32_t tell(struct script *script, const char *request, struct pve_reply *ret)
{
	struct desk *desk = script->arg;

	(void)request;
	ret->body = json_pack("{s:{s:i}}", "data", "ended", desk->ended);
	return 1;
}

/* Who waits two seconds for what takes 60 ms does not run out of time because the latter are real ones. */
static void who_waits_beside_has_its_time(void **state)
{
	static const struct pve_op wait = { "GET", "/x", 2000, has_ended, false, NULL };
	struct desk desk = { .meet = 0 };
	struct script script = { .answer = tell, .arg = &desk };
	struct pve_client *pve = script_client(&script, 1);
	struct pve_step steps[] = { { .op = &slow, .context = &desk }, { .op = &wait } };
	struct pve_job jobs[] = { { .steps = &steps[0], .nsteps = 1 },
				  { .steps = &steps[1], .nsteps = 1 } };

	(void)state;
	pve_run(pve, jobs, 2, 0);
	assert_int_equal(jobs[0].err.kind, PXC_OK);
	assert_string_equal(jobs[1].err.msg, "");
	assert_int_equal(jobs[1].err.kind, PXC_OK);
	assert_in_range(script.now, 1000, 3000);
	for (size_t i = 0; i < 2; i++)
		pve_job_release(&jobs[i]);
	pve_free(pve);
	script_end(&script);
}

static void a_client_that_did_no_work_has_no_threads(void **state)
{
	struct script script = { .nlines = 0 };
	struct pve_client *pve = script_client(&script, 1);

	(void)state;
	assert_false(pve_work_under_way(pve));
	assert_false(pve_work_drain(pve));
	pve_free(pve);
	script_end(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(works_and_requests_go_in_order),
		cmocka_unit_test(a_failure_ends_its_job_unless_what_is_removed_is_gone),
		cmocka_unit_test(works_are_done_side_by_side),
		cmocka_unit_test(who_waits_beside_has_its_time),
		cmocka_unit_test(a_client_that_did_no_work_has_no_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
