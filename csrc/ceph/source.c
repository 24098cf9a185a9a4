/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

struct file_source {
	struct source base; /* first */
	struct stat before;
};

static int file_read(struct source *self, void *buf, size_t len, size_t *ret_n, struct pxc_err *err)
{
	ssize_t n;

	do {
		n = read(self->fd, buf, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return pxc_fail(err, PXC_EREMOTE, "%s: %s", self->name, strerror(errno));
	*ret_n = (size_t)n;
	return 0;
}

static void file_close(struct source *self)
{
	(void)close(self->fd);
	free(self->name);
	free(self);
}

int source_unchanged(const struct source *s, struct pxc_err *err)
{
	const struct stat *b;
	struct stat now;

	if (s->read != file_read)
		return 0;
	b = &((const struct file_source *)s)->before;
	if (fstat(s->fd, &now) == 0 && now.st_size == b->st_size &&
	    now.st_mtim.tv_sec == b->st_mtim.tv_sec && now.st_mtim.tv_nsec == b->st_mtim.tv_nsec)
		return 0;
	return pxc_fail(err, PXC_EINVAL, "%s was changed while it was read", s->name);
}

static int file_open(const char *path, struct source **ret, struct pxc_err *err)
{
	struct file_source *f = pxc_calloc(1, sizeof(*f));

	f->base = (struct source){ .read = file_read, .close = file_close };
	f->base.name = pxc_strdup(path);
	f->base.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->base.fd < 0 || fstat(f->base.fd, &f->before) < 0) {
		(void)pxc_fail(err, errno == ENOENT ? PXC_ENOTFOUND : PXC_EINVAL, "%s: %s", path,
			       strerror(errno));
		file_close(&f->base);
		return -1;
	}
	if (!S_ISREG(f->before.st_mode)) {
		(void)pxc_fail(err, PXC_EINVAL, "%s is no file", path);
		file_close(&f->base);
		return -1;
	}
	f->base.size = (uint64_t)f->before.st_size;
	(void)posix_fadvise(f->base.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*ret = &f->base;
	return 0;
}

char *source_public_name(const char *source)
{
	const char *scheme = strstr(source, "://");
	const char *host = scheme ? scheme + 3 : source;
	size_t len = strcspn(host, "/?#");
	const char *at = scheme ? memrchr(host, '@', len) : NULL;

	return at ? pxc_printf("%.*s%s", (int)(host - source), source, at + 1) : pxc_strdup(source);
}

int source_open(const struct ceph_import *job, struct source **ret, struct pxc_err *err)
{
	const char *s = job->source;

	if (str_starts(s, "http://") || str_starts(s, "https://"))
		return source_http_open(job, ret, err);
	if (str_starts(s, "file://"))
		return file_open(s + strlen("file://"), ret, err);
	return file_open(s, ret, err);
}

int source_fill(struct source *s, void *buf, size_t len, size_t *ret_n, struct pxc_err *err)
{
	size_t n = 1;

	for (*ret_n = 0; *ret_n < len && n; *ret_n += n)
		if (s->read(s, (char *)buf + *ret_n, len - *ret_n, &n, err) < 0)
			return -1;
	s->taken += *ret_n;
	return 0;
}
