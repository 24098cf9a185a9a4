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

void *arena_alloc(struct pxc_arena *arena, size_t size);    /* zeroed, aligned for any type */
char *arena_strdup(struct pxc_arena *arena, const char *s); /* NULL gives NULL */
char *arena_strndup(struct pxc_arena *arena, const char *s, size_t n);
char *arena_printf(struct pxc_arena *arena, const char *fmt, ...) printf_like(2, 3);
