/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ansible/args.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"

const char *ans_getenv(const char *name)
{
	return getenv(name);
}

static int read_all(int fd, const char *what, struct pxc_buf *ret, struct pxc_err *err)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pxc_fail(err, PXC_EINVAL,
					"cannot read the module's arguments from %s: %s", what,
					strerror(errno));
		buf_add(ret, chunk, (size_t)n);
		if (ret->len > PXC_MAX_ARGS)
			return pxc_fail(err, PXC_EINVAL,
					"the module's arguments are larger than %u MiB",
					PXC_MAX_ARGS >> 20);
	}
	return 0;
}

/*
 * Python writes integers of any size, jansson reads 64 bits: put longer ones in quotes, so that one huge number does
 * not make the whole document unreadable.
 */
static void quote_huge_integers(const struct pxc_buf *in, struct pxc_buf *out)
{
	bool text = false;

	for (size_t i = 0; i < in->len; i++) {
		const char *p = in->data + i;
		size_t sign = *p == '-', digits;

		if (text) {
			buf_addc(out, *p);
			if (*p == '\\' && i + 1 < in->len)
				buf_addc(out, in->data[++i]);
			else
				text = *p != '"';
			continue;
		}
		digits = isdigit((unsigned char)p[sign]) ? strspn(p + sign, "0123456789") : 0;
		if (digits) {
			bool huge = digits > 18 && !strchr(".eE", p[sign + digits]);

			buf_printf(out, huge ? "\"%.*s\"" : "%.*s", (int)(sign + digits), p);
			i += sign + digits - 1;
			continue;
		}
		text = *p == '"';
		buf_addc(out, *p);
	}
}

int ans_read(int argc, char **argv, json_t **ret, struct pxc_err *err)
{
	auto_buf struct pxc_buf raw = { .data = NULL }, text = { .data = NULL };
	const char *path = argc > 1 ? argv[1] : NULL;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, r;
	json_error_t where;
	json_t *value;

	if (fd < 0)
		return pxc_fail(err, PXC_EINVAL, "cannot open the module's arguments %s: %s", path,
				strerror(errno));
	r = read_all(fd, path ? path : "standard input", &raw, err);
	if (path)
		(void)close(fd);
	if (r < 0)
		return -1;
	quote_huge_integers(&raw, &text);
	value = json_loadb(buf_str(&text), text.len, 0, &where);
	if (!value)
		return pxc_fail(err, PXC_EINVAL, "the module's arguments are no JSON: line %d: %s",
				where.line, where.text);
	if (!json_is_object(value)) {
		json_decref(value);
		return pxc_fail(err, PXC_EINVAL, "the module's arguments are no JSON object");
	}
	*ret = value;
	return 0;
}
