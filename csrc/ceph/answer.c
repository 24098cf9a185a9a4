/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the bytes of an HTTP answer belong behind those that are here (RFC 9110, 13.1.5 and 14). */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "ceph/import_parts.h"

/* The value of a header line with this name, without the space around it; NULL = another name. */
static const char *value_of(const char *line, size_t len, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	line += n + 1;
	len -= n + 1;
	while (len && isspace((unsigned char)*line))
		line++, len--;
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	*ret_len = len;
	return line;
}

/* A value that does not fit is none: half of it would equal another one's half. */
static void keep(const char *value, size_t len, char *out, size_t size)
{
	out[0] = '\0';
	if (len >= size || memchr(value, '\0', len))
		return;
	memcpy(out, value, len);
	out[len] = '\0';
}

/* Digits from *at on; false: none, or too large a number. */
static bool number(const char **at, const char *end, uint64_t *ret)
{
	const char *begin = *at;
	uint64_t n = 0;

	for (; *at < end && isdigit((unsigned char)**at); ++*at) {
		if (n > (UINT64_MAX >> 1) / 10)
			return false;
		n = n * 10 + (uint64_t)(**at - '0');
	}
	*ret = n;
	return *at > begin;
}

/* "bytes 100-199/1000", "bytes 100-199/" and a star, or "bytes" star "/1000". */
static void take_range(struct answer *a, const char *at, const char *end)
{
	uint64_t from = 0, to = 0, total = 0;
	const char *slash = memchr(at, '/', (size_t)(end - at));

	a->is_partial = true;
	a->has_range = a->has_total = false;
	if (end - at < 6 || strncasecmp(at, "bytes ", 6) != 0 || !slash)
		return;
	at += 6;
	if (number(&at, end, &from) && at < end && *at++ == '-' && number(&at, end, &to) &&
	    at == slash && from <= to) {
		a->from = from;
		a->has_range = true;
	}
	at = slash + 1;
	if (number(&at, end, &total) && at == end) {
		a->total = total;
		a->has_total = true;
	}
}

/* Of a part it is not the length of the file. */
static void take_length(struct answer *a, const char *at, const char *end)
{
	uint64_t length = 0;

	if (!number(&at, end, &length) || at != end)
		return;
	a->is_bounded = true;
	if (a->is_partial)
		return;
	a->total = length;
	a->has_total = true;
}

void answer_header(struct answer *a, const char *line, size_t len)
{
	const char *value;
	size_t n;

	if (len > 5 && strncmp(line, "HTTP/", 5) == 0) {
		*a = (struct answer){ .total = 0 }; /* one more, behind a redirect */
		return;
	}
	if ((value = value_of(line, len, "ETag", &n)))
		keep(value, n, a->etag, sizeof(a->etag));
	else if ((value = value_of(line, len, "Last-Modified", &n)))
		keep(value, n, a->modified, sizeof(a->modified));
	else if ((value = value_of(line, len, "Content-Range", &n)))
		take_range(a, value, value + n);
	else if ((value = value_of(line, len, "Transfer-Encoding", &n)))
		a->is_bounded = true;
	else if ((value = value_of(line, len, "Content-Length", &n)))
		take_length(a, value, value + n);
}

static bool is_strong(const char *etag)
{
	return *etag && !str_starts(etag, "W/");
}

const char *answer_validator(const struct answer *a)
{
	return is_strong(a->etag) ? a->etag : a->modified;
}

static bool is_same(const struct answer *first, const struct answer *now, bool trust)
{
	if (first->has_total && now->has_total && first->total != now->total)
		return false;
	if (*first->etag && *now->etag && !str_eq(first->etag, now->etag))
		return false;
	if (is_strong(first->etag))
		return str_eq(first->etag, now->etag);
	if (*first->modified)
		return str_eq(first->modified, now->modified);
	return trust;
}

enum answer_verdict answer_judge(const struct answer *first, const struct answer *now, long status,
				 uint64_t received, bool trust, uint64_t *ret_skip)
{
	*ret_skip = 0;
	switch (status) {
	case 200:
		if (first &&
		    (!is_same(first, now, trust) || (now->has_total && now->total < received)))
			return ANSWER_CHANGED;
		*ret_skip = received;
		return ANSWER_TAKE;
	case 206:
		if (!now->has_range || now->from != received)
			return ANSWER_CHANGED;
		return !first || is_same(first, now, trust) ? ANSWER_TAKE : ANSWER_CHANGED;
	case 416:
		if (!first)
			return ANSWER_REFUSED;
		/* Its length was not known, and this was all of it. */
		return !first->has_total && now->has_total && now->total == received
			       ? ANSWER_WHOLE
			       : ANSWER_CHANGED;
	default:
		return ANSWER_REFUSED;
	}
}
