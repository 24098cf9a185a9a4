/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which job begins when: exact transcripts, on virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"
#include "base/str.h"
#include "lib/script.h"
#include "pve/client.h"

enum { JOBS = 6 };

/* A job: one PUT to /job/<number>, which takes so long and may fail. */
struct kind_of_job {
	const char *after; /* numbers of jobs: "02" */
	const char *uses[PVE_USES];
	uint32_t ms;
	bool fails;
};

static const struct stream_case {
	const char *name;
	struct kind_of_job jobs[JOBS];
	size_t njobs;
	unsigned max_jobs, max_failures, max_use;
	const char *log;    /* "time request", in order */
	const char *states; /* of each job: . not begun, d done, F failed */
	const char *why;    /* of the last job */
} cases[] = {
	{ .name = "in the order given, one at a time",
	  .jobs = { { .ms = 100 }, { .ms = 50 }, { .ms = 10 } },
	  .njobs = 3,
	  .max_jobs = 1,
	  .log = "1000 0|1100 1|1150 2|",
	  .states = "ddd" },
	{ .name = "what waits does not hold up what is behind it",
	  .jobs = { { .ms = 100 }, { .after = "0", .ms = 10 }, { .ms = 10 }, { .ms = 10 } },
	  .njobs = 4,
	  .max_jobs = 2,
	  .log = "1000 0|1000 2|1010 3|1100 1|",
	  .states = "dddd" },
	{ .name = "all that it waits for",
	  .jobs = { { .ms = 100 }, { .ms = 200 }, { .after = "01", .ms = 10 } },
	  .njobs = 3,
	  .log = "1000 0|1000 1|1200 2|",
	  .states = "ddd" },
	{ .name = "also what comes later in the list",
	  .jobs = { { .after = "1", .ms = 10 }, { .ms = 20 } },
	  .njobs = 2,
	  .log = "1000 1|1020 0|",
	  .states = "dd" },
	{ .name = "behind a failure nothing begins, nor behind that",
	  .jobs = { { .ms = 50, .fails = true },
		    { .after = "0", .ms = 10 },
		    { .ms = 100 },
		    { .after = "1", .ms = 10 } },
	  .njobs = 4,
	  .log = "1000 0|1000 2|",
	  .states = "F.d.",
	  .why = "job 1 was not begun" },
	{ .name = "the reason is the one that failed",
	  .jobs = { { .ms = 10 }, { .ms = 50, .fails = true }, { .after = "01", .ms = 10 } },
	  .njobs = 3,
	  .log = "1000 0|1000 1|",
	  .states = "dF.",
	  .why = "job 1 failed" },
	{ .name = "one place each",
	  .jobs = { { .uses = { "into a", "out of b" }, .ms = 100 },
		    { .uses = { "into a", "out of c" }, .ms = 10 },
		    { .uses = { "into d", "out of b" }, .ms = 10 },
		    { .uses = { "into d", "out of c" }, .ms = 30 } },
	  .njobs = 4,
	  .max_use = 1,
	  .log = "1000 0|1000 3|1100 1|1100 2|",
	  .states = "dddd" },
	{ .name = "two places",
	  .jobs = { { .uses = { "a" }, .ms = 100 },
		    { .uses = { "a" }, .ms = 50 },
		    { .uses = { NULL, "a" }, .ms = 10 },
		    { .uses = { "a", "a" }, .ms = 10 } },
	  .njobs = 4,
	  .max_use = 2,
	  .log = "1000 0|1000 1|1050 2|1060 3|",
	  .states = "dddd" },
	{ .name = "enough failures",
	  .jobs = { { .ms = 10, .fails = true },
		    { .ms = 200 },
		    { .ms = 20, .fails = true },
		    { .ms = 20 },
		    { .ms = 20 } },
	  .njobs = 5,
	  .max_jobs = 2,
	  .max_failures = 2,
	  .log = "1000 0|1000 1|1010 2|",
	  .states = "FdF..",
	  .why = "2 failed before, which is the limit" },
	{ .name = "in a circle",
	  .jobs = { { .after = "1", .ms = 10 }, { .after = "0", .ms = 10 } },
	  .njobs = 2,
	  .log = "",
	  .states = "FF" },
	{ .name = "for itself",
	  .jobs = { { .ms = 10 }, { .after = "1", .ms = 10 } },
	  .njobs = 2,
	  .log = "1000 0|",
	  .states = "dF" },
};

static const struct stream_case *now;

/* Is against more once two requests were sent. */
static const char *two_are_enough(void *context)
{
	const struct script *script = context;

	return script->next >= 2 ? "enough" : NULL;
}

static uint32_t answer(struct script *script, const char *request, struct pve_reply *ret)
{
	const struct kind_of_job *job;

	(void)script;
	if (str_starts(request, "GET"))
		return 0;
	job = &now->jobs[request[strlen("PUT /job/")] - '0'];
	if (job->fails) {
		ret->status = 500;
		(void)snprintf(ret->reason, sizeof(ret->reason), "no space left");
	}
	return job->ms;
}

/* "1000 1 PUT /job/0\n" is "1000 0|"; the first line is the read that proved the URL. */
static char *shorten(const char *log)
{
	struct pxc_buf out = { .data = NULL };
	char when[16];
	int job, at;

	log = strchr(log, '\n') + 1;
	while (sscanf(log, "%15s 1 PUT /job/%d%n", when, &job, &at) == 2) {
		buf_printf(&out, "%s %d|", when, job);
		log += at;
	}
	return buf_take(&out);
}

static const char state_names[] = {
	[PVE_JOB_NOT_BEGUN] = '.', [PVE_JOB_UNDER_WAY] = '?', [PVE_JOB_DONE] = 'd',
	[PVE_JOB_DROPPED] = 'x',   [PVE_JOB_FAILED] = 'F',
};

struct told {
	size_t begun, ended, most;
};

static void told(void *context, const struct pve_job *job)
{
	struct told *t = context;

	if (job->state == PVE_JOB_UNDER_WAY)
		t->begun++;
	else
		t->ended++;
	if (t->begun - t->ended > t->most)
		t->most = t->begun - t->ended;
	assert_true(job->state == PVE_JOB_UNDER_WAY || job->ended_ms >= job->began_ms);
}

static void run_case(const struct stream_case *c)
{
	static const struct pve_op op = { .method = "PUT", .path = "/job/{n}", .wait_ms = 5000 };
	static const char *const labels[] = {
		"job 0", "job 1", "job 2", "job 3", "job 4", "job 5"
	};
	struct script script = { .answer = answer };
	struct pve_client *pve = script_client(&script, 1);
	struct told seen = { .begun = 0 };
	struct pve_limits limits = { .max_jobs = c->max_jobs,
				     .max_failures = c->max_failures,
				     .told = told,
				     .context = &seen };
	struct pve_job jobs[JOBS] = { { .steps = NULL } };
	const struct pve_job *after[JOBS][JOBS];
	struct pve_step steps[JOBS];
	char states[JOBS + 1] = "";
	auto_free char *log = NULL;
	struct pxc_err err;

	now = c;
	for (size_t i = 0; i < c->njobs; i++) {
		const struct kind_of_job *k = &c->jobs[i];

		steps[i] = (struct pve_step){ .op = &op, .args = json_pack("{s:i}", "n", (int)i) };
		jobs[i] = (struct pve_job){ .steps = &steps[i], .nsteps = 1, .label = labels[i] };
		for (const char *p = k->after; p && *p; p++)
			after[i][jobs[i].nafter++] = &jobs[*p - '0'];
		jobs[i].after = after[i];
		for (size_t u = 0; u < PVE_USES; u++)
			jobs[i].uses[u] = (struct pve_use){ k->uses[u], c->max_use };
	}
	/* Until a URL has answered once it gets one request at a time. */
	assert_int_equal(pve_get(pve, "/version", NULL, &err), 0);
	pve_stream(pve, jobs, c->njobs, &limits);
	for (size_t i = 0; i < c->njobs; i++)
		states[i] = state_names[jobs[i].state];
	log = shorten(buf_str(&script.log));
	if (!str_eq(log, c->log) || !str_eq(states, c->states))
		fail_msg("%s: %s, states %s", c->name, log, states);
	if (c->why && !str_eq(jobs[c->njobs - 1].why, c->why))
		fail_msg("%s: \"%s\"", c->name, jobs[c->njobs - 1].why);
	assert_int_equal(jobs[c->njobs - 1].stopped, c->max_failures > 0);
	assert_int_equal(seen.begun, seen.ended);
	assert_true(!c->max_jobs || seen.most <= c->max_jobs);
	for (size_t i = 0; i < c->njobs; i++) {
		assert_int_equal(jobs[i].err.kind != PXC_OK, jobs[i].state == PVE_JOB_FAILED);
		pve_job_release(&jobs[i]);
		json_decref((json_t *)(uintptr_t)steps[i].args);
	}
	pve_free(pve);
	script_end(&script);
}

static void who_begins_when(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run_case(&cases[i]);
}

static void nothing_begins_any_more(void **state)
{
	static const struct pve_op op = { .method = "PUT", .path = "/job/{n}", .wait_ms = 5000 };
	static const struct script_line lines[] = { { "PUT /job/0" }, { "PUT /job/0" } };
	struct script script = SCRIPT(lines);
	struct pve_client *pve = script_client(&script, 1);
	json_auto_t *args = json_pack("{s:i}", "n", 0);
	struct pve_step step = { .op = &op, .args = args };
	struct pve_job jobs[4] = { { .steps = NULL } };
	struct pve_limits limits = { .max_jobs = 1, .stops = two_are_enough, .context = &script };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		jobs[i] = (struct pve_job){ .steps = &step, .nsteps = 1 };
	pve_stream(pve, jobs, 4, &limits);
	for (size_t i = 0; i < 4; i++) {
		bool begun = jobs[i].state == PVE_JOB_DONE;

		assert_int_equal(begun, i < 2);
		assert_int_equal(jobs[i].stopped, !begun);
		assert_string_equal(jobs[i].why, begun ? "" : "enough");
		pve_job_release(&jobs[i]);
	}
	pve_free(pve);
	script_end(&script);
}

/* --- judges ------------------------------------------------------------------------------------------- */

static enum pve_judgement judge(struct pve_look *look)
{
	const char *data = json_string_value(look->data);

	(void)snprintf(look->why, sizeof(look->why), "%s%s",
		       look->err->kind == PXC_ENOTFOUND ? "gone"
		       : data                           ? data
							: "no answer",
		       look->late ? ", late" : "");
	if (look->late && str_eq(data, "busy"))
		return PVE_DROP;
	if (str_eq(data, "pointless"))
		return PVE_DROP;
	if (str_eq(data, "broken") || look->err->kind == PXC_ENOTFOUND)
		return PVE_FAIL;
	return str_eq(data, "fine") ? PVE_GO : PVE_WAIT;
}

static const struct pve_op gate = {
	.method = "GET", .path = "/gate", .wait_ms = 400, .judge = judge
};
static const struct pve_op act = { .method = "PUT", .path = "/act", .wait_ms = 400 };
static const struct pve_op tidy = {
	.method = "PUT", .path = "/tidy", .wait_ms = 400, .always = true
};

#define GATE(says)                                                                                 \
	{                                                                                          \
		"GET /gate", "\"" says "\""                                                        \
	}

static const struct script_line lets_go[] = { GATE("fine"), { "PUT /act" }, { "PUT /tidy" } };
static const struct script_line waits[] = {
	GATE("not yet"),         { "GET /gate", "no", .status = 500 },
	{ "GET /gate", "null" }, GATE("fine"),
	{ "PUT /act" },          { "PUT /tidy" }
};
static const struct script_line drops[] = { GATE("not yet"), GATE("pointless"), { "PUT /tidy" } };
static const struct script_line fails[] = { GATE("broken"), { "PUT /tidy" } };
static const struct script_line absent[] = {
	{ "GET /gate", "pool 'x' does not exist", .status = 500 }, { "PUT /tidy" }
};
/* Looks 50, 100 and 200 ms apart, and one at the very end. */
static const struct script_line too_late[] = { GATE("not yet"), GATE("not yet"), GATE("not yet"),
					       GATE("not yet"), GATE("not yet"), { "PUT /tidy" } };
static const struct script_line dropped_late[] = { GATE("busy"), GATE("busy"), GATE("busy"),
						   GATE("busy"), GATE("busy"), { "PUT /tidy" } };
static const struct script_line denied[] = {
	{ "GET /gate", "Permission check failed (/nodes/a, Sys.Audit)", .status = 403 },
	{ "PUT /tidy" }
};
static const struct script_line both[] = { GATE("pointless"),
					   { "PUT /tidy", "no space left", .status = 500 } };

static const struct judge_case {
	const char *name;
	const struct script_line *lines;
	size_t nlines;
	enum pve_job_state state;
	enum pxc_errkind kind;
	size_t ndone;
	const char *says;
} judged[] = {
	{ "go on", lets_go, ARRAY_SIZE(lets_go), PVE_JOB_DONE, PXC_OK, 3, "" },
	{ "wait", waits, ARRAY_SIZE(waits), PVE_JOB_DONE, PXC_OK, 3, "" },
	{ "drop", drops, ARRAY_SIZE(drops), PVE_JOB_DROPPED, PXC_OK, 0, "pointless" },
	{ "fail", fails, ARRAY_SIZE(fails), PVE_JOB_FAILED, PXC_EREMOTE, 0, "look: broken" },
	{ "no such thing", absent, ARRAY_SIZE(absent), PVE_JOB_FAILED, PXC_EREMOTE, 0,
	  "look: gone" },
	{ "wait for ever", too_late, ARRAY_SIZE(too_late), PVE_JOB_FAILED, PXC_ETIMEOUT, 0,
	  "look: not so within 0 s; last answer: not yet, late" },
	{ "drop at the end", dropped_late, ARRAY_SIZE(dropped_late), PVE_JOB_DROPPED, PXC_OK, 0,
	  "busy, late" },
	{ "no right to look", denied, ARRAY_SIZE(denied), PVE_JOB_FAILED, PXC_EDENIED, 0,
	  "Sys.Audit" },
	{ "the tidying fails", both, ARRAY_SIZE(both), PVE_JOB_FAILED, PXC_EREMOTE, 0,
	  "tidy: no space left" },
};

static void a_judge_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(judged); i++) {
		const struct judge_case *c = &judged[i];
		struct script script = { .lines = c->lines, .nlines = c->nlines };
		struct pve_client *pve = script_client(&script, 1);
		json_auto_t *args = json_object();
		struct pve_step steps[] = { { .op = &gate, .args = args, .why = "look" },
					    { .op = &act, .args = args, .why = "act" },
					    { .op = &tidy, .args = args, .why = "tidy" } };
		struct pve_job job = { .steps = steps, .nsteps = ARRAY_SIZE(steps) };

		pve_run(pve, &job, 1, 0);
		if (job.state != c->state || job.err.kind != c->kind || job.ndone != c->ndone ||
		    !strstr(job.state == PVE_JOB_FAILED ? job.err.msg : job.why, c->says))
			fail_msg("%s: state %d, kind %d, %zu done, \"%s\", \"%s\"", c->name,
				 (int)job.state, (int)job.err.kind, job.ndone, job.err.msg,
				 job.why);
		pve_job_release(&job);
		pve_free(pve);
		script_end(&script);
	}
}

/* A thousand jobs that end at once take no stack, and those with nothing to do are done. */
static void jobs_that_end_at_once(void **state)
{
	enum { MANY = 1000 };
	static const struct pve_op op = { .method = "PUT", .path = "/job/{n}", .wait_ms = 5000 };
	struct script script = { .nlines = 0 };
	struct pve_client *pve = script_client(&script, 1);
	struct pve_job *jobs = pxc_calloc(MANY, sizeof(*jobs));
	json_auto_t *args = json_object();
	struct pve_step step = { .op = &op, .args = args };

	(void)state;
	/* The path lacks its argument: an error of ours, before anything is sent. */
	for (size_t i = 0; i < MANY; i += 2)
		jobs[i] = (struct pve_job){ .steps = &step, .nsteps = 1 };
	pve_run(pve, jobs, MANY, 3);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(jobs[i].state, i % 2 ? PVE_JOB_DONE : PVE_JOB_FAILED);
		assert_int_equal(jobs[i].err.kind, i % 2 ? PXC_OK : PXC_EBUG);
		pve_job_release(&jobs[i]);
	}
	free(jobs);
	pve_free(pve);
	script_end(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_begins_when),
		cmocka_unit_test(nothing_begins_any_more),
		cmocka_unit_test(a_judge_decides),
		cmocka_unit_test(jobs_that_end_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
