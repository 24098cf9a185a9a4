/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arena.h - memory that lives as long as the run: nobody frees single pieces. Layer: base.
 * A zeroed struct is an empty arena.
 */
#pragma once

#include <stddef.h>

#include "base/attr.h"

struct pxc_arena {
	struct arena_chunk *head;
};

void arena_release(struct pxc_arena *arena);
#define auto_arena on_scope_exit(arena_release)

void *arena_alloc(struct pxc_arena *arena, size_t size); /* zeroed, aligned for any type */
/* An array with room for one more behind the n that are in it: list itself, or a copy twice as large. list NULL: none yet. */
void *arena_grow(struct pxc_arena *arena, void *list, size_t n, size_t *cap, size_t item_size);
char *arena_strdup(struct pxc_arena *arena, const char *s); /* NULL gives NULL */
char *arena_strndup(struct pxc_arena *arena, const char *s, size_t n);
char *arena_printf(struct pxc_arena *arena, const char *fmt, ...) printf_like(2, 3);
