/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A rename, creation or removal that was killed can leave object rbd_id.<name> behind, while the directory knows no
 * image of that name: librbd then refuses to use the name, and nothing ever clears it. Seen from outside this is
 * also what such an operation looks like in its midst, so that it must stay so for a while before it is believed.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "ceph/codec.h"
#include "ceph/parts.h"

#define LOOKS 20u
#define PAUSE_MS 100

struct holder {
	char bytes[CEPH_ID_MAX + 4]; /* as stored: a string */
	size_t len;
	char id[CEPH_ID_MAX];
};

static int read_holder(struct ceph_pool *pool, const char *oid, struct holder *ret)
{
	int rc = rados_read(pool->io, oid, ret->bytes, sizeof(ret->bytes), 0);
	struct ceph_in in;
	uint32_t n;

	if (rc < 0)
		return rc;
	ret->len = (size_t)rc;
	in = ceph_in(ret->bytes, ret->len);
	n = in_u32(&in);
	if (in.bad || n != (size_t)(in.end - in.at) || n >= sizeof(ret->id))
		return -EIO;
	memcpy(ret->id, in.at, n);
	ret->id[n] = '\0';
	return 0;
}

/* Does the image with this id live under another name, or not at all? */
static int is_stale(struct ceph_pool *pool, const char *image, const char *id)
{
	auto_free char *entry = pxc_printf("id_%s", id);
	auto_free char *header = pxc_printf("rbd_header.%s", id);
	char name[4096];
	uint64_t size;
	time_t mtime;
	int rc = ceph_directory(pool, entry, name, sizeof(name));

	if (rc == 0)
		return strcmp(name, image) != 0;
	if (rc != -ENOENT)
		return rc;
	rc = rados_stat(pool->io, header, &size, &mtime);
	return rc == -ENOENT ? 1 : rc < 0 ? rc : 0;
}

int ceph_drop_object(struct ceph_pool *pool, const char *oid, const char *content, size_t len)
{
	rados_write_op_t op = rados_create_write_op();
	int ignored = 0, rc;

	rados_write_op_cmpext(op, content, len, 0, &ignored);
	rados_write_op_remove(op);
	rc = rados_write_op_operate(op, pool->io, oid, NULL, 0);
	rados_release_write_op(op);
	/* cmpext says where the difference is: -4095 minus the offset. */
	return rc == -ENOENT || rc <= -4095 ? 0 : rc;
}

/* 1: taken by an image, or by what we do not understand. 0: free, or held by *holder. */
static int look(struct ceph_pool *pool, const char *image, const char *oid, struct holder *holder)
{
	auto_free char *key = pxc_printf("name_%s", image);
	char id[CEPH_ID_MAX];
	int rc = ceph_directory(pool, key, id, sizeof(id));

	if (rc != -ENOENT)
		return rc == 0 ? 1 : rc;
	rc = read_holder(pool, oid, holder);
	if (rc == -ENOENT) {
		*holder = (struct holder){ .len = 0 };
		return 0;
	}
	if (rc < 0)
		return rc == -EIO ? 1 : rc;
	rc = is_stale(pool, image, holder->id);
	return rc < 0 ? rc : !rc;
}

int ceph_clear_leftover(struct ceph_pool *pool, const char *image)
{
	auto_free char *oid = pxc_printf("rbd_id.%s", image);
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	struct holder first = { .len = 0 }, now = { .len = 0 };
	int rc = look(pool, image, oid, &first);

	for (unsigned i = 0; rc == 0 && first.len > 0 && i < LOOKS; i++) {
		(void)nanosleep(&pause, NULL);
		rc = look(pool, image, oid, &now);
		if (rc == 0 && (now.len != first.len || memcmp(now.bytes, first.bytes, now.len)))
			return 0; /* in motion: whoever holds the name now, we try again */
	}
	if (rc != 0)
		return rc > 0 ? -EEXIST : rc;
	if (first.len == 0)
		return 0;
	return ceph_drop_object(pool, oid, first.bytes, first.len);
}
