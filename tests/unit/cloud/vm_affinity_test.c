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

/* A VM of acme by its VMID, name, what its block says besides, its tags besides, node and what else is to say. */
#define VM(vmid, name, block, tags, node, rest)                                                    \
	"{\"vmid\":" #vmid ",\"node\":\"" node "\",\"block\":{\"name\":\"" name "\"" block         \
	"},\"config\":{\"tags\":\"pxc;stack-default" tags "\"}" rest "}"
#define IN(vmid, name, group, node, rest)                                                          \
	VM(vmid, name, ",\"ag\":\"" group "\"", ";pxc-ag-" group, node, rest)
#define WORLD(groups, guests)                                                                      \
	"{\"pools\":{\"acme\":{\"groups\":{" groups "}}},\"guests\":[" guests "]"
#define WEB "\"web\":\"anti-affinity\""
#define HA ",\"ha\":\"started\""
#define HAS(rules) ",\"ha\":{\"rules\":[" rules "]}}"
#define RULE(vms)                                                                                  \
	"{\"rule\":\"pxc-acme-web\",\"type\":\"resource-affinity\",\"resources\":\"" vms           \
	"\",\"affinity\":\"negative\",\"comment\":\"@acme/web\"}"
#define NEW "\"cores\":1,\"memory\":512,\"power\":\"stopped\""
#define WAIT "wait until the HA manager knows 2 nodes; "

static const struct plan_row rows[] = {
	{ "an unknown group", WORLD(WEB, "") "}", "{\"name\":\"a\"," NEW ",\"affinity\":[\"db\"]}",
	  "!vm acme/a: affinity: project acme has no group db (there are web): make it with pxc_affinity first" },
	{ "no name of a group", WORLD(WEB, "") "}",
	  "{\"name\":\"a\"," NEW ",\"affinity\":[\"D B\"]}",
	  "!vm acme/a: affinity: \"D B\" is no name of an affinity group" },
	{ "a new VM goes where no member is",
	  WORLD(WEB, IN(100, "a", "web", "pve1", "") "," IN(101, "b", "web", "pve3", "")) "}",
	  "{\"name\":\"c\"," NEW ",\"affinity\":[\"web\"]}", "create VM 102 on pve2: *" },
	{ "two new ones, too", WORLD(WEB, IN(100, "a", "web", "pve2", "")) "}",
	  "{" NEW
	  ",\"affinity\":[\"web\"],\"vms\":[{\"name\":\"b\",\"node\":\"pve1\"},{\"name\":\"c\"}]}",
	  "create VM 101 on pve1: *; create VM 102 on pve3: *" },
	{ "more than nodes", WORLD(WEB, IN(100, "a", "web", "pve2", "")) "}",
	  "{" NEW
	  ",\"affinity\":[\"web\"],\"vms\":[{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"d\"}]}",
	  "!group acme/web: its 4 members are to be on different nodes, and there are no more than pve1, pve2 and pve3" },
	{ "together with who is there",
	  WORLD("\"near\":\"affinity\"", IN(100, "a", "near", "pve3", "")) "}",
	  "{\"name\":\"b\"," NEW ",\"affinity\":[\"near\"]}", "create VM 101 on pve3: *" },
	{ "on the nodes of the group", WORLD("\"ssd\":\"nodes,pve2/2,pve3\"", "") "}",
	  "{\"name\":\"b\"," NEW ",\"affinity\":[\"ssd\"]}", "create VM 100 on pve2: *" },
	{ "soft ones are spread, too, where one node is much emptier",
	  WORLD("\"web\":\"soft-anti-affinity\"",
		VM(100, "x", "", "", "pve2", ",\"config\":{\"memory\":\"16384\"}") "," VM(
			101, "y", "", "", "pve3", ",\"config\":{\"memory\":\"16384\"}")) "}",
	  "{" NEW
	  ",\"affinity\":[\"web\"],\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}",
	  "create VM 102 on pve1: *; create VM 103 on pve2: *; create VM 104 on pve3: *" },
	{ "and soft ones of a full group go somewhere",
	  WORLD("\"web\":\"soft-anti-affinity\"",
		IN(100, "x", "web", "pve1", "") "," IN(101, "y", "web", "pve2",
						       "") "," IN(102, "z", "web", "pve3", "")) "}",
	  "{\"name\":\"a\"," NEW ",\"affinity\":[\"web\"]}", "create VM 103 on pve*" },
	{ "one joins", WORLD(WEB, VM(100, "a", "", "", "pve1", "")) "}",
	  "{\"name\":\"a\",\"affinity\":[\"web\"]}",
	  "set tags=pxc;stack-default;pxc-ag-web, description" },
	{ "one is in it", WORLD(WEB, IN(100, "a", "web", "pve1", "")) "}",
	  "{\"name\":\"a\",\"affinity\":[\"web\"]}", "" },
	{ "not named, not touched", WORLD(WEB, IN(100, "a", "web", "pve1", "")) "}",
	  "{\"name\":\"a\"}", "" },
	{ "not even by exact tags", WORLD(WEB, IN(100, "a", "web", "pve1", "")) "}",
	  "{\"name\":\"a\",\"tags\":[],\"tags_mode\":\"exact\"}", "" },
	{ "a lost tag comes back", WORLD(WEB, VM(100, "a", ",\"ag\":\"web\"", "", "pve1", "")) "}",
	  "{\"name\":\"a\"}", "set tags=pxc;stack-default;pxc-ag-web" },
	{ "a tag without a group goes", WORLD(WEB, VM(100, "a", "", ";pxc-ag-web", "pve1", "")) "}",
	  "{\"name\":\"a\"}", "set tags=pxc;stack-default" },
	{ "all leave", WORLD(WEB, IN(100, "a", "web", "pve1", "")) "}",
	  "{\"name\":\"a\",\"affinity\":[]}", "set tags=pxc;stack-default, description" },
	{ "the order does not matter",
	  WORLD(WEB ",\"db\":\"soft-affinity\"",
		VM(100, "a", ",\"ag\":\"db,web\"", ";pxc-ag-web;pxc-ag-db", "pve1", "")) "}",
	  "{\"name\":\"a\",\"affinity\":[\"web\",\"db\",\"web\"]}", "" },
	{ "joining what is full",
	  WORLD(WEB, IN(100, "a", "web", "pve1", "") "," IN(101, "b", "web", "pve2", "") "," IN(
			     102, "c", "web", "pve3", "") "," VM(103, "d", "", "", "pve1", "")) "}",
	  "{\"name\":\"d\",\"affinity\":[\"web\"]}",
	  "!group acme/web: its 4 members are to be on different nodes, *" },
	{ "one goes, so there is room",
	  WORLD(WEB, IN(100, "a", "web", "pve1", "") "," IN(101, "b", "web", "pve2", "") "," IN(
			     102, "c", "web", "pve3", "") "," VM(103, "d", "", "", "pve1", "")) "}",
	  "{\"vms\":[{\"name\":\"a\",\"state\":\"absent\"},{\"name\":\"d\",\"affinity\":[\"web\"]}]}",
	  "delete *; set tags=pxc;stack-default;pxc-ag-web, description" },
	{ "together and apart",
	  WORLD(WEB ",\"near\":\"affinity\"",
		IN(100, "a", "web", "pve1", "") "," IN(101, "b", "web", "pve2", "")) "}",
	  "{\"affinity\":[\"near\",\"web\"],\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "!group acme/near and group acme/web contradict each other: VMs 100 (a) and 101 (b) are to be together and apart" },
	{ "a rule that is missing is made",
	  WORLD(WEB, IN(100, "a", "web", "pve1", HA) "," IN(101, "b", "web", "pve2", HA)) HAS(""),
	  "{\"name\":\"a\"}", WAIT "create HA rule pxc-acme-web of group acme/web: vm:100,vm:101" },
	{ "for VMs of that group only",
	  WORLD(WEB, IN(100, "a", "web", "pve1", HA) "," IN(101, "b", "web", "pve2", HA) "," VM(
			     102, "c", "", "", "pve2", "")) HAS(""),
	  "{\"name\":\"c\"}", "" },
	{ "who joins is in no rule before it has joined",
	  WORLD(WEB, IN(100, "a", "web", "pve1", HA) "," VM(101, "b", "", "", "pve2", HA)) HAS(""),
	  "{\"name\":\"b\",\"affinity\":[\"web\"]}",
	  "set tags=pxc;stack-default;pxc-ag-web, description" },
	{ "but then",
	  WORLD(WEB, IN(100, "a", "web", "pve1", HA) "," IN(101, "b", "web", "pve2", HA)) HAS(""),
	  "{\"name\":\"b\",\"affinity\":[\"web\"]}",
	  WAIT "create HA rule pxc-acme-web of group acme/web: vm:100,vm:101" },
	{ "who has left is in none any more",
	  WORLD(WEB, IN(100, "a", "web", "pve1", HA) "," VM(101, "b", "", "", "pve2", HA))
		  HAS(RULE("vm:100,vm:101")),
	  "{\"name\":\"b\",\"affinity\":[]}", "remove HA rule pxc-acme-web of group acme/web" },
	{ "who is gone has left", WORLD(WEB, IN(100, "a", "web", "pve1", HA)) HAS(RULE("vm:100")),
	  "{\"name\":\"b\",\"state\":\"absent\"}",
	  "remove HA rule pxc-acme-web of group acme/web" },
	{ "no right",
	  WORLD(WEB, IN(100, "a", "web", "pve1", HA) "," IN(101, "b", "web", "pve2",
							    HA)) ",\"ha\":{\"denied\":true}}",
	  "{\"name\":\"a\"}",
	  " | group acme/web: PVE itself does not enforce it as it is now: the API user needs the privilege Sys.Console on / to change HA rules" },
};

static void groups_of_vms(void **state)
{
	(void)state;
	plan_rows("pxc_vm", rows, ARRAY_SIZE(rows));
}

/* A step that lets a VM join says which lock it needs: a group must not go meanwhile. */
static void joining_is_locked(void **state)
{
	auto_world struct test_world w;
	json_auto_t *args = NULL;

	(void)state;
	test_world_create(&w, WORLD(WEB, VM(100, "a", "", "", "pve1", "")) "}");
	args = plan_step("pxc_vm", "{\"name\":\"a\",\"affinity\":[\"web\"]}", &w, 0, 0);
	assert_string_equal(json_string_value(json_array_get(json_object_get(args, "_locks"), 0)),
			    "project.acme");
	assert_true(
		plan_fits("*\nag=web\n*", json_string_value(json_object_get(args, "description"))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_of_vms),
		cmocka_unit_test(joining_is_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
