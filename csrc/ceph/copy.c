/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A copy of what an image holds, and of nothing else: librbd's own copies take metadata, or all snapshots, along, and
 * cannot be given up midway. Several workers take one object after the other; objects that do not exist are not read,
 * zeros in the others not written.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/parts.h"

#define WORKERS 8u
#define OBJECT ((uint64_t)1 << CEPH_ORDER)
#define GRAIN 4096u /* zeros are looked for in so large pieces */

struct copy {
	rbd_image_t from, to;
	uint64_t size;
	unsigned char *exists; /* for each object of the new image */
	uint64_t next, nobjects, done, total;
	ceph_progress *progress;
	void *context;
	pthread_mutex_t mutex; /* of next, done, rc, and around progress() */
	int rc;
};

static int note_extent(uint64_t offset, size_t len, int exists, void *arg)
{
	struct copy *copy = arg;

	if (!exists || len == 0)
		return 0;
	for (uint64_t i = offset / OBJECT; i <= (offset + len - 1) / OBJECT; i++)
		copy->exists[i] = 1;
	return 0;
}

static size_t grain(const char *data, size_t at, size_t len, bool *ret_zero)
{
	static const char zeros[GRAIN];
	size_t n = len - at < GRAIN ? len - at : GRAIN;

	*ret_zero = memcmp(data + at, zeros, n) == 0;
	return n;
}

static int write_data(struct copy *copy, uint64_t offset, const char *data, size_t len)
{
	size_t at = 0, begin;
	bool zero = false;
	ssize_t rc;

	while (at < len) {
		size_t n = grain(data, at, len, &zero);

		if (zero) {
			at += n;
			continue;
		}
		for (begin = at; at < len && !zero;) {
			n = grain(data, at, len, &zero);
			at += zero ? 0 : n;
		}
		rc = rbd_write(copy->to, offset + begin, at - begin, data + begin);
		if (rc < 0)
			return (int)rc;
	}
	return 0;
}

static int copy_object(struct copy *copy, uint64_t object, char *data)
{
	uint64_t offset = object * OBJECT;
	size_t len = copy->size - offset < OBJECT ? (size_t)(copy->size - offset) : OBJECT;
	ssize_t rc = rbd_read(copy->from, offset, len, data);

	return rc < 0 ? (int)rc : write_data(copy, offset, data, (size_t)rc);
}

/* The next object that exists; false: none is left, or somebody failed. */
static bool next_object(struct copy *copy, uint64_t *ret)
{
	bool found;

	(void)pthread_mutex_lock(&copy->mutex);
	while (copy->next < copy->nobjects && !copy->exists[copy->next])
		copy->next++;
	found = copy->rc == 0 && copy->next < copy->nobjects;
	*ret = copy->next++;
	(void)pthread_mutex_unlock(&copy->mutex);
	return found;
}

static void account(struct copy *copy, int rc)
{
	(void)pthread_mutex_lock(&copy->mutex);
	copy->done += OBJECT;
	if (rc == 0 && copy->rc == 0 && copy->progress &&
	    copy->progress(copy->context, copy->done, copy->total) != 0)
		rc = -ECANCELED;
	if (copy->rc == 0)
		copy->rc = rc;
	(void)pthread_mutex_unlock(&copy->mutex);
}

static void *work(void *arg)
{
	struct copy *copy = arg;
	auto_free char *data = pxc_alloc(OBJECT);
	uint64_t object;

	while (next_object(copy, &object))
		account(copy, copy_object(copy, object, data));
	return NULL;
}

static int run(struct copy *copy)
{
	pthread_t workers[WORKERS];
	int rc;

	copy->nobjects = (copy->size + OBJECT - 1) / OBJECT;
	copy->exists = pxc_calloc(copy->nobjects + 1, 1);
	rc = copy->size
		     ? rbd_diff_iterate2(copy->from, NULL, 0, copy->size, 1, 1, note_extent, copy)
		     : 0;
	for (uint64_t i = 0; i < copy->nobjects; i++)
		copy->total += copy->exists[i] ? OBJECT : 0;
	copy->rc = rc;
	for (unsigned i = 0; i < WORKERS; i++) {
		if (pthread_create(&workers[i], NULL, work, copy) != 0)
			pxc_oom();
	}
	for (unsigned i = 0; i < WORKERS; i++)
		(void)pthread_join(workers[i], NULL);
	free(copy->exists);
	return copy->rc ? copy->rc : rbd_flush(copy->to);
}

static int fill(struct copy *copy, struct ceph_pool *from, const char *image, const char *snap,
		struct ceph_pool *pool, const char *name, struct pxc_err *err)
{
	auto_image rbd_image_t to = NULL;
	int rc;

	if (ceph_open(pool, name, &to, err) < 0)
		return -1;
	copy->to = to;
	rc = run(copy);
	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: copy of %s/%s%s%s", pool->name, name,
				  from->name, image, snap ? "@" : "", snap ? snap : "")
		      : 0;
}

int ceph_copy(struct ceph_pool *from, const char *image, const char *snap, struct ceph_pool *pool,
	      const char *name, struct pxc_arena *arena, const char **ret_id,
	      ceph_progress *progress, void *context, struct pxc_err *err)
{
	struct copy copy = { .progress = progress, .context = context };
	auto_image rbd_image_t source = NULL;
	struct pxc_err ignored;
	int rc;

	if (ceph_open_ro(from, image, snap, &source, err) < 0)
		return -1;
	copy.from = source;
	rc = rbd_get_size(source, &copy.size);
	if (rc < 0)
		return ceph_fail(err, from, rc, "image %s/%s: size", from->name, image);
	if (ceph_create(pool, name, copy.size, arena, ret_id, err) < 0)
		return -1;
	(void)pthread_mutex_init(&copy.mutex, NULL);
	rc = fill(&copy, from, image, snap, pool, name, err);
	(void)pthread_mutex_destroy(&copy.mutex);
	if (rc < 0)
		(void)ceph_remove(pool, name, &ignored);
	return rc;
}
