/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A VM that is there goes to a named node, or it is said what stands in its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/plan.h"

#define GUEST(rest) "{\"vmid\":100,\"block\":{\"name\":\"web\"}" rest "}"
#define HAVE(rest) "{\"guests\":[" GUEST(rest) "]}"
#define HAVE_AND(rest, more) "{\"guests\":[" GUEST(rest) "," more "]}"
#define SAYS(pre) ",\"migration\":{" pre "}"
#define RUNS ",\"status\":\"running\""
#define HA ",\"ha\":\"started\""
#define TO(more) "{\"name\":\"web\",\"node\":\"pve2\"" more "}"
#define NOT(why) "\"not_allowed_nodes\":{\"pve2\":{" why "},\"pve3\":{}}"
#define DISK(rest) "\"local_disks\":[{\"volid\":\"local:100/a.raw\"" rest "}]"
#define REFUSED "!vm acme/web cannot move from pve1 to pve2: "
#define THROUGH_HA                                                                                                                \
	"wait until the HA manager rests; migrate from pve1 to pve2; wait for the HA manager; wait until it has left pve1; wait " \
	"until it has arrived"
#define OTHER(vmid, node, rest)                                                                    \
	"{\"vmid\":" #vmid ",\"name\":\"db-1\",\"node\":\"" node "\",\"raw\":\"\"" rest "}"
#define GROUPED(groups, rest, more)                                                                \
	"{\"pools\":{\"acme\":{\"groups\":{" groups                                                \
	"}}},\"guests\":[{\"vmid\":100,\"block\":{\"name\":\"web\",\"ag\":\"g\"},"                 \
	"\"config\":{\"tags\":\"pxc;stack-default;pxc-ag-g\"}" rest "}" more "]}"
#define PARTNER(node)                                                                              \
	",{\"vmid\":101,\"node\":\"" node                                                          \
	"\",\"block\":{\"name\":\"db\",\"ag\":\"g\"},\"config\":{\"tags\":\"pxc;stack-default;pxc-ag-g\"}}"

static const struct plan_row rows[] = {
	{ "it is there already", HAVE(",\"node\":\"pve2\"" SAYS("")), TO(""), "" },
	{ "one that is off", HAVE(SAYS(NOT(""))), TO(""), "migrate from pve1 to pve2" },
	{ "one that runs", HAVE(RUNS SAYS("")), TO(""), "migrate from pve1 to pve2" },
	{ "through the HA manager", HAVE(RUNS HA SAYS("")), TO(""), THROUGH_HA },
	{ "first, when the task puts it in HA", HAVE(RUNS SAYS("")), TO(",\"ha\":{}"),
	  "migrate from pve1 to pve2; make it highly available: *" },
	{ "without the manager, when it takes it out", HAVE(RUNS HA SAYS("")),
	  TO(",\"ha\":{\"enabled\":false}"), "take it out of HA; migrate from pve1 to pve2" },
	{ "with those that are kept with it",
	  HAVE_AND(RUNS HA SAYS("\"dependent-ha-resources\":[\"vm:101\"]"), OTHER(101, "pve1", HA)),
	  TO(""),
	  THROUGH_HA
	  " | vm acme/web: the HA manager moves VM 101 (db-1) along, since a rule keeps them together" },
	{ "its disks off, other storages there", HAVE(SAYS(DISK(",\"cdrom\":0,\"is_unused\":0"))),
	  TO(""), "migrate from pve1 to pve2" },
	{ "an unused disk", HAVE(RUNS SAYS(DISK(",\"is_unused\":1"))), TO(""),
	  "migrate from pve1 to pve2" },

	/* refused */
	{ "a local disk of one that runs", HAVE(RUNS SAYS(DISK(",\"cdrom\":0,\"is_unused\":0"))),
	  TO(""), REFUSED "its disk local:100/a.raw is on pve1 only" },
	{ "of one that the task starts", HAVE(SAYS(DISK(""))), TO(",\"power\":\"running\""),
	  REFUSED "its disk local:100/a.raw is on pve1 only" },
	{ "a medium of one that is off", HAVE(SAYS(DISK(",\"cdrom\":1"))), TO(""),
	  REFUSED "its drive holds local:100/a.raw, which is on pve1 only" },
	{ "a device", HAVE(SAYS("\"local_resources\":[\"hostpci0\",\"usb1\"]")), TO(""),
	  REFUSED "it uses devices of its node (hostpci0, usb1)" },
	{ "a mapped device while it runs",
	  HAVE(RUNS SAYS("\"mapped-resource-info\":{\"hostpci0\":{\"name\":\"gpu\"}}")), TO(""),
	  REFUSED "it uses a mapped device that cannot move live (hostpci0)" },
	{ "one that can",
	  HAVE(RUNS SAYS("\"mapped-resource-info\":{\"hostpci0\":{\"live-migration\":1}}")), TO(""),
	  "migrate from pve1 to pve2" },
	{ "or while it is off",
	  HAVE(SAYS("\"mapped-resource-info\":{\"hostpci0\":{\"name\":\"gpu\"}}")), TO(""),
	  "migrate from pve1 to pve2" },
	{ "a storage", HAVE(SAYS(NOT("\"unavailable_storages\":[\"fast\",\"nfs\"]"))), TO(""),
	  REFUSED "there is no storage fast, nfs" },
	{ "of another node",
	  HAVE(SAYS("\"not_allowed_nodes\":{\"pve3\":{\"unavailable_storages\":[\"x\"]}}")), TO(""),
	  "migrate from pve1 to pve2" },
	{ "a mapping", HAVE(SAYS(NOT("\"unavailable-resources\":[\"gpu\"]"))), TO(""),
	  REFUSED "nothing is mapped there for gpu" },
	{ "something new", HAVE(SAYS(NOT("\"later\":1"))), TO(""),
	  REFUSED "PVE refuses that node" },
	{ "somebody who is there",
	  HAVE_AND(
		  HA SAYS(NOT(
			  "\"blocking-ha-resources\":[{\"sid\":\"vm:101\",\"cause\":\"resource-affinity\"}]")),
		  OTHER(101, "pve2", HA)),
	  TO(""), REFUSED "an HA rule keeps it apart from VM 101 (db-1), which is there" },
	{ "its own rule",
	  HAVE(HA SAYS(NOT(
		  "\"blocking-ha-resources\":[{\"sid\":\"vm:100\",\"cause\":\"node-affinity\"}]"))),
	  TO(""), REFUSED "its HA rule allows other nodes only" },
	{ "a bridge",
	  "{\"bridges\":{\"pve2\":[\"vmbr0\"]},\"guests\":[" GUEST(
		  ",\"config\":{\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr7\"}" SAYS("")) "]}",
	  TO(""), REFUSED "there is no bridge vmbr7" },
	{ "maintenance",
	  "{\"ha\":{\"maintenance\":[\"pve2\"]},\"guests\":[" GUEST(HA SAYS("")) "]}", TO(""),
	  REFUSED "that node is in maintenance, and the HA manager keeps it empty" },
	{ "maintenance is the HA manager's business",
	  "{\"ha\":{\"maintenance\":[\"pve2\"]},\"guests\":[" GUEST(SAYS("")) "]}", TO(""),
	  "migrate from pve1 to pve2" },
	{ "a rule of HA for its nodes, which PVE does not look at",
	  "{\"ha\":{\"rules\":[{\"rule\":\"here\",\"type\":\"node-affinity\",\"strict\":1,\"nodes\":\"pve1,pve3:2\","
	  "\"resources\":\"vm:7,vm:100\"}]},\"guests\":[" GUEST(HA SAYS("")) "]}",
	  TO(""), REFUSED "HA rule here does not allow that node" },
	{ "one that is not strict",
	  "{\"ha\":{\"rules\":[{\"rule\":\"here\",\"type\":\"node-affinity\",\"nodes\":\"pve1\",\"resources\":\"vm:100\"}]},"
	  "\"guests\":[" GUEST(HA SAYS("")) "]}",
	  TO(""), THROUGH_HA },
	{ "one for others",
	  "{\"ha\":{\"rules\":[{\"rule\":\"here\",\"type\":\"node-affinity\",\"strict\":1,\"nodes\":\"pve1\",\"resources\":\"vm:7\"}]},"
	  "\"guests\":[" GUEST(HA SAYS("")) "]}",
	  TO(""), THROUGH_HA },
	{ "an error of the manager's",
	  "{\"ha\":{\"current\":[{\"type\":\"service\",\"sid\":\"vm:100\",\"crm_state\":\"fence\"}]},\"guests\":[" GUEST(
		  HA SAYS("")) "]}",
	  TO(""), REFUSED "the HA manager has it in state fence" },

	/* groups */
	{ "to a member that it is to be apart from",
	  GROUPED("\"g\":\"anti-affinity\"", SAYS(""), PARTNER("pve2")), TO(""),
	  REFUSED "pve2 has member 101 of rule acme/g" },
	{ "only better so", GROUPED("\"g\":\"soft-anti-affinity\"", SAYS(""), PARTNER("pve2")),
	  TO(""), "migrate from pve1 to pve2" },
	{ "away from one that it is to be with",
	  GROUPED("\"g\":\"affinity\"", SAYS(""), PARTNER("pve1")), TO(""),
	  REFUSED "pve2 does not have member 101 of rule acme/g" },
	{ "both by the same task", GROUPED("\"g\":\"affinity\"", SAYS(""), PARTNER("pve1")),
	  "{\"node\":\"pve2\",\"vms\":[{\"name\":\"web\"},{\"name\":\"db\"}]}",
	  "migrate from pve1 to pve2; migrate from pve1 to pve2" },
	{ "off its nodes", GROUPED("\"g\":\"nodes,pve1,pve3\"", SAYS(""), ""), TO(""),
	  REFUSED "pve2 is not among the nodes of group acme/g" },
	{ "off those where it should be", GROUPED("\"g\":\"soft-nodes,pve1\"", SAYS(""), ""),
	  TO(""), "migrate from pve1 to pve2" },
};

static void it_goes_or_says_why_not(void **state)
{
	(void)state;
	plan_rows("pxc_vm", rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_vm_that_runs_moves_live(void **state)
{
	auto_world struct test_world on, off;
	json_auto_t *live = NULL, *cold = NULL;

	(void)state;
	test_world_create(&on, HAVE(RUNS SAYS("")));
	test_world_create(&off, HAVE(SAYS("")));
	live = plan_step("pxc_vm", TO(""), &on, 0, 0);
	cold = plan_step("pxc_vm", TO(""), &off, 0, 0);
	assert_int_equal(json_integer_value(json_object_get(live, "online")), 1);
	assert_null(json_object_get(cold, "online"));
	assert_null(json_object_get(live, "with-local-disks"));
	assert_string_equal(json_string_value(json_object_get(live, "target")), "pve2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_or_says_why_not),
		cmocka_unit_test(a_vm_that_runs_moves_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
