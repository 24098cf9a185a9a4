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

#define REGISTRY                                                                                   \
	"\"registry\":{\"storage\":\"fast\",\"f.tiny\":\"vcpus/1,ram_mb/512,disk_gb/1\","          \
	"\"f.big\":\"vcpus/4,ram_mb/8192,disk_gb/40\"}"
#define D1 "{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\"}"
#define D1_WITH(block) "{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\",\"block\":{" block "}}"
#define D2 "{\"name\":\"pxc-img-debian.2\",\"image\":\"debian@2\",\"block\":{\"rank\":\"2\"}}"
#define CEPH(images) "{" REGISTRY ",\"rbd\":{\"fast\":{\"images\":[" images "]}}}"
#define CEPH_AND(images, guests)                                                                   \
	"{" REGISTRY ",\"guests\":[" guests "],\"rbd\":{\"fast\":{\"images\":[" images "]}}}"
#define TASK(rest)                                                                                 \
	"{\"name\":\"web\",\"cores\":1,\"memory\":512,\"seed\":\"none\",\"power\":\"stopped\","    \
	"\"image\":{\"name\":\"debian\"}" rest "}"
#define SHAPED(rest)                                                                                     \
	"{\"name\":\"web\",\"seed\":\"none\",\"power\":\"stopped\",\"image\":{\"name\":\"debian\"}" rest \
	"}"
#define OF_IMAGE(image, rest)                                                                      \
	"{\"name\":\"web\",\"cores\":1,\"memory\":512,\"seed\":\"none\",\"power\":\"stopped\","    \
	"\"image\":{" image "}" rest "}"
/* The disk of a run that was cut off, for VM acme/web under a number. */
#define LEFT(vmid) "{\"name\":\"vm-" vmid "-disk-0\",\"disk\":\"vm." vmid ".0000abcd\"}"

static const struct plan_row images[] = {
	{ "cloned, then created with it", CEPH(D1), TASK(""),
	  "clone vm-100-disk-0 from image debian@1; create VM 100 on pve1: *scsi0=fast:vm-100-disk-0, description" },
	{ "the latest", CEPH(D1 "," D2), TASK(""),
	  "clone vm-100-disk-0 from image debian@2; create *" },
	{ "a version", CEPH(D1 "," D2), OF_IMAGE("\"name\":\"debian\",\"version\":\"1\"", ""),
	  "clone vm-100-disk-0 from image debian@1; create *" },
	{ "the latest is deprecated",
	  CEPH(D1
	       ",{\"name\":\"pxc-img-debian.2\",\"image\":\"debian@2\",\"block\":{\"rank\":\"2\",\"deprecated\":\"1\"}}"),
	  TASK(""), "clone vm-100-disk-0 from image debian@1; create *" },
	{ "and named", CEPH(D1_WITH("\"deprecated\":\"1\"")),
	  OF_IMAGE("\"name\":\"debian\",\"version\":\"1\"", ""),
	  "clone vm-100-disk-0 from image debian@1; create *" },
	{ "in another storage than the disk",
	  "{" REGISTRY ",\"rbd\":{\"fast\":{\"images\":[" D1 "]},\"slow\":{\"images\":[]}}}",
	  TASK(",\"storage\":\"slow\""),
	  "clone vm-100-disk-0 from image debian@1; create VM 100 *scsi0=slow:vm-100-disk-0*" },
	{ "the storage of the VM goes first",
	  "{" REGISTRY ",\"rbd\":{\"fast\":{\"images\":[" D2 "]},\"slow\":{\"images\":[" D1 "]}}}",
	  TASK(",\"storage\":\"slow\""), "clone vm-100-disk-0 from image debian@1; *" },
	{ "unless the image's is named",
	  "{" REGISTRY ",\"rbd\":{\"fast\":{\"images\":[" D2 "]},\"slow\":{\"images\":[" D1 "]}}}",
	  OF_IMAGE("\"name\":\"debian\",\"storage\":\"fast\"", ",\"storage\":\"slow\""),
	  "clone vm-100-disk-0 from image debian@2; *" },
	{ "which is then the only one",
	  "{" REGISTRY ",\"rbd\":{\"fast\":{\"images\":[" D1 "]},\"slow\":{}}}",
	  OF_IMAGE("\"name\":\"debian\",\"storage\":\"slow\"", ""),
	  "!vm acme/web: there is no image debian for project acme: there is none yet: import one with pxc_rbd_image" },
	{ "two VMs", CEPH(D1),
	  "{\"cores\":1,\"memory\":512,\"seed\":\"none\",\"power\":\"stopped\",\"image\":{\"name\":\"debian\"},"
	  "\"vms\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "clone vm-100-disk-0 from image debian@1; create VM 100 *; clone vm-101-disk-0 from image debian@1; create VM 101 *" },
	{ "the VM is there, whatever image is the latest",
	  CEPH_AND(D1 "," D2, "{\"vmid\":100,\"block\":{\"image\":\"debian@1\"}}"),
	  TASK(",\"power\":\"stopped\""), "set memory=512" },
	{ "what others call so is taken", CEPH(D1 ",{\"name\":\"vm-100-disk-0\"}"), TASK(""),
	  "clone vm-100-disk-1 from image debian@1; create VM 100 *scsi0=fast:vm-100-disk-1*" },
	{ "started", CEPH(D1),
	  "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"seed\":\"none\",\"image\":{\"name\":\"debian\"}}",
	  "clone *; create *; start; close the journal in the notes" },

	/* size */
	{ "a flavor smaller than the image", CEPH(D1), SHAPED(",\"flavor\":\"tiny\""),
	  "clone *; create *" },
	{ "a flavor smaller than its least disk, which the image has",
	  CEPH(D1_WITH("\"p.min_disk\":\"2147483648\"")), SHAPED(",\"flavor\":\"tiny\""),
	  "clone *; create *" },
	{ "a disk smaller than the image", CEPH(D1), TASK(",\"disk_size\":1"),
	  "!vm acme/web: image debian needs a disk of 2G, not 1G" },
	{ "said as an entry", CEPH(D1), TASK(",\"disks\":[{\"slot\":\"scsi0\",\"size\":1}]"),
	  "!vm acme/web: image debian needs a disk of 2G, not 1G" },
	{ "smaller than its least disk", CEPH(D1_WITH("\"p.min_disk\":\"5368709120\"")), TASK(""),
	  "!vm acme/web: image debian needs a disk of 5G, not 2G" },
	{ "as large as that", CEPH(D1_WITH("\"p.min_disk\":\"5368709120\"")),
	  TASK(",\"disk_size\":5"), "clone *; create *" },
	{ "less than its least memory", CEPH(D1_WITH("\"p.min_ram\":\"1073741824\"")), TASK(""),
	  "!vm acme/web: image debian needs 1G of memory, not 512M" },
	{ "by the flavor", CEPH(D1_WITH("\"p.min_ram\":\"1073741824\"")),
	  SHAPED(",\"flavor\":\"tiny\""),
	  "!vm acme/web: image debian needs 1G of memory, not 512M" },
	{ "enough of both",
	  CEPH(D1_WITH("\"p.min_ram\":\"1073741824\",\"p.min_disk\":\"5368709120\"")),
	  SHAPED(",\"flavor\":\"big\""), "clone *; create *" },

	/* what the image says of its VM */
	{ "UEFI",
	  CEPH(D1_WITH("\"p.firmware\":\"uefi\",\"p.os_type\":\"win11\",\"p.agent\":\"0\"")),
	  TASK(""),
	  "clone *; create VM 100 on pve1: ostype=win11, bios=ovmf, "
	  "efidisk0=fast:1,efitype=4m,pre-enrolled-keys=0, scsihw=virtio-scsi-single, name=web, *" },
	{ "secure boot", CEPH(D1_WITH("\"p.firmware\":\"uefi\",\"p.secure_boot\":\"1\"")), TASK(""),
	  "*efidisk0=fast:1,efitype=4m,pre-enrolled-keys=1*" },
	{ "the task goes before it",
	  CEPH(D1_WITH("\"p.firmware\":\"uefi\",\"p.os_type\":\"win11\",\"p.agent\":\"0\"")),
	  TASK(",\"bios\":\"seabios\",\"ostype\":\"l26\",\"agent\":true"),
	  "clone *; create VM 100 on pve1: ostype=l26, agent=1, scsihw=virtio-scsi-single, name=web, *" },

	/* refused */
	{ "no such image", CEPH(D1 ",{\"name\":\"pxc-img-x\",\"image\":\"x@1\"}"),
	  OF_IMAGE("\"name\":\"suse\"", ""),
	  "!vm acme/web: there is no image suse for project acme: there are debian, x" },
	{ "no such version", CEPH(D1), OF_IMAGE("\"name\":\"debian\",\"version\":\"9\"", ""),
	  "!vm acme/web: there is no image debian version 9 for project acme: there is debian" },
	{ "not for this project", CEPH(D1_WITH("\"visibility\":\"private\",\"project\":\"b\"")),
	  TASK(""),
	  "!vm acme/web: there is no image debian for project acme: there is none yet: *" },
	{ "all versions deprecated", CEPH(D1_WITH("\"deprecated\":\"1\"")), TASK(""),
	  "!vm acme/web: there is no image debian *" },
	{ "its storage is not of Ceph", CEPH(D1), TASK(",\"storage\":\"shared\""),
	  "!vm acme/web: an image by name needs a storage of type rbd for the disk, and shared is not" },
	{ "no storage of Ceph at all", "", TASK(""),
	  "!vm acme/web: there is no image debian for project acme: no storage of type rbd was named, and the cloud's default is none" },
	{ "another storage for the root disk alone",
	  "{" REGISTRY ",\"rbd\":{\"fast\":{\"images\":[" D1 "]},\"slow\":{}}}",
	  TASK(",\"disks\":[{\"slot\":\"scsi0\",\"storage\":\"slow\"}]"),
	  "!vm acme/web: a root disk from an image is made in the storage of the VM: set storage: slow instead of the storage of scsi0" },
	{ "made from another image",
	  CEPH_AND(D1, "{\"vmid\":100,\"block\":{\"image\":\"suse@1\"}}"), TASK(""),
	  "!vm acme/web was made from suse@1, not from debian: a VM keeps its image; rebuild: true replaces its root disk, and all that is on it" },
	{ "from another version",
	  CEPH_AND(D1 "," D2, "{\"vmid\":100,\"block\":{\"image\":\"debian@1\"}}"),
	  OF_IMAGE("\"name\":\"debian\",\"version\":\"2\"", ""),
	  "!vm acme/web was made from debian@1, not from debian@2: *" },
	{ "from an image of a longer name",
	  CEPH_AND(D1, "{\"vmid\":100,\"block\":{\"image\":\"debian-x@1\"}}"), TASK(""),
	  "!vm acme/web was made from debian-x@1, not from debian: *" },
	{ "rebuild without an image", "", "{\"name\":\"web\",\"rebuild\":true}",
	  "!vm acme/web: rebuild needs an image by name" },
};

/* What a run that was cut off before its VM was made has left in Ceph. */
static const struct plan_row leftovers[] = {
	{ "its VM was never made", CEPH(D1 "," LEFT("100")), TASK(""),
	  "remove vm-100-disk-0, which a run that was cut off has left; clone vm-100-disk-0 from image debian@1; create VM 100 *" },
	{ "its VM is one that we may not see",
	  CEPH(D1 ",{\"name\":\"vm-105-disk-0\",\"disk\":\"vm.105.0000abcd\",\"hidden\":1}"),
	  TASK(""), "clone vm-100-disk-0 *" },
	{ "nor under another number", CEPH(D1 "," LEFT("105")), TASK(""),
	  "remove vm-105-disk-0, which a run that was cut off has left; clone vm-100-disk-0 *" },
	{ "with its seed",
	  CEPH(D1
	       ",{\"name\":\"vm-100-pxcseed\",\"disk\":\"vm.100.0000abcd\",\"block\":{\"t\":\"seed\"}}"),
	  TASK(""), "remove vm-100-pxcseed, which a run that was cut off has left; clone *" },
	{ "of another VM",
	  CEPH(D1
	       ",{\"name\":\"vm-105-disk-0\",\"disk\":\"vm.105.0000abcd\",\"block\":{\"name\":\"db\"}}"),
	  TASK(""), "clone vm-100-disk-0 *" },
	{ "of another stack",
	  CEPH(D1
	       ",{\"name\":\"vm-105-disk-0\",\"disk\":\"vm.105.0000abcd\",\"block\":{\"stack\":\"s\"}}"),
	  TASK(""), "clone vm-100-disk-0 *" },
	{ "of another project",
	  CEPH(D1
	       ",{\"name\":\"vm-105-disk-0\",\"disk\":\"vm.105.0000abcd\",\"block\":{\"project\":\"b\"}}"),
	  TASK(""), "clone vm-100-disk-0 *" },
	{ "of another cluster",
	  CEPH(D1
	       ",{\"name\":\"vm-105-disk-0\",\"disk\":\"vm.105.0000abcd\",\"block\":{\"c\":\"00000000\"}}"),
	  TASK(""), "clone vm-100-disk-0 *" },
	{ "of another cluster, and the number is free here",
	  CEPH(D1
	       ",{\"name\":\"vm-100-disk-0\",\"disk\":\"vm.100.0000abcd\",\"block\":{\"c\":\"00000000\"}}"),
	  TASK(""), "clone vm-100-disk-1 *" },
	{ "changed by hand",
	  CEPH(D1 ",{\"name\":\"vm-105-disk-0\",\"disk\":\"vm.105.0000abcd\",\"tampered\":1}"),
	  TASK(""), "clone vm-100-disk-0 *" },
	{ "somebody has made a snapshot of it",
	  CEPH(D1 ",{\"name\":\"vm-105-disk-0\",\"disk\":\"vm.105.0000abcd\",\"snaps\":[\"s\"]}"),
	  TASK(""), "clone vm-100-disk-0 *" },
	{ "its number was taken by somebody else",
	  CEPH_AND(D1 "," LEFT("100"), "{\"vmid\":100,\"pool\":\"\",\"raw\":\"\"}"), TASK(""),
	  "remove vm-100-disk-0, which a run that was cut off has left; clone vm-101-disk-0 *; create VM 101 *" },
	{ "who uses it",
	  CEPH_AND(
		  D1 "," LEFT("100"),
		  "{\"vmid\":100,\"pool\":\"\",\"raw\":\"\",\"config\":{\"scsi3\":\"fast:vm-100-disk-0,size=2G\"}}"),
	  TASK(""), "clone vm-101-disk-0 *; create VM 101 *" },
	{ "or keeps it unused",
	  CEPH_AND(
		  D1 "," LEFT("100"),
		  "{\"vmid\":100,\"pool\":\"\",\"raw\":\"\",\"config\":{\"unused0\":\"fast:vm-100-disk-0\"}}"),
	  TASK(""), "clone vm-101-disk-0 *" },
	{ "or as a linked clone",
	  CEPH_AND(
		  D1 "," LEFT("100"),
		  "{\"vmid\":100,\"pool\":\"\",\"raw\":\"\",\"config\":{\"scsi1\":\"fast:base-9-disk-0/vm-100-disk-0\"}}"),
	  TASK(""), "clone vm-101-disk-0 *" },
	{ "or until its restart",
	  CEPH_AND(
		  D1 "," LEFT("100"),
		  "{\"vmid\":100,\"pool\":\"\",\"raw\":\"\",\"status\":\"running\",\"current\":{\"scsi1\":\"fast:vm-100-disk-0\"}}"),
	  TASK(""), "clone vm-101-disk-0 *" },
	{ "and one that only has a longer name",
	  CEPH_AND(
		  D1 "," LEFT("100"),
		  "{\"vmid\":100,\"pool\":\"\",\"raw\":\"\",\"config\":{\"scsi1\":\"fast:vm-100-disk-01\"}}"),
	  TASK(""), "remove vm-100-disk-0, *; clone vm-101-disk-0 *" },
	{ "who cannot be read",
	  CEPH_AND(
		  D1 "," LEFT("100"),
		  "{\"vmid\":100,\"pool\":\"\",\"raw\":\"\",\"name\":\"other\",\"config\":{\"tags\":\"\"},\"problem\":\"its node is offline\"}"),
	  TASK(""), "clone vm-101-disk-0 *" },
	{ "what is not finished goes with other work",
	  CEPH(D1 ",{\"name\":\"pxc-tmp-6955b000aaaaaaaaaaaaaaaaaaaaaaaa\",\"left\":1}"), TASK(""),
	  "clone *; create *; remove pxc-tmp-6955b000aaaaaaaaaaaaaaaaaaaaaaaa, which a run that was cut off has left" },
};

#define VOLUME                                                                                     \
	"{\"name\":\"vm-900000-pxc-abcabcab\",\"disk\":\"x\",\"block\":{\"t\":\"volume\",\"name\":\"data\",\"serial\":\"abcabcab\"}}"
#define BOOT(rest)                                                                                                           \
	"{\"name\":\"web\",\"cores\":1,\"memory\":512,\"seed\":\"none\",\"power\":\"stopped\",\"boot_volume\":\"data\"" rest \
	"}"
#define WITH_VOLUME(state, guests)                                                                 \
	"{" REGISTRY ",\"guests\":[" guests "],\"rbd\":{\"fast\":{\"images\":[" VOLUME             \
	"],\"state\":{" state "}}}}"

static const struct plan_row volumes[] = {
	{ "reserved, then created with it", WITH_VOLUME("", ""), BOOT(""),
	  "reserve volume data; create VM 100 on pve1: *scsi0=fast:vm-900000-pxc-abcabcab,serial=abcabcab*" },
	{ "one that was moved, while the old one is there too",
	  "{" REGISTRY ",\"rbd\":{\"fast\":{\"images\":[" VOLUME
	  "]},\"slow\":{\"images\":[{\"name\":\"vm-900000-pxc-abcabcab\",\"disk\":\"x\",\"block\":{\"t\":\"volume\","
	  "\"name\":\"data\",\"serial\":\"abcabcab\",\"replaces\":\"rbd.1.id-vm-900000-pxc-abcabcab\"}}]}}}",
	  BOOT(""), "reserve volume data; create VM 100 *scsi0=slow:vm-900000-pxc-abcabcab*" },
	{ "no such volume", CEPH(""), BOOT(""),
	  "!vm acme/web: there is no volume data in project acme" },
	{ "another project's",
	  CEPH("{\"name\":\"vm-900000-pxc-abcabcab\",\"disk\":\"x\",\"block\":{\"t\":\"volume\",\"name\":\"data\",\"serial\":\"a\",\"project\":\"b\"}}"),
	  BOOT(""), "!vm acme/web: there is no volume data in project acme" },
	{ "reserved by a VM",
	  WITH_VOLUME("\"att/abcabcab\":\"vm.100.00000064\"",
		      "{\"vmid\":100,\"block\":{\"name\":\"db\"}}"),
	  BOOT(""), "!vm acme/web: volume data is attached to VM 100: detach it first" },
	{ "by one that cannot be read",
	  WITH_VOLUME(
		  "\"att/abcabcab\":\"vm.100.00000064\"",
		  "{\"vmid\":100,\"pool\":\"\",\"raw\":\"\",\"name\":\"other\",\"config\":{\"tags\":\"\"},\"problem\":\"its node is offline\"}"),
	  BOOT(""), "!vm acme/web: volume data is attached to VM 100: detach it first" },
	{ "in the configuration of a VM, not reserved",
	  WITH_VOLUME(
		  "",
		  "{\"vmid\":100,\"block\":{\"name\":\"db\"},\"config\":{\"scsi4\":\"fast:vm-900000-pxc-abcabcab\"}}"),
	  BOOT(""), "!vm acme/web: volume data is attached to VM 100: detach it first" },
	{ "by one that we may not see",
	  "{"
	  "\"registry\":{\"storage\":\"fast\"},\"rbd\":{\"fast\":{\"images\":["
	  "{\"name\":\"vm-900000-pxc-abcabcab\",\"disk\":\"x\",\"hidden\":1,\"block\":{\"t\":\"volume\",\"name\":\"data\","
	  "\"serial\":\"abcabcab\"}}],\"state\":{\"att/abcabcab\":\"vm.100.00000064\"}}}}",
	  BOOT(""), "!vm acme/web: volume data is attached to VM 100: detach it first" },
	{ "by one that is gone", WITH_VOLUME("\"att/abcabcab\":\"vm.100.00000064\"", ""), BOOT(""),
	  "reserve volume data; create VM 100 *" },
	{ "by one whose number somebody else has taken",
	  WITH_VOLUME("\"att/abcabcab\":\"vm.100.0000abcd\"",
		      "{\"vmid\":100,\"pool\":\"\",\"raw\":\"\"}"),
	  BOOT(""), "reserve volume data; create VM 101 *" },
	{ "the VM is there",
	  WITH_VOLUME("\"att/abcabcab\":\"vm.100.00000064\"",
		      "{\"vmid\":100,\"block\":{\"image\":\"volume/data\"}}"),
	  "{\"name\":\"web\",\"boot_volume\":\"data\"}", "" },
	{ "its flavor says nothing about the volume",
	  WITH_VOLUME(
		  "\"att/abcabcab\":\"vm.100.00000064\"",
		  "{\"vmid\":100,\"block\":{\"image\":\"volume/data\",\"flavor\":\"big\"},\"config\":{\"scsi0\":\"fast:vm-900000-pxc-abcabcab,size=5G\",\"cores\":\"4\",\"memory\":\"8192\"}}"),
	  "{\"name\":\"web\",\"boot_volume\":\"data\",\"flavor\":\"big\"}", "" },
	{ "a disk in the slot of a volume",
	  "{\"guests\":[{\"vmid\":100,\"block\":{},\"config\":{\"scsi1\":\"fast:vm-900000-pxc-abcabcab,size=1G\"}}]}",
	  "{\"name\":\"web\",\"disks\":[{\"size\":5}]}",
	  "!vm acme/web: disks: scsi1 is a volume (fast:vm-900000-pxc-abcabcab), which pxc_volume grows and detaches: *" },
	{ "a size is the volume's", WITH_VOLUME("", ""), BOOT(",\"disk_size\":5"),
	  "!vm acme/web: disk_size is not for a boot_volume, whose size pxc_volume says" },
};

static void root_disks_are_cloned_from_images(void **state)
{
	(void)state;
	plan_rows("pxc_vm", images, ARRAY_SIZE(images));
}

static void what_was_left_is_removed_when_nobody_has_it(void **state)
{
	(void)state;
	plan_rows("pxc_vm", leftovers, ARRAY_SIZE(leftovers));
}

static void volumes_are_booted_from_by_one(void **state)
{
	(void)state;
	plan_rows("pxc_vm", volumes, ARRAY_SIZE(volumes));
}

/* --- arguments ------------------------------------------------------------------------------------------- */

#define CHAIN(n, parent)                                                                           \
	"{\"name\":\"vm-9" n "-disk-0\",\"id\":\"c" n "\",\"parent\":\"" parent "\"}"
#define CHAINED(depth_parent)                                                                                           \
	"{\"name\":\"c0\",\"id\":\"c0\"}," CHAIN("1", "c0") "," CHAIN("2", "c1") "," CHAIN(                             \
		"3",                                                                                                    \
		"c2") "," CHAIN("4",                                                                                    \
				"c3") ",{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\",\"parent\":\"" depth_parent \
				      "\"}"

static const struct {
	const char *name, *world, *task;
	size_t step;
	const char *args;
} arguments[] = {
	{ "a clone", CEPH(D1), TASK(",\"disk_size\":5"), 0,
	  "{\"block\":{\"at\":\"20260101T000000Z\",\"by\":\"tester\",\"c\":\"*\",\"image\":\"debian@1\",\"name\":\"web\","
	  "\"project\":\"acme\",\"stack\":\"default\",\"t\":\"disk\",\"vm\":\"vm.100.*\"},\"flatten\":false,\"from\":\"fast\","
	  "\"name\":\"vm-100-disk-0\",\"parent\":\"pxc-img-debian\",\"size\":5368709120,\"snap\":\"1\",\"storage\":\"fast\"}" },
	{ "across pools", "{" REGISTRY ",\"rbd\":{\"fast\":{\"images\":[" D1 "]},\"slow\":{}}}",
	  TASK(",\"storage\":\"slow\""), 0,
	  "*\"from\":\"fast\",\"name\":\"vm-100-disk-0\"*\"storage\":\"slow\"}" },
	{ "as large as the flavor says", CEPH(D1), SHAPED(",\"flavor\":\"big\""), 0,
	  "*\"size\":42949672960,*" },
	{ "as an entry says", CEPH(D1),
	  TASK(",\"disks\":[{\"slot\":\"scsi0\",\"size\":\"7G\"}],\"disk_size\":5"), 0,
	  "*\"size\":7516192768,*" },
	{ "as the image", CEPH(D1), TASK(""), 0, "*\"size\":0,*" },
	{ "never cut loose", CEPH(CHAINED("c4")), TASK(",\"flatten\":\"never\""), 0,
	  "*\"flatten\":false,*" },
	{ "always", CEPH(D1), TASK(",\"flatten\":\"always\""), 0, "*\"flatten\":true,*" },
	{ "a chain of four", CEPH(CHAINED("c2")), TASK(""), 0, "*\"flatten\":false,*" },
	{ "a chain of five", CEPH(CHAINED("c3")), TASK(""), 0, "*\"flatten\":true,*" },
	{ "a root disk with options", CEPH(D1),
	  TASK(",\"disks\":[{\"slot\":\"scsi0\",\"discard\":true,\"cache\":\"none\"}]"), 1,
	  "*\"scsi0\":\"fast:vm-100-disk-0,discard=on\"*" },
	{ "its origin", CEPH(D1), TASK(""), 1, "*image=debian@1*" },
	{ "a sweep is patient", CEPH(D1 "," LEFT("105")), TASK(""), 0,
	  "{\"name\":\"vm-105-disk-0\",\"patience_ms\":45000,\"storage\":\"fast\"}" },
	{ "a reservation", WITH_VOLUME("", ""), BOOT(""), 0,
	  "{\"key\":\"att/abcabcab\",\"storage\":\"fast\",\"value\":\"vm.100.*\"}" },
	{ "one that takes over", WITH_VOLUME("\"att/abcabcab\":\"vm.100.0000abcd\"", ""), BOOT(""),
	  0,
	  "{\"expect\":\"vm.100.0000abcd\",\"key\":\"att/abcabcab\",\"storage\":\"fast\",\"value\":\"vm.100.*\"}" },
};

static void steps_say_all_that_is_to_be_done(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		auto_world struct test_world w;
		json_auto_t *args = NULL;
		auto_free char *text = NULL;

		test_world_create(&w, arguments[i].world);
		args = plan_step("pxc_vm", arguments[i].task, &w, 0, arguments[i].step);
		text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
		if (plan_fits(arguments[i].args, text))
			continue;
		print_error("%s:\n  wanted %s\n  got    %s\n", arguments[i].name, arguments[i].args,
			    text);
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* The block of the disk names the VM that is then created with it. */
static void a_disk_knows_its_vm(void **state)
{
	auto_world struct test_world w;
	json_auto_t *clone = NULL, *create = NULL;
	auto_free char *id = NULL;
	const char *uuid, *vm;

	(void)state;
	test_world_create(&w, CEPH(D1));
	clone = plan_step("pxc_vm", TASK(""), &w, 0, 0);
	create = plan_step("pxc_vm", TASK(""), &w, 0, 1);
	uuid = json_string_value(json_object_get(create, "smbios1"));
	vm = json_string_value(json_object_get(json_object_get(clone, "block"), "vm"));
	assert_true(str_starts(uuid, "uuid="));
	id = pxc_printf("vm.100.%.8s", uuid + strlen("uuid="));
	assert_string_equal(vm, id);
}

/* Where must be looked, for these tasks? */
static const struct {
	const char *world, *task, *storages;
} looks[] = {
	{ "{" REGISTRY "}", "{\"name\":\"web\"}", "" },
	{ "{" REGISTRY "}", "{\"name\":\"web\",\"image\":{\"name\":\"x\"}}", "fast " },
	{ "{" REGISTRY "}", "{\"name\":\"web\",\"image\":{\"name\":\"x\"},\"storage\":\"slow\"}",
	  "slow fast " },
	{ "{" REGISTRY "}", "{\"name\":\"web\",\"image\":{\"name\":\"x\",\"storage\":\"slow\"}}",
	  "slow fast " },
	{ "", "{\"name\":\"web\",\"image\":{\"name\":\"x\"}}", "" },
	{ "{" REGISTRY "}", "{\"name\":\"web\",\"user_data\":\"#!/bin/sh\"}", "fast " },
	{ "{" REGISTRY "}", "{\"name\":\"web\",\"user_data\":\"#!/bin/sh\",\"seed\":\"pve\"}", "" },
	{ "{" REGISTRY "}", "{\"name\":\"web\",\"state\":\"absent\",\"image\":{\"name\":\"x\"}}",
	  "" },
	{ "{" REGISTRY ",\"guests\":[{\"vmid\":100,\"block\":{}}]}",
	  "{\"name\":\"web\",\"image\":{\"name\":\"x\"}}", "" },
	{ "{" REGISTRY
	  ",\"guests\":[{\"vmid\":100,\"block\":{},\"config\":{\"scsi0\":\"slow:vm-100-disk-0\"}}]}",
	  "{\"name\":\"web\",\"image\":{\"name\":\"x\"},\"rebuild\":true}", "slow fast " },
	{ "{" REGISTRY
	  ",\"guests\":[{\"vmid\":100,\"block\":{\"seed\":\"0\"},\"config\":{\"scsi30\":\"slow:vm-100-pxcseed\"}}]}",
	  "{\"name\":\"web\",\"reseed\":true,\"storage\":\"fast\"}", "fast slow " },
	{ "{" REGISTRY ",\"guests\":[{\"vmid\":100,\"block\":{\"seed\":\"0\",\"op\":\"clone\"}}]}",
	  "{\"name\":\"web\"}", "fast " },
};

static void ceph_is_looked_at_where_it_is_needed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		auto_world struct test_world w;
		auto_free char *got = NULL;

		test_world_create(&w, looks[i].world);
		got = plan_storages(looks[i].task, &w);
		if (!str_eq(got, looks[i].storages))
			fail_msg("row %zu: wanted \"%s\", got \"%s\"", i, looks[i].storages, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_disks_are_cloned_from_images),
		cmocka_unit_test(what_was_left_is_removed_when_nobody_has_it),
		cmocka_unit_test(volumes_are_booted_from_by_one),
		cmocka_unit_test(steps_say_all_that_is_to_be_done),
		cmocka_unit_test(a_disk_knows_its_vm),
		cmocka_unit_test(ceph_is_looked_at_where_it_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
