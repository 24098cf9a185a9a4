/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "ceph/import_parts.h"

/* What follows the first colon of a host is a port. */
static bool has_odd_port(const char *host, size_t len)
{
	const char *colon = memchr(host, ':', len);

	if (!colon || *host == '[')
		return false;
	for (const char *p = colon + 1; p < host + len; p++) {
		if (!isdigit((unsigned char)*p))
			return true;
	}
	return false;
}

/*
 * Where the host begins. A password in which somebody left a / ? or # as it is makes what stands before look like host
 * and port, but no port: then all up to the last @ is taken for user and password.
 */
static const char *host_of(const char *rest)
{
	size_t len = strcspn(rest, "/?#");
	const char *at = memrchr(rest, '@', len);

	if (!at && has_odd_port(rest, len))
		at = strrchr(rest, '@');
	return at ? at + 1 : rest;
}

char *address_public(const char *source)
{
	const char *scheme = strstr(source, "://");
	struct pxc_buf out = { .data = NULL };
	const char *host;
	size_t len;

	if (!scheme || str_starts(source, "/") || str_starts(source, "."))
		return pxc_strdup(source);
	host = host_of(scheme + 3);
	len = strcspn(host, "?#");
	buf_add(&out, source, (size_t)(scheme + 3 - source));
	buf_add(&out, host, len);
	if (host[len] == '?')
		buf_adds(&out, "?...");
	return buf_take(&out);
}

static int hex(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

char *address_file(const char *url)
{
	struct pxc_buf out = { .data = NULL };

	if (strncasecmp(url, "file:", 5) != 0)
		return NULL;
	url += 5;
	if (str_starts(url, "//")) {
		url += 2;
		if (strncasecmp(url, "localhost/", 10) == 0)
			url += strlen("localhost");
	}
	if (*url != '/')
		return NULL;
	for (; *url; url++) {
		int high = *url == '%' ? hex(url[1]) : -1, low = high >= 0 ? hex(url[2]) : -1;
		bool escape = low >= 0;
		char c = (char)(escape ? high * 16 + low : *url);

		if (!c) {
			buf_release(&out);
			return NULL;
		}
		buf_addc(&out, c);
		if (escape)
			url += 2;
	}
	return buf_take(&out);
}
