/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only file of this layer that is part of the program; all others make up pxc-ceph.so. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ceph/ceph.h"

#define FILE_NAME "pxc-ceph.so"

/* The library in the folder of the running program; "" when that is not known. */
static void beside_us(char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *slash;

	path[0] = '\0';
	if (n <= 0)
		return;
	self[n] = '\0';
	slash = strrchr(self, '/');
	(void)snprintf(path, size, "%.*s/" FILE_NAME, (int)(slash - self), self);
}

static void *open_library(char *why, size_t size)
{
	const char *folder = secure_getenv("PXC_CEPH_DIR");
	char path[PATH_MAX + sizeof(FILE_NAME) + 1];
	void *library;

	if (folder)
		(void)snprintf(path, sizeof(path), "%s/" FILE_NAME, folder);
	else
		beside_us(path, sizeof(path));
	if (!*path || access(path, R_OK) < 0)
		(void)snprintf(path, sizeof(path), FILE_NAME);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		(void)snprintf(why, size, "%s", dlerror());
	return library;
}

int ceph_load(const struct ceph_ops **ret, struct pxc_err *err)
{
	static const struct ceph_ops *loaded;
	const struct ceph_ops *const *table;
	char why[400] = "";
	void *library;

	if (!loaded) {
		library = open_library(why, sizeof(why));
		if (!library)
			return pxc_fail(
				err, PXC_ENOTFOUND,
				"this task needs Ceph, whose libraries cannot be loaded here (%s): install "
				"librbd1, librados2 and libarchive13, or delegate the task to a host that "
				"has them",
				why);
		table = dlsym(library, CEPH_TABLE_SYMBOL);
		if (!table || !*table || (*table)->abi != CEPH_ABI)
			return pxc_fail(err, PXC_EBUG,
					FILE_NAME " belongs to another build of the collection");
		loaded = *table;
	}
	*ret = loaded;
	return 0;
}
