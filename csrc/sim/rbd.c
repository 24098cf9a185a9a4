/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/rbd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

/* "<context>: <what rbd says>: (17) File exists" */
static printf_like(3, 4) int failed(struct pxc_err *err, const char *says, const char *context, ...)
{
	auto_free char *front = NULL;
	struct pxc_err cause = *err;
	va_list args;

	va_start(args, context);
	if (vasprintf(&front, context, args) < 0)
		pxc_oom();
	va_end(args);
	return pxc_fail(err, cause.kind, "%s: %s: %s", front, says, rbd_errno_words(&cause));
}

static int cannot_open(struct pxc_err *err, const char *image)
{
	struct pxc_err cause = *err;

	return pxc_fail(err, cause.kind, "rbd error: rbd: error opening image %s: %s", image,
			rbd_errno_words(&cause));
}

int rbd_create(struct sim_storage *s, const char *image, uint64_t size_bytes, struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);
	uint64_t mib = (size_bytes + MIB - 1) / MIB;

	if (!pool)
		return pxc_context(err, "rbd create '%s' error", image);
	if (rbd_ops(s)->create(pool, image, mib * MIB, NULL, NULL, err) < 0)
		return failed(err, "rbd: create error", "rbd create '%s' error", image);
	return 0;
}

/* Which of the things that keep an image is it? What the rbd program says of each. */
static int kept(struct sim_storage *s, struct ceph_pool *pool, const char *image,
		struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *const *users = NULL;

	if (rbd_ops(s)->watchers(pool, image, &arena, &users, &(struct pxc_err){ 0 }) == 0 &&
	    *users)
		return pxc_fail(err, PXC_EBUSY,
				"rbd rm '%s' error: rbd: error: image still has watchers", image);
	return pxc_fail(
		err, PXC_EBUSY,
		"rbd rm '%s' error: rbd: image has snapshots with linked clones - these must "
		"be deleted or flattened before the image can be removed.",
		image);
}

/* PVE looks for protected snapshots, purges all, and removes the image then. */
int rbd_remove(struct sim_storage *s, const char *image, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_pool *pool = rbd_pool(s, err);
	struct ceph_image now;

	if (!pool)
		return pxc_context(err, "rbd error");
	if (rbd_ops(s)->look(pool, image, &arena, &now, err) < 0)
		return cannot_open(err, image);
	for (size_t i = 0; i < now.nsnaps; i++) {
		const struct ceph_snap *snap = &now.snaps[i];

		if (snap->in_trash || rbd_ops(s)->snap_remove(pool, image, snap->name, err) == 0)
			continue;
		if (snap->is_protected)
			return failed(err, "rbd: unprotecting snap failed",
				      "rbd unprotect %s snap '%s' error", image, snap->name);
		return pxc_fail(err, err->kind,
				"rbd snap purge '%s' error: Removing all snapshots: 0%% "
				"complete...failed.",
				image);
	}
	if (rbd_ops(s)->remove(pool, image, err) == 0)
		return 0;
	return err->kind == PXC_EBUSY
		       ? kept(s, pool, image, err)
		       : failed(err, "rbd: delete error", "rbd rm '%s' error", image);
}

int rbd_clone(struct sim_storage *s, const char *parent, const char *snap, const char *image,
	      struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);

	if (!pool)
		return pxc_context(err, "rbd clone '%s' error", parent);
	if (rbd_ops(s)->snap_protect(pool, parent, snap, err) < 0)
		return failed(err, "rbd: protecting snap failed", "rbd protect %s snap %s error",
			      parent, snap);
	if (rbd_ops(s)->clone(pool, parent, snap, pool, image, NULL, NULL, err) < 0)
		return failed(err, "rbd: clone error", "rbd clone '%s' error", parent);
	return 0;
}

int rbd_copy(struct sim_storage *from, const char *image, const char *snap, struct sim_storage *to,
	     const char *name, struct pxc_err *err)
{
	struct ceph_pool *source = rbd_pool(from, err), *target = rbd_pool(to, err);

	if (!source || !target)
		return pxc_context(err, "rbd error");
	if (rbd_ops(to)->copy(source, image, snap, target, name, NULL, NULL, NULL, NULL, err) < 0)
		return failed(err, "copy failed", "rbd create '%s' error", name);
	return 0;
}

int rbd_rename(struct sim_storage *s, const char *image, const char *name, struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);

	if (!pool)
		return pxc_context(err, "could not rename image '%s' to '%s'", image, name);
	if (rbd_ops(s)->rename(pool, image, name, err) < 0)
		return failed(err, "rbd: rename error", "could not rename image '%s' to '%s'",
			      image, name);
	return 0;
}

int rbd_make_base(struct sim_storage *s, const char *image, const char *name, struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);

	if (!pool)
		return pxc_context(err, "rbd error");
	if (rbd_ops(s)->rename(pool, image, name, err) < 0)
		return failed(err, "rbd: rename error", "rbd rename '%s' error", image);
	if (rbd_snap(s, name, "__base__", err) < 0)
		return -1;
	if (rbd_ops(s)->snap_protect(pool, name, "__base__", err) < 0)
		return failed(err, "rbd: protecting snap failed",
			      "rbd protect %s snap '__base__' error", name);
	return 0;
}

int rbd_resize(struct sim_storage *s, const char *image, uint64_t size_bytes, struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);

	if (!pool)
		return pxc_context(err, "rbd resize '%s' error", image);
	size_bytes = (size_bytes + MIB - 1) / MIB * MIB;
	if (rbd_ops(s)->grow(pool, image, size_bytes, err) < 0)
		return failed(err, "rbd: resize error", "rbd resize '%s' error", image);
	return 0;
}

int rbd_snap(struct sim_storage *s, const char *image, const char *snap, struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);

	if (!pool)
		return pxc_context(err, "rbd snapshot '%s' error", image);
	if (rbd_ops(s)->snap_create(pool, image, snap, err) < 0)
		return failed(err, "rbd: failed to create snapshot", "rbd snapshot '%s' error",
			      image);
	return 0;
}

int rbd_snap_remove(struct sim_storage *s, const char *image, const char *snap, struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);

	if (!pool)
		return pxc_context(err, "rbd error");
	if (rbd_ops(s)->snap_remove(pool, image, snap, err) < 0)
		return failed(err, "rbd: failed to remove snapshot", "rbd snapshot '%s' error",
			      image);
	return 0;
}

int rbd_rollback(struct sim_storage *s, const char *image, const char *snap, struct pxc_err *err)
{
	struct ceph_pool *pool = rbd_pool(s, err);

	if (!pool)
		return pxc_context(err, "rbd snapshot %s to '%s' error", image, snap);
	if (rbd_ops(s)->snap_rollback(pool, image, snap, err) < 0)
		return failed(err, "rbd: rollback failed", "rbd snapshot %s to '%s' error", image,
			      snap);
	return 0;
}
