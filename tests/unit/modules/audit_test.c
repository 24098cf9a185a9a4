/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is on record of a run: in its result, and line by line in a real /dev/log of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/script.h"
#include "modules/audit.h"

#define UPID "UPID:n1:00000001:00000002:6920D3C%d:thing:%d:a@pve!b:"

/* Two objects; the second goes via a helper where that has steps; and a helper that no object goes via. */
enum { ONE, OTHER, HELPER, DOWNLOAD, THINGS };
static const char *const labels[THINGS] = { "vm acme/one", "vm acme/other", "helper", "download" };

static struct {
	/* By thing: '-' nothing to do, 'c' a change, 't' one by a task, 'f' one that fails, 'F' one whose task fails */
	const char *todo;
	bool done[THINGS];
	const char *secret; /* in the keys of the first */
	bool blind;         /* the look behind the changes fails */
	int log;            /* the socket; -1 = nobody listens */
	struct pxc_buf lines;
	unsigned begun; /* lines that were there when the first change was asked for */
	bool changed;   /* one was asked for */
} world;

static const struct pve_op ops[] = { { .method = "PUT", .path = "/thing/{n}", .wait_ms = 5000 } };

static int decode(struct pxc_env *env, void **ret, struct pxc_err *err)
{
	struct policy_asks *asks = arena_alloc(env->arena, sizeof(*asks));

	(void)err;
	asks->arena = env->arena;
	policy_ask(asks, "project.read", "acme", labels[ONE]);
	policy_ask(asks, "vm.create", "acme", labels[ONE]);
	policy_ask(asks, "vm.power", "acme", labels[ONE]);
	policy_ask(asks, "vm.delete", "acme", labels[OTHER]);
	env->asked = asks;
	*ret = &world;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret, struct pxc_err *err)
{
	(void)env;
	*ret = batch;
	if (world.blind && world.changed)
		return pxc_fail(err, PXC_EREMOTE, "nobody answers");
	return 0;
}

static int plan(const void *batch, const void *seen, struct pxc_plans *ret, struct pxc_err *err)
{
	struct pxc_plan *plans[THINGS];

	(void)batch, (void)seen, (void)err;
	for (int i = 0; i < THINGS; i++) {
		struct pxc_plan *p = plans[i] = pxc_plans_add(ret, labels[i]);

		if (i < HELPER) {
			p->item = json_pack("{s:b}", "done", world.done[i]);
			p->before = json_pack("{s:s*,s:i}", "password",
					      i == ONE ? world.secret : NULL, "value", 0);
			p->after = json_pack("{s:i}", "value", 1);
		}
		if (world.todo[i] != '-' && !world.done[i])
			pxc_plan_add(p, 0, PXC_QUIET, json_pack("{s:i}", "n", i), "do it");
	}
	plans[HELPER]->phase = 1;
	plans[OTHER]->via = plans[HELPER]->nsteps ? plans[HELPER] : NULL;
	return 0;
}

static const struct pxc_kind thing_kind = { .name = "thing",
					    .plural = "things",
					    .ops = ops,
					    .decode = decode,
					    .observe = observe,
					    .plan = plan };

/* All that has come until now. */
static unsigned listen_log(void)
{
	char line[8192];
	unsigned n = 0;
	ssize_t len;

	while (world.log >= 0 &&
	       (len = recv(world.log, line, sizeof(line) - 1, MSG_DONTWAIT)) > 0) {
		line[len] = '\0';
		buf_printf(&world.lines, "%s\n", line);
		n++;
	}
	return n;
}

static json_t *task_row(int n)
{
	auto_free char *upid = pxc_printf(UPID, n, n);

	return json_pack("{s:s,s:i,s:s}", "upid", upid, "endtime", 1, "status",
			 world.todo[n] == 'F' ? "no space left" : "OK");
}

static void answer_change(int n, struct pve_reply *ret)
{
	auto_free char *upid = pxc_printf(UPID, n, n);

	if (!world.changed)
		world.begun = listen_log();
	world.changed = true;
	if (world.todo[n] == 'f') {
		ret->status = 500;
		(void)snprintf(ret->reason, sizeof(ret->reason), "no space left");
		return;
	}
	world.done[n] = world.todo[n] != 'F';
	if (world.todo[n] != 'c')
		ret->body = json_pack("{s:s}", "data", upid);
}

static uint32_t answer(struct script *script, const char *request, struct pve_reply *ret)
{
	(void)script;
	if (str_starts(request, "PUT /thing/"))
		answer_change(request[strlen("PUT /thing/")] - '0', ret);
	else if (str_starts(request, "GET /cluster/tasks"))
		ret->body = json_pack("{s:[o,o,o,o]}", "data", task_row(0), task_row(1),
				      task_row(2), task_row(3));
	else
		ret->body = json_pack("{s:[]}", "data");
	return 0;
}

static int run(const char *todo, bool check, bool to_syslog, json_t **ret, struct pxc_err *err)
{
	static const char *const urls[] = { "https://pve1:8006", NULL };
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *secrets = json_pack("[s]", "geheim-4711");
	struct script script = { .answer = answer };
	struct ans_args args = { .task = { .check_mode = check }, .secrets = secrets };
	struct pve_options options = { .urls = urls,
				       .token_id = "a@pve!b",
				       .token_secret = "x",
				       .timeout_ms = 1000,
				       .retry_ms = 1000,
				       .per_endpoint = 1 };
	struct pxc_env env = { .args = &args,
			       .arena = &arena,
			       .clock = &pxc_system_clock,
			       .actor = "svc:ci",
			       .actor_source = "awx",
			       .actor_login = "alice",
			       .job_id = "17",
			       .nonce = "00112233445566778899aabbccddeeff",
			       .to_syslog = to_syslog };
	int r;

	*err = (struct pxc_err){ .kind = PXC_OK };
	world.todo = todo;
	world.changed = false;
	memset(world.done, 0, sizeof(world.done));
	if (pve_create(&options, script_transport(&script), &env.pve, err) < 0)
		fail_msg("%s", err->msg);
	r = kind_run(&thing_kind, &env, ret, err);
	pve_free(env.pve);
	pxc_env_release(&env);
	buf_release(&script.log);
	return r;
}

/* Of {"value":0} and {"value":1}, as sha256sum(1) says. */
#define ZERO "23d7b286bd429460"
#define ONCE "48208f9428d64634"

static const struct record_case {
	const char *todo;
	bool check;
	/* object, action, project, before, after, number of tasks, failed */
	const char *changes;
} cases[] = {
	{ "----", false, "" },
	{ "cttt", true, "" },
	{ "c---", false, "vm acme/one vm.create acme " ZERO " " ONCE " 0\n" },
	{ "t---", false, "vm acme/one vm.create acme " ZERO " " ONCE " 1\n" },
	/* What the helper does is done for whom goes via it. */
	{ "--t-", false, "vm acme/other vm.delete acme " ZERO " " ONCE " 1\n" },
	{ "-tt-", false, "vm acme/other vm.delete acme " ZERO " " ONCE " 2\n" },
	{ "-t--", false, "vm acme/other vm.delete acme " ZERO " " ONCE " 1\n" },
	{ "---t", false, "download vm.create acme - - 1\n" },
	/* Nothing was begun, so there is nothing to tell. */
	{ "f---", false, "" },
	{ "F---", false, "vm acme/one vm.create acme " ZERO " " ONCE " 1 failed\n" },
	{ "--F-", false, "vm acme/other vm.delete acme " ZERO " " ONCE " 1 failed\n" },
	{ "-tf-", false, "vm acme/other vm.delete acme " ZERO " " ONCE " 1 failed\n" },
	{ "cF--", false,
	  "vm acme/one vm.create acme " ZERO " " ONCE " 0\n"
	  "vm acme/other vm.delete acme " ZERO " " ONCE " 1 failed\n" },
};

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

static char *changes_of(const json_t *result)
{
	const json_t *list = json_object_get(json_object_get(result, "pxc_audit"), "changes");
	struct pxc_buf out = { .data = NULL };
	size_t i;
	json_t *c;

	assert_true(json_is_array(list));
	json_array_foreach (list, i, c) {
		bool failed = json_is_true(json_object_get(c, "failed"));

		buf_printf(&out, "%s %s %s %s %s %zu%s\n", text(c, "object"), text(c, "action"),
			   text(c, "project"), text(c, "before"), text(c, "after"),
			   json_array_size(json_object_get(c, "upids")), failed ? " failed" : "");
		if (failed && !strstr(text(c, "msg"), "no space left"))
			fail_msg("why? %s", text(c, "msg"));
	}
	return buf_take(&out);
}

static void the_result_says_what_was_changed(void **state)
{
	(void)state;
	world.log = -1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_auto_t *result = NULL;
		auto_free char *have = NULL;
		struct pxc_err err;
		const json_t *audit;

		(void)run(cases[i].todo, cases[i].check, false, &result, &err);
		audit = json_object_get(result, "pxc_audit");
		have = changes_of(result);
		if (strcmp(have, cases[i].changes) != 0)
			fail_msg("%s: \"%s\", not \"%s\" (%s)", cases[i].todo, have,
				 cases[i].changes, err.msg);
		assert_string_equal(text(audit, "actor"), "alice");
		assert_string_equal(text(audit, "on_behalf_of"), "svc:ci");
		assert_string_equal(text(audit, "source"), "awx");
		assert_string_equal(text(audit, "job_id"), "17");
		assert_string_equal(text(audit, "project"), "acme");
	}
}

/* What a helper did counts also when nobody can look whether it is so. */
static void a_run_that_ends_early_has_its_record(void **state)
{
	json_auto_t *result = NULL;
	auto_free char *have = NULL;
	struct pxc_err err;

	(void)state;
	world.log = -1;
	world.blind = true;
	assert_int_equal(run("--t-", false, false, &result, &err), -1);
	world.blind = false;
	have = changes_of(result);
	assert_string_equal(have, "vm acme/other vm.delete acme " ZERO " " ONCE " 1\n");
}

static char *before_with(const char *secret)
{
	json_auto_t *result = NULL;
	struct pxc_err err;
	char *have;

	world.secret = secret;
	assert_int_equal(run("c---", false, false, &result, &err), 0);
	have = changes_of(result);
	world.secret = NULL;
	return have;
}

/* The hash of a short secret could be guessed from. */
static void no_hash_depends_on_a_secret(void **state)
{
	auto_free char *secret = before_with("geheim-4711"), *masked = before_with("********");
	auto_free char *other = before_with("other");

	(void)state;
	assert_string_equal(secret, masked);
	assert_string_not_equal(secret, other);
}

/* ---- /dev/log ---- */

/* In a namespace of our own, with nothing else in /dev. false: that is not allowed here. */
static bool make_log(void)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/dev", "tmpfs", 0, NULL) < 0)
		return false;
	world.log = socket(AF_UNIX, SOCK_DGRAM, 0);
	return world.log >= 0 &&
	       bind(world.log, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

#define NOT_ALLOWED 77

/* Run in a child, so that the namespace ends with it. */
static void in_child(void (*test)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (!make_log())
			_exit(NOT_ALLOWED);
		test();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void must(bool truth, const char *what)
{
	if (truth)
		return;
	(void)fprintf(stderr, "%s; the log: %s\n", what, buf_str(&world.lines));
	_exit(1);
}

/* Line number n: its priority, and what it says. New reference. */
static json_t *line(unsigned n, int *ret_priority)
{
	const char *p = buf_str(&world.lines);
	const char *brace, *end;

	while (n-- && p)
		p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL;
	brace = p ? strchr(p, '{') : NULL;
	end = brace ? strchr(brace, '\n') : NULL;
	must(end && sscanf(p, "<%d>", ret_priority) == 1 && strstr(p, " pxc["),
	     "a line is missing");
	return json_loadb(brace, (size_t)(end - brace), 0, NULL);
}

static void says(unsigned n, const char *event, const char *object, int number, int priority)
{
	int has_priority;
	json_auto_t *l = line(n, &has_priority);

	must(l && str_eq(text(l, "event"), event) && str_eq(text(l, "object"), object) &&
		     str_eq(text(l, "run"), "0011223344556677") &&
		     str_eq(text(l, "actor"), "alice") &&
		     json_integer_value(json_object_get(l, "n")) == number &&
		     json_integer_value(json_object_get(l, "v")) == 1,
	     "a line says something else");
	must(has_priority == priority, "a line has another priority");
	must(!json_object_get(l, "upids") == str_eq(event, "begin"), "tasks are known in the end");
	must(!json_object_get(l, "changed") == str_eq(event, "begin"), "so is whether it changed");
}

#define INFO 86 /* authpriv.info */
#define WARNING 84

static void each_change_begins_and_ends(void)
{
	json_auto_t *result = NULL;
	struct pxc_err err;

	must(run("cF-t", false, true, &result, &err) < 0, "it did not fail");
	must(world.begun == 3, "not everything was announced before the first change");
	must(listen_log() == 3, "not everything has an end");
	says(0, "begin", labels[ONE], ONE, INFO);
	says(1, "begin", labels[OTHER], OTHER, INFO);
	says(2, "begin", labels[DOWNLOAD], DOWNLOAD, INFO);
	says(3, "end", labels[ONE], ONE, INFO);
	says(4, "end", labels[OTHER], OTHER, WARNING);
	says(5, "end", labels[DOWNLOAD], DOWNLOAD, INFO);
}

static void nothing_is_said_of_nothing(void)
{
	json_auto_t *result = NULL;
	struct pxc_err err;

	must(run("----", false, true, &result, &err) == 0, err.msg);
	must(listen_log() == 0, "there was something to say");
	json_decref(result);
	result = NULL;
	must(run("cccc", true, true, &result, &err) == 0, err.msg);
	must(listen_log() == 0, "check mode has something to say");
}

static void syslog_has_a_line_before_and_one_behind(void **state)
{
	(void)state;
	in_child(each_change_begins_and_ends);
	in_child(nothing_is_said_of_nothing);
}

static void nobody_need_listen(void **state)
{
	json_auto_t *result = NULL;
	struct pxc_err err;

	(void)state;
	world.log = -1;
	if (access("/dev/log", F_OK) == 0)
		skip();
	assert_int_equal(run("c---", false, true, &result, &err), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_result_says_what_was_changed),
		cmocka_unit_test(a_run_that_ends_early_has_its_record),
		cmocka_unit_test(no_hash_depends_on_a_secret),
		cmocka_unit_test(syslog_has_a_line_before_and_one_behind),
		cmocka_unit_test(nobody_need_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
