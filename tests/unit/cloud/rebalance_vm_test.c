/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a snapshot to what the planner gets: loads, who cannot move and why, who may be where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/plan.h"
#include "lib/rebalance.h"

#define NODES "pve1 65536/16000 base 0/0; pve2 65536/16000 base 0/0; pve3 65536/16000 base 0/0; "
#define DRAIN1                                                                                     \
	"pve1 65536/16000 base 0/0 drain; pve2 65536/16000 base 0/0; pve3 65536/16000 base 0/0; "
/* A VM that runs on pve1 and uses 1000 MiB and half a core. */
#define VM(vmid, rest)                                                                             \
	"{\"vmid\":" #vmid ",\"name\":\"vm" #vmid                                                  \
	"\",\"status\":\"running\",\"used_mib\":1000,\"used_cpus\":0.5" rest "}"
#define ONE(rest) "{\"guests\":[" VM(100, rest) "]}"
#define WITH(rest) "{\"guests\":[" VM(100, "") "]," rest "}"
#define TAGS(tags) ",\"config\":{\"tags\":\"" tags "\"}"
#define RULE(rest) "\"ha\":{\"vms\":[100],\"rules\":[{\"rule\":\"r\"," rest "}]}"
#define ON(nodes, rest)                                                                            \
	RULE("\"type\":\"node-affinity\",\"resources\":\"vm:100\",\"nodes\":\"" nodes "\"" rest)

static const struct plan_row rows[] = {
	{ "nothing there", "{}", "{}", NODES },
	{ "free to go", ONE(""), "{}", NODES "100 pve1 1000/500; " },
	{ "what is not the guests' is the node's own",
	  "{\"nodes\":{\"pve1\":{\"used_mib\":3000}},\"guests\":[" VM(100, "") "]}", "{}",
	  "pve1 65536/16000 base 2000/0; 100 pve1 1000/500; " },
	{ "stopped guests, templates and holders of volumes are no load",
	  "{\"guests\":[{\"vmid\":100},{\"vmid\":101,\"template\":1},"
	  "{\"vmid\":900000,\"config\":{\"tags\":\"pxc-holder\"}}]}",
	  "{}", NODES },
	{ "stopped VMs leave drained nodes",
	  "{\"guests\":[{\"vmid\":100},{\"vmid\":101,\"template\":1},{\"vmid\":102,\"lxc\":1},"
	  "{\"vmid\":103,\"node\":\"pve2\"},{\"vmid\":900000,\"config\":{\"tags\":\"pxc-holder\"}}]}",
	  "{\"drain\":[\"pve1\"]}", DRAIN1 "100 pve1 0/0; " },
	{ "unless the task leaves them", "{\"guests\":[{\"vmid\":100}]}",
	  "{\"drain\":[\"pve1\"],\"drain_stopped\":false}", DRAIN1 },
	{ "containers stay", ONE(",\"lxc\":1"), "{}",
	  NODES "100 pve1 1000/500: it is a container, which cannot move while it runs; " },
	{ "locked", ONE(",\"lock\":\"backup\""), "{}",
	  NODES "100 pve1 1000/500: it is locked (backup); " },
	{ "not known", "{\"guests\":[{\"vmid\":100,\"status\":\"unknown\"}]}",
	  "{\"drain\":[\"pve1\"]}",
	  DRAIN1 "100 pve1 0/0: PVE does not know what it does (unknown); " },
	{ "by its tag", ONE(TAGS("x;PXC-nobalance")), "{}",
	  NODES "100 pve1 1000/500: it has the tag pxc-nobalance; " },
	{ "excluded by number", ONE(""), "{\"exclude\":{\"vms\":[\"100\"]}}",
	  NODES "100 pve1 1000/500: the task excludes it; " },
	{ "by name", ONE(""), "{\"exclude\":{\"vms\":[\"vm100\"]}}",
	  NODES "100 pve1 1000/500: the task excludes it; " },
	{ "by name and project", ONE(",\"pool\":\"acme\""),
	  "{\"exclude\":{\"vms\":[\"acme/vm100\"]}}",
	  NODES "100 pve1 1000/500: the task excludes it; " },
	{ "of another project, or of none", ONE(""), "{\"exclude\":{\"vms\":[\"acme/vm100\"]}}",
	  NODES "100 pve1 1000/500; " },
	{ "by project", ONE(",\"pool\":\"acme\""), "{\"exclude\":{\"projects\":[\"acme\"]}}",
	  NODES "100 pve1 1000/500: the task excludes project acme; " },
	{ "by a project that is not there", ONE(""), "{\"exclude\":{\"projects\":[\"beta\"]}}",
	  "!exclude: there is no project beta: *" },
	{ "by pool", ONE(",\"pool\":\"acme\""), "{\"exclude\":{\"pools\":[\"acme\"]}}",
	  NODES "100 pve1 1000/500: the task excludes pool acme; " },
	{ "by tag", ONE(TAGS("db")), "{\"exclude\":{\"tags\":[\"web\",\"db\"]}}",
	  NODES "100 pve1 1000/500: the task excludes tag db; " },
	{ "by its HA state", WITH("\"ha\":{\"vms\":[100],\"crm\":{\"100\":\"error\"}}"), "{}",
	  NODES "100 pve1 1000/500: the HA manager is at it (state error); " },
	{ "while the HA manager is disarmed", WITH("\"ha\":{\"vms\":[100],\"disarmed\":true}"),
	  "{}", NODES "100 pve1 1000/500: the HA manager is disarmed; " },
	{ "an HA guest moves", WITH("\"ha\":{\"vms\":[100]}"), "{}", NODES "100 pve1 1000/500; " },
	{ "unless PVE balances", WITH("\"ha\":{\"vms\":[100],\"crs\":true}"), "{}",
	  NODES
	  "100 pve1 1000/500: PVE's own balancer has the HA guests (crs ha-auto-rebalance); " },
	{ "but not that guest", WITH("\"ha\":{\"vms\":[100],\"crs\":true,\"manual\":[100]}"), "{}",
	  NODES "100 pve1 1000/500; " },
	{ "nor does it drain", WITH("\"ha\":{\"vms\":[100],\"crs\":true}"),
	  "{\"drain\":[\"pve1\"]}", DRAIN1 "100 pve1 1000/500; " },
	{ "two balancers", WITH("\"ha\":{\"crs\":true}"), "{\"with_crs\":\"own\"}",
	  "!with_crs: own is refused while PVE balances HA guests itself: *ha-auto-rebalance=0*" },
	{ "a node in maintenance is drained, and the HA manager sees to its own",
	  "{\"guests\":[" VM(100, "") "," VM(
		  101, "") "],"
			   "\"ha\":{\"vms\":[101],\"maintenance\":[\"pve1\"]}}",
	  "{}", DRAIN1 "100 pve1 1000/500; " },
	{ "just migrated", WITH("\"moved\":{\"100\":40}"), "{}",
	  NODES "100 pve1 1000/500: it has just been migrated (40 s ago, cool_down 300); " },
	{ "by a clock that is ahead", WITH("\"moved\":{\"100\":-5}"), "{}",
	  NODES "100 pve1 1000/500: it has just been migrated (0 s ago, cool_down 300); " },
	{ "long ago", WITH("\"moved\":{\"99\":1,\"100\":300}"), "{}", NODES "100 pve1 1000/500; " },
	{ "must go all the same", WITH("\"moved\":{\"100\":40}"), "{\"drain\":[\"pve1\"]}",
	  DRAIN1 "100 pve1 1000/500; " },
	{ "a disk on one node",
	  WITH("\"disks\":[{\"vmid\":100,\"storage\":\"local\",\"volid\":\"local:100/d.raw\",\"gib\":4}]"),
	  "{}",
	  NODES
	  "100 pve1 1000/500: it has a disk on one node only (local:100/d.raw; see with_local_disks) on pve1; " },
	{ "that may go along, to nodes with that storage",
	  WITH("\"disks\":[{\"vmid\":100,\"storage\":\"local\",\"volid\":\"local:100/d.raw\",\"gib\":4}]"),
	  "{\"with_local_disks\":true}", NODES "100 pve1 1000/500 on pve1 pve2 pve3; " },
	{ "which no other has",
	  WITH("\"disks\":[{\"vmid\":100,\"storage\":\"zfs\",\"volid\":\"zfs:d\",\"gib\":4}]"),
	  "{\"with_local_disks\":true}", NODES "100 pve1 1000/500 on pve1; " },
	{ "bound by a strict HA rule", WITH(ON("pve2,pve3", ",\"strict\":1")), "{}",
	  NODES "100 pve1 1000/500 on pve2 pve3; " },
	{ "a rule that is not strict is no reason to move", WITH(ON("pve2", "")), "{}",
	  NODES "100 pve1 1000/500 on pve1 pve2; " },
	{ "nor to stay on a drained node", WITH(ON("pve1", "")), "{\"drain\":[\"pve1\"]}",
	  DRAIN1 "100 pve1 1000/500 on pve1 pve2 pve3; " },
	{ "priorities of a strict one are left when all of the highest are drained",
	  WITH(ON("pve1:2,pve3:1", ",\"strict\":1")), "{\"drain\":[\"pve1\"]}",
	  DRAIN1 "100 pve1 1000/500 on pve1 pve3; " },
	{ "bound to nodes that are not looked at", WITH(ON("pve2", ",\"strict\":1")),
	  "{\"exclude_nodes\":[\"pve2\"]}",
	  "pve1 65536/16000 base 0/0; pve3 65536/16000 base 0/0; "
	  "100 pve1 1000/500: no node that is looked at may have it; " },
	{ "only some nodes", "{\"guests\":[" VM(100, "") "," VM(101, ",\"node\":\"pve3\"") "]}",
	  "{\"nodes\":[\"pve1\",\"pve2\"]}",
	  "pve1 65536/16000 base 0/0; pve2 65536/16000 base 0/0; 100 pve1 1000/500; " },
	{ "nodes that do not run are not looked at",
	  "{\"nodes\":{\"pve1\":{},\"pve2\":{\"online\":0}},\"guests\":[" VM(
		  100, ",\"node\":\"pve2\"") "]}",
	  "{}", "pve1 65536/16000 base 0/0; " },
	{ "a node that is not there", "{}", "{\"nodes\":[\"pve9\"]}",
	  "!nodes: there is no node pve9" },
	{ "nor to be drained", "{}", "{\"drain\":[\"pve9\"]}", "!drain: there is no node pve9" },
	{ "drained and left out", "{}", "{\"drain\":[\"pve1\"],\"exclude_nodes\":[\"pve1\"]}",
	  "!drain: node pve1 is offline, or left out by nodes or exclude_nodes" },
	{ "no node at all", "{}", "{\"exclude_nodes\":[\"pve1\",\"pve2\",\"pve3\"]}",
	  "!nodes and exclude_nodes leave no node that runs" },
	{ "no quorum", "{\"quorate\":0}", "{}", "!cluster * has no quorum: *" },
	{ "assigned memory and cores, of the over-commit",
	  ONE(",\"config\":{\"memory\":\"4096\",\"cores\":\"8\"}"), "{\"metric\":\"assigned\"}",
	  NODES "100 pve1 4096/2000; " },
	{ "the half hour", WITH("\"loads\":{\"100\":[2500,3]}"), "{\"metric\":\"p95\"}",
	  NODES "100 pve1 2500/3000; " },
	{ "which is not less than what it takes of the node", WITH("\"loads\":{\"100\":[900,3]}"),
	  "{\"metric\":\"p95\"}", NODES "100 pve1 1000/3000; " },
	{ "not known of a new guest", WITH("\"loads\":{\"99\":[900,3]}"), "{\"metric\":\"p95\"}",
	  NODES "100 pve1 1000/500; " },
};

static void snapshots_become_clusters(void **state)
{
	(void)state;
	plan_rows_with(rebalance_cluster_text, rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snapshots_become_clusters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
