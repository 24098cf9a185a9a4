/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lib/plan.h"

#define CEPH                                                                                       \
	"{\"registry\":{\"storage\":\"fast\"},\"rbd\":{\"fast\":{\"images\":[{\"name\":\"pxc-img-debian\",\"image\":\"debian@1\"}]}}}"
#define VM(rest) "{\"name\":\"web\",\"cores\":1,\"memory\":512,\"power\":\"stopped\"," rest "}"
#define NO_WORD                                                                                    \
	"!vm acme/web: user_data must begin with a line that says what they are, for example #cloud-config or #!/bin/sh"

/* Where a root disk comes from, and what its system is told. */
static const struct plan_row rows[] = {
	{ "an image by name", CEPH, VM("\"image\":{\"name\":\"debian\"}"), "clone *" },
	{ "an image of nothing", CEPH, VM("\"image\":{}"),
	  "!vm acme/web: image needs a name, a volume or a url" },
	{ "of two", CEPH, VM("\"image\":{\"name\":\"debian\",\"volume\":\"local:import/x.qcow2\"}"),
	  "!*mutually exclusive*" },
	{ "a version of no image", CEPH,
	  VM("\"image\":{\"volume\":\"local:import/x.qcow2\",\"version\":\"1\"}"),
	  "!vm acme/web: image: version goes with a name" },
	{ "an image and a volume", CEPH,
	  VM("\"image\":{\"name\":\"debian\"},\"boot_volume\":\"data\""), "!*mutually exclusive*" },
	{ "an image and a template", CEPH,
	  VM("\"image\":{\"name\":\"debian\"},\"template\":{\"name\":\"t\"}"),
	  "!*mutually exclusive*" },
	{ "rebuild of nothing", CEPH, VM("\"rebuild\":true"),
	  "!vm acme/web: rebuild needs an image by name" },
	{ "rebuild of a file", CEPH,
	  VM("\"rebuild\":true,\"image\":{\"volume\":\"local:import/x.qcow2\"}"),
	  "!vm acme/web: rebuild needs an image by name" },
	{ "rebuild of what is not there makes it", CEPH,
	  VM("\"rebuild\":true,\"image\":{\"name\":\"debian\"}"), "clone *; create *" },
	{ "a volume's size", CEPH, VM("\"boot_volume\":\"data\",\"disk_size\":3"),
	  "!vm acme/web: disk_size is not for a boot_volume, whose size pxc_volume says" },
	{ "another word for flatten", CEPH, VM("\"flatten\":\"yes\""),
	  "!value of flatten must be one of: *" },
	{ "another word for seed", CEPH, VM("\"seed\":\"iso\""),
	  "!value of seed must be one of: *" },

	{ "cloud-config", CEPH, VM("\"user_data\":\"#cloud-config\\n{}\""), "write the seed *" },
	{ "a script", CEPH, VM("\"user_data\":\"#!/bin/sh\\ntrue\""), "write the seed *" },
	{ "a header", CEPH, VM("\"user_data\":\"## template: jinja\\n#cloud-config\\n\""),
	  "write the seed *" },
	{ "MIME", CEPH, VM("\"user_data\":\"MIME-Version: 1.0\\n\""), "write the seed *" },
	{ "no word", CEPH, VM("\"user_data\":\"hostname: x\""), NO_WORD },
	{ "a blank before it", CEPH, VM("\"user_data\":\" #cloud-config\""), NO_WORD },
};

static void tasks_are_taken_or_refused_with_a_sentence(void **state)
{
	(void)state;
	plan_rows("pxc_vm", rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_are_taken_or_refused_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
