/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How large the image becomes. */
#include <inttypes.h>

#include "base/units.h"
#include "ceph/import_parts.h"

uint64_t import_max(const struct ceph_import *job)
{
	return job->max_bytes ? job->max_bytes : IMPORT_MAX_BYTES;
}

int import_check_size(const struct ceph_import *job, uint64_t size, struct pxc_err *err)
{
	char is[32], may[32];

	if (size <= import_max(job))
		return 0;
	size_format(size, is, sizeof(is));
	size_format(import_max(job), may, sizeof(may));
	return pxc_fail(err, PXC_EINVAL,
			"it is, or becomes, a disk of %s (%" PRIu64 " bytes) or more, and at most "
			"%s are accepted: %s",
			is, size, may,
			job->max_why ? job->max_why : "set max_size if that is right");
}

/* librbd calls this without asking whether there is one. */
static int no_progress(uint64_t done, uint64_t total, void *context)
{
	(void)done, (void)total, (void)context;
	return 0;
}

int import_resize(struct ceph_pool *pool, const char *image, rbd_image_t rbd, uint64_t size,
		  struct pxc_err *err)
{
	int rc = rbd_resize2(rbd, size, true, no_progress, NULL);

	return rc < 0 ? ceph_fail(err, pool, rc, "image %s/%s: resize", pool->name, image) : 0;
}

int import_empty(struct ceph_pool *pool, const char *image, rbd_image_t rbd, uint64_t size,
		 struct pxc_err *err)
{
	uint64_t now = 1;

	(void)rbd_get_size(rbd, &now);
	if (now && import_resize(pool, image, rbd, 0, err) < 0)
		return -1;
	return import_resize(pool, image, rbd, size, err);
}
