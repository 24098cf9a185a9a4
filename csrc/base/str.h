/* SPDX-License-Identifier: GPL-3.0-or-later */
/* str.h - small questions about strings. Pure. Layer: base. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* Number of Unicode code points in valid UTF-8 (what PVE counts as "characters"). */
size_t utf8_length(const char *s);
bool utf8_valid(const char *s, size_t len);

/* Edits (insert, delete, replace, swap neighbours) between a and b; strings over 64 bytes count as far apart. */
unsigned str_distance(const char *a, const char *b);

/* The nearest of n names within a third of wrong's length, or NULL: "did you mean ...?" */
const char *str_nearest(const char *wrong, const char *const *names, size_t n);
