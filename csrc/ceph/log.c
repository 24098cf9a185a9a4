/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "ceph/parts.h"

int ceph_append(struct ceph_pool *pool, const char *object, const void *data, size_t len,
		struct pxc_err *err)
{
	rados_write_op_t op = rados_create_write_op();
	int rc;

	rados_write_op_append(op, data, len);
	rc = rados_write_op_operate(op, pool->io, object, NULL, 0);
	rados_release_write_op(op);
	if (rc == -EFBIG)
		return pxc_fail(err, PXC_ECONFLICT, "object %s of pool %s is as large as can be",
				object, pool->name);
	return rc < 0 ? ceph_fail(err, pool, rc, "object %s", object) : 0;
}

int ceph_object_size(struct ceph_pool *pool, const char *object, uint64_t *ret, struct pxc_err *err)
{
	time_t ignored;
	int rc = rados_stat(pool->io, object, ret, &ignored);

	if (rc == -ENOENT)
		*ret = 0;
	return rc < 0 && rc != -ENOENT ? ceph_fail(err, pool, rc, "object %s", object) : 0;
}

int ceph_object_read(struct ceph_pool *pool, const char *object, uint64_t offset, void *data,
		     size_t len, struct pxc_err *err)
{
	int rc = rados_read(pool->io, object, data, len, offset);

	if (rc >= 0 && (size_t)rc < len)
		return pxc_fail(err, PXC_ENOTFOUND, "object %s of pool %s ends before byte %llu",
				object, pool->name, (unsigned long long)(offset + len));
	return rc < 0 ? ceph_fail(err, pool, rc, "object %s", object) : 0;
}
