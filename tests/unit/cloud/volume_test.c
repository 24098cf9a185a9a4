/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/volumes.h"
#include "modules/volume.h"
#include "volume_rows.h"

extern const struct pxc_kind volume_kind;

static const struct plan_row making[] = {
	{ "the first of a project: its holder is made before it", "",
	  "{\"name\":\"data\",\"size\":5}",
	  "create VM 900000 on pve1, which holds the volumes of project acme; let HA move VM 900000 when its node dies / "
	  "create p-fast/vm-900000-pxc-* of 5G" },
	{ "the next one", FREE, "{\"name\":\"more\",\"size\":\"512M\"}",
	  "create p-fast/vm-900000-pxc-* of 512M" },
	{ "sizes are whole MiB", FREE, "{\"name\":\"more\",\"size\":\"1500K\"}", "create * of 2M" },
	{ "it is there", FREE, "{\"name\":\"data\",\"size\":2}", "" },
	{ "without a size", FREE, "{\"name\":\"more\"}",
	  "!volume acme/more does not exist yet: give it a size*" },
	{ "holders are numbered beside each other", "{" TWO_POOLS "\"guests\":[]}",
	  "{\"size\":1,\"volumes\":[{\"name\":\"a\"},{\"name\":\"b\",\"project\":\"other\"}]}",
	  "create VM 900000 *; let HA *; create VM 900001 *; let HA * / create p-fast/vm-900000-*; create p-fast/vm-900001-*" },
	{ "a number that is taken is left out",
	  GUESTS("{\"vmid\":900000,\"name\":\"x\",\"raw\":\"\"}") "\"rbd\":{\"fast\":{}}}",
	  "{\"name\":\"data\",\"size\":1}", "create VM 900001 *" },
	{ "a holder that is gone is made anew under its number",
	  GUESTS(WEB("")) RBD("{\"name\":\"vm-900007-pxc-aaaaaaaa\",\"volume\":\"data\"}", ""),
	  "{\"name\":\"data\"}", "create VM 900007 on pve1, *; let HA move VM 900007 *" },
	{ "without Sys.Console it is no HA resource, and said", "{\"may_ha\":0}",
	  "{\"name\":\"data\",\"size\":1}",
	  "create VM 900000 * / create * | VM 900000, *is not in high availability*" },
	{ "what a killed run has not done is done",
	  GUESTS("{\"vmid\":900000,\"name\":\"holder-acme\",\"block\":{\"t\":\"holder\",\"storages\":\"fast\"},"
		 "\"config\":{\"tags\":\"pxc-holder\"}}") "\"rbd\":{\"fast\":{}}}",
	  "{\"name\":\"data\",\"size\":1}", "let HA move VM 900000 * / create *" },
	{ "another storage is noted at the holder first",
	  GUESTS(HOLDER) "\"rbd\":{\"fast\":{},\"slow\":{}}}",
	  "{\"name\":\"data\",\"size\":1,\"storage\":\"slow\"}",
	  "note that volumes of project acme lie in fast,slow / create p-slow/*" },
	{ "no storage of Ceph", "{\"storage\":\"shared\",\"guests\":[]}",
	  "{\"name\":\"data\",\"size\":1}",
	  "!volume acme/data needs a storage of type rbd, and the cloud's default is shared" },
	{ "no project", "{\"pools\":{}}", "{\"name\":\"data\",\"size\":1}",
	  "!*there is no project acme*" },
	{ "from the latest image", GUESTS(HOLDER) RBD(IMAGE, ""),
	  "{\"name\":\"data\",\"source\":{\"image\":{\"name\":\"debian\"}}}",
	  "clone p-fast/vm-900000-* of 2G from debian@1" },
	{ "and larger", GUESTS(HOLDER) RBD(IMAGE, ""),
	  "{\"name\":\"data\",\"size\":8,\"source\":{\"image\":{\"name\":\"debian\",\"version\":\"1\"}}}",
	  "clone * of 8G from debian@1" },
	{ "or smaller", GUESTS(HOLDER) RBD(IMAGE, ""),
	  "{\"name\":\"data\",\"size\":1,\"source\":{\"image\":{\"name\":\"debian\"}}}",
	  "!*its source has 2G and cannot shrink to 1G*" },
	{ "from an image that is not there", GUESTS(HOLDER) RBD(IMAGE, ""),
	  "{\"name\":\"data\",\"source\":{\"image\":{\"name\":\"suse\"}}}",
	  "!*there is no image suse for project acme: there is debian" },
	{ "from one of others",
	  GUESTS(HOLDER) RBD(
		  "{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\",\"block\":{\"visibility\":"
		  "\"private\",\"project\":\"other\"}}",
		  ""),
	  "{\"name\":\"data\",\"source\":{\"image\":{\"name\":\"debian\"}}}",
	  "!*there is no image debian*" },
	{ "from a volume", FREE, "{\"name\":\"copy\",\"source\":{\"volume\":{\"name\":\"data\"}}}",
	  "clone * of 2G from volume/acme/data" },
	{ "from a snapshot", SNAPPED(""),
	  "{\"name\":\"copy\",\"source\":{\"volume\":{\"name\":\"data\",\"snapshot\":\"s1\"}}}",
	  "clone * of 2G from volume/acme/data@s1" },
	{ "from one that is not there", SNAPPED(""),
	  "{\"name\":\"copy\",\"source\":{\"volume\":{\"name\":\"data\",\"snapshot\":\"s9\"}}}",
	  "!*volume data has no snapshot s9" },
	{ "the source is no wish of a volume that is there",
	  GUESTS(HOLDER) RBD(DATA(",\"block\":{\"source\":\"debian@1\"}") "," IMAGE, ""),
	  "{\"name\":\"data\",\"source\":{\"image\":{\"name\":\"debian\"}}}", "" },
	{ "but is no other one",
	  GUESTS(HOLDER) RBD(DATA(",\"block\":{\"source\":\"debian@1\"}"), ""),
	  "{\"name\":\"data\",\"source\":{\"image\":{\"name\":\"debian\",\"version\":\"2\"}}}",
	  "!volume acme/data was made from debian@1, not from debian@2*" },
	{ "made blank", FREE, "{\"name\":\"data\",\"source\":{\"volume\":{\"name\":\"x\"}}}",
	  "!volume acme/data was made blank, not from volume/acme/x*" },
	{ "cut loose", GUESTS(HOLDER) RBD(DATA(",\"parent\":\"id-pxc-img-debian\""), ""),
	  "{\"name\":\"data\",\"flatten\":\"always\"}",
	  "cut it loose from what it was cloned from" },
	{ "with snapshots, attached", GUESTS(WEB("") "," HOLDER) "\"rbd\":{\"fast\":{}}}",
	  "{\"name\":\"data\",\"size\":1,\"snapshots\":[{\"name\":\"empty\"}],\"attach_to\":\"web\"}",
	  "create *; take snapshot empty; reserve it for VM 101 / set scsi1=fast:vm-900000-pxc-*,serial=*" },
	{ "quota of all together",
	  "{\"pools\":{\"acme\":{\"quota\":{\"volumes\":2,\"volume_gb\":5,\"snapshots\":1}}},\"guests\":[" HOLDER
	  "]," RBD(DATA(""), ""),
	  "{\"size\":2,\"volumes\":[{\"name\":\"a\"},{\"name\":\"b\",\"snapshots\":[{\"name\":\"x\"},{\"name\":\"y\"}]}]}",
	  "!project acme: quota: volumes used 1 + asked 2 > limit 2; volume_gb used 2 + asked 4 > limit 5; "
	  "snapshots used 0 + asked 2 > limit 1" },
	{ "snapshots of VMs count, too",
	  "{\"pools\":{\"acme\":{\"quota\":{\"snapshots\":3}}},\"snapshots_used\":{\"acme\":3},\"guests\":[" HOLDER
	  "]," RBD(DATA(""), ""),
	  "{\"name\":\"data\",\"snapshots\":[{\"name\":\"x\"}]}",
	  "!project acme: quota: snapshots used 3 + asked 1 > limit 3" },
	{ "they cannot be counted",
	  "{\"snapshots_used\":{\"acme\":\"pve2 is offline\"},\"guests\":[" HOLDER
	  "]," RBD(DATA(""), ""),
	  "{\"name\":\"data\",\"snapshots\":[{\"name\":\"x\"}]}",
	  "!project acme: quota: snapshots cannot be counted: pve2 is offline" },
	{ "nor need they be, for anything else",
	  "{\"snapshots_used\":{\"acme\":\"pve2 is offline\"},\"guests\":[" HOLDER
	  "]," RBD(DATA(""), ""),
	  "{\"name\":\"data\",\"size\":3}", "grow *" },
	{ "quota to grow",
	  "{\"pools\":{\"acme\":{\"quota\":{\"volume_gb\":5}}},\"guests\":[" HOLDER
	  "]," RBD(DATA(""), ""),
	  "{\"name\":\"data\",\"size\":6}", "!*volume_gb used 2 + asked 4 > limit 5" },
	{ "unfinished work of a run that was killed goes",
	  GUESTS(HOLDER) RBD(
		  "{\"name\":\"pxc-tmp-1\",\"volume\":\"data\"},{\"name\":\"pxc-tmp-2\",\"volume\":\"x\"}",
		  ""),
	  "{\"name\":\"data\",\"size\":1}",
	  "remove what a run that was cut off has left, p-fast/pxc-tmp-1; create *" },
	{ "removals that were killed are ended, once, and of this project only",
	  GUESTS(HOLDER) RBD("{\"name\":\"vm-900000-pxc-bbbbbbbb\",\"in_removal\":1},"
			     "{\"name\":\"vm-900001-pxc-cccccccc\",\"in_removal\":1},"
			     "{\"name\":\"vm-900000-disk-0\",\"in_removal\":1}",
			     ""),
	  "{\"state\":\"absent\",\"volumes\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "remove what a run that was cut off has left, p-fast/vm-900000-pxc-bbbbbbbb" },
	{ "a clone's copy of the block is no volume",
	  GUESTS(HOLDER) RBD(
		  "{\"name\":\"vm-900000-pxc-aaaaaaaa\",\"volume\":\"data\",\"block\":{\"t\":\"disk\"}}",
		  ""),
	  "{\"name\":\"data\",\"state\":\"absent\"}", "" },
};

static const struct plan_row changing[] = {
	{ "grows where nobody has it", FREE, "{\"name\":\"data\",\"size\":3}",
	  "grow from 2G to 3G" },
	{ "grows in the VM", IN_WEB, "{\"name\":\"data\",\"size\":3}", "grow scsi1 to 3G" },
	{ "never shrinks", FREE, "{\"name\":\"data\",\"size\":1}",
	  "!*has 2G and cannot shrink to 1G*" },
	{ "metadata", FREE,
	  "{\"name\":\"data\",\"metadata\":{\"owner\":\"alice\"},\"description\":\"x\"}",
	  "set its metadata" },
	{ "the same metadata", GUESTS(HOLDER) RBD(DATA(",\"block\":{\"m.owner\":\"alice\"}"), ""),
	  "{\"name\":\"data\",\"metadata\":{\"owner\":\"alice\"}}", "" },
	{ "edited by hand", GUESTS(HOLDER) RBD(DATA(",\"tampered\":1"), ""), "{\"name\":\"data\"}",
	  "!*p-fast/vm-900000-pxc-aaaaaaaa was changed by hand*reseal*" },
	{ "and taken over", GUESTS(HOLDER) RBD(DATA(",\"tampered\":1"), ""),
	  "{\"name\":\"data\",\"reseal\":true}", "set its metadata" },
	{ "there twice",
	  GUESTS(HOLDER)
		  RBD(DATA("") ",{\"name\":\"vm-900000-pxc-bbbbbbbb\",\"volume\":\"data\"}", ""),
	  "{\"name\":\"data\"}",
	  "!volume acme/data is there twice, as p-fast/vm-900000-pxc-aaaaaaaa and *" },
	{ "renamed", FREE, "{\"name\":\"data\",\"new_name\":\"logs\"}", "set its metadata" },
	{ "renamed before", FREE, "{\"name\":\"old\",\"new_name\":\"data\"}", "" },
	{ "renamed to one that is there",
	  GUESTS(HOLDER)
		  RBD(DATA("") ",{\"name\":\"vm-900000-pxc-bbbbbbbb\",\"volume\":\"logs\"}", ""),
	  "{\"name\":\"data\",\"new_name\":\"logs\"}", "!*cannot become acme/logs*" },

	/* snapshots */
	{ "a snapshot", FREE, "{\"name\":\"data\",\"snapshots\":[{\"name\":\"s1\"}]}",
	  "take snapshot s1" },
	{ "is there", SNAPPED(""), "{\"name\":\"data\",\"snapshots\":[{\"name\":\"s1\"}]}", "" },
	{ "goes", SNAPPED(""),
	  "{\"name\":\"data\",\"snapshots\":[{\"name\":\"s1\",\"state\":\"absent\"}]}",
	  "remove snapshot s1" },
	{ "is gone", FREE,
	  "{\"name\":\"data\",\"snapshots\":[{\"name\":\"s1\",\"state\":\"absent\"}]}", "" },
	{ "exact", SNAPPED(""),
	  "{\"name\":\"data\",\"snapshots\":[{\"name\":\"s2\"},{\"name\":\"s3\"}],\"snapshots_mode\":\"exact\"}",
	  "remove snapshot s1; take snapshot s3" },
	{ "those of others stay",
	  GUESTS(HOLDER) RBD(DATA(",\"snaps\":[\"theirs\",\"pxc-tmp-1\",\"trash\"]"), ""),
	  "{\"name\":\"data\",\"snapshots\":[],\"snapshots_mode\":\"exact\"}", "" },
	{ "rolled back", SNAPPED(""), "{\"name\":\"data\",\"rollback\":\"s1\"}",
	  "roll back to snapshot s1; set its metadata" },
	{ "by another run before",
	  SNAPPED(",\"block\":{\"rolled\":\"s1/20250101T000000Z/ffffffff\"}"),
	  "{\"name\":\"data\",\"rollback\":\"s1\"}", "roll back to snapshot s1; set its metadata" },
	{ "by this one", SNAPPED(",\"block\":{\"rolled\":\"s1/20260101T000000Z/01234567\"}"),
	  "{\"name\":\"data\",\"rollback\":\"s1\"}", "" },
	{ "to none", FREE, "{\"name\":\"data\",\"rollback\":\"s1\"}", "!*has no snapshot s1" },
	{ "under a VM",
	  GUESTS(WEB(HAS("scsi1")) "," HOLDER) RBD(DATA(",\"snaps\":[\"pxc-s1\"]"), FOR_WEB),
	  "{\"name\":\"data\",\"rollback\":\"s1\"}",
	  "!volume acme/data is attached to vm acme/web and cannot be rolled back under it*" },
	{ "taken from it",
	  GUESTS(WEB(HAS("scsi1")) "," HOLDER) RBD(DATA(",\"snaps\":[\"pxc-s1\"]"), FOR_WEB),
	  "{\"name\":\"data\",\"rollback\":\"s1\",\"detach\":true}",
	  "detach scsi1 from vm acme/web / drop its reservation for VM 101; roll back to snapshot s1; set its metadata" },
	{ "while somebody has it open", SNAPPED(",\"watchers\":[\"10.0.0.9\"]"),
	  "{\"name\":\"data\",\"rollback\":\"s1\"}",
	  "wait until nobody has it open; roll back *| volume acme/data is open at 10.0.0.9*" },

	/* it goes */
	{ "removed", FREE, "{\"name\":\"data\",\"state\":\"absent\"}",
	  "remove p-fast/vm-900000-pxc-aaaaaaaa" },
	{ "gone and unwanted", FREE, "{\"name\":\"x\",\"state\":\"absent\"}", "" },
	{ "not while attached", IN_WEB, "{\"name\":\"data\",\"state\":\"absent\"}",
	  "!volume acme/data is attached to vm acme/web: set detach: true*" },
	{ "unless told", IN_WEB, "{\"name\":\"data\",\"state\":\"absent\",\"detach\":true}",
	  "detach scsi1 from vm acme/web / drop its reservation for VM 101; remove p-fast/*" },
	{ "not with snapshots", SNAPPED(""), "{\"name\":\"data\",\"state\":\"absent\"}",
	  "!volume acme/data has snapshots: s1, s2; set force_snapshots*" },
	{ "unless forced", SNAPPED(""),
	  "{\"name\":\"data\",\"state\":\"absent\",\"force_snapshots\":true}", "remove p-fast/*" },
	{ "never with clones",
	  GUESTS(HOLDER) RBD(DATA(",\"children\":[\"fast/a\",\"fast/b\"]"), ""),
	  "{\"name\":\"data\",\"state\":\"absent\",\"force_snapshots\":true}",
	  "!*there are clones of it: fast/a, fast/b;*" },
	{ "not while protected", GUESTS(HOLDER) RBD(DATA(",\"block\":{\"protected\":\"1\"}"), ""),
	  "{\"name\":\"data\",\"state\":\"absent\"}", "!*is protected*" },
	{ "unless told so", GUESTS(HOLDER) RBD(DATA(",\"block\":{\"protected\":\"1\"}"), ""),
	  "{\"name\":\"data\",\"state\":\"absent\",\"protected\":false}", "remove *" },
	{ "a clone that a killed run left is no obstacle",
	  GUESTS(HOLDER) RBD(
		  DATA(",\"children\":[\"fast/pxc-tmp-1\"]") ",{\"name\":\"pxc-tmp-1\",\"left\":1}",
		  ""),
	  "{\"name\":\"data\",\"state\":\"absent\"}",
	  "remove what a run that was cut off has left, p-fast/pxc-tmp-1 / remove p-fast/vm-*" },
	{ "what is left goes with other work only",
	  GUESTS(HOLDER) RBD(DATA("") ",{\"name\":\"pxc-tmp-1\",\"left\":1}", ""),
	  "{\"name\":\"data\"}", "" },
	{ "snapshots that a killed clone left go with other work",
	  GUESTS(HOLDER) RBD(DATA(",\"snaps\":[\"pxc-tmp-dead\",\"pxc-tmp-alive\"]"), ""),
	  "{\"name\":\"data\",\"description\":\"x\"}",
	  "remove what a run that was cut off has left, p-fast/vm-900000-pxc-aaaaaaaa@pxc-tmp-dead / set its metadata" },
	{ "a snapshot that a killed clone left is no obstacle",
	  GUESTS(HOLDER) RBD(DATA(",\"snaps\":[\"pxc-tmp-1\"]"), ""),
	  "{\"name\":\"data\",\"state\":\"absent\"}", "remove *" },
};

#define OTHER_HOLDER                                                                                                    \
	"{\"vmid\":900001,\"name\":\"holder-other\",\"pool\":\"other\",\"ha\":\"stopped\",\"block\":{\"t\":\"holder\"," \
	"\"project\":\"other\",\"storages\":\"fast\"},\"config\":{\"tags\":\"pxc-holder\"}}"
#define BOTH(vms, images, state)                                                                   \
	"{" TWO_POOLS "\"guests\":[" vms "," HOLDER "," OTHER_HOLDER "]," RBD(images, state)

static const struct plan_row giving[] = {
	{ "to another project", BOTH(WEB(""), DATA(""), ""),
	  "{\"name\":\"data\",\"new_project\":\"other\"}",
	  "give it to project other, as p-fast/vm-900001-pxc-aaaaaaaa" },
	{ "but not under a snapshot of a VM",
	  BOTH(WEB(""), DATA(",\"snaps\":[\"pxc-s1\",\"vms\"]"), ""),
	  "{\"name\":\"data\",\"new_project\":\"other\"}",
	  "!volume acme/data has snapshot vms, which is not its own, *" },
	{ "that has no holder yet", "{" TWO_POOLS "\"guests\":[" HOLDER "]," RBD(DATA(""), ""),
	  "{\"name\":\"data\",\"new_project\":\"other\"}",
	  "create VM 900001 *; let HA * / give it to project other, as p-fast/vm-900001-pxc-aaaaaaaa" },
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
	  "give it to project other, as p-fast/vm-900001-pxc-aaaaaaaa" },
	{ "cut off there, finished by a task of the other project",
	  BOTH(WEB(""),
	       "{\"name\":\"vm-900000-pxc-aaaaaaaa\",\"volume\":\"data\",\"block\":{\"project\":\"other\"}}",
	       ""),
	  "{\"name\":\"data\",\"project\":\"other\"}",
	  "give it to project other, as p-fast/vm-900001-pxc-aaaaaaaa" },
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

#define AGENT                                                                                      \
	",\"config\":{\"agent\":\"1\",\"scsi1\":\"fast:vm-900000-pxc-aaaaaaaa,serial=aaaaaaaa,size=2G\"}"
#define ANSWERS ",\"addresses\":[\"10.0.0.5\"]"
#define LIVE(rest, state)                                                                          \
	GUESTS(WEB(RUNS rest) "," HOLDER) RBD(DATA(",\"snaps\":[\"pxc-s1\"]"), state)
#define FROZEN FOR_WEB ",\"frz/101\":\"vm.101.00000065\""
#define FROZEN_BEFORE FOR_WEB ",\"frz/101\":\"vm.101.0badcafe\""
#define STILL(snaps)                                                                               \
	"note down that vm acme/web is frozen; freeze the file systems of vm acme/web; " snaps     \
	"; thaw the file systems of vm acme/web; strike out that vm acme/web is frozen"
#define THAW                                                                                       \
	"thaw the file systems of vm acme/web, which a run that was cut off has left frozen; "     \
	"strike out that vm acme/web is frozen"
#define QUIET(rest) "{\"name\":\"data\",\"quiesce\":true,\"snapshots\":[" rest "]}"

static const struct plan_row still[] = {
	{ "frozen meanwhile", LIVE(AGENT ANSWERS, FOR_WEB), QUIET("{\"name\":\"s2\"}"),
	  STILL("take snapshot s2 of volume acme/data") },
	{ "once for all", LIVE(AGENT ANSWERS, FOR_WEB),
	  QUIET("{\"name\":\"s2\"},{\"name\":\"s3\"},{\"name\":\"s1\",\"state\":\"absent\"}"),
	  "remove snapshot s1 / " STILL(
		  "take snapshot s2 of volume acme/data; take snapshot s3 of volume acme/data") },
	{ "behind what else is changed in the VM", LIVE(AGENT ANSWERS, FOR_WEB),
	  "{\"name\":\"data\",\"size\":4,\"quiesce\":true,\"snapshots\":[{\"name\":\"s2\"}]}",
	  "grow scsi1 to 4G; " STILL("take snapshot s2 of volume acme/data") },
	{ "not when they are there", LIVE(AGENT ANSWERS, FOR_WEB), QUIET("{\"name\":\"s1\"}"), "" },
	{ "not to remove one", LIVE(AGENT ANSWERS, FOR_WEB),
	  QUIET("{\"name\":\"s1\",\"state\":\"absent\"}"), "remove snapshot s1" },
	{ "not unless it is asked for", LIVE(AGENT ANSWERS, FOR_WEB),
	  "{\"name\":\"data\",\"snapshots\":[{\"name\":\"s2\"}]}", "take snapshot s2" },
	{ "not a VM that is off", IN_WEB, QUIET("{\"name\":\"s2\"}"), "take snapshot s2" },
	{ "not of a volume that nobody has", FREE, QUIET("{\"name\":\"s2\"}"), "take snapshot s2" },
	{ "no agent", IN_WEB_LIVE, QUIET("{\"name\":\"s2\"}"),
	  "take snapshot s2 | volume acme/data: its snapshot is taken without freezing vm acme/web, which has no guest agent (pxc_vm: agent)" },
	{ "an agent that does not answer", LIVE(AGENT, FOR_WEB), QUIET("{\"name\":\"s2\"}"),
	  "take snapshot s2 | volume acme/data: *whose guest agent does not answer" },

	/* a run was cut off */
	{ "left frozen", LIVE(AGENT ANSWERS, FROZEN), "{\"name\":\"data\"}", THAW },
	{ "and a snapshot is still to be taken", LIVE(AGENT ANSWERS, FROZEN),
	  QUIET("{\"name\":\"s2\"}"), THAW " / " STILL("take snapshot s2 of volume acme/data") },
	{ "left frozen, and off since", GUESTS(WEB(AGENT) "," HOLDER) RBD(DATA(""), FROZEN),
	  "{\"name\":\"data\"}", "strike out that vm acme/web is frozen" },
	{ "left frozen, and another VM since", LIVE(AGENT ANSWERS, FROZEN_BEFORE),
	  "{\"name\":\"data\"}", "strike out that vm acme/web is frozen" },
};

static const struct plan_row refusals[] = {
	{ "a name", "", "{\"name\":\"Data\",\"size\":1}",
	  "!volume acme/Data: a volume's name has lower-case*" },
	{ "a slot", "", "{\"name\":\"d\",\"slot\":\"scsi0\"}", "!*slot \"scsi0\" is none of*" },
	{ "a slot of seeds", "", "{\"name\":\"d\",\"slot\":\"scsi30\"}",
	  "!*slot \"scsi30\" is none of*" },
	{ "a serial", "", "{\"name\":\"d\",\"serial\":\"aaaaaaaaaaaaaaaaaaaaa\"}",
	  "!*at most 20*" },
	{ "a snapshot's name", "", "{\"name\":\"d\",\"snapshots\":[{\"name\":\"a@b\"}]}",
	  "!*a snapshot's name*" },
	{ "of our own", "", "{\"name\":\"d\",\"snapshots\":[{\"name\":\"tmp-1\"}]}",
	  "!*a snapshot's name*" },
	{ "one of them twice", "",
	  "{\"name\":\"d\",\"snapshots\":[{\"name\":\"a\"},{\"name\":\"a\"}]}",
	  "!*a is named twice" },
	{ "a volume twice", "", "{\"volumes\":[{\"name\":\"a\"},{\"name\":\"a\"}]}",
	  "!*is named twice in this task" },
	{ "two of one name", "",
	  "{\"volumes\":[{\"name\":\"a\"},{\"name\":\"b\",\"new_name\":\"a\"}]}",
	  "!*would have one name*" },
	{ "attached and gone", "", "{\"name\":\"d\",\"state\":\"absent\",\"attach_to\":\"web\"}",
	  "!*attach_to makes no sense*" },
	{ "metadata", "", "{\"name\":\"d\",\"metadata\":{\"A\":1}}", "!*metadata key \"A\"*" },
	{ "two wishes", "", "{\"name\":\"d\",\"attach_to\":\"web\",\"detach\":true}",
	  "!*mutually exclusive*" },
};

static void volumes_are_made(void **state)
{
	(void)state;
	plan_volume_rows(making, ARRAY_SIZE(making));
}

static void volumes_are_changed_and_removed(void **state)
{
	(void)state;
	plan_volume_rows(changing, ARRAY_SIZE(changing));
}

static void volumes_go_to_other_projects(void **state)
{
	(void)state;
	plan_volume_rows(giving, ARRAY_SIZE(giving));
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	plan_volume_rows(refusals, ARRAY_SIZE(refusals));
}

static void guests_are_frozen_while_snapshots_are_taken(void **state)
{
	(void)state;
	/* A snapshot that fails must leave no frozen guest behind. */
	assert_true(volume_kind.ops[VOLUME_THAW].always);
	plan_volume_rows(still, ARRAY_SIZE(still));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(volumes_are_made),
		cmocka_unit_test(volumes_are_changed_and_removed),
		cmocka_unit_test(volumes_go_to_other_projects),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(guests_are_frozen_while_snapshots_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
