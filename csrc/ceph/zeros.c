/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "ceph/import_parts.h"

#define GRAIN ((size_t)64 << 10)

/* Bytes that each equal their neighbour, the first being 0: memcmp() is the fastest that libc has for this. */
static bool is_zero(const unsigned char *bytes, size_t len)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

static size_t grain(size_t len, size_t at)
{
	return len - at < GRAIN ? len - at : GRAIN;
}

bool zeros_skip(const unsigned char *bytes, size_t len, size_t *at, size_t *ret_end)
{
	size_t begin = *at, end;

	while (begin < len && is_zero(bytes + begin, grain(len, begin)))
		begin += grain(len, begin);
	if (begin >= len)
		return false;
	for (end = begin + grain(len, begin); end < len; end += grain(len, end)) {
		if (is_zero(bytes + end, grain(len, end)))
			break;
	}
	*at = begin;
	*ret_end = end;
	return true;
}
