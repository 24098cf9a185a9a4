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

#define FLAVORS                                                                                    \
	",\"f.small\":\"vcpus/1,ram_mb/1024,disk_gb/1\",\"f.big\":\"vcpus/1,ram_mb/1024,disk_gb/5\""
#define CLOUD "\"registry\":{\"storage\":\"shared\",\"import\":\"local\"" FLAVORS "}"
#define CEPH "\"registry\":{\"storage\":\"fast\",\"import\":\"local\"" FLAVORS "}"
#define V(node, version) "\"" node "/local:import/pxc-img-debian_V" version ".qcow2\""
#define FILES(list) "{" CLOUD ",\"volumes\":[" list "]}"
#define BOTH(list, images)                                                                         \
	"{" CEPH ",\"volumes\":[" list "],\"rbd\":{\"fast\":{\"images\":[" images "]}}}"
#define D1 "{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\"}"
#define SECRET                                                                                     \
	"{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\",\"block\":{\"visibility\":\"private\"}}"
#define MADE(of)                                                                                   \
	",\"guests\":[{\"vmid\":100,\"block\":{\"flavor\":\"small\",\"image\":\"" of "\"}}]"
#define TASK(image, rest)                                                                          \
	"{\"name\":\"web\",\"flavor\":\"small\",\"power\":\"stopped\",\"image\":{" image "}" rest  \
	"}"
#define DEBIAN "\"name\":\"debian\""
#define PVE DEBIAN ",\"backend\":\"pve\""

static const struct plan_row rows[] = {
	{ "imported by PVE", FILES(V("pve2", "1")), TASK(DEBIAN, ""),
	  "create VM 100 on pve2: *scsi0=shared:0,import-from=local:import/pxc-img-debian_V1.qcow2, description" },
	{ "the latest", FILES(V("pve1", "1.10") "," V("pve1", "1.9")), TASK(DEBIAN, ""),
	  "create VM 100 on pve1: *pxc-img-debian_V1.10.qcow2*" },
	{ "a version", FILES(V("pve1", "1.10") "," V("pve1", "1.9")),
	  TASK(DEBIAN ",\"version\":\"1.9\"", ""), "create *pxc-img-debian_V1.9.qcow2*" },
	{ "grown to what the flavor says", FILES(V("pve1", "1")),
	  "{\"name\":\"web\",\"flavor\":\"big\",\"power\":\"stopped\",\"image\":{" DEBIAN "}}",
	  "create *; grow scsi0 to 5G" },
	{ "too small a disk", FILES(V("pve1", "1")), TASK(DEBIAN, ",\"disk_size\":1"),
	  "!vm acme/web: image local:import/pxc-img-debian_V1.qcow2 has 2G and cannot shrink to 1G: *" },
	{ "not on the node", FILES(V("pve1", "1")), TASK(DEBIAN, ",\"node\":\"pve2\""),
	  "!*pve2 has no image local:import/pxc-img-debian_V1.qcow2*" },
	{ "in the storage that is named",
	  "{" CLOUD ",\"imports\":[\"nfs\"],\"volumes\":[" V(
		  "pve1", "2") ",\"pve3/nfs:import/pxc-img-debian_V1.raw\"]}",
	  TASK(DEBIAN ",\"storage\":\"nfs\"", ""),
	  "create VM 100 on pve3: *nfs:import/pxc-img-debian_V1.raw*" },
	{ "not there",
	  FILES("\"pve1/local:import/pxc-img-a_V1.raw\",\"pve2/local:import/pxc-img-a_V2.raw\",\"pve1/local:import/pxc-img-b_V2.raw\""),
	  TASK(DEBIAN, ""),
	  "!vm acme/web: there is no image debian for project acme: no storage of type rbd was named, and the cloud's "
	  "default is none; as files of PVE there is a, b" },
	{ "not this version", FILES(V("pve1", "1")), TASK(PVE ",\"version\":\"2\"", ""),
	  "!vm acme/web: there is no image debian version 2 in a storage with content import; as files of PVE there is "
	  "debian: download it with pxc_rbd_image (backend: pve), and *" },
	{ "no storage for imports", "{\"registry\":{\"storage\":\"shared\"" FLAVORS "}}",
	  TASK(PVE, ""),
	  "!vm acme/web: there is no image debian in a storage with content import: *" },

	/* beside Ceph */
	{ "Ceph goes first", BOTH(V("pve1", "2"), D1), TASK(DEBIAN, ",\"seed\":\"none\""),
	  "clone vm-100-disk-0 from image debian@1; create *" },
	{ "which has none", BOTH(V("pve1", "2"), ""), TASK(DEBIAN, ",\"seed\":\"none\""),
	  "create VM 100 on pve1: *scsi0=fast:0,import-from=local:*_V2.qcow2*" },
	{ "or none for the project", BOTH(V("pve1", "2"), SECRET),
	  TASK(DEBIAN, ",\"seed\":\"none\""), "create VM 100 on pve1: *_V2.qcow2*" },
	{ "unless said otherwise", BOTH(V("pve1", "2"), D1), TASK(PVE, ""),
	  "create VM 100 on pve1: *scsi0=fast:0,import-from=local:*_V2.qcow2*" },
	{ "only Ceph", BOTH(V("pve1", "2"), ""), TASK(DEBIAN ",\"backend\":\"rbd\"", ""),
	  "!vm acme/web: there is no image debian for project acme: there is none yet: import one with pxc_rbd_image" },

	/* a VM that is there */
	{ "made from it", "{" CLOUD MADE("debian@1") "}", TASK(PVE, ""), "" },
	{ "made from that version", "{" CLOUD MADE("debian@1") "}",
	  TASK(PVE ",\"version\":\"1\"", ""), "" },
	{ "made from another", "{" CLOUD MADE("debian@1") "}", TASK(PVE ",\"version\":\"2\"", ""),
	  "!vm acme/web was made from debian@1, not from debian@2: *" },

	/* tasks */
	{ "rebuild", FILES(V("pve1", "1")), TASK(PVE, ",\"rebuild\":true"),
	  "!vm acme/web: rebuild replaces the root disk by a clone of an image in Ceph: *" },
	{ "rebuild without a word", FILES(V("pve1", "1")), TASK(DEBIAN, ",\"rebuild\":true"),
	  "!vm acme/web: there is no image debian for project acme: *" },
	{ "a backend without a name", FILES(""),
	  TASK("\"url\":\"http://h/x.raw\",\"backend\":\"pve\"", ""),
	  "!vm acme/web: image: backend goes with a name" },
};

static void root_disks_are_made_from_files(void **state)
{
	(void)state;
	plan_rows("pxc_vm", rows, ARRAY_SIZE(rows));
}

/* Where is Ceph looked at for an image? */
static const struct {
	const char *world, *task, *storages;
} looks[] = {
	{ "{" CEPH "}", TASK(DEBIAN, ""), "fast " },
	{ "{" CEPH "}", TASK(PVE, ""), "" },
	{ "{" CEPH "}", TASK(PVE ",\"storage\":\"local\"", ",\"storage\":\"slow\""), "" },
	{ "{" CLOUD "}", TASK(DEBIAN, ""), "" },
	{ "{" CLOUD "}", TASK(DEBIAN ",\"storage\":\"local\"", ""), "" },
	{ "{" CEPH "}", TASK(PVE, ",\"user_data\":\"#!/bin/sh\""), "fast " },
};

static void files_need_no_ceph(void **state)
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

/* Where is PVE asked for import volumes? */
static const struct {
	const char *world;
	struct vm_spec spec;
	const char *storage;
} imports[] = {
	{ FILES(""), { .image_name = "debian" }, "local" },
	{ FILES(""), { .image_name = "debian", .image_storage = "nfs" }, "nfs" },
	{ FILES(""), { .image_name = "debian", .image_backend = VM_IMAGE_RBD }, NULL },
	{ FILES(""), { .image_name = "debian", .rebuild = true }, NULL },
	{ "", { .image_name = "debian" }, NULL },
	{ BOTH("", D1), { .project = "acme", .image_name = "debian" }, NULL },
	{ BOTH("", D1),
	  { .project = "acme", .image_name = "debian", .image_backend = VM_IMAGE_PVE },
	  "local" },
	{ BOTH("", SECRET), { .project = "acme", .image_name = "debian" }, "local" },
	{ FILES(""), { .image_volume = "x:import/y.raw" }, "x" },
	{ FILES(""), { .image_url = "http://h/y.raw" }, "local" },
	{ FILES(""), { .image_url = "http://h/y.raw", .image_storage = "x" }, "x" },
	{ FILES(""), { .name = "web" }, NULL },
};

static void pve_is_asked_where_a_file_can_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(imports); i++) {
		auto_world struct test_world w;
		const char *got;

		test_world_create(&w, imports[i].world);
		got = vm_import_storage(&imports[i].spec, &w.vm, &w.arena);
		if (!str_eq(got, imports[i].storage))
			fail_msg("row %zu: %s", i, got ? got : "none");
	}
}

static void the_vm_remembers_the_version(void **state)
{
	auto_world struct test_world w;
	json_auto_t *args = NULL;

	(void)state;
	test_world_create(&w, FILES(V("pve1", "1")));
	args = plan_step("pxc_vm", TASK(DEBIAN, ""), &w, 0, 0);
	assert_non_null(strstr(json_string_value(json_object_get(args, "description")),
			       "\nimage=debian@1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_disks_are_made_from_files),
		cmocka_unit_test(files_need_no_ceph),
		cmocka_unit_test(pve_is_asked_where_a_file_can_be),
		cmocka_unit_test(the_vm_remembers_the_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
