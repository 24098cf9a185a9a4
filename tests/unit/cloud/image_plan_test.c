/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/image.h"
#include "lib/plan.h"
#include "unit/cloud/image_worlds.h"

static const struct plan_row presence[] = {
	{ "imported when it is not there", EMPTY, AND("1", FILE),
	  "import debian version 1 into p-fast/pxc-img-debian" },
	{ "without a version it is version 1", EMPTY, "{\"name\":\"debian\"," FILE "}",
	  "import debian version 1 into p-fast/pxc-img-debian" },
	{ "there", IMAGES(D1), AND("1", FILE), "" },
	{ "there, and no source said", IMAGES(D1), OF("1"), "" },
	{ "not there, and no source said", EMPTY, OF("1"),
	  "!image debian 1 is not there yet: it needs a source, from_vm or from_volume" },
	{ "the next version", IMAGES(D1), AND("2", FILE),
	  "import debian version 2 into p-fast/pxc-img-debian.2" },
	{ "its name is taken by whatever it is", IMAGES("{\"name\":\"pxc-img-debian\"}," D2),
	  AND("1", FILE), "import debian version 1 into p-fast/pxc-img-debian.3" },
	{ "its name is taken by an image called so",
	  IMAGES(D1 ",{\"name\":\"pxc-img-debian.2\",\"image\":\"debian.2@1\"}"), AND("2", FILE),
	  "import debian version 2 into p-fast/pxc-img-debian.3" },
	{ "not finished is not there",
	  IMAGES("{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\",\"block\":{\"state\":\"importing\"}}"),
	  AND("1", FILE), "import debian version 1 into p-fast/pxc-img-debian.2" },
	{ "a clone's copy of the block is no image",
	  IMAGES("{\"name\":\"vm-100-disk-0\",\"image\":\"debian@1\",\"inherited\":1}"),
	  AND("1", FILE), "import debian version 1 into p-fast/pxc-img-debian" },
	{ "changed by hand", IMAGES(D1_WITH("\"tampered\":1")), OF("1"),
	  "!image debian 1: the metadata of p-fast/pxc-img-debian was changed by hand and is not written over; see it "
	  "with: rbd image-meta list p-fast/pxc-img-debian" },
	{ "another version of it changed by hand", IMAGES(D1 "," D2_WITH("\"tampered\":1")),
	  OF("1"),
	  "!image debian 1: the metadata of p-fast/pxc-img-debian.2 was changed by hand *" },
	{ "another image changed by hand",
	  IMAGES(D1 ",{\"name\":\"pxc-img-x\",\"image\":\"x@1\",\"tampered\":1}"), OF("1"), "" },
	{ "another storage",
	  "{" CEPH ",\"rbd\":{\"fast\":{\"images\":[]},\"slow\":{\"images\":[" D1 "]}}}",
	  AND("1", "\"storage\":\"slow\""), "" },
	{ "no registry", "{\"registry\":null,\"rbd\":{\"fast\":{}}}", AND("1", FILE),
	  "!cluster lab has no cloud registry yet: *" },

	/* checksum */
	{ "the same checksum", IMAGES(D1_WITH("\"block\":{\"checksum\":\"" SHA256_A "\"}")),
	  AND("1", "\"checksum\":\"" SHA256_A "\""), "" },
	{ "another one", IMAGES(D1_WITH("\"block\":{\"checksum\":\"" SHA256_A "\"}")),
	  AND("1", FILE ",\"checksum\":\"" SHA256_B "\""),
	  "!image debian 1 is there with another checksum (" SHA256_A ", not " SHA256_B
	  "): a version never changes; give "
	  "the new content a new version" },
	{ "another algorithm says nothing",
	  IMAGES(D1_WITH("\"block\":{\"checksum\":\"" SHA256_A "\"}")),
	  AND("1", "\"checksum\":\"" SHA512_A "\""), "" },
	{ "none kept", IMAGES(D1), AND("1", "\"checksum\":\"" SHA256_A "\""), "" },

	/* properties */
	{ "a property", IMAGES(D1), AND("1", "\"properties\":{\"os_type\":\"l26\"}"),
	  "set the properties of debian version 1" },
	{ "the same", IMAGES(D1_WITH("\"block\":{\"p.os_type\":\"l26\",\"p.agent\":\"1\"}")),
	  AND("1", "\"properties\":{\"os_type\":\"l26\"}"), "" },
	{ "units do not matter",
	  IMAGES(D1_WITH("\"block\":{\"p.min_disk\":\"3221225472\",\"p.min_ram\":\"1073741824\"}")),
	  AND("1", "\"properties\":{\"min_disk\":3,\"min_ram\":\"1G\"}"), "" },
	{ "one is removed", IMAGES(D1_WITH("\"block\":{\"p.os_type\":\"l26\"}")),
	  AND("1", "\"properties\":{\"os_type\":null}"), "set the properties of debian version 1" },
	{ "in an entry of a list", IMAGES(D1_WITH("\"block\":{\"p.os_type\":\"l26\"}")),
	  "{\"images\":[{\"name\":\"x\",\"state\":\"absent\"}," AND(
		  "1", "\"properties\":{\"os_type\":null}") "]}",
	  "set the properties of debian version 1" },
	{ "by the defaults of a list", IMAGES(D1_WITH("\"block\":{\"p.os_type\":\"l26\"}")),
	  "{\"properties\":{\"os_type\":null},\"images\":[" OF("1") "]}",
	  "set the properties of debian version 1" },
	{ "one that is not there is removed", IMAGES(D1),
	  AND("1", "\"properties\":{\"os_type\":null}"), "" },
	{ "protected", IMAGES(D1), AND("1", "\"protected\":true"), "set the properties *" },
	{ "protected already", IMAGES(D1_WITH("\"block\":{\"protected\":\"1\"}")),
	  AND("1", "\"protected\":true"), "" },
	{ "protected, and nothing said", IMAGES(D1_WITH("\"block\":{\"protected\":\"1\"}")),
	  OF("1"), "" },
	{ "deprecated", IMAGES(D1), AND("1", "\"state\":\"deprecated\""), "set the properties *" },
	{ "deprecated already", IMAGES(D1_WITH("\"block\":{\"deprecated\":\"1\"}")),
	  AND("1", "\"state\":\"deprecated\""), "" },
	{ "present takes that back", IMAGES(D1_WITH("\"block\":{\"deprecated\":\"1\"}")), OF("1"),
	  "set the properties *" },
	{ "the latest already", IMAGES(D1 "," D2), AND("2", "\"latest\":true"), "" },
	{ "an older one becomes the latest", IMAGES(D1 "," D2), AND("1", "\"latest\":true"),
	  "set the properties of debian version 1" },
	{ "the source of what is there does not matter", IMAGES(D1),
	  AND("1", "\"source\":\"https://elsewhere.example.org/y.img\""), "" },

	/* who may use it */
	{ "shared",
	  "{" CEPH ",\"pools\":{\"acme\":{},\"b\":{}},\"rbd\":{\"fast\":{\"images\":[" D1 "]}}}",
	  AND("1", "\"visibility\":\"shared\",\"projects\":[\"b\",\"acme\"]"),
	  "set the properties *" },
	{ "in any order",
	  "{" CEPH ",\"pools\":{\"acme\":{},\"b\":{}},\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"block\":{\"visibility\":\"shared\",\"projects\":\"acme,b\"}") "]}}}",
	  AND("1", "\"projects\":[\"b\",\"acme\",\"b\"]"), "" },
	{ "a list that nobody looks at", IMAGES(D1), AND("1", "\"projects\":[\"acme\"]"),
	  "!image debian 1: projects says who may use it beside the owner, and it is public: set visibility: shared" },
	{ "nor of a new one with an owner", EMPTY,
	  AND("1", FILE ",\"project\":\"acme\",\"projects\":[\"acme\"]"),
	  "!image debian 1: projects says *, and it is private: set visibility: shared" },
	{ "an unknown owner", IMAGES(D1), AND("1", "\"project\":\"nosuch\""),
	  "!image debian 1: there is no project nosuch: make it with pxc_project first" },
	{ "an unknown one in the list", IMAGES(D1),
	  AND("1", "\"visibility\":\"shared\",\"projects\":[\"nosuch\"]"),
	  "!image debian 1: projects: there is no project nosuch: *" },

	/* made of a VM or a volume */
	{ "from a VM",
	  "{" CEPH
	  ",\"rbd\":{\"fast\":{}},\"from\":{\"storage\":\"fast\",\"image\":\"vm-100-disk-0\"}}",
	  AND("7", "\"project\":\"acme\",\"from_vm\":{\"name\":\"web\"}"),
	  "copy vm-100-disk-0 to image debian version 7" },
	{ "its VM is not there",
	  "{" CEPH ",\"rbd\":{\"fast\":{}},\"from\":{\"problem\":\"there is no vm acme/web\"}}",
	  AND("7", "\"from_vm\":{\"name\":\"web\",\"project\":\"acme\"}"),
	  "!image debian 7: there is no vm acme/web" },
	{ "its VM is not there, but the image is",
	  "{" CEPH ",\"rbd\":{\"fast\":{\"images\":[" D1
	  "]}},\"from\":{\"problem\":\"there is no vm acme/web\"}}",
	  AND("1", "\"from_vm\":{\"name\":\"web\",\"project\":\"acme\"}"), "" },
	{ "its volume was not found", EMPTY,
	  AND("7", "\"from_volume\":{\"name\":\"data\",\"project\":\"acme\"}"),
	  "!image debian 7: its source was not found" },

	/* quota */
	{ "over the project's quota",
	  "{" CEPH
	  ",\"pools\":{\"acme\":{\"quota\":{\"image_gb\":4}}},\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"block\":{\"project\":\"acme\"},\"size_gib\":3") "]}}}",
	  AND("2", FILE ",\"project\":\"acme\",\"size\":2"),
	  "!project acme: quota: image_gb used 3 + asked 2 > limit 4" },
	{ "what is there stays",
	  "{" CEPH
	  ",\"pools\":{\"acme\":{\"quota\":{\"image_gb\":1}}},\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"block\":{\"project\":\"acme\"},\"size_gib\":3") "]}}}",
	  AND("1", FILE ",\"project\":\"acme\",\"size\":2"), "" },
	{ "given to a project it counts for that",
	  "{" CEPH
	  ",\"pools\":{\"acme\":{\"quota\":{\"image_gb\":2}}},\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"size_gib\":3") "]}}}",
	  AND("1", "\"project\":\"acme\""),
	  "!project acme: quota: image_gb used 0 + asked 3 > limit 2" },
	{ "the cloud's images are nobody's quota",
	  "{" CEPH
	  ",\"pools\":{\"acme\":{\"quota\":{\"image_gb\":2}}},\"rbd\":{\"fast\":{\"images\":[" D1_WITH(
		  "\"size_gib\":30") "]}}}",
	  AND("2", FILE ",\"project\":\"acme\",\"size\":2"), "import *" },
	{ "that of the whole task",
	  "{" CEPH ",\"pools\":{\"acme\":{\"quota\":{\"image_gb\":3}}},\"rbd\":{\"fast\":{}}}",
	  "{" FILE
	  ",\"project\":\"acme\",\"size\":2,\"images\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "!project acme: quota: image_gb used 0 + asked 4 > limit 3" },
	{ "a copy counts as what is copied",
	  "{" CEPH
	  ",\"pools\":{\"acme\":{\"quota\":{\"image_gb\":4}}},\"from\":{\"storage\":\"fast\",\"image\":\"vm-100-disk-0\"},"
	  "\"rbd\":{\"fast\":{\"images\":[{\"name\":\"vm-100-disk-0\",\"size_gib\":5}]}}}",
	  AND("1", "\"project\":\"acme\",\"from_vm\":{\"name\":\"web\"}"),
	  "!project acme: quota: image_gb used 0 + asked 5 > limit 4" },
};

#define LIMITED                                                                                        \
	"{" CEPH                                                                                       \
	",\"pools\":{\"acme\":{\"quota\":{\"image_gb\":12}}},\"rbd\":{\"fast\":{\"images\":[" D1_WITH( \
		"\"block\":{\"project\":\"acme\"},\"size_gib\":3") "]}}}"
#define LEFT "that is what project acme has left of its quota image_gb"

/* How large an import may become: its max_size, or less when the project has less. */
static const struct {
	const char *name, *world, *task;
	int64_t most_gib;
	const char *why;
} imports[] = {
	{ "no quota",
	  "{" CEPH ",\"pools\":{\"acme\":{\"quota\":{\"image_gb\":-1}}},\"rbd\":{\"fast\":{}}}",
	  AND("1", FILE ",\"project\":\"acme\",\"max_size\":\"7G\""), 7, NULL },
	{ "the cloud's", "{" CEPH ",\"rbd\":{\"fast\":{}}}", AND("1", FILE ",\"max_size\":\"7G\""),
	  7, NULL },
	{ "room enough", LIMITED, AND("2", FILE ",\"project\":\"acme\",\"max_size\":\"7G\""), 7,
	  NULL },
	{ "no more than is left", LIMITED, AND("2", FILE ",\"project\":\"acme\""), 9, LEFT },
	{ "nor of several", LIMITED,
	  "{" FILE
	  ",\"project\":\"acme\",\"images\":[{\"name\":\"a\"},{\"name\":\"b\",\"size\":2},{\"name\":\"c\"}]}",
	  2, LEFT },
};

static void an_import_keeps_the_quota(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(imports); i++) {
		auto_world struct test_world w;
		json_auto_t *args = NULL;
		const char *why;

		test_world_create(&w, imports[i].world);
		args = plan_step("pxc_rbd_image", imports[i].task, &w, 0, 0);
		why = json_string_value(json_object_get(args, "max_why"));
		if (json_integer_value(json_object_get(args, "max_bytes")) != imports[i].most_gib
										      << 30 ||
		    !str_eq(why, imports[i].why))
			fail_msg("%s: %" JSON_INTEGER_FORMAT " %s", imports[i].name,
				 json_integer_value(json_object_get(args, "max_bytes")) >> 30,
				 why ? why : "");
	}
}

/* Several in one task */
static const struct plan_row batches[] = {
	{ "two versions", EMPTY, "{" FILE ",\"images\":[" OF("1") "," OF("2") "]}",
	  "import debian version 1 into p-fast/pxc-img-debian; import debian version 2 into p-fast/pxc-img-debian.2" },
	{ "names of the task are taken too", IMAGES(D1),
	  "{" FILE ",\"images\":[" OF("2") ",{\"name\":\"debian.2\"}]}",
	  "import debian version 2 into p-fast/pxc-img-debian.2; import debian.2 version 1 into p-fast/pxc-img-debian.2.2" },
	{ "one that is absent takes no name", EMPTY,
	  "{\"images\":[" AND("1", "\"state\":\"absent\"") "," AND("2", FILE) "]}",
	  "import debian version 2 into p-fast/pxc-img-debian" },
	{ "keep counts those of the task", IMAGES(D1 "," D2 "," D3),
	  "{\"keep\":2,\"images\":[" OF("1") "," OF("3") "]}", "remove image debian version 2 *" },
	{ "and removes none of them", IMAGES(D1 "," D2),
	  "{\"keep\":1,\"images\":[" OF("1") "," OF("2") "]}", "" },
	{ "with new ones", IMAGES(D1), "{" FILE ",\"keep\":2,\"images\":[" OF("2") "," OF("3") "]}",
	  "import debian version 2 *; remove image debian version 1 *; import debian version 3 *" },
	{ "what is to go is not counted", IMAGES(D1 "," D2 "," D3),
	  "{\"images\":[" AND("3", "\"keep\":2") "," AND("2", "\"state\":\"absent\"") "]}",
	  "remove image debian version 2 *" },
	{ "twins", EMPTY, "{" FILE ",\"images\":[" OF("1") "," OF("1") "]}",
	  "!image debian 1 is named twice in this task" },
	{ "twins by the default version", EMPTY,
	  "{" FILE ",\"images\":[{\"name\":\"debian\"}," OF("1") "]}",
	  "!image debian 1 is named twice in this task" },
	{ "twins by the default storage", EMPTY,
	  "{" FILE ",\"images\":[" OF("1") "," AND("1", "\"storage\":\"fast\"") "]}",
	  "!image debian 1 is named twice in this task" },
	{ "there, and all of it absent", IMAGES(D1),
	  "{\"images\":[" OF("1") ",{\"name\":\"debian\",\"state\":\"absent\"}]}",
	  "!image debian is named twice in this task" },
	{ "one version in two storages", "{" CEPH ",\"rbd\":{\"fast\":{},\"slow\":{}}}",
	  "{" FILE ",\"images\":[" OF("1") "," AND("1", "\"storage\":\"slow\"") "]}",
	  "import debian version 1 into p-fast/pxc-img-debian; import debian version 1 into p-slow/pxc-img-debian" },
	{ "two latest", IMAGES(D1 "," D2), "{\"latest\":true,\"images\":[" OF("1") "," OF("2") "]}",
	  "!image debian 2: only one version of an image can be the latest, and image debian 1 is to be it too" },
	{ "one number for two templates", IMAGES(D1 "," D2),
	  "{\"template_vm\":{\"vmid\":9000},\"images\":[" OF("1") "," OF("2") "]}",
	  "!image debian 2: template_vm: number 9000 is asked for image debian 1 too" },
};

static void images_come_and_change(void **state)
{
	(void)state;
	plan_rows("pxc_rbd_image", presence, ARRAY_SIZE(presence));
}

static void versions_of_one_task_know_each_other(void **state)
{
	(void)state;
	plan_rows("pxc_rbd_image", batches, ARRAY_SIZE(batches));
}

/* --- arguments of steps ---------------------------------------------------------------------------------- */

/* Of step `step` of plan `plan`, the keys that are named, as sorted compact JSON. */
static const struct {
	const char *name, *world, *task;
	size_t plan, step;
	const char *keys[10], *args;
} arguments[] = {
	{ "an import",
	  EMPTY,
	  AND("1.10", "\"source\":\"https://h/x.img\",\"checksum\":\"" SHA256_A
		      "\",\"size\":2,\"max_size\":\"4G\","
		      "\"source_ca\":\"/ca\",\"work_dir\":\"/w\""),
	  0,
	  0,
	  { "storage", "name", "snap", "source", "checksum", "ca_path", "work_dir", "min_bytes",
	    "max_bytes" },
	  "{\"ca_path\":\"/ca\",\"checksum\":\"" SHA256_A
	  "\",\"max_bytes\":4294967296,\"min_bytes\":2147483648,"
	  "\"name\":\"pxc-img-debian\",\"snap\":\"1.10\",\"source\":\"https://h/x.img\",\"storage\":\"fast\",\"work_dir\":\"/w\"}" },
	{ "the block of a new image",
	  EMPTY,
	  AND("1", FILE
	      ",\"protected\":true,\"description\":\"d\",\"properties\":{\"agent\":false,\"min_disk\":1}"),
	  0,
	  0,
	  { "block" },
	  "{\"block\":{\"at\":\"20260101T000000Z\",\"by\":\"tester\",\"c\":\"*\",\"description\":\"d\",\"name\":\"debian\","
	  "\"p.agent\":\"0\",\"p.min_disk\":\"1073741824\",\"protected\":\"1\",\"r\":\"1\",\"rank\":\"1\","
	  "\"source\":\"/srv/x.img\",\"t\":\"image\",\"version\":\"1\",\"visibility\":\"public\"}}" },
	{ "that of a project",
	  EMPTY,
	  AND("1", FILE ",\"project\":\"acme\""),
	  0,
	  0,
	  { "block" },
	  "*\"project\":\"acme\"*\"visibility\":\"private\"*" },
	{ "a new one is the latest",
	  IMAGES(D1 "," D2),
	  AND("3", FILE),
	  0,
	  0,
	  { "block" },
	  "*\"rank\":\"3\"*" },
	{ "of two, the last one is: the first",
	  EMPTY,
	  "{" FILE ",\"images\":[" OF("10") "," OF("9") "]}",
	  0,
	  0,
	  { "block" },
	  "*\"rank\":\"1\"*" },
	{ "and the second",
	  EMPTY,
	  "{" FILE ",\"images\":[" OF("10") "," OF("9") "]}",
	  1,
	  0,
	  { "block" },
	  "*\"rank\":\"2\"*" },
	{ "latest goes above new ones",
	  IMAGES(D1),
	  "{\"images\":[" AND("1", "\"latest\":true") "," AND("2", FILE) "]}",
	  0,
	  0,
	  { "block" },
	  "*\"rank\":\"3\"*" },
	{ "that are below it",
	  IMAGES(D1),
	  "{\"images\":[" AND("1", "\"latest\":true") "," AND("2", FILE) "]}",
	  1,
	  0,
	  { "block" },
	  "*\"rank\":\"2\"*" },
	{ "a change",
	  IMAGES(D1_WITH("\"block\":{\"p.os_type\":\"l26\",\"r\":\"4\",\"checksum\":\"c\"}")),
	  AND("1", "\"properties\":{\"os_type\":null,\"arch\":\"x86_64\"}"),
	  0,
	  0,
	  { "storage", "name", "image_id", "revision", "drop", "block" },
	  "{\"block\":{\"at\":\"20260101T000000Z\",\"by\":\"tester\",\"c\":\"*\",\"checksum\":\"c\",\"name\":\"debian\","
	  "\"p.arch\":\"x86_64\",\"r\":\"5\",\"rank\":\"1\",\"state\":\"available\",\"t\":\"image\",\"version\":\"1\","
	  "\"visibility\":\"public\"},\"drop\":[\"pxc.p.os_type\",\"pxc.id\"],\"image_id\":\"id-pxc-img-debian\","
	  "\"name\":\"pxc-img-debian\",\"revision\":\"4\",\"storage\":\"fast\"}" },
	{ "a copy",
	  "{" CEPH ",\"rbd\":{\"fast\":{}},\"from\":{\"storage\":\"slow\",\"image\":\"v\"}}",
	  AND("1", "\"from_volume\":{\"name\":\"data\",\"project\":\"acme\",\"snapshot\":\"s\"}"),
	  0,
	  0,
	  { "storage", "name", "snap", "from", "parent", "parent_snap" },
	  "{\"from\":\"slow\",\"name\":\"pxc-img-debian\",\"parent\":\"v\",\"parent_snap\":\"s\",\"snap\":\"1\","
	  "\"storage\":\"fast\"}" },
	{ "what it is a copy of",
	  "{" CEPH ",\"rbd\":{\"fast\":{}},\"from\":{\"storage\":\"slow\",\"image\":\"v\"}}",
	  AND("1", "\"from_vm\":{\"name\":\"web\",\"project\":\"acme\"}"),
	  0,
	  0,
	  { "block" },
	  "*\"source\":\"vm acme/web\"*" },
	{ "a removal with snapshots, but for those that are gone already",
	  IMAGES(D1_WITH("\"snaps\":[\"1\",\"trash\",\"x\"]")),
	  AND("1", "\"state\":\"absent\""),
	  0,
	  0,
	  { "storage", "name", "snaps", "patience_ms" },
	  "{\"name\":\"pxc-img-debian\",\"patience_ms\":0,\"snaps\":[\"1\",\"x\"],\"storage\":\"fast\"}" },
	{ "a sweep is patient",
	  IMAGES("{\"name\":\"" TEMP_NEW
		 "\",\"image\":\"debian@1\",\"snaps\":[\"1\"],\"block\":{\"state\":\"importing\"}}"),
	  "{\"name\":\"debian\",\"state\":\"absent\"}",
	  0,
	  0,
	  { "snaps", "patience_ms" },
	  "{\"patience_ms\":45000,\"snaps\":[\"1\"]}" },
	{ "the disk of a template",
	  IMAGES(D1),
	  AND("1", WANTED),
	  0,
	  0,
	  { "storage", "name", "parent", "snap", "block" },
	  "{\"block\":{\"at\":\"20260101T000000Z\",\"by\":\"tester\",\"c\":\"*\",\"image\":\"debian\",\"t\":\"disk\","
	  "\"version\":\"1\",\"vm\":\"vm.9000.*\"},\"name\":\"vm-9000-disk-0\",\"parent\":\"pxc-img-debian\",\"snap\":\"1\","
	  "\"storage\":\"fast\"}" },
	{ "a template as its image is",
	  IMAGES(D1_WITH(
		  "\"block\":{\"p.os_type\":\"win11\",\"p.firmware\":\"uefi\",\"p.agent\":\"0\"}")),
	  AND("1", "\"template_vm\":{\"vmid\":9000,\"tags\":[\"a\",\"b\"]}"),
	  0,
	  1,
	  { "node", "vmid", "name", "tags", "scsi0", "boot", "agent", "ostype", "bios" },
	  "{\"agent\":\"0\",\"bios\":\"ovmf\",\"boot\":\"order=scsi0\",\"name\":\"debian-1\",\"node\":\"pve1\",\"ostype\":\"win11\","
	  "\"scsi0\":\"fast:vm-9000-disk-0\",\"tags\":\"pxc-image;a;b\",\"vmid\":9000}" },
	{ "a version that is no DNS name",
	  IMAGES("{\"name\":\"pxc-img-debian\",\"image\":\"debian@2026_1+a\"}"),
	  AND("2026_1+a", WANTED),
	  0,
	  1,
	  { "name" },
	  "{\"name\":\"debian-2026-1-a\"}" },
	{ "its place in HA",
	  IMAGES(D1),
	  AND("1", WANTED),
	  0,
	  3,
	  { "sid", "state" },
	  "{\"sid\":\"vm:9000\",\"state\":\"stopped\"}" },
};

static void steps_say_all_that_is_to_be_done(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		auto_world struct test_world w;
		json_auto_t *args = NULL, *named = json_object();
		auto_free char *text = NULL;

		test_world_create(&w, arguments[i].world);
		args = plan_step("pxc_rbd_image", arguments[i].task, &w, arguments[i].plan,
				 arguments[i].step);
		for (size_t k = 0; k < 10 && arguments[i].keys[k]; k++)
			(void)json_object_set(named, arguments[i].keys[k],
					      json_object_get(args, arguments[i].keys[k]));
		text = json_dumps(named, JSON_COMPACT | JSON_SORT_KEYS);
		if (!plan_fits(arguments[i].args, text))
			fail_msg("%s:\nwanted %s\ngot    %s", arguments[i].name, arguments[i].args,
				 text);
	}
}

static void a_password_in_a_source_is_not_kept(void **state)
{
	static const char *const rows[][2] = {
		{ "https://h/x.img", "https://h/x.img" },
		{ "https://user:secret@h/x.img", "https://h/x.img" },
		{ "https://user:se@cret@h/x.img", "https://h/x.img" },
		{ "https://h/x.img?token=secret", "https://h/x.img" },
		{ "https://user:secret@h/x.img?token=secret", "https://h/x.img" },
		{ "https://h?token=secret@x", "https://h" },
		{ "https://h/a@b.img", "https://h/a@b.img" },
		{ "/srv/what?.img", "/srv/what?.img" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_world struct test_world w;
		auto_free char *task =
			pxc_printf("{\"name\":\"debian\",\"source\":\"%s\"}", rows[i][0]);
		json_auto_t *args = NULL;
		const char *kept;

		test_world_create(&w, EMPTY);
		args = plan_step("pxc_rbd_image", task, &w, 0, 0);
		kept = json_string_value(json_object_get(json_object_get(args, "block"), "source"));
		assert_string_equal(kept, rows[i][1]);
		assert_string_equal(json_string_value(json_object_get(args, "source")), rows[i][0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_come_and_change),
		cmocka_unit_test(an_import_keeps_the_quota),
		cmocka_unit_test(versions_of_one_task_know_each_other),
		cmocka_unit_test(steps_say_all_that_is_to_be_done),
		cmocka_unit_test(a_password_in_a_source_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
