/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clone.c and snap.c. */
#include "lib/ceph/box.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define MIB ((uint64_t)1 << 20)

static int snap(struct box *box, const char *image, const char *name)
{
	return box->ops->snap_create(box->pool, image, name, &box->err);
}

static int clone_image(struct box *box, const char *parent, const char *snap_name, const char *name)
{
	return box->ops->clone(box->pool, parent, snap_name, box->pool, name, NULL, NULL,
			       &box->err);
}

static void reads(struct box *box, const char *image, const char *snap_name, const char *wanted)
{
	char data[100];

	box_ok(box, box->ops->read(box->pool, image, snap_name, 0, data, sizeof(data), &box->err));
	assert_string_equal(data, wanted);
}

static struct ceph_image look(struct box *box, const char *image)
{
	struct ceph_image seen;

	box_ok(box, box->ops->look(box->pool, image, &box->arena, &seen, &box->err));
	assert_null(seen.problem);
	return seen;
}

static void a_clone_shares_and_then_differs(void **state)
{
	struct box *box = *state;
	const struct ceph_pair pair = { "pxc.id", "of the parent" };
	struct ceph_meta_change change = { .set = &pair, .nset = 1 };
	const char *id = NULL;
	struct ceph_image seen;

	box_ok(box, box->ops->meta(box->pool, box_image(box, "golden"), &change, &box->err));
	box_ok(box, snap(box, "golden", "v1"));
	box_ok(box, box->ops->write(box->pool, "golden", 0, "changed", 8, &box->err));
	box_ok(box, box->ops->clone(box->pool, "golden", "v1", box->pool, "disk", &box->arena, &id,
				    &box->err));
	reads(box, "disk", NULL, "data of golden");
	box_ok(box, box->ops->write(box->pool, "disk", 0, "mine", 5, &box->err));
	reads(box, "disk", NULL, "mine");
	reads(box, "golden", "v1", "data of golden");
	seen = look(box, "disk");
	assert_string_equal(seen.id, id);
	assert_string_equal(seen.parent_id, look(box, "golden").id);
	assert_int_equal(seen.size_bytes, 8 * MIB);
	assert_int_equal(seen.nmeta, 1); /* as the header says: a copy of the parent's */
	assert_string_equal(seen.meta[0].value, "of the parent");
	assert_false(look(box, "golden").snaps[0].is_protected);
}

static void what_is_missing_or_taken_is_said(void **state)
{
	struct box *box = *state;

	(void)box_image(box, "p");
	box_ok(box, snap(box, "p", "s"));
	box_fails(box, clone_image(box, "q", "s", "c"), PXC_ENOTFOUND, "no image \"q\"");
	box_fails(box, clone_image(box, "p", "t", "c"), PXC_ENOTFOUND, "/p has no snapshot \"t\"");
	assert_false(box_has(box, "c"));
	box_ok(box, clone_image(box, "p", "s", "c"));
	box_fails(box, clone_image(box, "p", "s", "c"), PXC_ECONFLICT, "it exists already");
	box_fails(box, clone_image(box, "p", "s", "p"), PXC_ECONFLICT, "it exists already");
	box_fails(box, clone_image(box, "p", "s", "a@b"), PXC_EINVAL, "without / and @");
	reads(box, "p", NULL, "data of p");
}

static int count(void *context, uint64_t done, uint64_t total)
{
	unsigned *calls = context;

	assert_true(total == 0 || done <= total);
	++*calls;
	return 0;
}

static int give_up(void *context, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	return ++*(unsigned *)context > 2;
}

static void flattening_cuts_a_clone_off(void **state)
{
	struct box *box = *state;
	unsigned calls = 0;

	box_ok(box, box->ops->create(box->pool, "big", 256 * MIB, NULL, NULL, &box->err));
	for (unsigned i = 0; i < 64; i++)
		box_ok(box, box->ops->write(box->pool, "big", i * 4 * MIB, "object", 7, &box->err));
	box_ok(box, snap(box, "big", "s"));
	box_ok(box, clone_image(box, "big", "s", "flat"));
	box_fails(box, box->ops->flatten(box->pool, "flat", give_up, &calls, &box->err), PXC_EINVAL,
		  "cancelled");
	assert_non_null(look(box, "flat").parent_id);
	calls = 0;
	box_ok(box, box->ops->flatten(box->pool, "flat", count, &calls, &box->err));
	assert_true(calls > 0);
	assert_null(look(box, "flat").parent_id);
	reads(box, "flat", NULL, "object");
	box_ok(box, box->ops->flatten(box->pool, "flat", NULL, NULL, &box->err));
	box_ok(box, box->ops->snap_remove(box->pool, "big", "s", &box->err));
	box_ok(box, box->ops->remove(box->pool, "big", &box->err));
	reads(box, "flat", NULL, "object");
	box_fails(box, box->ops->flatten(box->pool, "none", NULL, NULL, &box->err), PXC_ENOTFOUND,
		  "no image");
}

/* A VM has the disk open and writes: it is flattened, grown and snapshotted all the same, and nothing is lost. */
struct guest {
	rbd_image_t disk;
	volatile bool end;
	unsigned writes;
};

static void *run_guest(void *arg)
{
	struct guest *guest = arg;
	uint64_t n = 0;

	for (; !guest->end; n++) {
		if (rbd_write(guest->disk, MIB + n % 1024 * 8, sizeof(n), (const char *)&n) < 0)
			return arg;
		guest->writes++;
	}
	return NULL;
}

static void a_running_vm_keeps_running(void **state)
{
	struct box *box = *state;
	struct guest guest = { .end = false };
	pthread_t thread;
	void *failed;
	uint64_t last = 0;

	(void)box_image(box, "base");
	box_ok(box, snap(box, "base", "s"));
	box_ok(box, clone_image(box, "base", "s", "vm"));
	assert_int_equal(rbd_open(box->io, "vm", &guest.disk, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, run_guest, &guest), 0);
	box_sleep_ms(100);
	box_ok(box, box->ops->flatten(box->pool, "vm", NULL, NULL, &box->err));
	box_ok(box, box->ops->grow(box->pool, "vm", 32 * MIB, &box->err));
	box_ok(box, snap(box, "vm", "while it runs"));
	box_fails(box, box->ops->snap_rollback(box->pool, "vm", "while it runs", &box->err),
		  PXC_EBUSY, "stop the VM");
	box_ok(box, box->ops->snap_remove(box->pool, "vm", "while it runs", &box->err));
	guest.end = true;
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_true(guest.writes > 10);
	assert_int_equal(rbd_close(guest.disk), 0);
	reads(box, "vm", NULL, "data of base");
	box_ok(box, box->ops->read(box->pool, "vm", NULL, MIB + (guest.writes - 1) % 1024 * 8,
				   &last, sizeof(last), &box->err));
	assert_int_equal(last, guest.writes - 1);
	assert_int_equal(look(box, "vm").size_bytes, 32 * MIB);
}

static void snapshots_go_back_and_away(void **state)
{
	struct box *box = *state;

	(void)box_image(box, "back");
	box_ok(box, snap(box, "back", "s"));
	box_fails(box, snap(box, "back", "s"), PXC_ECONFLICT, "it exists already");
	box_fails(box, snap(box, "back", ""), PXC_EINVAL, "needs a name");
	box_fails(box, snap(box, "none", "s"), PXC_ENOTFOUND, "no image \"none\"");
	box_ok(box, box->ops->write(box->pool, "back", 0, "new", 4, &box->err));
	box_ok(box, box->ops->snap_rollback(box->pool, "back", "s", &box->err));
	reads(box, "back", NULL, "data of back");
	box_fails(box, box->ops->snap_rollback(box->pool, "back", "t", &box->err), PXC_ENOTFOUND,
		  "/back has no snapshot \"t\"");
	box_ok(box, box->ops->snap_remove(box->pool, "back", "s", &box->err));
	box_fails(box, box->ops->snap_remove(box->pool, "back", "s", &box->err), PXC_ENOTFOUND,
		  "/back has no snapshot \"s\"");
	assert_int_equal(look(box, "back").nsnaps, 0);
}

static void clones_outlive_the_snapshot_unless_of_format_1(void **state)
{
	struct box *box = *state;
	auto_free char *name = pxc_printf("%s/format-1", box->name);
	rbd_image_options_t options;

	(void)box_image(box, "outlived");
	box_ok(box, snap(box, "outlived", "s"));
	box_ok(box, clone_image(box, "outlived", "s", "format-2"));
	box_ok(box, box->ops->snap_remove(box->pool, "outlived", "s", &box->err));
	reads(box, "format-2", NULL, "data of outlived");
	assert_true(look(box, "outlived").snaps[0].in_trash);

	box_ok(box, snap(box, "outlived", "p"));
	box_ok(box, box->ops->snap_protect(box->pool, "outlived", "p", &box->err));
	rbd_image_options_create(&options);
	assert_int_equal(rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_CLONE_FORMAT, 1),
			 0);
	assert_int_equal(rbd_clone3(box->io, "outlived", "p", box->io, "format-1", options), 0);
	rbd_image_options_destroy(options);
	box_fails(box, box->ops->snap_remove(box->pool, "outlived", "p", &box->err), PXC_EBUSY,
		  "@p cannot be removed: it has the clones ");
	assert_non_null(strstr(box->err.msg, name));
	box_ok(box, box->ops->remove(box->pool, "format-1", &box->err));
	box_ok(box, box->ops->snap_remove(box->pool, "outlived", "p", &box->err));
	assert_int_equal(look(box, "outlived").nsnaps, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clone_shares_and_then_differs),
		cmocka_unit_test(what_is_missing_or_taken_is_said),
		cmocka_unit_test(flattening_cuts_a_clone_off),
		cmocka_unit_test(a_running_vm_keeps_running),
		cmocka_unit_test(snapshots_go_back_and_away),
		cmocka_unit_test(clones_outlive_the_snapshot_unless_of_format_1),
	};

	return BOX_TESTS(tests);
}
