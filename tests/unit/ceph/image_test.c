/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What image.c does. */
#include "lib/ceph/box.h"

#include <rbd/features.h>
#include <string.h>

#include "base/mem.h"

#define MIB ((uint64_t)1 << 20)

static void a_new_image_has_the_features_that_disks_need(void **state)
{
	struct box *box = *state;
	uint64_t features = 0, size = 0;
	char id[64];
	rbd_image_info_t info;
	const char *ours = NULL;
	rbd_image_t rbd;

	box_ok(box,
	       box->ops->create(box->pool, "new", 10 * MIB + 1, &box->arena, &ours, &box->err));
	assert_int_equal(rbd_open(box->io, "new", &rbd, NULL), 0);
	assert_int_equal(rbd_get_features(rbd, &features), 0);
	assert_int_equal(features, RBD_FEATURE_LAYERING | RBD_FEATURE_EXCLUSIVE_LOCK |
					   RBD_FEATURE_OBJECT_MAP | RBD_FEATURE_FAST_DIFF |
					   RBD_FEATURE_DEEP_FLATTEN);
	assert_int_equal(rbd_stat(rbd, &info, sizeof(info)), 0);
	assert_int_equal(info.order, 22);
	assert_int_equal(rbd_get_size(rbd, &size), 0);
	assert_int_equal(size, 10 * MIB + 1);
	assert_int_equal(rbd_get_id(rbd, id, sizeof(id)), 0);
	assert_string_equal(id, ours);
	assert_int_equal(rbd_close(rbd), 0);
}

static void a_name_is_used_once(void **state)
{
	struct box *box = *state;

	box_ok(box, box->ops->create(box->pool, "once", 0, NULL, NULL, &box->err));
	box_fails(box, box->ops->create(box->pool, "once", 0, NULL, NULL, &box->err), PXC_ECONFLICT,
		  "it exists already");
}

static void names_that_ceph_or_qemu_do_not_take_are_refused(void **state)
{
	struct box *box = *state;
	char longest[97];

	memset(longest, 'x', 96);
	longest[96] = '\0';
	box_fails(box, box->ops->create(box->pool, longest, MIB, NULL, NULL, &box->err), PXC_EINVAL,
		  "1 to 95 bytes");
	box_fails(box, box->ops->create(box->pool, "", MIB, NULL, NULL, &box->err), PXC_EINVAL,
		  "cannot be an image's name");
	box_fails(box, box->ops->create(box->pool, "a/b", MIB, NULL, NULL, &box->err), PXC_EINVAL,
		  "without / and @");
	box_fails(box, box->ops->create(box->pool, "a@b", MIB, NULL, NULL, &box->err), PXC_EINVAL,
		  "without / and @");
	longest[95] = '\0';
	box_ok(box, box->ops->create(box->pool, longest, MIB, NULL, NULL, &box->err));
	assert_true(box_has(box, longest));
}

static void images_grow_and_never_shrink(void **state)
{
	struct box *box = *state;
	struct ceph_image image;

	box_ok(box, box->ops->create(box->pool, "grows", 4 * MIB, NULL, NULL, &box->err));
	box_ok(box, box->ops->grow(box->pool, "grows", 9 * MIB, &box->err));
	box_ok(box, box->ops->grow(box->pool, "grows", 9 * MIB, &box->err));
	box_fails(box, box->ops->grow(box->pool, "grows", 9 * MIB - 1, &box->err), PXC_EINVAL,
		  "would cut off data");
	box_ok(box, box->ops->look(box->pool, "grows", &box->arena, &image, &box->err));
	assert_int_equal(image.size_bytes, 9 * MIB);
	box_fails(box, box->ops->grow(box->pool, "missing", MIB, &box->err), PXC_ENOTFOUND,
		  "has no image \"missing\"");
}

static void what_is_written_is_read(void **state)
{
	struct box *box = *state;
	auto_free char *data = pxc_alloc(150 * MIB), *back = pxc_calloc(1, 150 * MIB);

	for (size_t i = 0; i < 150 * MIB / sizeof(size_t); i++)
		((size_t *)(void *)data)[i] = i * 2654435761u;
	box_ok(box, box->ops->create(box->pool, "data", 151 * MIB, NULL, NULL, &box->err));
	box_ok(box, box->ops->write(box->pool, "data", 12345, data, 150 * MIB, &box->err));
	box_ok(box, box->ops->read(box->pool, "data", NULL, 12345, back, 150 * MIB, &box->err));
	assert_memory_equal(data, back, 150 * MIB);
	box_ok(box, box->ops->read(box->pool, "data", NULL, 0, back, 12345, &box->err));
	for (size_t i = 0; i < 12345; i++)
		assert_int_equal(back[i], 0);
}

static void nothing_is_cut_off_at_the_end(void **state)
{
	struct box *box = *state;
	char back[8];

	box_ok(box, box->ops->create(box->pool, "end", MIB, NULL, NULL, &box->err));
	box_fails(box, box->ops->write(box->pool, "end", MIB - 4, "12345", 5, &box->err),
		  PXC_EINVAL, "ends at byte 1048576");
	box_fails(box, box->ops->write(box->pool, "end", UINT64_MAX, "12345", 5, &box->err),
		  PXC_EINVAL, "ends at byte 1048576");
	box_fails(box, box->ops->read(box->pool, "end", NULL, MIB - 4, back, 5, &box->err),
		  PXC_EINVAL, "ends at byte 1048576");
	box_ok(box, box->ops->write(box->pool, "end", MIB - 5, "12345", 5, &box->err));
	box_ok(box, box->ops->read(box->pool, "end", NULL, MIB - 5, back, 5, &box->err));
	assert_memory_equal(back, "12345", 5);
}

static void a_snapshot_is_read_as_it_was(void **state)
{
	struct box *box = *state;
	char back[6] = "";

	box_ok(box, box->ops->create(box->pool, "past", MIB, NULL, NULL, &box->err));
	box_ok(box, box->ops->write(box->pool, "past", 0, "then", 5, &box->err));
	box_ok(box, box->ops->snap_create(box->pool, "past", "s", &box->err));
	box_ok(box, box->ops->write(box->pool, "past", 0, "now!", 5, &box->err));
	box_ok(box, box->ops->read(box->pool, "past", "s", 0, back, 5, &box->err));
	assert_string_equal(back, "then");
	box_ok(box, box->ops->read(box->pool, "past", NULL, 0, back, 5, &box->err));
	assert_string_equal(back, "now!");
	box_fails(box, box->ops->read(box->pool, "past", "t", 0, back, 5, &box->err), PXC_ENOTFOUND,
		  "has no snapshot \"t\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_image_has_the_features_that_disks_need),
		cmocka_unit_test(a_name_is_used_once),
		cmocka_unit_test(names_that_ceph_or_qemu_do_not_take_are_refused),
		cmocka_unit_test(images_grow_and_never_shrink),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(nothing_is_cut_off_at_the_end),
		cmocka_unit_test(a_snapshot_is_read_as_it_was),
	};

	return BOX_TESTS(tests);
}
