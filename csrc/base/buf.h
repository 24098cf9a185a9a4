/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buf.h - a growing, always NUL-terminated string. Layer: base.
 *
 * A zeroed struct is an empty buffer. data is NULL until the first byte arrives;
 * buf_str() never is.
 */
#pragma once

#include <stddef.h>

#include "base/attr.h"

struct pxc_buf {
	char *data; /* owned */
	size_t len; /* without the terminator */
	size_t cap;
};

void buf_release(struct pxc_buf *buf);
#define auto_buf on_scope_exit(buf_release)

void buf_add(struct pxc_buf *buf, const void *bytes, size_t len);
void buf_adds(struct pxc_buf *buf, const char *s);
void buf_addc(struct pxc_buf *buf, char c);
void buf_printf(struct pxc_buf *buf, const char *fmt, ...) printf_like(2, 3);

/* Borrow; "" when empty. Valid until the next change. */
const char *buf_str(const struct pxc_buf *buf);

/* Move the string out (never NULL; caller frees); the buffer is empty afterwards. */
char *buf_take(struct pxc_buf *buf);
