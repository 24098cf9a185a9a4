/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"
#include "lib/script.h"

#define UPID(id) "UPID:n1:0000021E:0003A513:6B0104D6:qmcreate:" id ":ann@pve!ci:"
#define UPID_PATH(id)                                                                              \
	"/nodes/n1/tasks/UPID%3An1%3A0000021E%3A0003A513%3A6B0104D6%3Aqmcreate%3A" id              \
	"%3Aann%40pve%21ci%3A"
#define START "POST /nodes/n1/qemu vmid=1"
#define LIST "GET /cluster/tasks"
#define LOG(id) "GET " UPID_PATH(id) "/log limit=500&start=0"
#define STATUS(id) "GET " UPID_PATH(id) "/status"
#define RUNS(id) "{\"upid\":\"" UPID(id) "\",\"starttime\":1}"
#define ENDED(id, status)                                                                          \
	"{\"upid\":\"" UPID(id) "\",\"starttime\":1,\"endtime\":2,\"status\":\"" status "\"}"
#define LINE(n, text) "{\"n\":" n ",\"t\":\"" text "\"}"

static const struct pve_op start = { .method = "POST",
				     .path = "/nodes/{node}/qemu",
				     .wait_ms = 10000 };

/* Run one step that starts a task. */
static int run(struct script *script, json_t **ret_data, json_t **ret_warnings, struct pxc_err *err)
{
	struct pve_client *pve = script_client(script, 1);
	json_auto_t *args = json_pack("{s:s, s:i}", "node", "n1", "vmid", 1);
	struct pve_step step = { .op = &start, .args = args, .why = "create web" };
	struct pve_job job = { .steps = &step, .nsteps = 1 };

	pve_run(pve, &job, 1, 0);
	*err = job.err;
	if (ret_data)
		*ret_data = json_incref(step.ret_data);
	if (ret_warnings)
		*ret_warnings = json_incref(job.warnings);
	pve_job_release(&job);
	pve_free(pve);
	return err->kind == PXC_OK ? 0 : -1;
}

static void a_step_waits_for_the_end_of_its_task(void **state)
{
	static const struct script_line lines[] = {
		{ START, "\"" UPID("1") "\"" },
		{ LIST, "[" RUNS("1") "]" },
		{ LIST, "[" RUNS("1") "]" },
		{ LIST, "[" ENDED("7", "boo") "," ENDED("1", "OK") "]" },
	};
	struct script script = SCRIPT(lines);
	struct pxc_err err = { .kind = PXC_OK };
	json_auto_t *data = NULL;

	(void)state;
	assert_int_equal(run(&script, &data, NULL, &err), 0);
	assert_string_equal(json_string_value(data), "OK");
	/* 50 ms, then doubling. */
	assert_int_equal(script.now, 1000 + 50 + 100 + 200);
	script_end(&script);
}

static void the_poll_slows_down_to_once_a_second(void **state)
{
	static const struct script_line lines[] = {
		{ START, "\"" UPID("1") "\"" },     { LIST, "[" RUNS("1") "]" },
		{ LIST, "[" RUNS("1") "]" },        { LIST, "[" RUNS("1") "]" },
		{ LIST, "[" RUNS("1") "]" },        { LIST, "[" RUNS("1") "]" },
		{ LIST, "[" RUNS("1") "]" },        { LIST, "[" RUNS("1") "]" },
		{ LIST, "[" ENDED("1", "OK") "]" },
	};
	struct script script = SCRIPT(lines);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(run(&script, NULL, NULL, &err), 0);
	assert_int_equal(script.now, 1000 + 50 + 100 + 200 + 400 + 800 + 1000 + 1000 + 1000);
	script_end(&script);
}

static void warnings_are_good_and_are_told(void **state)
{
	static const struct script_line lines[] = {
		{ START, "\"" UPID("1") "\"" },
		{ LIST, "[" ENDED("1", "WARNINGS: 1") "]" },
		{ LOG("1"),
		  "[" LINE("1", "x") "," LINE("2", "WARN: netdev net0: ignoring MTU") "," LINE(
			  "3", "TASK WARNINGS: 1") "]" },
	};
	struct script script = SCRIPT(lines);
	struct pxc_err err = { .kind = PXC_OK };
	json_auto_t *data = NULL, *warnings = NULL;

	(void)state;
	assert_int_equal(run(&script, &data, &warnings, &err), 0);
	assert_string_equal(json_string_value(data), "WARNINGS: 1");
	assert_int_equal(json_array_size(warnings), 1);
	assert_string_equal(json_string_value(json_array_get(warnings, 0)),
			    "create web: WARN: netdev net0: ignoring MTU");
	script_end(&script);
}

static void a_failed_task_tells_the_end_of_its_log(void **state)
{
	static const struct script_line lines[] = {
		{ START, "\"" UPID("1") "\"" },
		{ LIST, "[" ENDED("1", "unable to create image") "]" },
		{ LOG("1"),
		  "[" LINE("1", "one") "," LINE("2", "two") "," LINE("3", "three") "," LINE(
			  "4",
			  "") "," LINE("5",
				       "four") "," LINE("6",
							"TASK ERROR: unable to create image") "]" },
	};
	struct script script = SCRIPT(lines);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(run(&script, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, PXC_EREMOTE);
	assert_string_equal(
		err.msg,
		"create web: unable to create image (end of the task's log: two; three; four)");
	script_end(&script);
}

static const struct {
	const char *status;
	enum pxc_errkind kind;
} kinds[] = {
	{ "VM is locked (snapshot)", PXC_EBUSY },
	{ "unable to create VM 1: config file already exists", PXC_ECONFLICT },
	{ "Configuration file 'nodes/n1/qemu-server/1.conf' does not exist", PXC_ENOTFOUND },
	{ "received interrupt", PXC_EREMOTE },
};

static void a_failed_task_s_words_give_the_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		auto_free char *list =
			pxc_printf("[{\"upid\":\"" UPID("1") "\",\"endtime\":2,\"status\":\"%s\"}]",
				   kinds[i].status);
		auto_free char *msg = pxc_printf("create web: %s", kinds[i].status);
		const struct script_line lines[] = {
			{ START, "\"" UPID("1") "\"" },
			{ LIST, list },
			{ LOG("1"), "x", .status = 500 },
		};
		struct script script = SCRIPT(lines);
		struct pxc_err err = { .kind = PXC_OK };

		assert_int_equal(run(&script, NULL, NULL, &err), -1);
		assert_int_equal(err.kind, kinds[i].kind);
		/* A log that cannot be read takes nothing away. */
		assert_string_equal(err.msg, msg);
		script_end(&script);
	}
}

static void of_a_long_log_the_end_is_read_too(void **state)
{
	static const struct script_line lines[] = {
		{ START, "\"" UPID("1") "\"" },
		{ LIST, "[" ENDED("1", "boo") "]" },
		{ LOG("1"), .body = "{\"data\":[" LINE("1", "WARN: early") "],\"total\":1200}" },
		{ "GET " UPID_PATH("1") "/log limit=500&start=700",
		  .body = "{\"data\":[" LINE("1200", "late") "],\"total\":1200}" },
	};
	struct script script = SCRIPT(lines);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(run(&script, NULL, NULL, &err), -1);
	assert_string_equal(err.msg, "create web: boo (end of the task's log: late)");
	script_end(&script);
}

static void a_task_the_list_does_not_show_is_asked_itself(void **state)
{
	static const struct script_line lines[] = {
		{ START, "\"" UPID("1") "\"" },
		{ LIST, "[]" },
		{ STATUS("1"), "{\"status\":\"running\"}" },
		{ LIST, "[" RUNS("1") "]" },
		{ LIST, "[" ENDED("7", "OK") "]" },
		{ STATUS("1"), "{\"status\":\"stopped\",\"exitstatus\":\"OK\"}", .after_ms = 3 },
	};
	struct script script = SCRIPT(lines);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(run(&script, NULL, NULL, &err), 0);
	script_end(&script);
}

static void an_end_without_its_status_is_asked_for(void **state)
{
	static const struct script_line lines[] = {
		{ START, "\"" UPID("1") "\"" },
		{ LIST, "[{\"upid\":\"" UPID("1") "\",\"endtime\":2}]" },
		{ STATUS("1"), "{\"status\":\"stopped\",\"exitstatus\":\"OK\"}" },
	};
	struct script script = SCRIPT(lines);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(run(&script, NULL, NULL, &err), 0);
	script_end(&script);
}

static void a_task_nobody_knows_has_an_unknown_outcome(void **state)
{
	static const struct script_line lines[] = {
		{ START, "\"" UPID("1") "\"" },
		{ LIST, "[]" },
		{ STATUS("1"), .status = 400, .body = "{\"errors\":{\"upid\":\"no such task\"}}" },
	};
	static const struct script_line stopped[] = {
		{ START, "\"" UPID("1") "\"" },
		{ LIST, "[]" },
		{ STATUS("1"), "{\"status\":\"stopped\"}" },
	};
	struct script scripts[2] = { SCRIPT(lines), SCRIPT(stopped) };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pxc_err err = { .kind = PXC_OK };

		assert_int_equal(run(&scripts[i], NULL, NULL, &err), -1);
		assert_int_equal(err.kind, PXC_EUNSURE);
		assert_non_null(strstr(err.msg, "create web: outcome unknown: "));
		script_end(&scripts[i]);
	}
}

static void without_the_list_each_task_is_polled(void **state)
{
	static const struct script_line lines[] = {
		{ START, "\"" UPID("1") "\"" },
		{ LIST, "Permission check failed", .status = 403 },
		{ STATUS("1"), "{\"status\":\"running\"}" },
		{ STATUS("1"), "{\"status\":\"running\"}" },
		{ STATUS("1"), "{\"status\":\"running\"}" },
		{ STATUS("1"), "{\"status\":\"stopped\",\"exitstatus\":\"OK\"}" },
	};
	struct script script = SCRIPT(lines);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(run(&script, NULL, NULL, &err), 0);
	assert_int_equal(script.now, 1000 + 50 + 50 + 100 + 200);
	script_end(&script);
}

static uint32_t busy_forever(struct script *script, const char *request, struct pve_reply *ret)
{
	const char *data = strcmp(request, START) == 0 ? "\"" UPID("1") "\"" : "[" RUNS("1") "]";

	(void)script;
	ret->body = json_pack("{s:o}", "data", json_loads(data, JSON_DECODE_ANY, NULL));
	return 5;
}

static void a_hung_task_is_left_at_the_deadline(void **state)
{
	struct script script = { .answer = busy_forever };
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(run(&script, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, PXC_ETIMEOUT);
	assert_string_equal(err.msg, "create web: gave up waiting: task " UPID(
					     "1") " still runs on the server");
	assert_true(script.now >= 11000 && script.now < 11100);
	script_end(&script);
}

static uint32_t silent_after_start(struct script *script, const char *request,
				   struct pve_reply *ret)
{
	(void)script;
	if (strcmp(request, START) == 0) {
		ret->body = json_pack("{s:s}", "data", UPID("1"));
		return 5;
	}
	return 1000000;
}

static void a_server_that_falls_silent_does_not_hold_us_over_the_deadline(void **state)
{
	struct script script = { .answer = silent_after_start };
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(run(&script, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, PXC_ETIMEOUT);
	assert_true(script.now <= 11000 + 4000);
	script_end(&script);
}

static uint32_t list_refused(struct script *script, const char *request, struct pve_reply *ret)
{
	const char *data =
		strcmp(request, START) == 0 ? "\"" UPID("1") "\"" : "{\"status\":\"running\"}";

	(void)script;
	if (strcmp(request, LIST) == 0)
		ret->status = 403;
	else
		ret->body = json_pack("{s:o}", "data", json_loads(data, JSON_DECODE_ANY, NULL));
	return 0;
}

static void a_hung_task_without_the_list_is_left_at_the_deadline_too(void **state)
{
	struct script script = { .answer = list_refused };
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(run(&script, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, PXC_ETIMEOUT);
	assert_int_equal(script.now, 11000);
	script_end(&script);
}

static uint32_t many(struct script *script, const char *request, struct pve_reply *ret)
{
	json_t *list = script->arg;
	int vmid = 0;

	if (sscanf(request, "POST /nodes/n1/qemu vmid=%d", &vmid) == 1) {
		auto_free char *upid =
			pxc_printf("UPID:n1:1:1:%08X:qmcreate:%d:a@b:", (unsigned)vmid, vmid);

		ret->body = json_pack("{s:s}", "data", upid);
		(void)json_array_append_new(list, json_pack("{s:s, s:i, s:s}", "upid", upid,
							    "endtime", 1, "status", "OK"));
		return 1;
	}
	ret->body = json_pack("{s:O}", "data", list);
	return 1;
}

static void one_poll_watches_many_tasks(void **state)
{
	enum { JOBS = 40 };
	json_auto_t *list = json_array();
	struct script script = { .answer = many, .arg = list };
	struct pve_client *pve = script_client(&script, 1);
	struct pve_step steps[JOBS] = { { .op = NULL } };
	struct pve_job jobs[JOBS] = { { .steps = NULL } };
	json_t *args[JOBS];

	(void)state;
	for (int i = 0; i < JOBS; i++) {
		args[i] = json_pack("{s:s, s:i}", "node", "n1", "vmid", i + 1);
		steps[i] = (struct pve_step){ .op = &start, .args = args[i] };
		jobs[i] = (struct pve_job){ .steps = &steps[i], .nsteps = 1 };
	}
	pve_run(pve, jobs, JOBS, JOBS);
	for (int i = 0; i < JOBS; i++) {
		assert_int_equal(jobs[i].err.kind, PXC_OK);
		assert_int_equal(jobs[i].ndone, 1);
		pve_job_release(&jobs[i]);
		json_decref(args[i]);
	}
	assert_in_range(pve_requests(pve), JOBS + 1, JOBS + 3);
	pve_free(pve);
	script_end(&script);
}

static void only_an_upid_is_one(void **state)
{
	static const char *const no[] = { "UPID:", "UPID:n1", "UPID::x", "data:100/disk", "" };
	json_auto_t *yes = json_string(UPID("1")), *number = json_integer(1);

	(void)state;
	assert_true(pve_is_upid(yes));
	assert_false(pve_is_upid(number));
	assert_false(pve_is_upid(NULL));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		json_auto_t *text = json_string(no[i]);

		assert_false(pve_is_upid(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_waits_for_the_end_of_its_task),
		cmocka_unit_test(the_poll_slows_down_to_once_a_second),
		cmocka_unit_test(warnings_are_good_and_are_told),
		cmocka_unit_test(a_failed_task_tells_the_end_of_its_log),
		cmocka_unit_test(a_failed_task_s_words_give_the_kind),
		cmocka_unit_test(of_a_long_log_the_end_is_read_too),
		cmocka_unit_test(a_task_the_list_does_not_show_is_asked_itself),
		cmocka_unit_test(an_end_without_its_status_is_asked_for),
		cmocka_unit_test(a_task_nobody_knows_has_an_unknown_outcome),
		cmocka_unit_test(without_the_list_each_task_is_polled),
		cmocka_unit_test(a_hung_task_is_left_at_the_deadline),
		cmocka_unit_test(a_server_that_falls_silent_does_not_hold_us_over_the_deadline),
		cmocka_unit_test(a_hung_task_without_the_list_is_left_at_the_deadline_too),
		cmocka_unit_test(one_poll_watches_many_tasks),
		cmocka_unit_test(only_an_upid_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
