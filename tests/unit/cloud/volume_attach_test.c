/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/plan.h"
#include "lib/volumes.h"
#include "volume_rows.h"

static const struct plan_row attaching[] = {
	{ "attached", FREE, "{\"name\":\"data\",\"attach_to\":\"web\"}",
	  "reserve it for VM 101 / set scsi1=fast:vm-900000-pxc-aaaaaaaa,serial=aaaaaaaa" },
	{ "attached already", IN_WEB, "{\"name\":\"data\",\"attach_to\":\"web\"}", "" },
	{ "with options", FREE,
	  "{\"name\":\"data\",\"attach_to\":\"web\",\"discard\":true,\"ssd\":true,\"iothread\":false,"
	  "\"qos\":{\"iops_rd\":100,\"mbps_wr\":2.5}}",
	  "reserve * / set scsi1=fast:vm-900000-pxc-aaaaaaaa,discard=on,iops_rd=100,mbps_wr=2.5,serial=aaaaaaaa,ssd=1" },
	{ "a limit more", IN_WEB, "{\"name\":\"data\",\"qos\":{\"iops_wr\":9}}",
	  "set scsi1=fast:vm-900000-pxc-aaaaaaaa,iops_wr=9,serial=aaaaaaaa,size=2G" },
	{ "a limit less",
	  GUESTS(WEB(
		  ",\"config\":{\"scsi1\":\"fast:vm-900000-pxc-aaaaaaaa,iops_rd=5,serial=aaaaaaaa\"}") "," HOLDER)
		  RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"qos\":{\"iops_rd\":0}}",
	  "set scsi1=fast:vm-900000-pxc-aaaaaaaa,serial=aaaaaaaa" },
	{ "its own serial", FREE, "{\"name\":\"data\",\"attach_to\":\"web\",\"serial\":\"db-1\"}",
	  "set its metadata; reserve * / set scsi1=*,serial=db-1" },
	{ "that serial again",
	  GUESTS(WEB("") "," HOLDER) RBD(DATA(",\"block\":{\"serial\":\"db-1\"}"), ""),
	  "{\"name\":\"data\",\"attach_to\":\"web\"}", "reserve * / set scsi1=*,serial=db-1" },
	{ "in a slot", FREE, "{\"name\":\"data\",\"attach_to\":\"web\",\"slot\":\"scsi7\"}",
	  "reserve * / set scsi7=*" },
	{ "in one that is taken",
	  GUESTS(WEB(",\"config\":{\"scsi7\":\"x:y\"}") "," HOLDER) RBD(DATA(""), ""),
	  "{\"name\":\"data\",\"attach_to\":\"web\",\"slot\":\"scsi7\"}",
	  "!*scsi7 of vm acme/web is taken" },
	{ "in another than it is in", IN_WEB,
	  "{\"name\":\"data\",\"attach_to\":\"web\",\"slot\":\"scsi7\"}",
	  "!*is attached to vm acme/web as scsi1, not as scsi7*" },
	{ "a slot that is being left is not free",
	  GUESTS(WEB(RUNS
		     ",\"config\":{\"scsi2\":\"x:y\"},\"current\":{\"scsi1\":\"x:z\"}") "," HOLDER)
		  RBD(DATA(""), ""),
	  "{\"name\":\"data\",\"attach_to\":\"web\"}", "reserve * / set scsi3=*" },
	{ "two in one change, one of them in a slot",
	  GUESTS(WEB("") "," HOLDER)
		  RBD(DATA("") ",{\"name\":\"vm-900000-pxc-bbbbbbbb\",\"volume\":\"logs\"}", ""),
	  "{\"attach_to\":\"web\",\"volumes\":[{\"name\":\"data\"},{\"name\":\"logs\",\"slot\":\"scsi1\"}]}",
	  "reserve it for VM 101; reserve it for VM 101 / set scsi*=fast:*, scsi*=fast:*" },
	{ "to a VM that is not there", FREE, "{\"name\":\"data\",\"attach_to\":\"x\"}",
	  "!*there is no VM x in stack default*" },
	{ "or of another stack", FREE,
	  "{\"name\":\"data\",\"attach_to\":\"web\",\"stack\":\"shop\"}",
	  "!*there is no VM web in stack shop*" },
	{ "somebody else has it", IN_WEB, "{\"name\":\"data\",\"attach_to\":\"db\"}",
	  "!volume acme/data is attached to vm acme/web (as scsi1): set move: true*" },
	{ "moved", IN_WEB, "{\"name\":\"data\",\"attach_to\":\"db\",\"move\":true}",
	  "detach scsi1 from vm acme/web / reserve it for VM 102 / set scsi1=*" },
	{ "moved from a guest that runs", IN_WEB_LIVE,
	  "{\"name\":\"data\",\"attach_to\":\"db\",\"move\":true}",
	  "detach scsi1 from vm acme/web; wait until the guest has let go of scsi1 / wait until nobody has it open; "
	  "reserve it for VM 102 / set scsi1=*" },
	{ "detached", IN_WEB, "{\"name\":\"data\",\"detach\":true}",
	  "detach scsi1 from vm acme/web / drop its reservation for VM 101" },
	{ "detached before", FREE, "{\"name\":\"data\",\"detach\":true}", "" },
	{ "from a protected VM",
	  GUESTS(WEB(
		  ",\"config\":{\"scsi1\":\"fast:vm-900000-pxc-aaaaaaaa\",\"protection\":\"1\"}") "," HOLDER)
		  RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"detach\":true}", "!*vm acme/web is protected*" },
	{ "what a VM boots from",
	  GUESTS(WEB(",\"config\":{\"scsi0\":\"fast:vm-900000-pxc-aaaaaaaa\"}") "," HOLDER)
		  RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"detach\":true}", "!*is what vm acme/web boots from*" },
	{ "attached by hand: reserved", GUESTS(WEB(HAS("scsi4")) "," HOLDER) RBD(DATA(""), ""),
	  "{\"name\":\"data\"}", "reserve it for VM 101" },
	{ "attached twice by hand",
	  GUESTS(WEB(HAS("scsi1")) "," DB(HAS("scsi2")) "," HOLDER) RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"detach\":true}",
	  "!*is attached twice, to vm acme/web as scsi1 and to vm acme/db as scsi2*" },
	{ "open somewhere although nobody has it",
	  GUESTS(WEB("") "," HOLDER) RBD(DATA(",\"watchers\":[\"10.0.0.9\"]"), ""),
	  "{\"name\":\"data\",\"attach_to\":\"web\"}",
	  "wait until nobody has it open; reserve * / set * | volume acme/data is open at 10.0.0.9, although*" },
	{ "reserved for a VM that cannot be read",
	  GUESTS(WEB(",\"problem\":\"its node is offline\"") "," DB("") "," HOLDER)
		  RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"attach_to\":\"db\",\"move\":true}",
	  "!*is reserved for guest 101 (web), which cannot be read now*" },
	{ "which is believed otherwise",
	  GUESTS(WEB(",\"problem\":\"its node is offline\"") "," DB("") "," HOLDER)
		  RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"description\":\"x\"}", "set its metadata" },
	{ "attached, but only when the guest starts anew",
	  GUESTS(WEB(RUNS HAS("scsi1") ",\"current\":{},\"pending\":[\"scsi1\"]") "," HOLDER)
		  RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"attach_to\":\"web\"}",
	  " | volume acme/data: the change of scsi1 waits until vm acme/web is started anew" },
};

/* Each state that a run leaves which is cut off between two of its steps; the plan finishes what was begun. */
static const struct plan_row cut_off[] = {
	{ "attach: reserved only", GUESTS(WEB("") "," HOLDER) RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"attach_to\":\"web\"}", "set scsi1=*" },
	{ "attach: reserved only, now for another VM",
	  GUESTS(WEB("") "," DB("") "," HOLDER) RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"attach_to\":\"db\"}", "reserve it for VM 102 / set scsi1=*" },
	{ "attach: reserved only, nobody wants it",
	  GUESTS(WEB("") "," HOLDER) RBD(DATA(""), FOR_WEB), "{\"name\":\"data\"}",
	  "drop its reservation for VM 101" },
	{ "its VM was removed", GUESTS(WEB("") "," HOLDER) RBD(DATA(""), FOR_NOBODY),
	  "{\"name\":\"data\"}", "drop its reservation for VM 103" },
	{ "its VM was removed, and its number given away",
	  GUESTS(WEB("") "," HOLDER) RBD(DATA(""), FOR("vm.101.deadbeef")),
	  "{\"name\":\"data\",\"attach_to\":\"web\"}", "reserve it for VM 101 / set scsi1=*" },
	{ "detach: the reservation is left", GUESTS(WEB("") "," HOLDER) RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"detach\":true}", "drop its reservation for VM 101" },
	{ "detach: the guest still has it", GUESTS(WEB(LEAVES) "," HOLDER) RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"detach\":true}",
	  "detach scsi1 from vm acme/web; wait until the guest has let go of scsi1 / drop its reservation for VM 101" },
	{ "detach: the guest still has it, and no task asks",
	  GUESTS(WEB(LEAVES) "," HOLDER) RBD(DATA(""), FOR_WEB), "{\"name\":\"data\"}", "" },
	{ "detach: the guest still has it, and is to keep it",
	  GUESTS(WEB(LEAVES) "," HOLDER) RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"attach_to\":\"web\"}",
	  "set scsi1=fast:vm-900000-pxc-aaaaaaaa,serial=aaaaaaaa" },
	{ "detach: the guest still has it, and cannot grow it",
	  GUESTS(WEB(LEAVES) "," HOLDER) RBD(DATA(""), FOR_WEB), "{\"name\":\"data\",\"size\":9}",
	  "!*cannot grow now: the VM that has it is about to let go of it" },
	{ "move: out of the one", GUESTS(WEB("") "," DB("") "," HOLDER) RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"attach_to\":\"db\",\"move\":true}",
	  "reserve it for VM 102 / set scsi1=*" },
	{ "move: reserved for the other",
	  GUESTS(WEB("") "," DB("") "," HOLDER) RBD(DATA(""), FOR_DB),
	  "{\"name\":\"data\",\"attach_to\":\"db\",\"move\":true}", "set scsi1=*" },
	{ "delete: detached", GUESTS(WEB("") "," HOLDER) RBD(DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"state\":\"absent\",\"detach\":true}",
	  "drop its reservation for VM 101; remove *" },
	{ "making: no snapshot yet, not attached yet", FREE,
	  "{\"name\":\"data\",\"size\":2,\"snapshots\":[{\"name\":\"s1\"}],\"attach_to\":\"web\"}",
	  "take snapshot s1; reserve it for VM 101 / set scsi1=*" },
};

static void one_vm_at_most_has_a_volume(void **state)
{
	(void)state;
	plan_volume_rows(attaching, ARRAY_SIZE(attaching));
}

static void runs_that_were_cut_off_are_finished(void **state)
{
	(void)state;
	plan_volume_rows(cut_off, ARRAY_SIZE(cut_off));
}

static void what_is_sent(void **state)
{
	static const struct {
		const char *world, *task;
		int op;
		const char *args;
	} rows[] = {
		{ IN_WEB_LIVE, "{\"name\":\"data\",\"detach\":true}", VOLUME_CONFIG,
		  "{\"delete\":\"scsi1\",\"digest\":\"d1\",\"node\":\"pve1\",\"vmid\":101}" },
		{ IN_WEB_LIVE, "{\"name\":\"data\",\"detach\":true,\"detach_timeout\":7}",
		  VOLUME_WAIT_GONE,
		  "{\"_slots\":\"scsi1\",\"_wait_ms\":7000,\"node\":\"pve1\",\"vmid\":101}" },
		{ FREE, "{\"name\":\"data\",\"attach_to\":\"web\"}", VOLUME_STATE,
		  "{\"key\":\"att/aaaaaaaa\",\"storage\":\"fast\",\"value\":\"vm.101.00000065\"}" },
		{ FREE, "{\"name\":\"data\",\"attach_to\":\"web\"}", VOLUME_CONFIG,
		  "{\"digest\":\"d1\",\"node\":\"pve1\",\"scsi1\":\"fast:vm-900000-pxc-aaaaaaaa,serial=aaaaaaaa\",\"vmid\":101}" },
		{ IN_WEB, "{\"name\":\"data\",\"attach_to\":\"db\",\"move\":true}", VOLUME_STATE,
		  "{\"expect\":\"vm.101.00000065\",\"key\":\"att/aaaaaaaa\",*\"value\":\"vm.102.00000066\"}" },
		{ IN_WEB, "{\"name\":\"data\",\"detach\":true}", VOLUME_STATE,
		  "{\"expect\":\"vm.101.00000065\",\"key\":\"att/aaaaaaaa\",\"storage\":\"fast\"}" },
		{ IN_WEB, "{\"name\":\"data\",\"size\":3}", VOLUME_RESIZE,
		  "{\"disk\":\"scsi1\",\"node\":\"pve1\",\"size\":\"3G\",\"vmid\":101}" },
		{ FREE, "{\"name\":\"data\",\"description\":\"x\"}", VOLUME_BLOCK,
		  "{\"block\":{\"at\":\"20260101T000000Z\",\"by\":\"tester\",\"c\":\"*\",\"description\":\"x\",\"name\":\"data\","
		  "\"project\":\"acme\",\"r\":\"2\",\"serial\":\"aaaaaaaa\",\"t\":\"volume\"},\"drop\":*,"
		  "\"image_id\":\"id-vm-900000-pxc-aaaaaaaa\",\"name\":\"vm-900000-pxc-aaaaaaaa\",\"revision\":\"1\",\"storage\":\"fast\"}" },
		{ "", "{\"name\":\"data\",\"size\":1}", VOLUME_HOLDER_CREATE,
		  "{\"memory\":16,\"name\":\"holder-acme\",\"node\":\"pve1\",\"onboot\":0,\"pool\":\"acme\",\"protection\":1,"
		  "\"tags\":\"pxc-holder\",\"vmid\":900000}" },
		{ "", "{\"name\":\"data\",\"size\":1}", VOLUME_HOLDER_HA,
		  "{\"comment\":\"holds volumes\",\"sid\":\"vm:900000\",\"state\":\"stopped\"}" },
		{ SNAPPED(""), "{\"name\":\"data\",\"state\":\"absent\",\"force_snapshots\":true}",
		  VOLUME_REMOVE,
		  "{\"name\":\"vm-900000-pxc-aaaaaaaa\",\"patience_ms\":45000,\"snaps\":[\"pxc-s1\",\"pxc-s2\"],\"storage\":\"fast\"}" },
		{ FREE, "{\"name\":\"data\",\"snapshots\":[{\"name\":\"s1\"}]}", VOLUME_SNAP_CREATE,
		  "{\"name\":\"vm-900000-pxc-aaaaaaaa\",\"snap\":\"pxc-s1\",\"storage\":\"fast\"}" },
	};

	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = plan_volume_args(rows[i].task, rows[i].world, rows[i].op);

		if (plan_fits(rows[i].args, got))
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", rows[i].task, rows[i].args, got);
		bad++;
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_vm_at_most_has_a_volume),
		cmocka_unit_test(runs_that_were_cut_off_are_finished),
		cmocka_unit_test(what_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
