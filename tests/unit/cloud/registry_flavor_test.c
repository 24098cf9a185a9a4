/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cloud/registry.h"

static int read_flavor(const char *text, struct pxc_arena *arena, struct flavor *ret,
		       struct pxc_err *err)
{
	*ret = (struct flavor){ .name = "m1", .is_public = true, .extra = json_object() };
	return registry_flavor_read(text, arena, ret, err);
}

static void every_item_is_read(void **state)
{
	static const char text[] = "vcpus/2,ram_mb/2048,disk_gb/10,cpu/x86-64-v2-AES,machine/q35,"
				   "bios/ovmf,class/gold,public/0,p/acme,p/shop,x.cpulimit/1.5,"
				   "d/Small and cheap";
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	struct flavor f;

	(void)state;
	assert_int_equal(read_flavor(text, &arena, &f, &err), 0);
	assert_int_equal(f.vcpus, 2);
	assert_int_equal(f.memory_mib, 2048);
	assert_int_equal(f.disk_gib, 10);
	assert_string_equal(f.cpu, "x86-64-v2-AES");
	assert_string_equal(f.machine, "q35");
	assert_string_equal(f.bios, "ovmf");
	assert_string_equal(f.class, "gold");
	assert_string_equal(f.description, "Small and cheap");
	assert_false(f.is_public);
	assert_string_equal(f.projects[0], "acme");
	assert_string_equal(f.projects[1], "shop");
	assert_null(f.projects[2]);
	assert_string_equal(json_string_value(json_object_get(f.extra, "cpulimit")), "1.5");
	json_decref(f.extra);
}

static const struct {
	const char *text, *again;
} texts[] = {
	{ "vcpus/1,ram_mb/512", "vcpus/1,ram_mb/512" },
	{ "ram_mb/512,vcpus/1", "vcpus/1,ram_mb/512" },
	{ "vcpus/1,ram_mb/512,public/1", "vcpus/1,ram_mb/512" },
	{ "vcpus/1,ram_mb/512,ha/1", "vcpus/1,ram_mb/512,ha/1" },
	{ "ha/0,vcpus/1,ram_mb/512", "vcpus/1,ram_mb/512,ha/0" },
	{ "vcpus/1,ram_mb/512,disk_gb/0", "vcpus/1,ram_mb/512" },
	{ "vcpus/1,ram_mb/512,p/b,p/a,p/b", "vcpus/1,ram_mb/512,p/a,p/b" },
	{ "vcpus/1,ram_mb/512,x.numa/1,x.cpulimit/2", "vcpus/1,ram_mb/512,x.cpulimit/2,x.numa/1" },
	/* A "/" belongs to the value, a "," stands there as 0x1F. */
	{ "vcpus/1,ram_mb/512,x.args/-a /b/c", "vcpus/1,ram_mb/512,x.args/-a /b/c" },
	{ "vcpus/1,ram_mb/512,machine/q35\x1fviommu=intel",
	  "vcpus/1,ram_mb/512,machine/q35\x1fviommu=intel" },
	{ "vcpus/1,ram_mb/512,d/a\x1f b\x1f c", "vcpus/1,ram_mb/512,d/a\x1f b\x1f c" },
	/* What a later version writes is kept where this one rewrites it. */
	{ "vcpus/1,ram_mb/512,pci/gpu0,later/x/y,d/z",
	  "vcpus/1,ram_mb/512,pci/gpu0,later/x/y,d/z" },
};

static void what_is_written_again_means_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct pxc_err err = { .kind = PXC_OK };
		struct flavor f;
		auto_free char *again = NULL;

		assert_int_equal(read_flavor(texts[i].text, &arena, &f, &err), 0);
		again = registry_flavor_text(&f);
		assert_string_equal(again, texts[i].again);
		json_decref(f.extra);
	}
}

static void commas_of_a_value_come_back(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	static const char *const projects[] = { "acme", NULL };
	struct flavor f = { .name = "m1",
			    .vcpus = 4,
			    .memory_mib = 8192,
			    .machine = "q35,viommu=intel",
			    .cpu = "host,flags=+aes",
			    .description = "one, two",
			    .projects = projects,
			    .extra = json_pack("{s:s}", "hugepages", "1,2") };
	auto_free char *text = registry_flavor_text(&f);
	struct pxc_err err = { .kind = PXC_OK };
	struct flavor g;

	(void)state;
	assert_int_equal(read_flavor(text, &arena, &g, &err), 0);
	assert_string_equal(g.machine, f.machine);
	assert_string_equal(g.cpu, f.cpu);
	assert_string_equal(g.description, f.description);
	assert_false(g.is_public);
	assert_true(json_equal(g.extra, f.extra));
	json_decref(f.extra);
	json_decref(g.extra);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_is_read),
		cmocka_unit_test(what_is_written_again_means_the_same),
		cmocka_unit_test(commas_of_a_value_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
