/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void every_key_has_a_name_and_is_found_by_it(void **state)
{
	(void)state;
	for (int i = 0; i < QUOTA_KEYS; i++) {
		assert_non_null(quota_names[i]);
		assert_int_equal(quota_find(quota_names[i]), i);
	}
	assert_string_equal(quota_names[QUOTA_RAM_MB], "ram_mb");
	assert_int_equal(quota_find("ram"), -1);
	assert_int_equal(quota_find(""), -1);
}

static void the_built_in_defaults_are_those_of_openstack(void **state)
{
	static const struct {
		int key;
		int64_t value;
	} rows[] = {
		{ QUOTA_INSTANCES, 10 }, { QUOTA_CORES, 20 },           { QUOTA_RAM_MB, 51200 },
		{ QUOTA_VOLUMES, 10 },   { QUOTA_VOLUME_GB, 1000 },     { QUOTA_SNAPSHOTS, 10 },
		{ QUOTA_SECGROUPS, 10 }, { QUOTA_SECGROUP_RULES, 100 },
	};
	struct quota none = quota_unset(), q = quota_effective(&none, &none);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(q.v[rows[i].key], rows[i].value);
	for (int i = 0; i < QUOTA_KEYS; i++)
		assert_true(q.v[i] > 0);
}

static void the_nearest_value_counts(void **state)
{
	struct quota own = quota_unset(), cloud = quota_unset(), q;

	(void)state;
	own.v[QUOTA_CORES] = 0;
	own.v[QUOTA_IPS] = QUOTA_UNLIMITED;
	cloud.v[QUOTA_CORES] = 99;
	cloud.v[QUOTA_IPS] = 99;
	cloud.v[QUOTA_INSTANCES] = QUOTA_UNLIMITED;
	q = quota_effective(&own, &cloud);
	assert_int_equal(q.v[QUOTA_CORES], 0);
	assert_int_equal(q.v[QUOTA_IPS], QUOTA_UNLIMITED);
	assert_int_equal(q.v[QUOTA_INSTANCES], QUOTA_UNLIMITED);
	assert_int_equal(q.v[QUOTA_RAM_MB], 51200);
}

struct numbers {
	int64_t instances, cores, ram_mb;
};

static const struct {
	const char *name;
	struct numbers limit, used, asked;
	const char *msg; /* NULL = it fits */
} rows[] = {
	{ "room", { 10, 20, 51200 }, { 1, 2, 2048 }, { 1, 2, 2048 }, NULL },
	{ "exactly full", { 10, 20, 51200 }, { 9, 18, 43008 }, { 1, 2, 8192 }, NULL },
	{ "memory",
	  { 10, 20, 51200 },
	  { 1, 2, 49152 },
	  { 1, 2, 8192 },
	  "quota: ram_mb used 49152 + asked 8192 > limit 51200" },
	{ "all at once",
	  { 10, 20, 51200 },
	  { 10, 20, 51200 },
	  { 1, 2, 2048 },
	  "quota: instances used 10 + asked 1 > limit 10; cores used 20 + asked 2 > limit 20; "
	  "ram_mb used 51200 + asked 2048 > limit 51200" },
	{ "unlimited", { -1, -1, -1 }, { 10000, 1, 1 }, { 10000, 1, 1 }, NULL },
	{ "nothing asked while over", { 1, 1, 1 }, { 5, 5, 5 }, { 0, 0, 0 }, NULL },
	{ "shrinking while over", { 1, 1, 1 }, { 5, 5, 5 }, { -1, -2, -3 }, NULL },
	{ "one grows, one shrinks",
	  { 10, 4, 51200 },
	  { 1, 4, 2048 },
	  { 0, 1, -1024 },
	  "quota: cores used 4 + asked 1 > limit 4" },
	{ "nothing allowed",
	  { 0, 0, 0 },
	  { 0, 0, 0 },
	  { 1, 0, 0 },
	  "quota: instances used 0 + asked 1 > limit 0" },
	{ "more than a number holds",
	  { 10, 20, INT64_MAX },
	  { 1, 1, 1 },
	  { 1, 1, INT64_MAX },
	  "quota: ram_mb used 1 + asked 9223372036854775807 > limit 9223372036854775807" },
};

static struct quota of(struct numbers n)
{
	struct quota q = { { 0 } };

	q.v[QUOTA_INSTANCES] = n.instances;
	q.v[QUOTA_CORES] = n.cores;
	q.v[QUOTA_RAM_MB] = n.ram_mb;
	return q;
}

static void what_does_not_fit_is_refused_with_its_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct quota limit = of(rows[i].limit), used = of(rows[i].used),
			     asked = of(rows[i].asked);
		struct pxc_err err = { .kind = PXC_OK };
		int r = quota_check(&limit, &used, &asked, &err);

		if (r != (rows[i].msg ? -1 : 0))
			fail_msg("%s: %s", rows[i].name, err.msg);
		assert_string_equal(err.msg, rows[i].msg ? rows[i].msg : "");
		assert_int_equal(err.kind, rows[i].msg ? PXC_EINVAL : PXC_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_has_a_name_and_is_found_by_it),
		cmocka_unit_test(the_built_in_defaults_are_those_of_openstack),
		cmocka_unit_test(the_nearest_value_counts),
		cmocka_unit_test(what_does_not_fit_is_refused_with_its_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
