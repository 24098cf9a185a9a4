/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * open.c where librbd is wrong: it goes on with an image that it has said is open, and that may have been closed by then. Freed
 * memory is no mutex in this program, and it has one processor only, so that it does not take luck to see that: it aborts.
 */
#include "lib/ceph/box.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>

#include "base/mem.h"

#define AT_ONCE 4
#define TIMES 40
#define FREED 0x5a /* pthread_mutex_lock() knows no mutex of a kind of such bytes */

/* The sanitizer's memory, and the C library's when there is none. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_free_fill_size=65536:free_fill_byte=90";
}

struct user {
	struct box *box;
	int (*use)(struct box *box, struct pxc_err *err);
	pthread_t thread;
	struct pxc_err err;
	int failed;
};

static void *use_often(void *arg)
{
	struct user *u = arg;

	for (int i = 0; i < TIMES && !u->failed; i++)
		u->failed = u->use(u->box, &u->err) < 0;
	return NULL;
}

static void by_all(struct box *box, int (*use)(struct box *, struct pxc_err *))
{
	struct user users[AT_ONCE];

	for (int i = 0; i < AT_ONCE; i++) {
		users[i] = (struct user){ .box = box, .use = use };
		assert_int_equal(pthread_create(&users[i].thread, NULL, use_often, &users[i]), 0);
	}
	for (int i = 0; i < AT_ONCE; i++)
		(void)pthread_join(users[i].thread, NULL);
	for (int i = 0; i < AT_ONCE; i++)
		if (users[i].failed)
			fail_msg("%s", users[i].err.msg);
}

static int look_at_origin(struct box *box, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *origin = NULL;

	return box->ops->origin(box->pool, "clone", &arena, &origin, err);
}

static int read_snapshot(struct box *box, struct pxc_err *err)
{
	char data[8];

	return box->ops->read(box->pool, "gold", "s", 0, data, sizeof(data), err);
}

static int make_images(void **state)
{
	struct box *box = *state;

	(void)box_image(box, "gold");
	box_ok(box, box->ops->snap_create(box->pool, "gold", "s", &box->err));
	box_ok(box,
	       box->ops->clone(box->pool, "gold", "s", box->pool, "clone", NULL, NULL, &box->err));
	return 0;
}

static int remove_images(void **state)
{
	struct box *box = *state;

	box_ok(box, box->ops->remove(box->pool, "clone", &box->err));
	box_ok(box, box->ops->snap_remove(box->pool, "gold", "s", &box->err));
	box_ok(box, box->ops->remove(box->pool, "gold", &box->err));
	return 0;
}

static void a_clone_is_closed_at_once(void **state)
{
	by_all(*state, look_at_origin);
}

static void a_snapshot_is_closed_at_once(void **state)
{
	by_all(*state, read_snapshot);
}

/* So a thread that wakes another one waits for it soon. */
static void run_on_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
}

#define with_images(test) cmocka_unit_test_setup_teardown(test, make_images, remove_images)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_images(a_clone_is_closed_at_once),
		with_images(a_snapshot_is_closed_at_once),
	};

	(void)mallopt(M_PERTURB, FREED);
	run_on_one_processor();
	return BOX_TESTS(tests);
}
