/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

#define SPARE_CHUNKS 6u /* beside those in flight: being read, decompressed from, and hashed */
#define DEPTH 16u
#define TRIES 3 /* of a source that changes while it is read */
#define SECTOR 512u

/* One try of one import. */
struct import {
	struct ceph_pool *pool;
	const struct ceph_import *job;
	struct ceph_imported *ret;
	struct source *source, *unpacked; /* unpacked NULL: the source is not compressed */
	struct chunks *chunks;
	struct digest *digest;
	struct chunk *first; /* of what will be written, when it is known what it is */
	enum format outer, inner;
};

/* --- raw ------------------------------------------------------------------------------------------------------ */

static int next_chunk(struct import *im, struct chunk **ret, struct pxc_err *err)
{
	struct source *s = im->unpacked ? im->unpacked : im->source;
	struct chunk *c = chunk_get(im->chunks);

	if (source_fill(s, c->data, CHUNK_SIZE, &c->len, err) < 0) {
		chunk_put(c);
		return -1;
	}
	if (!im->unpacked && c->len)
		digest_add(im->digest, c);
	*ret = c;
	return 0;
}

static int copy_raw(struct import *im, struct writer *w, struct pxc_err *err)
{
	struct chunk *c = im->first;

	im->first = NULL;
	while (c->len) {
		if (writer_add(w, c, err) < 0 || next_chunk(im, &c, err) < 0)
			return -1;
	}
	chunk_put(c);
	return writer_finish(w, im->ret, err);
}

static int import_raw(struct import *im, struct pxc_err *err)
{
	uint64_t size = im->unpacked ? 0 : im->source->size;
	struct writer *w = NULL;
	int r;

	if (writer_open(im->pool, im->job, (size + SECTOR - 1) / SECTOR * SECTOR, &w, err) < 0)
		return -1;
	r = copy_raw(im, w, err);
	writer_close(w);
	return r;
}

/* --- qcow2 and vmdk ------------------------------------------------------------------------------------------- */

static ssize_t read_at(void *context, void *buf, size_t len, uint64_t offset)
{
	return pread(*(const int *)context, buf, len, (off_t)offset);
}

static int write_all(int fd, const void *bytes, size_t len, struct pxc_err *err)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pxc_fail(err, PXC_EREMOTE,
					"the work file cannot be written: %s (see work_dir)",
					strerror(errno));
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A file without a name: whatever happens to us, nothing stays. */
static int open_work_file(const struct ceph_import *job, int *ret, struct pxc_err *err)
{
	const char *dir = job->work_dir ? job->work_dir : getenv("TMPDIR");

	if (!dir || !*dir)
		dir = "/var/tmp";
	*ret = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*ret < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		auto_free char *path = pxc_printf("%s/pxc-import-XXXXXX", dir);

		*ret = mkostemp(path, O_CLOEXEC);
		if (*ret >= 0)
			(void)unlink(path);
	}
	return *ret < 0 ? pxc_fail(err, PXC_EINVAL,
				   "no work file can be made in %s: %s (see work_dir)", dir,
				   strerror(errno))
			: 0;
}

static int spool(struct import *im, int fd, struct pxc_err *err)
{
	struct chunk *c = im->first;
	uint64_t max = im->job->max_bytes, at = 0;

	im->first = NULL;
	while (c->len) {
		int r = write_all(fd, c->data, c->len, err);

		at += c->len;
		chunk_put(c);
		if (r == 0 && max && at > max)
			r = pxc_fail(err, PXC_EINVAL, "the file is larger than max_size");
		if (r < 0 || next_chunk(im, &c, err) < 0)
			return -1;
	}
	chunk_put(c);
	return 0;
}

/* The rest of a local file for its checksum, beside qemu-img, which reads it in its own order. */
static void *hash_rest(void *arg)
{
	struct import *im = arg;
	struct pxc_err *err = pxc_calloc(1, sizeof(*err));
	struct chunk *c = NULL;

	while (next_chunk(im, &c, err) == 0) {
		size_t n = c->len;

		chunk_put(c);
		if (n == 0)
			break;
	}
	if (err->kind == PXC_OK) {
		free(err);
		return NULL;
	}
	return err;
}

static int check_size(const struct import *im, uint64_t size, struct pxc_err *err)
{
	uint64_t max = im->job->max_bytes ? im->job->max_bytes : (uint64_t)8 << 40;

	if (size == 0 || size > (uint64_t)1 << 62)
		return pxc_fail(err, PXC_EINVAL, "its size, %" PRIu64 " bytes, makes no sense",
				size);
	if (size > max)
		return pxc_fail(err, PXC_EINVAL,
				"the image has %" PRIu64 " GiB, and at most %" PRIu64
				" GiB are accepted: set max_size if that is right",
				size >> 30, max >> 30);
	return 0;
}

static int size_image(struct import *im, uint64_t size, struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;
	int rc;

	if (size < im->job->min_bytes)
		size = im->job->min_bytes;
	size = (size + SECTOR - 1) / SECTOR * SECTOR;
	if (ceph_open(im->pool, im->job->image, &rbd, err) < 0)
		return -1;
	rc = rbd_resize2(rbd, 0, true, ceph_no_progress, NULL);
	if (rc == 0)
		rc = rbd_resize2(rbd, size, true, ceph_no_progress, NULL);
	im->ret->size_bytes = size;
	return rc < 0 ? ceph_fail(err, im->pool, rc, "image %s/%s: resize", im->pool->name,
				  im->job->image)
		      : 0;
}

static int convert(struct import *im, int fd, struct pxc_err *err)
{
	struct format_file file = { .read = read_at, .context = &fd };
	uint64_t size = 0;

	if (format_check(im->inner, &file, &size, err) < 0 || check_size(im, size, err) < 0 ||
	    size_image(im, size, err) < 0)
		return -1;
	return qemu_convert(im->pool, im->job->image, fd, im->inner, err);
}

static int convert_local(struct import *im, struct pxc_err *err)
{
	struct pxc_err *hashing = NULL;
	pthread_t thread;
	void *result = NULL;
	int r;

	chunk_put(im->first);
	im->first = NULL;
	if (pthread_create(&thread, NULL, hash_rest, im) != 0)
		pxc_oom();
	r = convert(im, im->source->fd, err);
	(void)pthread_join(thread, &result);
	hashing = result;
	if (hashing && r == 0) {
		*err = *hashing;
		r = -1;
	}
	free(hashing);
	return r;
}

static int import_file(struct import *im, struct pxc_err *err)
{
	int fd = -1, r;

	if (!im->unpacked && im->source->fd >= 0)
		return convert_local(im, err);
	if (open_work_file(im->job, &fd, err) < 0)
		return -1;
	r = spool(im, fd, err);
	if (r == 0)
		r = convert(im, fd, err);
	(void)close(fd);
	return r;
}

/* --- all ------------------------------------------------------------------------------------------------------ */

static int detect(struct import *im, enum format *ret, struct pxc_err *err)
{
	if (format_detect(im->first->data, im->first->len, ret, err) < 0)
		return pxc_context(err, "%s", im->source->name);
	return 0;
}

static int look(struct import *im, struct pxc_err *err)
{
	struct chunk *packed;

	if (next_chunk(im, &im->first, err) < 0 || detect(im, &im->outer, err) < 0)
		return -1;
	im->inner = im->outer;
	if (im->outer < FORMAT_GZIP)
		return 0;
	packed = im->first;
	im->first = NULL;
	if (unpack_open(im->source, im->chunks, im->digest, packed, &im->unpacked, err) < 0 ||
	    next_chunk(im, &im->first, err) < 0 || detect(im, &im->inner, err) < 0)
		return -1;
	if (im->inner >= FORMAT_GZIP)
		return pxc_fail(err, PXC_EINVAL, "%s is compressed twice: unpack it first",
				im->source->name);
	return 0;
}

/* What a decompressor did not want any more still belongs to the source. */
static int drain(struct import *im, struct pxc_err *err)
{
	struct source *unpacked = im->unpacked;
	struct chunk *c = NULL;
	size_t n;

	if (!unpacked)
		return 0;
	im->unpacked = NULL;
	unpacked->close(unpacked);
	do {
		if (next_chunk(im, &c, err) < 0)
			return -1;
		n = c->len;
		chunk_put(c);
	} while (n);
	return 0;
}

static int check_sum(struct import *im, struct pxc_err *err)
{
	const char *want = im->job->checksum;

	digest_finish(im->digest, im->ret->checksum, sizeof(im->ret->checksum));
	if (want && im->digest && !str_eq(want, im->ret->checksum))
		return pxc_fail(err, PXC_EINVAL,
				"%s has another checksum than it should: %s, not %s",
				im->source->name, im->ret->checksum, want);
	return source_unchanged(im->source, err);
}

static int work(struct import *im, struct pxc_err *err)
{
	bool packed;
	int r;

	if (look(im, err) < 0)
		return -1;
	packed = im->unpacked != NULL;
	r = im->inner == FORMAT_RAW ? import_raw(im, err) : import_file(im, err);
	if (r < 0 && im->inner != FORMAT_RAW && err->kind == PXC_EINVAL)
		return pxc_context(err, "%s", im->source->name);
	if (r < 0 || drain(im, err) < 0 || check_sum(im, err) < 0)
		return -1;
	(void)snprintf(im->ret->format, sizeof(im->ret->format), "%s%s%s", format_name(im->inner),
		       packed ? "+" : "", packed ? format_name(im->outer) : "");
	im->ret->source_bytes = im->source->taken;
	return 0;
}

static int once(struct ceph_pool *pool, const struct ceph_import *job, struct ceph_imported *ret,
		bool *ret_changed, struct pxc_err *err)
{
	struct import im = { .pool = pool, .job = job, .ret = ret };
	int r;

	*ret = (struct ceph_imported){ .size_bytes = 0 };
	if (digest_create(job->checksum, &im.digest, err) < 0)
		return -1;
	r = source_open(job, &im.source, err);
	if (r == 0) {
		im.chunks = chunks_create((job->depth ? job->depth : DEPTH) + SPARE_CHUNKS);
		r = work(&im, err);
		*ret_changed = im.source->changed;
	}
	if (im.first)
		chunk_put(im.first);
	if (im.unpacked)
		im.unpacked->close(im.unpacked);
	digest_free(im.digest);
	if (im.source)
		im.source->close(im.source);
	chunks_free(im.chunks);
	return r;
}

int ceph_import(struct ceph_pool *pool, const struct ceph_import *job, struct ceph_imported *ret,
		struct pxc_err *err)
{
	for (int attempt = 1;; attempt++) {
		bool changed = false;

		if (once(pool, job, ret, &changed, err) == 0)
			return 0;
		if (!changed)
			return -1;
		if (attempt == TRIES)
			return pxc_context(err, "given up after %d times", TRIES);
	}
}
