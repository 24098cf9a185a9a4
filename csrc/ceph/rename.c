/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A name is two things in a pool: object rbd_id.<name>, which holds the image's id, and an entry of the directory.
 * librbd renames in the same three writes, but opens the image before, which costs ten times as long.
 */
#include <endian.h>
#include <errno.h>
#include <rbd/features.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/codec.h"
#include "ceph/parts.h"

/* Only of a journalled image somebody else wants to know its name: of the mirror in another cluster. */
static int is_journalled(struct ceph_pool *pool, const char *id)
{
	auto_free char *oid = pxc_printf("rbd_header.%s", id);
	char in[9] = "", out[64];
	uint64_t head = htole64(UINT64_MAX - 1);
	struct ceph_in answer;
	uint64_t features;
	int rc;

	memcpy(in, &head, sizeof(head)); /* and a byte: not for reading only */
	rc = rados_exec(pool->io, oid, "rbd", "get_features", in, sizeof(in), out, sizeof(out));
	if (rc < 0)
		return rc;
	answer = ceph_in(out, (size_t)rc);
	features = in_u64(&answer);
	return answer.bad ? -EIO : (features & RBD_FEATURE_JOURNALING) != 0;
}

static int put_id(struct ceph_pool *pool, const char *name, const struct pxc_buf *id)
{
	auto_free char *oid = pxc_printf("rbd_id.%s", name);
	rados_write_op_t op = rados_create_write_op();
	int rc;

	rados_write_op_create(op, LIBRADOS_CREATE_EXCLUSIVE, NULL);
	rados_write_op_write_full(op, id->data, id->len);
	rc = rados_write_op_operate(op, pool->io, oid, NULL, 0);
	rados_release_write_op(op);
	return rc;
}

/* Only while it holds this id. */
static int drop_id(struct ceph_pool *pool, const char *name, const struct pxc_buf *id)
{
	auto_free char *oid = pxc_printf("rbd_id.%s", name);

	return ceph_drop_object(pool, oid, id->data, id->len);
}

static int change_directory(struct ceph_pool *pool, const char *from, const char *to,
			    const struct pxc_buf *id)
{
	auto_buf struct pxc_buf in = { .data = NULL };
	rados_write_op_t op = rados_create_write_op();
	int rc, result = 0;

	out_string(&in, from);
	out_string(&in, to);
	buf_add(&in, id->data, id->len);
	rados_write_op_exec(op, "rbd", "dir_rename_image", in.data, in.len, &result);
	rc = rados_write_op_operate(op, pool->io, "rbd_directory", NULL, 0);
	rados_release_write_op(op);
	return rc == -EBADF ? -EEXIST : rc == -ESTALE ? -ENOENT : rc;
}

static int rename_by_id(struct ceph_pool *pool, const char *from, const char *to,
			const char *image_id)
{
	auto_buf struct pxc_buf id = { .data = NULL };
	int rc;

	out_string(&id, image_id);
	rc = put_id(pool, to, &id);
	if (rc < 0)
		return rc;
	rc = change_directory(pool, from, to, &id);
	if (rc == -EEXIST ||
	    rc == -ENOENT) { /* somebody was faster; else nobody knows whether it is done */
		(void)drop_id(pool, to, &id);
		return rc;
	}
	return rc < 0 ? rc : drop_id(pool, from, &id);
}

static int try_rename(struct ceph_pool *pool, const char *from, const char *to, const char *id)
{
	int rc = is_journalled(pool, id);

	if (rc < 0)
		return rc;
	return rc ? rbd_rename(pool->io, from, to) : rename_by_id(pool, from, to, id);
}

int ceph_rename(struct ceph_pool *pool, const char *from, const char *to, struct pxc_err *err)
{
	char id[CEPH_ID_MAX];
	int rc;

	if (ceph_name_check(to, err) < 0 || ceph_id(pool, from, id, err) < 0)
		return -1;
	rc = try_rename(pool, from, to, id);
	if (rc == -EEXIST) {
		rc = ceph_clear_leftover(pool, to);
		if (rc == 0)
			rc = try_rename(pool, from, to, id);
	}
	if (rc == -EEXIST)
		return pxc_fail(err, PXC_ECONFLICT,
				"image %s/%s cannot be called \"%s\": the name is taken",
				pool->name, from, to);
	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: rename to %s", pool->name, from, to)
		      : 0;
}
