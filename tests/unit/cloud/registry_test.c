/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct annot a;
	struct pxc_arena arena;
	json_t *extras;
	struct registry r;
	struct pxc_err err;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .extras = json_array() };
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	annot_release(&f->a);
	arena_release(&f->arena);
	json_decref(f->extras);
	return 0;
}

static int decode(struct fixture *f)
{
	return registry_decode(&f->a, &f->arena, f->extras, &f->r, &f->err);
}

static void a_registry_with_only_a_domain_has_defaults(void **state)
{
	struct fixture *f = *state;

	annot_set(&f->a, "domain", "cloud.example");
	assert_int_equal(decode(f), 0);
	assert_string_equal(f->r.domain, "cloud.example");
	assert_null(f->r.cluster);
	assert_null(f->r.cpu_model);
	assert_null(f->r.storage);
	assert_null(f->r.admins[0]);
	assert_int_equal(f->r.max_cores, -1);
	assert_int_equal(f->r.max_ram_mb, -1);
	assert_int_equal(f->r.max_disk_gb, -1);
	assert_true(f->r.overcommit_cpu >= 4.0 && f->r.overcommit_cpu <= 4.0);
	assert_true(f->r.overcommit_ram >= 1.0 && f->r.overcommit_ram <= 1.0);
	assert_int_equal(f->r.reserve_mb, 0);
	assert_false(f->r.ha_default);
	assert_int_equal(f->r.nflavors, 0);
	for (int i = 0; i < QUOTA_KEYS; i++)
		assert_int_equal(f->r.default_quota.v[i], QUOTA_UNSET);
}

static void every_key_is_read(void **state)
{
	static const char *const pairs[][2] = {
		{ "t", "cloud" },
		{ "id", "cloud.lab" },
		{ "c", "5be1a9d0" },
		{ "domain", "cloud.example" },
		{ "adm", "alice,@ops" },
		{ "dq.cores", "40" },
		{ "dq.ram_mb", "-1" },
		{ "dq.later_key", "what" },
		{ "mv.cores", "16" },
		{ "mv.ram_mb", "65536" },
		{ "mv.disk_gb", "500" },
		{ "oc.cpu", "2.5" },
		{ "oc.ram", "0.9" },
		{ "reserve_mb", "4096" },
		{ "cpu", "x86-64-v3" },
		{ "storage", "ceph" },
		{ "import", "local" },
		{ "bridge", "vmbr1" },
		{ "ha", "1" },
		{ "f.m1.small", "vcpus/2,ram_mb/2048" },
		{ "f.gpu", "vcpus/8,ram_mb/32768" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		annot_set(&f->a, pairs[i][0], pairs[i][1]);
	assert_int_equal(decode(f), 0);
	assert_string_equal(f->r.cluster, "5be1a9d0");
	assert_true(strv_has(f->r.admins, "@ops") && strv_has(f->r.admins, "alice"));
	assert_false(strv_has(f->r.admins, "ops"));
	assert_int_equal(f->r.default_quota.v[QUOTA_CORES], 40);
	assert_int_equal(f->r.default_quota.v[QUOTA_RAM_MB], QUOTA_UNLIMITED);
	assert_int_equal(f->r.default_quota.v[QUOTA_IPS], QUOTA_UNSET);
	assert_int_equal(f->r.max_cores, 16);
	assert_int_equal(f->r.max_ram_mb, 65536);
	assert_int_equal(f->r.max_disk_gb, 500);
	assert_true(f->r.overcommit_cpu >= 2.5 && f->r.overcommit_cpu <= 2.5);
	assert_true(f->r.overcommit_ram > 0.89 && f->r.overcommit_ram < 0.91);
	assert_int_equal(f->r.reserve_mb, 4096);
	assert_string_equal(f->r.cpu_model, "x86-64-v3");
	assert_string_equal(f->r.storage, "ceph");
	assert_string_equal(f->r.import_storage, "local");
	assert_string_equal(f->r.bridge, "vmbr1");
	assert_true(f->r.ha_default);
	assert_int_equal(f->r.nflavors, 2);
	assert_string_equal(f->r.flavors[1].name, "gpu");
	assert_int_equal(registry_flavor(&f->r, "m1.small")->memory_mib, 2048);
	assert_null(registry_flavor(&f->r, "m1.large"));
}

static const struct {
	const char *key, *value, *msg;
} bad[] = {
	{ "dq.cores", "many", "dq.cores=many is no number" },
	{ "dq.cores", "", "dq.cores= is no number" },
	{ "mv.cores", "4x", "mv.cores=4x is no number" },
	{ "reserve_mb", "a", "reserve_mb=a is no number" },
	{ "oc.cpu", "0", "oc.cpu=0 is no ratio above 0" },
	{ "oc.ram", "-1", "oc.ram=-1 is no ratio above 0" },
	{ "oc.ram", "nan", "oc.ram=nan is no ratio above 0" },
	{ "oc.ram", "2x", "oc.ram=2x is no ratio above 0" },
	{ "f.m1", "vcpus", "flavor m1: \"vcpus\" is no name/value" },
	{ "f.m1", "vcpus/two", "flavor m1: vcpus=two is no number from 0 to 2147483647" },
	{ "f.m1", "ram_mb/-1", "flavor m1: ram_mb=-1 is no number from 0 to 2147483647" },
};

static void a_value_that_cannot_be_read_is_named(void **state)
{
	struct fixture *f = *state;

	annot_set(&f->a, "domain", "cloud.example");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		annot_set(&f->a, bad[i].key, bad[i].value);
		assert_int_equal(decode(f), -1);
		assert_int_equal(f->err.kind, PXC_EINVAL);
		assert_string_equal(f->err.msg, bad[i].msg);
		annot_set(&f->a, bad[i].key, NULL);
	}
	assert_int_equal(decode(f), 0);
}

static void without_a_domain_it_is_no_registry(void **state)
{
	struct fixture *f = *state;

	annot_set(&f->a, "t", "cloud");
	assert_int_equal(decode(f), -1);
	assert_string_equal(f->err.msg, "it has no domain");
}

static void the_flavors_that_exist_are_told(void **state)
{
	struct fixture *f = *state;
	char text[300], key[8] = "f.a";

	annot_set(&f->a, "domain", "cloud.example");
	assert_int_equal(decode(f), 0);
	assert_string_equal(registry_flavor_names(&f->r, "acme", text, sizeof(text)),
			    "there are none yet (pxc_flavor makes them)");
	for (char c = 'a'; c < 'a' + 14; c++) {
		key[2] = c;
		annot_set(&f->a, key, "vcpus/1,ram_mb/512");
	}
	assert_int_equal(decode(f), 0);
	assert_string_equal(registry_flavor_names(&f->r, "acme", text, sizeof(text)),
			    "there are a, b, c, d, e, f, g, h, i, j, k, l and 2 more");
}

static const struct {
	const char *text;
	const char *words[4];
} lists[] = {
	{ NULL, { NULL } },      { "", { NULL } },           { "a", { "a" } },
	{ "a,b", { "a", "b" } }, { ",a,,b,", { "a", "b" } }, { "a b,c", { "a b", "c" } },
};

static void a_list_is_divided_by_commas(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const char *const *words = strv_split(&f->arena, lists[i].text);
		size_t n = 0;

		for (; lists[i].words[n]; n++)
			assert_string_equal(words[n], lists[i].words[n]);
		assert_null(words[n]);
	}
	assert_false(strv_has(NULL, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_registry_with_only_a_domain_has_defaults, setup,
						teardown),
		cmocka_unit_test_setup_teardown(every_key_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_value_that_cannot_be_read_is_named, setup,
						teardown),
		cmocka_unit_test_setup_teardown(without_a_domain_it_is_no_registry, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_flavors_that_exist_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_list_is_divided_by_commas, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
