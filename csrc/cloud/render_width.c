/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render_width.c - characters: how wide they are on a terminal. */
#include "base/attr.h"
#include "base/utf8.h"
#include "cloud/render_parts.h"

struct range {
	uint32_t first, last;
};

/* Marks that stand on the character in front of them, and joiners: the large blocks of Unicode, not each single one. */
static const struct range narrow[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
	{ 0x064b, 0x065f }, { 0x0e31, 0x0e31 }, { 0x0e34, 0x0e3a }, { 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff }, { 0x200b, 0x200d }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f },
};

/* East Asian Wide and Fullwidth, and pictures (Unicode's EastAsianWidth, by blocks). */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x23e9, 0x23ec },   { 0x2614, 0x2615 },
	{ 0x26a1, 0x26a1 },   { 0x2705, 0x2705 },   { 0x274c, 0x274c },   { 0x2e80, 0x303e },
	{ 0x3041, 0x33ff },   { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },
	{ 0xa960, 0xa97f },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },
	{ 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
	{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool within(uint32_t c, const struct range *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= list[i].first && c <= list[i].last)
			return true;
	return false;
}

uint32_t render_next(const char **text, unsigned *ret_columns)
{
	uint32_t c = utf8_next(text);

	if (utf8_is_harmful(c))
		c = UTF8_REPLACEMENT;
	*ret_columns = within(c, narrow, ARRAY_SIZE(narrow)) ? 0
		       : within(c, wide, ARRAY_SIZE(wide))   ? 2
							     : 1;
	return c;
}
