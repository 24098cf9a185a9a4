/* SPDX-License-Identifier: GPL-3.0-or-later */
/* escape.h - values as the annotation grammar writes them. Layer: annot. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Append value with every byte outside the alphabet as *HH, and "-" after "-" too (it would end a comment). */
void annot_escape(struct pxc_buf *out, const char *value);

/* Append what the len bytes of text stand for. false: a byte outside the alphabet, or a broken *HH (or *00). */
bool annot_unescape(struct pxc_buf *out, const char *text, size_t len);

bool annot_key_ok(const char *key, size_t len); /* 1*(a-z 0-9 . _ -) */
