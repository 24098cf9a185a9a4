/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes in order into an RBD image: zeros are left out, several writes are in flight. */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ceph/import_parts.h"

#define FIRST_SIZE                                                                                 \
	((uint64_t)1 << 30) /* when it is not known how large it becomes; doubled as needed */
#define FIRST_WINDOW 4u
#define SMALL_PER_CHUNK 8u /* writes of parts of chunks are cheaper than those of whole ones */

struct writer {
	struct ceph_pool *pool;
	const struct ceph_import *job;
	rbd_image_t rbd;
	uint64_t at, size, written; /* next byte; of the image now; bytes sent */
	uint64_t total;             /* 0 = not known */
	uint32_t deadline_ms; /* of one request; the pool may be gone when a late write ends */
	unsigned depth;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	/* Under the lock: */
	unsigned writes;  /* in flight */
	uint64_t bytes;   /* in flight */
	unsigned window;  /* whole chunks that may be */
	int64_t moved_ms; /* when a write began or ended last */
	int rc;           /* of the first write that failed */
	bool is_closed;   /* by its owner: the last write in flight takes it away */
};

struct write {
	struct writer *w;
	struct chunk *chunk;
	size_t len;
	int64_t since_ms;
};

static int64_t now_ms(void)
{
	return pxc_system_clock.mono_ms(&pxc_system_clock);
}

static int failed(const struct writer *w, int rc, const char *what, struct pxc_err *err)
{
	return ceph_fail(err, w->pool, rc, "image %s/%s: %s", w->pool->name, w->job->image, what);
}

static int resize(struct writer *w, uint64_t size, struct pxc_err *err)
{
	if (import_resize(w->pool, w->job->image, w->rbd, size, err) < 0)
		return -1;
	w->size = size;
	return 0;
}

static uint64_t first_size(const struct writer *w)
{
	uint64_t max = import_max(w->job);

	if (w->total)
		return w->total;
	return FIRST_SIZE < max ? FIRST_SIZE : max;
}

int writer_open(struct ceph_pool *pool, const struct ceph_import *job, uint64_t size,
		struct writer **ret, struct pxc_err *err)
{
	struct writer *w;

	if (import_check_size(job, size, err) < 0)
		return -1;
	w = pxc_calloc(1, sizeof(*w));
	w->pool = pool;
	w->job = job;
	w->deadline_ms = pool->ceph->timeout_ms;
	w->total = size;
	w->depth = job->depth ? job->depth : IMPORT_DEPTH;
	w->window = w->depth < FIRST_WINDOW ? w->depth : FIRST_WINDOW;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->ended, NULL);
	w->size = first_size(w);
	if (ceph_open(pool, job->image, &w->rbd, err) < 0 ||
	    import_empty(pool, job->image, w->rbd, w->size, err) < 0) {
		writer_close(w);
		return -1;
	}
	*ret = w;
	return 0;
}

/*
 * As many writes as the cluster answers well within its deadline: a slow line is not to fail because much waits on it,
 * and one fails when a single write does not get through in time. Under the lock.
 */
static void adapt(struct writer *w, int64_t took_ms)
{
	if (took_ms > w->deadline_ms / 4 && w->window > 1)
		w->window--;
	else if (took_ms < w->deadline_ms / 8 && w->window < w->depth)
		w->window++;
}

static void release(struct writer *w)
{
	(void)pthread_mutex_destroy(&w->lock);
	(void)pthread_cond_destroy(&w->ended);
	free(w);
}

static void write_ended(rbd_completion_t completion, void *arg)
{
	struct write *one = arg;
	struct writer *w = one->w;
	ssize_t rc = rbd_aio_get_return_value(completion);
	bool is_last;

	rbd_aio_release(completion);
	chunk_put(one->chunk);
	(void)pthread_mutex_lock(&w->lock);
	if (rc < 0 && !w->rc)
		w->rc = (int)rc;
	w->writes--;
	w->bytes -= one->len;
	w->moved_ms = now_ms();
	adapt(w, w->moved_ms - one->since_ms);
	is_last = w->is_closed && w->writes == 0;
	(void)pthread_cond_signal(&w->ended);
	(void)pthread_mutex_unlock(&w->lock);
	free(one);
	if (is_last)
		release(w);
}

/*
 * A write whose time is up does not end while its bytes still lie in a connection, and that to a silent OSD keeps them for
 * ever. So when nothing moves for twice the deadline, nothing will: false. Under the lock.
 */
static bool wait_for_one(struct writer *w)
{
	int64_t ms = w->moved_ms + 2 * (int64_t)w->deadline_ms;
	struct timespec until = { ms / 1000, ms % 1000 * 1000000 };

	return pthread_cond_clockwait(&w->ended, &w->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
}

static bool has_room(const struct writer *w, size_t len)
{
	return w->writes == 0 || (w->bytes + len <= w->window * CHUNK_SIZE &&
				  w->writes < w->window * SMALL_PER_CHUNK);
}

/* Take room for a write; the first failure is everybody's. */
static int reserve(struct writer *w, size_t len, struct pxc_err *err)
{
	int rc;

	(void)pthread_mutex_lock(&w->lock);
	while (w->rc == 0 && !has_room(w, len)) {
		if (!wait_for_one(w) && w->rc == 0)
			w->rc = -ETIMEDOUT;
	}
	rc = w->rc;
	if (rc == 0) {
		w->writes++;
		w->bytes += len;
		w->moved_ms = now_ms();
	}
	(void)pthread_mutex_unlock(&w->lock);
	return rc < 0 ? failed(w, rc, "write", err) : 0;
}

static int wait_for_all(struct writer *w, struct pxc_err *err)
{
	int rc;

	(void)pthread_mutex_lock(&w->lock);
	while (w->writes && wait_for_one(w))
		continue;
	if (w->writes && w->rc == 0)
		w->rc = -ETIMEDOUT;
	rc = w->rc;
	(void)pthread_mutex_unlock(&w->lock);
	return rc < 0 ? failed(w, rc, "write", err) : 0;
}

static int submit(struct writer *w, struct chunk *chunk, size_t from, size_t len,
		  struct pxc_err *err)
{
	rbd_completion_t completion = NULL;
	struct write *one;
	int rc;

	if (reserve(w, len, err) < 0)
		return -1;
	one = pxc_calloc(1, sizeof(*one));
	*one = (struct write){ w, chunk, len, now_ms() };
	chunk_ref(chunk);
	rc = rbd_aio_create_completion(one, write_ended, &completion);
	if (rc < 0)
		pxc_oom();
	rc = rbd_aio_write2(w->rbd, w->at + from, len, (const char *)chunk->data + from, completion,
			    LIBRADOS_OP_FLAG_FADVISE_SEQUENTIAL | LIBRADOS_OP_FLAG_FADVISE_NOCACHE);
	if (rc < 0) { /* then nobody calls write_ended() */
		rbd_aio_release(completion);
		chunk_put(chunk);
		free(one);
		(void)pthread_mutex_lock(&w->lock);
		w->writes--;
		w->bytes -= len;
		(void)pthread_mutex_unlock(&w->lock);
		return failed(w, rc, "write", err);
	}
	w->written += len;
	return 0;
}

static int make_room(struct writer *w, uint64_t end, struct pxc_err *err)
{
	uint64_t size = w->size, max = import_max(w->job);

	if (import_check_size(w->job, end, err) < 0)
		return -1;
	while (size < end)
		size = size > max / 2 ? max : size * 2;
	return size > w->size ? resize(w, size, err) : 0;
}

static int send_data(struct writer *w, struct chunk *c, struct pxc_err *err)
{
	size_t at = 0, end = 0;

	while (!c->hole && zeros_skip(c->data, c->len, &at, &end)) {
		if (submit(w, c, at, end - at, err) < 0)
			return -1;
		at = end;
	}
	return 0;
}

int writer_add(struct writer *w, struct chunk *chunk, struct pxc_err *err)
{
	const struct ceph_import *job = w->job;
	int r = make_room(w, w->at + chunk->len, err);

	if (r == 0)
		r = send_data(w, chunk, err);
	w->at += chunk->len;
	chunk_put(chunk);
	if (r == 0 && job->progress && job->progress(job->progress_context, w->at, w->total))
		r = pxc_fail(err, PXC_EINVAL, "cancelled");
	return r;
}

int writer_finish(struct writer *w, struct ceph_imported *ret, struct pxc_err *err)
{
	uint64_t size = w->at > w->job->min_bytes ? w->at : w->job->min_bytes;
	int rc;

	size = (size + SECTOR - 1) / SECTOR * SECTOR;
	if (wait_for_all(w, err) < 0 || (size != w->size && resize(w, size, err) < 0))
		return -1;
	rc = rbd_flush(w->rbd);
	if (rc < 0)
		return failed(w, rc, "flush", err);
	ret->size_bytes = size;
	ret->written_bytes = w->written;
	return 0;
}

void writer_close(struct writer *w)
{
	struct pxc_err ignored;
	bool is_last;

	if (!w)
		return;
	(void)wait_for_all(w, &ignored);
	import_close(w->pool, w->rbd);
	(void)pthread_mutex_lock(&w->lock);
	w->is_closed = true;
	is_last = w->writes == 0;
	(void)pthread_mutex_unlock(&w->lock);
	if (is_last)
		release(w);
}
