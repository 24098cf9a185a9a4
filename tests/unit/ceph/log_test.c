/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objects that only grow. */
#include "lib/ceph/box.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int append(struct box *box, const char *object, const char *text)
{
	return box->ops->append(box->pool, object, text, strlen(text), &box->err);
}

static uint64_t size_of(struct box *box, const char *object)
{
	uint64_t size = 99;

	box_ok(box, box->ops->object_size(box->pool, object, &size, &box->err));
	return size;
}

static void what_is_appended_comes_behind(void **state)
{
	struct box *box = *state;
	char text[16] = "";

	assert_int_equal(size_of(box, "log"), 0);
	box_ok(box, append(box, "log", "one\n"));
	box_ok(box, append(box, "log", "two\n"));
	assert_int_equal(size_of(box, "log"), 8);
	box_ok(box, box->ops->object_read(box->pool, "log", 2, text, 5, &box->err));
	assert_string_equal(text, "e\ntwo");
	/* Ceph itself says the same. */
	memset(text, 0, sizeof(text));
	assert_int_equal(rados_read(box->io, "log", text, sizeof(text), 0), 8);
	assert_string_equal(text, "one\ntwo\n");
}

static void there_is_no_more_than_there_is(void **state)
{
	struct box *box = *state;
	char text[16];

	box_ok(box, append(box, "short", "abc"));
	box_fails(box, box->ops->object_read(box->pool, "short", 1, text, 3, &box->err),
		  PXC_ENOTFOUND, "ends before byte 4");
	box_fails(box, box->ops->object_read(box->pool, "none", 0, text, 1, &box->err),
		  PXC_ENOTFOUND, "object none");
}

static void a_full_object_stays_as_it_is(void **state)
{
	struct box *box = *state;
	static const char set[] =
		"{\"prefix\":\"config set\",\"who\":\"osd\",\"name\":\"osd_max_object_size\","
		"\"value\":\"4096\"}";
	static const char unset[] =
		"{\"prefix\":\"config rm\",\"who\":\"osd\",\"name\":\"osd_max_object_size\"}";
	static const char line[] =
		"0123456789012345678901234567890123456789012345678901234567890123";
	double give_up = box_now() + 20;
	int r = 0;

	free(box_mon(box, set));
	/* The OSD learns it a moment later. */
	do {
		for (unsigned i = 0; r == 0 && i < 4096 / (sizeof(line) - 1) + 1; i++)
			r = append(box, "full", line);
		box_sleep_ms(100);
	} while (r == 0 && box_now() < give_up);
	box_fails(box, r, PXC_ECONFLICT, "object full");
	assert_true(size_of(box, "full") >= 4096 - sizeof(line));
	free(box_mon(box, unset));
}

#define WRITERS 8
#define LINES 100u

static void *writer(void *arg)
{
	struct box *box = arg;
	static int numbers;
	int me = __atomic_fetch_add(&numbers, 1, __ATOMIC_RELAXED);
	struct pxc_err err;
	char text[32];

	for (unsigned i = 0; i < LINES; i++) {
		(void)snprintf(text, sizeof(text), "%d:%03u\n", me, i);
		if (box->ops->append(box->pool, "many", text, strlen(text), &err) < 0)
			return arg;
	}
	return NULL;
}

static void lines_of_many_do_not_mix(void **state)
{
	struct box *box = *state;
	static char text[WRITERS * LINES * 6 + 1];
	unsigned next[WRITERS] = { 0 };
	pthread_t threads[WRITERS];
	void *problem;

	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, writer, box), 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(threads[i], &problem), 0);
		assert_null(problem);
	}
	assert_int_equal(size_of(box, "many"), sizeof(text) - 1);
	box_ok(box, box->ops->object_read(box->pool, "many", 0, text, sizeof(text) - 1, &box->err));
	for (const char *p = text; *p; p += 6) {
		assert_true(p[0] >= '0' && p[0] < '0' + WRITERS && p[1] == ':' && p[5] == '\n');
		assert_int_equal(strtoul(p + 2, NULL, 10), next[p[0] - '0']++);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_appended_comes_behind),
		cmocka_unit_test(there_is_no_more_than_there_is),
		cmocka_unit_test(lines_of_many_do_not_mix),
		cmocka_unit_test(a_full_object_stays_as_it_is),
	};

	/* A limit that is set here would be all others', too. */
	return cmocka_run_group_tests(tests, box_setup_own, box_teardown);
}
