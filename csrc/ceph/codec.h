/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codec.h - how Ceph writes things down (include/encoding.h there): integers little-endian, a string with its length
 * in 32 bits in front, a struct in a frame that says which version it is and how long. Layer: ceph.
 *
 * Reading never fails at once: what is missing reads as zero or "" and sets bad, which is asked once at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct ceph_in {
	const unsigned char *at, *end;
	bool bad;
};

struct ceph_in ceph_in(const void *bytes, size_t len);
uint8_t in_u8(struct ceph_in *in);
uint32_t in_u32(struct ceph_in *in);
uint64_t in_u64(struct ceph_in *in);
char *in_string(struct ceph_in *in, struct pxc_arena *arena); /* never NULL */
void in_skip(struct ceph_in *in, size_t len);

/*
 * Step over a frame and return what is in it. A writer that says it cannot be understood by readers of version
 * `ours` makes it bad; what newer writers added at the end is left unread.
 */
struct ceph_in in_frame(struct ceph_in *in, uint8_t ours);

void out_u8(struct pxc_buf *out, uint8_t value);
void out_u32(struct pxc_buf *out, uint32_t value);
void out_string(struct pxc_buf *out, const char *s);
void out_frame(struct pxc_buf *out, uint8_t version, const struct pxc_buf *content);
