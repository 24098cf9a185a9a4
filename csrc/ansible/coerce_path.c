/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "ansible/args.h"
#include "ansible/coerce.h"
#include "base/buf.h"
#include "base/mem.h"

/* At a "$": put the variable's value; returns how many bytes of p it stood for, 0 when it is no variable that is set. */
static size_t expand_variable(const char *p, struct pxc_buf *out)
{
	bool braces = p[1] == '{';
	const char *start = p + 1 + braces, *value;
	size_t len = 0;
	auto_free char *name = NULL;

	while (braces ? start[len] && start[len] != '}'
		      : isalnum((unsigned char)start[len]) || start[len] == '_')
		len++;
	if (len == 0 || (braces && start[len] != '}'))
		return 0;
	name = pxc_strndup(start, len);
	value = ans_getenv(name);
	if (!value)
		return 0;
	buf_adds(out, value);
	return 1 + 2 * (size_t)braces + len;
}

static const char *home_of(const char *user)
{
	const char *home = *user ? NULL : ans_getenv("HOME");
	const struct passwd *entry;

	if (home)
		return home;
	entry = *user ? getpwnam(user) : getpwuid(getuid());
	return entry ? entry->pw_dir : NULL;
}

json_t *coerce_path(const char *text)
{
	auto_buf struct pxc_buf out = { .data = NULL };
	auto_free char *user = NULL, *full = NULL;
	const char *home, *rest;
	size_t len;

	for (const char *p = text; *p;) {
		size_t used = *p == '$' ? expand_variable(p, &out) : 0;

		if (!used)
			buf_addc(&out, *p);
		p += used ? used : 1;
	}
	text = buf_str(&out);
	if (*text != '~')
		return json_string(text);
	rest = strchrnul(text, '/');
	user = pxc_strndup(text + 1, (size_t)(rest - text) - 1);
	home = home_of(user);
	if (!home)
		return json_string(text);
	len = strlen(home);
	while (len && home[len - 1] == '/')
		len--;
	full = pxc_printf("%.*s%s", (int)len, home, rest);
	return json_string(*full ? full : "/");
}
