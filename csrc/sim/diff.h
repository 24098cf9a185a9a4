/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diff.h - what "diff -u" says of two texts. Pure. Layer: sim. */
#pragma once

#include "base/buf.h"

/*
 * Append a unified diff with three lines of context; nothing when the texts are the same. Lines that both texts have
 * once and in the same order are what it holds on to, so it is not always the shortest one; its cost grows with the
 * texts, not with their product. out is empty before.
 *
 * old_name, new_name   the two lines at its head, without "--- " and "+++ "
 */
void diff_unified(const char *old_text, const char *new_text, const char *old_name,
		  const char *new_name, struct pxc_buf *out);
