/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import_parts.h - how an image gets from a source into RBD; only the files of the import include it. Layer: ceph.
 *
 * Raw:    source -> chunks -> digest (a thread of its own)
 *                          -> writer (zeros left out, several writes in flight)
 * gzip, xz, zstd around it: source -> chunks -> digest, and decompressed -> chunks -> writer
 * qcow2, vmdk: a file (the source itself, or one without a name in work_dir) -> qemu-img
 */
#pragma once

#include <stdatomic.h>
#include <sys/types.h>

#include "ceph/parts.h"

#define CHUNK_SIZE ((size_t)4 << 20) /* an object of RBD */
#define SECTOR 512u
#define IMPORT_DEPTH 16u
#define IMPORT_TRIES 5u
#define IMPORT_MAX_BYTES ((uint64_t)8 << 40)

/* --- chunk.c: a bounded number of buffers, shared by who still needs them ----------------------------------- */

struct chunk {
	struct chunk *next; /* of a queue, or free */
	struct chunks *owner;
	atomic_int refs;
	size_t len;
	bool hole;           /* len zeros; data holds something else */
	unsigned char *data; /* CHUNK_SIZE bytes, aligned to large pages */
};

struct chunks;
struct chunks *chunks_create(unsigned n);
void chunks_free(struct chunks *pool);               /* once all are put back; NULL is fine */
void chunks_shrink(struct chunks *pool, unsigned n); /* go on with n of them, if so many are free */
struct chunk *chunk_get(struct chunks *pool);        /* waits until one is free; refs 1, len 0 */
void chunk_ref(struct chunk *chunk);
void chunk_put(struct chunk *chunk); /* from any thread */

/* --- digest.c ------------------------------------------------------------------------------------------------- */

struct digest;
/* checksum: "sha256:...", "sha512:..." NULL (sha256), or "none": *ret is NULL then, which all of
 * these take. err EINVAL: another algorithm, or not its number of digits. */
int digest_create(const char *checksum, struct digest **ret, struct pxc_err *err);
void digest_add(struct digest *d, struct chunk *chunk); /* takes a reference of its own */
/* Wait for the end; text as struct ceph_imported has it. */
void digest_finish(struct digest *d, char *text, size_t size);
void digest_free(struct digest *d);

/* --- address.c: pure ------------------------------------------------------------------------------------------ */

/* As a sentence may show it: without user and password, and without a query, which may be a signature. New string. */
char *address_public(const char *source);
/* The path that a file: URL names; NULL: another host's, or none. New string. */
char *address_file(const char *url);

/* --- answer.c: what a server says of a file; pure ------------------------------------------------------------- */

struct answer {
	char etag[256], modified[64];
	uint64_t total;            /* bytes of the whole file */
	uint64_t from;             /* of which this answer begins here */
	bool has_total, has_range; /* said at all */
	bool is_partial;
	bool is_bounded; /* its end can be told from the connection's breaking off */
};

enum answer_verdict {
	ANSWER_TAKE,    /* its bytes are the next ones, behind *ret_skip that are known already */
	ANSWER_WHOLE,   /* there was nothing more */
	ANSWER_CHANGED, /* it is another file than before, or cannot be proved to be the same */
	ANSWER_REFUSED, /* an error, by its status */
};

void answer_header(struct answer *a, const char *line, size_t len);
/*
 * first	what the answer said that began the file; NULL = this is that answer
 * received	bytes that are here already
 * trust	the file is checked by other means, so an answer that names neither ETag nor Last-Modified may go on
 */
enum answer_verdict answer_judge(const struct answer *first, const struct answer *now, long status,
				 uint64_t received, bool trust, uint64_t *ret_skip);
/* For If-Range: the strongest that a server gave; "" = nothing. */
const char *answer_validator(const struct answer *a);

/* --- source.c, source_http.c: bytes in order ------------------------------------------------------------------ */

struct source {
	/* Fill an empty chunk; it is short only at the end. */
	int (*fill)(struct source *self, struct chunk *chunk, struct pxc_err *err);
	void (*close)(struct source *self);
	uint64_t size;  /* 0 = not known (yet) */
	uint64_t taken; /* bytes read so far */
	bool stale; /* fill() failed, and reading it all anew may help: it changed, or cannot be continued */
	int fd;     /* a regular file that can be read at random; -1 = none */
	char *name; /* for sentences */
};

int source_open(const struct ceph_import *job, struct source **ret, struct pxc_err *err);
int source_http_open(const struct ceph_import *job, struct source **ret, struct pxc_err *err);
int source_fill(struct source *s, struct chunk *chunk, struct pxc_err *err);
/* Did a local file stay as it was? err EINVAL. Other sources: 0. */
int source_unchanged(const struct source *s, struct pxc_err *err);

/* --- format.c, disk_header.c: what is it? -------------------------------------------------------------------------- */

enum format { FORMAT_RAW, FORMAT_QCOW2, FORMAT_VMDK, FORMAT_GZIP, FORMAT_XZ, FORMAT_ZSTD };

/* By its first bytes. err EINVAL: known, and not to be taken for a disk (VHD, VDI, a web page, ...). */
int format_detect(const unsigned char *head, size_t len, enum format *ret, struct pxc_err *err);
/* The same for the last bytes of a raw image. */
int format_detect_tail(const unsigned char *tail, size_t len, struct pxc_err *err);
const char *format_name(enum format format);

struct format_file {
	/* Bytes of the file at offset; short at its end. */
	ssize_t (*read)(void *context, void *buf, size_t len, uint64_t offset);
	void *context;
	uint64_t size;
};

/*
 * What a qcow2 or vmdk says of itself, before QEMU sees it: its virtual size.
 * err EINVAL: refers to other files, is encrypted, marked corrupt, or makes no sense
 */
int format_check(enum format format, const struct format_file *file, uint64_t *ret_size,
		 struct pxc_err *err);

/* --- unpack.c, decode.c ---------------------------------------------------------------------------------------- */

/* A decompressor that is given bytes and gives bytes. */
struct decoder {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
	bool ended; /* a member of the file is complete, with its checksum; another may follow */
	const char *why; /* what is wrong, after decode() returned -1 */
	const struct decoder_kind *kind;
	void *state;
};

void decoder_open(struct decoder *d, enum format format);
int decoder_step(struct decoder *d,
		 bool last); /* takes of in, adds to out; last: in is the file's end */
void decoder_close(struct decoder *d);

/* A source whose bytes are those of inner (which stays the caller's), decompressed; each chunk read goes to digest. */
struct source *unpack_open(struct source *inner, enum format format, struct chunks *pool,
			   struct digest *digest, struct chunk *first);

/* --- writer.c, zeros.c ------------------------------------------------------------------------------------------ */

struct writer;
/* The image is emptied. size 0 = not known. */
int writer_open(struct ceph_pool *pool, const struct ceph_import *job, uint64_t size,
		struct writer **ret, struct pxc_err *err);
/* The next bytes of the image; takes over the reference. Chunks are full but for the last. */
int writer_add(struct writer *w, struct chunk *chunk, struct pxc_err *err);
/* Wait for all writes, and give the image its size: what was written, min_bytes, rounded up to a sector. */
int writer_finish(struct writer *w, struct ceph_imported *ret, struct pxc_err *err);
void writer_close(struct writer *w); /* waits; NULL is fine */

/* The next run of bytes from *at on that is not all zeros, in grains of 64 KiB: false = none, else [*at, *ret_end). */
bool zeros_skip(const unsigned char *bytes, size_t len, size_t *at, size_t *ret_end);

/* --- image_size.c ------------------------------------------------------------------------------------------------ */

uint64_t import_max(const struct ceph_import *job);
int import_check_size(const struct ceph_import *job, uint64_t size, struct pxc_err *err);
/* Everything in the image is discarded; then it has size bytes of zeros. */
int import_empty(struct ceph_pool *pool, const char *image, rbd_image_t rbd, uint64_t size,
		 struct pxc_err *err);
void import_close(struct ceph_pool *pool,
		  rbd_image_t rbd); /* close.c; in any case soon. NULL is fine */
int import_resize(struct ceph_pool *pool, const char *image, rbd_image_t rbd, uint64_t size,
		  struct pxc_err *err);

/* --- spool.c, qemu.c, child.c ------------------------------------------------------------------------------------ */

int spool_create(const struct ceph_import *job, int *ret, struct pxc_err *err);
int spool_add(int fd, const struct chunk *chunk, struct pxc_err *err);

struct child {
	const char *const *argv; /* argv[0] is looked for in the usual folders */
	int fds[2];              /* become 3 and 4; -1 = none */
	int64_t grace_ms;        /* after its first complaint it has so long to end; 0 = no limit */
	uint64_t cpu_s, memory;  /* limits; 0 = none */
	int (*heard)(void *context,
		     const char *line); /* of what it prints; nonzero: end it. May be NULL */
	void *context;
	/* out */
	char words[512]; /* the last line of its errors */
	int status;      /* as waitpid() has it; CHILD_ABSENT = there is no such program */
};
#define CHILD_ABSENT (-1)
int child_run(struct child *c, struct pxc_err *err);

/* Have qemu-img write file fd (qcow2 or vmdk), which becomes an image of size bytes, into the image, which is empty. */
int qemu_convert(struct ceph_pool *pool, const struct ceph_import *job, int fd, enum format format,
		 uint64_t size, struct pxc_err *err);

/* --- import.c, iso.c: entries of the table ----------------------------------------------------------------------- */

int ceph_import(struct ceph_pool *pool, const struct ceph_import *job, struct ceph_imported *ret,
		struct pxc_err *err);
int ceph_iso(const char *label, const struct ceph_file *files, size_t nfiles, void **ret,
	     size_t *ret_len, struct pxc_err *err);
