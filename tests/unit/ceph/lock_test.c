/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock.c and holder.c: who has a lock, and when it ends. Run with arguments, this program is another holder. */
#include "lib/ceph/box.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "ceph/holder.h"

static struct ceph_lock *take(struct box *box, const char *name, unsigned lease_s)
{
	struct ceph_lock *lock = NULL;

	box_ok(box, box->ops->lock(box->pool, name, "alice", lease_s, 0, &lock, &box->err));
	assert_true(box->ops->lock_held(lock));
	return lock;
}

static int try_take(struct box *box, const char *name, uint32_t wait_ms)
{
	struct ceph_lock *lock = NULL;
	int rc = box->ops->lock(box->pool, name, "bob", 30, wait_ms, &lock, &box->err);

	if (rc == 0)
		box->ops->unlock(lock);
	return rc;
}

static bool object_exists(struct box *box, const char *oid)
{
	uint64_t size;
	time_t when;

	return rados_stat(box->io, oid, &size, &when) == 0;
}

/* A lock by librados itself, which says what we like. */
static void take_raw(struct box *box, const char *oid, const char *about, unsigned lease_s)
{
	struct timeval lease = { .tv_sec = lease_s };

	assert_int_equal(rados_lock_exclusive(box->io, oid, "pxc", "cookie", about, &lease, 0), 0);
}

static void one_at_a_time(void **state)
{
	struct box *box = *state;
	struct ceph_lock *lock = take(box, "one", 30), *other = take(box, "other", 30);
	auto_free char *process = pxc_printf("process %ld)", (long)getpid());

	box_fails(box, try_take(box, "one", 0), PXC_EBUSY, "\"one\" in pool");
	assert_non_null(strstr(box->err.msg, "is locked by alice (host "));
	assert_non_null(strstr(box->err.msg, process));
	assert_non_null(strstr(box->err.msg, "its lock ends within "));
	box->ops->unlock(lock);
	assert_false(object_exists(box, "pxc.lock.one"));
	assert_int_equal(try_take(box, "one", 0), 0);
	box->ops->unlock(other);
	box->ops->unlock(NULL);
}

static void *unlock_soon(void *arg)
{
	struct box *box = ((void **)arg)[0];

	box_sleep_ms(700);
	box->ops->unlock(((void **)arg)[1]);
	return NULL;
}

static void a_holder_is_waited_for(void **state)
{
	struct box *box = *state;
	void *args[] = { box, take(box, "wait", 30) };
	double start = box_now();
	pthread_t thread;

	box_fails(box, try_take(box, "wait", 300), PXC_EBUSY, "alice");
	assert_true(box_now() - start >= 0.3 && box_now() - start < 2);
	assert_int_equal(pthread_create(&thread, NULL, unlock_soon, args), 0);
	start = box_now();
	assert_int_equal(try_take(box, "wait", 20000), 0);
	assert_true(box_now() - start < 5);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_lease_is_renewed_as_long_as_its_holder_lives(void **state)
{
	struct box *box = *state;
	struct ceph_lock *lock = take(box, "renew", 2);

	box_fails(box, try_take(box, "renew", 5000), PXC_EBUSY, "alice");
	assert_true(box->ops->lock_held(lock));
	box->ops->unlock(lock);
}

static void a_lock_that_was_broken_is_not_held(void **state)
{
	struct box *box = *state;
	struct ceph_lock *lock = take(box, "broken", 3), *next;
	struct ceph_holder holder;
	double start = box_now();

	assert_int_equal(holder_read(&(struct ceph_pool){ .io = box->io }, "pxc.lock.broken", "pxc",
				     &holder),
			 0);
	assert_int_equal(
		rados_break_lock(box->io, "pxc.lock.broken", "pxc", holder.client, holder.cookie),
		0);
	next = take(box, "broken", 30);
	while (box->ops->lock_held(lock) && box_now() - start < 5)
		box_sleep_ms(50);
	assert_false(box->ops->lock_held(lock));
	assert_true(box_now() - start < 3);
	box->ops->unlock(lock);
	box_fails(box, try_take(box, "broken", 0), PXC_EBUSY, "alice");
	assert_true(box->ops->lock_held(next));
	box->ops->unlock(next);
}

/* --- other processes ------------------------------------------------------------------------------------ */

/* argv: hold CONF POOL NAME LEASE. Says "y" on stdout when it has the lock, and keeps it. */
static int hold(char **argv)
{
	struct ceph_options options = { .conf = argv[2] };
	const struct ceph_ops *ops;
	struct ceph *ceph;
	struct ceph_pool *pool;
	struct ceph_lock *lock;
	struct pxc_err err;

	if (ceph_load(&ops, &err) < 0 || ops->connect(&options, &ceph, &err) < 0 ||
	    ops->pool_open(ceph, argv[3], NULL, &pool, &err) < 0 ||
	    ops->lock(pool, argv[4], "carol", (unsigned)strtoul(argv[5], NULL, 10), 0, &lock,
		      &err) < 0)
		return 1;
	(void)!write(1, "y", 1);
	pause();
	return 0;
}

static pid_t start_holder(struct box *box, const char *name, const char *lease)
{
	char self[] = "/proc/self/exe", verb[] = "hold";
	auto_free char *name_copy = pxc_strdup(name), *lease_copy = pxc_strdup(lease);
	char *argv[] = { self, verb, box->conf, box->name, name_copy, lease_copy, NULL };
	posix_spawn_file_actions_t actions;
	int fds[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[1], 1), 0);
	assert_int_equal(posix_spawn(&pid, self, &actions, NULL, argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 1);
	(void)close(fds[0]);
	return pid;
}

static void the_lock_of_a_dead_process_of_this_host_is_broken_at_once(void **state)
{
	struct box *box = *state;
	pid_t pid = start_holder(box, "dead", "60");
	double start;

	box_fails(box, try_take(box, "dead", 0), PXC_EBUSY, "carol");
	assert_int_equal(kill(pid, SIGKILL), 0);
	for (start = box_now(); try_take(box, "dead", 0) < 0;) /* dead, but not buried */
		assert_true(box_now() - start < 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);

	pid = start_holder(box, "dead", "60");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	box_ok(box, try_take(box, "dead", 0));
}

static void the_lock_of_a_process_that_hangs_ends_with_its_lease(void **state)
{
	struct box *box = *state;
	pid_t pid = start_holder(box, "hangs", "2");
	double start = box_now();

	assert_int_equal(kill(pid, SIGSTOP), 0);
	box_fails(box, try_take(box, "hangs", 0), PXC_EBUSY, "carol");
	assert_int_equal(try_take(box, "hangs", 20000), 0);
	assert_true(box_now() - start > 1 && box_now() - start < 6);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* --- what stands in a lock ------------------------------------------------------------------------------ */

#define NO_PROCESS "4194305" /* above what Linux gives */

static char *replace(const char *text, const char *key, const char *value)
{
	auto_free char *begin = pxc_printf(" %s=", key);
	const char *at = strstr(text, begin);

	assert_non_null(at);
	at += strlen(begin);
	return pxc_printf("%.*s%s%s", (int)(at - text), text, value, at + strcspn(at, " "));
}

/* What stands in a lock of ours, with one word or two exchanged. */
static char *text_with(const char *key, const char *value, const char *key2, const char *value2)
{
	auto_free char *text = holder_text("dave");
	auto_free char *one = replace(text, key, value);

	return replace(one, key2, value2);
}

static bool is_dead(const char *key, const char *value, const char *key2, const char *value2)
{
	auto_free char *text = text_with(key, value, key2, value2);
	struct ceph_holder holder = { .until_s = 0 };

	(void)snprintf(holder.about, sizeof(holder.about), "%s", text);
	return holder_is_dead(&holder);
}

static void only_what_ran_here_can_be_seen_to_be_dead(void **state)
{
	(void)state;
	assert_false(is_dead("owner", "x", "host", "y"));
	assert_true(is_dead("owner", "x", "born", "1")); /* another process had this number */
	assert_true(is_dead("owner", "x", "pid", NO_PROCESS));
	assert_false(is_dead("pid", NO_PROCESS, "boot", "00000000-0000-0000-0000-000000000000"));
	assert_false(is_dead("pid", NO_PROCESS, "boot", ""));
	assert_false(is_dead("pid", NO_PROCESS, "ns", "pid:[1]"));
	assert_false(is_dead("born", "1", "pid", "0"));
	assert_false(is_dead("born", "1", "pid", "-1"));
	assert_false(is_dead("born", "1", "pid", "x"));
}

static void owners_may_have_any_name(void **state)
{
	auto_free char *text = holder_text("Eve = pid=1\nboot");
	auto_buf struct pxc_buf name = { .data = NULL };
	struct ceph_holder holder = { .until_s = 0 };

	(void)state;
	(void)snprintf(holder.about, sizeof(holder.about), "%s", text);
	holder_name(&holder, &name);
	assert_non_null(strstr(buf_str(&name), "Eve___pid_1_boot (host "));
	assert_false(holder_is_dead(&holder));
}

static void a_lock_of_a_recycled_process_id_is_broken(void **state)
{
	struct box *box = *state;
	auto_free char *about = text_with("born", "1", "host", "here");

	take_raw(box, "pxc.lock.recycled", about, 60);
	box_ok(box, try_take(box, "recycled", 0));
}

static void locks_of_others_are_left_alone_until_they_end(void **state)
{
	struct box *box = *state;
	auto_free char *about = text_with("boot", "elsewhere", "pid", NO_PROCESS);

	take_raw(box, "pxc.lock.elsewhere", about, 2);
	box_fails(box, try_take(box, "elsewhere", 0), PXC_EBUSY, "dave (host ");
	box_ok(box, try_take(box, "elsewhere", 10000));
	take_raw(box, "pxc.lock.by hand", "by hand", 0);
	box_fails(box, try_take(box, "by hand", 100), PXC_EBUSY, "client.");
	assert_non_null(strstr(box->err.msg, "(\"by hand\")"));
	assert_non_null(strstr(box->err.msg, "rados"));
	assert_int_equal(rados_unlock(box->io, "pxc.lock.by hand", "pxc", "cookie"), 0);
}

/* --- many ----------------------------------------------------------------------------------------------- */

#define RUNNERS 6
#define TURNS 8

static unsigned inside, most, done;

static void *enter(void *arg)
{
	struct box *box = arg;
	struct ceph_lock *lock;
	struct pxc_err err;

	for (unsigned i = 0; i < TURNS; i++) {
		if (box->ops->lock(box->pool, "room", "r", 30, 60000, &lock, &err) < 0) {
			print_error("%s\n", err.msg);
			return arg;
		}
		if (++inside > most)
			most = inside;
		done++;
		box_sleep_ms(5);
		inside--;
		box->ops->unlock(lock);
	}
	return NULL;
}

static void threads_are_holders_of_their_own(void **state)
{
	pthread_t threads[RUNNERS];
	void *failed;

	for (unsigned i = 0; i < RUNNERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, enter, *state), 0);
	for (unsigned i = 0; i < RUNNERS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(most, 1);
	assert_int_equal(done, RUNNERS * TURNS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(a_holder_is_waited_for),
		cmocka_unit_test(a_lease_is_renewed_as_long_as_its_holder_lives),
		cmocka_unit_test(a_lock_that_was_broken_is_not_held),
		cmocka_unit_test(the_lock_of_a_dead_process_of_this_host_is_broken_at_once),
		cmocka_unit_test(the_lock_of_a_process_that_hangs_ends_with_its_lease),
		cmocka_unit_test(only_what_ran_here_can_be_seen_to_be_dead),
		cmocka_unit_test(owners_may_have_any_name),
		cmocka_unit_test(a_lock_of_a_recycled_process_id_is_broken),
		cmocka_unit_test(locks_of_others_are_left_alone_until_they_end),
		cmocka_unit_test(threads_are_holders_of_their_own),
	};

	return argc > 1 ? hold(argv) : BOX_TESTS(tests);
}
