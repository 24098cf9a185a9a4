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

/* A VM of acme by its VMID, name, groups in its block, the same as tags, and node. */
#define VM(vmid, name, ag, tags, node)                                                             \
	"{\"vmid\":" #vmid ",\"node\":\"" node "\",\"block\":{\"name\":\"" name "\"" ag            \
	"},\"config\":{\"tags\":\"pxc;stack-default" tags "\"}}"
#define AG(list) ",\"ag\":\"" list "\""
#define FREE(vmid, name, node) VM(vmid, name, "", "", node)
#define IN(vmid, name, group, node) VM(vmid, name, AG(group), ";pxc-ag-" group, node)

#define POOL(groups) "{\"pools\":{\"acme\":{\"groups\":{" groups "}}},"
#define THREE                                                                                      \
	"\"guests\":[" FREE(100, "a", "pve1") "," FREE(101, "b", "pve1") "," FREE(102, "c",        \
										  "pve2") "]"
#define APART3                                                                                     \
	"\"guests\":[" IN(100, "a", "web", "pve1") "," IN(101, "b", "web",                         \
							  "pve2") "," FREE(102, "c", "pve2") "]"
#define WEB "\"web\":\"anti-affinity\""
#define HA(vms, rules) ",\"ha\":{\"vms\":[" vms "],\"rules\":[" rules "]}"
#define RULE(name, vms, affinity, rest)                                                            \
	"{\"rule\":\"" name "\",\"type\":\"resource-affinity\",\"resources\":\"" vms               \
	"\",\"affinity\":\"" affinity "\"" rest "}"
#define NODE_RULE(name, vms, nodes, rest)                                                          \
	"{\"rule\":\"" name "\",\"type\":\"node-affinity\",\"resources\":\"" vms                   \
	"\",\"nodes\":\"" nodes "\"" rest "}"
#define OF(group) ",\"comment\":\"@acme/" group "\""
#define WAIT(n) "wait until the HA manager knows " #n " nodes; "

static const struct plan_row groups[] = {
	{ "a new one", "{}", "{\"name\":\"web\",\"policy\":\"anti-affinity\"}",
	  "define group web" },
	{ "several in one write", "{}",
	  "{\"groups\":[{\"name\":\"web\",\"policy\":\"affinity\"},{\"name\":\"db\",\"policy\":\"nodes\",\"nodes\":[\"pve1\"]}]}",
	  "define group web, define group db" },
	{ "that is there", POOL(WEB) "\"guests\":[]}",
	  "{\"name\":\"web\",\"policy\":\"anti-affinity\"}", "" },
	{ "named no more than by its name", POOL(WEB) "\"guests\":[]}", "{\"name\":\"web\"}", "" },
	{ "another policy", POOL(WEB) "\"guests\":[]}",
	  "{\"name\":\"web\",\"policy\":\"soft-anti-affinity\"}", "change group web" },
	{ "nodes in another order are the same",
	  POOL("\"ssd\":\"nodes,pve1,pve2/2\"") "\"guests\":[]}",
	  "{\"name\":\"ssd\",\"nodes\":[\"pve2:2\",\"pve1\"]}", "" },
	{ "other priorities are not", POOL("\"ssd\":\"nodes,pve1,pve2/2\"") "\"guests\":[]}",
	  "{\"name\":\"ssd\",\"nodes\":[\"pve2:3\",\"pve1\"]}", "change group ssd" },
	{ "nodes go with the policy", POOL("\"ssd\":\"nodes,pve1\"") "\"guests\":[]}",
	  "{\"name\":\"ssd\",\"policy\":\"affinity\"}", "change group ssd" },
	{ "a description", POOL(WEB) "\"guests\":[]}",
	  "{\"name\":\"web\",\"description\":\"shop, front\"}", "change group web" },
	{ "no policy", "{}", "{\"name\":\"web\"}",
	  "!affinity group acme/web does not exist yet: give a policy" },
	{ "no project", "{}", "{\"project\":\"beta\",\"name\":\"web\",\"policy\":\"affinity\"}",
	  "!affinity group beta/web: there is no project beta: make it with pxc_project first" },
	{ "no nodes", "{}", "{\"name\":\"web\",\"policy\":\"nodes\"}",
	  "!affinity group acme/web: policy nodes needs nodes" },
	{ "nodes too many", "{}", "{\"name\":\"web\",\"policy\":\"affinity\",\"nodes\":[\"pve1\"]}",
	  "!affinity group acme/web: nodes go with the policies nodes and soft-nodes, not with affinity" },
	{ "an unknown node", "{}", "{\"name\":\"web\",\"policy\":\"nodes\",\"nodes\":[\"pve9\"]}",
	  "!affinity group acme/web: there is no node pve9 in cluster lab" },
	{ "a node that is none", "{}",
	  "{\"name\":\"web\",\"policy\":\"nodes\",\"nodes\":[\"pve1:x\"]}",
	  "!affinity group acme/web: nodes: \"pve1:x\" is no node, *" },
	{ "a node twice", "{}",
	  "{\"name\":\"web\",\"policy\":\"nodes\",\"nodes\":[\"pve1\",\"pve1:2\"]}",
	  "!affinity group acme/web: nodes: pve1 is named twice" },
	{ "a bad name", "{}", "{\"name\":\"Web_1\",\"policy\":\"affinity\"}",
	  "!affinity group acme/Web_1: a group's name begins with a letter *" },
	{ "twice in one task", "{}",
	  "{\"groups\":[{\"name\":\"web\",\"policy\":\"affinity\"},{\"name\":\"web\",\"policy\":\"affinity\"}]}",
	  "!affinity group acme/web is named twice in this task" },
	{ "one of a newer writer", POOL("\"web\":\"racks\"") "\"guests\":[]}",
	  "{\"name\":\"web\",\"policy\":\"affinity\"}",
	  "!affinity group acme/web: it is there, but what it says cannot be read (racks): *" },
	{ "above the quota",
	  "{\"pools\":{\"acme\":{\"quota\":{\"affinity_groups\":1},\"groups\":{" WEB "}}}}",
	  "{\"name\":\"db\",\"policy\":\"affinity\"}",
	  "!project acme: quota: affinity_groups used 1 + asked 1 > limit 1" },
};

static const struct plan_row members[] = {
	{ "join with the definition", "{" THREE "}",
	  "{\"name\":\"web\",\"policy\":\"anti-affinity\",\"members\":[\"a\",\"c\"]}",
	  "define group web / VM 100 (a): join web; VM 102 (c): join web" },
	{ "are there", POOL(WEB) APART3 "}", "{\"name\":\"web\",\"members\":[\"b\",\"a\"]}", "" },
	{ "exactly these", POOL(WEB) APART3 "}", "{\"name\":\"web\",\"members\":[\"a\",\"c\"]}",
	  "VM 101 (b): leave web; VM 102 (c): join web" },
	{ "these, too", POOL(WEB) APART3 "}",
	  "{\"name\":\"web\",\"members\":[\"c\"],\"members_mode\":\"add\"}",
	  "VM 102 (c): join web" },
	{ "no more", POOL(WEB) APART3 "}",
	  "{\"name\":\"web\",\"members\":[\"a\",\"c\",\"gone\"],\"members_mode\":\"remove\"}",
	  "VM 100 (a): leave web" },
	{ "none at all", POOL(WEB) APART3 "}", "{\"name\":\"web\",\"members\":[]}",
	  "VM 100 (a): leave web; VM 101 (b): leave web" },
	{ "one write for two groups", "{" THREE "}",
	  "{\"groups\":[{\"name\":\"web\",\"policy\":\"soft-affinity\",\"members\":[\"a\"]},"
	  "{\"name\":\"db\",\"policy\":\"soft-affinity\",\"members\":[\"a\",\"b\"]}]}",
	  "define group web, define group db / VM 100 (a): join web, join db; VM 101 (b): join db" },
	{ "of another stack",
	  "{\"guests\":[" VM(100, "a", ",\"stack\":\"x\"", "",
			     "pve1") "," VM(101, "a", ",\"stack\":\"y\"", "", "pve1") "]}",
	  "{\"name\":\"web\",\"policy\":\"affinity\",\"members\":[\"y/a\"]}",
	  "define group web / VM 101 (a): join web" },
	{ "of either stack",
	  "{\"guests\":[" VM(100, "a", ",\"stack\":\"x\"", "",
			     "pve1") "," VM(101, "a", ",\"stack\":\"y\"", "", "pve1") "]}",
	  "{\"name\":\"web\",\"policy\":\"affinity\",\"members\":[\"a\"]}",
	  "!affinity group acme/web: members: there are two VMs a: name x/a or y/a" },
	{ "unknown", "{" THREE "}",
	  "{\"name\":\"web\",\"policy\":\"affinity\",\"members\":[\"z\"]}",
	  "!affinity group acme/web: members: there is no VM z in project acme: make it with pxc_vm first" },
	{ "somebody else's guest", "{\"guests\":[{\"vmid\":100,\"name\":\"z\",\"pool\":\"acme\"}]}",
	  "{\"name\":\"web\",\"policy\":\"affinity\",\"members\":[\"z\"]}",
	  "!affinity group acme/web: members: guest 100 (z) is no VM of project acme: pxc_vm did not make it" },
	{ "not readable",
	  "{\"guests\":[{\"vmid\":100,\"name\":\"z\",\"pool\":\"acme\",\"block\":{},\"problem\":\"its node is offline\"}]}",
	  "{\"name\":\"web\",\"policy\":\"affinity\",\"members\":[\"z\"]}",
	  "!affinity group acme/web: members: guest 100 (z) cannot be read: its node is offline" },
	{ "a lost tag is put back",
	  POOL(WEB) "\"guests\":[" VM(100, "a", AG("web"), "", "pve1") "]}", "{\"name\":\"web\"}",
	  "VM 100 (a): put the tags of its groups right" },
	{ "a tag that nothing stands behind goes",
	  POOL(WEB) "\"guests\":[" VM(100, "a", "", ";pxc-ag-web", "pve1") "]}",
	  "{\"name\":\"web\"}", "VM 100 (a): put the tags of its groups right" },
	{ "nobody else's tags are touched",
	  POOL(WEB ",\"db\":\"affinity\"") "\"guests\":[" VM(100, "a", "", ";pxc-ag-web",
							     "pve1") "]}",
	  "{\"name\":\"db\"}", "" },
};

static const struct plan_row removal[] = {
	{ "not while it has members", POOL(WEB) APART3 "}",
	  "{\"name\":\"web\",\"state\":\"absent\"}",
	  "!affinity group acme/web still has members: 100 (a), 101 (b); take them out first, or set purge: members to have that done" },
	{ "with its members", POOL(WEB) APART3 "}",
	  "{\"name\":\"web\",\"state\":\"absent\",\"purge\":\"members\"}",
	  "VM 100 (a): leave web; VM 101 (b): leave web / remove group web" },
	{ "without any", POOL(WEB) THREE "}", "{\"name\":\"web\",\"state\":\"absent\"}",
	  "remove group web" },
	{ "that is gone", POOL(WEB) THREE "}", "{\"name\":\"db\",\"state\":\"absent\"}", "" },
	{ "of a project that is gone", "{}",
	  "{\"project\":\"beta\",\"name\":\"db\",\"state\":\"absent\"}", "" },
	{ "what a run that was cut off has left", "{" APART3 "}",
	  "{\"name\":\"web\",\"state\":\"absent\",\"purge\":\"members\"}",
	  "VM 100 (a): leave web; VM 101 (b): leave web" },
	{ "one comes, one goes", POOL(WEB) APART3 "}",
	  "{\"groups\":[{\"name\":\"web\",\"state\":\"absent\",\"purge\":\"members\"},"
	  "{\"name\":\"db\",\"policy\":\"affinity\",\"members\":[\"a\",\"b\"]}]}",
	  "define group db / VM 100 (a): join db, leave web; VM 101 (b): join db, leave web / remove group web" },
	{ "with its rule",
	  POOL(WEB) APART3 HA("100,101",
			      RULE("pxc-acme-web", "vm:100,vm:101", "negative", OF("web"))) "}",
	  "{\"name\":\"web\",\"state\":\"absent\",\"purge\":\"members\"}",
	  "remove HA rule pxc-acme-web of group acme/web; VM 100 (a): leave web; VM 101 (b): leave web / remove group web" },
	{ "a rule that a run which was cut off has left",
	  "{" THREE HA("100,101", RULE("pxc-acme-web", "vm:100,vm:101", "negative", OF("web"))) "}",
	  "{\"name\":\"web\",\"state\":\"absent\"}",
	  "remove HA rule pxc-acme-web of group acme/web" },
};

static const struct plan_row refused[] = {
	{ "more than nodes",
	  "{\"guests\":[" FREE(100, "a", "pve1") "," FREE(101, "b", "pve1") "," FREE(
		  102, "c", "pve1") "," FREE(103, "d", "pve1") "]}",
	  "{\"name\":\"web\",\"policy\":\"anti-affinity\",\"members\":[\"a\",\"b\",\"c\",\"d\"]}",
	  "!group acme/web: its 4 members are to be on different nodes, and there are no more than pve1, pve2 and pve3" },
	{ "a node in maintenance takes none", "{" THREE ",\"ha\":{\"maintenance\":[\"pve3\"]}}",
	  "{\"name\":\"web\",\"policy\":\"anti-affinity\",\"members\":[\"a\",\"b\",\"c\"]}",
	  "!group acme/web: its 3 members are to be on different nodes, and there are no more than pve1 and pve2" },
	{ "but a group that is there stays as it is",
	  POOL(WEB) APART3 ",\"nodes\":{\"pve1\":{},\"pve2\":{\"online\":0}}}",
	  "{\"name\":\"web\",\"members\":[\"a\",\"b\"]}", "" },
	{ "soft ones take more", "{\"nodes\":{\"pve1\":{}}," THREE "}",
	  "{\"name\":\"web\",\"policy\":\"soft-anti-affinity\",\"members\":[\"a\",\"b\",\"c\"]}",
	  "define group web / *" },
	{ "two on one node by their node set",
	  POOL("\"ssd\":\"nodes,pve1\"") "\"guests\":[" IN(100, "a", "ssd", "pve1") "," IN(
		  101, "b", "ssd", "pve1") "]}",
	  "{\"name\":\"web\",\"policy\":\"anti-affinity\",\"members\":[\"a\",\"b\"]}",
	  "!group acme/web: its members cannot all be on different nodes: VM 101 (b) may only be on pve1 (group acme/ssd)" },
	{ "seats are changed where that helps",
	  POOL("\"ssd\":\"nodes,pve1\"") "\"guests\":[" FREE(100, "a", "pve1") "," IN(
		  101, "b", "ssd", "pve1") "]}",
	  "{\"name\":\"web\",\"policy\":\"anti-affinity\",\"members\":[\"a\",\"b\"]}",
	  "define group web / *" },
	{ "the other way round, by a node set that comes", POOL(WEB) APART3 "}",
	  "{\"name\":\"ssd\",\"policy\":\"nodes\",\"nodes\":[\"pve1\"],\"members\":[\"a\",\"b\"]}",
	  "!group acme/web: its members cannot all be on different nodes: VM 101 (b) may only be on pve1 (group acme/ssd)" },
	{ "together and apart", POOL(WEB) APART3 "}",
	  "{\"name\":\"near\",\"policy\":\"affinity\",\"members\":[\"a\",\"b\"]}",
	  "!group acme/near and group acme/web contradict each other: VMs 100 (a) and 101 (b) are to be together and apart" },
	{ "by a chain",
	  POOL(WEB ",\"one\":\"affinity\"") "\"guests\":[" VM(
		  100, "a", AG("one,web"), ";pxc-ag-one;pxc-ag-web",
		  "pve1") "," IN(101, "b", "web", "pve2") "," IN(102, "c", "one", "pve1") "]}",
	  "{\"name\":\"two\",\"policy\":\"affinity\",\"members\":[\"b\",\"c\"]}",
	  "!group acme/one and group acme/web contradict each other: VMs 100 (a) and 101 (b) are to be together and apart" },
	{ "with a rule of PVE",
	  "{" THREE HA("100,101", RULE("far", "vm:100,vm:101", "negative", "")) "}",
	  "{\"name\":\"near\",\"policy\":\"affinity\",\"members\":[\"a\",\"b\"]}",
	  "!group acme/near and HA rule far contradict each other: VMs 100 (a) and 101 (b) are to be together and apart" },
	{ "not with the group's own rule, which follows",
	  POOL(WEB) APART3 HA("100,101",
			      RULE("pxc-acme-web", "vm:100,vm:101", "negative", OF("web"))) "}",
	  "{\"name\":\"web\",\"policy\":\"affinity\"}",
	  "change group web / change HA rule pxc-acme-web of group acme/web: vm:100,vm:101" },
	{ "soft ones contradict nobody", POOL(WEB) APART3 "}",
	  "{\"name\":\"near\",\"policy\":\"soft-affinity\",\"members\":[\"a\",\"b\"]}",
	  "define group near / *" },
	{ "together on no node",
	  POOL("\"p1\":\"nodes,pve1\",\"p2\":\"nodes,pve2\"") "\"guests\":[" IN(
		  100, "a", "p1", "pve1") "," IN(101, "b", "p2", "pve2") "]}",
	  "{\"name\":\"near\",\"policy\":\"affinity\",\"members\":[\"a\",\"b\"]}",
	  "!group acme/near: there is no node on which all members may be together: VM 100 (a) only on pve1 (group acme/p1), VM 101 (b) only on pve2 (group acme/p2)" },
	{ "nowhere to be",
	  POOL("\"p1\":\"nodes,pve1\"") "\"guests\":[" IN(100, "a", "p1", "pve1") "]}",
	  "{\"name\":\"p2\",\"policy\":\"nodes\",\"nodes\":[\"pve2\"],\"members\":[\"a\"]}",
	  "!VM 100 can be nowhere: group acme/p1 allows pve1, group acme/p2 allows pve2" },
	{ "what others contradict is not this task's business",
	  POOL(WEB ",\"near\":\"affinity\"") "\"guests\":[" VM(
		  100, "a", AG("near,web"), ";pxc-ag-near;pxc-ag-web",
		  "pve1") "," VM(101, "b", AG("near,web"), ";pxc-ag-near;pxc-ag-web",
				 "pve1") "," FREE(102, "c", "pve1") "]}",
	  "{\"name\":\"other\",\"policy\":\"anti-affinity\",\"members\":[\"c\"]}",
	  "define group other / VM 102 (c): join other" },
};

static const struct plan_row projection[] = {
	{ "two HA members make a rule", POOL(WEB) APART3 HA("100,101", "") "}",
	  "{\"name\":\"web\"}",
	  WAIT(2) "create HA rule pxc-acme-web of group acme/web: vm:100,vm:101" },
	{ "one does not", POOL(WEB) APART3 HA("100,102", "") "}", "{\"name\":\"web\"}", "" },
	{ "it is there",
	  POOL(WEB) APART3 HA("100,101",
			      RULE("pxc-acme-web", "vm:100,vm:101", "negative", OF("web"))) "}",
	  "{\"name\":\"web\"}", "" },
	{ "under any name",
	  POOL(WEB) APART3 HA("100,101", RULE("mine", "vm:100,vm:101", "negative", OF("web"))) "}",
	  "{\"name\":\"web\"}", "" },
	{ "a third joins",
	  POOL(WEB) APART3 HA("100,101,102",
			      RULE("pxc-acme-web", "vm:100,vm:101", "negative", OF("web"))) "}",
	  "{\"name\":\"web\",\"members\":[\"a\",\"b\",\"c\"]}",
	  "VM 102 (c): join web; " WAIT(
		  3) "change HA rule pxc-acme-web of group acme/web: vm:100,vm:101,vm:102" },
	{ "one leaves, and one is too few",
	  POOL(WEB) APART3 HA("100,101",
			      RULE("pxc-acme-web", "vm:100,vm:101", "negative", OF("web"))) "}",
	  "{\"name\":\"web\",\"members\":[\"a\"]}",
	  "VM 101 (b): leave web; remove HA rule pxc-acme-web of group acme/web" },
	{ "one is no HA resource any more",
	  POOL(WEB) APART3 HA("100", RULE("pxc-acme-web", "vm:100", "negative", OF("web"))) "}",
	  "{\"name\":\"web\"}", "remove HA rule pxc-acme-web of group acme/web" },
	{ "soft policies have none",
	  POOL(WEB) APART3 HA("100,101",
			      RULE("pxc-acme-web", "vm:100,vm:101", "negative", OF("web"))) "}",
	  "{\"name\":\"web\",\"policy\":\"soft-anti-affinity\"}",
	  "change group web / remove HA rule pxc-acme-web of group acme/web" },
	{ "one of another kind takes its place",
	  POOL(WEB) APART3 HA("100,101",
			      RULE("pxc-acme-web", "vm:100,vm:101", "negative", OF("web"))) "}",
	  "{\"name\":\"web\",\"policy\":\"nodes\",\"nodes\":[\"pve1:2\",\"pve2\"]}",
	  "change group web / remove HA rule pxc-acme-web of group acme/web; "
	  "create HA rule pxc-acme-web of group acme/web: vm:100,vm:101" },
	{ "somebody has switched it off",
	  POOL(WEB) APART3 HA("100,101", RULE("pxc-acme-web", "vm:100,vm:101", "negative",
					      OF("web") ",\"disable\":1")) "}",
	  "{\"name\":\"web\"}",
	  WAIT(2) "change HA rule pxc-acme-web of group acme/web: vm:100,vm:101" },
	{ "nodes, of one HA member",
	  POOL("\"ssd\":\"nodes,pve1/2,pve2\"") "\"guests\":[" IN(100, "a", "ssd",
								  "pve1") "]" HA("100", "") "}",
	  "{\"name\":\"ssd\"}", "create HA rule pxc-acme-ssd of group acme/ssd: vm:100" },
	{ "nodes that have changed",
	  POOL("\"ssd\":\"soft-nodes,pve1/2,pve2\"") "\"guests\":[" IN(
		  100, "a", "ssd", "pve1") "]" HA("100", NODE_RULE("pxc-acme-ssd", "vm:100",
								   "pve1,pve2", OF("ssd"))) "}",
	  "{\"name\":\"ssd\"}", "change HA rule pxc-acme-ssd of group acme/ssd: vm:100" },
	{ "nodes of which PVE says more than it was told",
	  POOL("\"ssd\":\"nodes,pve1/2,pve2\"") "\"guests\":[" IN(100, "a", "ssd", "pve1") "]" HA(
		  "100", NODE_RULE("pxc-acme-ssd", "vm:100", "pve2,pve1:2",
				   OF("ssd") ",\"strict\":1")) "}",
	  "{\"name\":\"ssd\"}", "" },
	{ "a member is in a rule of nodes already",
	  POOL("\"ssd\":\"nodes,pve1\"") "\"guests\":[" IN(100, "a", "ssd", "pve1") "]" HA(
		  "100", NODE_RULE("theirs", "vm:100", "pve1,pve2", "")) "}",
	  "{\"name\":\"ssd\"}",
	  " | group acme/ssd: PVE itself does not enforce it: VM 100 is in HA rule theirs already, and PVE takes one rule of nodes for each VM" },
	{ "or in another group",
	  POOL("\"s1\":\"nodes,pve1\",\"s2\":\"nodes,pve1,pve2\"") "\"guests\":[" VM(
		  100, "a", AG("s1,s2"), ";pxc-ag-s1;pxc-ag-s2", "pve1") "]" HA("100", "") "}",
	  "{\"groups\":[{\"name\":\"s2\"},{\"name\":\"s1\"}]}",
	  "create HA rule pxc-acme-s1 of group acme/s1: vm:100 | group acme/s2: PVE itself does not enforce it: VM 100 is in group acme/s1, too, *" },
	{ "a rule that loses goes before one that gets",
	  POOL("\"s1\":\"nodes,pve1\",\"s2\":\"nodes,pve2\"") "\"guests\":[" IN(
		  100, "a", "s1", "pve1") "]" HA("100", NODE_RULE("pxc-acme-s1", "vm:100", "pve1",
								  OF("s1") ",\"strict\":1")) "}",
	  "{\"groups\":[{\"name\":\"s2\",\"members\":[\"a\"]},{\"name\":\"s1\",\"members\":[]}]}",
	  "remove HA rule pxc-acme-s1 of group acme/s1 / VM 100 (a): join s2, leave s1; "
	  "create HA rule pxc-acme-s2 of group acme/s2: vm:100" },
	{ "no right", POOL(WEB) APART3 HA("100,101", "") ",\"may\":false}", "{\"name\":\"web\"}",
	  " | group acme/web: PVE itself does not enforce it as it is now: the API user needs the privilege Sys.Console on / to change HA rules" },
	{ "no right, and none needed",
	  POOL(WEB) APART3 HA("100,101", RULE("pxc-acme-web", "vm:100,vm:101", "negative",
					      OF("web"))) ",\"may\":false}",
	  "{\"name\":\"web\"}", "" },
	{ "PVE 8", POOL(WEB) APART3 ",\"ha\":{\"vms\":[100,101],\"pve8\":true}}",
	  "{\"name\":\"web\"}", "" },
	{ "one that PVE does not follow",
	  POOL(WEB) APART3 HA("100,101",
			      RULE("pxc-acme-web", "vm:100,vm:101", "negative",
				   OF("web") ",\"errors\":{\"resources\":[\"too many\"]}")) "}",
	  "{\"name\":\"web\"}",
	  " | group acme/web: PVE does not follow its HA rule pxc-acme-web: too many" },
	{ "its name is taken",
	  POOL(WEB) APART3 HA("100,101", RULE("pxc-acme-web", "vm:100,vm:102", "negative", "")) "}",
	  "{\"name\":\"web\"}",
	  WAIT(2) "create HA rule pxc-acme-web-???????? of group acme/web: vm:100,vm:101" },
	{ "two groups that would be called alike",
	  "{\"pools\":{\"acme\":{\"groups\":{\"web-x\":\"anti-affinity\"}},\"acme-web\":{\"groups\":{\"x1\":\"affinity\"}}},"
	  "\"guests\":[" IN(100, "a", "web-x", "pve1") "," IN(101, "b", "web-x",
							      "pve1") "]" HA("100,101", "") "}",
	  "{\"name\":\"web-x\"}",
	  WAIT(2) "create HA rule pxc-acme-web-x of group acme/web-x: vm:100,vm:101" },
};

static bool fits(const char *pattern, const char *got)
{
	/* ? stands for one character. */
	if (*pattern == '?' && *got)
		return fits(pattern + 1, got + 1);
	if (*pattern == '*')
		return fits(pattern + 1, got) || (*got && fits(pattern, got + 1));
	return *pattern == *got && (!*got || fits(pattern + 1, got + 1));
}

static void check_rows(const struct plan_row *rows, size_t n)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		auto_world struct test_world w;
		auto_free char *got = NULL;

		test_world_create(&w, rows[i].world);
		got = plan_phases("pxc_affinity", rows[i].task, &w);
		if (fits(rows[i].plan, got))
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", rows[i].name, rows[i].plan, got);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void definitions(void **state)
{
	(void)state;
	check_rows(groups, ARRAY_SIZE(groups));
}

static void who_is_in(void **state)
{
	(void)state;
	check_rows(members, ARRAY_SIZE(members));
}

static void how_they_go(void **state)
{
	(void)state;
	check_rows(removal, ARRAY_SIZE(removal));
}

static void what_cannot_be(void **state)
{
	(void)state;
	check_rows(refused, ARRAY_SIZE(refused));
}

static void rules_of_pve(void **state)
{
	(void)state;
	check_rows(projection, ARRAY_SIZE(projection));
}

/* What is sent: the whole block and all tags of a VM, what a rule says. */
static void arguments(void **state)
{
	static const struct {
		const char *name, *world, *task;
		size_t plan, step;
		const char *key, *value;
	} rows[] = {
		{ "tags", POOL(WEB) APART3 "}",
		  "{\"name\":\"web\",\"members\":[\"c\"],\"members_mode\":\"add\"}", 0, 0, "tags",
		  "pxc;stack-default;pxc-ag-web" },
		{ "digest", POOL(WEB) APART3 "}",
		  "{\"name\":\"web\",\"members\":[\"c\"],\"members_mode\":\"add\"}", 0, 0, "digest",
		  "d1" },
		{ "block", POOL(WEB) APART3 "}",
		  "{\"name\":\"web\",\"members\":[\"c\"],\"members_mode\":\"add\"}", 0, 0,
		  "description", "*\nr=2\nag=web\n*\nby=tester\n*" },
		{ "token", POOL(WEB) APART3 "}",
		  "{\"name\":\"ssd\",\"policy\":\"soft-nodes\",\"nodes\":[\"pve2:2\",\"pve1\"]}", 1,
		  0, "comment",
		  "[pxc/1 t=project * ag.web=anti-affinity ag.ssd=soft-nodes,pve1,pve2/2 r=1 *" },
		{ "nodes of a rule",
		  POOL("\"ssd\":\"nodes,pve1/2,pve2\"") "\"guests\":[" IN(
			  100, "a", "ssd", "pve1") "]" HA("100", "") "}",
		  "{\"name\":\"ssd\"}", 0, 0, "nodes", "pve1:2,pve2" },
		{ "comment of a rule",
		  POOL("\"ssd\":\"nodes,pve1/2,pve2\"") "\"guests\":[" IN(
			  100, "a", "ssd", "pve1") "]" HA("100", "") "}",
		  "{\"name\":\"ssd\"}", 0, 0, "comment",
		  "group acme/ssd of pxcloud.pve [pxc/1 t=affinity id=ha.pxc-acme-ssd c=???????? project=acme n=ssd s=????????????????]" },
		{ "kind of a rule", POOL(WEB) APART3 HA("100,101", "") "}", "{\"name\":\"web\"}", 0,
		  1, "affinity", "negative" },
		{ "type of a rule", POOL(WEB) APART3 HA("100,101", "") "}", "{\"name\":\"web\"}", 0,
		  1, "type", "resource-affinity" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_world struct test_world w;
		json_auto_t *args = NULL;
		const char *is;

		test_world_create(&w, rows[i].world);
		args = plan_step("pxc_affinity", rows[i].task, &w, rows[i].plan, rows[i].step);
		is = json_string_value(json_object_get(args, rows[i].key));
		if (!is || !fits(rows[i].value, is))
			fail_msg("%s: %s", rows[i].name, is ? is : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definitions),  cmocka_unit_test(who_is_in),
		cmocka_unit_test(how_they_go),  cmocka_unit_test(what_cannot_be),
		cmocka_unit_test(rules_of_pve), cmocka_unit_test(arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
