/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "annot/escape.h"

#include <string.h>

static bool plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._/@+-,", c));
}

void annot_escape(struct pxc_buf *out, const char *value)
{
	char last = '\0';

	for (const char *p = value; *p; p++) {
		if (!plain(*p) || (*p == '-' && last == '-'))
			buf_printf(out, "*%02X", (unsigned char)*p);
		else
			buf_addc(out, *p);
		last = *p;
	}
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool annot_unescape(struct pxc_buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (plain(text[i])) {
			buf_addc(out, text[i]);
			continue;
		}
		if (text[i] != '*' || len - i < 3 || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0 ||
		    hex(text[i + 1]) + hex(text[i + 2]) == 0)
			return false;
		buf_addc(out, (char)(hex(text[i + 1]) * 16 + hex(text[i + 2])));
		i += 2;
	}
	return true;
}

bool annot_key_ok(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((key[i] >= 'a' && key[i] <= 'z') || (key[i] >= '0' && key[i] <= '9') ||
		      (key[i] && strchr("._-", key[i]))))
			return false;
	return len > 0;
}
