/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cloud/registry.h"

static void comes_back(const char *text, const char *again)
{
	struct pxc_arena arena = { .head = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	struct storage_class c = { .name = "ssd" };
	auto_free char *out = NULL;

	if (registry_class_read(text, &arena, &c, &err) < 0)
		fail_msg("%s", err.msg);
	out = registry_class_text(&c);
	assert_string_equal(out, again);
	arena_release(&arena);
}

static void classes_are_read_and_written(void **state)
{
	(void)state;
	comes_back("storage/ceph", "storage/ceph");
	comes_back("default/1,storage/ceph,d/fast\x1f dear",
		   "storage/ceph,default/1,d/fast\x1f dear");
	comes_back("storage/ceph,default/0,later/x", "storage/ceph");
}

static void one_without_a_storage_is_none(void **state)
{
	struct pxc_arena arena = { .head = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	struct storage_class c = { .name = "ssd" };

	(void)state;
	assert_int_equal(registry_class_read("default/1", &arena, &c, &err), -1);
	assert_string_equal(err.msg, "storage class ssd names no storage");
	assert_int_equal(registry_class_read("storage/", &arena, &c, &err), -1);
	arena_release(&arena);
}

static void names_become_storages(void **state)
{
	struct storage_class classes[] = { { .name = "hdd", .storage = "slow" },
					   { .name = "ssd", .storage = "fast" } };
	struct registry r = { .storage = "usual", .classes = classes, .nclasses = 2 };
	struct pxc_err err = { .kind = PXC_OK };
	const char *storage = "named";

	(void)state;
	assert_int_equal(registry_class_storage(&r, NULL, &storage, &err), 0);
	assert_string_equal(storage, "named");
	assert_int_equal(registry_class_storage(&r, "ssd", &storage, &err), 0);
	assert_string_equal(storage, "fast");
	assert_int_equal(registry_class_storage(&r, "nvme", &storage, &err), -1);
	assert_string_equal(err.msg, "there is no storage class nvme: there are hdd, ssd");
	assert_string_equal(registry_usual_storage(&r), "usual");
	classes[0].is_default = true;
	assert_string_equal(registry_usual_storage(&r), "slow");
	assert_string_equal(registry_default_class(&r)->name, "hdd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_are_read_and_written),
		cmocka_unit_test(one_without_a_storage_is_none),
		cmocka_unit_test(names_become_storages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
