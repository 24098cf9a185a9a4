/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ansible/args.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"

#define NUMBER "+-0123456789.eE"

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

/* A number that a double or 64 bits cannot hold. */
static bool huge(const char *number, size_t len)
{
	char copy[512];

	if (len >= sizeof(copy))
		return true;
	(void)memcpy(copy, number, len);
	copy[len] = '\0';
	errno = 0;
	if (strpbrk(copy, ".eE"))
		(void)strtod(copy, NULL);
	else
		(void)strtoll(copy, NULL, 10);
	return errno == ERANGE;
}

/* The length of what Python writes beyond JSON at p, or of a number; 0 = neither. */
static size_t token(const char *p)
{
	static const char *const words[] = { "-Infinity", "Infinity", "NaN" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_starts(p, words[i]))
			return strlen(words[i]);
	return *p == '-' || (*p >= '0' && *p <= '9') ? strspn(p, NUMBER) : 0;
}

/*
 * Python writes integers of any size, infinity and NaN; jansson reads 64 bits and finite numbers. Such values are put in
 * quotes, so that one of them does not make the whole document unreadable.
 */
static void quote_odd_numbers(const struct pxc_buf *in, struct pxc_buf *out)
{
	bool text = false;

	for (size_t i = 0; i < in->len; i++) {
		const char *p = in->data + i;
		size_t len = text ? 0 : token(p);
		bool odd = len && (*p == 'I' || *p == 'N' || p[1] == 'I' || huge(p, len));

		if (len) {
			buf_adds(out, odd ? "\"" : "");
			buf_add(out, p, len);
			buf_adds(out, odd ? "\"" : "");
			i += len - 1;
			continue;
		}
		buf_addc(out, *p);
		if (*p == '"')
			text = !text;
		else if (text && *p == '\\' && i + 1 < in->len)
			buf_addc(out, in->data[++i]);
	}
}

static int parse(const struct pxc_buf *raw, json_t **ret, struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };
	json_error_t where;
	json_auto_t *value = NULL;

	quote_odd_numbers(raw, &text);
	value = json_loadb(buf_str(&text), text.len, 0, &where);
	/* The parser's own message may quote what is there, and that may be a secret. */
	if (!value)
		return pxc_fail(err, PXC_EINVAL,
				"the module's arguments are no JSON: line %d, column %d",
				where.line, where.column);
	if (!json_is_object(value))
		return pxc_fail(err, PXC_EINVAL, "the module's arguments are no JSON object");
	*ret = pxc_take(&value);
	return 0;
}

int ans_read(int argc, char **argv, json_t **ret, struct pxc_err *err)
{
	auto_buf struct pxc_buf raw = { .data = NULL };
	const char *path = argc > 1 ? argv[1] : NULL;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, r;

	if (fd < 0)
		return pxc_fail(err, PXC_EINVAL, "cannot open the module's arguments %s: %s", path,
				strerror(errno));
	r = read_all(fd, path ? path : "standard input", &raw, err);
	if (path)
		(void)close(fd);
	return r < 0 ? -1 : parse(&raw, ret, err);
}
