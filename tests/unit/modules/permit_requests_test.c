/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What deciding who may, and what fits, costs in requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/mem.h"
#include "lib/task.h"

/* A group of people, as pxc_group makes it. */
static void make_group(struct lab *lab, const char *users)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *comment = NULL, *form = NULL;
	struct pxc_buf escaped = { .data = NULL };

	annot_set(&a, "t", "group");
	annot_set(&a, "id", "group.pxc-ops");
	annot_set(&a, "m", users);
	comment = annot_render(ANNOT_TOKEN, "", &a, "");
	for (const char *p = comment; *p; p++)
		buf_printf(&escaped, "%%%02X", (unsigned char)*p);
	form = pxc_printf("groupid=pxc-ops&comment=%s", buf_str(&escaped));
	buf_release(&escaped);
	json_decref(lab_ask(lab, "POST", "/access/groups", form));
}

static const struct row {
	const char *roles, *quota, *actor;
	unsigned
		more; /* requests than a task of somebody who may everything, where nothing is limited */
} rows[] = {
	{ "{}", "{\"instances\":-1,\"cores\":-1,\"ram_mb\":-1}", NULL, 0 },
	{ "{}", "{\"instances\":1,\"cores\":1,\"ram_mb\":512}", NULL, 0 },
	{ "{\"member\":[\"bob\"]}", "{}", "bob", 0 },
	{ "{\"member\":[\"bob\",\"@ops\"]}", "{}", "bob", 0 },
	{ "{\"member\":[\"@ops\"]}", "{\"instances\":1,\"cores\":1,\"ram_mb\":512}", "eve", 1 },
};

/* Requests of the creation of a VM, but for polls: how many those are depends on time alone. */
static unsigned requests(const struct row *row)
{
	auto_free char *project =
		pxc_printf("{\"name\":\"acme\",\"roles\":%s,\"quota\":%s}", row->roles, row->quota);
	auto_lab struct lab lab;

	lab_create(&lab, 1);
	lab_must(&lab, "pxc_cloud",
		 "{\"domain\":\"example.org\",\"storage\":\"shared\",\"bridge\":\"vmbr0\"}");
	make_group(&lab, "eve,frank");
	lab_must(&lab, "pxc_project", project);
	lab.actor = row->actor;
	lab_must(
		&lab, "pxc_vm",
		"{\"project\":\"acme\",\"name\":\"a\",\"cores\":1,\"memory\":512,\"power\":\"stopped\"}");
	return lab_count(buf_str(&lab.log), "\n") -
	       lab_count(buf_str(&lab.log), "GET /cluster/tasks") -
	       lab_count(buf_str(&lab.log), "/tasks/");
}

static void policy_and_quota_cost_one_request_at_most(void **state)
{
	unsigned bare = requests(&rows[0]);

	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(rows); i++) {
		unsigned n = requests(&rows[i]);

		if (n != bare + rows[i].more)
			fail_msg("%s with roles %s, quota %s: %u requests, the operation needs %u",
				 rows[i].actor ? rows[i].actor : "an admin", rows[i].roles,
				 rows[i].quota, n, bare);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_and_quota_cost_one_request_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
