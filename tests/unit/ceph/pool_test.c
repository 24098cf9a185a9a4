/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pool.c */
#include "lib/ceph/box.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define MIB ((uint64_t)1 << 20)

static void a_pool_that_is_missing_and_those_there_are_are_named(void **state)
{
	struct box *box = *state;
	struct ceph_pool *pool;

	box_fails(box, box->ops->pool_open(box->ceph, "none", NULL, &pool, &box->err),
		  PXC_ENOTFOUND, "no pool \"none\"; there are: ");
	assert_non_null(strstr(box->err.msg, box->name));
	box_fails(box, box->ops->pool_open(box->ceph, box->name, "none", &pool, &box->err),
		  PXC_ENOTFOUND, "has no RBD namespace \"none\"");
}

static void a_pool_has_the_id_that_ceph_says(void **state)
{
	struct box *box = *state;
	struct ceph_pool *pool;

	assert_int_equal(box->ops->pool_id(box->pool), rados_ioctx_get_id(box->io));
	box_ok(box, box->ops->pool_open(box->ceph, box->name, "", &pool, &box->err));
	assert_int_equal(box->ops->pool_id(pool), rados_ioctx_get_id(box->io));
	box->ops->pool_close(pool);
}

static void set_quota(struct box *box, uint64_t bytes)
{
	auto_free char *command =
		pxc_printf("{\"prefix\":\"osd pool set-quota\",\"pool\":\"%s\",\"field\":"
			   "\"max_bytes\",\"val\":\"%llu\"}",
			   box->name, (unsigned long long)bytes);

	free(box_mon(box, command));
}

/* The manager counts every few seconds. */
static void space_is_what_is_used_and_what_is_left(void **state)
{
	struct box *box = *state;
	auto_free char *data = pxc_alloc(64 * MIB);
	uint64_t used = 0, left = 0;
	double start = box_now();

	memset(data, 'x', 64 * MIB);
	box_ok(box, box->ops->create(box->pool, "filler", 64 * MIB, NULL, NULL, &box->err));
	box_ok(box, box->ops->write(box->pool, "filler", 0, data, 64 * MIB, &box->err));
	while (used < 64 * MIB) {
		assert_true(box_now() - start < 60);
		box_sleep_ms(200);
		if (box->ops->pool_space(box->pool, &used, &left, &box->err) < 0)
			assert_int_equal(box->err.kind, PXC_EBUSY);
	}
	assert_true(used < 70 * MIB);
	assert_true(left > 500 * MIB);
	set_quota(box, 100 * MIB);
	box_ok(box, box->ops->pool_space(box->pool, &used, &left, &box->err));
	assert_int_equal(left, 100 * MIB - used);
	set_quota(box, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_that_is_missing_and_those_there_are_are_named),
		cmocka_unit_test(a_pool_has_the_id_that_ceph_says),
		cmocka_unit_test(space_is_what_is_used_and_what_is_left),
	};

	return BOX_TESTS(tests);
}
