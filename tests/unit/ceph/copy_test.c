/* SPDX-License-Identifier: GPL-3.0-or-later */
/* copy.c */
#include "lib/ceph/box.h"

#include <string.h>

#include "base/mem.h"

#define MIB ((uint64_t)1 << 20)
#define SIZE (40 * MIB + 777) /* no whole number of objects */

static int copy(struct box *box, const char *from, const char *snap, const char *to)
{
	return box->ops->copy(box->pool, from, snap, box->pool, to, NULL, NULL, NULL, NULL,
			      &box->err);
}

static char *bytes_of(struct box *box, const char *image, const char *snap)
{
	char *data = pxc_alloc(SIZE);

	box_ok(box, box->ops->read(box->pool, image, snap, 0, data, SIZE, &box->err));
	return data;
}

static void put(struct box *box, const char *image, uint64_t offset, size_t len, char byte)
{
	auto_free char *data = pxc_alloc(len);

	memset(data, byte, len);
	box_ok(box, box->ops->write(box->pool, image, offset, data, len, &box->err));
}

/* Data over objects' ends, one byte here and there, zeros that were written, the very last byte. */
static void make_source(struct box *box, const char *name)
{
	box_ok(box, box->ops->create(box->pool, name, SIZE, NULL, NULL, &box->err));
	put(box, name, 3 * MIB + 5, 3 * MIB, 'a');
	put(box, name, 12 * MIB, 8 * MIB, 0);
	put(box, name, 16 * MIB + 4095, 2, 'b');
	put(box, name, 28 * MIB - 1, 1, 'c');
	put(box, name, SIZE - 1, 1, 'd');
}

static int add_extent(uint64_t offset, size_t len, int exists, void *sum)
{
	(void)offset;
	*(uint64_t *)sum += exists ? len : 0;
	return 0;
}

static void a_copy_is_the_same_and_its_own(void **state)
{
	struct box *box = *state;
	auto_free char *before = NULL, *after = NULL, *left = NULL;
	const struct ceph_pair pair = { "pxc.id", "source" };
	struct ceph_meta_change change = { .set = &pair, .nset = 1 };
	struct ceph_image seen;
	uint64_t used = 0;
	rbd_image_t rbd;

	make_source(box, "source");
	box_ok(box, box->ops->look(box->pool, "source", &box->arena, &seen, &box->err));
	box_ok(box, box->ops->meta(box->pool, seen.id, &change, &box->err));
	before = bytes_of(box, "source", NULL);
	box_ok(box, box->ops->snap_create(box->pool, "source", "s", &box->err));
	box_ok(box, copy(box, "source", NULL, "same"));
	after = bytes_of(box, "same", NULL);
	assert_memory_equal(before, after, SIZE);
	box_ok(box, box->ops->look(box->pool, "same", &box->arena, &seen, &box->err));
	assert_int_equal(seen.size_bytes, SIZE);
	assert_int_equal(seen.nsnaps, 0);
	assert_int_equal(seen.nmeta, 0);
	assert_null(seen.parent_id);
	assert_int_equal(rbd_open(box->io, "same", &rbd, NULL), 0);
	assert_int_equal(rbd_diff_iterate2(rbd, NULL, 0, SIZE, 1, 0, add_extent, &used), 0);
	assert_int_equal(rbd_close(rbd), 0);
	/* Ceph counts each object up to the last byte in it: of 0, 1, 4, 6 and 10. */
	assert_int_equal(used, 4 * MIB + 2 * MIB + 4096 + 8192 + 4 * MIB + 777);
	box_ok(box, box->ops->snap_remove(box->pool, "source", "s", &box->err));
	box_ok(box, box->ops->remove(box->pool, "source", &box->err));
	left = bytes_of(box, "same", NULL);
	assert_memory_equal(before, left, SIZE);
}

static void a_snapshot_and_a_clone_are_copied_as_they_look(void **state)
{
	struct box *box = *state;
	auto_free char *before = NULL, *cloned = NULL, *after = NULL, *flat = NULL;
	struct ceph_image seen;

	make_source(box, "base");
	before = bytes_of(box, "base", NULL);
	box_ok(box, box->ops->snap_create(box->pool, "base", "s", &box->err));
	put(box, "base", 0, 20 * MIB, 'x');
	box_ok(box, copy(box, "base", "s", "was"));
	after = bytes_of(box, "was", NULL);
	assert_memory_equal(before, after, SIZE);

	box_ok(box,
	       box->ops->clone(box->pool, "base", "s", box->pool, "clone", NULL, NULL, &box->err));
	put(box, "clone", 4 * MIB, 1000, 'y');
	put(box, "clone", 24 * MIB, 1000, 'z');
	cloned = bytes_of(box, "clone", NULL);
	box_ok(box, copy(box, "clone", NULL, "flat"));
	flat = bytes_of(box, "flat", NULL);
	assert_memory_equal(cloned, flat, SIZE);
	box_ok(box, box->ops->look(box->pool, "flat", &box->arena, &seen, &box->err));
	assert_null(seen.parent_id);
}

static void nothing_is_a_copy_of_nothing(void **state)
{
	struct box *box = *state;
	struct ceph_image seen;

	box_ok(box, box->ops->create(box->pool, "empty", 0, NULL, NULL, &box->err));
	box_ok(box, copy(box, "empty", NULL, "empty too"));
	box_ok(box, box->ops->look(box->pool, "empty too", &box->arena, &seen, &box->err));
	assert_int_equal(seen.size_bytes, 0);
}

static void what_is_missing_or_taken_is_said(void **state)
{
	struct box *box = *state;
	char data[100];

	(void)box_image(box, "one");
	(void)box_image(box, "two");
	box_fails(box, copy(box, "none", NULL, "three"), PXC_ENOTFOUND, "no image \"none\"");
	box_fails(box, copy(box, "one", "none", "three"), PXC_ENOTFOUND, "no snapshot \"none\"");
	box_fails(box, copy(box, "one", NULL, "two"), PXC_ECONFLICT, "it exists already");
	box_ok(box, box->ops->read(box->pool, "two", NULL, 0, data, sizeof(data), &box->err));
	assert_string_equal(data, "data of two");
	assert_false(box_has(box, "three"));
}

struct watched {
	uint64_t done, total;
	unsigned calls, limit;
};

static int watch(void *context, uint64_t done, uint64_t total)
{
	struct watched *w = context;

	w->calls++;
	w->done = done;
	w->total = total;
	return w->limit && w->calls >= w->limit;
}

static void a_copy_shows_its_progress_and_can_be_given_up(void **state)
{
	struct box *box = *state;
	struct watched w = { .limit = 0 };

	make_source(box, "watched");
	box_ok(box, box->ops->copy(box->pool, "watched", NULL, box->pool, "whole", NULL, NULL,
				   watch, &w, &box->err));
	/* Objects 0 and 1, 3 and 4 (zeros, but written), 6, and the last. */
	assert_int_equal(w.calls, 6);
	assert_int_equal(w.total, 6 * 4 * MIB);
	assert_int_equal(w.done, w.total);
	w = (struct watched){ .limit = 2 };
	box_fails(box,
		  box->ops->copy(box->pool, "watched", NULL, box->pool, "part", NULL, NULL, watch,
				 &w, &box->err),
		  PXC_EINVAL, "cancelled");
	assert_int_equal(w.calls, 2);
	assert_false(box_has(box, "part"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_the_same_and_its_own),
		cmocka_unit_test(a_snapshot_and_a_clone_are_copied_as_they_look),
		cmocka_unit_test(nothing_is_a_copy_of_nothing),
		cmocka_unit_test(what_is_missing_or_taken_is_said),
		cmocka_unit_test(a_copy_shows_its_progress_and_can_be_given_up),
	};

	return BOX_TESTS(tests);
}
