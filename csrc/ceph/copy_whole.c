/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An image with its past: librbd's own copy, which takes snapshots and metadata along, where copy.c takes neither. It
 * cannot be given up midway; whoever is killed leaves a part of it, under the name that he chose.
 */
#include "ceph/parts.h"

int ceph_remove_whole(struct ceph_pool *pool, const char *image, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image seen = { .name = NULL };

	if (ceph_look(pool, image, &arena, &seen, err) < 0 && err->kind != PXC_ENOTFOUND)
		return -1;
	for (size_t i = 0; i < seen.nsnaps; i++)
		if (!seen.snaps[i].in_trash &&
		    ceph_snap_remove(pool, image, seen.snaps[i].name, err) < 0 &&
		    err->kind != PXC_ENOTFOUND)
			return -1;
	return ceph_remove(pool, image, err);
}

static int deep_copy(struct ceph_pool *from, const char *image, struct ceph_pool *pool,
		     const char *name, struct pxc_err *err)
{
	rbd_image_options_t options = ceph_image_options();
	auto_image rbd_image_t source = NULL;
	int rc = ceph_open_ro(from, image, NULL, &source, err);

	if (rc == 0) {
		/* Else the copy of a clone would be another clone, whose parent stays where it is. */
		(void)rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_FLATTEN, 1);
		rc = rbd_deep_copy(source, pool->io, name, options);
		rc = rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: copy of %s/%s", pool->name,
					name, from->name, image)
			    : 0;
	}
	rbd_image_options_destroy(options);
	return rc;
}

int ceph_copy_whole(struct ceph_pool *from, const char *image, struct ceph_pool *pool,
		    const char *name, struct pxc_arena *arena, const char **ret_id,
		    struct pxc_err *err)
{
	struct pxc_err ignored = { .kind = PXC_OK };

	if (ceph_name_check(name, err) < 0)
		return -1;
	if (deep_copy(from, image, pool, name, err) == 0 &&
	    ceph_made(pool, name, arena, ret_id, err) == 0)
		return 0;
	if (err->kind != PXC_ECONFLICT)
		(void)ceph_remove_whole(pool, name, &ignored);
	return -1;
}
