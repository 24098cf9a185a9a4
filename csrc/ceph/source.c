/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

struct file_source {
	struct source base; /* first */
	struct stat before;
	off_t at, data_end; /* up to there are no holes that we know of */
};

static struct file_source *up(struct source *self)
{
	return (struct file_source *)self;
}

/* How many bytes from here on the file system has nothing for. */
static off_t hole(struct file_source *f)
{
	off_t size = f->before.st_size, data;

	if (f->at < f->data_end)
		return 0;
	data = lseek(f->base.fd, f->at, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return size - f->at;
	f->data_end = data < 0 ? size : lseek(f->base.fd, data, SEEK_HOLE);
	if (f->data_end < 0)
		f->data_end = size;
	return data > f->at ? data - f->at : 0;
}

static int fill_from_file(struct source *self, struct chunk *c, struct pxc_err *err)
{
	struct file_source *f = up(self);
	off_t empty = hole(f), left = f->before.st_size - f->at;
	ssize_t n = 1;

	if (empty > 0 && (empty >= (off_t)CHUNK_SIZE || empty == left)) {
		c->hole = true;
		c->len = (size_t)(left < (off_t)CHUNK_SIZE ? left : (off_t)CHUNK_SIZE);
		f->at += (off_t)c->len;
		return 0;
	}
	while (c->len < CHUNK_SIZE && n != 0) {
		n = pread(self->fd, c->data + c->len, CHUNK_SIZE - c->len, f->at);
		if (n < 0 && errno != EINTR)
			return pxc_fail(err, PXC_EREMOTE, "%s: %s", self->name, strerror(errno));
		if (n > 0) {
			c->len += (size_t)n;
			f->at += n;
		}
	}
	return 0;
}

static void close_file(struct source *self)
{
	if (self->fd >= 0)
		(void)close(self->fd);
	free(self->name);
	free(self);
}

/* What a writer leaves behind even if it sets the time back: st_ctim. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int source_unchanged(const struct source *s, struct pxc_err *err)
{
	struct stat now;

	if (s->fill != fill_from_file)
		return 0;
	if (fstat(s->fd, &now) == 0 && is_same(&now, &((const struct file_source *)s)->before))
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"%s was changed while it was read: import it when it is finished", s->name);
}

static int refuse(struct file_source *f, int code, struct pxc_err *err)
{
	if (code == ENOENT)
		(void)pxc_fail(err, PXC_ENOTFOUND, "there is no file %s on this host",
			       f->base.name);
	else if (code == EACCES || code == EPERM)
		(void)pxc_fail(err, PXC_EDENIED, "%s may not be read by this user", f->base.name);
	else
		(void)pxc_fail(err, PXC_EINVAL, "%s cannot be read: %s", f->base.name,
			       strerror(code));
	close_file(&f->base);
	return -1;
}

static int open_file(const char *path, struct source **ret, struct pxc_err *err)
{
	struct file_source *f = pxc_calloc(1, sizeof(*f));

	f->base = (struct source){ .fill = fill_from_file,
				   .close = close_file,
				   .name = pxc_strdup(path) };
	/* O_NONBLOCK: a FIFO that nobody writes to must not stop us. */
	f->base.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->base.fd < 0 || fstat(f->base.fd, &f->before) < 0)
		return refuse(f, errno, err);
	if (!S_ISREG(f->before.st_mode))
		return refuse(f, S_ISDIR(f->before.st_mode) ? EISDIR : ESPIPE, err);
	f->base.size = (uint64_t)f->before.st_size;
	(void)posix_fadvise(f->base.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*ret = &f->base;
	return 0;
}

int source_open(const struct ceph_import *job, struct source **ret, struct pxc_err *err)
{
	const char *s = job->source;
	auto_free char *path = NULL;

	if (strncasecmp(s, "http://", 7) == 0 || strncasecmp(s, "https://", 8) == 0)
		return source_http_open(job, ret, err);
	if (strncasecmp(s, "file:", 5) != 0)
		return open_file(s, ret, err);
	path = address_file(s);
	if (!path)
		return pxc_fail(err, PXC_EINVAL,
				"%s names no file of this host: file:///path/of/the/image does", s);
	return open_file(path, ret, err);
}

int source_fill(struct source *s, struct chunk *chunk, struct pxc_err *err)
{
	chunk->len = 0;
	chunk->hole = false;
	if (s->fill(s, chunk, err) < 0)
		return -1;
	s->taken += chunk->len;
	return 0;
}
