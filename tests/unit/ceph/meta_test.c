/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What meta.c writes: all of a change or nothing of it. */
#include "lib/ceph/box.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/str.h"

static const char *value_of(struct box *box, const char *image, const char *key)
{
	struct ceph_image seen;

	box_ok(box, box->ops->look(box->pool, image, &box->arena, &seen, &box->err));
	for (size_t i = 0; i < seen.nmeta; i++) {
		if (str_eq(seen.meta[i].key, key))
			return seen.meta[i].value;
	}
	return NULL;
}

static int change(struct box *box, const char *id, const char *expect_key, const char *expect_value,
		  const struct ceph_pair *set, size_t nset, const char *const *drop)
{
	struct ceph_meta_change c = { expect_key, expect_value, set, nset, drop };

	return box->ops->meta(box->pool, id, &c, &box->err);
}

static void keys_are_set_and_removed_at_once(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "set");
	const struct ceph_pair first[] = { { "a", "1" }, { "b", "" }, { "c", "3\n\xff" } };
	const struct ceph_pair second[] = { { "a", "2" }, { "d", "4" } };
	const char *const drop[] = { "b", "never there", NULL };

	box_ok(box, change(box, id, NULL, NULL, first, 3, NULL));
	assert_string_equal(value_of(box, "set", "a"), "1");
	assert_string_equal(value_of(box, "set", "b"), "");
	assert_string_equal(value_of(box, "set", "c"), "3\n\xff");
	box_ok(box, change(box, id, NULL, NULL, second, 2, drop));
	assert_string_equal(value_of(box, "set", "a"), "2");
	assert_null(value_of(box, "set", "b"));
	assert_string_equal(value_of(box, "set", "c"), "3\n\xff");
	assert_string_equal(value_of(box, "set", "d"), "4");
	box_ok(box, change(box, id, NULL, NULL, NULL, 0, drop));
}

static void librbd_reads_what_we_wrote(void **state)
{
	struct box *box = *state;
	const struct ceph_pair set[] = { { "pxc.x", "y" } };
	char value[16] = "";
	size_t len = sizeof(value);
	rbd_image_t rbd;

	box_ok(box, change(box, box_image(box, "theirs"), NULL, NULL, set, 1, NULL));
	assert_int_equal(rbd_open(box->io, "theirs", &rbd, NULL), 0);
	assert_int_equal(rbd_metadata_get(rbd, "pxc.x", value, &len), 0);
	assert_string_equal(value, "y");
	assert_int_equal(rbd_close(rbd), 0);
}

static void an_expectation_that_does_not_hold_changes_nothing(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "expect");
	const struct ceph_pair one[] = { { "r", "1" } }, two[] = { { "r", "2" }, { "x", "2" } };
	const char *const drop[] = { "r", NULL };

	box_fails(box, change(box, id, "r", "1", one, 1, NULL), PXC_ECONFLICT,
		  "metadata r of image");
	assert_null(value_of(box, "expect", "r"));
	box_ok(box, change(box, id, "r", "", one, 1, NULL));
	box_fails(box, change(box, id, "r", "", two, 2, NULL), PXC_ECONFLICT,
		  "is not \"\" any more");
	box_fails(box, change(box, id, "r", "0", two, 2, drop), PXC_ECONFLICT,
		  "somebody changed it");
	assert_string_equal(value_of(box, "expect", "r"), "1");
	assert_null(value_of(box, "expect", "x"));
	box_ok(box, change(box, id, "r", "1", two, 2, NULL));
	assert_string_equal(value_of(box, "expect", "x"), "2");
	box_ok(box, change(box, id, "r", "2", NULL, 0, drop));
	assert_null(value_of(box, "expect", "r"));
}

static void keys_that_would_configure_ceph_are_refused(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "conf");
	const struct ceph_pair conf[] = { { "a", "1" }, { "conf_rbd_cache", "false" } };
	const struct ceph_pair empty[] = { { "", "1" } };
	const char *const drop[] = { "conf_x", NULL };

	box_fails(box, change(box, id, NULL, NULL, conf, 2, NULL), PXC_EINVAL, "conf_rbd_cache");
	box_fails(box, change(box, id, NULL, NULL, empty, 1, NULL), PXC_EINVAL, "empty");
	box_fails(box, change(box, id, NULL, NULL, conf, 1, drop), PXC_EINVAL, "conf_x");
	assert_null(value_of(box, "conf", "a"));
}

/* No object may come into being by that. */
static void an_image_that_is_gone_is_not_found(void **state)
{
	struct box *box = *state;
	const struct ceph_pair set[] = { { "a", "1" } };
	uint64_t size;
	time_t when;

	box_fails(box, change(box, "nosuchid", NULL, NULL, set, 1, NULL), PXC_ENOTFOUND,
		  "no image with id nosuchid");
	box_fails(box, change(box, "nosuchid", "a", "", NULL, 0, NULL), PXC_ENOTFOUND,
		  "no image with id nosuchid");
	assert_int_equal(rados_stat(box->io, "rbd_header.nosuchid", &size, &when), -ENOENT);
}

struct counting {
	struct box *box;
	const char *id;
	unsigned lost;
};

#define TURNS 40
#define THREADS 4

/* Counts up as everybody must who shares a value: read, write if it still is so, else again. */
static void *count_up(void *arg)
{
	struct counting *c = arg;
	struct pxc_arena arena = { .head = NULL };
	struct ceph_image seen;
	struct pxc_err err;

	for (unsigned i = 0; i < TURNS;) {
		const char *have = "";

		if (c->box->ops->look(c->box->pool, "count", &arena, &seen, &err) < 0)
			return arg;
		if (seen.nmeta)
			have = seen.meta[0].value;
		struct ceph_pair next = { "n", arena_printf(&arena, "%lu",
							    strtoul(have, NULL, 10) + 1) };
		struct ceph_meta_change step = { "n", have, &next, 1, NULL };

		if (c->box->ops->meta(c->box->pool, c->id, &step, &err) == 0)
			i++;
		else if (err.kind == PXC_ECONFLICT)
			c->lost++;
		else
			return arg;
	}
	arena_release(&arena);
	return NULL;
}

static void no_change_is_lost_among_threads(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "count");
	struct counting counting[THREADS];
	pthread_t threads[THREADS];
	unsigned lost = 0;
	void *failed;

	for (unsigned i = 0; i < THREADS; i++) {
		counting[i] = (struct counting){ .box = box, .id = id };
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, &counting[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
		lost += counting[i].lost;
	}
	assert_string_equal(value_of(box, "count", "n"), "160");
	assert_true(lost > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_set_and_removed_at_once),
		cmocka_unit_test(librbd_reads_what_we_wrote),
		cmocka_unit_test(an_expectation_that_does_not_hold_changes_nothing),
		cmocka_unit_test(keys_that_would_configure_ceph_are_refused),
		cmocka_unit_test(an_image_that_is_gone_is_not_found),
		cmocka_unit_test(no_change_is_lost_among_threads),
	};

	return BOX_TESTS(tests);
}
