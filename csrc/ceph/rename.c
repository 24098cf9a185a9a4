/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "ceph/parts.h"

int ceph_rename(struct ceph_pool *pool, const char *from, const char *to, struct pxc_err *err)
{
	char id[CEPH_ID_MAX];
	int rc;

	if (ceph_name_check(to, err) < 0 || ceph_id(pool, from, id, err) < 0)
		return -1;
	rc = rbd_rename(pool->io, from, to);
	if (rc == -EEXIST) {
		rc = ceph_clear_leftover(pool, to);
		if (rc == 0)
			rc = rbd_rename(pool->io, from, to);
	}
	if (rc == -EEXIST)
		return pxc_fail(err, PXC_ECONFLICT,
				"image %s/%s cannot be called \"%s\": the name "
				"is taken",
				pool->name, from, to);
	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: rename to %s", pool->name, from, to)
		      : 0;
}
