/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool boundary_of(const char *type, char mark[128])
{
	const char *at = strstr(type, "boundary=");
	size_t len;

	if (!at)
		return false;
	at += strlen("boundary=");
	if (*at == '"') {
		at++;
		len = strcspn(at, "\"");
	} else {
		len = strcspn(at, "; ");
	}
	return len && len < 100 && snprintf(mark, 128, "--%.*s", (int)len, at) > 0;
}

/* The quoted value of key="..." within [line, end). */
static void quoted(const char *line, const char *end, const char *key, char *out, size_t room)
{
	size_t n = strlen(key);

	out[0] = '\0';
	for (const char *at = line; at + n < end; at++) {
		const char *close;

		if (strncasecmp(at, key, n) || (at > line && at[-1] != ' ' && at[-1] != ';'))
			continue;
		at += n;
		close = memchr(at, '"', (size_t)(end - at));
		if (close && (size_t)(close - at) < room)
			snprintf(out, room, "%.*s", (int)(close - at), at);
		return;
	}
}

static void read_headers(const char *at, const char *end, struct sim_part *part)
{
	while (at < end) {
		const char *eol = memmem(at, (size_t)(end - at), "\r\n", 2);

		if (!eol)
			eol = end;
		if (!strncasecmp(at, "Content-Disposition:", 20)) {
			quoted(at, eol, "name=\"", part->name, sizeof(part->name));
			quoted(at, eol, "filename=\"", part->filename, sizeof(part->filename));
		}
		at = eol + 2;
	}
}

bool sim_multipart_next(const char *type, const char *body, size_t len, size_t *at,
			struct sim_part *ret)
{
	char mark[128], close[130];
	const char *start, *headers_end, *end, *limit = body + len;

	if (!boundary_of(type, mark))
		return false;
	start = memmem(body + *at, len - *at, mark, strlen(mark));
	if (!start)
		return false;
	start += strlen(mark);
	if (limit - start < 4 || !strncmp(start, "--", 2))
		return false;
	start += 2;
	headers_end = memmem(start, (size_t)(limit - start), "\r\n\r\n", 4);
	if (!headers_end)
		return false;
	*ret = (struct sim_part){ 0 };
	read_headers(start, headers_end, ret);
	ret->data = headers_end + 4;
	snprintf(close, sizeof(close), "\r\n%s", mark);
	end = memmem(ret->data, (size_t)(limit - ret->data), close, strlen(close));
	if (!end)
		return false;
	ret->len = (size_t)(end - ret->data);
	*at = (size_t)(end - body) + 2;
	return true;
}
