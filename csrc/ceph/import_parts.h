/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import_parts.h - how an image gets from a source into RBD; only the files of the import include it. Layer: ceph.
 *
 * Raw:    source -> chunks -> digest (a thread of its own)
 *                          -> writer (zeros left out, several writes in flight)
 * gzip, xz, zstd around it: source -> chunks -> digest, and through libarchive -> chunks -> writer
 * qcow2, vmdk: a file (the source itself, or one without a name in work_dir) -> qemu-img
 */
#pragma once

#include <stdatomic.h>

#include "ceph/parts.h"

#define CHUNK_SIZE ((size_t)4 << 20) /* an object of RBD */

/* --- chunk.c: a bounded number of buffers, shared by who still needs them --------------------------------- */

struct chunk {
	struct chunk *next; /* of a queue, or free */
	struct chunks *owner;
	atomic_int refs;
	size_t len;
	unsigned char *data; /* CHUNK_SIZE bytes, aligned to pages */
};

struct chunks;
struct chunks *chunks_create(unsigned n);
void chunks_free(struct chunks *pool);        /* all must have been put back; NULL is fine */
struct chunk *chunk_get(struct chunks *pool); /* waits until one is free; refs 1, len 0 */
void chunk_ref(struct chunk *chunk);
void chunk_put(struct chunk *chunk); /* from any thread */

/* --- digest.c ------------------------------------------------------------------------------------------- */

struct digest;
/* checksum: "sha256:...", "sha512:...", NULL (sha256), or "none": *ret is NULL then, which all of these take. */
int digest_create(const char *checksum, struct digest **ret, struct pxc_err *err);
void digest_add(struct digest *d, struct chunk *chunk); /* takes a reference of its own */
/* Wait for the end; text as struct ceph_imported has it. */
void digest_finish(struct digest *d, char *text, size_t size);
void digest_free(struct digest *d);

/* --- source.c, source_http.c: bytes in order ------------------------------------------------------------- */

struct source {
	/* Up to len bytes; *ret_n 0 = the end. */
	int (*read)(struct source *self, void *buf, size_t len, size_t *ret_n, struct pxc_err *err);
	void (*close)(struct source *self);
	uint64_t size;  /* 0 = not known (yet) */
	uint64_t taken; /* bytes read so far */
	bool changed;   /* it is no longer what it was when it was opened: read() failed for that */
	int fd;         /* a regular file that can be read at random; -1 = none */
	char *name;     /* for sentences: without passwords */
};

int source_open(const struct ceph_import *job, struct source **ret, struct pxc_err *err);
int source_http_open(const struct ceph_import *job, struct source **ret, struct pxc_err *err);
/* Did a local file stay as it was? err EINVAL. Other sources: 0. */
int source_unchanged(const struct source *s, struct pxc_err *err);
char *source_public_name(const char *source); /* new string, without user and password */
/* Fill buf; short only at the end. */
int source_fill(struct source *s, void *buf, size_t len, size_t *ret_n, struct pxc_err *err);

/* --- format.c: what is it? ------------------------------------------------------------------------------- */

#define FORMAT_HEAD 4096 /* bytes that are enough to tell */

enum format { FORMAT_RAW, FORMAT_QCOW2, FORMAT_VMDK, FORMAT_GZIP, FORMAT_XZ, FORMAT_ZSTD };

/* err EINVAL: known, and not to be taken for an image (VHD, VDI, a web page, ...). */
int format_detect(const unsigned char *head, size_t len, enum format *ret, struct pxc_err *err);
const char *format_name(enum format format);
/*
 * What a qcow2 or vmdk says of itself, before QEMU sees it.
 * read       bytes of the file at offset; short at its end
 * err EINVAL refers to other files, is encrypted, marked corrupt, or makes no sense
 */
struct format_file {
	ssize_t (*read)(void *context, void *buf, size_t len, uint64_t offset);
	void *context;
};
int format_check(enum format format, const struct format_file *file, uint64_t *ret_size,
		 struct pxc_err *err);

/* --- unpack.c ---------------------------------------------------------------------------------------------- */

/* A source whose bytes are those of inner (which stays the caller's), decompressed; each chunk read goes to digest. */
int unpack_open(struct source *inner, struct chunks *pool, struct digest *digest,
		struct chunk *first, struct source **ret, struct pxc_err *err);

/* --- writer.c ---------------------------------------------------------------------------------------------- */

struct writer;
/* The image is emptied. size 0 = not known. */
int writer_open(struct ceph_pool *pool, const struct ceph_import *job, uint64_t size,
		struct writer **ret, struct pxc_err *err);
/* The next bytes of the image; takes over the reference. Chunks are full but for the last. */
int writer_add(struct writer *w, struct chunk *chunk, struct pxc_err *err);
/* Wait for all writes, and give the image its size: what was written, min_bytes, rounded up to 512. */
int writer_finish(struct writer *w, struct ceph_imported *ret, struct pxc_err *err);
void writer_close(struct writer *w); /* waits; NULL is fine */
int ceph_no_progress(uint64_t done, uint64_t total, void *context);
bool zeros(const unsigned char *bytes, size_t len);

/* --- qemu.c ------------------------------------------------------------------------------------------------- */

/* Have qemu-img write file fd (format qcow2 or vmdk) into the image, which has its size already. */
int qemu_convert(struct ceph_pool *pool, const char *image, int fd, enum format format,
		 struct pxc_err *err);

/* --- import.c, iso.c: entries of the table ------------------------------------------------------------------ */

int ceph_import(struct ceph_pool *pool, const struct ceph_import *job, struct ceph_imported *ret,
		struct pxc_err *err);
int ceph_iso(const char *label, const struct ceph_file *files, size_t nfiles, void **ret,
	     size_t *ret_len, struct pxc_err *err);
