/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ceph/parts.h"

static enum pxc_errkind kind_of(int code)
{
	switch (code) {
	case ENOENT:
		return PXC_ENOTFOUND;
	case EEXIST:
		return PXC_ECONFLICT;
	case EBUSY:
	case ENOTEMPTY:
	case EAGAIN:
	case ESTALE: /* it was taken away under our hands: what is left of it shows at the next try */
		return PXC_EBUSY;
	case EPERM:
	case EACCES:
		return PXC_EDENIED;
	case ETIMEDOUT:
		return PXC_ETIMEOUT;
	case EINVAL:
	case ENAMETOOLONG:
	case ERANGE:
	case EFBIG:
	case ECANCELED:
		return PXC_EINVAL;
	default:
		return PXC_EREMOTE;
	}
}

static int why(const struct ceph_pool *pool, int code, char *text, size_t size)
{
	switch (code) {
	case ENOENT:
		return snprintf(text, size, "there is no such thing in pool %s", pool->name);
	case EEXIST:
		return snprintf(text, size, "it exists already");
	case ESTALE:
		return snprintf(text, size, "another client is removing it");
	case EPERM:
	case EACCES:
		return snprintf(text, size,
				"Ceph does not allow it: the user needs the capabilities mon "
				"'profile rbd', osd 'profile rbd pool=%s'",
				pool->name);
	case ETIMEDOUT:
		return snprintf(text, size,
				"Ceph did not answer within %u s (pool %s): see ceph health",
				(pool->ceph->timeout_ms + 999) / 1000, pool->name);
	case ENOSPC:
		return snprintf(text, size, "pool %s is full", pool->name);
	case EDQUOT:
		return snprintf(text, size, "pool %s is full: its quota is used up", pool->name);
	case ECANCELED:
		return snprintf(text, size, "cancelled");
	case ESHUTDOWN:
		return snprintf(text, size,
				"Ceph shut this client out (ceph osd blocklist ls shows it)");
	default:
		return snprintf(text, size, "%s", strerror(code));
	}
}

int ceph_fail(struct pxc_err *err, const struct ceph_pool *pool, int rc, const char *what, ...)
{
	char context[512], reason[256];
	va_list ap;

	va_start(ap, what);
	(void)vsnprintf(context, sizeof(context), what, ap);
	va_end(ap);
	(void)why(pool, -rc, reason, sizeof(reason));
	return pxc_fail(err, kind_of(-rc), "%s: %s", context, reason);
}
