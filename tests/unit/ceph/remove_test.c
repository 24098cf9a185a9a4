/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remove.c and users.c: what is in the way is named, and nothing is touched. */
#include "lib/ceph/box.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

static int drop(struct box *box, const char *image)
{
	return box->ops->remove(box->pool, image, &box->err);
}

static void is_whole(struct box *box, const char *image)
{
	auto_free char *wanted = pxc_printf("data of %s", image);
	char data[100];

	assert_true(box_has(box, image));
	box_ok(box, box->ops->read(box->pool, image, NULL, 0, data, sizeof(data), &box->err));
	assert_string_equal(data, wanted);
}

static void an_image_is_removed_once(void **state)
{
	struct box *box = *state;

	(void)box_image(box, "gone");
	box_ok(box, drop(box, "gone"));
	assert_false(box_has(box, "gone"));
	box_fails(box, drop(box, "gone"), PXC_ENOTFOUND, "no image \"gone\"");
	box_fails(box, drop(box, "never"), PXC_ENOTFOUND, "no image \"never\"");
}

/* Each of two removers tries until the image is gone, by a connection of its own. */
struct remover {
	const struct ceph_ops *ops;
	struct ceph_pool *pool;
	const char *image;
	struct pxc_err err;
};

static void *remove_it(void *arg)
{
	struct remover *r = arg;

	do {
		r->err.kind = PXC_OK;
	} while (r->ops->remove(r->pool, r->image, &r->err) < 0 && r->err.kind == PXC_EBUSY);
	return NULL;
}

static void two_remove_it_at_once(void **state)
{
	struct box *box = *state;
	struct ceph_options options = { .conf = box->conf };
	struct ceph *other = NULL;
	struct ceph_pool *pool = NULL;

	box_ok(box, box->ops->connect(&options, &other, &box->err));
	box_ok(box, box->ops->pool_open(other, box->name, NULL, &pool, &box->err));
	for (int i = 0; i < 10; i++) {
		struct remover a = { box->ops, box->pool, "both", { .kind = PXC_OK } };
		struct remover b = { box->ops, pool, "both", { .kind = PXC_OK } };
		pthread_t thread;

		(void)box_image(box, "both");
		assert_int_equal(pthread_create(&thread, NULL, remove_it, &b), 0);
		(void)remove_it(&a);
		assert_int_equal(pthread_join(thread, NULL), 0);
		if ((a.err.kind != PXC_OK && a.err.kind != PXC_ENOTFOUND) ||
		    (b.err.kind != PXC_OK && b.err.kind != PXC_ENOTFOUND))
			fail_msg("%s / %s", a.err.msg, b.err.msg);
		/* Each may have thought that the other would end it: the next one does. */
		(void)drop(box, "both");
		assert_false(box_has(box, "both"));
	}
	box->ops->pool_close(pool);
	box->ops->disconnect(other);
}

static void nothing_stays_of_it(void **state)
{
	struct box *box = *state;
	rados_list_ctx_t list;
	const char *id = box_image(box, "clean"), *oid;

	box_ok(box, drop(box, "clean"));
	assert_int_equal(rados_nobjects_list_open(box->io, &list), 0);
	while (rados_nobjects_list_next(list, &oid, NULL, NULL) == 0)
		assert_null(strstr(oid, id));
	rados_nobjects_list_close(list);
}

static void who_has_it_open_is_named(void **state)
{
	struct box *box = *state;
	const char *const *users;
	double start = box_now();
	rbd_image_t rbd;

	(void)box_image(box, "open");
	assert_int_equal(rbd_open(box->io, "open", &rbd, NULL), 0);
	assert_int_equal(rbd_write(rbd, 0, 12, "data of open"), 12);
	box_ok(box, box->ops->watchers(box->pool, "open", &box->arena, &users, &box->err));
	assert_non_null(users[0]);
	assert_null(users[1]);
	box_fails(box, drop(box, "open"), PXC_EBUSY, "cannot be removed: it is open at 127.0.0.1");
	assert_non_null(strstr(box->err.msg, users[0]));
	assert_non_null(strstr(box->err.msg, "about 30 s"));
	assert_true(box_now() - start < 3);
	is_whole(box, "open");
	assert_int_equal(rbd_close(rbd), 0);
	box_ok(box, box->ops->watchers(box->pool, "open", &box->arena, &users, &box->err));
	assert_null(users[0]);
	box_ok(box, drop(box, "open"));
}

static void what_we_have_open_ourselves_is_in_use_too(void **state)
{
	struct box *box = *state;
	const char *const *users;
	struct ceph_hold *hold;

	(void)box_image(box, "ours");
	box_ok(box, box->ops->hold(box->pool, "ours", &hold, &box->err));
	box_ok(box, box->ops->watchers(box->pool, "ours", &box->arena, &users, &box->err));
	assert_null(users[0]);
	box_fails(box, drop(box, "ours"), PXC_EBUSY, "this very program");
	box->ops->release(hold);
	is_whole(box, "ours");
	box_ok(box, drop(box, "ours"));
}

/* argv: open CONF POOL IMAGE */
static int keep_open(char **argv)
{
	struct ceph_options options = { .conf = argv[2] };
	const struct ceph_ops *ops;
	struct ceph *ceph;
	struct ceph_pool *pool;
	struct ceph_hold *hold;
	struct pxc_err err;

	if (ceph_load(&ops, &err) < 0 || ops->connect(&options, &ceph, &err) < 0 ||
	    ops->pool_open(ceph, argv[3], NULL, &pool, &err) < 0 ||
	    ops->hold(pool, argv[4], &hold, &err) < 0)
		return 1;
	pause();
	return 0;
}

static void a_client_that_died_is_waited_out(void **state)
{
	struct box *box = *state;
	char self[] = "/proc/self/exe", verb[] = "open", image[] = "dead";
	char *argv[] = { self, verb, box->conf, box->name, image, NULL };
	const char *const *users = NULL;
	double start = box_now();
	pid_t pid;

	(void)box_image(box, "dead");
	assert_int_equal(posix_spawn(&pid, self, NULL, NULL, argv, environ), 0);
	while (!users || !users[0]) {
		assert_true(box_now() - start < 20);
		box_ok(box, box->ops->watchers(box->pool, image, &box->arena, &users, &box->err));
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	box_fails(box, drop(box, "dead"), PXC_EBUSY, "a client that has died counts as one");
	for (start = box_now(); drop(box, "dead") < 0; box_sleep_ms(200)) {
		assert_int_equal(box->err.kind, PXC_EBUSY);
		assert_true(box_now() - start < 40);
	}
	assert_false(box_has(box, "dead"));
}

static void snapshots_and_clones_are_named(void **state)
{
	struct box *box = *state;
	auto_free char *clone = pxc_printf("%s/child", box->name);
	auto_free char *trashed = pxc_printf("%s/trashed (trash)", box->name);
	const char *const *names;
	struct ceph_image seen;

	(void)box_image(box, "base");
	box_ok(box, box->ops->snap_create(box->pool, "base", "s1", &box->err));
	box_ok(box, box->ops->snap_create(box->pool, "base", "s2", &box->err));
	box_fails(box, drop(box, "base"), PXC_EBUSY, "it has snapshots (s1, s2)");
	box_ok(box,
	       box->ops->clone(box->pool, "base", "s1", box->pool, "child", NULL, NULL, &box->err));
	box_fails(box, drop(box, "base"), PXC_EBUSY, "it has snapshots (s1, s2) and clones: ");
	assert_non_null(strstr(box->err.msg, clone));
	box_ok(box, box->ops->snap_remove(box->pool, "base", "s1", &box->err));
	box_ok(box, box->ops->snap_remove(box->pool, "base", "s2", &box->err));
	box_fails(box, drop(box, "base"), PXC_EBUSY, "it has clones: ");
	assert_non_null(strstr(box->err.msg, clone));
	box_ok(box, box->ops->snap_create(box->pool, "base", "s3", &box->err));
	box_ok(box, box->ops->clone(box->pool, "base", "s3", box->pool, "trashed", NULL, NULL,
				    &box->err));
	assert_int_equal(rbd_trash_move(box->io, "trashed", 0), 0);
	box_ok(box, box->ops->children(box->pool, "base", &box->arena, &names, &box->err));
	for (unsigned i = 0; i < 2; i++)
		assert_non_null(names[i]);
	assert_true(strcmp(names[0], trashed) == 0 || strcmp(names[1], trashed) == 0);
	box_fails(box, drop(box, "base"), PXC_EBUSY, "it has snapshots (s3) and clones: ");
	is_whole(box, "base");

	box_ok(box, drop(box, "child")); /* with its last clone goes a snapshot in the trash */
	box_ok(box, box->ops->look(box->pool, "base", &box->arena, &seen, &box->err));
	assert_int_equal(seen.nsnaps, 1);
}

static void half_removed_images_are_removed(void **state)
{
	struct box *box = *state;
	auto_free char *first = pxc_printf("rbd_header.%s", box_image(box, "half-1"));
	auto_free char *second = pxc_printf("rbd_header.%s", box_image(box, "half-2"));

	(void)box_image(box, "half-3");
	assert_int_equal(rados_remove(box->io, first), 0);
	assert_int_equal(rados_remove(box->io, second), 0);
	assert_int_equal(rados_remove(box->io, "rbd_id.half-2"), 0);
	assert_int_equal(rados_remove(box->io, "rbd_id.half-3"), 0);
	box_fails(box, box->ops->grow(box->pool, "half-1", 9 << 20, &box->err), PXC_ENOTFOUND,
		  "a creation or removal of it was killed; remove it");
	for (char name[] = "half-1"; name[5] <= '3'; name[5]++) {
		assert_true(box_has(box, name));
		box_ok(box, drop(box, name));
		assert_false(box_has(box, name));
		box_fails(box, drop(box, name), PXC_ENOTFOUND, "no image");
		box_ok(box, box->ops->create(box->pool, name, 1 << 20, NULL, NULL, &box->err));
	}
}

/* What librbd does first when it removes a snapshot; killed there, it leaves a snapshot that has no clones. */
static void into_trash(struct box *box, const char *id, uint64_t snap)
{
	auto_free char *oid = pxc_printf("rbd_header.%s", id);
	uint64_t in = htole64(snap);
	rados_write_op_t op = rados_create_write_op();
	int result = 0;

	rados_write_op_exec(op, "rbd", "snapshot_trash_add", (const char *)&in, sizeof(in),
			    &result);
	assert_int_equal(rados_write_op_operate(op, box->io, oid, NULL, 0), 0);
	rados_release_write_op(op);
}

static void a_killed_removal_of_a_snapshot_is_finished(void **state)
{
	struct box *box = *state;
	const char *id = box_image(box, "half");
	struct ceph_image seen;

	box_ok(box, box->ops->snap_create(box->pool, "half", "a", &box->err));
	box_ok(box, box->ops->snap_create(box->pool, "half", "b", &box->err));
	box_ok(box, box->ops->look(box->pool, "half", &box->arena, &seen, &box->err));
	into_trash(box, id, seen.snaps[0].id);
	box_ok(box, box->ops->look(box->pool, "half", &box->arena, &seen, &box->err));
	assert_true(seen.snaps[0].in_trash);
	box_fails(box, drop(box, "half"), PXC_EBUSY, "it has snapshots (b)");
	box_ok(box, box->ops->snap_remove(box->pool, "half", "b", &box->err));
	box_ok(box, drop(box, "half"));
	assert_false(box_has(box, "half"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_removed_once),
		cmocka_unit_test(two_remove_it_at_once),
		cmocka_unit_test(nothing_stays_of_it),
		cmocka_unit_test(who_has_it_open_is_named),
		cmocka_unit_test(what_we_have_open_ourselves_is_in_use_too),
		cmocka_unit_test(a_client_that_died_is_waited_out),
		cmocka_unit_test(snapshots_and_clones_are_named),
		cmocka_unit_test(half_removed_images_are_removed),
		cmocka_unit_test(a_killed_removal_of_a_snapshot_is_finished),
	};

	return argc > 1 ? keep_open(argv) : BOX_TESTS(tests);
}
