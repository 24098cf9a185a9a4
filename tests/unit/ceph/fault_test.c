/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A cluster that is full, or does not answer: every function ends in time, says why, and leaves nothing half made. */
#include "lib/ceph/box.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define MIB ((uint64_t)1 << 20)
#define TIMEOUT_MS 1000u
#define NO_ANSWER "Ceph did not answer within 1 s (pool test-"

/* What all tests use: made while all is well. */
static const char *disk_id;
static struct ceph *impatient;
static struct ceph_pool *pool;

static int set_up(void **state)
{
	struct ceph_options options = { .timeout_ms = TIMEOUT_MS };
	struct box *box;

	if (box_setup_own(state) != 0)
		return -1;
	box = *state;
	options.conf = box->conf;
	box_ok(box, box->ops->connect(&options, &impatient, &box->err));
	box_ok(box, box->ops->pool_open(impatient, box->name, NULL, &pool, &box->err));
	disk_id = box_image(box, "disk");
	(void)box_image(box, "base");
	box_ok(box, box->ops->snap_create(box->pool, "base", "s", &box->err));
	return 0;
}

static int tear_down(void **state)
{
	struct box *box = *state;

	box->ops->pool_close(pool);
	box->ops->disconnect(impatient);
	return box_teardown(state);
}

static void send_signal(struct box *box, const char *daemon, int number)
{
	auto_free char *path = pxc_printf("%s/run/%s.pid", box->dir, daemon);
	FILE *file = fopen(path, "re");
	int pid = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	(void)fclose(file);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, number), 0);
}

static void ask_monitor(struct box *box, const char *command)
{
	free(box_mon(box, command));
}

/* --- no answer ------------------------------------------------------------------------------------------ */

#define TRY(name, call)                                                                            \
	static int try_##name(const struct ceph_ops *ops, struct pxc_arena *arena,                 \
			      struct pxc_err *err)                                                 \
	{                                                                                          \
		struct results r = { .n = 0 };                                                     \
                                                                                                   \
		(void)arena;                                                                       \
		(void)r;                                                                           \
		return ops->call;                                                                  \
	}

struct results {
	const char *const *names;
	struct ceph_image *images, image;
	struct ceph_pair *pairs;
	struct ceph_lock *lock;
	char byte;
	uint64_t used, left;
	size_t n;
};

static const struct ceph_meta_change change = { .set = &(struct ceph_pair){ "a", "b" }, .nset = 1 };

TRY(list, list(pool, NULL, arena, &r.images, &r.n, err))
TRY(look, look(pool, "disk", arena, &r.image, err))
TRY(children, children(pool, "base", arena, &r.names, err))
TRY(watchers, watchers(pool, "base", arena, &r.names, err))
TRY(create, create(pool, "new-1", MIB, NULL, NULL, err))
TRY(clone, clone(pool, "base", "s", pool, "new-2", NULL, NULL, err))
TRY(copy, copy(pool, "base", NULL, pool, "new-3", NULL, NULL, NULL, NULL, err))
TRY(rename, rename(pool, "disk", "new-4", err))
TRY(grow, grow(pool, "disk", 9 * MIB, err))
TRY(flatten, flatten(pool, "disk", NULL, NULL, err))
TRY(write, write(pool, "disk", 0, "x", 1, err))
TRY(read, read(pool, "disk", NULL, 0, &r.byte, 1, err))
TRY(snap_create, snap_create(pool, "disk", "s", err))
TRY(snap_remove, snap_remove(pool, "base", "s", err))
TRY(snap_rollback, snap_rollback(pool, "base", "s", err))
TRY(meta, meta(pool, disk_id, &change, err))
TRY(lock, lock(pool, "other", "me", 2, 0, &r.lock, err))
TRY(state_list, state_list(pool, "o", "", arena, &r.pairs, &r.n, err))
TRY(state_swap, state_swap(pool, "o", "k", NULL, "v", arena, NULL, err))
TRY(remove, remove(pool, "disk", err))
TRY(space, pool_space(pool, &r.used, &r.left, err))

struct attempt {
	const char *name;
	int (*call)(const struct ceph_ops *ops, struct pxc_arena *arena, struct pxc_err *err);
	const struct ceph_ops *ops;
	struct pxc_err err;
	double seconds;
	int rc;
};

static void *attempt(void *arg)
{
	struct attempt *a = arg;
	struct pxc_arena arena = { .head = NULL };
	double start = box_now();

	a->rc = a->call(a->ops, &arena, &a->err);
	a->seconds = box_now() - start;
	arena_release(&arena);
	return NULL;
}

/* All at once: one connection serves many threads. */
static void all_end_in_time(struct box *box, struct attempt *attempts, size_t n)
{
	pthread_t threads[32];

	assert_true(n <= ARRAY_SIZE(threads));
	for (size_t i = 0; i < n; i++) {
		attempts[i].ops = box->ops;
		assert_int_equal(pthread_create(&threads[i], NULL, attempt, &attempts[i]), 0);
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < n; i++) {
		const struct attempt *a = &attempts[i];

		if (a->rc != -1 || a->err.kind != PXC_ETIMEOUT || !strstr(a->err.msg, NO_ANSWER) ||
		    a->seconds > 3 * TIMEOUT_MS / 1e3)
			fail_msg("%s: %d after %.1f s: %s", a->name, a->rc, a->seconds,
				 a->rc ? a->err.msg : "");
	}
}

#define ATTEMPT(name)                                                                              \
	{                                                                                          \
#name, try_##name, NULL, { .kind = PXC_OK }, 0, 0                                  \
	}

static void an_osd_that_hangs_is_given_up_in_time(void **state)
{
	struct attempt attempts[] = {
		ATTEMPT(list),        ATTEMPT(look),        ATTEMPT(children),
		ATTEMPT(watchers),    ATTEMPT(create),      ATTEMPT(clone),
		ATTEMPT(copy),        ATTEMPT(rename),      ATTEMPT(grow),
		ATTEMPT(flatten),     ATTEMPT(write),       ATTEMPT(read),
		ATTEMPT(snap_create), ATTEMPT(snap_remove), ATTEMPT(snap_rollback),
		ATTEMPT(meta),        ATTEMPT(lock),        ATTEMPT(state_list),
		ATTEMPT(state_swap),  ATTEMPT(remove),
	};
	struct box *box = *state;
	struct ceph_lock *held;
	char data[6] = "";
	double start;

	box_ok(box, box->ops->lock(pool, "held", "me", 2, 0, &held, &box->err));
	send_signal(box, "osd.0", SIGSTOP);
	all_end_in_time(box, attempts, ARRAY_SIZE(attempts));
	box_sleep_ms(2000);
	assert_false(box->ops->lock_held(held));
	start = box_now();
	box->ops->unlock(held);
	assert_true(box_now() - start < 3);
	send_signal(box, "osd.0", SIGCONT);
	/* What we stopped waiting for may be done all the same. */
	box_sleep_ms(500);
	box_ok(box, box->ops->read(box->pool, "base", NULL, 0, data, 5, &box->err));
	assert_string_equal(data, "data ");
}

static void a_monitor_that_hangs_is_needed_by_few(void **state)
{
	struct box *box = *state;
	struct attempt attempts[] = { ATTEMPT(space) };

	send_signal(box, "mon.a", SIGSTOP);
	all_end_in_time(box, attempts, 1);
	box_ok(box, box->ops->create(pool, "without", MIB, NULL, NULL, &box->err));
	box_ok(box, box->ops->rename(pool, "without", "still without", &box->err));
	box_ok(box, box->ops->remove(pool, "still without", &box->err));
	send_signal(box, "mon.a", SIGCONT);
}

/* --- no room -------------------------------------------------------------------------------------------- */

/* What makes something fails at once and leaves nothing; what looks, and what makes room, works. */
static void is_full(struct box *box, const char *words)
{
	const struct ceph_ops *ops = box->ops;
	auto_free char *data = pxc_alloc(16 * MIB);
	struct ceph_image *images;
	struct ceph_lock *lock;
	size_t n;

	memset(data, 'x', 16 * MIB);
	box_fails(box, ops->create(pool, "new", MIB, NULL, NULL, &box->err), PXC_EREMOTE, words);
	box_fails(box, ops->clone(pool, "base", "s", pool, "new", NULL, NULL, &box->err),
		  PXC_EREMOTE, words);
	box_fails(box,
		  ops->copy(pool, "base", NULL, pool, "new", NULL, NULL, NULL, NULL, &box->err),
		  PXC_EREMOTE, words);
	box_fails(box, ops->write(pool, "room", 64 * MIB, data, 16 * MIB, &box->err), PXC_EREMOTE,
		  words);
	box_fails(box, ops->rename(pool, "disk", "new", &box->err), PXC_EREMOTE, words);
	box_ok(box, ops->list(pool, NULL, &box->arena, &images, &n, &box->err));
	for (size_t i = 0; i < n; i++)
		assert_null(images[i].problem);
	assert_false(box_has(box, "new"));
	box_ok(box, ops->meta(pool, disk_id, &change, &box->err));
	box_ok(box, ops->lock(pool, "full", "me", 30, 0, &lock, &box->err));
	box_ok(box, ops->remove(pool, "room", &box->err));
	ops->unlock(lock);
}

/* Until a small write is refused: OSDs and monitor agree on being full only after a while. */
static void wait_until_full(struct box *box)
{
	double start = box_now();

	while (box->ops->create(pool, "probe", 0, NULL, NULL, &box->err) == 0) {
		box_ok(box, box->ops->remove(pool, "probe", &box->err));
		assert_true(box_now() - start < 60);
		box_sleep_ms(200);
	}
	assert_int_equal(box->err.kind, PXC_EREMOTE);
}

static void wait_until_there_is_room(struct box *box)
{
	double start = box_now();

	while (box->ops->create(pool, "probe", 0, NULL, NULL, &box->err) < 0) {
		assert_true(box_now() - start < 60);
		box_sleep_ms(200);
	}
	box_ok(box, box->ops->remove(pool, "probe", &box->err));
}

static void fill(struct box *box)
{
	auto_free char *data = pxc_alloc(64 * MIB);

	memset(data, 'x', 64 * MIB);
	box_ok(box, box->ops->create(pool, "room", 80 * MIB, NULL, NULL, &box->err));
	box_ok(box, box->ops->write(pool, "room", 0, data, 64 * MIB, &box->err));
}

static void a_pool_whose_quota_is_used_up(void **state)
{
	struct box *box = *state;
	auto_free char *set =
		pxc_printf("{\"prefix\":\"osd pool set-quota\",\"pool\":\"%s\",\"field\":"
			   "\"max_bytes\",\"val\":\"1000000\"}",
			   box->name);
	auto_free char *clear = pxc_printf("{\"prefix\":\"osd pool set-quota\",\"pool\":\"%s\","
					   "\"field\":\"max_bytes\",\"val\":\"0\"}",
					   box->name);

	fill(box);
	ask_monitor(box, set);
	wait_until_full(box);
	is_full(box, "is full: its quota is used up");
	ask_monitor(box, clear);
	wait_until_there_is_room(box);
}

static void set_ratio(struct box *box, const char *which, const char *ratio)
{
	auto_free char *command =
		pxc_printf("{\"prefix\":\"osd set-%s-ratio\",\"ratio\":%s}", which, ratio);

	ask_monitor(box, command);
}

static void osds_that_are_full(void **state)
{
	struct box *box = *state;

	fill(box);
	set_ratio(box, "nearfull", "0.001");
	set_ratio(box, "backfillfull", "0.002");
	set_ratio(box, "full", "0.003");
	wait_until_full(box);
	is_full(box, " is full");
	set_ratio(box, "full", "0.95");
	set_ratio(box, "backfillfull", "0.90");
	set_ratio(box, "nearfull", "0.85");
	wait_until_there_is_room(box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_osd_that_hangs_is_given_up_in_time),
		cmocka_unit_test(a_monitor_that_hangs_is_needed_by_few),
		cmocka_unit_test(a_pool_whose_quota_is_used_up),
		cmocka_unit_test(osds_that_are_full),
	};

	cmocka_set_test_filter(getenv("TEST_FILTER"));
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
