/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/plan.h"

#define URL "\"source\":\"https://h/x.qcow2\""
#define CLOUD "\"registry\":{\"import\":\"local\"}"
/* "local" is on each node its own, "nfs" is shared. */
#define HAVE(volumes) "{" CLOUD ",\"imports\":[\"nfs\"],\"volumes\":[" volumes "]}"
#define ON(node, version) "\"" node "/local:import/pxc-img-debian_V" version ".qcow2\""
#define NFS(version)                                                                               \
	"\"pve1/nfs:import/pxc-img-debian_V" version                                               \
	".raw\",\"pve2/nfs:import/pxc-img-debian_V" version                                        \
	".raw\",\"pve3/nfs:import/pxc-img-debian_V" version ".raw\""
#define FILE(version, rest)                                                                        \
	"{\"backend\":\"pve\",\"name\":\"debian\",\"version\":\"" version "\"," rest "}"
#define ABSENT "\"state\":\"absent\""
#define ON_NFS "\"storage\":\"nfs\""
#define LIST(common, entries)                                                                      \
	"{\"backend\":\"pve\",\"name\":\"debian\"," common ",\"images\":[" entries "]}"

static const struct plan_row rows[] = {
	/* present */
	{ "downloaded", HAVE(""), FILE("1", URL),
	  "download debian version 1 to storage local on pve1" },
	{ "there", HAVE(ON("pve2", "1")), FILE("1", URL), "" },
	{ "there, and no source said", HAVE(ON("pve2", "1")), FILE("1", "\"keep\":3"), "" },
	{ "there in another format", HAVE("\"pve1/local:import/pxc-img-debian_V1.raw\""),
	  FILE("1", URL), "" },
	{ "not there, and no source said", HAVE(""), FILE("1", "\"keep\":3"),
	  "!image debian 1 is not there yet: it needs a source" },
	{ "another version", HAVE(ON("pve2", "1")), FILE("2", URL), "download debian version 2 *" },
	{ "another image of the same beginning",
	  HAVE("\"pve1/local:import/pxc-img-debian-x_V1.raw\""), FILE("1", URL), "download *" },
	{ "a node", HAVE(""), FILE("1", URL ",\"node\":\"pve3\""), "download * on pve3" },
	{ "there, but not on the node", HAVE(ON("pve2", "1")), FILE("1", URL ",\"node\":\"pve3\""),
	  "download * on pve3" },
	{ "on the node", HAVE(ON("pve2", "1")), FILE("1", URL ",\"node\":\"pve2\""), "" },
	{ "a shared storage is the same on every node", HAVE(NFS("1")),
	  FILE("1", URL "," ON_NFS ",\"node\":\"pve3\""), "" },
	{ "the first node that is online",
	  "{" CLOUD ",\"nodes\":{\"pve1\":{\"online\":0},\"pve2\":{}}}", FILE("1", URL),
	  "download * on pve2" },
	{ "no node is", "{" CLOUD ",\"nodes\":{\"pve1\":{\"online\":0}}}", FILE("1", URL),
	  "!image debian 1: no node that is online has a storage local with content import: *" },
	{ "the node is offline", "{" CLOUD ",\"nodes\":{\"pve1\":{\"online\":0},\"pve2\":{}}}",
	  FILE("1", URL ",\"node\":\"pve1\""), "!image debian 1: node pve1 is offline" },
	{ "no such node", HAVE(""), FILE("1", URL ",\"node\":\"pve9\""),
	  "!image debian 1: there is no node pve9 in cluster lab" },
	{ "a storage without that content", HAVE(""), FILE("1", URL ",\"storage\":\"shared\""),
	  "!image debian 1: no node that is online has a storage shared with content import: name another storage (or "
	  "pxc_cloud: import_storage), or allow that content in PVE" },
	{ "none on the node", HAVE(""), FILE("1", URL ",\"storage\":\"fast\",\"node\":\"pve2\""),
	  "!image debian 1: pve2 has no storage fast with content import: *" },
	{ "no storage at all", "", FILE("1", URL),
	  "!image debian 1 needs a storage with content import: set storage (or pxc_cloud: import_storage)" },
	{ "an earlier run's download",
	  "{" CLOUD ",\"downloads\":{\"pxc-img-debian_V1.qcow2\":true}}", FILE("1", URL),
	  "!image debian 1: the download that an earlier run began still goes on" },
	{ "that of another version", "{" CLOUD ",\"downloads\":{\"pxc-img-debian_V2.qcow2\":true}}",
	  FILE("1", URL), "download *" },
	{ "no registry", "{\"registry\":null}", FILE("1", URL),
	  "!cluster lab has no cloud registry yet: *" },
	{ "beside one in Ceph",
	  "{\"registry\":{\"storage\":\"fast\",\"import\":\"local\"},\"rbd\":{\"fast\":{}}}",
	  "{" URL ",\"name\":\"debian\",\"images\":[{},{\"backend\":\"pve\"}]}",
	  "import debian version 1 into p-fast/pxc-img-debian; download debian version 1 *" },

	/* keep */
	{ "the highest stay", HAVE(ON("pve1", "1.9") "," ON("pve1", "1.10") "," ON("pve1", "1.2")),
	  FILE("2", URL ",\"keep\":2"),
	  "download debian version 2 *; remove image debian version 1.9 "
	  "(local:import/pxc-img-debian_V1.9.qcow2 on pve1); remove image debian version 1.2 *" },
	{ "on the node of this one", HAVE(ON("pve1", "1") "," ON("pve2", "1") "," ON("pve2", "2")),
	  FILE("2", "\"keep\":1"), "remove image debian version 1 (* on pve2)" },
	{ "a shared file goes once", HAVE(NFS("1") "," NFS("2")), FILE("2", ON_NFS ",\"keep\":1"),
	  "remove image debian version 1 (nfs:* on pve1)" },
	{ "versions of the task stay",
	  HAVE(ON("pve1", "1") "," ON("pve1", "2") "," ON("pve1", "3")),
	  LIST("\"keep\":1", "{\"version\":\"1\"},{\"version\":\"2\"}"),
	  "remove image debian version 3 (local:import/pxc-img-debian_V3.qcow2 on pve1)" },
	{ "on each node its own",
	  HAVE(ON("pve1", "1") "," ON("pve1", "2") "," ON("pve2", "1") "," ON("pve2", "2")),
	  LIST("\"keep\":1,\"version\":\"2\"", "{\"node\":\"pve1\"},{\"node\":\"pve2\"}"),
	  "remove image debian version 1 (* on pve1); remove image debian version 1 (* on pve2)" },
	{ "what is to go is removed once", HAVE(ON("pve1", "1") "," ON("pve1", "2")),
	  LIST("\"keep\":1", "{\"version\":\"2\"},{\"version\":\"1\"," ABSENT "}"),
	  "remove image debian version 1 *" },
	{ "other images stay",
	  HAVE(ON("pve1",
		  "1") ",\"pve1/local:import/pxc-img-x_V0.raw\",\"pve1/local:import/y.raw\""),
	  FILE("1", "\"keep\":1"), "" },

	/* absent */
	{ "a version", HAVE(ON("pve1", "1") "," ON("pve1", "2")), FILE("1", ABSENT),
	  "remove image debian version 1 *" },
	{ "on all nodes", HAVE(ON("pve1", "1") "," ON("pve2", "1")), FILE("1", ABSENT),
	  "remove * on pve1); remove * on pve2)" },
	{ "on one", HAVE(ON("pve1", "1") "," ON("pve2", "1")),
	  FILE("1", ABSENT ",\"node\":\"pve2\""), "remove * on pve2)" },
	{ "of a shared storage once", HAVE(NFS("1")), FILE("1", ABSENT "," ON_NFS),
	  "remove image debian version 1 (nfs:import/pxc-img-debian_V1.raw on pve1)" },
	{ "by the node that is named", HAVE(NFS("1")),
	  FILE("1", ABSENT "," ON_NFS ",\"node\":\"pve2\""),
	  "remove image debian version 1 (nfs:import/pxc-img-debian_V1.raw on pve2)" },
	{ "all versions", HAVE(ON("pve1", "1") "," ON("pve1", "2")),
	  "{\"backend\":\"pve\",\"name\":\"debian\"," ABSENT "}",
	  "remove image debian version 1 *; remove image debian version 2 *" },
	{ "gone", HAVE(ON("pve1", "2")), FILE("1", ABSENT), "" },
	{ "an offline node keeps its own",
	  "{" CLOUD ",\"nodes\":{\"pve1\":{\"online\":0},\"pve2\":{}}}", FILE("1", ABSENT),
	  " | image debian 1: node pve1 is offline: what it has of it stays" },

	/* twins */
	{ "twice", HAVE(""), LIST(URL, "{},{\"version\":\"1\"}"),
	  "!image debian 1 is named twice in this task" },
	{ "by the default storage", HAVE(""), LIST(URL, "{},{\"storage\":\"local\"}"),
	  "!image debian is named twice in this task" },
	{ "by all its versions", HAVE(""), LIST(URL, "{\"version\":\"2\"},{" ABSENT "}"),
	  "!image debian is named twice in this task" },
	{ "on a node and on any", HAVE(""), LIST(URL, "{},{\"node\":\"pve2\"}"),
	  "!image debian is named twice in this task" },
	{ "on two nodes is no contradiction", HAVE(""),
	  LIST(URL, "{\"node\":\"pve1\"},{\"node\":\"pve2\"}"),
	  "download * on pve1; download * on pve2" },
};

static void files_come_and_go(void **state)
{
	(void)state;
	plan_rows("pxc_rbd_image", rows, ARRAY_SIZE(rows));
}

#define SUM "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *world, *task, *args;
} steps[] = {
	{ HAVE(""), FILE("1", URL),
	  "{\"content\":\"import\",\"filename\":\"pxc-img-debian_V1.qcow2\",\"node\":\"pve1\",\"storage\":\"local\","
	  "\"url\":\"https://h/x.qcow2\"}" },
	{ HAVE(""),
	  FILE("1.2", "\"source\":\"http://h/x.img?token=a.b\",\"format\":\"raw\"," ON_NFS
		      ",\"checksum\":\"sha256:" SUM "\""),
	  "{\"checksum\":\"" SUM "\",\"checksum-algorithm\":\"sha256\",\"content\":\"import\","
	  "\"filename\":\"pxc-img-debian_V1.2.raw\",\"node\":\"pve1\",\"storage\":\"nfs\","
	  "\"url\":\"http://h/x.img?token=a.b\"}" },
	{ HAVE(ON("pve2", "1")), FILE("1", ABSENT),
	  "{\"node\":\"pve2\",\"storage\":\"local\",\"volume\":\"local:import/pxc-img-debian_V1.qcow2\"}" },
};

static void steps_say_all_that_is_to_be_done(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		auto_world struct test_world w;
		json_auto_t *args = NULL;
		auto_free char *text = NULL;

		test_world_create(&w, steps[i].world);
		args = plan_step("pxc_rbd_image", steps[i].task, &w, 0, 0);
		text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
		assert_string_equal(text, steps[i].args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_come_and_go),
		cmocka_unit_test(steps_say_all_that_is_to_be_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
