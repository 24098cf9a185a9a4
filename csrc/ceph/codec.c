/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ceph/codec.h"

#include <endian.h>
#include <string.h>

struct ceph_in ceph_in(const void *bytes, size_t len)
{
	return (struct ceph_in){ .at = bytes, .end = (const unsigned char *)bytes + len };
}

/* The next len bytes, or NULL. */
static const void *take(struct ceph_in *in, size_t len)
{
	const void *bytes = in->at;

	if (in->bad || !in->at || (size_t)(in->end - in->at) < len) {
		in->bad = true;
		return NULL;
	}
	in->at += len;
	return bytes;
}

uint8_t in_u8(struct ceph_in *in)
{
	const uint8_t *byte = take(in, 1);

	return byte ? *byte : 0;
}

uint32_t in_u32(struct ceph_in *in)
{
	const void *bytes = take(in, sizeof(uint32_t));
	uint32_t value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

uint64_t in_u64(struct ceph_in *in)
{
	const void *bytes = take(in, sizeof(uint64_t));
	uint64_t value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

char *in_string(struct ceph_in *in, struct pxc_arena *arena)
{
	uint32_t len = in_u32(in);
	const char *bytes = take(in, len);

	return bytes ? arena_strndup(arena, bytes, len) : arena_strdup(arena, "");
}

void in_skip(struct ceph_in *in, size_t len)
{
	(void)take(in, len);
}

struct ceph_in in_frame(struct ceph_in *in, uint8_t ours)
{
	uint8_t version = in_u8(in), oldest_reader = in_u8(in);
	uint32_t len = in_u32(in);
	const void *bytes = take(in, len);
	struct ceph_in frame = ceph_in(bytes, bytes ? len : 0);

	frame.bad = !bytes || version == 0 || oldest_reader > ours;
	in->bad |= frame.bad;
	return frame;
}

void out_u8(struct pxc_buf *out, uint8_t value)
{
	buf_add(out, &value, sizeof(value));
}

void out_u32(struct pxc_buf *out, uint32_t value)
{
	value = htole32(value);
	buf_add(out, &value, sizeof(value));
}

void out_string(struct pxc_buf *out, const char *s)
{
	size_t len = strlen(s);

	out_u32(out, (uint32_t)len);
	buf_add(out, s, len);
}

void out_frame(struct pxc_buf *out, uint8_t version, const struct pxc_buf *content)
{
	out_u8(out, version);
	out_u8(out, 1); /* the oldest reader that understands it */
	out_u32(out, (uint32_t)content->len);
	buf_add(out, content->data, content->len);
}
