/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

int file_write(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t put = write(fd, bytes, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes += put;
		n -= (size_t)put;
	}
	return fsync(fd);
}

char *file_folder(const char *path)
{
	char *folder = pxc_strdup(path), *slash = strrchr(folder, '/');

	if (!slash) {
		free(folder);
		return pxc_strdup(".");
	}
	slash[slash == folder] = '\0';
	return folder;
}

void file_sync_folder(const char *path)
{
	auto_free char *folder = file_folder(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

static char *name_beside(const char *path)
{
	auto_free char *folder = file_folder(path);
	const char *slash = strrchr(path, '/');

	return pxc_printf("%s/.%s.%ld.new", folder, slash ? slash + 1 : path, (long)getpid());
}

int file_replace(const char *path, const char *bytes, size_t n, mode_t mode)
{
	auto_free char *name = name_beside(path);
	int fd, r, why;

	/* One that a killed run of this number has left. */
	(void)unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -1;
	r = fchmod(fd, mode) < 0 ? -1 : file_write(fd, bytes, n);
	why = errno;
	if (close(fd) < 0 && r == 0) {
		r = -1;
		why = errno;
	}
	if (r == 0 && rename(name, path) < 0) {
		r = -1;
		why = errno;
	}
	if (r < 0) {
		(void)unlink(name);
		errno = why;
		return -1;
	}
	file_sync_folder(path);
	return 0;
}

static int same_bytes(int fd, const char *bytes, size_t n)
{
	char block[65536];

	for (;;) {
		ssize_t got = read(fd, block, sizeof(block));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			return n == 0;
		if ((size_t)got > n || memcmp(block, bytes, (size_t)got) != 0)
			return 0;
		bytes += got;
		n -= (size_t)got;
	}
}

int file_holds(const char *path, const char *bytes, size_t n)
{
	struct stat st;
	int fd, r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	if ((size_t)st.st_size != n)
		return 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? 0 : -1;
	r = same_bytes(fd, bytes, n);
	(void)close(fd);
	return r;
}
