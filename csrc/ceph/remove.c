/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "ceph/parts.h"

int ceph_remove(struct ceph_pool *pool, const char *image, struct pxc_err *err)
{
	int rc = rbd_remove(pool->io, image);

	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: remove", pool->name, image) : 0;
}
