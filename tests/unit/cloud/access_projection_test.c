/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_task.h"
#include "lib/access.h"
#include "lib/world.h"

static const char *const pools[] = { "acme", NULL };

struct fixture {
	struct test_world world;
	struct access_state s;
	struct access_facts f;
	struct access_task t;
	struct project_block block;
	struct world_group groups[1];
	struct access_want want;
	struct pxc_err err;
};

static const char *const managers[] = { "alice@ldap", NULL };
static const char *const members[] = { "@ops", "bob", "svc:ci", NULL };
static const char *const readers[] = { "alice@ldap", "eve@ldap", NULL };

#define USERS                                                                                      \
	"[{'userid': 'alice@ldap', 'groups': ''}, {'userid': 'bob@ldap', 'groups': 'staff'},"      \
	" {'userid': 'carol@ldap'}, {'userid': 'dave@ldap', 'groups': 'pxc.acme.member,staff'},"   \
	" {'userid': 'root@pam'}]"

static void begin(struct fixture *x, const char *users, const char *acls, const char *groups)
{
	auto_annot struct annot a;
	auto_free char *comment = NULL;

	memset(x, 0, sizeof(*x));
	test_world_create(&x->world, "{\"pools\": {\"acme\": {}}, \"guests\": []}");
	annot_init(&a);
	annot_set(&a, "t", "group");
	annot_set(&a, "id", "group.pxc-ops");
	annot_set(&a, "m", "carol@ldap,frank");
	comment = annot_render(ANNOT_TOKEN, "", &a, "");
	x->groups[0] = (struct world_group){ .groupid = "pxc-ops",
					     .comment = arena_strdup(&x->world.arena, comment) };
	x->world.world.groups = x->groups;
	x->world.world.ngroups = 1;
	x->s = access_server(9, users, acls, groups);
	x->f = (struct access_facts){ .w = &x->world.world,
				      .cluster = "0123abcd",
				      .stamp = "20261121T220000Z",
				      .actor = "root" };
	x->block =
		(struct project_block){ .name = "acme", .roles = { managers, members, readers } };
	x->t = (struct access_task){ .label = "projection of acme",
				     .project = "acme",
				     .realm = "ldap",
				     .scope = { .pools = pools } };
	x->want.warnings = json_array();
	x->want.item = json_object();
}

static void end(struct fixture *x)
{
	json_decref(x->want.warnings);
	json_decref(x->want.item);
	access_server_release(&x->s);
	test_world_release(&x->world);
}

static int run(struct fixture *x)
{
	return access_projection(&x->t, &x->s, &x->f, x->t.absent ? NULL : &x->block,
				 &x->world.arena, &x->want, &x->err);
}

static const char *text(struct fixture *x)
{
	return access_want_text(&x->want, &x->world.arena);
}

/* The best role of each, groups of people too; who has none any more leaves, and other groups of PVE stay as they are. */
static void people_are_put_where_the_project_says(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, USERS, NULL, NULL);
	assert_int_equal(run(&x), 0);
	assert_string_equal(
		text(&x),
		"/pool/acme PXCManager group pxc.acme.manager\n"
		"/pool/acme PXCMember group pxc.acme.member\n"
		"/pool/acme PXCReader group pxc.acme.reader\n"
		"group pxc.acme.manager\n"
		"group pxc.acme.member\n"
		"group pxc.acme.reader\n"
		"role PXCManager: "
		"Pool.Audit,VM.Audit,VM.Backup,VM.Console,VM.GuestAgent.Audit,VM.PowerMgmt\n"
		"role PXCMember: Pool.Audit,VM.Audit,VM.Console,VM.GuestAgent.Audit,VM.PowerMgmt\n"
		"role PXCReader: Pool.Audit,VM.Audit,VM.GuestAgent.Audit\n"
		"user alice@ldap (pxc.acme.manager)\n"
		"user bob@ldap (staff,pxc.acme.member)\n"
		"user carol@ldap (pxc.acme.member)\n"
		"user dave@ldap (staff)\n");
	for (size_t i = 0; i < x.want.nusers; i++)
		assert_true(x.want.users[i].exact && !x.want.users[i].comment);
	end(&x);
}

static void who_is_no_user_of_pve_is_told(void **state)
{
	json_auto_t *expect = json_pack("[sss]", "frank", "svc:ci", "eve@ldap");
	struct fixture x;

	(void)state;
	begin(&x, USERS, NULL, NULL);
	assert_int_equal(run(&x), 0);
	assert_true(json_equal(
		json_object_get(json_object_get(x.want.item, "projection"), "not_in_pve"), expect));
	end(&x);
	/* Without a realm only who is named with one. */
	begin(&x, USERS, NULL, NULL);
	x.t.realm = NULL;
	assert_int_equal(run(&x), 0);
	assert_null(strstr(text(&x), "bob"));
	assert_non_null(strstr(text(&x), "user carol@ldap (pxc.acme.member)"));
	end(&x);
}

static char *groups_after(struct fixture *x)
{
	return pxc_printf("[{'groupid': 'pxc.acme.manager', 'comment': '%s'},"
			  " {'groupid': 'pxc.acme.member', 'comment': '%s'},"
			  " {'groupid': 'pxc.acme.reader', 'comment': '%s'}]",
			  x->want.groups[0].comment, x->want.groups[1].comment,
			  x->want.groups[2].comment);
}

static void a_second_run_wants_what_is_there(void **state)
{
	auto_free char *groups = NULL;
	struct fixture x, y;

	(void)state;
	begin(&x, USERS, NULL, NULL);
	assert_int_equal(run(&x), 0);
	groups = groups_after(&x);
	begin(&y,
	      "[{'userid': 'alice@ldap', 'groups': 'pxc.acme.manager'},"
	      " {'userid': 'bob@ldap', 'groups': 'pxc.acme.member,staff'},"
	      " {'userid': 'carol@ldap', 'groups': 'pxc.acme.member'}]",
	      NULL, groups);
	assert_int_equal(run(&y), 0);
	assert_int_equal(y.want.nusers, 0);
	for (size_t i = 0; i < y.want.ngroups; i++)
		assert_null(y.want.groups[i].comment);
	end(&y);
	/* A person in two of them is put right. */
	begin(&y, "[{'userid': 'alice@ldap', 'groups': 'pxc.acme.manager,pxc.acme.reader'}]", NULL,
	      groups);
	assert_int_equal(run(&y), 0);
	assert_non_null(strstr(text(&y), "user alice@ldap (pxc.acme.manager)\n"));
	end(&y);
	end(&x);
}

static void a_group_of_somebody_else_is_left_alone(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, USERS, NULL, "[{'groupid': 'pxc.acme.member', 'comment': 'mine'}]");
	assert_int_equal(run(&x), -1);
	assert_non_null(strstr(x.err.msg, "the group pxc.acme.member is there"));
	x.t.absent = true;
	assert_int_equal(run(&x), -1);
	end(&x);
}

static void it_goes_with_groups_and_roles(void **state)
{
	auto_free char *groups = NULL;
	struct fixture x, y;

	(void)state;
	begin(&x, USERS, NULL, NULL);
	assert_int_equal(run(&x), 0);
	groups = groups_after(&x);
	begin(&y, USERS,
	      "[{'path': '/pool/acme', 'type': 'group', 'ugid': 'pxc.acme.member', 'roleid': "
	      "'PXCMember', 'propagate': 0}, {'path': '/pool/beta', 'type': 'group', 'ugid': "
	      "'pxc.beta.reader', 'roleid': 'PXCReader', 'propagate': 0}]",
	      groups);
	(void)json_array_append_new(y.s.roles, json_pack("{ss}", "roleid", "PXCMember"));
	(void)json_array_append_new(y.s.roles, json_pack("{ss}", "roleid", "PXCReader"));
	y.t.absent = true;
	assert_int_equal(run(&y), 0);
	assert_string_equal(text(&y), "-/pool/acme PXCMember group pxc.acme.member\n"
				      "-group pxc.acme.manager\n"
				      "-group pxc.acme.member\n"
				      "-group pxc.acme.reader\n"
				      "-role PXCMember\n");
	end(&y);
	end(&x);
}

/* What others may on the pool is told, unless it is ours. */
static void the_pool_is_watched(void **state)
{
	struct fixture x;

	(void)state;
	begin(&x, USERS,
	      "[{'path': '/pool/acme', 'type': 'user', 'ugid': 'bob@ldap', 'roleid': 'PVEVMAdmin', "
	      "'propagate': 1}]",
	      NULL);
	assert_int_equal(run(&x), 0);
	assert_string_equal(x.want.watch[0], "/pool/acme");
	assert_null(x.want.watch[1]);
	assert_null(strstr(text(&x), "PVEVMAdmin"));
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_are_put_where_the_project_says),
		cmocka_unit_test(who_is_no_user_of_pve_is_told),
		cmocka_unit_test(a_second_run_wants_what_is_there),
		cmocka_unit_test(a_group_of_somebody_else_is_left_alone),
		cmocka_unit_test(it_goes_with_groups_and_roles),
		cmocka_unit_test(the_pool_is_watched),
	};

	pxc_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
