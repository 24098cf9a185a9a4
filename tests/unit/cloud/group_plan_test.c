/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/group.h"
#include "lib/plan.h"

#define OPS(users) "{\"access\":{\"pxc-ops\":{\"users\":\"" users "\"}}}"
#define ROLE(role, who) "{\"pools\":{\"acme\":{\"" role "\":\"" who "\"}},"
#define IN(users) "\"access\":{\"pxc-ops\":{\"users\":\"" users "\"}}}"
#define DAMAGED                                                                                    \
	"{\"access\":{\"pxc-ops\":{\"raw\":\"Ops [pxc/1 t=group id=group.pxc-ops m=eve r=1 s=0000000000000000]\"}}}"

static const struct plan_row groups[] = {
	{ "a new one", "{}", "{\"name\":\"ops\",\"users\":[\"alice\"]}", "create group ops" },
	{ "one without users", "{}", "{\"name\":\"ops\"}", "create group ops" },
	{ "several", "{}",
	  "{\"users\":[\"alice\"],\"groups\":[{\"name\":\"ops\"},{\"name\":\"dev\"}]}",
	  "create group ops; create group dev" },
	{ "is there", OPS("alice,bob"), "{\"name\":\"ops\",\"users\":[\"bob\",\"alice\",\"bob\"]}",
	  "" },
	{ "named by its name only", OPS("alice"), "{\"name\":\"ops\"}", "" },
	{ "others", OPS("alice,bob"), "{\"name\":\"ops\",\"users\":[\"bob\",\"carol\"]}",
	  "change group ops" },
	{ "one more", OPS("alice"), "{\"name\":\"ops\",\"users\":[\"bob\"],\"users_mode\":\"add\"}",
	  "change group ops" },
	{ "one more who is in it", OPS("alice,bob"),
	  "{\"name\":\"ops\",\"users\":[\"bob\"],\"users_mode\":\"add\"}", "" },
	{ "one less", OPS("alice,bob"),
	  "{\"name\":\"ops\",\"users\":[\"bob\"],\"users_mode\":\"remove\"}", "change group ops" },
	{ "one less who is not in it", OPS("alice"),
	  "{\"name\":\"ops\",\"users\":[\"bob\"],\"users_mode\":\"remove\"}", "" },
	{ "nobody", OPS("alice"), "{\"name\":\"ops\",\"users\":[]}", "change group ops" },
	{ "a description", OPS("alice"), "{\"name\":\"ops\",\"description\":\"Operators\"}",
	  "change group ops" },
	{ "the same description",
	  "{\"access\":{\"pxc-ops\":{\"users\":\"alice\",\"human\":\"Operators\"}}}",
	  "{\"name\":\"ops\",\"description\":\" Operators \"}", "" },
	{ "no description any more",
	  "{\"access\":{\"pxc-ops\":{\"users\":\"alice\",\"human\":\"Operators\"}}}",
	  "{\"name\":\"ops\",\"description\":\"\"}", "change group ops" },
	{ "it goes", OPS("alice"), "{\"name\":\"ops\",\"state\":\"absent\"}", "delete group ops" },
	{ "it has gone", "{}", "{\"name\":\"ops\",\"state\":\"absent\"}", "" },
	{ "it was named before it was there", ROLE("member", "@ops") "\"access\":{}}",
	  "{\"name\":\"ops\"}",
	  "create group ops | group ops is new, but was named before: * project acme (member)" },
	{ "no registry", "{\"registry\":null}", "{\"name\":\"ops\"}", "!*pxc_cloud*" },
	{ "longest name", "{}", "{\"name\":\"abcdefghijklmnopqrstuvwxyz01234\"}",
	  "create group *" },
	{ "a name too long", "{}", "{\"name\":\"abcdefghijklmnopqrstuvwxyz012345\"}",
	  "!group abcdefghijklmnopqrstuvwxyz012345: a group's name begins with a letter, *" },
	{ "a name with a dot", "{}", "{\"name\":\"key.acme\"}",
	  "!group key.acme: a group's name *" },
	{ "a name of locks", "{}", "{\"name\":\"lock-acme\"}",
	  "!group lock-acme: a group's name begins with a letter, but not with lock-, *" },
	{ "twice", "{}", "{\"groups\":[{\"name\":\"ops\"},{\"name\":\"ops\"}]}",
	  "!group ops is named twice in this task" },
	{ "a group in it", "{}", "{\"name\":\"ops\",\"users\":[\"@dev\"]}",
	  "!group ops: users: \"@dev\" is no name of a user: groups are not in groups" },
	{ "a user of two words", "{}", "{\"name\":\"ops\",\"users\":[\"alice b\"]}",
	  "!group ops: users: \"alice b\" is no name of a user" },
	{ "an empty user", "{}", "{\"name\":\"ops\",\"users\":[\"\"]}",
	  "!group ops: users: \"\" is no name of a user" },
	{ "a service actor", "{}", "{\"name\":\"ops\",\"users\":[\"svc:ci\"]}",
	  "create group ops" },
	{ "a description of two lines", "{}", "{\"name\":\"ops\",\"description\":\"a\\nb\"}",
	  "!group ops: its description must be one line of text: *" },
	{ "a description with a token", "{}",
	  "{\"name\":\"ops\",\"description\":\"a [pxc/1 t=x]\"}",
	  "!group ops: its description must be one line of text: *" },
};

static const struct plan_row others[] = {
	{ "one of PVE", "{\"access\":{\"pxc-ops\":{\"raw\":\"Operators\"}}}", "{\"name\":\"ops\"}",
	  "!group ops: PVE group pxc-ops exists and is no group of people: set adopt: true *" },
	{ "taken over", "{\"access\":{\"pxc-ops\":{\"raw\":\"Operators\"}}}",
	  "{\"name\":\"ops\",\"adopt\":true,\"users\":[\"alice\"]}", "adopt group ops" },
	{ "not while it has members",
	  "{\"access\":{\"pxc-ops\":{\"raw\":\"\",\"members\":\"bob@pve,eve@pam\"}}}",
	  "{\"name\":\"ops\",\"adopt\":true}",
	  "!group ops: PVE group pxc-ops has members of PVE (bob@pve,eve@pam), *" },
	{ "members that came later",
	  "{\"access\":{\"pxc-ops\":{\"users\":\"alice\",\"members\":\"bob@pve\"}}}",
	  "{\"name\":\"ops\"}",
	  " | group ops: PVE group pxc-ops has members of PVE (bob@pve), which mean nothing to the cloud" },
	{ "with them it does not go",
	  "{\"access\":{\"pxc-ops\":{\"users\":\"alice\",\"members\":\"bob@pve\"}}}",
	  "{\"name\":\"ops\",\"state\":\"absent\"}",
	  "!group ops: PVE group pxc-ops has members of PVE (bob@pve), who would lose *" },
	{ "one of PVE does not go", "{\"access\":{\"pxc-ops\":{\"raw\":\"Operators\"}}}",
	  "{\"name\":\"ops\",\"state\":\"absent\"}",
	  "!group ops: PVE group pxc-ops is no group of people and is left alone" },
	{ "the token of another",
	  "{\"access\":{\"pxc-ops\":{\"raw\":\"[pxc/1 t=group id=group.pxc-dev m=eve s=9f9d4c5ef5a4d2b1]\"}}}",
	  "{\"name\":\"ops\",\"reseal\":true}",
	  "!group ops: PVE group pxc-ops exists and is no group *" },
	{ "damaged", DAMAGED, "{\"name\":\"ops\"}",
	  "!group ops: the annotation in the comment of PVE group pxc-ops is damaged (*): look at it, "
	  "then set reseal: true *" },
	{ "damaged, to go", DAMAGED, "{\"name\":\"ops\",\"state\":\"absent\"}",
	  "!group ops: *reseal: true*" },
	{ "sealed again", DAMAGED, "{\"name\":\"ops\",\"reseal\":true}", "change group ops" },
	{ "damaged and gone", DAMAGED, "{\"name\":\"ops\",\"reseal\":true,\"state\":\"absent\"}",
	  "delete group ops" },
	{ "a newer format", "{\"access\":{\"pxc-ops\":{\"raw\":\"[pxc/2 t=group]\"}}}",
	  "{\"name\":\"ops\",\"reseal\":true}",
	  "!group ops: the annotation of PVE group pxc-ops is of a newer format (*)" },
};

static const struct plan_row roles[] = {
	{ "not while a project names it", ROLE("reader", "bob,@ops") IN("alice"),
	  "{\"name\":\"ops\",\"state\":\"absent\"}",
	  "!group ops still has roles: project acme (reader); take them away first *" },
	{ "nor while the cloud does", "{\"registry\":{\"adm\":\"root,@ops\"}," IN("alice"),
	  "{\"name\":\"ops\",\"state\":\"absent\"}",
	  "!group ops still has roles: the cloud (admin); *" },
	{ "all are named",
	  "{\"pools\":{\"acme\":{\"manager\":\"@ops\",\"reader\":\"@ops\"},\"beta\":{\"member\":\"@ops\"}},"
	  "\"registry\":{\"adm\":\"@ops\"}," IN("alice"),
	  "{\"name\":\"ops\",\"state\":\"absent\"}",
	  "!group ops still has roles: project acme (manager), project acme (reader), project beta "
	  "(member), the cloud (admin); *" },
	{ "another of that beginning", ROLE("reader", "@ops2,@dev-ops") IN("alice"),
	  "{\"name\":\"ops\",\"state\":\"absent\"}", "delete group ops" },
	{ "a user of that name", ROLE("reader", "ops") IN("alice"),
	  "{\"name\":\"ops\",\"state\":\"absent\"}", "delete group ops" },
	{ "an admin may leave a project without a manager", ROLE("manager", "@ops") IN("alice"),
	  "{\"name\":\"ops\",\"users\":[]}", "change group ops" },
};

/* The same of somebody who is no admin. */
static const struct plan_row managers[] = {
	{ "not the last one", ROLE("manager", "@ops") "\"tenant\":1," IN("alice"),
	  "{\"name\":\"ops\",\"users\":[]}",
	  "!policy: group ops: project acme would have no manager left: *" },
	{ "somebody stays", ROLE("manager", "@ops") "\"tenant\":1," IN("alice,bob"),
	  "{\"name\":\"ops\",\"users\":[\"bob\"]}", "change group ops" },
	{ "there is a person", ROLE("manager", "@ops,tester") "\"tenant\":1," IN("alice"),
	  "{\"name\":\"ops\",\"users\":[]}", "change group ops" },
	{ "there is another group",
	  ROLE("manager",
	       "@dev,@ops") "\"tenant\":1,"
			    "\"access\":{\"pxc-ops\":{\"users\":\"alice\"},\"pxc-dev\":{\"users\":\"bob\"}}}",
	  "{\"name\":\"ops\",\"users\":[]}", "change group ops" },
	{ "another group without people does not count",
	  ROLE("manager",
	       "@dev,@ops") "\"tenant\":1,"
			    "\"access\":{\"pxc-ops\":{\"users\":\"alice\"},\"pxc-dev\":{}}}",
	  "{\"name\":\"ops\",\"users\":[]}", "!policy: group ops: *" },
	{ "nor does one that is emptied beside it",
	  ROLE("manager",
	       "@dev,@ops") "\"tenant\":1,"
			    "\"access\":{\"pxc-ops\":{\"users\":\"alice\"},\"pxc-dev\":{\"users\":\"bob\"}}}",
	  "{\"users\":[],\"groups\":[{\"name\":\"dev\"},{\"name\":\"ops\"}]}",
	  "!policy: group dev: *" },
	{ "members are nobody's managers", ROLE("member", "@ops") "\"tenant\":1," IN("alice"),
	  "{\"name\":\"ops\",\"users\":[]}", "change group ops" },
	{ "it was empty", ROLE("manager", "@ops") "\"tenant\":1," IN(""),
	  "{\"name\":\"ops\",\"description\":\"x\"}", "change group ops" },
};

static void groups_become_what_the_task_says(void **state)
{
	(void)state;
	plan_rows("pxc_group", groups, ARRAY_SIZE(groups));
}

static void what_is_not_ours_stays(void **state)
{
	(void)state;
	plan_rows("pxc_group", others, ARRAY_SIZE(others));
}

static void a_group_with_roles_does_not_go(void **state)
{
	(void)state;
	plan_rows("pxc_group", roles, ARRAY_SIZE(roles));
}

static void a_project_keeps_a_manager(void **state)
{
	(void)state;
	plan_rows("pxc_group", managers, ARRAY_SIZE(managers));
}

static void the_comment_says_who_is_in_it(void **state)
{
	auto_world struct test_world w;
	json_auto_t *args = NULL;
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct world_group group = { "pxc-ops", NULL, "" };
	const char *const *users;

	(void)state;
	test_world_create(&w,
			  "{\"access\":{\"pxc-ops\":{\"users\":\"eve\",\"human\":\"Operators\"}}}");
	args = plan_step("pxc_group",
			 "{\"name\":\"ops\",\"users\":[\"svc:ci\",\"zoe\",\"Ann@x.org\"]}", &w, 0,
			 0);
	group.comment = json_string_value(json_object_get(args, "comment"));
	assert_true(str_starts(group.comment, "Operators [pxc/1 t=group id=group.pxc-ops c="));
	assert_non_null(strstr(group.comment,
			       " m=Ann@x.org,svc*3Aci,zoe r=2 at=20260101T000000Z by=tester s="));
	users = group_users(&arena, &group);
	assert_non_null(users);
	assert_string_equal(users[1], "svc:ci");
	assert_null(users[3]);
	annot_parse(ANNOT_TOKEN, group.comment, &t);
	assert_int_equal(t.finding, ANNOT_OK);
	group.groupid = "pxc-dev"; /* a copy means nobody */
	assert_null(group_users(&arena, &group));
}

static void too_many_for_one_comment_are_refused(void **state)
{
	auto_buf struct pxc_buf task = { .data = NULL };
	auto_world struct test_world w;
	auto_free char *got = NULL;

	(void)state;
	buf_adds(&task, "{\"name\":\"ops\",\"users\":[");
	for (int i = 0; i < 3000; i++)
		buf_printf(&task, "%s\"user-%05d\"", i ? "," : "", i);
	buf_adds(&task, "]}");
	test_world_create(&w, "{}");
	got = plan_task("pxc_group", buf_str(&task), &w);
	if (!plan_fits(
		    "!group ops: its users would take * bytes of a comment, more than 32768: divide *",
		    got))
		fail_msg("%s", got);
}

/* Twenty groups of 30 KiB are more than PVE's file is to hold of ours; what is there may shrink, and others do not count. */
static void all_together_leave_room_in_pves_file(void **state)
{
	static const struct {
		const char *task, *plan;
	} rows[] = {
		{ "{\"name\":\"ops\",\"users\":[\"alice\"]}",
		  "!groups of people and key pairs would take 5* bytes of PVE's file of users and permissions, which "
		  "ends at 1 MiB: at most 524288 are taken, 5* are in use; remove some *" },
		{ "{\"name\":\"g3\",\"users\":[\"alice\"]}", "change group g3" },
		{ "{\"name\":\"g3\",\"state\":\"absent\"}", "delete group g3" },
		{ "{\"groups\":[{\"name\":\"g3\",\"state\":\"absent\"},{\"name\":\"g4\",\"state\":\"absent\"},"
		  "{\"name\":\"ops\",\"users\":[\"alice\"]}]}",
		  "delete group g3; delete group g4; create group ops" },
	};
	auto_buf struct pxc_buf users = { .data = NULL }, world = { .data = NULL };
	auto_world struct test_world w;

	(void)state;
	for (int i = 0; i < 2600; i++)
		buf_printf(&users, "%suser-%05d", i ? "," : "", i);
	buf_adds(&world, "{\"access\":{\"other\":{\"raw\":\"");
	for (int i = 0; i < 4000; i++)
		buf_adds(&world, "no group of the cloud counts ");
	buf_adds(&world, "\"}");
	for (int i = 0; i < 19; i++)
		buf_printf(&world, ",\"pxc-g%d\":{\"users\":\"%s\"}", i, buf_str(&users));
	buf_adds(&world, "}}");
	test_world_create(&w, buf_str(&world));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = plan_task("pxc_group", rows[i].task, &w);

		if (!plan_fits(rows[i].plan, got))
			fail_msg("%s: %s", rows[i].task, got);
	}
}

static void names_of_groups(void **state)
{
	static const struct {
		const char *groupid, *name;
	} rows[] = {
		{ "pxc-ops", "ops" },
		{ "pxc-key", "key" },
		{ "pxc-lock", "lock" },
		{ "pxc-lock-ops", NULL },
		{ "pxc-key.a.b", NULL },
		{ "ops", NULL },
		{ "pxc-lock-group.ops.break", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world_group g = { rows[i].groupid, "", "" };
		const char *name = group_name(&g);

		if (!str_eq(name, rows[i].name))
			fail_msg("%s: %s", rows[i].groupid, name ? name : "(none)");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_become_what_the_task_says),
		cmocka_unit_test(what_is_not_ours_stays),
		cmocka_unit_test(a_group_with_roles_does_not_go),
		cmocka_unit_test(a_project_keeps_a_manager),
		cmocka_unit_test(the_comment_says_who_is_in_it),
		cmocka_unit_test(too_many_for_one_comment_are_refused),
		cmocka_unit_test(all_together_leave_room_in_pves_file),
		cmocka_unit_test(names_of_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
