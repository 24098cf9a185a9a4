/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_decode(const char *text, struct pxc_buf *out)
{
	size_t len = strlen(text), n = len;
	uint32_t bits = 0;
	unsigned have = 0;

	if (len % 4)
		return false;
	while (n && text[n - 1] == '=')
		n--;
	if (len - n > 2)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(alphabet, text[i]);

		if (!at)
			return false;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		buf_addc(out, (char)(bits >> have & 0xff));
	}
	return (bits & ((1u << have) - 1)) == 0;
}

void base64_encode(const void *bytes, size_t len, bool padded, struct pxc_buf *out)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)b[i] << 16 | (n > 1 ? (uint32_t)b[i + 1] << 8 : 0) |
				(n > 2 ? b[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			if (k <= n)
				buf_addc(out, alphabet[bits >> (18 - 6 * k) & 63]);
			else if (padded)
				buf_addc(out, '=');
	}
}
