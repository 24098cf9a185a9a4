/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool unit_bytes(const char *suffix, uint64_t fallback, uint64_t *ret)
{
	static const char letters[] = "KMGTP";
	const char *l;

	if (!*suffix) {
		*ret = fallback;
		return true;
	}
	if (strcasecmp(suffix, "B") == 0) {
		*ret = 1;
		return true;
	}
	l = strchr(letters, toupper((unsigned char)*suffix));
	if (!l || !*l || (suffix[1] && strcasecmp(suffix + 1, "B") && strcasecmp(suffix + 1, "iB")))
		return false;
	*ret = 1ull << (10 * (l - letters + 1));
	return true;
}

bool size_parse(const char *text, uint64_t unit, uint64_t *ret_bytes)
{
	uint64_t whole = 0, scale = 10, frac = 0, bytes;
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(whole, 10u, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole))
			return false;
	if (*p == '.') {
		for (p++, scale = 1; isdigit((unsigned char)*p); p++, scale *= 10)
			if (scale >= 1000000)
				return false;
			else
				frac = frac * 10 + (uint64_t)(*p - '0');
		if (scale == 1)
			return false;
	}
	if (!unit_bytes(p, unit, &bytes) || __builtin_mul_overflow(whole, bytes, &whole) ||
	    __builtin_add_overflow(whole, bytes / scale * frac + bytes % scale * frac / scale,
				   &whole) ||
	    whole > INT64_MAX)
		return false;
	*ret_bytes = whole;
	return true;
}

void size_format(uint64_t bytes, char *buf, size_t size)
{
	static const char units[][2] = { "", "K", "M", "G", "T" };
	size_t u = 0;

	while (bytes && bytes % 1024 == 0 && u + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1024;
		u++;
	}
	(void)snprintf(buf, size, "%llu%s", (unsigned long long)bytes, units[u]);
}
