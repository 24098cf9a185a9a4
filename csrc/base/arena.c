/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define CHUNK 16384u
#define ALIGN _Alignof(max_align_t)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

void arena_release(struct pxc_arena *arena)
{
	while (arena->head) {
		struct arena_chunk *next = arena->head->next;

		free(arena->head);
		arena->head = next;
	}
}

void *arena_alloc(struct pxc_arena *arena, size_t size)
{
	struct arena_chunk *c = arena->head;
	void *p;

	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (!c || c->size - c->used < size) {
		size_t want = size > CHUNK ? size : CHUNK;

		c = pxc_calloc(1, sizeof(*c) + want);
		c->size = want;
		c->next = arena->head;
		arena->head = c;
	}
	p = c->bytes + c->used;
	c->used += size;
	return p;
}

void *arena_grow(struct pxc_arena *arena, void *list, size_t n, size_t *cap, size_t item_size)
{
	void *larger;

	if (n < *cap)
		return list;
	*cap = *cap ? 2 * *cap : 16;
	larger = arena_alloc(arena, *cap * item_size);
	if (n)
		memcpy(larger, list, n * item_size);
	return larger;
}

char *arena_strndup(struct pxc_arena *arena, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = arena_alloc(arena, len + 1);

	memcpy(p, s, len);
	return p;
}

char *arena_strdup(struct pxc_arena *arena, const char *s)
{
	return s ? arena_strndup(arena, s, strlen(s)) : NULL;
}

char *arena_printf(struct pxc_arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = arena_alloc(arena, n < 0 ? 1 : (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(p, n < 0 ? 1 : (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
