/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void buf_release(struct pxc_buf *buf)
{
	free(buf->data);
	*buf = (struct pxc_buf){ .data = NULL };
}

static void reserve(struct pxc_buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;

	if (need <= buf->cap)
		return;
	while (buf->cap < need)
		buf->cap = buf->cap ? buf->cap * 2 : 64;
	buf->data = pxc_realloc(buf->data, buf->cap);
}

void buf_add(struct pxc_buf *buf, const void *bytes, size_t len)
{
	reserve(buf, len);
	if (len)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_adds(struct pxc_buf *buf, const char *s)
{
	buf_add(buf, s, strlen(s));
}

void buf_addc(struct pxc_buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct pxc_buf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	reserve(buf, (size_t)n);
	va_start(ap, fmt);
	(void)vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)n;
}

const char *buf_str(const struct pxc_buf *buf)
{
	return buf->data ? buf->data : "";
}

char *buf_take(struct pxc_buf *buf)
{
	char *s = buf->data ? buf->data : pxc_strdup("");

	*buf = (struct pxc_buf){ .data = NULL };
	return s;
}
