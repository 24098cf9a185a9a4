/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/plan.h"
#include "lib/task.h"

#define LOCK "POST /access/groups comment=*&groupid=pxc-lock-project.acme\n"
#define UNLOCK "DELETE /access/groups/pxc-lock-project.acme\n"
#define RULE                                                                                       \
	"POST /cluster/ha/rules affinity=negative&comment=*&resources=vm%3A100%2Cvm%3A101&rule=pxc-acme-web&type=resource-affinity\n"
#define AFF "pxc_affinity"

/* Tasks in the order of the rows, in one cluster: what each writes to the wire, exactly, or "!" and why it is refused. */
static const struct row {
	const char *name, *module, *task, *writes;
} rows[] = {
	{ "check mode writes nothing", AFF,
	  "{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"anti-affinity\",\"_ansible_check_mode\":true}",
	  "" },
	{ "defined", AFF, "{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"anti-affinity\"}",
	  LOCK "PUT /pools comment=*&poolid=acme\n" UNLOCK },
	{ "as it is", AFF, "{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"anti-affinity\"}",
	  "" },
	{ "an unknown group", "pxc_vm",
	  "{\"project\":\"acme\",\"name\":\"a\",\"flavor\":\"small\",\"affinity\":[\"db\"]}",
	  "!vm acme/a: affinity: project acme has no group db (there are web): make it with pxc_affinity first" },
	{ "made into the group", "pxc_vm",
	  "{\"project\":\"acme\",\"flavor\":\"small\",\"power\":\"stopped\",\"affinity\":[\"web\"],\"vms\":[{\"name\":\"a\",\"node\":\"pve1\"},{\"name\":\"b\",\"node\":\"pve2\"}]}",
	  LOCK
	  "POST /nodes/pve1/qemu *&name=a&*&tags=pxc%3Bstack-default%3Bpxc-ag-web&vmid=100\n"
	  "POST /nodes/pve2/qemu *&name=b&*&tags=pxc%3Bstack-default%3Bpxc-ag-web&vmid=101\n" UNLOCK },
	{ "again", "pxc_vm",
	  "{\"project\":\"acme\",\"flavor\":\"small\",\"power\":\"stopped\",\"affinity\":[\"web\"],\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "" },
	{ "seen by the group", AFF,
	  "{\"project\":\"acme\",\"name\":\"web\",\"members\":[\"a\",\"b\"]}", "" },
	{ "groups are kept when not named, also by exact tags", "pxc_vm",
	  "{\"project\":\"acme\",\"name\":\"a\",\"tags\":[\"x\"],\"tags_mode\":\"exact\"}",
	  "PUT /nodes/pve1/qemu/100/config digest=*&tags=pxc%3Bstack-default%3Bx%3Bpxc-ag-web\n" },
	{ "one leaves in check mode", AFF,
	  "{\"project\":\"acme\",\"name\":\"web\",\"members\":[\"a\"],\"_ansible_check_mode\":true}",
	  "" },
	{ "one leaves", AFF, "{\"project\":\"acme\",\"name\":\"web\",\"members\":[\"a\"]}",
	  LOCK
	  "PUT /nodes/pve2/qemu/101/config description=*&digest=*&tags=pxc%3Bstack-default\n" UNLOCK },
	{ "it joins by itself", "pxc_vm",
	  "{\"project\":\"acme\",\"name\":\"b\",\"affinity\":[\"web\"]}",
	  LOCK
	  "PUT /nodes/pve2/qemu/101/config description=*&digest=*&tags=pxc%3Bstack-default%3Bpxc-ag-web\n" UNLOCK },
	{ "more than nodes", "pxc_vm",
	  "{\"project\":\"acme\",\"flavor\":\"small\",\"affinity\":[\"web\"],\"vms\":[{\"name\":\"c\"},{\"name\":\"d\"},{\"name\":\"e\"},{\"name\":\"f\"}]}",
	  "!group acme/web: its 6 members are to be on different nodes, and there are no more than pve1, pve2 and pve3" },
	{ "highly available", "pxc_vm",
	  "{\"project\":\"acme\",\"ha\":{\"enabled\":true},\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  LOCK "POST /cluster/ha/resources comment=*&sid=vm%3A100&state=stopped\n"
	       "POST /cluster/ha/resources comment=*&sid=vm%3A101&state=stopped\n" RULE UNLOCK },
	{ "as they are", "pxc_vm",
	  "{\"project\":\"acme\",\"ha\":{\"enabled\":true},\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "" },
	{ "the rule is there", AFF, "{\"project\":\"acme\",\"name\":\"web\"}", "" },
	{ "one is not any more", "pxc_vm",
	  "{\"project\":\"acme\",\"name\":\"b\",\"ha\":{\"enabled\":false}}",
	  LOCK "DELETE /cluster/ha/resources/vm%3A101\n"
	       "DELETE /cluster/ha/rules/pxc-acme-web\n" UNLOCK },
	{ "and is again", "pxc_vm",
	  "{\"project\":\"acme\",\"name\":\"b\",\"ha\":{\"enabled\":true}}",
	  LOCK "POST /cluster/ha/resources comment=*&sid=vm%3A101&state=stopped\n" RULE UNLOCK },
	{ "one leaves the group by itself", "pxc_vm",
	  "{\"project\":\"acme\",\"name\":\"b\",\"affinity\":[]}",
	  LOCK "PUT /nodes/pve2/qemu/101/config description=*&digest=*&tags=pxc%3Bstack-default\n"
	       "DELETE /cluster/ha/rules/pxc-acme-web\n" UNLOCK },
	{ "and comes back", "pxc_vm",
	  "{\"project\":\"acme\",\"name\":\"b\",\"affinity\":[\"web\"]}",
	  LOCK
	  "PUT /nodes/pve2/qemu/101/config description=*&digest=*&tags=pxc%3Bstack-default%3Bpxc-ag-web\n" RULE
		  UNLOCK },
	{ "a softer policy", AFF,
	  "{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"soft-anti-affinity\"}",
	  LOCK "PUT /pools comment=*&poolid=acme\n"
	       "DELETE /cluster/ha/rules/pxc-acme-web\n" UNLOCK },
	{ "nodes", AFF,
	  "{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"nodes\",\"nodes\":[\"pve1:2\",\"pve2\"]}",
	  LOCK
	  "PUT /pools comment=*&poolid=acme\n"
	  "POST /cluster/ha/rules comment=*&nodes=pve1%3A2%2Cpve2&resources=vm%3A100%2Cvm%3A101&rule=pxc-acme-web&strict=1&type=node-affinity\n" UNLOCK },
	{ "one is removed", "pxc_vm", "{\"project\":\"acme\",\"name\":\"b\",\"state\":\"absent\"}",
	  LOCK "DELETE /cluster/ha/resources/vm%3A101\n"
	       "DELETE /nodes/pve2/qemu/101 destroy-unreferenced-disks=1&purge=1\n" UNLOCK },
	{ "not while it has members", AFF,
	  "{\"project\":\"acme\",\"name\":\"web\",\"state\":\"absent\"}",
	  "!affinity group acme/web still has members: 100 (a); *" },
	{ "the group goes", AFF,
	  "{\"project\":\"acme\",\"name\":\"web\",\"state\":\"absent\",\"purge\":\"members\"}",
	  LOCK
	  "DELETE /cluster/ha/rules/pxc-acme-web\n"
	  "PUT /nodes/pve1/qemu/100/config description=*&digest=*&tags=pxc%3Bstack-default%3Bx\n"
	  "PUT /pools comment=*&poolid=acme\n" UNLOCK },
	{ "it is gone", AFF, "{\"project\":\"acme\",\"name\":\"web\",\"state\":\"absent\"}", "" },
};

static void each_task_sends_exactly_these_writes(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 1);
	lab_prepare(&lab);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = lab_task(&lab, rows[i].module, rows[i].task);
		auto_free char *writes = r < 0 ? pxc_printf("!%s", lab.err.msg) : lab_writes(&lab);

		if (!plan_fits(rows[i].writes, writes))
			fail_msg("%s:\nwanted\n%s\ngot\n%s", rows[i].name, rows[i].writes, writes);
	}
}

#define TWO                                                                                           \
	"{\"project\":\"acme\",\"flavor\":\"small\",\"power\":\"stopped\",\"ha\":{\"enabled\":true}," \
	"\"vms\":[{\"name\":\"a\",\"node\":\"pve1\"},{\"name\":\"b\",\"node\":\"pve2\"}]}"
#define APART                                                                                      \
	"{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"anti-affinity\",\"members\":[\"a\","  \
	"\"b\"]}"
#define GONE "{\"project\":\"acme\",\"name\":\"web\",\"state\":\"absent\",\"purge\":\"members\"}"

#define DEFINED "{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"anti-affinity\"}"
#define MEMBERS                                                                                       \
	"{\"project\":\"acme\",\"flavor\":\"small\",\"power\":\"stopped\",\"ha\":{\"enabled\":true}," \
	"\"affinity\":[\"web\"],\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"

struct job {
	const char *module, *task;
};

/* A run that is killed at any request is finished by the next one, and then there is nothing left to do. */
static void sweep(const struct job *before, const struct job *job, size_t rules)
{
	for (unsigned long at = 1;; at++) {
		auto_lab struct lab lab;
		json_auto_t *list = NULL;
		bool killed;

		lab_create(&lab, 2);
		lab_prepare(&lab);
		for (const struct job *b = before; b->module; b++)
			lab_must(&lab, b->module, b->task);
		lab.kill_after = at;
		(void)lab_task(&lab, job->module, job->task);
		killed = lab.killed;
		lab.kill_after = 0;
		/* The lock of the killed run is broken by its age. */
		sim_advance(lab.sim, 3600000);
		lab.skew_s = 3600;
		lab_must(&lab, job->module, job->task);
		lab_must(&lab, job->module, job->task);
		if (json_is_true(json_object_get(lab.result, "changed")))
			fail_msg("killed at %lu: a third run still changes something", at);
		list = lab_ask(&lab, "GET", "/cluster/ha/rules", NULL);
		if (json_array_size(list) != rules)
			fail_msg("killed at %lu: %zu rules", at, json_array_size(list));
		if (!killed)
			return;
	}
}

static void killed_anywhere(void **state)
{
	static const struct job two[] = { { "pxc_vm", TWO }, { NULL, NULL } },
				apart[] = { { "pxc_vm", TWO }, { AFF, APART }, { NULL, NULL } },
				defined[] = { { AFF, DEFINED }, { NULL, NULL } };
	static const struct job define = { AFF, APART }, remove = { AFF, GONE },
				make = { "pxc_vm", MEMBERS };

	(void)state;
	sweep(two, &define, 1);
	sweep(apart, &remove, 0);
	sweep(defined, &make, 1);
}

/* PVE counts nodes by what its HA manager has written, which it has not at first: that is waited for. */
static void a_fresh_cluster(void **state)
{
	auto_lab struct lab lab;
	const json_t *group, *steps;
	json_auto_t *rules = NULL;

	(void)state;
	lab_create(&lab, 3);
	lab_prepare(&lab);
	lab_must(&lab, AFF, DEFINED);
	lab_must(
		&lab, "pxc_vm",
		"{\"project\":\"acme\",\"flavor\":\"small\",\"power\":\"stopped\",\"ha\":{\"enabled\":true},"
		"\"affinity\":[\"web\"],\"vms\":[{\"name\":\"a\",\"node\":\"pve1\"},{\"name\":\"b\",\"node\":\"pve2\"}]}");
	steps = json_object_get(lab.result, "steps");
	assert_string_equal(json_string_value(json_object_get(json_array_get(steps, 0), "object")),
			    "vm acme/a");
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(steps, json_array_size(steps) - 2), "why")),
			    "wait until the HA manager knows 2 nodes");
	lab_must(&lab, AFF, "{\"project\":\"acme\",\"name\":\"web\"}");
	assert_true(json_is_false(json_object_get(lab.result, "changed")));
	group = json_object_get(lab.result, "group");
	assert_string_equal(json_string_value(json_object_get(group, "rule")), "pxc-acme-web");
	assert_int_equal(json_array_size(json_object_get(group, "members")), 2);
	assert_int_equal(json_array_size(json_object_get(group, "violations")), 0);
	/* One that is removed leaves a rule of one, which PVE does not follow. */
	lab_must(&lab, "pxc_vm", "{\"project\":\"acme\",\"name\":\"b\",\"state\":\"absent\"}");
	rules = lab_ask(&lab, "GET", "/cluster/ha/rules", NULL);
	assert_int_equal(json_array_size(rules), 0);
}

/* What stands in rules of PVE goes with the project. */
static void a_project_goes(void **state)
{
	auto_lab struct lab lab;
	json_auto_t *list = NULL;

	(void)state;
	lab_create(&lab, 4);
	lab_prepare(&lab);
	lab_must(&lab, "pxc_vm", TWO);
	lab_must(&lab, AFF, APART);
	/* Its quota changes: its groups stay. */
	lab_must(&lab, "pxc_project", "{\"name\":\"acme\",\"quota\":{\"cores\":7}}");
	lab_must(&lab, AFF, APART);
	assert_true(json_is_false(json_object_get(lab.result, "changed")));
	lab_must(&lab, "pxc_project", "{\"name\":\"acme\",\"state\":\"absent\",\"purge\":\"all\"}");
	list = lab_ask(&lab, "GET", "/cluster/ha/rules", NULL);
	assert_int_equal(json_array_size(list), 0);
}

/* What only PVE sees: its words, with what is wrong with the rule. The group is there, for placement and balancing. */
static void a_rule_that_pve_refuses(void **state)
{
	auto_lab struct lab lab;

	(void)state;
	lab_create(&lab, 5);
	lab_prepare(&lab);
	lab_must(&lab, "pxc_vm", TWO);
	json_decref(
		lab_ask(&lab, "POST", "/cluster/ha/rules",
			"rule=here&type=node-affinity&nodes=pve1&resources=vm%3A100%2Cvm%3A101"));
	assert_int_equal(lab_task(&lab, AFF, APART), -1);
	assert_non_null(strstr(lab.err.msg, "pxc-acme-web"));
	assert_non_null(strstr(lab.err.msg, "restricted to less nodes"));
	assert_true(json_is_true(json_object_get(lab.result, "changed")));
	lab_must(&lab, "pxc_info", "{\"gather\":[\"affinity\"]}");
	assert_int_equal(
		json_array_size(json_object_get(
			json_array_get(json_object_get(lab.result, "affinity"), 0), "members")),
		2);
}

/* Without the right to change HA rules a group is one all the same, and who does not follow it is told. */
static void without_the_right(void **state)
{
	auto_lab struct lab lab;
	auto_free char *secret = NULL, *task = NULL;
	json_auto_t *token = NULL, *list = NULL;
	const char *warning;

	(void)state;
	lab_create(&lab, 6);
	lab_prepare(&lab);
	lab_must(&lab, "pxc_vm", TWO);
	json_decref(
		lab_ask(&lab, "POST", "/access/roles",
			"roleid=some&privs=Sys.Audit%2CVM.Audit%2CVM.Config.Options%2CPool.Audit%2C"
			"Pool.Allocate%2CGroup.Allocate%2CDatastore.Audit"));
	json_decref(lab_ask(&lab, "POST", "/access/users", "userid=few@pve"));
	json_decref(lab_ask(&lab, "PUT", "/access/acl", "path=/&roles=some&users=few@pve"));
	token = lab_ask(&lab, "POST", "/access/users/few@pve/token/tok", "privsep=0");
	secret = pxc_strdup(json_string_value(json_object_get(token, "value")));
	task = pxc_printf(
		"{\"project\":\"acme\",\"name\":\"web\",\"policy\":\"anti-affinity\",\"members\":[\"a\",\"b\"],"
		"\"api_token_secret\":\"%s\"}",
		secret);
	lab.token = "few@pve!tok";
	lab_must(&lab, AFF, task);
	warning = json_string_value(json_array_get(json_object_get(lab.result, "warnings"), 0));
	assert_non_null(warning);
	assert_non_null(strstr(warning, "PVE itself does not enforce it"));
	assert_non_null(strstr(warning, "Sys.Console on /"));
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(lab.result, "group"), "members")),
		2);
	list = lab_ask(&lab, "GET", "/cluster/ha/rules", NULL);
	assert_int_equal(json_array_size(list), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_sends_exactly_these_writes),
		cmocka_unit_test(killed_anywhere),
		cmocka_unit_test(a_fresh_cluster),
		cmocka_unit_test(a_project_goes),
		cmocka_unit_test(a_rule_that_pve_refuses),
		cmocka_unit_test(without_the_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
