/* SPDX-License-Identifier: GPL-3.0-or-later */
/* attr.h - compiler attributes and scope exit. Layer: base. */
#pragma once

#include <stdlib.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define on_scope_exit(fn) __attribute__((cleanup(fn)))
#define no_return __attribute__((noreturn))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void pxc_freep(void *p)
{
	free(*(void **)p);
}
#define auto_free on_scope_exit(pxc_freep)
