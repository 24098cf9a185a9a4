/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gzip, xz and zstd by libarchive, as a source around another. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

struct unpacker {
	struct source base; /* first */
	struct source *inner;
	struct chunks *pool;
	struct digest *digest;
	struct chunk *chunk; /* what libarchive reads from now */
	bool begun;          /* it has got the first chunk */
	struct archive *archive;
	struct pxc_err err; /* of the inner source */
};

static struct unpacker *up(struct source *self)
{
	return (struct unpacker *)self;
}

static la_ssize_t feed(struct archive *a, void *arg, const void **ret)
{
	struct unpacker *u = arg;

	/* The first chunk was read, and counted, by whoever looked what it is. */
	if (!u->begun) {
		u->begun = true;
		*ret = u->chunk->data;
		return (la_ssize_t)u->chunk->len;
	}
	if (u->chunk)
		chunk_put(u->chunk);
	u->chunk = chunk_get(u->pool);
	if (source_fill(u->inner, u->chunk->data, CHUNK_SIZE, &u->chunk->len, &u->err) < 0) {
		archive_set_error(a, EIO, "source");
		return -1;
	}
	if (u->chunk->len)
		digest_add(u->digest, u->chunk);
	*ret = u->chunk->data;
	return (la_ssize_t)u->chunk->len;
}

static int failed(struct unpacker *u, struct pxc_err *err)
{
	if (u->err.kind != PXC_OK) {
		*err = u->err;
		return -1;
	}
	return pxc_fail(err, PXC_EINVAL, "%s cannot be decompressed: %s", u->inner->name,
			archive_error_string(u->archive) ? archive_error_string(u->archive)
							 : "it is damaged, or ends too early");
}

static int unpack_read(struct source *self, void *buf, size_t len, size_t *ret_n,
		       struct pxc_err *err)
{
	struct unpacker *u = up(self);
	la_ssize_t n = archive_read_data(u->archive, buf, len);

	if (n < 0)
		return failed(u, err);
	*ret_n = (size_t)n;
	return 0;
}

static void unpack_close(struct source *self)
{
	struct unpacker *u = up(self);

	(void)archive_read_free(u->archive);
	if (u->chunk)
		chunk_put(u->chunk);
	free(self->name);
	free(u);
}

int unpack_open(struct source *inner, struct chunks *pool, struct digest *digest,
		struct chunk *first, struct source **ret, struct pxc_err *err)
{
	struct unpacker *u = pxc_calloc(1, sizeof(*u));
	struct archive_entry *entry;

	u->base = (struct source){ .read = unpack_read,
				   .close = unpack_close,
				   .fd = -1,
				   .name = pxc_strdup(inner->name) };
	u->inner = inner;
	u->pool = pool;
	u->digest = digest;
	u->chunk = first;
	u->archive = archive_read_new();
	if (!u->archive)
		pxc_oom();
	/* Only these: nothing is taken for an archive of files, and no program is run for a filter. */
	(void)archive_read_support_filter_gzip(u->archive);
	(void)archive_read_support_filter_xz(u->archive);
	(void)archive_read_support_filter_zstd(u->archive);
	(void)archive_read_support_format_raw(u->archive);
	if (archive_read_open(u->archive, u, NULL, feed, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(u->archive, &entry) != ARCHIVE_OK) {
		(void)failed(u, err);
		unpack_close(&u->base);
		return -1;
	}
	*ret = &u->base;
	return 0;
}
