/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Closing an image tells its other watchers, and librbd knows no deadline for that: when the OSD that should pass it on is
 * dead, it waits for ever. What does not close in time is left as it is, and its connection with it. Threads of librbd go
 * on then, under which nothing may be torn down, so that the program has to end without its destructors.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

struct closing {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_closed, is_abandoned;
};

static void closing_free(struct closing *c)
{
	(void)pthread_mutex_destroy(&c->lock);
	(void)pthread_cond_destroy(&c->changed);
	free(c);
}

static void on_closed(rbd_completion_t completion, void *arg)
{
	struct closing *c = arg;
	bool is_abandoned;

	rbd_aio_release(completion);
	(void)pthread_mutex_lock(&c->lock);
	c->is_closed = true;
	is_abandoned = c->is_abandoned;
	(void)pthread_cond_signal(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
	if (is_abandoned)
		closing_free(c);
}

/* false: the time was up before. */
static bool wait_for(struct closing *c, uint32_t ms)
{
	struct timespec until;
	bool is_closed;
	int rc = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000 + 1;
	(void)pthread_mutex_lock(&c->lock);
	while (!c->is_closed && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&c->changed, &c->lock, &until);
	is_closed = c->is_closed;
	c->is_abandoned = !is_closed;
	(void)pthread_mutex_unlock(&c->lock);
	return is_closed;
}

/* Registered last, it is called first. */
static void leave(int status, void *arg)
{
	(void)arg;
	(void)fflush(NULL);
	_exit(status);
}

static void wedge(struct ceph *ceph)
{
	static atomic_flag once = ATOMIC_FLAG_INIT;

	atomic_store(&ceph->is_wedged, true);
	if (!atomic_flag_test_and_set(&once))
		(void)on_exit(leave, NULL);
}

void import_close(struct ceph_pool *pool, rbd_image_t rbd)
{
	struct closing *c;
	rbd_completion_t completion;

	if (!rbd)
		return;
	c = pxc_calloc(1, sizeof(*c));
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->changed, NULL);
	if (rbd_aio_create_completion(c, on_closed, &completion) < 0)
		pxc_oom();
	if (rbd_aio_close(rbd, completion) <
	    0) { /* it was closed before: a broken promise of ours */
		rbd_aio_release(completion);
		closing_free(c);
	} else if (wait_for(c, 2 * pool->ceph->timeout_ms)) {
		closing_free(c);
	} else {
		wedge(pool->ceph);
	}
}
