/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say_on_stderr(void)
{
	static const char line[] = "out of memory\n";

	(void)!write(STDERR_FILENO, line, sizeof(line) - 1);
}

void (*pxc_oom_handler)(void) = say_on_stderr;

no_return void pxc_oom(void)
{
	pxc_oom_handler();
	_exit(1);
}

void *pxc_alloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		pxc_oom();
	return p;
}

void *pxc_calloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		pxc_oom();
	return p;
}

void *pxc_realloc(void *ptr, size_t size)
{
	void *p = realloc(ptr, size ? size : 1);

	if (!p)
		pxc_oom();
	return p;
}

char *pxc_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = pxc_alloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *pxc_strdup(const char *s)
{
	return s ? pxc_strndup(s, strlen(s)) : NULL;
}

char *pxc_printf(const char *fmt, ...)
{
	char *ret = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&ret, fmt, ap);
	va_end(ap);
	if (n < 0)
		pxc_oom();
	return ret;
}
