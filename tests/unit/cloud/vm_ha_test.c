/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/plan.h"

#define HAVE(rest) "{\"guests\":[{\"vmid\":100,\"block\":{\"name\":\"web\"}" rest "}]}"
#define HAVE_AND(rest, more)                                                                       \
	"{\"guests\":[{\"vmid\":100,\"block\":{\"name\":\"web\"}" rest "}]," more "}"
#define RUNS ",\"status\":\"running\""
#define HA(row) ",\"ha\":{" row "}"
#define TASK(ha) "{\"name\":\"web\",\"ha\":{" ha "}}"
#define AND(ha, more) "{\"name\":\"web\",\"ha\":{" ha "}," more "}"
#define NEW(more) "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"disk_size\":4" more "}"
#define CONFIG(config) ",\"config\":{" config "}"
#define ELSEWHERE ": no other node could start it"

static const struct plan_row rows[] = {
	/* in and out */
	{ "a stopped one", HAVE(""), TASK(""), "make it highly available: state=stopped, comment" },
	{ "one that runs", HAVE(RUNS), TASK(""),
	  "make it highly available: state=started, comment" },
	{ "with all that can be said", HAVE(RUNS),
	  TASK("\"max_restart\":3,\"max_relocate\":0,\"failback\":false,\"auto_rebalance\":false"),
	  "make it highly available: state=started, max_restart=3, max_relocate=0, failback=0, "
	  "auto-rebalance=0, comment" },
	{ "started by the same task", HAVE(""), AND("", "\"power\":\"running\""),
	  "start; make it highly available: state=started, comment" },
	{ "stopped by the same task", HAVE(RUNS), AND("", "\"power\":\"stopped\""),
	  "shut down within 180 s; make it highly available: state=stopped, comment" },
	{ "taken out", HAVE(RUNS HA("\"state\":\"started\"")), TASK("\"enabled\":false"),
	  "take it out of HA" },
	{ "taken out, then stopped without the manager", HAVE(RUNS HA("\"state\":\"started\"")),
	  AND("\"enabled\":false", "\"power\":\"stopped\""),
	  "take it out of HA; shut down within 180 s" },
	{ "not in, and not wanted", HAVE(RUNS), TASK("\"enabled\":false"), "" },
	{ "no word", HAVE(RUNS HA("\"max_restart\":7")), "{\"name\":\"web\"}", "" },
	{ "made", "", NEW(",\"ha\":{}"),
	  "create VM 100 on pve1: *; start; make it highly available: state=started, comment; "
	  "close the journal in the notes" },
	{ "made, and stays off", "", NEW(",\"ha\":{},\"power\":\"stopped\""),
	  "create VM 100 on pve1: *; make it highly available: state=stopped, comment" },
	{ "goes", HAVE(RUNS HA("\"state\":\"started\"")), "{\"name\":\"web\",\"state\":\"absent\"}",
	  "take it out of HA; shut down, stop after 180 s; delete VM 100 with its disks" },

	/* what is there already */
	{ "made by hand: the comment becomes ours", HAVE(HA("\"state\":\"stopped\"")), TASK(""),
	  "change its HA: comment" },
	{ "fields", HAVE(HA("\"state\":\"stopped\",\"max_restart\":2")),
	  TASK("\"max_restart\":1,\"max_relocate\":1"), "change its HA: max_restart=1, comment" },
	{ "fields as PVE assumes them", HAVE(HA("\"state\":\"stopped\"")),
	  TASK("\"max_restart\":1,\"max_relocate\":1,\"failback\":true,\"auto_rebalance\":true"),
	  "change its HA: comment" },
	{ "ignored by the manager", HAVE(RUNS HA("\"state\":\"ignored\"")), TASK(""),
	  "change its HA: state=started, comment" },
	{ "disabled by somebody stays so", HAVE(HA("\"state\":\"disabled\"")), TASK(""),
	  "change its HA: comment" },
	{ "power as it is, and the manager wants another", HAVE(HA("\"state\":\"started\"")),
	  AND("", "\"power\":\"stopped\""), "change its HA: state=stopped, comment" },
	{ "power through the manager says the state", HAVE(HA("\"state\":\"stopped\"")),
	  AND("", "\"power\":\"running\""),
	  "start through the HA manager; wait until it runs; change its HA: comment" },
	{ "given up on",
	  HAVE_AND(
		  RUNS HA("\"state\":\"started\""),
		  "\"ha\":{\"current\":[{\"type\":\"service\",\"sid\":\"vm:100\",\"crm_state\":\"error\"}]}"),
	  TASK(""),
	  "change its HA: comment | vm acme/web: the HA manager has given up on it (error): *" },

	/* refused */
	{ "one node", "{\"nodes\":{\"pve1\":{}},\"guests\":[{\"vmid\":100,\"block\":{}}]}",
	  TASK(""),
	  "!vm acme/web: ha: it needs a cluster of two nodes or more, and this one has one" },
	{ "a local disk", HAVE(CONFIG("\"scsi1\":\"local:100/vm-100-disk-1.raw,size=1G\"")),
	  TASK(""),
	  "!vm acme/web: ha: its disk scsi1 is on storage local, which is not shared" ELSEWHERE },
	{ "a local disk to be", HAVE(""),
	  AND("", "\"disks\":[{\"size\":\"1G\",\"storage\":\"local\"}]"),
	  "!*its disk scsi1 is on storage local*" },
	{ "a new one on a local storage", "", NEW(",\"ha\":{},\"storage\":\"local\""),
	  "!*its disk scsi0 is on storage local*" },
	{ "an ISO image on the node", HAVE(CONFIG("\"ide2\":\"local:iso/a.iso,media=cdrom\"")),
	  TASK(""), "!*its disk ide2 is on storage local*" },
	{ "an empty drive", HAVE(CONFIG("\"ide2\":\"none,media=cdrom\"")), TASK(""), "make it *" },
	{ "an unused disk", HAVE(CONFIG("\"unused0\":\"local:100/vm-100-disk-1.raw\"")), TASK(""),
	  "make it *" },
	{ "a device of the node as a disk", HAVE(CONFIG("\"scsi1\":\"/dev/sdb\"")), TASK(""),
	  "!*scsi1 is a device of its node (/dev/sdb)" ELSEWHERE },
	{ "a PCI device", HAVE(CONFIG("\"hostpci0\":\"0000:01:00,pcie=1\"")), TASK(""),
	  "!*hostpci0 is a device of its node (0000:01:00,pcie=1)" ELSEWHERE },
	{ "a mapped one", HAVE(CONFIG("\"hostpci0\":\"mapping=gpu\"")), TASK(""), "make it *" },
	{ "a USB device", HAVE(CONFIG("\"usb0\":\"host=1234:5678\"")), TASK(""),
	  "!*usb0 is a device*" },
	{ "USB by SPICE", HAVE(CONFIG("\"usb0\":\"spice\"")), TASK(""), "make it *" },
	{ "a serial line", HAVE(CONFIG("\"serial0\":\"/dev/ttyS0\"")), TASK(""),
	  "!*serial0 is a device*" },
	{ "a serial socket", HAVE(CONFIG("\"serial0\":\"socket\"")), TASK(""), "make it *" },
	{ "a parallel port", HAVE(CONFIG("\"parallel0\":\"/dev/parport0\"")), TASK(""),
	  "!*parallel0 is a device*" },
	{ "no right", HAVE_AND("", "\"ha\":{\"denied\":1}"), TASK(""),
	  "!vm acme/web: the API user may not change high availability: it needs the privilege "
	  "Sys.Console on /" },
	{ "no right to take it out", HAVE_AND(HA("\"state\":\"started\""), "\"ha\":{\"denied\":1}"),
	  TASK("\"enabled\":false"), "!*Sys.Console on /" },
	{ "no right, and nothing to do", HAVE_AND("", "\"ha\":{\"denied\":1}"),
	  TASK("\"enabled\":false"), "" },
	{ "a comment of two lines", HAVE(""), TASK("\"comment\":\"a\\nb\""),
	  "!vm acme/web: ha: its comment must be one line of text" },
	{ "a comment like a token", HAVE(""), TASK("\"comment\":\"[pxc/1 a=b]\""),
	  "!vm acme/web: ha: its comment must be one line of text" },
	{ "a number below zero", HAVE(""), TASK("\"max_restart\":-1"),
	  "!vm acme/web: ha: max_restart and max_relocate are numbers from 0 on" },

	/* older PVE */
	{ "PVE 8", HAVE_AND("", "\"ha\":{\"pve8\":true}"), TASK("\"max_restart\":2"),
	  "make it highly available: state=stopped, max_restart=2, comment" },
	{ "PVE 8 without failback", HAVE_AND("", "\"ha\":{\"pve8\":true}"),
	  TASK("\"failback\":true"),
	  "!vm acme/web: ha: failback needs PVE 9: before that, the HA group says it" },
	{ "PVE 9.1 has failback", HAVE_AND("", "\"ha\":{\"release\":901}"),
	  TASK("\"failback\":false"),
	  "make it highly available: state=stopped, failback=0, comment" },
	{ "PVE 9.1 without auto_rebalance", HAVE_AND("", "\"ha\":{\"release\":901}"),
	  TASK("\"auto_rebalance\":true"), "!vm acme/web: ha: auto_rebalance needs PVE 9.2" },
};

#define POLICY(cloud, project, flavor)                                                             \
	"{\"registry\":{\"ha\":\"" cloud "\",\"f.s\":\"vcpus/1,ram_mb/512" flavor                  \
	"\"},\"pools\":{\"acme\":{\"ha\":\"" project "\"}}}"
#define MADE "{\"name\":\"web\",\"flavor\":\"s\",\"disk_size\":4}"
#define IN "create VM 100 *; start; make it highly available: *; close the journal in the notes"
#define OUT "create VM 100 on pve1: *; start; close the journal in the notes"
#define KILLED(op, rest)                                                                           \
	"{\"registry\":{\"ha\":\"1\"},\"guests\":[{\"vmid\":100,\"block\":{\"op\":\"" op           \
	"\"}" rest "}]}"

static const struct plan_row policies[] = {
	{ "nobody says", POLICY("0", "default", ""), MADE, OUT },
	{ "the cloud", POLICY("1", "default", ""), MADE, IN },
	{ "the project goes before the cloud", POLICY("1", "disabled", ""), MADE, OUT },
	{ "and the other way", POLICY("0", "enabled", ""), MADE, IN },
	{ "the flavor goes before the project", POLICY("1", "enabled", ",ha/0"), MADE, OUT },
	{ "and the other way", POLICY("0", "disabled", ",ha/1"), MADE, IN },
	{ "the task before all", POLICY("1", "enabled", ",ha/1"),
	  "{\"name\":\"web\",\"flavor\":\"s\",\"disk_size\":4,\"ha\":{\"enabled\":false}}", OUT },
	{ "and the other way", POLICY("0", "disabled", ",ha/0"),
	  "{\"name\":\"web\",\"flavor\":\"s\",\"disk_size\":4,\"ha\":{}}", IN },
	{ "with power it is noted down until it is done", POLICY("1", "default", ""),
	  "{\"name\":\"web\",\"flavor\":\"s\",\"disk_size\":4,\"power\":\"stopped\"}",
	  "create VM 100 *; make it highly available: state=stopped, comment; close the journal in "
	  "the notes" },
	{ "a VM that is there is left alone",
	  "{\"registry\":{\"ha\":\"1\"},\"guests\":[{\"vmid\":100,\"block\":{}}]}",
	  "{\"name\":\"web\"}", "" },
	{ "cut off before its start", KILLED("start", ""), "{\"name\":\"web\"}",
	  "start; make it highly available: state=started, comment; close the journal in the notes" },
	{ "cut off behind its start", KILLED("start", RUNS), "{\"name\":\"web\"}",
	  "make it highly available: state=started, comment; close the journal in the notes" },
	{ "cut off with power", KILLED("ha", ""), "{\"name\":\"web\",\"power\":\"stopped\"}",
	  "make it highly available: state=stopped, comment; close the journal in the notes" },
	{ "cut off, and no word about power since", KILLED("ha", ""), "{\"name\":\"web\"}",
	  "set description; make it highly available: state=stopped, comment" },
	{ "cut off behind it", KILLED("ha", HA("\"state\":\"stopped\"")),
	  "{\"name\":\"web\",\"power\":\"stopped\"}",
	  "change its HA: comment; close the journal in the notes" },
	{ "cannot be", POLICY("1", "default", ""),
	  "{\"name\":\"web\",\"flavor\":\"s\",\"disk_size\":4,\"storage\":\"local\"}",
	  "!vm acme/web is to be highly available, the cloud says, but its disk scsi0 is on storage local, which is "
	  "not shared: no other node could start it; ha: {enabled: false} makes it without" },
	{ "one node", "{\"nodes\":{\"pve1\":{}},\"pools\":{\"acme\":{\"ha\":\"enabled\"}}}",
	  NEW(""),
	  "!vm acme/web is to be highly available, its project says, but it needs a cluster of two "
	  "nodes or more, *" },
	{ "no right", "{\"registry\":{\"ha\":\"1\"},\"ha\":{\"denied\":1}}", NEW(""),
	  "!*Sys.Console on /" },
};

static void vms_are_highly_available_or_not(void **state)
{
	(void)state;
	plan_rows("pxc_vm", rows, ARRAY_SIZE(rows));
}

static void policies_hold_for_new_vms(void **state)
{
	(void)state;
	plan_rows("pxc_vm", policies, ARRAY_SIZE(policies));
}

static void its_comment_tells_whose_it_is(void **state)
{
	auto_world struct test_world fresh;
	auto_free char *text = NULL, *again = NULL;
	json_auto_t *args = NULL, *second = NULL;

	(void)state;
	test_world_create(&fresh, HAVE(""));
	args = plan_step("pxc_vm", TASK("\"comment\":\"Ä 100% web\""), &fresh, 0, 0);
	text = pxc_strdup(json_string_value(json_object_get(args, "comment")));
	assert_true(plan_fits("Ä 100% web [pxc/1 t=ha id=vm.100.00000064 c=* s=*]", text));
	assert_string_equal(json_string_value(json_object_get(args, "sid")), "vm:100");
	assert_null(json_object_get(args, "digest"));
	/* Once it is there nothing is to be done; another text keeps the token, and goes with the digest. */
	for (int i = 0; i < 2; i++) {
		auto_world struct test_world w;
		auto_free char *world =
			pxc_printf(HAVE(HA("\"state\":\"stopped\",\"comment\":\"%s\"")), text);
		auto_free char *plan = NULL;

		test_world_create(&w, world);
		plan = plan_vms(i ? TASK("") : TASK("\"comment\":\"Ä 100% web\""), &w);
		assert_string_equal(plan, "");
		json_decref(second);
		second = plan_step("pxc_vm", TASK("\"comment\":\"\""), &w, 0, 0);
	}
	again = pxc_strdup(json_string_value(json_object_get(second, "comment")));
	assert_true(plan_fits("[pxc/1 t=ha id=vm.100.00000064 c=* s=*]", again));
	assert_string_equal(json_string_value(json_object_get(second, "digest")), "h1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vms_are_highly_available_or_not),
		cmocka_unit_test(policies_hold_for_new_vms),
		cmocka_unit_test(its_comment_tells_whose_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
