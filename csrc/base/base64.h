/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base64.h - base64 as RFC 4648 part 4 has it, without line breaks. Pure. Layer: base. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Append what text stands for. false: a byte that does not belong there, wrong padding, or bits left over. */
bool base64_decode(const char *text, struct pxc_buf *out);

/* Append len bytes as base64, with "=" at the end when padded. */
void base64_encode(const void *bytes, size_t len, bool padded, struct pxc_buf *out);
