/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import_bench.c - the import engine by itself, for tests and figures, on a running cluster.
 *
 *	import_bench import CONF POOL IMAGE SOURCE [checksum=sha256:...|none] [depth=N] [max=BYTES] [min=BYTES] [work_dir=DIR]
 *	            [stall=MS] [tries=N] [ca=PATH]
 *	import_bench rados CONF POOL PREFIX SOURCE     writes the file as plain objects of 4 MiB, 16 in flight: the ceiling
 *
 * IMAGE must not be there. Prints one JSON object: what struct ceph_imported says and peak memory, or {"kind", "error"} with status 1.
 */
#include <fcntl.h>
#include <pthread.h>
#include <rados/librados.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "ceph/ceph.h"

#define OBJECT ((size_t)4 << 20)
#define IN_FLIGHT 16

static int failed(const struct pxc_err *err)
{
	json_auto_t *o = json_pack("{s:i,s:s}", "kind", (int)err->kind, "error", err->msg);

	(void)json_dumpf(o, stdout, JSON_COMPACT);
	(void)puts("");
	return 1;
}

static int usage(void)
{
	(void)fputs("usage: import_bench import|rados CONF POOL NAME SOURCE [key=value...]\n",
		    stderr);
	return 2;
}

static bool option(struct ceph_import *job, const char *text)
{
	const char *value = strchr(text, '=');

	if (!value++)
		return false;
	if (str_starts(text, "checksum="))
		job->checksum = value;
	else if (str_starts(text, "depth="))
		job->depth = (unsigned)strtoul(value, NULL, 10);
	else if (str_starts(text, "max="))
		job->max_bytes = strtoull(value, NULL, 10);
	else if (str_starts(text, "min="))
		job->min_bytes = strtoull(value, NULL, 10);
	else if (str_starts(text, "work_dir="))
		job->work_dir = value;
	else if (str_starts(text, "stall="))
		job->stall_ms = (uint32_t)strtoul(value, NULL, 10);
	else if (str_starts(text, "tries="))
		job->tries = (unsigned)strtoul(value, NULL, 10);
	else if (str_starts(text, "ca="))
		job->ca_path = value;
	else
		return false;
	return true;
}

static void report(const struct ceph_imported *got)
{
	struct rusage own, children;
	json_auto_t *o = NULL;

	(void)getrusage(RUSAGE_SELF, &own);
	(void)getrusage(RUSAGE_CHILDREN, &children);
	o = json_pack("{s:I,s:I,s:I,s:s,s:s,s:I}", "size", (json_int_t)got->size_bytes, "written",
		      (json_int_t)got->written_bytes, "source", (json_int_t)got->source_bytes,
		      "checksum", got->checksum, "format", got->format, "memory_kib",
		      (json_int_t)(own.ru_maxrss + children.ru_maxrss));
	(void)json_dumpf(o, stdout, JSON_COMPACT);
	(void)puts("");
}

static int import(int argc, char **argv)
{
	struct ceph_options options = { .conf = argv[2], .timeout_ms = 10000 };
	struct ceph_import job = { .image = argv[4], .source = argv[5] };
	struct pxc_arena arena = { .head = NULL };
	struct ceph_imported got;
	const struct ceph_ops *ops;
	struct ceph *ceph = NULL;
	struct ceph_pool *pool = NULL;
	struct pxc_err err = { .kind = PXC_OK };
	int r;

	for (int i = 6; i < argc; i++)
		if (!option(&job, argv[i]))
			return usage();
	if (ceph_load(&ops, &err) < 0 || ops->connect(&options, &ceph, &err) < 0)
		return failed(&err);
	r = ops->pool_open(ceph, argv[3], NULL, &pool, &err);
	if (r == 0)
		r = ops->create(pool, job.image, 0, &arena, NULL, &err);
	if (r == 0)
		r = ops->import(pool, &job, &got, &err);
	if (pool)
		ops->pool_close(pool);
	ops->disconnect(ceph);
	arena_release(&arena);
	if (r < 0)
		return failed(&err);
	report(&got);
	return 0;
}

/* --- the ceiling ------------------------------------------------------------------------------------------------ */

static int write_objects(rados_ioctx_t io, const char *prefix, int fd)
{
	rados_completion_t flying[IN_FLIGHT] = { NULL };
	char *buffers[IN_FLIGHT];
	int rc = 0;

	for (size_t i = 0; i < IN_FLIGHT; i++)
		buffers[i] = pxc_alloc(OBJECT);
	for (size_t n = 0; rc == 0; n++) {
		size_t slot = n % IN_FLIGHT;
		auto_free char *name = pxc_printf("%s.%08zx", prefix, n);
		ssize_t len;

		if (flying[slot]) {
			(void)rados_aio_wait_for_complete(flying[slot]);
			rc = rados_aio_get_return_value(flying[slot]);
			rados_aio_release(flying[slot]);
			flying[slot] = NULL;
		}
		len = read(fd, buffers[slot], OBJECT);
		if (len <= 0 || rc < 0)
			break;
		(void)rados_aio_create_completion2(NULL, NULL, &flying[slot]);
		rc = rados_aio_write(io, name, flying[slot], buffers[slot], (size_t)len, 0);
	}
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		if (flying[i]) {
			(void)rados_aio_wait_for_complete(flying[i]);
			if (rc == 0)
				rc = rados_aio_get_return_value(flying[i]);
			rados_aio_release(flying[i]);
		}
		free(buffers[i]);
	}
	return rc;
}

static int ceiling(char **argv)
{
	rados_t cluster;
	rados_ioctx_t io;
	int fd = open(argv[5], O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0 || rados_create2(&cluster, "ceph", "client.admin", 0) < 0)
		return 1;
	rc = rados_conf_read_file(cluster, argv[2]);
	if (rc == 0)
		rc = rados_connect(cluster);
	if (rc == 0)
		rc = rados_ioctx_create(cluster, argv[3], &io);
	if (rc == 0) {
		rc = write_objects(io, argv[4], fd);
		rados_ioctx_destroy(io);
	}
	rados_shutdown(cluster);
	(void)close(fd);
	return rc < 0;
}

int main(int argc, char **argv)
{
	if (argc < 6)
		return usage();
	if (str_eq(argv[1], "import"))
		return import(argc, argv);
	return str_eq(argv[1], "rados") ? ceiling(argv) : usage();
}
