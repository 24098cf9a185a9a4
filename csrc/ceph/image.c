/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <rbd/features.h>
#include <string.h>

#include "ceph/parts.h"

#define FEATURES                                                                                   \
	(RBD_FEATURE_LAYERING | RBD_FEATURE_EXCLUSIVE_LOCK | RBD_FEATURE_OBJECT_MAP |              \
	 RBD_FEATURE_FAST_DIFF | RBD_FEATURE_DEEP_FLATTEN)

rbd_image_options_t ceph_image_options(void)
{
	rbd_image_options_t options;

	rbd_image_options_create(&options);
	(void)rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_FEATURES, FEATURES);
	(void)rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_ORDER, CEPH_ORDER);
	return options;
}

int ceph_made(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
	      const char **ret_id, struct pxc_err *err)
{
	char id[CEPH_ID_MAX];

	if (!ret_id)
		return 0;
	if (ceph_id(pool, image, id, err) < 0)
		return -1;
	*ret_id = arena_strdup(arena, id);
	return 0;
}

static int try_create(struct ceph_pool *pool, const char *image, uint64_t size_bytes)
{
	rbd_image_options_t options = ceph_image_options();
	int rc = rbd_create4(pool->io, image, size_bytes, options);

	rbd_image_options_destroy(options);
	return rc;
}

int ceph_create(struct ceph_pool *pool, const char *image, uint64_t size_bytes,
		struct pxc_arena *arena, const char **ret_id, struct pxc_err *err)
{
	int rc;

	if (ceph_name_check(image, err) < 0)
		return -1;
	rc = try_create(pool, image, size_bytes);
	if (rc == -EEXIST) {
		rc = ceph_clear_leftover(pool, image);
		if (rc == 0)
			rc = try_create(pool, image, size_bytes);
	}
	if (rc < 0)
		return ceph_fail(err, pool, rc, "image %s/%s: create", pool->name, image);
	return ceph_made(pool, image, arena, ret_id, err);
}

int ceph_grow(struct ceph_pool *pool, const char *image, uint64_t size_bytes, struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;
	uint64_t now = 0;
	int rc;

	if (ceph_open(pool, image, &rbd, err) < 0)
		return -1;
	rc = rbd_get_size(rbd, &now);
	if (rc == 0 && now > size_bytes)
		return pxc_fail(err, PXC_EINVAL,
				"image %s/%s has %" PRIu64
				" bytes already: making it smaller, to %" PRIu64
				", would cut off data",
				pool->name, image, now, size_bytes);
	if (rc == 0 && now < size_bytes)
		rc = rbd_resize2(rbd, size_bytes, false, NULL, NULL);
	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: grow", pool->name, image) : 0;
}

/* librbd reads and writes at most INT_MAX bytes at once, and cuts off what lies beyond the end without a word. */
#define PIECE ((size_t)64 << 20)

static int check_range(struct ceph_pool *pool, const char *image, rbd_image_t rbd, uint64_t offset,
		       size_t len, struct pxc_err *err)
{
	uint64_t size = 0;
	int rc = rbd_get_size(rbd, &size);

	if (rc < 0)
		return ceph_fail(err, pool, rc, "image %s/%s: size", pool->name, image);
	if (offset > size || len > size - offset)
		return pxc_fail(err, PXC_EINVAL,
				"image %s/%s ends at byte %" PRIu64 ", before %" PRIu64 " + %zu",
				pool->name, image, size, offset, len);
	return 0;
}

int ceph_write(struct ceph_pool *pool, const char *image, uint64_t offset, const void *data,
	       size_t len, struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;
	const char *from = data;
	ssize_t rc = 0;

	if (ceph_open(pool, image, &rbd, err) < 0 ||
	    check_range(pool, image, rbd, offset, len, err) < 0)
		return -1;
	for (size_t done = 0; done < len && rc >= 0; done += (size_t)rc)
		rc = rbd_write(rbd, offset + done, len - done < PIECE ? len - done : PIECE,
			       from + done);
	if (rc >= 0)
		rc = rbd_flush(rbd);
	return rc < 0 ? ceph_fail(err, pool, (int)rc, "image %s/%s: write", pool->name, image) : 0;
}

int ceph_read(struct ceph_pool *pool, const char *image, const char *snap, uint64_t offset,
	      void *data, size_t len, struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;
	char *to = data;
	ssize_t rc = 0;

	if (ceph_open_ro(pool, image, snap, &rbd, err) < 0 ||
	    check_range(pool, image, rbd, offset, len, err) < 0)
		return -1;
	for (size_t done = 0; done < len && rc >= 0; done += (size_t)rc)
		rc = rbd_read(rbd, offset + done, len - done < PIECE ? len - done : PIECE,
			      to + done);
	return rc < 0 ? ceph_fail(err, pool, (int)rc, "image %s/%s: read", pool->name, image) : 0;
}
