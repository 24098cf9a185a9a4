/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

#define SPARE_CHUNKS 6u /* beside those in flight: being read, decompressed from, and hashed */
#define PACKED_DEPTH 8u /* decompressing needs memory too, and is slower than any write */

/* One attempt of one import. */
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

static int next_chunk(struct import *im, struct chunk **ret, struct pxc_err *err)
{
	struct source *s = im->unpacked ? im->unpacked : im->source;
	struct chunk *c = chunk_get(im->chunks);

	if (source_fill(s, c, err) < 0) {
		chunk_put(c);
		return -1;
	}
	if (!im->unpacked && c->len)
		digest_add(im->digest, c);
	*ret = c;
	return 0;
}

/* --- raw ------------------------------------------------------------------------------------------------------------ */

/* All chunks but the last are full, so what ends here is either the file, or its last sector is in this chunk. */
static int check_tail(const struct chunk *c, struct pxc_err *err)
{
	return c->hole ? 0 : format_detect_tail(c->data, c->len, err);
}

static int copy_raw(struct import *im, struct writer *w, struct pxc_err *err)
{
	struct chunk *c = im->first, *next = NULL;

	im->first = NULL;
	while (c->len) {
		if (next_chunk(im, &next, err) < 0) {
			chunk_put(c);
			return -1;
		}
		if (next->len == 0 && check_tail(c, err) < 0) {
			chunk_put(c);
			chunk_put(next);
			return -1;
		}
		if (writer_add(w, c, err) < 0) {
			chunk_put(next);
			return -1;
		}
		c = next;
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

/* --- qcow2 and vmdk -------------------------------------------------------------------------------------------------- */

static ssize_t read_at(void *context, void *buf, size_t len, uint64_t offset)
{
	return pread(*(const int *)context, buf, len, (off_t)offset);
}

static int spool(struct import *im, int fd, struct pxc_err *err)
{
	struct chunk *c = im->first;
	uint64_t at = 0;

	im->first = NULL;
	while (c->len) {
		int r = spool_add(fd, c, err);

		at += c->len;
		chunk_put(c);
		if (r < 0 || import_check_size(im->job, at, err) < 0 || next_chunk(im, &c, err) < 0)
			return -1;
	}
	chunk_put(c);
	return 0;
}

static int size_image(struct import *im, uint64_t size, struct pxc_err *err)
{
	auto_image rbd_image_t rbd = NULL;

	if (size < im->job->min_bytes)
		size = im->job->min_bytes;
	size = (size + SECTOR - 1) / SECTOR * SECTOR;
	im->ret->size_bytes = size;
	return ceph_open(im->pool, im->job->image, &rbd, err) < 0
		       ? -1
		       : import_empty(im->pool, im->job->image, rbd, size, err);
}

static int convert(struct import *im, int fd, struct pxc_err *err)
{
	struct format_file file = { .read = read_at, .context = &fd };
	uint64_t size = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return pxc_fail(err, PXC_EREMOTE, "the file's size: %s", strerror(errno));
	file.size = (uint64_t)st.st_size;
	if (format_check(im->inner, &file, &size, err) < 0 ||
	    import_check_size(im->job, size, err) < 0 || size_image(im, size, err) < 0)
		return -1;
	return qemu_convert(im->pool, im->job, fd, im->inner, size, err);
}

struct hashing {
	struct import *im;
	struct pxc_err err;
	int r;
};

/* The rest of a local file for its checksum, beside qemu-img, which reads it in its own order. */
static void *hash_rest(void *arg)
{
	struct hashing *h = arg;
	struct chunk *c;
	size_t n = 1;

	while (n && (h->r = next_chunk(h->im, &c, &h->err)) == 0) {
		n = c->len;
		chunk_put(c);
	}
	return NULL;
}

static int convert_local(struct import *im, struct pxc_err *err)
{
	struct hashing h = { .im = im };
	pthread_t thread;
	int r;

	chunk_put(im->first);
	im->first = NULL;
	if (!im->digest)
		return convert(im, im->source->fd, err);
	if (pthread_create(&thread, NULL, hash_rest, &h) != 0)
		pxc_oom();
	r = convert(im, im->source->fd, err);
	(void)pthread_join(thread, NULL);
	if (r == 0 && h.r < 0)
		*err = h.err;
	return r < 0 ? r : h.r;
}

static int import_file(struct import *im, struct pxc_err *err)
{
	int fd = -1, r;

	if (!im->unpacked && im->source->fd >= 0)
		return convert_local(im, err);
	if (spool_create(im->job, &fd, err) < 0)
		return -1;
	r = spool(im, fd, err);
	if (r == 0)
		r = convert(im, fd, err);
	(void)close(fd);
	return r;
}

/* --- all ------------------------------------------------------------------------------------------------------------- */

static int look(struct import *im, struct pxc_err *err)
{
	struct chunk *packed;

	if (next_chunk(im, &im->first, err) < 0)
		return -1;
	if (im->first->hole)
		memset(im->first->data, 0, im->first->len);
	if (format_detect(im->first->data, im->first->len, &im->outer, err) < 0)
		return -1;
	im->inner = im->outer;
	if (im->outer < FORMAT_GZIP)
		return 0;
	chunks_shrink(im->chunks, PACKED_DEPTH + SPARE_CHUNKS);
	packed = im->first;
	im->first = NULL;
	im->unpacked = unpack_open(im->source, im->outer, im->chunks, im->digest, packed);
	if (next_chunk(im, &im->first, err) < 0 ||
	    format_detect(im->first->data, im->first->len, &im->inner, err) < 0)
		return -1;
	return im->inner >= FORMAT_GZIP
		       ? pxc_fail(err, PXC_EINVAL, "it is compressed twice: unpack it first")
		       : 0;
}

/* What a decompressor did not want any more still belongs to the source. */
static int drain(struct import *im, struct pxc_err *err)
{
	struct chunk *c = NULL;
	size_t n = 1;

	if (!im->unpacked)
		return 0;
	im->unpacked->close(im->unpacked);
	im->unpacked = NULL;
	while (n) {
		if (next_chunk(im, &c, err) < 0)
			return -1;
		n = c->len;
		chunk_put(c);
	}
	return 0;
}

static int check_sum(struct import *im, struct pxc_err *err)
{
	const char *want = im->job->checksum;

	digest_finish(im->digest, im->ret->checksum, sizeof(im->ret->checksum));
	if (want && im->digest && strcasecmp(want, im->ret->checksum) != 0)
		return pxc_fail(err, PXC_EINVAL,
				"%s has another checksum than it should: %s, not %s",
				im->source->name, im->ret->checksum, want);
	return source_unchanged(im->source, err);
}

/* What is wrong with what is in the source is told with its name. */
static int fill_image(struct import *im, struct pxc_err *err)
{
	int r = look(im, err);

	if (r == 0)
		r = im->inner == FORMAT_RAW ? import_raw(im, err) : import_file(im, err);
	if (r < 0 && err->kind == PXC_EINVAL && !strstr(err->msg, im->source->name))
		(void)pxc_context(err, "%s", im->source->name);
	return r;
}

static int attempt(struct import *im, struct pxc_err *err)
{
	if (fill_image(im, err) < 0 || drain(im, err) < 0 || check_sum(im, err) < 0)
		return -1;
	(void)snprintf(im->ret->format, sizeof(im->ret->format), "%s%s%s", format_name(im->inner),
		       im->outer != im->inner ? "+" : "",
		       im->outer != im->inner ? format_name(im->outer) : "");
	im->ret->source_bytes = im->source->taken;
	return 0;
}

static int once(struct ceph_pool *pool, const struct ceph_import *job, struct ceph_imported *ret,
		bool *ret_stale, struct pxc_err *err)
{
	struct import im = { .pool = pool, .job = job, .ret = ret };
	int r;

	*ret = (struct ceph_imported){ .size_bytes = 0 };
	if (digest_create(job->checksum, &im.digest, err) < 0)
		return -1;
	r = source_open(job, &im.source, err);
	if (r == 0) {
		im.chunks = chunks_create((job->depth ? job->depth : IMPORT_DEPTH) + SPARE_CHUNKS);
		r = attempt(&im, err);
		*ret_stale = im.source->stale;
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

/* The contract says that it is: what somebody else has put there is not ours to discard. */
static int check_target(struct ceph_pool *pool, const char *image, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image found = { .size_bytes = 0 };

	if (ceph_look(pool, image, &arena, &found, err) < 0)
		return -1;
	if (found.problem)
		return pxc_fail(err, PXC_EREMOTE, "image %s/%s: %s: remove it", pool->name, image,
				found.problem);
	if (found.size_bytes)
		return pxc_fail(err, PXC_ECONFLICT, "image %s/%s is not empty", pool->name, image);
	return 0;
}

int ceph_import(struct ceph_pool *pool, const struct ceph_import *job, struct ceph_imported *ret,
		struct pxc_err *err)
{
	unsigned tries = job->tries ? job->tries : IMPORT_TRIES;

	if (check_target(pool, job->image, err) < 0)
		return -1;
	for (unsigned i = 1;; i++) {
		bool stale = false;

		if (once(pool, job, ret, &stale, err) == 0)
			return 0;
		if (!stale)
			return -1;
		if (i >= tries)
			return pxc_context(err, "given up after %u attempts", i);
	}
}
