/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/image_file.h"

static const struct {
	const char *key,
		*found; /* "node name version format"; NULL = no image of ours in "local" */
} names[] = {
	{ "pve1/local:import/pxc-img-debian-13_V20261101.qcow2", "pve1 debian-13 20261101 qcow2" },
	{ "pve1/local:import/pxc-img-a_b.c_V1.13.2-RC1.raw", "pve1 a_b.c 1.13.2-RC1 raw" },
	{ "pve1/local:import/pxc-img-a__V1_V2.vmdk", "pve1 a_ 1_V2 vmdk" },
	{ "pve1/local:import/pxc-img-a_V1.ova", NULL },
	{ "pve1/local:import/pxc-img-a_V1", NULL },
	{ "pve1/local:import/pxc-img-a_V.raw", NULL },
	{ "pve1/local:import/pxc-img-_V1.raw", NULL },
	{ "pve1/local:import/pxc-img-a.raw", NULL },
	{ "pve1/local:import/pxc-img-a.raw_V1", NULL },
	{ "pve1/local:import/debian_V1.raw", NULL },
	{ "pve1/local:iso/pxc-img-a_V1.raw", NULL },
	{ "pve1/local2:import/pxc-img-a_V1.raw", NULL },
	{ "local:import", NULL },
	{ "", NULL },
};

static void a_name_says_what_a_file_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		json_auto_t *volumes = json_pack("{s:i}", names[i].key, 7);
		const struct image_file *f = NULL;
		size_t n = image_files(volumes, "local", &arena, &f);
		const char *got = n ? arena_printf(&arena, "%s %s %s %s", f->node, f->name,
						   f->version, f->format)
				    : NULL;

		if (!str_eq(got, names[i].found))
			fail_msg("%s: %s", names[i].key, got ? got : "none");
		if (n) {
			assert_int_equal(f->size_bytes, 7);
			assert_string_equal(f->volume, strchr(names[i].key, '/') + 1);
			assert_string_equal(image_file_name(&arena, f->name, f->version, f->format),
					    strrchr(names[i].key, '/') + 1);
		}
	}
}

static const struct {
	const char *name, *version, *node, *found;
} searches[] = {
	{ "a", NULL, NULL, "pve1 1.10" },  { "a", "1.9", NULL, "pve2 1.9" },
	{ "a", NULL, "pve2", "pve2 1.9" }, { "a", "1.10", "pve2", NULL },
	{ "b", NULL, NULL, "pve1 2" },     { "c", NULL, NULL, NULL },
};

static void the_latest_is_the_highest(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *volumes = json_pack(
		"{s:i,s:i,s:i,s:i}", "pve2/local:import/pxc-img-a_V1.9.raw", 1,
		"pve1/local:import/pxc-img-a_V1.10.raw", 1, "pve1/local:import/pxc-img-b_V2.raw", 1,
		"pve1/local:import/pxc-img-a_V1.2.raw", 1);
	const struct image_file *files;
	size_t n = image_files(volumes, "local", &arena, &files);

	(void)state;
	assert_int_equal(n, 4);
	for (size_t i = 0; i < ARRAY_SIZE(searches); i++) {
		const struct image_file *f = image_file_find(files, n, searches[i].name,
							     searches[i].version, searches[i].node);
		const char *got = f ? arena_printf(&arena, "%s %s", f->node, f->version) : NULL;

		if (!str_eq(got, searches[i].found))
			fail_msg("row %zu: %s", i, got ? got : "none");
	}
	assert_int_equal(image_files(NULL, "local", &arena, &files), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_says_what_a_file_is),
		cmocka_unit_test(the_latest_is_the_highest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
