/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"
#include "base/str.h"
#include "lib/script.h"
#include "pve/client.h"

#define GUEST "/nodes/{node}/qemu/{vmid}"
#define UPID(type) "UPID:n1:0000021E:0003A513:6B0104D6:" type ":1:ann@pve!ci:"
#define OK_LIST(type) "[{\"upid\":\"" UPID(type) "\",\"endtime\":2,\"status\":\"OK\"}]"

static bool is_running(const json_t *data, const json_t *args, int http, const char *text)
{
	(void)args, (void)http, (void)text;
	return str_eq(json_string_value(json_object_get(data, "status")), "running");
}

/* Waits for a failure that names the guest of the arguments. */
static bool is_gone(const json_t *data, const json_t *args, int http, const char *text)
{
	return !data && http == 500 && strstr(text, "does not exist") &&
	       json_integer_value(json_object_get(args, "vmid")) == 1;
}

static const struct pve_op config = { .method = "PUT", .path = GUEST "/config", .wait_ms = 5000 };
static const struct pve_op begin = { .method = "POST",
				     .path = GUEST "/status/start",
				     .wait_ms = 5000 };
static const struct pve_op wait_running = {
	.method = "GET", .path = GUEST "/status/current", .wait_ms = 5000, .until = is_running
};
static const struct pve_op wait_gone = {
	.method = "GET", .path = GUEST "/status/current", .wait_ms = 5000, .until = is_gone
};
static const struct pve_op drop = {
	.method = "DELETE", .path = GUEST, .wait_ms = 5000, .gone_ok = true
};

static void run(struct script *script, struct pve_step *steps, size_t nsteps, struct pve_job *ret)
{
	struct pve_client *pve = script_client(script, 1);

	*ret = (struct pve_job){ .steps = steps, .nsteps = nsteps };
	pve_run(pve, ret, 1, 0);
	pve_free(pve);
}

static void steps_run_in_order_and_fill_their_path(void **state)
{
	static const struct script_line lines[] = {
		{ "PUT /nodes/n%2F1/qemu/1/config cores=2&onboot=1" },
		{ "POST /nodes/n%2F1/qemu/1/status/start", "\"" UPID("qmstart") "\"" },
		{ "GET /cluster/tasks", OK_LIST("qmstart") },
		{ "GET /nodes/n%2F1/qemu/1/status/current", "{\"status\":\"stopped\"}" },
		{ "GET /nodes/n%2F1/qemu/1/status/current", "{\"status\":\"running\"}" },
	};
	json_auto_t *set = json_pack("{s:s, s:i, s:i, s:b, s:n, s:i}", "node", "n/1", "vmid", 1,
				     "cores", 2, "onboot", 1, "name", "_wait_ms", 900);
	json_auto_t *guest = json_pack("{s:s, s:i}", "node", "n/1", "vmid", 1);
	struct pve_step steps[] = { { .op = &config, .args = set },
				    { .op = &begin, .args = guest },
				    { .op = &wait_running, .args = guest } };
	struct script script = SCRIPT(lines);
	struct pve_job job;

	(void)state;
	run(&script, steps, ARRAY_SIZE(steps), &job);
	assert_string_equal(job.err.msg, "");
	assert_int_equal(job.err.kind, PXC_OK);
	assert_int_equal(job.ndone, 3);
	assert_true(json_is_null(steps[0].ret_data));
	assert_string_equal(json_string_value(steps[1].ret_data), "OK");
	assert_true(json_is_object(steps[2].ret_data));
	pve_job_release(&job);
	script_end(&script);
}

static void a_job_stops_at_its_first_failure(void **state)
{
	static const struct script_line lines[] = {
		{ "PUT /nodes/n1/qemu/1/config" },
		{ "PUT /nodes/n1/qemu/1/config", "no space left", .status = 500 },
	};
	json_auto_t *args = json_pack("{s:s, s:i}", "node", "n1", "vmid", 1);
	struct pve_step steps[] = { { .op = &config, .args = args, .why = "one" },
				    { .op = &config, .args = args, .why = "two" },
				    { .op = &config, .args = args, .why = "three" } };
	struct script script = SCRIPT(lines);
	struct pve_job job;

	(void)state;
	run(&script, steps, ARRAY_SIZE(steps), &job);
	assert_int_equal(job.ndone, 1);
	assert_int_equal(job.err.kind, PXC_EREMOTE);
	assert_int_equal(job.err.http, 500);
	assert_string_equal(job.err.msg, "two: no space left");
	pve_job_release(&job);
	script_end(&script);
}

/* "one" goes wrong or not; "undo" is always done, and with it what follows; a second failure is the end. */
static void what_must_be_done_is_done_after_a_failure(void **state)
{
	static const struct pve_op undo = {
		.method = "PUT", .path = GUEST "/undo", .wait_ms = 5000, .always = true
	};
	static const struct script_line well[] = { { "PUT /nodes/n1/qemu/1/config" },
						   { "PUT /nodes/n1/qemu/1/config" },
						   { "PUT /nodes/n1/qemu/1/undo" },
						   { "PUT /nodes/n1/qemu/1/config" } },
					bad[] = { { "PUT /nodes/n1/qemu/1/config", "no",
						    .status = 500 },
						  { "PUT /nodes/n1/qemu/1/undo" },
						  { "PUT /nodes/n1/qemu/1/config" } },
					worse[] = { { "PUT /nodes/n1/qemu/1/config", "no",
						      .status = 500 },
						    { "PUT /nodes/n1/qemu/1/undo", "never",
						      .status = 500 } };
	static const struct {
		const struct script_line *lines;
		size_t nlines, ndone;
		const char *msg;
	} rows[] = {
		{ well, ARRAY_SIZE(well), 4, "" },
		{ bad, ARRAY_SIZE(bad), 0, "one: no" },
		{ worse, ARRAY_SIZE(worse), 0, "undo: never; and before that: one: no" },
	};
	json_auto_t *args = json_pack("{s:s, s:i}", "node", "n1", "vmid", 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pve_step steps[] = { { .op = &config, .args = args, .why = "one" },
					    { .op = &config, .args = args, .why = "two" },
					    { .op = &undo, .args = args, .why = "undo" },
					    { .op = &config, .args = args, .why = "four" } };
		struct script script = { .lines = rows[i].lines, .nlines = rows[i].nlines };
		struct pve_job job;

		run(&script, steps, ARRAY_SIZE(steps), &job);
		assert_int_equal(job.ndone, rows[i].ndone);
		assert_string_equal(job.err.msg, rows[i].msg);
		pve_job_release(&job);
		script_end(&script);
	}
}

static const struct {
	const char *msg; /* NULL = counts as done */
	struct script_line lines[3];
	size_t nlines;
} deletions[] = {
	{ NULL,
	  { { "DELETE /nodes/n1/qemu/1",
	      "Configuration file 'nodes/n1/qemu-server/1.conf' does not exist", .status = 500 } },
	  1 },
	{ NULL,
	  { { "DELETE /nodes/n1/qemu/1", "\"" UPID("qmdestroy") "\"" },
	    { "GET /cluster/tasks",
	      "[{\"upid\":\"" UPID(
		      "qmdestroy") "\",\"endtime\":1,\"status\":\"Configuration "
				   "file 'nodes/n1/qemu-server/1.conf' does not exist\"}]" },
	    { "GET /nodes/n1/tasks/UPID%3An1%3A0000021E%3A0003A513%3A6B0104D6%3Aqmdestroy%3A1%3Aann%40pve%21ci%3A/log "
	      "limit=500&start=0",
	      "[]" } },
	  3 },
	/* Something else is gone: the guest is still there. */
	{ "DELETE /nodes/n1/qemu/1: storage 'data' does not exist",
	  { { "DELETE /nodes/n1/qemu/1", "\"" UPID("qmdestroy") "\"" },
	    { "GET /cluster/tasks",
	      "[{\"upid\":\"" UPID("qmdestroy") "\",\"endtime\":1,\"status\":\"storage 'data' "
						"does not exist\"}]" },
	    { "GET /nodes/n1/tasks/UPID%3An1%3A0000021E%3A0003A513%3A6B0104D6%3Aqmdestroy%3A1%3Aann%40pve%21ci%3A/log "
	      "limit=500&start=0",
	      "[]" } },
	  3 },
	{ "DELETE /nodes/n1/qemu/1: VM 1 is running - destroy failed",
	  { { "DELETE /nodes/n1/qemu/1", "VM 1 is running - destroy failed", .status = 500 } },
	  1 },
};

static void what_is_gone_already_counts_as_deleted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(deletions); i++) {
		json_auto_t *args = json_pack("{s:s, s:i}", "node", "n1", "vmid", 1);
		struct pve_step step = { .op = &drop, .args = args };
		struct script script = { .lines = deletions[i].lines,
					 .nlines = deletions[i].nlines };
		struct pve_job job;

		run(&script, &step, 1, &job);
		assert_string_equal(job.err.msg, deletions[i].msg ? deletions[i].msg : "");
		assert_int_equal(job.ndone, deletions[i].msg ? 0 : 1);
		pve_job_release(&job);
		script_end(&script);
	}
}

static void an_awaited_failure_ends_the_wait(void **state)
{
	static const struct script_line lines[] = {
		{ "GET /nodes/n1/qemu/1/status/current", "{}" },
		{ "GET /nodes/n1/qemu/1/status/current", "agent is not running", .status = 500 },
		{ "GET /nodes/n1/qemu/1/status/current", "Configuration file 'x' does not exist",
		  .status = 500 },
	};
	json_auto_t *args = json_pack("{s:s, s:i}", "node", "n1", "vmid", 1);
	struct pve_step step = { .op = &wait_gone, .args = args };
	struct script script = SCRIPT(lines);
	struct pve_job job;

	(void)state;
	run(&script, &step, 1, &job);
	assert_int_equal(job.err.kind, PXC_OK);
	assert_null(step.ret_data);
	/* 50 ms, then doubling. */
	assert_int_equal(script.now, 1000 + 50 + 100);
	pve_job_release(&job);
	script_end(&script);
}

static uint32_t not_yet(struct script *script, const char *request, struct pve_reply *ret)
{
	(void)script, (void)request;
	ret->status = 500;
	(void)snprintf(ret->reason, sizeof(ret->reason), "QEMU guest agent is not running");
	return 1;
}

static void a_wait_ends_at_its_deadline_with_the_last_answer(void **state)
{
	json_auto_t *args = json_pack("{s:s, s:i}", "node", "n1", "vmid", 1);
	json_auto_t *longer =
		json_pack("{s:s, s:i, s:i}", "node", "n1", "vmid", 1, "_wait_ms", 20000);
	struct pve_step steps[] = {
		{ .op = &wait_running, .args = args, .why = "wait for web" },
		{ .op = &wait_running, .args = longer, .why = "wait for web" }
	};
	static const char *const msgs[] = {
		"wait for web: not so within 5 s; last answer: QEMU guest agent is not running",
		"wait for web: not so within 20 s; last answer: QEMU guest agent is not running",
	};
	static const int64_t ends[] = { 6000, 21000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct script script = { .answer = not_yet };
		struct pve_job job;

		run(&script, &steps[i], 1, &job);
		assert_int_equal(job.err.kind, PXC_ETIMEOUT);
		assert_string_equal(job.err.msg, msgs[i]);
		assert_in_range(script.now, ends[i], ends[i] + 10);
		pve_job_release(&job);
		script_end(&script);
	}
}

static void missing_rights_end_a_wait_at_once(void **state)
{
	static const struct script_line lines[] = {
		{ "GET /nodes/n1/qemu/1/status/current",
		  "Permission check failed (/vms/1, VM.Audit)", .status = 403 },
	};
	json_auto_t *args = json_pack("{s:s, s:i}", "node", "n1", "vmid", 1);
	struct pve_step step = { .op = &wait_running, .args = args };
	struct script script = SCRIPT(lines);
	struct pve_job job;

	(void)state;
	run(&script, &step, 1, &job);
	assert_int_equal(job.err.kind, PXC_EDENIED);
	pve_job_release(&job);
	script_end(&script);
}

static void a_path_without_its_argument_is_never_sent(void **state)
{
	static const char *const args[] = { "{\"node\":\"n1\"}", "{\"node\":\"n1\",\"vmid\":\"\"}",
					    "{\"node\":\"n1\",\"vmid\":true}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		json_auto_t *obj = json_loads(args[i], 0, NULL);
		struct pve_step step = { .op = &drop, .args = obj };
		struct script script = { .nlines = 0 };
		struct pve_job job;

		run(&script, &step, 1, &job);
		assert_int_equal(job.err.kind, PXC_EBUG);
		pve_job_release(&job);
		script_end(&script);
	}
}

static uint32_t answer_in_time(struct script *script, const char *request, struct pve_reply *ret)
{
	(void)script, (void)request, (void)ret;
	return 10;
}

static void never_more_jobs_than_asked_for(void **state)
{
	enum { JOBS = 30 };
	static const struct {
		unsigned max_jobs, most;
	} rows[] = { { 2, 2 }, { 0, 4 }, { 1, 1 } };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct script script = { .answer = answer_in_time };
		struct pve_client *pve = script_client(&script, 1);
		json_auto_t *args = json_pack("{s:s, s:i}", "node", "n1", "vmid", 1);
		struct pve_step steps[JOBS][2];
		struct pve_job jobs[JOBS] = { { .steps = NULL } };

		for (size_t i = 0; i < JOBS; i++) {
			steps[i][0] = steps[i][1] =
				(struct pve_step){ .op = &config, .args = args };
			jobs[i] = (struct pve_job){ .steps = steps[i], .nsteps = 2 };
		}
		pve_run(pve, jobs, JOBS, rows[r].max_jobs);
		for (size_t i = 0; i < JOBS; i++) {
			assert_int_equal(jobs[i].ndone, 2);
			pve_job_release(&jobs[i]);
		}
		assert_int_equal(script.most_at_all, rows[r].most);
		assert_int_equal(pve_requests(pve), 2 * JOBS);
		pve_free(pve);
		script_end(&script);
	}
}

static void one_job_s_failure_does_not_touch_the_others(void **state)
{
	static const struct script_line lines[] = {
		{ "PUT /nodes/n1/qemu/1/config", "boo", .status = 500 },
		{ "PUT /nodes/n1/qemu/2/config" },
		{ "PUT /nodes/n1/qemu/3/config" },
	};
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	struct pve_step steps[3];
	struct pve_job jobs[4] = { { .steps = NULL } };
	json_t *args[3];

	(void)state;
	script.any_order = true;
	for (size_t i = 0; i < 3; i++) {
		args[i] = json_pack("{s:s, s:i}", "node", "n1", "vmid", (int)i + 1);
		steps[i] = (struct pve_step){ .op = &config, .args = args[i] };
		jobs[i] = (struct pve_job){ .steps = &steps[i], .nsteps = 1 };
	}
	/* The fourth has nothing to do. */
	pve_run(pve, jobs, 4, 0);
	assert_int_equal(jobs[0].err.kind, PXC_EREMOTE);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(jobs[i].err.kind, PXC_OK);
	for (size_t i = 0; i < 3; i++) {
		pve_job_release(&jobs[i]);
		json_decref(args[i]);
	}
	pve_free(pve);
	script_end(&script);
}

/* HA takes the order and is done; a plan that wants the end awaits it in a step of its own. */
static void an_ha_task_is_over_when_the_order_is_taken(void **state)
{
	static const struct script_line lines[] = {
		{ "POST /nodes/n1/qemu/1/status/start", "\"" UPID("hastart") "\"" },
		{ "GET /cluster/tasks", OK_LIST("hastart") },
		{ "GET /nodes/n1/qemu/1/status/current", "{\"status\":\"running\"}" },
	};
	json_auto_t *args = json_pack("{s:s, s:i}", "node", "n1", "vmid", 1);
	struct pve_step steps[] = { { .op = &begin, .args = args },
				    { .op = &wait_running, .args = args } };
	struct script script = SCRIPT(lines);
	struct pve_job job;

	(void)state;
	run(&script, steps, 2, &job);
	assert_int_equal(job.err.kind, PXC_OK);
	pve_job_release(&job);
	script_end(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_run_in_order_and_fill_their_path),
		cmocka_unit_test(a_job_stops_at_its_first_failure),
		cmocka_unit_test(what_must_be_done_is_done_after_a_failure),
		cmocka_unit_test(what_is_gone_already_counts_as_deleted),
		cmocka_unit_test(an_awaited_failure_ends_the_wait),
		cmocka_unit_test(a_wait_ends_at_its_deadline_with_the_last_answer),
		cmocka_unit_test(missing_rights_end_a_wait_at_once),
		cmocka_unit_test(a_path_without_its_argument_is_never_sent),
		cmocka_unit_test(never_more_jobs_than_asked_for),
		cmocka_unit_test(one_job_s_failure_does_not_touch_the_others),
		cmocka_unit_test(an_ha_task_is_over_when_the_order_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
