/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists that are empty because they may not be seen, told from those that are empty; and when that is asked at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/task.h"

#define ALL "Sys.Audit,Sys.Modify,Group.Allocate,Pool.Audit,Datastore.Audit,VM.Audit"
#define FLAVOR "{\"name\":\"big\",\"vcpus\":8,\"memory\":8192,\"api_token_secret\":\"%s\"}"

/* A user with these privileges on this path, besides Sys.Audit on "/"; runs a task. Returns as lab_task(). */
static int with(struct lab *lab, const char *privs, const char *path)
{
	auto_free char *role = pxc_printf("roleid=some&privs=%s", privs);
	auto_free char *acl = pxc_printf("path=%s&roles=some&users=few@pve", path);
	json_auto_t *token = NULL;
	auto_free char *task = NULL;

	json_decref(lab_ask(lab, "POST", "/access/roles", role));
	json_decref(lab_ask(lab, "POST", "/access/roles",
			    "roleid=base&privs=Sys.Audit,Sys.Modify,Group.Allocate"));
	json_decref(lab_ask(lab, "POST", "/access/users", "userid=few@pve"));
	json_decref(
		lab_ask(lab, "PUT", "/access/acl", "path=/&roles=base&users=few@pve&propagate=1"));
	json_decref(lab_ask(lab, "PUT", "/access/acl", acl));
	token = lab_ask(lab, "POST", "/access/users/few@pve/token/tok", "privsep=0");
	task = pxc_printf(FLAVOR, json_string_value(json_object_get(token, "value")));
	lab->token = "few@pve!tok";
	return lab_task(lab, "pxc_flavor", task);
}

static unsigned asked(const struct lab *lab)
{
	return lab_count(buf_str(&lab->log), "/access/permissions");
}

static void a_list_that_may_not_be_seen_is_no_empty_one(void **state)
{
	static const struct {
		const char *privs, *path, *needs; /* NULL: nothing is missing */
		unsigned asked;                   /* at most */
	} rows[] = {
		{ ALL, "/", NULL, 0 },
		{ "Datastore.Audit,VM.Audit", "/", "Pool.Audit on /pool", 1 },
		{ "Pool.Audit,VM.Audit", "/", "Datastore.Audit on /storage", 1 },
		{ "Pool.Audit,Datastore.Audit", "/", "VM.Audit on /vms", 1 },
		/* held somewhere: then it is no want of a right that none is seen */
		{ "Pool.Audit,Datastore.Audit,VM.Audit", "/pool/acme", NULL, 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_lab struct lab lab;
		auto_free char *needs = pxc_printf("needs privilege %s: grant it to few@pve!tok",
						   rows[i].needs ? rows[i].needs : "");

		lab_create(&lab, 3);
		lab_prepare(&lab);
		assert_int_equal(with(&lab, rows[i].privs, rows[i].path), rows[i].needs ? -1 : 0);
		if (rows[i].needs) {
			assert_int_equal(lab.err.kind, PXC_EDENIED);
			if (!strstr(lab.err.msg, needs))
				fail_msg("%zu: %s", i, lab.err.msg);
		}
		assert_in_range(asked(&lab), rows[i].needs ? 1 : 0, rows[i].asked);
	}
}

/* A cluster without a guest or a pool is asked about, and served. */
static void a_young_cluster_is_asked_about_and_served(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 3);
	lab_must(&lab, "pxc_cloud", "{\"domain\":\"example.org\",\"storage\":\"shared\"}");
	assert_in_range(asked(&lab), 1, 4);
	lab_must(&lab, "pxc_flavor", "{\"name\":\"big\",\"vcpus\":8,\"memory\":8192}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_may_not_be_seen_is_no_empty_one),
		cmocka_unit_test(a_young_cluster_is_asked_about_and_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
