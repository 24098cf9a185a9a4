/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One migration of a stream, by exact transcripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"
#include "lib/script.h"
#include "modules/migrate.h"

#define HERE "GET /nodes/pve1/qemu/101/status/current"
#define THERE "GET /nodes/pve2/qemu/101/status/current"
#define ROOM "GET /nodes/pve2/status"
#define RUNS                                                                                       \
	{                                                                                          \
		HERE, "{\"status\":\"running\",\"ha\":{\"managed\":0}}"                            \
	}
#define HA(state)                                                                                  \
	{                                                                                          \
		HERE, "{\"status\":\"running\",\"ha\":{\"managed\":1,\"state\":\"" state "\"}}"    \
	}
#define GONE                                                                                       \
	{                                                                                          \
		HERE, "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist",       \
			.status = 500                                                              \
	}
/* 3 GiB and 1 GiB less than the 8 GiB that may be used. */
#define HAS_ROOM                                                                                   \
	{                                                                                          \
		ROOM, "{\"memory\":{\"used\":5368709120,\"total\":10737418240}}"                   \
	}
#define IS_FULL                                                                                    \
	{                                                                                          \
		ROOM, "{\"memory\":{\"used\":7516192768,\"total\":10737418240}}"                   \
	}
/* 8 and 1 GiB in use, then 8 and 7 GiB, a quarter and three quarters of 16 processors. */
#define NODES(rest)                                                                                \
	{                                                                                          \
		"GET /cluster/resources type=node",                                                \
			"[{\"node\":\"pve1\",\"mem\":8589934592,\"cpu\":0.25,\"maxcpu\":16}" rest  \
			"]"                                                                        \
	}
#define IS_IDLE NODES(",{\"node\":\"pve2\",\"mem\":1073741824,\"cpu\":0.25,\"maxcpu\":16}")
#define IS_BUSY NODES(",{\"node\":\"pve2\",\"mem\":7516192768,\"cpu\":0.25,\"maxcpu\":16}")
#define COMPUTES NODES(",{\"node\":\"pve2\",\"mem\":1073741824,\"cpu\":0.75,\"maxcpu\":16}")
#define UPID(type) "UPID:pve1:0000021E:0003A513:6B0104D6:" type ":101:ann@pve!ci:"
#define SEND(type, query)                                                                          \
	{ "POST /nodes/pve1/qemu/101/migrate " query, "\"" UPID(type) "\"" },                      \
	{                                                                                          \
		"GET /cluster/tasks",                                                              \
			"[{\"upid\":\"" UPID(type) "\",\"endtime\":2,\"status\":\"OK\"}]"          \
	}
#define SENT(type) SEND(type, "online=1&target=pve2")

static const struct script_line plain[] = { RUNS, HAS_ROOM, SENT("qmigrate") };
static const struct script_line stopped[] = { { HERE, "{\"status\":\"stopped\"}" },
					      SEND("qmigrate", "target=pve2") };
static const struct script_line disks[] = { RUNS, HAS_ROOM,
					    SEND("qmigrate", "bwlimit=1000&online=1&target=pve2&"
							     "with-local-disks=1") };
static const struct script_line gone_before[] = { GONE };
static const struct script_line stopped_since[] = { { HERE, "{\"status\":\"stopped\"}" } };
static const struct script_line backup_ends[] = {
	{ HERE, "{\"status\":\"running\",\"lock\":\"backup\"}" }, RUNS, HAS_ROOM, SENT("qmigrate")
};
static const struct script_line room_comes[] = { RUNS, IS_FULL, IS_FULL, HAS_ROOM,
						 SENT("qmigrate") };
/* One second to wait: looks at 0, 50, 150, 350, 750 and 1000 ms. */
static const struct script_line stays_full[] = { RUNS,    IS_FULL, IS_FULL, IS_FULL,
						 IS_FULL, IS_FULL, IS_FULL };
static const struct script_line stays_locked[] = {
	{ HERE, "{\"status\":\"running\",\"lock\":\"backup\"}" },
	{ HERE, "{\"status\":\"running\",\"lock\":\"backup\"}" },
	{ HERE, "{\"status\":\"running\",\"lock\":\"backup\"}" },
	{ HERE, "{\"status\":\"running\",\"lock\":\"backup\"}" },
	{ HERE, "{\"status\":\"running\",\"lock\":\"backup\"}" },
	{ HERE, "{\"status\":\"running\",\"lock\":\"backup\"}" },
};
static const struct script_line ha_well[] = {
	RUNS,          HAS_ROOM,      SENT("hamigrate"),
	HA("started"), HA("started"), HA("migrate"),
	HA("migrate"), GONE,          { THERE, "{\"status\":\"running\"}" }
};
/* Between two looks it has gone. */
static const struct script_line ha_quick[] = { RUNS,
					       HAS_ROOM,
					       SENT("hamigrate"),
					       HA("started"),
					       GONE,
					       GONE,
					       { THERE, "no such node", .status = 500 },
					       { THERE, "{\"status\":\"running\"}" } };
static const struct script_line ha_gives_up[] = { RUNS,          HAS_ROOM,      SENT("hamigrate"),
						  HA("started"), HA("migrate"), HA("migrate"),
						  HA("started") };
static const struct script_line ha_error[] = { RUNS, HAS_ROOM, SENT("hamigrate"), HA("error") };
static const struct script_line task_fails[] = {
	RUNS,
	HAS_ROOM,
	{ "POST /nodes/pve1/qemu/101/migrate online=1&target=pve2", "\"" UPID("qmigrate") "\"" },
	{ "GET /cluster/tasks",
	  "[{\"upid\":\"" UPID("qmigrate") "\",\"endtime\":2,"
					   "\"status\":\"migration problems\"}]" },
	{ "GET /nodes/pve1/tasks/UPID%3Apve1%3A0000021E%3A0003A513%3A6B0104D6%3Aqmigrate%3A101%3A"
	  "ann%40pve%21ci%3A/log limit=500&start=0",
	  "[{\"n\":1,\"t\":\"no space on pve2\"}]" },
};

static const struct script_line worth_it[] = { RUNS, IS_IDLE, HAS_ROOM, SENT("qmigrate") };
static const struct script_line worth_it_again[] = { RUNS,    IS_BUSY,  COMPUTES,
						     IS_IDLE, HAS_ROOM, SENT("qmigrate") };
static const struct script_line not_told[] = { RUNS, NODES(",{\"node\":\"pve2\"}"), HAS_ROOM,
					       SENT("qmigrate") };

static const struct migrate_case {
	const char *name;
	const struct script_line *lines;
	size_t nlines;
	bool stopped, ha, disks;
	uint32_t room_s;
	enum pve_job_state state;
	const char *says;
	bool worth;
} cases[] = {
	{ "live", plain, ARRAY_SIZE(plain), false, false, false, 0, PVE_JOB_DONE, "" },
	{ "stopped, which needs no memory", stopped, ARRAY_SIZE(stopped), true, false, false, 0,
	  PVE_JOB_DONE, "" },
	{ "with what it was asked for", disks, ARRAY_SIZE(disks), false, false, true, 0,
	  PVE_JOB_DONE, "" },
	{ "gone", gone_before, ARRAY_SIZE(gone_before), false, false, false, 0, PVE_JOB_DROPPED,
	  "it is not on pve1 any more" },
	{ "stopped since", stopped_since, ARRAY_SIZE(stopped_since), false, false, false, 0,
	  PVE_JOB_DROPPED, "it does not run any more" },
	{ "started since", plain, 1, true, false, false, 0, PVE_JOB_DROPPED,
	  "it has been started" },
	{ "a backup ends", backup_ends, ARRAY_SIZE(backup_ends), false, false, false, 0,
	  PVE_JOB_DONE, "" },
	{ "a backup goes on", stays_locked, ARRAY_SIZE(stays_locked), false, false, false, 1,
	  PVE_JOB_DROPPED, "it is locked (backup)" },
	{ "room comes", room_comes, ARRAY_SIZE(room_comes), false, false, false, 0, PVE_JOB_DONE,
	  "" },
	{ "no room comes", stays_full, ARRAY_SIZE(stays_full), false, false, false, 1,
	  PVE_JOB_DROPPED, "pve2 has 1024 MiB left, 2048 are needed" },
	{ "through the HA manager", ha_well, ARRAY_SIZE(ha_well), false, true, false, 0,
	  PVE_JOB_DONE, "" },
	{ "quicker than is looked", ha_quick, ARRAY_SIZE(ha_quick), false, true, false, 0,
	  PVE_JOB_DONE, "" },
	{ "the HA manager gives it up", ha_gives_up, ARRAY_SIZE(ha_gives_up), false, true, false, 0,
	  PVE_JOB_FAILED, "the HA manager has given it up: it stays on pve1 (state started)" },
	{ "the HA manager's error", ha_error, ARRAY_SIZE(ha_error), false, true, false, 0,
	  PVE_JOB_FAILED, "the HA manager has it in state error" },
	{ "the task fails", task_fails, ARRAY_SIZE(task_fails), false, false, false, 0,
	  PVE_JOB_FAILED, "no space on pve2" },
	{ "still worth it", worth_it, ARRAY_SIZE(worth_it), false, false, false, 0, PVE_JOB_DONE,
	  "", true },
	{ "worth it again", worth_it_again, ARRAY_SIZE(worth_it_again), false, false, false, 0,
	  PVE_JOB_DONE, "", true },
	{ "a node that does not say how busy it is", not_told, ARRAY_SIZE(not_told), false, false,
	  false, 0, PVE_JOB_DONE, "", true },
};

static void run_case(const struct migrate_case *c)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_plans struct pxc_plans plans = { .nplans = 0 };
	json_auto_t *more = json_pack("{s:i}", "bwlimit", 1000);
	/* Memory counts as it is, a processor like 1000 MiB; pve1 may have no more than pve2 and 2048. */
	const struct migrate_worth worth = { { 1, 1 }, { 1, 1 }, -2048 };
	const struct migration m = { .vmid = 101,
				     .from = "pve1",
				     .to = "pve2",
				     .worth = c->worth ? &worth : NULL,
				     .running = !c->stopped,
				     .ha = c->ha,
				     .need_mib = 2048,
				     .limit_mib = 8192,
				     .room_s = c->room_s,
				     .local_disks = c->disks,
				     .more = c->disks ? more : NULL };
	struct pxc_plan *plan = pxc_plans_add(&plans, "VM 101 pve1 -> pve2");
	struct script script = { .lines = c->lines, .nlines = c->nlines };
	struct pve_client *pve = script_client(&script, 1);
	struct pve_step steps[MIGRATE_OPS] = { { .op = NULL } };
	struct pve_job job = { .steps = steps };
	const char *says;

	migrate_plan(plan, &m, &arena);
	for (size_t i = 0; i < plan->nsteps; i++)
		steps[i] = (struct pve_step){ .op = &migrate_ops[plan->steps[i].op],
					      .args = plan->steps[i].args,
					      .why = plan->steps[i].why };
	job.nsteps = plan->nsteps;
	pve_run(pve, &job, 1, 0);
	says = job.state == PVE_JOB_FAILED ? job.err.msg : job.why;
	if (job.state != c->state || !strstr(says, c->says) || (!*c->says && *says))
		fail_msg("%s: state %d, \"%s\", \"%s\"\n%s", c->name, (int)job.state, job.err.msg,
			 job.why, buf_str(&script.log));
	pve_job_release(&job);
	pve_free(pve);
	script_end(&script);
}

static void one_migration(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run_case(&cases[i]);
}

/* A request that is never taken up ends long before the time for the move itself. */
static void the_ha_manager_sleeps(void **state)
{
	static const struct script_line first[] = { RUNS };
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_plans struct pxc_plans plans = { .nplans = 0 };
	const struct migration m = {
		.vmid = 101, .from = "pve1", .to = "pve2", .running = true, .ha = true
	};
	struct pxc_plan *plan = pxc_plans_add(&plans, "VM 101");
	struct script_line lines[80];
	struct script script = { .lines = lines, .nlines = ARRAY_SIZE(lines) };
	struct pve_step step = { .op = &migrate_ops[MIGRATE_HA_BEGUN] };
	struct pve_job job = { .steps = &step, .nsteps = 1 };
	struct pve_client *pve;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		lines[i] = (struct script_line)HA("started");
	lines[0] = first[0];
	migrate_plan(plan, &m, &arena);
	for (size_t i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].op == MIGRATE_HA_BEGUN)
			step.args = plan->steps[i].args;
	pve = script_client(&script, 1);
	pve_run(pve, &job, 1, 0);
	assert_int_equal(job.state, PVE_JOB_FAILED);
	assert_non_null(strstr(job.err.msg, "has not taken it up (state started)"));
	assert_int_equal(job.ended_ms - job.began_ms, 90000);
	/* Two seconds apart, but for the first few looks. */
	assert_in_range(script.next, 45, 55);
	script.nlines = script.next;
	pve_job_release(&job);
	pve_free(pve);
	script_end(&script);
}

/* It is looked at for longer than the list of nodes is old. */
static void as_busy_by_now(void **state)
{
	static const struct script_line busy = IS_BUSY;
	const struct migrate_worth worth = { { 1, 1 }, { 1, 1 }, -2048 };
	const struct migration m = { .vmid = 101, .from = "pve1", .to = "pve2", .worth = &worth };
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_plans struct pxc_plans plans = { .nplans = 0 };
	struct pxc_plan *plan = pxc_plans_add(&plans, "VM 101");
	struct script_line lines[20];
	struct script script = { .lines = lines, .nlines = ARRAY_SIZE(lines) };
	struct pve_step step = { .op = &migrate_ops[MIGRATE_WORTH] };
	struct pve_job job = { .steps = &step, .nsteps = 1 };
	struct pve_client *pve;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		lines[i] = busy;
	migrate_plan(plan, &m, &arena);
	assert_int_equal(plan->steps[1].op, MIGRATE_WORTH);
	step.args = plan->steps[1].args;
	pve = script_client(&script, 1);
	pve_run(pve, &job, 1, 0);
	assert_int_equal(job.state, PVE_JOB_DROPPED);
	assert_string_equal(job.why, "pve2 is as busy as pve1 by now");
	assert_int_equal(job.ended_ms - job.began_ms, 15000);
	script.nlines = script.next;
	pve_job_release(&job);
	pve_free(pve);
	script_end(&script);
}

static void a_plan_takes_its_places(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_plans struct pxc_plans plans = { .nplans = 0 };
	struct migration m = { .vmid = 101, .from = "pve1", .to = "pve2", .max_out_of = 3 };
	struct pxc_plan *plan = pxc_plans_add(&plans, "VM 101");

	(void)state;
	migrate_plan(plan, &m, &arena);
	assert_int_equal(plan->about, 101);
	assert_string_equal(plan->uses[0].name, "into pve2");
	assert_int_equal(plan->uses[0].max, 1);
	assert_string_equal(plan->uses[1].name, "out of pve1");
	assert_int_equal(plan->uses[1].max, 3);
	assert_true(pxc_plan_changes(plan));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_migration),
		cmocka_unit_test(the_ha_manager_sleeps),
		cmocka_unit_test(as_busy_by_now),
		cmocka_unit_test(a_plan_takes_its_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
