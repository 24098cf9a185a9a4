/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "lib/volumes.h"
#include "unit/cloud/volume_worlds.h"

static const struct volume_row attaching[] = {
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
	{ "no more than is allowed", IN_WEB_LIVE,
	  "{\"name\":\"data\",\"detach\":true,\"allow\":\"quiet\"}",
	  "detach scsi1 from vm acme/web; wait *" },
};

/* What runs that were cut off have left. */
static const struct volume_row cut_off[] = {
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

#define OTHER_HOLDER                                                                                                    \
	"{\"vmid\":900001,\"name\":\"holder-other\",\"pool\":\"other\",\"ha\":\"stopped\",\"block\":{\"t\":\"holder\"," \
	"\"project\":\"other\",\"storages\":\"fast\"},\"config\":{\"tags\":\"pxc-holder\"}}"
#define BOTH(vms, images, state)                                                                   \
	"{" TWO_POOLS "\"guests\":[" vms "," HOLDER "," OTHER_HOLDER "]," RBD(images, state)

static const struct volume_row giving[] = {
	{ "to another project", BOTH(WEB(""), DATA(""), ""),
	  "{\"name\":\"data\",\"new_project\":\"other\"}",
	  "give it to project other, as fast/vm-900001-pxc-aaaaaaaa" },
	{ "that has no holder yet", "{" TWO_POOLS "\"guests\":[" HOLDER "]," RBD(DATA(""), ""),
	  "{\"name\":\"data\",\"new_project\":\"other\"}",
	  "create VM 900001 *; let HA * / give it to project other, as fast/vm-900001-pxc-aaaaaaaa" },
	{ "given before",
	  BOTH(WEB(""),
	       "{\"name\":\"vm-900001-pxc-aaaaaaaa\",\"volume\":\"data\",\"block\":{\"project\":\"other\"}}",
	       ""),
	  "{\"name\":\"data\",\"new_project\":\"other\"}", "" },
	{ "cut off between block and name",
	  BOTH(WEB(""),
	       "{\"name\":\"vm-900000-pxc-aaaaaaaa\",\"volume\":\"data\",\"block\":{\"project\":\"other\"}}",
	       ""),
	  "{\"name\":\"data\",\"new_project\":\"other\"}",
	  "give it to project other, as fast/vm-900001-pxc-aaaaaaaa" },
	{ "cut off there, finished by a task of the other project",
	  BOTH(WEB(""),
	       "{\"name\":\"vm-900000-pxc-aaaaaaaa\",\"volume\":\"data\",\"block\":{\"project\":\"other\"}}",
	       ""),
	  "{\"name\":\"data\",\"project\":\"other\"}",
	  "give it to project other, as fast/vm-900001-pxc-aaaaaaaa" },
	{ "not while attached", BOTH(WEB(HAS("scsi1")), DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"new_project\":\"other\"}",
	  "!*is attached to vm acme/web and cannot be given to project other*" },
	{ "detached first", BOTH(WEB(HAS("scsi1")), DATA(""), FOR_WEB),
	  "{\"name\":\"data\",\"new_project\":\"other\",\"detach\":true}",
	  "detach scsi1 * / drop its reservation for VM 101; give it *" },
	{ "with another name", BOTH(WEB(""), DATA(""), ""),
	  "{\"name\":\"data\",\"new_project\":\"other\",\"new_name\":\"theirs\"}",
	  "give it to project other*" },
	{ "where there is one of that name",
	  BOTH(WEB(""),
	       DATA("") ",{\"name\":\"vm-900001-pxc-bbbbbbbb\",\"volume\":\"data\",\"block\":{\"project\":\"other\"}}",
	       ""),
	  "{\"name\":\"data\",\"new_project\":\"other\"}", "!*cannot become other/data*" },
	{ "the other project's quota",
	  "{\"pools\":{\"acme\":{},\"other\":{\"quota\":{\"volumes\":0}}},\"guests\":[" HOLDER
	  "," OTHER_HOLDER "]," RBD(DATA(""), ""),
	  "{\"name\":\"data\",\"new_project\":\"other\"}",
	  "!project other: quota: volumes used 0 + asked 1 > limit 0" },
};

static void one_vm_at_most_has_a_volume(void **state)
{
	(void)state;
	volume_rows(attaching, ARRAY_SIZE(attaching));
}

static void runs_that_were_cut_off_are_finished(void **state)
{
	(void)state;
	volume_rows(cut_off, ARRAY_SIZE(cut_off));
}

static void volumes_go_to_other_projects(void **state)
{
	(void)state;
	volume_rows(giving, ARRAY_SIZE(giving));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_vm_at_most_has_a_volume),
		cmocka_unit_test(runs_that_were_cut_off_are_finished),
		cmocka_unit_test(volumes_go_to_other_projects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
