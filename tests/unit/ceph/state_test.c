/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What state.c keeps. */
#include "lib/ceph/box.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int swap(struct box *box, const char *object, const char *key, const char *expect,
		const char *value, const char **have)
{
	return box->ops->state_swap(box->pool, object, key, expect, value, &box->arena, have,
				    &box->err);
}

static size_t list(struct box *box, const char *object, const char *prefix,
		   struct ceph_pair **pairs)
{
	size_t n = 99;

	box_ok(box,
	       box->ops->state_list(box->pool, object, prefix, &box->arena, pairs, &n, &box->err));
	return n;
}

static void no_object_holds_nothing(void **state)
{
	struct ceph_pair *pairs;

	assert_int_equal(list(*state, "none", "", &pairs), 0);
	assert_int_equal(list(*state, "none", NULL, &pairs), 0);
}

static void a_fact_is_made_changed_and_removed(void **state)
{
	struct box *box = *state;
	const char *have = NULL;
	struct ceph_pair *pairs;

	box_fails(box, swap(box, "life", "k", "v0", "v1", &have), PXC_ECONFLICT,
		  "k in object life");
	assert_string_equal(have, "");
	box_ok(box, swap(box, "life", "k", NULL, "v1", NULL));
	box_fails(box, swap(box, "life", "k", NULL, "v2", &have), PXC_ECONFLICT,
		  "is \"v1\", not absent");
	assert_string_equal(have, "v1");
	box_fails(box, swap(box, "life", "k", "v0", NULL, &have), PXC_ECONFLICT,
		  "is \"v1\", not \"v0\"");
	box_ok(box, swap(box, "life", "k", "v1", "v2", NULL));
	assert_int_equal(list(box, "life", "", &pairs), 1);
	assert_string_equal(pairs[0].key, "k");
	assert_string_equal(pairs[0].value, "v2");
	box_ok(box, swap(box, "life", "k", "v2", NULL, NULL));
	assert_int_equal(list(box, "life", "", &pairs), 0);
	box_fails(box, swap(box, "life", "k", "v2", NULL, NULL), PXC_ECONFLICT,
		  "is absent, not \"v2\"");
}

/* Ceph cannot tell an empty value from none. */
static void nothing_is_empty(void **state)
{
	struct box *box = *state;

	box_fails(box, swap(box, "empty", "", NULL, "v", NULL), PXC_EINVAL, "can be empty");
	box_fails(box, swap(box, "empty", "k", NULL, "", NULL), PXC_EINVAL, "can be empty");
	box_fails(box, swap(box, "empty", "k", "", "v", NULL), PXC_EINVAL, "can be empty");
}

static void lists_come_in_pages_and_by_prefix(void **state)
{
	struct box *box = *state;
	static char keys[3000][16];
	const char *k[3000], *v[3000];
	size_t len[3000];
	struct ceph_pair *pairs;
	rados_write_op_t op = rados_create_write_op();

	for (size_t i = 0; i < 3000; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "%c.%04zu", i % 3 ? 'a' : 'b', i);
		k[i] = v[i] = keys[i];
		len[i] = strlen(keys[i]);
	}
	rados_write_op_omap_set(op, k, v, len, 3000);
	assert_int_equal(rados_write_op_operate(op, box->io, "pages", NULL, 0), 0);
	rados_release_write_op(op);

	assert_int_equal(list(box, "pages", "", &pairs), 3000);
	for (size_t i = 0; i < 3000; i++) {
		assert_string_equal(pairs[i].key, pairs[i].value);
		assert_true(i == 0 || strcmp(pairs[i - 1].key, pairs[i].key) < 0);
	}
	assert_int_equal(list(box, "pages", "a.", &pairs), 2000);
	assert_string_equal(pairs[0].key, "a.0001");
	assert_string_equal(pairs[1999].key, "a.2999");
	assert_int_equal(list(box, "pages", "c", &pairs), 0);
}

#define RUNNERS 8

struct race {
	struct box *box;
	pthread_barrier_t *start;
	unsigned won;
};

static void *reserve(void *arg)
{
	struct race *r = arg;
	struct pxc_arena arena = { .head = NULL };
	struct pxc_err err;
	const char *have;
	char key[16];

	for (unsigned i = 0; i < 50; i++) {
		(void)snprintf(key, sizeof(key), "seat %u", i);
		(void)pthread_barrier_wait(r->start);
		if (r->box->ops->state_swap(r->box->pool, "race", key, NULL, "taken", &arena, &have,
					    &err) == 0)
			r->won++;
		else if (err.kind != PXC_ECONFLICT || strcmp(have, "taken") != 0)
			r->won += 1000;
	}
	arena_release(&arena);
	return NULL;
}

static void each_thing_is_reserved_once(void **state)
{
	pthread_barrier_t start;
	pthread_t threads[RUNNERS];
	struct race races[RUNNERS];
	unsigned won = 0;

	assert_int_equal(pthread_barrier_init(&start, NULL, RUNNERS), 0);
	for (unsigned i = 0; i < RUNNERS; i++) {
		races[i] = (struct race){ .box = *state, .start = &start };
		assert_int_equal(pthread_create(&threads[i], NULL, reserve, &races[i]), 0);
	}
	for (unsigned i = 0; i < RUNNERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		won += races[i].won;
	}
	assert_int_equal(won, 50);
	assert_int_equal(pthread_barrier_destroy(&start), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_object_holds_nothing),
		cmocka_unit_test(a_fact_is_made_changed_and_removed),
		cmocka_unit_test(nothing_is_empty),
		cmocka_unit_test(lists_come_in_pages_and_by_prefix),
		cmocka_unit_test(each_thing_is_reserved_once),
	};

	return BOX_TESTS(tests);
}
