/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "ceph/parts.h"

static int try_clone(struct ceph_pool *from, const char *parent, const char *snap,
		     struct ceph_pool *pool, const char *image)
{
	rbd_image_options_t options = ceph_image_options();
	int rc;

	(void)rbd_image_options_set_uint64(options, RBD_IMAGE_OPTION_CLONE_FORMAT, 2);
	rc = rbd_clone3(from->io, parent, snap, pool->io, image, options);
	rbd_image_options_destroy(options);
	return rc;
}

int ceph_clone(struct ceph_pool *from, const char *parent, const char *snap, struct ceph_pool *pool,
	       const char *image, struct pxc_arena *arena, const char **ret_id, struct pxc_err *err)
{
	char id[CEPH_ID_MAX];
	int rc;

	if (ceph_name_check(image, err) < 0 || ceph_id(from, parent, id, err) < 0)
		return -1;
	rc = try_clone(from, parent, snap, pool, image);
	if (rc == -EEXIST) {
		rc = ceph_clear_leftover(pool, image);
		if (rc == 0)
			rc = try_clone(from, parent, snap, pool, image);
	}
	if (rc == -ENOENT)
		return pxc_fail(err, PXC_ENOTFOUND, "image %s/%s has no snapshot \"%s\"",
				from->name, parent, snap);
	if (rc < 0)
		return ceph_fail(err, pool, rc, "image %s/%s: clone of %s/%s@%s", pool->name, image,
				 from->name, parent, snap);
	return ceph_made(pool, image, arena, ret_id, err);
}

/* A progress function of ours as librbd calls it. */
struct watched {
	ceph_progress *progress;
	void *context;
};

static int report(uint64_t done, uint64_t total, void *context)
{
	const struct watched *w = context;

	return w->progress && w->progress(w->context, done, total) != 0 ? -ECANCELED : 0;
}

static bool has_parent(rbd_image_t rbd)
{
	rbd_linked_image_spec_t parent;
	rbd_snap_spec_t snap;

	if (rbd_get_parent(rbd, &parent, &snap) < 0)
		return false;
	rbd_linked_image_spec_cleanup(&parent);
	rbd_snap_spec_cleanup(&snap);
	return true;
}

int ceph_flatten(struct ceph_pool *pool, const char *image, ceph_progress *progress, void *context,
		 struct pxc_err *err)
{
	struct watched watched = { .progress = progress, .context = context };
	auto_image rbd_image_t rbd = NULL;
	int rc;

	if (ceph_open(pool, image, &rbd, err) < 0)
		return -1;
	rc = rbd_flatten_with_progress(rbd, report, &watched);
	if (rc == -EINVAL && !has_parent(rbd))
		return 0;
	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: flatten", pool->name, image) : 0;
}
