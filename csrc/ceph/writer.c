/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes in order into an RBD image: zeros are left out, several writes are in flight. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

#define DEPTH 16u
#define GRAIN ((size_t)64 << 10) /* zeros are looked for in pieces of this size */
#define SECTOR 512u
#define MAX_BYTES ((uint64_t)8 << 40)
#define FIRST_SIZE                                                                                 \
	((uint64_t)1                                                                               \
	 << 30) /* of an image whose size shows only at its end; doubled when it is too small */

struct writer {
	struct ceph_pool *pool;
	const struct ceph_import *job;
	rbd_image_t rbd;
	uint64_t at, size, written; /* next byte; of the image now; bytes sent */
	uint64_t max, total;        /* total 0 = not known */
	unsigned depth;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	/* Under the lock: */
	unsigned in_flight;
	int rc; /* of the first write that failed */
};

struct write {
	struct writer *w;
	struct chunk *chunk;
};

bool zeros(const unsigned char *bytes, size_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static int failed(const struct writer *w, int rc, const char *what, struct pxc_err *err)
{
	return ceph_fail(err, w->pool, rc, "image %s/%s: %s", w->pool->name, w->job->image, what);
}

static int too_large(const struct writer *w, uint64_t size, struct pxc_err *err)
{
	return pxc_fail(err, PXC_EINVAL,
			"the image has %" PRIu64 " GiB or more, and at most %" PRIu64
			" GiB are accepted: set max_size if that is right",
			size >> 30, w->max >> 30);
}

/* librbd calls this without asking whether there is one. */
int ceph_no_progress(uint64_t done, uint64_t total, void *context)
{
	(void)done, (void)total, (void)context;
	return 0;
}

static int resize(struct writer *w, uint64_t size, struct pxc_err *err)
{
	int rc = rbd_resize2(w->rbd, size, true, ceph_no_progress, NULL);

	if (rc < 0)
		return failed(w, rc, "resize", err);
	w->size = size;
	return 0;
}

int writer_open(struct ceph_pool *pool, const struct ceph_import *job, uint64_t size,
		struct writer **ret, struct pxc_err *err)
{
	struct writer *w = pxc_calloc(1, sizeof(*w));

	w->pool = pool;
	w->job = job;
	w->total = size;
	w->max = job->max_bytes ? job->max_bytes : MAX_BYTES;
	w->depth = job->depth ? job->depth : DEPTH;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->ended, NULL);
	if ((size > w->max && too_large(w, size, err)) ||
	    ceph_open(pool, job->image, &w->rbd, err) < 0 || resize(w, 0, err) < 0 ||
	    resize(w,
		   size                  ? size
		   : FIRST_SIZE < w->max ? FIRST_SIZE
					 : w->max,
		   err) < 0) {
		writer_close(w);
		return -1;
	}
	*ret = w;
	return 0;
}

static void write_ended(rbd_completion_t completion, void *arg)
{
	struct write *one = arg;
	struct writer *w = one->w;
	ssize_t rc = rbd_aio_get_return_value(completion);

	rbd_aio_release(completion);
	chunk_put(one->chunk);
	free(one);
	(void)pthread_mutex_lock(&w->lock);
	if (rc < 0 && !w->rc)
		w->rc = (int)rc;
	w->in_flight--;
	(void)pthread_cond_signal(&w->ended);
	(void)pthread_mutex_unlock(&w->lock);
}

/* Wait until fewer than limit writes are in flight (1 = all have ended); the first failure is everybody's. */
static int wait_below(struct writer *w, unsigned limit, struct pxc_err *err)
{
	int rc;

	(void)pthread_mutex_lock(&w->lock);
	while (w->in_flight >= limit)
		(void)pthread_cond_wait(&w->ended, &w->lock);
	rc = w->rc;
	(void)pthread_mutex_unlock(&w->lock);
	return rc < 0 ? failed(w, rc, "write", err) : 0;
}

static int submit(struct writer *w, struct chunk *chunk, size_t from, size_t len,
		  struct pxc_err *err)
{
	struct write *one = pxc_calloc(1, sizeof(*one));
	rbd_completion_t completion = NULL;
	int rc;

	*one = (struct write){ w, chunk };
	chunk_ref(chunk);
	rc = wait_below(w, w->depth, err);
	if (rc == 0) {
		rc = rbd_aio_create_completion(one, write_ended, &completion);
		if (rc < 0)
			(void)failed(w, rc, "write", err);
	}
	if (rc < 0) {
		chunk_put(chunk);
		free(one);
		return -1;
	}
	(void)pthread_mutex_lock(&w->lock);
	w->in_flight++;
	(void)pthread_mutex_unlock(&w->lock);
	rc = rbd_aio_write2(w->rbd, w->at + from, len, (const char *)chunk->data + from, completion,
			    LIBRADOS_OP_FLAG_FADVISE_SEQUENTIAL | LIBRADOS_OP_FLAG_FADVISE_NOCACHE);
	if (rc < 0) {
		(void)pthread_mutex_lock(&w->lock);
		w->in_flight--;
		(void)pthread_mutex_unlock(&w->lock);
		rbd_aio_release(completion);
		chunk_put(chunk);
		free(one);
		return failed(w, rc, "write", err);
	}
	w->written += len;
	return 0;
}

static int make_room(struct writer *w, uint64_t end, struct pxc_err *err)
{
	uint64_t size = w->size;

	if (end > w->max)
		return too_large(w, end, err);
	while (size < end)
		size = size > w->max / 2 ? w->max : size * 2;
	return size > w->size ? resize(w, size, err) : 0;
}

/* What is not zero, in runs of whole grains. */
static int send_data(struct writer *w, struct chunk *c, struct pxc_err *err)
{
	size_t from = 0, to;

	while (from < c->len) {
		size_t n = c->len - from < GRAIN ? c->len - from : GRAIN;

		if (zeros(c->data + from, n)) {
			from += n;
			continue;
		}
		for (to = from + n; to < c->len; to += n) {
			n = c->len - to < GRAIN ? c->len - to : GRAIN;
			if (zeros(c->data + to, n))
				break;
		}
		if (submit(w, c, from, to - from, err) < 0)
			return -1;
		from = to;
	}
	return 0;
}

int writer_add(struct writer *w, struct chunk *chunk, struct pxc_err *err)
{
	int r = make_room(w, w->at + chunk->len, err);

	if (r == 0)
		r = send_data(w, chunk, err);
	w->at += chunk->len;
	chunk_put(chunk);
	if (r == 0 && w->job->progress &&
	    w->job->progress(w->job->progress_context, w->at, w->total))
		r = pxc_fail(err, PXC_EINVAL, "cancelled");
	return r;
}

int writer_finish(struct writer *w, struct ceph_imported *ret, struct pxc_err *err)
{
	uint64_t size = w->at > w->job->min_bytes ? w->at : w->job->min_bytes;
	int rc;

	size = (size + SECTOR - 1) / SECTOR * SECTOR;
	if (wait_below(w, 1, err) < 0 || (size != w->size && resize(w, size, err) < 0))
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

	if (!w)
		return;
	(void)wait_below(w, 1, &ignored);
	ceph_closep(&w->rbd);
	(void)pthread_mutex_destroy(&w->lock);
	(void)pthread_cond_destroy(&w->ended);
	free(w);
}
