/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mem.h - memory that does not fail.
 *
 * We are a program of seconds: when memory runs out there is nothing to save, so every
 * allocation either succeeds or ends the program through the out-of-memory handler, which
 * for a module prints its one JSON failure line. Layer: base.
 */
#pragma once

#include <stddef.h>

#include "base/attr.h"

/* Called once, without allocating, before the program exits with status 1. Default: a line on stderr. */
extern void (*pxc_oom_handler)(void);

no_return void pxc_oom(void);
void *pxc_alloc(size_t size);                /* malloc; size 0 gives a valid pointer */
void *pxc_calloc(size_t count, size_t size); /* zeroed; overflow of count * size is OOM */
void *pxc_realloc(void *ptr, size_t size);
char *pxc_strdup(const char *s); /* NULL gives NULL */
char *pxc_strndup(const char *s, size_t n);
char *pxc_printf(const char *fmt, ...) printf_like(1, 2); /* caller frees */

/* Route jansson's allocations through pxc_alloc(). Call first thing in main(). */
void pxc_mem_init(void);
