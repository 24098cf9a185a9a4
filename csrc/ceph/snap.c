/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "ceph/parts.h"

static int failed(struct ceph_pool *pool, const char *image, const char *snap, const char *verb,
		  int rc, struct pxc_err *err)
{
	if (rc == 0)
		return 0;
	if (rc == -ENOENT)
		return pxc_fail(err, PXC_ENOTFOUND, "image %s/%s has no snapshot \"%s\"",
				pool->name, image, snap);
	return ceph_fail(err, pool, rc, "snapshot %s/%s@%s: %s", pool->name, image, snap, verb);
}

int ceph_snap_create(struct ceph_pool *pool, const char *image, const char *snap,
		     struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;

	if (!*snap)
		return pxc_fail(err, PXC_EINVAL, "a snapshot of %s/%s needs a name", pool->name,
				image);
	if (ceph_open(pool, image, &rbd, err) < 0)
		return -1;
	return failed(pool, image, snap, "create", rbd_snap_create(rbd, snap), err);
}

/* Clones of format 1, made by others from a protected snapshot, keep it; those of format 2 do not. */
static int unprotect(struct ceph_pool *pool, const char *image, const char *snap, rbd_image_t rbd,
		     struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_buf struct pxc_buf names = { .data = NULL };
	const char *const *clones;
	int is_protected = 0, rc = rbd_snap_is_protected(rbd, snap, &is_protected);

	if (rc == 0 && is_protected)
		rc = rbd_snap_unprotect(rbd, snap);
	if (rc != -EBUSY)
		return failed(pool, image, snap, "unprotect", rc, err);
	if (ceph_children(pool, image, &arena, &clones, err) < 0)
		return -1;
	return pxc_fail(err, PXC_EBUSY, "snapshot %s/%s@%s cannot be removed: it has the clones %s",
			pool->name, image, snap, ceph_join(clones, &names));
}

int ceph_snap_remove(struct ceph_pool *pool, const char *image, const char *snap,
		     struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;

	if (ceph_open(pool, image, &rbd, err) < 0 || unprotect(pool, image, snap, rbd, err) < 0)
		return -1;
	return failed(pool, image, snap, "remove", rbd_snap_remove(rbd, snap), err);
}

/* Under a running VM the disk would change without its knowing. */
int ceph_snap_rollback(struct ceph_pool *pool, const char *image, const char *snap,
		       struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_buf struct pxc_buf names = { .data = NULL };
	auto_image rbd_image_t rbd = NULL;
	const char *const *users;

	if (ceph_watchers(pool, image, &arena, &users, err) < 0)
		return -1;
	if (*users)
		return pxc_fail(err, PXC_EBUSY,
				"image %s/%s is in use by %s: stop the VM before it is rolled back",
				pool->name, image, ceph_join(users, &names));
	if (ceph_open(pool, image, &rbd, err) < 0)
		return -1;
	return failed(pool, image, snap, "roll back", rbd_snap_rollback(rbd, snap), err);
}
