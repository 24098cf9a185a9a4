/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/codec.h"
#include "ceph/omap.h"

#define DIRECTORY "rbd_directory"

int ceph_name_check(const char *image, struct pxc_err *err)
{
	if (!*image || strlen(image) >= RBD_MAX_IMAGE_NAME_SIZE || strpbrk(image, "/@"))
		return pxc_fail(err, PXC_EINVAL,
				"\"%s\" cannot be an image's name: 1 to %d bytes without / and @",
				image, RBD_MAX_IMAGE_NAME_SIZE - 1);
	return 0;
}

static int decode(const char *value, size_t len, char *text, size_t size)
{
	struct ceph_in in = ceph_in(value, len);
	uint32_t n = in_u32(&in);

	if (in.bad || n != (size_t)(in.end - in.at) || n == 0 || n >= size)
		return -EIO;
	memcpy(text, in.at, n);
	text[n] = '\0';
	return 0;
}

int ceph_directory(struct ceph_pool *pool, const char *key, char *text, size_t size)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *value;
	size_t len;
	int rc = omap_get(pool, DIRECTORY, key, &arena, &value, &len);

	return rc < 0 ? rc : decode(value, len, text, size);
}

int ceph_id(struct ceph_pool *pool, const char *image, char id[CEPH_ID_MAX], struct pxc_err *err)
{
	auto_free char *key = pxc_printf("name_%s", image);
	int rc = ceph_directory(pool, key, id, CEPH_ID_MAX);

	if (rc == -ENOENT)
		return pxc_fail(err, PXC_ENOTFOUND, "pool %s has no image \"%s\"", pool->name,
				image);
	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s", pool->name, image) : 0;
}

static int opened(struct ceph_pool *pool, const char *image, const char *snap, int rc,
		  struct pxc_err *err)
{
	if (rc == -ENOENT && snap)
		return pxc_fail(err, PXC_ENOTFOUND, "image %s/%s has no snapshot \"%s\"",
				pool->name, image, snap);
	if (rc == -ENOENT)
		return pxc_fail(err, PXC_ENOTFOUND,
				"image %s/%s has a name but no header: a creation or removal of it "
				"was killed; remove it",
				pool->name, image);
	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: open", pool->name, image) : 0;
}

int ceph_open(struct ceph_pool *pool, const char *image, rbd_image_t *ret, struct pxc_err *err)
{
	char id[CEPH_ID_MAX];

	if (ceph_id(pool, image, id, err) < 0)
		return -1;
	return opened(pool, image, NULL, rbd_open_by_id(pool->io, id, ret, NULL), err);
}

/*
 * librbd says that an image is open, and then locks it once more to see what else is to be done with it. Of a snapshot, or of
 * a clone's parent, it does both in the thread that got Ceph's answer, while another thread wakes us: if the image is closed
 * before the first one goes on, that locks freed memory, and the program aborts. Answers are dealt with one after the other, so
 * whoever waits for the next one, here an empty one that asks nobody, waits for librbd too. Closing an image that was opened
 * for writing does that by itself, as it takes the watch off.
 */
static void wait_for_librbd(struct ceph_pool *pool)
{
	rados_completion_t next;

	(void)rados_aio_create_completion2(NULL, NULL, &next);
	if (rados_aio_flush_async(pool->io, next) == 0)
		(void)rados_aio_wait_for_complete(next);
	rados_aio_release(next);
}

int ceph_open_ro(struct ceph_pool *pool, const char *image, const char *snap, rbd_image_t *ret,
		 struct pxc_err *err)
{
	char id[CEPH_ID_MAX];
	int rc;

	if (ceph_id(pool, image, id, err) < 0)
		return -1;
	rc = rbd_open_by_id_read_only(pool->io, id, ret, snap);
	if (rc == 0)
		wait_for_librbd(pool);
	return opened(pool, image, snap, rc, err);
}

void ceph_closep(rbd_image_t *image)
{
	if (*image)
		(void)rbd_close(*image);
}
