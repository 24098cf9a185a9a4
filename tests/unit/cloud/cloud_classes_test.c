/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry_plan.h"
#include "lib/world.h"

/* What the storage classes are after a task that gives these, as "hdd=storage/slow ssd=...", and its warnings; "!" and why not. */
static char *after(const char *registry, const char *classes)
{
	auto_free char *text = pxc_printf("{\"registry\":{%s}}", registry);
	json_auto_t *given = json_loads(classes, 0, NULL);
	const struct cloud_spec s = { .classes = given };
	struct pxc_plans plans = { .plans = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	struct pxc_buf out = { .data = NULL };
	struct annot block = { .npairs = 0 };
	struct pxc_plan *plan = pxc_plans_add(&plans, "cloud");
	struct test_world w;
	size_t k;
	json_t *note;

	test_world_create(&w, text);
	annot_copy(&block, &w.world.notes.annot);
	if (cloud_want_classes(&s, &w.world, &block, plan, &err) < 0)
		buf_printf(&out, "!%s", err.msg);
	for (size_t i = 0; err.kind == PXC_OK && i < block.npairs; i++)
		if (str_starts(block.pairs[i].key, REGISTRY_CLASS))
			buf_printf(&out, " %s=%s", block.pairs[i].key + strlen(REGISTRY_CLASS),
				   block.pairs[i].value);
	json_array_foreach (plan->notes, k, note)
		buf_printf(&out, " | %s", json_string_value(note));
	annot_release(&block);
	pxc_plans_release(&plans);
	test_world_release(&w);
	return buf_take(&out);
}

static void is(const char *registry, const char *classes, const char *wanted)
{
	auto_free char *got = after(registry, classes);

	assert_string_equal(got, wanted);
}

#define SSD "\"sc.ssd\":\"storage/fast\""

static void the_dict_replaces_the_one_there(void **state)
{
	(void)state;
	is("", "{\"ssd\":{\"storage\":\"fast\",\"default\":true,\"description\":\"a, b\"}}",
	   " ssd=storage/fast,default/1,d/a\x1f b");
	is(SSD, "{\"ssd\":{\"storage\":\"fast\"}}", " ssd=storage/fast");
	is(SSD, "{}",
	   " | storage class ssd goes: what lies in it stays in storage fast, and tasks that name it will fail");
	is(SSD, "null", " ssd=storage/fast");
	is(SSD, "{\"hdd\":{\"storage\":\"slow\"},\"ssd\":{\"storage\":\"fast\",\"default\":true}}",
	   " ssd=storage/fast,default/1 hdd=storage/slow");
}

static void one_that_means_another_storage_is_warned_of(void **state)
{
	(void)state;
	is(SSD, "{\"ssd\":{\"storage\":\"slow\"}}",
	   " ssd=storage/slow | storage class ssd means slow now, not fast: volumes stay where they are until a task names the "
	   "class, which moves them");
}

static void storages_must_be_there(void **state)
{
	(void)state;
	is(SSD, "{\"x\":{\"storage\":\"none\"}}",
	   "!storage class x: there is no storage none in the cluster | "
	   "storage class ssd goes: what lies in it stays in storage fast, and tasks that name it will fail");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dict_replaces_the_one_there),
		cmocka_unit_test(one_that_means_another_storage_is_warned_of),
		cmocka_unit_test(storages_must_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
