/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry.h"

/* The registry with these keys and values, in turn. */
static void decode(const char *const *pairs, struct registry *ret, struct pxc_arena *arena,
		   json_t *extras, struct pxc_err *err)
{
	auto_annot struct annot a = { .npairs = 0 };

	annot_set(&a, "domain", "cloud.example");
	for (size_t i = 0; pairs[i]; i += 2)
		annot_set(&a, pairs[i], pairs[i + 1]);
	if (registry_decode(&a, arena, extras, ret, err) < 0)
		assert_int_equal(err->kind, PXC_EINVAL);
}

static void comes_back(const char *text, const char *again)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *extras = json_array();
	const char *const pairs[] = { "z.z1", text, NULL };
	struct pxc_err err = { .kind = PXC_OK };
	struct registry r = { .domain = NULL };
	auto_free char *out = NULL;

	decode(pairs, &r, &arena, extras, &err);
	if (err.kind != PXC_OK) {
		assert_string_equal(err.msg, again);
		return;
	}
	assert_int_equal(r.nzones, 1);
	assert_string_equal(r.zones[0].name, "z1");
	out = registry_zone_text(&r.zones[0]);
	assert_string_equal(out, again);
}

static void zones_are_read_and_written(void **state)
{
	(void)state;
	comes_back("type/simple", "type/simple");
	comes_back("type/simple,default/0,later/x", "type/simple");
	comes_back("default/1,x.mtu/1450,x.bridge/vmbr0,tags/100-199,type/vlan",
		   "type/vlan,tags/100-199,default/1,x.bridge/vmbr0,x.mtu/1450");
	comes_back("type/vxlan,tags/1-16777215,x.peers/10.0.0.1\x1f"
		   "10.0.0.2",
		   "type/vxlan,tags/1-16777215,x.peers/10.0.0.1\x1f"
		   "10.0.0.2");
	comes_back("type/faucet,x.of-later/a/b", "type/faucet,x.of-later/a/b");
	comes_back("type/simple,x.novalue,x./y", "type/simple");
}

static void damaged_ones_are_refused(void **state)
{
	(void)state;
	comes_back("tags/1-2", "tenant zone z1 has no type");
	comes_back("type/", "tenant zone z1 has no type");
	comes_back("type/vl\xfe", "tenant zone z1 has no type");
	comes_back("type/vlan,tags/5", "tenant zone z1: tags/5 is no range of numbers");
	comes_back("type/vlan,tags/5-4", "tenant zone z1: tags/5-4 is no range of numbers");
	comes_back("type/vlan,tags/0-4", "tenant zone z1: tags/0-4 is no range of numbers");
	comes_back("type/vlan,tags/-1-4", "tenant zone z1: tags/-1-4 is no range of numbers");
	comes_back("type/vlan,tags/1--4", "tenant zone z1: tags/1--4 is no range of numbers");
	comes_back("type/vlan,tags/1-4-5", "tenant zone z1: tags/1-4-5 is no range of numbers");
	comes_back("type/vlan,tags/1-99999999999",
		   "tenant zone z1: tags/1-99999999999 is no range of numbers");
	comes_back("type/vlan,tags/", "tenant zone z1: tags/ is no range of numbers");
}

static void the_default_is_flagged_or_alone(void **state)
{
	struct tenant_zone zones[] = { { .name = "a1" }, { .name = "b1" } };
	struct registry r = { .zones = zones, .nzones = 2 };

	(void)state;
	assert_null(registry_default_zone(&r));
	assert_string_equal(registry_zone(&r, "b1")->name, "b1");
	assert_null(registry_zone(&r, "c1"));
	zones[1].is_default = true;
	assert_string_equal(registry_default_zone(&r)->name, "b1");
	zones[1].is_default = false;
	r.nzones = 1;
	assert_string_equal(registry_default_zone(&r)->name, "a1");
	r.nzones = 0;
	assert_null(registry_default_zone(&r));
}

static void they_are_shown_as_tasks_name_them(void **state)
{
	static const char *const pairs[] = {
		"z.lab", "type/vlan,tags/200-299,x.bridge/vmbr1",
		"z.net", "type/vxlan,tags/10000-19999,default/1,x.mtu/1450,x.peers/auto",
		"z.one", "type/simple",
		NULL
	};
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *extras = json_array(), *shown = NULL, *wanted = NULL;
	struct pxc_err err = { .kind = PXC_OK };
	struct registry r = { .domain = NULL };

	(void)state;
	decode(pairs, &r, &arena, extras, &err);
	shown = registry_zone_items(&r);
	wanted = json_loads(
		"[{\"name\":\"lab\",\"type\":\"vlan\",\"default\":false,\"vlan_range\":[200,299],"
		"\"bridge\":\"vmbr1\"},"
		"{\"name\":\"net\",\"type\":\"vxlan\",\"default\":true,\"vni_range\":[10000,19999],"
		"\"mtu\":1450,\"peers\":[\"auto\"]},"
		"{\"name\":\"one\",\"type\":\"simple\",\"default\":false}]",
		0, NULL);
	assert_true(json_equal(shown, wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_are_read_and_written),
		cmocka_unit_test(damaged_ones_are_refused),
		cmocka_unit_test(the_default_is_flagged_or_alone),
		cmocka_unit_test(they_are_shown_as_tasks_name_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
