/* SPDX-License-Identifier: GPL-3.0-or-later */
/* utf8.h - characters of valid UTF-8, one by one, and which of them a text that others wrote must not bring along. Layer: base. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"

#define UTF8_REPLACEMENT 0xfffdu

uint32_t utf8_next(const char **text); /* *text moves on; not called at its end */
void utf8_put(struct pxc_buf *out, uint32_t c);

/*
 * Whether a terminal or a page would do something else with it than show it: controls of C0 and C1, those that tabs and lines are
 * made of included, and what turns the direction of all that follows.
 */
must_check bool utf8_is_harmful(uint32_t c);

/* The same with U+FFFD for each of these, but for tabs and ends of lines. New string. */
char *utf8_harmless(const char *text);
