/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gzip, xz and zstd, by zlib, liblzma and libzstd, which check the checksums that are in the files (libarchive does not). */
#define ZLIB_CONST
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

#define WINDOW_MAX                                                                                 \
	((uint64_t)128 << 20) /* bytes of memory that a file may ask for: xz -9 asks for 65 MiB */
#define WINDOW_LOG 27         /* the same for zstd, which takes that much from --ultra -22 on */
#define WANTS_MORE                                                                                 \
	"it wants more than 128 MiB of memory to be decompressed: compress it with a lower level"
#define THREADS 4
#define TOO_EARLY "it ends too early"

struct decoder_kind {
	void (*open)(struct decoder *d);
	int (*step)(struct decoder *d, bool last);
	void (*close)(struct decoder *d);
};

static int bad(struct decoder *d, const char *why)
{
	d->why = why;
	return -1;
}

/* --- gzip -------------------------------------------------------------------------------------------------------- */

#define MEMBER 0x1f /* its first byte */

static void gzip_open(struct decoder *d)
{
	z_stream *z = pxc_calloc(1, sizeof(*z));

	d->state = z;
	if (inflateInit2(z, 15 + 16) != Z_OK) /* gzip only */
		pxc_oom();
}

static int gzip_step(struct decoder *d, bool last)
{
	z_stream *z = d->state;
	int rc;

	(void)last;
	if (d->ended) {
		/* Another member, or something that does not count, as gzip itself takes it (OpenWrt signs there). */
		if (d->in_len && *d->in != MEMBER)
			d->in_len = 0;
		if (!d->in_len)
			return 0;
		d->ended = false;
		(void)inflateReset(z);
	}
	z->next_in = d->in;
	z->avail_in = (uInt)d->in_len;
	z->next_out = d->out;
	z->avail_out = (uInt)d->out_len;
	rc = inflate(z, Z_NO_FLUSH);
	d->in = z->next_in;
	d->in_len = z->avail_in;
	d->out = z->next_out;
	d->out_len = z->avail_out;
	d->ended = rc == Z_STREAM_END;
	if (rc == Z_MEM_ERROR)
		pxc_oom();
	return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR
		       ? 0
		       : bad(d, z->msg ? z->msg : "it is damaged");
}

static void gzip_close(struct decoder *d)
{
	(void)inflateEnd(d->state);
}

/* --- xz ---------------------------------------------------------------------------------------------------------- */

/* Files of several blocks, as xz -T makes them, are decompressed by several threads. */
static lzma_ret xz_start(lzma_stream *x)
{
#if LZMA_VERSION >= 50040002
	lzma_mt how = {
		.flags = LZMA_CONCATENATED,
		.threads = THREADS,
		.memlimit_threading = WINDOW_MAX * 3 / 4,
		.memlimit_stop = WINDOW_MAX,
	};

	return lzma_stream_decoder_mt(x, &how);
#else
	return lzma_stream_decoder(x, WINDOW_MAX, LZMA_CONCATENATED);
#endif
}

static void xz_open(struct decoder *d)
{
	lzma_stream *x = pxc_calloc(1, sizeof(*x));

	d->state = x;
	if (xz_start(x) != LZMA_OK)
		pxc_oom();
}

static int xz_step(struct decoder *d, bool last)
{
	lzma_stream *x = d->state;
	lzma_ret rc;

	if (d->ended)
		return bad(d, "something else follows its end");
	x->next_in = d->in;
	x->avail_in = d->in_len;
	x->next_out = d->out;
	x->avail_out = d->out_len;
	rc = lzma_code(x, last ? LZMA_FINISH : LZMA_RUN);
	d->in = x->next_in;
	d->in_len = x->avail_in;
	d->out = x->next_out;
	d->out_len = x->avail_out;
	d->ended = rc == LZMA_STREAM_END;
	switch ((int)rc) {
	case LZMA_OK:
	case LZMA_STREAM_END:
		return 0;
	case LZMA_BUF_ERROR:
		return last ? bad(d, TOO_EARLY) : 0;
	case LZMA_MEM_ERROR:
		pxc_oom();
	case LZMA_MEMLIMIT_ERROR:
		return bad(d, WANTS_MORE);
	case LZMA_OPTIONS_ERROR:
	case LZMA_UNSUPPORTED_CHECK:
		return bad(d, "it is compressed in a way that is not known here");
	default:
		return bad(d, "it is damaged");
	}
}

static void xz_close(struct decoder *d)
{
	lzma_end(d->state);
}

/* --- zstd -------------------------------------------------------------------------------------------------------- */

static void zstd_open(struct decoder *d)
{
	d->state = ZSTD_createDCtx();
	if (!d->state)
		pxc_oom();
	(void)ZSTD_DCtx_setParameter(d->state, ZSTD_d_windowLogMax, WINDOW_LOG);
}

/* Zeros behind the end are padding. */
static void skip_zeros(struct decoder *d)
{
	while (d->in_len && *d->in == 0) {
		d->in++;
		d->in_len--;
	}
}

static int zstd_step(struct decoder *d, bool last)
{
	ZSTD_inBuffer in = { d->in, d->in_len, 0 };
	ZSTD_outBuffer out = { d->out, d->out_len, 0 };
	size_t rc;

	(void)last;
	if (d->ended) {
		skip_zeros(d);
		if (!d->in_len)
			return 0;
		in = (ZSTD_inBuffer){ d->in, d->in_len, 0 };
	}
	rc = ZSTD_decompressStream(d->state, &out, &in);
	d->in += in.pos;
	d->in_len -= in.pos;
	d->out += out.pos;
	d->out_len -= out.pos;
	d->ended = rc == 0;
	if (!ZSTD_isError(rc))
		return 0;
	switch ((int)ZSTD_getErrorCode(rc)) {
	case ZSTD_error_memory_allocation:
		pxc_oom();
	case ZSTD_error_frameParameter_windowTooLarge:
		return bad(d, WANTS_MORE);
	default:
		return bad(d, ZSTD_getErrorName(rc));
	}
}

static void zstd_close(struct decoder *d)
{
	(void)ZSTD_freeDCtx(d->state);
	d->state = NULL;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

void decoder_open(struct decoder *d, enum format format)
{
	static const struct decoder_kind gzip = { gzip_open, gzip_step, gzip_close };
	static const struct decoder_kind xz = { xz_open, xz_step, xz_close };
	static const struct decoder_kind zstd = { zstd_open, zstd_step, zstd_close };

	*d = (struct decoder){ .kind = format == FORMAT_GZIP ? &gzip
				       : format == FORMAT_XZ ? &xz
							     : &zstd };
	d->kind->open(d);
}

/* A step that neither took nor gave anything, with all there is: the rest is missing. */
int decoder_step(struct decoder *d, bool last)
{
	size_t in_len = d->in_len, out_len = d->out_len;

	if (d->kind->step(d, last) < 0)
		return -1;
	return last && !d->ended && d->in_len == in_len && d->out_len == out_len ? bad(d, TOO_EARLY)
										 : 0;
}

void decoder_close(struct decoder *d)
{
	d->kind->close(d);
	free(d->state);
	d->state = NULL;
}
