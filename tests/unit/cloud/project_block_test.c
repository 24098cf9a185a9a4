/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/project_block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "cloud/project_find.h"

static void the_block_of_a_project_is_read(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	struct project_block p;

	(void)state;
	annot_set(&a, "t", "project");
	annot_set(&a, "id", "pool.acme");
	annot_set(&a, "rm", "@ops,alice");
	annot_set(&a, "ro", "carol");
	annot_set(&a, "q.cores", "40");
	annot_set(&a, "q.ips", "-1");
	annot_set(&a, "op", "purge");
	assert_int_equal(project_decode(&a, "acme", &arena, &p, &err), 0);
	assert_string_equal(p.name, "acme");
	assert_string_equal(p.op, "purge");
	assert_string_equal(p.roles[ROLE_MANAGER][0], "@ops");
	assert_string_equal(p.roles[ROLE_MANAGER][1], "alice");
	assert_null(p.roles[ROLE_MANAGER][2]);
	assert_null(p.roles[ROLE_MEMBER][0]);
	assert_string_equal(p.roles[ROLE_READER][0], "carol");
	assert_int_equal(p.quota.v[QUOTA_CORES], 40);
	assert_int_equal(p.quota.v[QUOTA_IPS], QUOTA_UNLIMITED);
	assert_int_equal(p.quota.v[QUOTA_RAM_MB], QUOTA_UNSET);
}

static const struct {
	const char *key, *value;
	enum pxc_errkind kind;
	const char *msg;
} bad[] = {
	{ "t", "vm", PXC_ENOTFOUND, "pool acme carries no project of its own" },
	{ "t", NULL, PXC_ENOTFOUND, "pool acme carries no project of its own" },
	/* The comment was copied from another pool. */
	{ "id", "pool.other", PXC_ENOTFOUND, "pool acme carries no project of its own" },
	{ "id", "pool.acme2", PXC_ENOTFOUND, "pool acme carries no project of its own" },
	{ "id", NULL, PXC_ENOTFOUND, "pool acme carries no project of its own" },
	{ "q.cores", "many", PXC_EINVAL, "project acme: q.cores=many is no number" },
	{ "q.cores", "", PXC_EINVAL, "project acme: q.cores= is no number" },
};

static void what_is_no_project_of_this_pool_is_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_annot struct annot a = { .npairs = 0 };
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct pxc_err err = { .kind = PXC_OK };
		struct project_block p = { .name = "untouched" };

		annot_set(&a, "t", "project");
		annot_set(&a, "id", "pool.acme");
		annot_set(&a, bad[i].key, bad[i].value);
		assert_int_equal(project_decode(&a, "acme", &arena, &p, &err), -1);
		assert_int_equal(err.kind, bad[i].kind);
		assert_string_equal(err.msg, bad[i].msg);
		assert_string_equal(p.name, "untouched");
	}
}

static void writing_keeps_what_is_unknown(void **state)
{
	static const char *const managers[] = { "@ops", "alice", NULL };
	auto_annot struct annot a = { .npairs = 0 };
	struct project_block p = { .name = "acme",
				   .roles = { [ROLE_MANAGER] = managers },
				   .quota = quota_unset() };
	auto_free char *text = NULL;

	(void)state;
	annot_set(&a, "t", "project");
	annot_set(&a, "ag.web", "anti");
	annot_set(&a, "rw", "bob");
	annot_set(&a, "q.ips", "7");
	annot_set(&a, "op", "purge");
	annot_set(&a, "r", "3");
	p.quota.v[QUOTA_CORES] = 40;
	project_encode(&p, "acme", "5be1a9d0", &a);
	text = annot_render(ANNOT_TOKEN, "", &a, "");
	assert_true(str_starts(text, "[pxc/1 t=project ag.web=anti r=3 id=pool.acme c=5be1a9d0 "
				     "rm=@ops,alice q.cores=40 s="));
}

static void a_block_comes_back_as_it_was_written(void **state)
{
	static const char *const managers[] = { "alice", NULL }, *const readers[] = { "a", "b",
										      NULL };
	auto_annot struct annot a = { .npairs = 0 };
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct project_block p = { .name = "shop",
				   .quota = quota_unset(),
				   .op = "purge",
				   .ha = HA_NEVER,
				   .roles = {
					   [ROLE_MANAGER] = managers, [ROLE_READER] = readers } };
	struct project_block q;
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	for (int i = 0; i < QUOTA_KEYS; i++)
		p.quota.v[i] = i - 1;
	project_encode(&p, "cloud-shop", "5be1a9d0", &a);
	assert_int_equal(project_decode(&a, "cloud-shop", &arena, &q, &err), 0);
	assert_string_equal(q.name, "shop");
	assert_string_equal(q.op, "purge");
	assert_int_equal(q.ha, HA_NEVER);
	assert_string_equal(annot_get(&a, "ha"), "0");
	assert_string_equal(q.roles[ROLE_READER][1], "b");
	assert_null(q.roles[ROLE_MEMBER][0]);
	assert_memory_equal(&q.quota, &p.quota, sizeof(p.quota));
}

static void a_sorted_list_has_no_doubles(void **state)
{
	static const char *const words[] = { "bob", "@ops", "alice", "bob", NULL };
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *const *sorted = strv_sorted(&arena, words);

	(void)state;
	assert_string_equal(sorted[0], "@ops");
	assert_string_equal(sorted[1], "alice");
	assert_string_equal(sorted[2], "bob");
	assert_null(sorted[3]);
	assert_null(strv_sorted(&arena, NULL)[0]);
}

/* A pool's comment with the token of a project; new string. */
static char *comment(const char *poolid, const char *name)
{
	auto_annot struct annot a = { .npairs = 0 };
	struct project_block p = { .name = name, .quota = quota_unset() };

	project_encode(&p, poolid, "5be1a9d0", &a);
	return annot_render(ANNOT_TOKEN, "Shop", &a, "");
}

static void a_project_is_found_by_its_name(void **state)
{
	auto_free char *acme = comment("acme", "acme"), *shop = comment("cloud-shop", "shop"),
		       *damaged = comment("broken", "broken");
	struct world_pool pools[] = {
		{ "plain", "just a pool" }, { "acme", acme },      { "copy", acme },
		{ "cloud-shop", shop },     { "broken", damaged },
	};
	struct world w = { .pools = pools, .npools = ARRAY_SIZE(pools) };

	(void)state;
	strstr(damaged, "c=5be")[2] = '6';
	assert_string_equal(project_pool(&w, "acme"), "acme");
	assert_string_equal(project_pool(&w, "shop"), "cloud-shop");
	assert_null(project_pool(&w, "cloud-shop"));
	assert_null(project_pool(&w, "plain"));
	assert_null(project_pool(&w, "copy"));
	assert_null(project_pool(&w, "broken"));
	assert_null(project_pool(&w, "nobody"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_block_of_a_project_is_read),
		cmocka_unit_test(what_is_no_project_of_this_pool_is_told_apart),
		cmocka_unit_test(writing_keeps_what_is_unknown),
		cmocka_unit_test(a_block_comes_back_as_it_was_written),
		cmocka_unit_test(a_sorted_list_has_no_doubles),
		cmocka_unit_test(a_project_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
