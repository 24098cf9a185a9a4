/* SPDX-License-Identifier: GPL-3.0-or-later */
/* copy_whole.c */
#include "lib/ceph/box.h"

#include <string.h>

#include "base/mem.h"

#define MIB ((uint64_t)1 << 20)

static void put(struct box *box, const char *image, uint64_t offset, char byte)
{
	auto_free char *data = pxc_alloc(5 * MIB);

	memset(data, byte, 5 * MIB);
	box_ok(box, box->ops->write(box->pool, image, offset, data, 5 * MIB, &box->err));
}

static void same(struct box *box, const char *a, const char *b, const char *snap, uint64_t size)
{
	auto_free char *x = pxc_alloc(size), *y = pxc_alloc(size);

	box_ok(box, box->ops->read(box->pool, a, snap, 0, x, size, &box->err));
	box_ok(box, box->ops->read(box->pool, b, snap, 0, y, size, &box->err));
	assert_memory_equal(x, y, size);
}

/* A clone that was written to, kept, grown, written to again, kept, and made small again by a rollback. */
static void make_past(struct box *box)
{
	const struct ceph_pair pair = { "pxc.id", "rbd.1.abc" };
	struct ceph_meta_change change = { .set = &pair, .nset = 1 };
	struct ceph_image seen;

	(void)box_image(box, "base");
	put(box, "base", 1 * MIB, 'a');
	box_ok(box, box->ops->snap_create(box->pool, "base", "s", &box->err));
	box_ok(box,
	       box->ops->clone(box->pool, "base", "s", box->pool, "old", NULL, NULL, &box->err));
	put(box, "old", 2 * MIB, 'b');
	box_ok(box, box->ops->snap_create(box->pool, "old", "small", &box->err));
	box_ok(box, box->ops->grow(box->pool, "old", 24 * MIB, &box->err));
	put(box, "old", 17 * MIB, 'c');
	box_ok(box, box->ops->snap_create(box->pool, "old", "large", &box->err));
	box_ok(box, box->ops->snap_rollback(box->pool, "old", "small", &box->err));
	put(box, "old", 3 * MIB, 'd');
	box_ok(box, box->ops->look(box->pool, "old", &box->arena, &seen, &box->err));
	box_ok(box, box->ops->meta(box->pool, seen.id, &change, &box->err));
}

static void an_image_is_copied_with_its_past(void **state)
{
	struct box *box = *state;
	struct ceph_image seen;
	const char *id = NULL;

	make_past(box);
	box_ok(box, box->ops->copy_whole(box->pool, "old", box->pool, "new", &box->arena, &id,
					 &box->err));
	box_ok(box, box->ops->look(box->pool, "new", &box->arena, &seen, &box->err));
	assert_string_equal(seen.id, id);
	assert_int_equal(seen.size_bytes, 8 * MIB);
	assert_null(seen.parent_id);
	assert_int_equal(seen.nmeta, 1);
	assert_int_equal(seen.nsnaps, 2);
	assert_string_equal(seen.snaps[0].name, "small");
	assert_string_equal(seen.snaps[1].name, "large");
	assert_int_equal(seen.snaps[1].size_bytes, 24 * MIB);
	same(box, "old", "new", NULL, 8 * MIB);
	same(box, "old", "new", "small", 8 * MIB);
	same(box, "old", "new", "large", 24 * MIB);
	/* It needs neither the old one nor what that was cloned from. */
	box_ok(box, box->ops->remove_whole(box->pool, "old", &box->err));
	box_ok(box, box->ops->remove_whole(box->pool, "base", &box->err));
	box_ok(box, box->ops->snap_rollback(box->pool, "new", "large", &box->err));
	box_ok(box, box->ops->remove_whole(box->pool, "new", &box->err));
	assert_false(box_has(box, "new"));
}

static void what_is_missing_or_taken_is_said(void **state)
{
	struct box *box = *state;
	char data[100];

	(void)box_image(box, "one");
	(void)box_image(box, "two");
	box_ok(box, box->ops->snap_create(box->pool, "two", "s", &box->err));
	box_fails(
		box,
		box->ops->copy_whole(box->pool, "none", box->pool, "three", NULL, NULL, &box->err),
		PXC_ENOTFOUND, "no image \"none\"");
	box_fails(box,
		  box->ops->copy_whole(box->pool, "one", box->pool, "two", NULL, NULL, &box->err),
		  PXC_ECONFLICT, "it exists already");
	box_ok(box, box->ops->read(box->pool, "two", "s", 0, data, sizeof(data), &box->err));
	assert_string_equal(data, "data of two");
	assert_false(box_has(box, "three"));
	box_fails(box, box->ops->remove_whole(box->pool, "none", &box->err), PXC_ENOTFOUND,
		  "no image \"none\"");
}

static void one_with_clones_is_not_removed(void **state)
{
	struct box *box = *state;
	struct ceph_image seen;

	(void)box_image(box, "parent");
	box_ok(box, box->ops->snap_create(box->pool, "parent", "s", &box->err));
	box_ok(box, box->ops->clone(box->pool, "parent", "s", box->pool, "child", NULL, NULL,
				    &box->err));
	box_fails(box, box->ops->remove_whole(box->pool, "parent", &box->err), PXC_EBUSY, "child");
	box_ok(box, box->ops->look(box->pool, "parent", &box->arena, &seen, &box->err));
	box_ok(box, box->ops->remove_whole(box->pool, "child", &box->err));
	box_ok(box, box->ops->remove_whole(box->pool, "parent", &box->err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_copied_with_its_past),
		cmocka_unit_test(what_is_missing_or_taken_is_said),
		cmocka_unit_test(one_with_clones_is_not_removed),
	};

	return BOX_TESTS(tests);
}
