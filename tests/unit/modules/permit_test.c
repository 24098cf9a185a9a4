/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tasks of several people against a simulated cluster: who is refused what, in which words, and after how many requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/task.h"

#define LISTS 5u /* requests that a snapshot takes */

static void make_group(struct lab *lab, const char *name, const char *users)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *groupid = pxc_printf("pxc-%s", name), *text = NULL, *form = NULL;
	auto_free char *id = pxc_printf("group.%s", groupid);
	struct pxc_buf escaped = { .data = NULL };

	annot_set(&a, "t", "group");
	annot_set(&a, "id", id);
	annot_set(&a, "m", users);
	text = annot_render(ANNOT_TOKEN, "", &a, "");
	for (const char *p = text; *p; p++)
		buf_printf(&escaped, "%%%02X", (unsigned)(unsigned char)*p);
	form = pxc_printf("groupid=%s&comment=%s", groupid, buf_str(&escaped));
	json_decref(lab_ask(lab, "POST", "/access/groups", form));
	buf_release(&escaped);
}

/* acme has people, and a group of them; beta has others; the admin is tester. */
static void prepare(struct lab *lab)
{
	lab_create(lab, 11);
	lab_prepare(lab);
	make_group(lab, "devs", "gina,gus");
	make_group(lab, "empty", "");
	lab_must(
		lab, "pxc_project",
		"{\"projects\":[{\"name\":\"acme\",\"roles\":{\"manager\":[\"max\"],\"member\":[\"mona\","
		"\"@devs\"],\"reader\":[\"rita\"]}},{\"name\":\"beta\",\"roles\":{\"manager\":[\"bea\"]}},"
		"{\"name\":\"flat\",\"roles\":{\"member\":[\"mona\"]}}]}");
}

static int as(struct lab *lab, const char *actor, const char *module, const char *task)
{
	lab->actor = actor;
	return lab_task(lab, module, task);
}

static void must(struct lab *lab, const char *actor, const char *module, const char *task)
{
	if (as(lab, actor, module, task) < 0)
		fail_msg("%s: %s %s: %s", actor, module, task, lab->err.msg);
}

/* Refused by the policy, with these words, before anything but lists (and groups) was read; in check mode, too. */
static void denied(struct lab *lab, const char *actor, const char *module, const char *task,
		   unsigned nreads, const char *words)
{
	auto_free char *checked =
		pxc_printf("%.*s,\"_ansible_check_mode\":true}", (int)strlen(task) - 1, task);
	const char *const tasks[] = { task, checked };

	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++) {
		assert_int_equal(as(lab, actor, module, tasks[i]), -1);
		if (lab->err.kind != PXC_EDENIED || lab->err.http != 403 ||
		    !plan_fits(words, lab->err.msg))
			fail_msg("%s: %s", tasks[i], lab->err.msg);
		if (lab_count(buf_str(&lab->log), "GET ") != nreads ||
		    lab_count(buf_str(&lab->log), "\n") != nreads)
			fail_msg("%s:\n%s", tasks[i], buf_str(&lab->log));
	}
}

#define WEB                                                                                        \
	"{\"project\":\"acme\",\"name\":\"web\",\"flavor\":\"small\",\"template\":{\"vmid\":9000}}"

static void who_may_not_is_told_before_anything_else_is_read(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	denied(&lab, "rita", "pxc_vm", WEB, LISTS + 1,
	       "policy: rita (role reader) may not make or change VMs in project acme: *");
	denied(&lab, "bea", "pxc_vm", WEB, LISTS + 1, "policy: bea (no role) may not *");
	/* No group could help: no request more. */
	denied(&lab, "bea", "pxc_vm", "{\"project\":\"flat\",\"name\":\"web\"}", LISTS,
	       "policy: bea (no role) may not *");
	denied(&lab, "max", "pxc_flavor", "{\"name\":\"x\",\"vcpus\":1,\"memory\":512}", LISTS,
	       "policy: max (no admin) may not make or change flavors: *");
	denied(&lab, "mona", "pxc_project", "{\"name\":\"acme\",\"quota\":{\"cores\":-1}}",
	       LISTS + 1, "policy: mona (role member) may not change the quota of project acme: *");
	denied(&lab, "mona", "pxc_vm",
	       "{\"project\":\"acme\",\"name\":\"web\",\"config\":{\"args\":\"-x\"}}", LISTS + 1,
	       "policy: mona (role member) may not set options *");
}

static void members_may_and_groups_cost_one_request(void **state)
{
	auto_lab struct lab lab;
	unsigned plain, grouped, swept;

	(void)state;
	prepare(&lab);
	must(&lab, "mona", "pxc_vm", WEB);
	must(&lab, "mona", "pxc_vm", WEB);
	plain = lab_count(buf_str(&lab.log), "\n");
	swept = lab_count(buf_str(&lab.log),
			  "GET /access/groups"); /* for stale locks, in the end */
	must(&lab, "gina", "pxc_vm", WEB);
	grouped = lab_count(buf_str(&lab.log), "\n");
	assert_int_equal(lab_count(buf_str(&lab.log), "GET /access/groups"), swept + 1);
	assert_int_equal(grouped, plain + 1);
	must(&lab, "tester", "pxc_vm", WEB);
	assert_int_equal(lab_count(buf_str(&lab.log), "\n"), plain);
}

/* The words that eve gets about beta, with acme's name for beta's. */
static void a_foreign_project_is_told_as_a_missing_one(void **state)
{
	static const struct {
		const char *module, *task;
	} rows[] = {
		{ "pxc_vm", "{\"project\":\"%s\",\"name\":\"web\"}" },
		{ "pxc_vm", "{\"project\":\"%s\",\"name\":\"web\",\"state\":\"absent\"}" },
		{ "pxc_project", "{\"name\":\"%s\"}" },
		{ "pxc_project", "{\"name\":\"%s\",\"description\":\"x\"}" },
		{ "pxc_project", "{\"name\":\"%s\",\"state\":\"absent\"}" },
		{ "pxc_sdn", "{\"project\":\"%s\",\"name\":\"blue\"}" },
		{ "pxc_sdn", "{\"project\":\"acme\",\"name\":\"blue\",\"shared_with\":[\"%s\"]}" },
		{ "pxc_affinity", "{\"project\":\"%s\",\"name\":\"web\"}" },
		{ "pxc_volume", "{\"project\":\"%s\",\"name\":\"data\",\"size\":\"1G\"}" },
		{ "pxc_info", "{\"project\":\"%s\"}" },
	};
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const char *const names[] = { "beta", "nope" };
		char said[2][1024];
		unsigned requests[2];

		for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
			const char *place = strstr(rows[i].task, "%s");
			auto_free char *task = pxc_printf("%.*s%s%s", (int)(place - rows[i].task),
							  rows[i].task, names[k], place + 2);

			assert_int_equal(as(&lab, "max", rows[i].module, task), -1);
			(void)snprintf(said[k], sizeof(said[k]), "%s", lab.err.msg);
			requests[k] = lab_count(buf_str(&lab.log), "\n");
		}
		for (char *p; (p = strstr(said[0], "beta"));)
			memcpy(p, "nope", 4);
		assert_string_equal(said[0], said[1]);
		assert_true(str_starts(said[0], "policy: max (no role) may not "));
		assert_int_equal(requests[0], requests[1]);
	}
}

static void frozen_projects_stay_as_they_are(void **state)
{
	static const char *const people[] = { "tester", "max", "mona" };
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	denied(&lab, "max", "pxc_project", "{\"name\":\"acme\",\"state\":\"frozen\"}", LISTS + 1,
	       "policy: max (role manager) may not freeze or unfreeze project acme: *");
	must(&lab, "tester", "pxc_project", "{\"name\":\"acme\",\"state\":\"frozen\"}");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(lab.result, "project"), "state")),
		"frozen");
	must(&lab, "tester", "pxc_project", "{\"name\":\"acme\",\"state\":\"frozen\"}");
	assert_false(json_is_true(json_object_get(lab.result, "changed")));
	for (size_t i = 0; i < ARRAY_SIZE(people); i++)
		denied(&lab, people[i], "pxc_vm", WEB, LISTS,
		       "policy: project acme is frozen: * state: present");
	/* What changes nothing goes on to work, and what would is refused: also for the admin. */
	must(&lab, "max", "pxc_project",
	     "{\"name\":\"acme\",\"roles\":{\"manager\":[\"max\"],\"member\":[\"mona\",\"@devs\"],"
	     "\"reader\":[\"rita\"]}}");
	assert_false(json_is_true(json_object_get(lab.result, "changed")));
	assert_int_equal(
		as(&lab, "tester", "pxc_project", "{\"name\":\"acme\",\"description\":\"other\"}"),
		-1);
	assert_true(str_starts(lab.err.msg, "policy: project acme is frozen: "));
	assert_int_equal(lab_count(buf_str(&lab.log), "PUT"), 0);
	assert_int_equal(
		as(&lab, "tester", "pxc_project", "{\"name\":\"acme\",\"state\":\"absent\"}"), -1);
	/* A manager who says present only says what he always says; it unfreezes nothing. */
	denied(&lab, "max", "pxc_project", "{\"name\":\"acme\",\"state\":\"present\"}", LISTS + 1,
	       "policy: max (role manager) may not freeze or unfreeze *");
	must(&lab, "rita", "pxc_info", "{\"project\":\"acme\",\"gather\":[\"projects\"]}");
	must(&lab, "tester", "pxc_project",
	     "{\"name\":\"acme\",\"state\":\"present\",\"description\":\"other\"}");
	must(&lab, "max", "pxc_project", "{\"name\":\"acme\",\"state\":\"present\"}");
	must(&lab, "mona", "pxc_vm", WEB);
}

/* Who names it could see who is in it, and nobody else could change it any more. */
static void the_group_of_another_project_is_not_there(void **state)
{
	static const char TASK[] =
		"{\"name\":\"acme\",\"roles\":{\"reader\":[\"@betas\"]},\"roles_mode\":\"add\"}";
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	make_group(&lab, "betas", "bob");
	must(&lab, "tester", "pxc_project",
	     "{\"name\":\"beta\",\"roles\":{\"member\":[\"@betas\"]},\"roles_mode\":\"add\"}");
	assert_int_equal(as(&lab, "max", "pxc_project", TASK), -1);
	if (!plan_fits("project acme: roles: there is no group betas: *", lab.err.msg))
		fail_msg("%s", lab.err.msg);
	assert_int_equal(lab_count(buf_str(&lab.log), "PUT "), 0);
	/* Who has a role there knows it, and the admin decides. */
	must(&lab, "tester", "pxc_project",
	     "{\"name\":\"beta\",\"roles\":{\"reader\":[\"max\"]},\"roles_mode\":\"add\"}");
	must(&lab, "max", "pxc_project", TASK);
	must(&lab, "tester", "pxc_project",
	     "{\"name\":\"beta\",\"roles\":{\"reader\":[\"max\"]},\"roles_mode\":\"remove\"}");
	/* What has been named stays. */
	must(&lab, "max", "pxc_project", TASK);
}

/* task of max, a manager; NULL = goes well */
static void the_last_manager_stays(void **state)
{
	static const struct {
		const char *roles, *mode, *says;
	} rows[] = {
		{ "{\"manager\":[\"max\"]}", "remove",
		  "policy: project acme would have no manager left: *" },
		{ "{\"manager\":[]}", "exact", "policy: project acme would *" },
		{ "{\"member\":[\"max\"]}", "exact", "policy: project acme would *" },
		{ "{\"manager\":[\"@empty\"]}", "exact", "policy: project acme would *" },
		{ "{\"manager\":[\"@nosuch\"]}", "add",
		  "project acme: roles: there is no group nosuch: *" },
		{ "{\"manager\":[\"@devs\"]}", "add", NULL },
		{ "{\"manager\":[\"max\"]}", "remove",
		  NULL }, /* gina and gus are left, by their group */
	};
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *task =
			pxc_printf("{\"name\":\"acme\",\"roles_mode\":\"%s\",\"roles\":%s}",
				   rows[i].mode, rows[i].roles);
		int r = as(&lab, "max", "pxc_project", task);

		if (r != (rows[i].says ? -1 : 0) ||
		    (rows[i].says && !plan_fits(rows[i].says, lab.err.msg)))
			fail_msg("%s: %s", task, lab.err.msg);
		assert_int_equal(lab_count(buf_str(&lab.log), "PUT "), r == 0);
	}
	/* Nor the group that holds the last; the admin may. */
	assert_int_equal(
		as(&lab, "gina", "pxc_project",
		   "{\"name\":\"acme\",\"roles\":{\"manager\":[\"@devs\"]},\"roles_mode\":\"remove\"}"),
		-1);
	assert_non_null(strstr(lab.err.msg, "would have no manager left"));
	must(&lab, "tester", "pxc_project",
	     "{\"name\":\"acme\",\"roles\":{\"manager\":[\"@devs\"]},\"roles_mode\":\"remove\"}");
}

static void admins_are_named_by_who_makes_the_registry(void **state)
{
	static const struct {
		const char *task, *says; /* says NULL = goes well */
	} rows[] = {
		{ "{\"admins\":[]}", "admins: nobody would be left *" },
		{ "{\"admins\":[\"@empty\"]}", "admins: nobody would be left *" },
		{ "{\"admins\":[\"@nosuch\"]}", "admins: there is no group nosuch: *" },
		{ "{\"denied\":[\"tester\"]}", "admins: nobody would be left *" },
		{ "{\"denied\":[\"@devs\"]}", "denied: \"@devs\" is no name of a user" },
		{ "{\"admins\":[\"a,b\"]}", "admins: \"a,b\" is no name of a user, nor *" },
		{ "{\"admins\":[\"tester\",\"@devs\"],\"denied\":[\"mallory\",\"max\"]}", NULL },
		{ "{\"denied\":[\"tester\",\"gina\",\"gus\"]}", "admins: nobody would be left *" },
	};
	auto_lab struct lab lab;

	(void)state;
	prepare(&lab);
	assert_int_equal(as(&lab, "max", "pxc_cloud", "{\"admins\":[\"max\"]}"), -1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = as(&lab, "tester", "pxc_cloud", rows[i].task);

		if (r != (rows[i].says ? -1 : 0) ||
		    (rows[i].says && !plan_fits(rows[i].says, lab.err.msg)))
			fail_msg("%s: %s", rows[i].task, lab.err.msg);
	}
	/* gina is an admin by her group; max is denied, though he is a manager. */
	must(&lab, "gina", "pxc_flavor", "{\"name\":\"x\",\"vcpus\":1,\"memory\":512}");
	denied(&lab, "max", "pxc_vm", WEB, LISTS,
	       "policy: max (no role) may not *: the cloud's deny list names max*");
	/* Who gives his own right away may end what he has begun. */
	must(&lab, "tester", "pxc_cloud", "{\"admins\":[\"@devs\"]}");
	assert_true(json_is_true(json_object_get(lab.result, "changed")));
	denied(&lab, "tester", "pxc_cloud", "{\"admins\":[\"tester\"]}", LISTS + 1,
	       "policy: tester *");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_may_not_is_told_before_anything_else_is_read),
		cmocka_unit_test(members_may_and_groups_cost_one_request),
		cmocka_unit_test(a_foreign_project_is_told_as_a_missing_one),
		cmocka_unit_test(frozen_projects_stay_as_they_are),
		cmocka_unit_test(the_group_of_another_project_is_not_there),
		cmocka_unit_test(the_last_manager_stays),
		cmocka_unit_test(admins_are_named_by_who_makes_the_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
