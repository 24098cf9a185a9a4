/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/mem.h"
#include "ceph/import_parts.h"

struct unpacker {
	struct source base; /* first */
	struct source *inner;
	struct chunks *pool;
	struct digest *digest;
	struct chunk *chunk; /* what is decompressed now; NULL = inner has ended */
	struct decoder decoder;
};

static struct unpacker *up(struct source *self)
{
	return (struct unpacker *)self;
}

static void begin_chunk(struct unpacker *u, struct chunk *c)
{
	if (c->hole)
		memset(c->data, 0, c->len);
	u->chunk = c;
	u->decoder.in = c->data;
	u->decoder.in_len = c->len;
}

/* The digest may still have the old one, so another is taken. */
static int next_chunk(struct unpacker *u, struct pxc_err *err)
{
	struct chunk *c;
	int r;

	chunk_put(u->chunk);
	u->chunk = NULL;
	c = chunk_get(u->pool);
	r = source_fill(u->inner, c, err);
	if (r < 0 || c->len == 0) {
		chunk_put(c);
		return r;
	}
	digest_add(u->digest, c);
	begin_chunk(u, c);
	return 0;
}

static int unpack_fill(struct source *self, struct chunk *out, struct pxc_err *err)
{
	struct unpacker *u = up(self);
	struct decoder *d = &u->decoder;

	d->out = out->data;
	d->out_len = CHUNK_SIZE;
	while (d->out_len) {
		bool last = !u->chunk || u->chunk->len < CHUNK_SIZE;

		if (!d->in_len && !last) {
			if (next_chunk(u, err) < 0)
				return -1;
			continue;
		}
		if (!d->in_len && d->ended)
			break;
		if (decoder_step(d, last) < 0)
			return pxc_fail(err, PXC_EINVAL, "%s cannot be decompressed: %s",
					self->name, d->why);
	}
	out->len = CHUNK_SIZE - d->out_len;
	return 0;
}

static void unpack_close(struct source *self)
{
	struct unpacker *u = up(self);

	decoder_close(&u->decoder);
	if (u->chunk)
		chunk_put(u->chunk);
	free(self->name);
	free(u);
}

struct source *unpack_open(struct source *inner, enum format format, struct chunks *pool,
			   struct digest *digest, struct chunk *first)
{
	struct unpacker *u = pxc_calloc(1, sizeof(*u));

	u->base = (struct source){ .fill = unpack_fill,
				   .close = unpack_close,
				   .fd = -1,
				   .name = pxc_strdup(inner->name) };
	u->inner = inner;
	u->pool = pool;
	u->digest = digest;
	decoder_open(&u->decoder, format);
	begin_chunk(u, first);
	return &u->base;
}
