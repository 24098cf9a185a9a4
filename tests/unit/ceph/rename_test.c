/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rename.c, and leftover.c: what operations that were killed midway leave of a name. */
#include "lib/ceph/box.h"

#include <errno.h>
#include <pthread.h>
#include <rbd/features.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/codec.h"
#include "ceph/parts.h"

#define MIB ((uint64_t)1 << 20)

static int rename_image(struct box *box, const char *from, const char *to)
{
	return box->ops->rename(box->pool, from, to, &box->err);
}

static int create(struct box *box, const char *name)
{
	return box->ops->create(box->pool, name, MIB, NULL, NULL, &box->err);
}

static void holds_data_of(struct box *box, const char *image, const char *original)
{
	auto_free char *wanted = pxc_printf("data of %s", original);
	char data[100];

	box_ok(box, box->ops->read(box->pool, image, NULL, 0, data, sizeof(data), &box->err));
	assert_string_equal(data, wanted);
}

static const char *id_of(struct box *box, const char *image)
{
	struct ceph_image seen;

	box_ok(box, box->ops->look(box->pool, image, &box->arena, &seen, &box->err));
	assert_null(seen.problem);
	return seen.id;
}

/* --- what a kill leaves --------------------------------------------------------------------------------- */

static void put_id(struct box *box, const char *name, const char *id)
{
	auto_free char *oid = pxc_printf("rbd_id.%s", name);
	auto_buf struct pxc_buf content = { .data = NULL };

	out_string(&content, id);
	assert_int_equal(rados_write_full(box->io, oid, content.data, content.len), 0);
}

static bool id_exists(struct box *box, const char *name)
{
	auto_free char *oid = pxc_printf("rbd_id.%s", name);
	uint64_t size;
	time_t when;

	return rados_stat(box->io, oid, &size, &when) == 0;
}

static void change_directory(struct box *box, const char *from, const char *to, const char *id)
{
	auto_buf struct pxc_buf in = { .data = NULL };

	out_string(&in, from);
	out_string(&in, to);
	out_string(&in, id);
	assert_true(rados_exec(box->io, "rbd_directory", "rbd", "dir_rename_image", in.data, in.len,
			       NULL, 0) >= 0);
}

/* --- renames -------------------------------------------------------------------------------------------- */

static void an_image_keeps_all_but_its_name(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "old");
	rbd_image_t rbd;
	char name[64];
	size_t len = sizeof(name);

	box_ok(box, rename_image(box, "old", "new"));
	assert_string_equal(id_of(box, "new"), id);
	holds_data_of(box, "new", "old");
	assert_false(id_exists(box, "old"));
	assert_false(box_has(box, "old"));
	assert_int_equal(rbd_open(box->io, "new", &rbd, NULL), 0);
	assert_int_equal(rbd_get_name(rbd, name, &len), 0);
	assert_string_equal(name, "new");
	assert_int_equal(rbd_close(rbd), 0);
	assert_int_equal(rbd_open(box->io, "old", &rbd, NULL), -ENOENT);
	assert_int_equal(rbd_rename(box->io, "new", "again"), 0);
	holds_data_of(box, "again", "old");
}

static void an_image_in_use_is_renamed_too(void **state)
{
	struct box *box = *state;
	rbd_image_t rbd;
	char data[8] = "";

	(void)box_image(box, "running");
	assert_int_equal(rbd_open(box->io, "running", &rbd, NULL), 0);
	assert_int_equal(rbd_write(rbd, 4096, 5, "early"), 5);
	box_ok(box, rename_image(box, "running", "still running"));
	assert_int_equal(rbd_write(rbd, 8192, 5, "later"), 5);
	box_ok(box, box->ops->grow(box->pool, "still running", 16 * MIB, &box->err));
	assert_int_equal(rbd_snap_create(rbd, "s"), 0);
	assert_int_equal(rbd_close(rbd), 0);
	box_ok(box, box->ops->read(box->pool, "still running", "s", 8192, data, 5, &box->err));
	assert_string_equal(data, "later");
}

static bool journal_holds(struct box *box, const char *id, const char *text)
{
	auto_free char *data = pxc_alloc(4 * MIB);
	rados_list_ctx_t list;
	const char *oid;
	bool found = false;
	int n;

	assert_int_equal(rados_nobjects_list_open(box->io, &list), 0);
	while (rados_nobjects_list_next(list, &oid, NULL, NULL) == 0) {
		if (strncmp(oid, "journal_data.", 13) != 0 || !strstr(oid, id))
			continue;
		n = rados_read(box->io, oid, data, 4 * MIB, 0);
		assert_true(n >= 0);
		found |= memmem(data, (size_t)n, text, strlen(text)) != NULL;
	}
	rados_nobjects_list_close(list);
	return found;
}

/* Its journal is to have it, for the other cluster. */
static void a_journalled_image_is_renamed_by_librbd(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "journal");
	rbd_image_t rbd;

	assert_int_equal(rbd_open(box->io, "journal", &rbd, NULL), 0);
	assert_int_equal(rbd_update_features(rbd, RBD_FEATURE_JOURNALING, true), 0);
	assert_int_equal(rbd_close(rbd), 0);
	box_ok(box, rename_image(box, "journal", "journalled"));
	assert_true(journal_holds(box, id, "journalled"));
	holds_data_of(box, "journalled", "journal");
	assert_false(id_exists(box, "journal"));
}

static void a_name_that_is_taken_or_wrong_is_refused(void **state)
{
	struct box *box = *state;

	(void)box_image(box, "one");
	(void)box_image(box, "two");
	box_fails(box, rename_image(box, "one", "two"), PXC_ECONFLICT, "the name is taken");
	box_fails(box, rename_image(box, "one", "one"), PXC_ECONFLICT, "the name is taken");
	box_fails(box, rename_image(box, "none", "three"), PXC_ENOTFOUND, "no image \"none\"");
	box_fails(box, rename_image(box, "one", "a/b"), PXC_EINVAL, "cannot be an image's name");
	box_fails(box, rename_image(box, "one", ""), PXC_EINVAL, "cannot be an image's name");
	holds_data_of(box, "one", "one");
	holds_data_of(box, "two", "two");
	assert_false(id_exists(box, "three"));
}

/* --- leftovers ------------------------------------------------------------------------------------------ */

static void a_rename_killed_after_its_first_write_is_done_again(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "first");

	put_id(box, "first-to", id);
	assert_int_equal(rbd_rename(box->io, "first", "first-to"), -EEXIST);
	box_ok(box, rename_image(box, "first", "first-to"));
	assert_string_equal(id_of(box, "first-to"), id);
	holds_data_of(box, "first-to", "first");
	assert_false(id_exists(box, "first"));
}

static void a_rename_killed_after_its_second_write_leaves_no_ghost(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "second");
	struct ceph_image seen;
	rbd_image_t rbd;

	put_id(box, "second-to", id);
	change_directory(box, "second", "second-to", id);
	assert_int_equal(rbd_open(box->io, "second", &rbd, NULL), 0); /* librbd sees the ghost */
	assert_int_equal(rbd_close(rbd), 0);

	assert_false(box_has(box, "second"));
	box_fails(box, box->ops->look(box->pool, "second", &box->arena, &seen, &box->err),
		  PXC_ENOTFOUND, "no image \"second\"");
	box_fails(box, box->ops->grow(box->pool, "second", 9 * MIB, &box->err), PXC_ENOTFOUND,
		  "no image \"second\"");
	box_fails(box, rename_image(box, "second", "third"), PXC_ENOTFOUND, "no image \"second\"");
	box_fails(box, box->ops->remove(box->pool, "second", &box->err), PXC_ENOTFOUND,
		  "no image \"second\"");
	holds_data_of(box, "second-to", "second");
	assert_false(id_exists(box, "second"));
}

static void new_images_take_names_that_are_left_over(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "parent");

	box_ok(box, box->ops->snap_create(box->pool, "parent", "s", &box->err));
	put_id(box, "a-create", id);
	put_id(box, "a-clone", id);
	put_id(box, "b-create", "11aabb22cc33"); /* of an image that is no more */
	assert_int_equal(rbd_create(box->io, "a-create", MIB, &(int){ 22 }), -EEXIST);
	box_ok(box, create(box, "a-create"));
	box_ok(box, create(box, "b-create"));
	box_ok(box, box->ops->clone(box->pool, "parent", "s", box->pool, "a-clone", NULL, NULL,
				    &box->err));
	holds_data_of(box, "a-clone", "parent");
	holds_data_of(box, "parent", "parent");
	assert_string_not_equal(id_of(box, "a-create"), id);
	assert_string_equal(id_of(box, "parent"), id);
}

static void what_is_not_understood_is_left_alone(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "lost");
	auto_free char *by_id = pxc_printf("id_%s", id);
	const char *keys[] = { "name_lost", by_id };
	rados_write_op_t op = rados_create_write_op();

	rados_write_op_omap_rm_keys(op, keys, 2);
	assert_int_equal(rados_write_op_operate(op, box->io, "rbd_directory", NULL, 0), 0);
	rados_release_write_op(op);
	box_fails(box, create(box, "lost"), PXC_ECONFLICT, "it exists already");
	assert_true(id_exists(box, "lost"));
	assert_int_equal(rados_write_full(box->io, "rbd_id.text", "text", 4), 0);
	box_fails(box, create(box, "text"), PXC_ECONFLICT, "it exists already");
	assert_true(id_exists(box, "text"));
}

static void an_object_that_changed_meanwhile_is_not_dropped(void **state)
{
	struct box *box = *state;
	struct ceph_pool raw = { .io = box->io };

	put_id(box, "changed", "abc");
	assert_int_equal(ceph_drop_object(&raw, "rbd_id.changed", "\3\0\0\0abd", 7), 0);
	assert_true(id_exists(box, "changed"));
	assert_int_equal(ceph_drop_object(&raw, "rbd_id.changed", "\3\0\0\0abc", 7), 0);
	assert_false(id_exists(box, "changed"));
	assert_int_equal(ceph_drop_object(&raw, "rbd_id.changed", "\3\0\0\0abc", 7), 0);
}

static void *rename_slowly(void *arg)
{
	void **args = arg;

	box_sleep_ms(700);
	change_directory(args[0], "slow", "slow-to", args[1]);
	return NULL;
}

/* The same state as that of a kill, only that somebody is at work still. */
static void a_rename_in_its_midst_is_not_a_leftover(void **state)
{
	struct box *box = *state;
	auto_free char *id = pxc_strdup(box_image(box, "slow"));
	void *args[] = { box, id };
	pthread_t thread;

	put_id(box, "slow-to", id);
	assert_int_equal(pthread_create(&thread, NULL, rename_slowly, args), 0);
	box_fails(box, create(box, "slow-to"), PXC_ECONFLICT, "it exists already");
	assert_int_equal(pthread_join(thread, NULL), 0);
	holds_data_of(box, "slow-to", "slow");
	assert_true(id_exists(box, "slow-to"));
}

#define RUNNERS 6

struct race {
	struct box *box;
	unsigned number, won, failed;
};

static void *race_for_names(void *arg)
{
	struct race *race = arg;
	struct pxc_err err;

	for (unsigned i = 0; i < 10; i++) {
		auto_free char *mine = pxc_printf("runner-%u-%u", race->number, i);
		auto_free char *goal = pxc_printf("goal-%u", i);

		if (race->box->ops->create(race->box->pool, mine, MIB, NULL, NULL, &err) < 0)
			race->failed++;
		else if (race->box->ops->rename(race->box->pool, mine, goal, &err) == 0)
			race->won++;
		else if (err.kind != PXC_ECONFLICT)
			race->failed++;
	}
	return NULL;
}

static void one_of_many_gets_a_name(void **state)
{
	struct race races[RUNNERS];
	pthread_t threads[RUNNERS];
	unsigned won = 0;

	for (unsigned i = 0; i < RUNNERS; i++) {
		races[i] = (struct race){ .box = *state, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, race_for_names, &races[i]), 0);
	}
	for (unsigned i = 0; i < RUNNERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(races[i].failed, 0);
		won += races[i].won;
	}
	assert_int_equal(won, 10);
	for (unsigned i = 0; i < 10; i++) {
		auto_free char *goal = pxc_printf("goal-%u", i);

		(void)id_of(*state, goal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_keeps_all_but_its_name),
		cmocka_unit_test(an_image_in_use_is_renamed_too),
		cmocka_unit_test(a_journalled_image_is_renamed_by_librbd),
		cmocka_unit_test(a_name_that_is_taken_or_wrong_is_refused),
		cmocka_unit_test(a_rename_killed_after_its_first_write_is_done_again),
		cmocka_unit_test(a_rename_killed_after_its_second_write_leaves_no_ghost),
		cmocka_unit_test(new_images_take_names_that_are_left_over),
		cmocka_unit_test(what_is_not_understood_is_left_alone),
		cmocka_unit_test(an_object_that_changed_meanwhile_is_not_dropped),
		cmocka_unit_test(a_rename_in_its_midst_is_not_a_leftover),
		cmocka_unit_test(one_of_many_gets_a_name),
	};

	return BOX_TESTS(tests);
}
