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

#define EMPTY "{\"registry\":{\"storage\":\"fast\"},\"rbd\":{\"fast\":{}}}"
#define HEX32 "0123456789abcdef0123456789ABCDEF"
#define FILE "\"source\":\"/x\""
#define SIXTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FORTY "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FILES "{\"registry\":{\"import\":\"local\"}}"
#define PVE(rest) IMAGE("\"backend\":\"pve\",\"source\":\"https://h/x.raw\"" rest)
#define NO_FORMAT                                                                                  \
	"!image debian: source does not end in .qcow2, .raw or .vmdk: set format, which PVE tells by the name of the file"
#define NOT_KEPT(what)                                                                             \
	"!image debian: backend pve keeps a plain file, which cannot have " what                   \
	": leave that out, or use backend: rbd"
#define NAME(text, rest) "{\"name\":\"" text "\"," FILE rest "}"
#define IMAGE(rest) "{\"name\":\"debian\"," rest "}"
#define BAD_NAME                                                                                   \
	"!image *: an image's name has lower-case letters, digits, dot, _ and -, at most 60, and begins with a letter or digit"
#define BAD_VERSION                                                                                                              \
	"!image debian *: a version has letters, digits, dot, _, + and -, at most 40, and begins with a letter or digit; write " \
	"numbers as text (\"1.10\")"
#define BAD_CHECKSUM                                                                               \
	"!image debian: checksum must be sha256: and 64 or sha512: and 128 hex digits, not \"*\""

static const struct plan_row rows[] = {
	/* names and versions */
	{ "a name", EMPTY, NAME("debian-13_x.y", ""), "import debian-13_x.y version 1 *" },
	{ "as long as it may be", EMPTY, NAME(SIXTY, ""), "import *" },
	{ "longer", EMPTY, NAME(SIXTY "a", ""), BAD_NAME },
	{ "empty", EMPTY, NAME("", ""), "!missing required arguments: name" },
	{ "upper case", EMPTY, NAME("Debian", ""), BAD_NAME },
	{ "a dash in front", EMPTY, NAME("-a", ""), BAD_NAME },
	{ "a slash", EMPTY, NAME("a/b", ""), BAD_NAME },
	{ "an at sign", EMPTY, NAME("a@b", ""), BAD_NAME },
	{ "not ASCII", EMPTY, NAME("dübian", ""), BAD_NAME },
	{ "a version", EMPTY, NAME("debian", ",\"version\":\"1.13.2-RC1+b\""),
	  "import debian version 1.13.2-RC1+b *" },
	{ "a number", EMPTY, NAME("debian", ",\"version\":20261101"),
	  "import debian version 20261101 *" },
	{ "as long as it may be", EMPTY, NAME("debian", ",\"version\":\"" FORTY "\""), "import *" },
	{ "longer", EMPTY, NAME("debian", ",\"version\":\"" FORTY "b\""), BAD_VERSION },
	{ "an at sign in it", EMPTY, NAME("debian", ",\"version\":\"a@b\""), BAD_VERSION },
	{ "a dot in front", EMPTY, NAME("debian", ",\"version\":\".1\""), BAD_VERSION },
	{ "an empty one is none", EMPTY, NAME("debian", ",\"version\":\"\""),
	  "import debian version 1 *" },
	{ "no name", EMPTY, "{" FILE "}", "!missing required arguments: name" },
	{ "none in a list", EMPTY, "{\"images\":[{" FILE "}]}",
	  "!missing required arguments: name found in images, entry 1" },

	/* sources */
	{ "a URL", EMPTY, IMAGE("\"source\":\"https://h/x\""), "import *" },
	{ "a file as a URL", EMPTY, IMAGE("\"source\":\"file:///x\""), "import *" },
	{ "another scheme", EMPTY, IMAGE("\"source\":\"ftp://h/x\""),
	  "!image debian: source \"ftp://h/x\": a path or a URL with http, https or file" },
	{ "two sources", EMPTY, IMAGE(FILE ",\"from_vm\":{\"name\":\"web\"}"),
	  "!*mutually exclusive*" },
	{ "a VM of no project", EMPTY, IMAGE("\"from_vm\":{\"name\":\"web\"}"),
	  "!image debian: from_vm needs a project" },
	{ "a volume of no project", EMPTY, IMAGE("\"from_volume\":{\"name\":\"data\"}"),
	  "!image debian: from_volume needs a project" },
	{ "SHA-256", EMPTY, IMAGE(FILE ",\"checksum\":\"sha256:" HEX32 HEX32 "\""), "import *" },
	{ "SHA-512", EMPTY, IMAGE(FILE ",\"checksum\":\"sha512:" HEX32 HEX32 HEX32 HEX32 "\""),
	  "import *" },
	{ "too short", EMPTY, IMAGE(FILE ",\"checksum\":\"sha256:" HEX32 "\""), BAD_CHECKSUM },
	{ "too long", EMPTY, IMAGE(FILE ",\"checksum\":\"sha256:" HEX32 HEX32 "0\""),
	  BAD_CHECKSUM },
	{ "no hex", EMPTY,
	  IMAGE(FILE ",\"checksum\":\"sha256:" HEX32 "0123456789abcdef0123456789abcdeg\""),
	  BAD_CHECKSUM },
	{ "another algorithm", EMPTY, IMAGE(FILE ",\"checksum\":\"md5:" HEX32 "\""), BAD_CHECKSUM },
	{ "no algorithm", EMPTY, IMAGE(FILE ",\"checksum\":\"" HEX32 HEX32 "\""), BAD_CHECKSUM },

	/* files of PVE */
	{ "a file", FILES, PVE(""), "download debian version 1 *" },
	{ "its query is no ending", FILES,
	  IMAGE("\"backend\":\"pve\",\"source\":\"https://h.raw/x.qcow2?a.vmdk#b\""),
	  "download *" },
	{ "no ending at all", FILES,
	  IMAGE("\"backend\":\"pve\",\"source\":\"https://h.raw/noble\""), NO_FORMAT },
	{ "an unknown ending", FILES,
	  IMAGE("\"backend\":\"pve\",\"source\":\"https://h/noble.img\""), NO_FORMAT },
	{ "and its format", FILES,
	  IMAGE("\"backend\":\"pve\",\"source\":\"https://h/noble.img\",\"format\":\"qcow2\""),
	  "download *" },
	{ "compressed", FILES,
	  IMAGE("\"backend\":\"pve\",\"source\":\"https://h/x.raw.xz\",\"format\":\"raw\""),
	  "!image debian: PVE does not unpack images for content import (xz): *" },
	{ "a path", FILES, IMAGE("\"backend\":\"pve\"," FILE),
	  "!image debian: with backend pve a node downloads the source itself, so it is a URL with http or https, not "
	  "\"/x\": serve the file by HTTP, upload it in PVE as pxc-img-debian_V1.<format>, or use backend: rbd" },
	{ "a file as a URL of it", FILES, IMAGE("\"backend\":\"pve\",\"source\":\"file:///x.raw\""),
	  "!image debian: with backend pve a node downloads *" },
	{ "a version that PVE would change", FILES, PVE(",\"version\":\"1+2\""),
	  "!image debian 1+2: PVE allows no + *" },
	{ "what a file is anyway", FILES,
	  PVE(",\"visibility\":\"public\",\"protected\":false,\"latest\":false"), "download *" },
	{ "properties", FILES, PVE(",\"properties\":{\"os_type\":\"l26\"}"),
	  NOT_KEPT("properties") },
	{ "no visibility", FILES, PVE(",\"visibility\":\"private\""),
	  NOT_KEPT("visibility: private") },
	{ "no owner, and others", FILES,
	  PVE(",\"project\":\"acme\",\"projects\":[\"b\"],\"protected\":true,\"description\":\"x\","
	      "\"latest\":true,\"template_vm\":{},\"size\":5,\"max_size\":9,\"work_dir\":\"/x\","
	      "\"source_ca\":\"/y\",\"state\":\"deprecated\""),
	  NOT_KEPT(
		  "size, max_size, work_dir, latest, project, projects, source_ca, protected, description, "
		  "template_vm, state: deprecated") },
	{ "of a VM", FILES,
	  IMAGE("\"backend\":\"pve\",\"from_vm\":{\"name\":\"w\",\"project\":\"acme\"}"),
	  NOT_KEPT("from_vm") },
	{ "by the defaults of a list", FILES,
	  "{\"description\":\"x\",\"images\":[{\"name\":\"debian\",\"backend\":\"pve\"}]}",
	  NOT_KEPT("description") },
	{ "a node for Ceph", EMPTY, IMAGE(FILE ",\"node\":\"pve1\""),
	  "!image debian: node and format go with backend: pve" },
	{ "a format for Ceph", EMPTY, IMAGE(FILE ",\"format\":\"raw\""),
	  "!image debian: node and format go with backend: pve" },

	/* numbers */
	{ "keep nothing", EMPTY, IMAGE(FILE ",\"keep\":0"),
	  "!image debian: keep counts this version too, so it is at least 1" },
	{ "larger than it may be", EMPTY, IMAGE(FILE ",\"size\":5,\"max_size\":\"4G\""),
	  "!image debian: size is above max_size" },
	{ "a number below those of PVE", EMPTY, IMAGE(FILE ",\"template_vm\":{\"vmid\":99}"),
	  "!image debian: template_vm: vmid must be between 100 and 999999999" },
	{ "none at all", EMPTY, IMAGE(FILE ",\"template_vm\":{\"vmid\":0}"),
	  "!image debian: template_vm: vmid must be between *" },
	{ "above them", EMPTY, IMAGE(FILE ",\"template_vm\":{\"vmid\":1000000000}"),
	  "!image debian: template_vm: vmid must be between *" },
	{ "what goes has no template", EMPTY, IMAGE("\"state\":\"absent\",\"template_vm\":{}"),
	  "" },
	{ "a list for an image that is private", EMPTY,
	  IMAGE(FILE ",\"visibility\":\"private\",\"projects\":[\"acme\"]"),
	  "!image debian: projects says who may use it beside the owner: set visibility: shared" },

	/* batches */
	{ "nothing", EMPTY, "{}", "!missing required arguments: name" },
	{ "only garbage", EMPTY, "{\"gc\":true}", "" },
	{ "garbage and an image", EMPTY, "{\"gc\":true,\"name\":\"debian\"," FILE "}", "import *" },
	{ "an empty list", EMPTY, "{\"images\":[]}", "" },
};

static void tasks_are_taken_or_refused_with_a_sentence(void **state)
{
	(void)state;
	plan_rows("pxc_rbd_image", rows, ARRAY_SIZE(rows));
}

/* A checksum in upper case is the same. */
static void a_checksum_is_compared_as_a_number(void **state)
{
	auto_world struct test_world w;
	json_auto_t *args = NULL;

	(void)state;
	test_world_create(&w, EMPTY);
	args = plan_step("pxc_rbd_image", IMAGE(FILE ",\"checksum\":\"sha256:" HEX32 HEX32 "\""),
			 &w, 0, 0);
	assert_string_equal(
		json_string_value(json_object_get(args, "checksum")),
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

/* Options beside a list are the defaults of its entries, an entry's own win. */
static void entries_of_a_list_have_its_defaults(void **state)
{
	static const char task[] =
		"{" FILE
		",\"size\":3,\"properties\":{\"os_type\":\"l26\"},\"images\":[{\"name\":\"a\"},"
		"{\"name\":\"b\",\"size\":4,\"properties\":{\"agent\":true}}]}";
	static const char *const blocks[] = { "{\"p.os_type\":\"l26\"}", "{\"p.agent\":\"1\"}" };
	auto_world struct test_world w;

	(void)state;
	test_world_create(&w, EMPTY);
	for (size_t i = 0; i < 2; i++) {
		json_auto_t *args = plan_step("pxc_rbd_image", task, &w, i, 0),
			    *named = json_object();
		json_auto_t *want = json_loads(blocks[i], 0, NULL);
		const char *key;
		json_t *value;

		json_object_foreach (json_object_get(args, "block"), key, value)
			if (str_starts(key, "p."))
				(void)json_object_set(named, key, value);
		assert_true(json_equal(named, want));
		assert_int_equal(json_integer_value(json_object_get(args, "min_bytes")),
				 (json_int_t)(i + 3) << 30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_are_taken_or_refused_with_a_sentence),
		cmocka_unit_test(a_checksum_is_compared_as_a_number),
		cmocka_unit_test(entries_of_a_list_have_its_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
