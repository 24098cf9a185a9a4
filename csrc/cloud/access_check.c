/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What PVE would refuse, or a person cannot have meant: said before anything is written. */
#include <ctype.h>
#include <string.h>

#include "annot/annot.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_parts.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"

static bool plain(const char *name)
{
	return *name && strspn(name, NAME_CHARS) == strlen(name);
}

int access_check_role(const struct access_role *r, const struct access_model *m,
		      struct pxc_err *err)
{
	if (!plain(r->roleid))
		return pxc_fail(err, PXC_EINVAL,
				"role \"%s\": a role's name has letters, digits, dot, - and _",
				r->roleid);
	if (json_is_true(json_object_get(json_object_get(m->roles, r->roleid), "special")))
		return pxc_fail(err, PXC_EINVAL,
				"role %s is one that PVE brings along; it cannot be changed",
				r->roleid);
	if (str_starts(r->roleid, "PVE"))
		return pxc_fail(err, PXC_EINVAL,
				"role %s: PVE keeps names that begin with PVE for its own roles",
				r->roleid);
	return 0;
}

/* Groups that are something else: people of the cloud, key pairs, locks. */
static const char *meaning(const char *groupid, const struct access_state *s)
{
	size_t i;
	json_t *g;

	if (str_starts(groupid, "pxc-lock-"))
		return "a lock of the cloud";
	if (str_starts(groupid, "pxc-key."))
		return "a key pair of the cloud: see pxc_keypair";
	json_array_foreach (s->groups, i, g) {
		auto_annot_text struct annot_text t = { .before = NULL };
		const char *comment = json_string_value(json_object_get(g, "comment"));

		if (!str_eq(json_string_value(json_object_get(g, "groupid")), groupid) || !comment)
			continue;
		annot_parse(ANNOT_TOKEN, comment, &t);
		if (str_eq(annot_get(&t.annot, "t"), "group"))
			return "a group of people of the cloud: see pxc_group";
	}
	return NULL;
}

int access_check_group(const struct access_group *g, const struct access_state *s,
		       struct pxc_err *err)
{
	const char *what = meaning(g->groupid, s);

	if (!plain(g->groupid))
		return pxc_fail(err, PXC_EINVAL,
				"group \"%s\": a group's name has letters, digits, dot, - and _",
				g->groupid);
	if (what)
		return pxc_fail(err, PXC_EINVAL, "group %s is %s", g->groupid, what);
	return 0;
}

static bool realm_known(const struct access_state *s, const char *realm, struct pxc_buf *known)
{
	size_t i;
	json_t *r;

	json_array_foreach (s->realms, i, r) {
		const char *name = json_string_value(json_object_get(r, "realm"));

		if (str_eq(name, realm))
			return true;
		buf_printf(known, "%s%s", i ? ", " : "", name ? name : "");
	}
	return false;
}

int access_check_user(const struct access_user *u, const struct access_state *s,
		      struct pxc_err *err)
{
	auto_buf struct pxc_buf known = { .data = NULL };
	const char *at = strrchr(u->userid, '@');

	if (!at || at == u->userid || !plain(at + 1) || strpbrk(u->userid, " \t\r\n:/!,;") ||
	    strlen(u->userid) > 64)
		return pxc_fail(err, PXC_EINVAL,
				"user \"%s\": a user is named like name@realm, at most 64 "
				"characters",
				u->userid);
	/* PVE takes any realm, and nobody could ever log in. */
	if (!u->absent && !realm_known(s, at + 1, &known))
		return pxc_fail(err, PXC_EINVAL, "user %s: there is no realm %s: there are %s",
				u->userid, at + 1, buf_str(&known));
	return 0;
}

int access_check_token(const struct access_token *t, struct pxc_err *err)
{
	if (strlen(t->name) < 2 || !isalpha((unsigned char)t->name[0]) || !plain(t->name))
		return pxc_fail(
			err, PXC_EINVAL,
			"token %s!%s: a token's name has at least two letters, digits, dot, "
			"- and _, a letter first",
			t->userid, t->name);
	return 0;
}

int access_check_path(const char *path, struct pxc_err *err)
{
	static const char *const tops[] = { "access", "mapping", "nodes", "pool",
					    "sdn",    "storage", "vms" };
	size_t n = strlen(path);

	if (str_eq(path, "/"))
		return 0;
	if (path[0] != '/' || path[n - 1] == '/' || strstr(path, "//"))
		return pxc_fail(err, PXC_EINVAL,
				"acl: \"%s\" is no path like / or /pool/acme, with a / in front "
				"and none at the end",
				path);
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
		if (!strncmp(path + 1, tops[i], strlen(tops[i])) &&
		    strchr("/", path[1 + strlen(tops[i])]))
			return 0;
	return pxc_fail(err, PXC_EINVAL,
			"acl: PVE has no permissions on %s: a path begins with /access, /mapping, "
			"/nodes, /pool, /sdn, /storage or /vms",
			path);
}
