/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A work file without a name, for what must be read at random: whatever happens to us, nothing stays. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

int spool_create(const struct ceph_import *job, int *ret, struct pxc_err *err)
{
	const char *dir = job->work_dir ? job->work_dir : secure_getenv("TMPDIR");
	int fd;

	if (!dir || !*dir)
		dir = "/var/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) { /* NFS, old file systems */
		auto_free char *path = pxc_printf("%s/pxc-import-XXXXXX", dir);

		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			(void)unlink(path);
	}
	if (fd < 0)
		return pxc_fail(
			err, PXC_EINVAL,
			"a work file is needed, and cannot be made in %s: %s (work_dir names "
			"another folder)",
			dir, strerror(errno));
	*ret = fd;
	return 0;
}

int spool_add(int fd, const struct chunk *chunk, struct pxc_err *err)
{
	const unsigned char *at = chunk->data;
	size_t left = chunk->len;

	while (left) {
		ssize_t n = write(fd, at, left);

		if (n < 0 && errno != EINTR)
			return pxc_fail(
				err, PXC_EREMOTE,
				"the work file cannot be written: %s (work_dir names another "
				"folder than TMPDIR or /var/tmp)",
				strerror(errno));
		if (n > 0) {
			at += n;
			left -= (size_t)n;
		}
	}
	return 0;
}
