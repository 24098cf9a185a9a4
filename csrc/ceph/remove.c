/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "base/mem.h"
#include "ceph/parts.h"

#define LEASE_S 30u

static const char *snap_names(const struct ceph_image *image, struct pxc_buf *out)
{
	for (size_t i = 0; i < image->nsnaps; i++) {
		if (!image->snaps[i].in_trash)
			buf_printf(out, "%s%s", out->len ? ", " : "", image->snaps[i].name);
	}
	return buf_str(out);
}

/* librbd would move it to the trash before it finds that it cannot, and be killed there. */
static int has_snaps(struct ceph_pool *pool, const struct ceph_image *image,
		     struct pxc_arena *arena, struct pxc_err *err)
{
	auto_buf struct pxc_buf snaps = { .data = NULL }, clones = { .data = NULL };
	const char *const *children;

	if (ceph_children(pool, image->name, arena, &children, err) < 0)
		return -1;
	(void)snap_names(image, &snaps);
	(void)ceph_join(children, &clones);
	return pxc_fail(err, PXC_EBUSY, "image %s/%s cannot be removed: it has %s%s%s%s%s",
			pool->name, image->name, snaps.len ? "snapshots (" : "", buf_str(&snaps),
			snaps.len ? clones.len ? ") and " : ")" : "", clones.len ? "clones: " : "",
			buf_str(&clones));
}

/*
 * librbd puts a snapshot into the trash before it removes it, also where no clone hangs on it; a removal that was killed leaves
 * it there. One that clones hang on stays, Ceph sees to that. True: no snapshot is left.
 */
static bool empty_trash(struct ceph_pool *pool, const struct ceph_image *image)
{
	struct pxc_err ignored = { .kind = PXC_OK };
	auto_image rbd_image_t rbd = NULL;

	for (size_t i = 0; i < image->nsnaps; i++)
		if (!image->snaps[i].in_trash)
			return false;
	if (ceph_open(pool, image->name, &rbd, &ignored) < 0)
		return false;
	for (size_t i = 0; i < image->nsnaps; i++) {
		int rc = rbd_snap_remove_by_id(rbd, image->snaps[i].id);

		if (rc < 0 && rc != -ENOENT)
			return false;
	}
	return true;
}

static int in_use(struct ceph_pool *pool, const char *image, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_buf struct pxc_buf names = { .data = NULL };
	const char *const *users;

	if (ceph_watchers(pool, image, &arena, &users, err) < 0)
		return -1;
	return pxc_fail(
		err, PXC_EBUSY,
		"image %s/%s cannot be removed: it is open at %s; a client that has died counts "
		"as one for about 30 s",
		pool->name, image, *users ? ceph_join(users, &names) : "this very program");
}

/*
 * Whoever has the name, it is not an image with it: then nothing may be removed by that name but what a killed removal
 * left, in the trash or before it.
 */
static int remove_rest(struct ceph_pool *pool, const char *image, struct pxc_err *err)
{
	int rc = ceph_clear_leftover(pool, image);

	if (rc == 0 || rc == -EEXIST)
		rc = rbd_remove(pool->io, image);
	if (rc == -ENOENT)
		return pxc_fail(err, PXC_ENOTFOUND, "pool %s has no image \"%s\"", pool->name,
				image);
	if (rc == -EBUSY)
		return pxc_fail(
			err, PXC_EBUSY,
			"image %s/%s was half removed, and is open still; a client that has "
			"died counts as one for about 30 s",
			pool->name, image);
	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: remove", pool->name, image) : 0;
}

static int remove_it(struct ceph_pool *pool, const char *image, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image seen;
	int rc;

	if (ceph_look(pool, image, &arena, &seen, err) < 0) {
		return err->kind == PXC_ENOTFOUND ? remove_rest(pool, image, err) : -1;
	}
	if (seen.nsnaps > 0 && !empty_trash(pool, &seen))
		return has_snaps(pool, &seen, &arena, err);
	rc = rbd_remove(pool->io, image);
	if (rc == -EBUSY)
		return in_use(pool, image, err);
	if (rc == -ENOENT)
		return pxc_fail(err, PXC_ENOTFOUND, "pool %s has no image \"%s\"", pool->name,
				image);
	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: remove", pool->name, image) : 0;
}

/*
 * One at a time: of two clients that remove one image, librbd lets one wait for ever now and then. Whoever has the lock and
 * does not end in our time, is at work on a large one.
 */
int ceph_remove(struct ceph_pool *pool, const char *image, struct pxc_err *err)
{
	auto_free char *name = pxc_printf("removal.%s", image);
	struct ceph_lock *lock = NULL;
	int r;

	if (ceph_lock(pool, name, "removal", LEASE_S, pool->ceph->timeout_ms, &lock, err) < 0)
		return -1;
	r = remove_it(pool, image, err);
	ceph_unlock(lock);
	return r;
}
