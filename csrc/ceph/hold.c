/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hold.c - what a hypervisor does with images, beside making and removing them. */
#include <errno.h>

#include "base/mem.h"
#include "ceph/parts.h"

struct ceph_hold {
	rbd_image_t rbd;
};

int ceph_hold(struct ceph_pool *pool, const char *image, struct ceph_hold **ret,
	      struct pxc_err *err)
{
	rbd_image_t rbd;

	if (ceph_open(pool, image, &rbd, err) < 0)
		return -1;
	*ret = pxc_calloc(1, sizeof(**ret));
	(*ret)->rbd = rbd;
	return 0;
}

void ceph_release(struct ceph_hold *hold)
{
	if (!hold)
		return;
	ceph_closep(&hold->rbd);
	free(hold);
}

int ceph_snap_protect(struct ceph_pool *pool, const char *image, const char *snap,
		      struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;
	int rc;

	if (ceph_open(pool, image, &rbd, err) < 0)
		return -1;
	rc = rbd_snap_protect(rbd, snap);
	if (rc == 0 || rc == -EBUSY) /* EBUSY: it is */
		return 0;
	if (rc == -ENOENT)
		return pxc_fail(err, PXC_ENOTFOUND, "image %s/%s has no snapshot \"%s\"",
				pool->name, image, snap);
	return ceph_fail(err, pool, rc, "snapshot %s/%s@%s: protect", pool->name, image, snap);
}

int ceph_origin(struct ceph_pool *pool, const char *image, struct pxc_arena *arena,
		const char **ret, struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;
	rbd_linked_image_spec_t parent;
	rbd_snap_spec_t snap;
	int rc;

	if (ceph_open_ro(pool, image, NULL, &rbd, err) < 0)
		return -1;
	*ret = NULL;
	rc = rbd_get_parent(rbd, &parent, &snap);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return ceph_fail(err, pool, rc, "image %s/%s: parent", pool->name, image);
	*ret = arena_printf(arena, "%s@%s", parent.image_name, snap.name);
	rbd_linked_image_spec_cleanup(&parent);
	rbd_snap_spec_cleanup(&snap);
	return 0;
}

static int add_extent(uint64_t offset, size_t len, int exists, void *sum)
{
	(void)offset;
	if (exists)
		*(uint64_t *)sum += len;
	return 0;
}

int ceph_used(struct ceph_pool *pool, const char *image, uint64_t *ret, struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;
	uint64_t size = 0, sum = 0;
	int rc;

	if (ceph_open_ro(pool, image, NULL, &rbd, err) < 0)
		return -1;
	rc = rbd_get_size(rbd, &size);
	if (rc == 0)
		rc = rbd_diff_iterate2(rbd, NULL, 0, size, 0, 1, add_extent, &sum);
	if (rc < 0)
		return ceph_fail(err, pool, rc, "image %s/%s: space used", pool->name, image);
	*ret = sum;
	return 0;
}
