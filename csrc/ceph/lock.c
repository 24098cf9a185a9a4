/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ceph/codec.h"
#include "ceph/holder.h"

#define LOCK "pxc"
/* The object goes away with the lock, so that none are left to be swept up; by hand it would race with the next holder. */
#define EXCLUSIVE_EPHEMERAL 3
#define MUST_RENEW 2
#define AT_ONCE 8u /* times that we try without a pause because the holder is gone */
#define PAUSE_MIN_MS 50u
#define PAUSE_MAX_MS 1000u

struct ceph_lock {
	struct ceph_pool *pool;
	char *oid, *about;
	char cookie[33];
	unsigned lease_s;
	atomic_llong until_ms; /* by our monotonic clock; 0 = lost for good */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool is_ending;
};

static int64_t now_ms(void)
{
	return pxc_system_clock.mono_ms(&pxc_system_clock);
}

static void new_cookie(char text[static 33])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

/*
 * Ask for the lock, or for more time. As rados_lock_exclusive() does, for a kind of lock it does not offer; and in a
 * full pool too, where whoever wants to delete something needs it.
 */
static int request(const struct ceph_lock *lock, uint8_t flags)
{
	auto_buf struct pxc_buf content = { .data = NULL }, in = { .data = NULL };
	rados_write_op_t op = rados_create_write_op();
	int rc, result = 0;

	out_string(&content, LOCK);
	out_u8(&content, EXCLUSIVE_EPHEMERAL);
	out_string(&content, lock->cookie);
	out_string(&content, ""); /* tag: one for all */
	out_string(&content, lock->about);
	out_u32(&content, lock->lease_s);
	out_u32(&content, 0);
	out_u8(&content, flags);
	out_frame(&in, 1, &content);
	rados_write_op_exec(op, "lock", "lock", in.data, in.len, &result);
	rc = rados_write_op_operate(op, lock->pool->io, lock->oid, NULL,
				    LIBRADOS_OPERATION_FULL_FORCE);
	rados_release_write_op(op);
	return rc;
}

/* Counted from before the request, so that we never believe longer than the OSD. */
static int take(struct ceph_lock *lock, uint8_t flags)
{
	int64_t asked = now_ms();
	int rc = request(lock, flags);

	if (rc == 0)
		atomic_store(&lock->until_ms, asked + (int64_t)lock->lease_s * 1000);
	return rc;
}

bool ceph_lock_held(const struct ceph_lock *lock)
{
	return now_ms() < atomic_load(&lock->until_ms);
}

/* False: time to end. */
static bool pause_renewing(struct ceph_lock *lock, int64_t ms)
{
	struct timespec until;
	bool go_on;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&lock->mutex);
	while (!lock->is_ending &&
	       pthread_cond_timedwait(&lock->wake, &lock->mutex, &until) != ETIMEDOUT)
		;
	go_on = !lock->is_ending;
	(void)pthread_mutex_unlock(&lock->mutex);
	return go_on;
}

/* A request that fails is tried again as long as the lease lasts; a lock that is gone, or another's, is lost. */
static void *renew(void *arg)
{
	struct ceph_lock *lock = arg;
	int64_t third = (int64_t)lock->lease_s * 1000 / 3, pause = third;
	int rc;

	while (pause_renewing(lock, pause)) {
		if (!ceph_lock_held(lock))
			break;
		rc = take(lock, MUST_RENEW);
		if (rc == -ENOENT || rc == -EBUSY)
			break;
		pause = rc == 0 || third < PAUSE_MAX_MS ? third : PAUSE_MAX_MS;
	}
	(void)pthread_mutex_lock(&lock->mutex);
	if (!lock->is_ending)
		atomic_store(&lock->until_ms, 0);
	(void)pthread_mutex_unlock(&lock->mutex);
	return NULL;
}

static int held_by(const struct ceph_lock *lock, const char *name, const struct ceph_holder *holder,
		   struct pxc_err *err)
{
	const char *pool = lock->pool->name;
	auto_buf struct pxc_buf who = { .data = NULL };
	int64_t left = (int64_t)holder->until_s - (int64_t)time(NULL);

	holder_name(holder, &who);
	if (!holder->until_s) /* none of ours */
		return pxc_fail(err, PXC_EBUSY,
				"\"%s\" in pool %s is locked by %s, for ever: rados -p %s lock "
				"break %s " LOCK " %s %s ends it",
				name, pool, buf_str(&who), pool, lock->oid, holder->cookie,
				holder->client);
	return pxc_fail(
		err, PXC_EBUSY,
		"\"%s\" in pool %s is locked by %s: wait for it; if it is dead, its lock ends "
		"within %d s",
		name, pool, buf_str(&who), left < 1 ? 1 : (int)left);
}

/* Taken by another. 0: try again, it may be free now; -1: err says who has it. */
static int look_at_holder(struct ceph_lock *lock, const char *name, struct pxc_err *err)
{
	struct ceph_holder holder = { .until_s = 0 };
	int rc = holder_read(lock->pool, lock->oid, LOCK, &holder);

	if (rc == 0 && holder_is_dead(&holder)) {
		rc = rados_break_lock(lock->pool->io, lock->oid, LOCK, holder.client,
				      holder.cookie);
		return rc == 0 || rc == -ENOENT ? 0
						: ceph_fail(err, lock->pool, rc,
							    "lock \"%s\" of a dead process", name);
	}
	if (rc == 0)
		return held_by(lock, name, &holder, err);
	if (rc == -ENOENT)
		return 0;
	return ceph_fail(err, lock->pool, rc, "lock \"%s\"", name);
}

static int acquire(struct ceph_lock *lock, const char *name, uint32_t wait_ms, struct pxc_err *err)
{
	int64_t give_up = now_ms() + wait_ms;
	uint32_t pause = PAUSE_MIN_MS;
	unsigned chances = AT_ONCE;
	bool is_last = false;
	int rc;

	for (;;) {
		rc = take(lock, 0);
		if (rc == 0)
			return 0;
		if (rc != -EBUSY)
			return ceph_fail(err, lock->pool, rc, "lock \"%s\"", name);
		(void)pxc_fail(err, PXC_EBUSY, "\"%s\" in pool %s is locked", name,
			       lock->pool->name);
		if (look_at_holder(lock, name, err) == 0 && chances-- > 0)
			continue;
		if (err->kind != PXC_EBUSY || is_last)
			return -1;
		if (now_ms() + pause >= give_up) {
			is_last = true;
			pause = give_up > now_ms() ? (uint32_t)(give_up - now_ms()) : 0;
		}
		(void)nanosleep(&(struct timespec){ .tv_sec = pause / 1000,
						    .tv_nsec = pause % 1000 * 1000000L },
				NULL);
		pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
	}
}

static void destroy(struct ceph_lock *lock)
{
	(void)pthread_cond_destroy(&lock->wake);
	(void)pthread_mutex_destroy(&lock->mutex);
	free(lock->oid);
	free(lock->about);
	free(lock);
}

static struct ceph_lock *create(struct ceph_pool *pool, const char *name, const char *owner,
				unsigned lease_s)
{
	struct ceph_lock *lock = pxc_calloc(1, sizeof(*lock));
	pthread_condattr_t attr;

	lock->pool = pool;
	lock->oid = pxc_printf("pxc.lock.%s", name);
	lock->about = holder_text(owner);
	lock->lease_s = lease_s ? lease_s : 1;
	new_cookie(lock->cookie);
	(void)pthread_mutex_init(&lock->mutex, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&lock->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	return lock;
}

int ceph_lock(struct ceph_pool *pool, const char *name, const char *owner, unsigned lease_s,
	      uint32_t wait_ms, struct ceph_lock **ret, struct pxc_err *err)
{
	struct ceph_lock *lock = create(pool, name, owner, lease_s);

	if (acquire(lock, name, wait_ms, err) < 0) {
		destroy(lock);
		return -1;
	}
	if (pthread_create(&lock->thread, NULL, renew, lock) != 0)
		pxc_oom();
	*ret = lock;
	return 0;
}

/* Only our own: the cookie says so. What fails here ends by itself. */
void ceph_unlock(struct ceph_lock *lock)
{
	if (!lock)
		return;
	(void)pthread_mutex_lock(&lock->mutex);
	lock->is_ending = true;
	(void)pthread_cond_signal(&lock->wake);
	(void)pthread_mutex_unlock(&lock->mutex);
	(void)pthread_join(lock->thread, NULL);
	(void)rados_unlock(lock->pool->io, lock->oid, LOCK, lock->cookie);
	destroy(lock);
}
