/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/utf8.h"

uint32_t utf8_next(const char **text)
{
	const unsigned char *p = (const unsigned char *)*text;
	unsigned more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
	uint32_t c = more ? p[0] & (0x3fu >> more) : p[0];

	for (unsigned i = 1; i <= more; i++)
		c = c << 6 | (p[i] & 0x3f);
	*text += 1 + more;
	return c;
}

void utf8_put(struct pxc_buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(out, (char)c);
		return;
	}
	if (c >= 0x10000) {
		buf_addc(out, (char)(0xf0 | c >> 18));
		buf_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
	} else if (c >= 0x800) {
		buf_addc(out, (char)(0xe0 | c >> 12));
	}
	buf_addc(out, (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6));
	buf_addc(out, (char)(0x80 | (c & 0x3f)));
}

bool utf8_is_harmful(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} harmful[] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x061c, 0x061c }, { 0x200e, 0x200f },
		{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
	};

	for (size_t i = 0; i < ARRAY_SIZE(harmful); i++)
		if (c >= harmful[i].first && c <= harmful[i].last)
			return true;
	return false;
}

char *utf8_harmless(const char *text)
{
	struct pxc_buf out = { .data = NULL };

	while (*text) {
		uint32_t c = utf8_next(&text);

		utf8_put(&out, c != '\n' && c != '\t' && utf8_is_harmful(c) ? UTF8_REPLACEMENT : c);
	}
	return buf_take(&out);
}
