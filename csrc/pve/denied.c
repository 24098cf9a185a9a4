/* SPDX-License-Identifier: GPL-3.0-or-later */
/* denied.c - what to grant, out of a refusal. */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "pve/errors.h"

int pve_lacks(const char *who, const char *privs, const char *path, struct pxc_err *err)
{
	struct pxc_buf list = { .data = NULL };

	for (const char *p = privs; *p; p++)
		if (*p == '|')
			buf_adds(&list, " or ");
		else
			buf_addc(&list, *p);
	(void)pxc_fail(err, PXC_EDENIED, "needs privilege %s on %s: grant it to %s%s",
		       buf_str(&list), path, who,
		       strchr(who, '!')
			       ? " (a token with privilege separation has only its own rights)"
			       : "");
	buf_release(&list);
	return -1;
}

/*
 * Where one of several rights would have been enough PVE says nothing but "Permission check failed". These requests are
 * such; "*" is a segment of the path, and in "where" {name} a parameter or {1} that segment; what is in the last
 * brackets goes when there is no such parameter. (PVE::RPCEnvironment, checks "or" and "userid-group")
 */
static const struct {
	const char *method, *path, *privs, *where;
} silent[] = {
	{ "POST", "/nodes/*/qemu", "VM.Allocate", "/vms/{vmid}[ or /pool/{pool}]" },
	{ "POST", "/nodes/*/qemu/*/clone", "VM.Allocate", "/vms/{newid}[ or /pool/{pool}]" },
	{ "POST", "/nodes/*/storage/*/download-url", "Sys.AccessNetwork", "/nodes/{1}" },
	{ "GET", "/nodes/*/query-url-metadata", "Sys.AccessNetwork", "/nodes/{1}" },
	{ "GET", "/nodes/*/storage/*/content/*", "Datastore.Audit", "/storage/{2}" },
	{ "GET", "/cluster/mapping/*/*", "Mapping.Audit", "/mapping/{1}/{2}" },
	{ "GET", "/access/users/*", "User.Modify|Sys.Audit", "/access/groups" },
	{ "*", "/access/users/*", "User.Modify", "/access/groups" },
	{ "*", "/access/users/*/token", "User.Modify", "/access/groups" },
	{ "*", "/access/users/*/token/*", "User.Modify", "/access/groups" },
};

/* The text at most as long as the segment that path begins with. */
static size_t segment(const char *path)
{
	return strcspn(path, "/?");
}

static bool fits(const char *pattern, const char *path)
{
	while (*pattern == '/' && *path == '/') {
		size_t want = segment(++pattern), have = segment(++path);

		if (*pattern != '*' && (want != have || strncmp(pattern, path, have) != 0))
			return false;
		pattern += want;
		path += have;
	}
	return !*pattern && (!*path || *path == '?');
}

/* Segment number n of those that "*" stands for. */
static char *star(const char *pattern, const char *path, int n)
{
	for (;;) {
		pattern++, path++;
		if (*pattern == '*' && --n == 0)
			return pxc_strndup(path, segment(path));
		pattern += segment(pattern);
		path += segment(path);
	}
}

/* {name} or {1} as text; NULL: there is no such parameter. */
static char *filled(const char *name, const char *pattern, const struct pve_asked *asked)
{
	const json_t *value = json_object_get(asked->params, name);

	if (isdigit((unsigned char)*name))
		return star(pattern, asked->path, *name - '0');
	if (json_is_integer(value))
		return pxc_printf("%lld", (long long)json_integer_value(value));
	return pxc_strdup(json_string_value(value));
}

static char *place(size_t row, const struct pve_asked *asked)
{
	struct pxc_buf out = { .data = NULL };
	size_t begun = 0;

	for (const char *at = silent[row].where; *at; at++) {
		size_t len = strcspn(at, "}");
		auto_free char *name = *at == '{' ? pxc_strndup(at + 1, len - 1) : NULL;
		auto_free char *value = name ? filled(name, silent[row].path, asked) : NULL;

		if (*at == '[')
			begun = out.len;
		else if (name && !value && begun)
			out.data[out.len = begun] = '\0';
		else if (name)
			buf_adds(&out, value ? value : "");
		else if (*at != ']')
			buf_addc(&out, *at);
		at += name ? len : 0;
	}
	return buf_take(&out);
}

/* PVE said no more than that it refuses. */
static void explain_silence(const struct pve_asked *asked, struct pxc_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
		auto_free char *where = NULL;

		if ((*silent[i].method != '*' && strcmp(silent[i].method, asked->method) != 0) ||
		    !fits(silent[i].path, asked->path))
			continue;
		where = place(i, asked);
		(void)pve_lacks(asked->who, silent[i].privs, where, err);
		return;
	}
	(void)pxc_fail(
		err, PXC_EDENIED,
		"permission denied (PVE does not say which privilege is missing): check what "
		"%s may do",
		asked->who);
}

/*
 * "Permission check failed (/vms/100, VM.Clone|VM.Audit)" says which privilege on which path; other texts in the
 * parentheses are PVE's own sentences.
 */
void pve_denied(const char *words, const struct pve_asked *asked, struct pxc_err *err)
{
	const char *open = strstr(words, "(/"), *comma = open ? strstr(open, ", ") : NULL;
	const char *close = comma ? strrchr(comma, ')') : NULL;
	auto_free char *path = close ? pxc_strndup(open + 1, (size_t)(comma - open - 1)) : NULL;
	auto_free char *privs = close ? pxc_strndup(comma + 2, (size_t)(close - comma - 2)) : NULL;

	if (privs && strcspn(privs, " ") == strlen(privs))
		(void)pve_lacks(asked->who, privs, path, err);
	else if (strcmp(words, "Permission check failed") == 0)
		explain_silence(asked, err);
	else
		(void)pxc_fail(err, PXC_EDENIED, "permission denied to %s: %s", asked->who, words);
}
