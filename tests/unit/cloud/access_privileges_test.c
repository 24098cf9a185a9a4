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
#include "cloud/access.h"
#include "cloud/registry.h"
#include "lib/access.h"

/* "A,B" of what a role has on that PVE, or the error. */
static const char *privileges(struct pxc_arena *arena, const char *role, unsigned major,
			      const char *known)
{
	auto_buf struct pxc_buf out = { .data = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	const char *const *list = NULL;

	if (access_privileges(access_profile(role), major,
			      strv_split(arena, arena_strdup(arena, known)), arena, &list,
			      &err) < 0)
		return arena_strdup(arena, err.msg);
	for (size_t i = 0; list[i]; i++)
		buf_printf(&out, "%s%s", i ? "," : "", list[i]);
	return arena_strdup(arena, buf_str(&out));
}

static void roles_have_what_the_server_has_for_them(void **state)
{
	static const struct {
		const char *role, *on8, *on9;
	} rows[] = {
		{ "PXCAudit", "Sys.Audit", "Sys.Audit" },
		{ "PXCSpace", "Datastore.AllocateSpace,Datastore.Audit",
		  "Datastore.AllocateSpace,Datastore.Audit" },
		{ "PXCReader", "Pool.Audit,VM.Audit", "Pool.Audit,VM.Audit,VM.GuestAgent.Audit" },
		{ "PXCMember", "Pool.Audit,VM.Audit,VM.Console,VM.PowerMgmt",
		  "Pool.Audit,VM.Audit,VM.Console,VM.GuestAgent.Audit,VM.PowerMgmt" },
		{ "PXCManager", "Pool.Audit,VM.Audit,VM.Backup,VM.Console,VM.PowerMgmt",
		  "Pool.Audit,VM.Audit,VM.Backup,VM.Console,VM.GuestAgent.Audit,VM.PowerMgmt" },
		{ "PXCConsumer-csi", "VM.Audit,VM.Config.Disk", "VM.Audit,VM.Config.Disk" },
		{ "PXCConsumer-ccm", "VM.Audit,VM.Monitor", "VM.Audit,VM.GuestAgent.Audit" },
		{ "PXCConsumer-backup", "Pool.Audit,VM.Audit,VM.Backup",
		  "Pool.Audit,VM.Audit,VM.Backup" },
	};
	auto_arena struct pxc_arena arena = { .head = NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_string_equal(privileges(&arena, rows[i].role, 8, access_privs8),
				    rows[i].on8);
		assert_string_equal(privileges(&arena, rows[i].role, 9, access_privs9),
				    rows[i].on9);
	}
}

/* Every role of ours can be made on both, and none on the other one under the wrong number. */
static void no_role_wants_what_its_server_lacks(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	unsigned n = 0;

	(void)state;
	for (const struct access_profile *p = access_profiles; p->name; p++) {
		struct pxc_err err = { .kind = PXC_OK };
		const char *const *list = NULL;

		for (unsigned major = 8; major <= 9; major++)
			if (access_privileges(
				    p, major,
				    strv_split(&arena,
					       arena_strdup(&arena, major == 8 ? access_privs8
									       : access_privs9)),
				    &arena, &list, &err) < 0)
				fail_msg("PVE %u: %s", major, err.msg);
		n += str_starts(p->name, "PXC") && p->common[0];
	}
	assert_int_equal(n, 17);
}

static void a_missing_privilege_is_named_with_what_replaces_it(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	const char *const known[] = { "VM.Audit", NULL };
	const char *const odd[] = { "VM.Audit", "VM.Nonsense", NULL };
	const char *what;

	(void)state;
	what = privileges(&arena, "PXCConsumer-ccm", 8, access_privs9);
	assert_non_null(strstr(what, "role PXCConsumer-ccm: the server does not know the privilege "
				     "VM.Monitor, which PVE 9 does not have any more: "
				     "VM.GuestAgent.Audit reads from the guest agent"));
	what = privileges(&arena, "PXCConsumer-ccm", 9, access_privs8);
	assert_string_equal(what, "role PXCConsumer-ccm: the server does not know the privilege "
				  "VM.GuestAgent.Audit, which PVE has since 9.0: before, it is "
				  "VM.Monitor");
	assert_int_equal(access_check_privileges("role Odd", odd, known, &err), -1);
	assert_int_equal(err.kind, PXC_EINVAL);
	assert_string_equal(err.msg,
			    "role Odd: the server does not know the privilege VM.Nonsense");
}

/* Of PVE's own roles only those that both PVE 8 and 9 bring along. */
static void every_grant_names_a_role_that_is_there(void **state)
{
	static const char *const theirs[] = { "PVEVMAdmin",        "PVETemplateUser", "PVESDNUser",
					      "PVEDatastoreAdmin", "PVEAuditor",      NULL };

	(void)state;
	for (const struct access_profile *p = access_profiles; p->name; p++)
		for (const struct access_grant *g = p->grants; g->path; g++) {
			const struct access_profile *role = access_profile(g->roleid);

			if (role ? !role->common[0] : !strv_has(theirs, g->roleid))
				fail_msg("%s: %s", p->name, g->roleid);
		}
}

/* What gets around the quota, the notes in a VM, or what its network may do. */
static void people_get_nothing_that_gets_around_the_cloud(void **state)
{
	static const char *const roles[] = { "PXCReader", "PXCMember", "PXCManager" };
	static const char *const never[] = { "VM.Allocate", "VM.Clone", "VM.Config.",
					     "VM.Snapshot", "Allocate", "Permissions" };
	auto_arena struct pxc_arena arena = { .head = NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		for (size_t k = 0; k < ARRAY_SIZE(never); k++) {
			assert_null(
				strstr(privileges(&arena, roles[i], 8, access_privs8), never[k]));
			assert_null(
				strstr(privileges(&arena, roles[i], 9, access_privs9), never[k]));
		}
}

static void what_the_server_knows_is_what_its_administrator_has(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct access_state s = access_server(9, NULL, NULL, NULL);
	const char *const *known = access_known(&s, &arena);

	(void)state;
	assert_true(strv_has(known, "VM.Replicate"));
	assert_false(strv_has(known, "VM.Monitor"));
	(void)json_array_clear(s.roles);
	assert_null(access_known(&s, &arena));
	access_server_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_have_what_the_server_has_for_them),
		cmocka_unit_test(no_role_wants_what_its_server_lacks),
		cmocka_unit_test(a_missing_privilege_is_named_with_what_replaces_it),
		cmocka_unit_test(every_grant_names_a_role_that_is_there),
		cmocka_unit_test(people_get_nothing_that_gets_around_the_cloud),
		cmocka_unit_test(what_the_server_knows_is_what_its_administrator_has),
	};

	pxc_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
