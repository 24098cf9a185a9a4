/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/str.h"

#include <stdint.h>
#include <string.h>

bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

size_t utf8_length(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

bool utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;

	while (p < end) {
		unsigned c = *p++, more = c < 0x80 ? 0 : c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
		uint32_t code = more == 3 ? c & 7 : more == 2 ? c & 15 : c & 31;
		static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

		if (!more)
			continue;
		if (c < 0xC2 || c > 0xF4 || (size_t)(end - p) < more)
			return false;
		for (unsigned i = 0; i < more; i++, p++) {
			if ((*p & 0xC0) != 0x80)
				return false;
			code = code << 6 | (*p & 0x3F);
		}
		if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
			return false;
	}
	return true;
}

unsigned str_distance(const char *a, const char *b)
{
	enum { MAX = 64 };
	unsigned d[3][MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > MAX || m > MAX)
		return MAX;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = d[i % 3], *up = d[(i + 2) % 3], *upup = d[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    upup[j - 2] + 1 < best)
				best = upup[j - 2] + 1;
			now[j] = best;
		}
	}
	return d[n % 3][m];
}

const char *str_nearest(const char *wrong, const char *const *names, size_t n)
{
	unsigned limit = (unsigned)(strlen(wrong) + 2) / 3;
	const char *best = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = str_distance(wrong, names[i]);

		if (d <= limit && d > 0) {
			limit = d - 1;
			best = names[i];
		}
	}
	return best;
}
