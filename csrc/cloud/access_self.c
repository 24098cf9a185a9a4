/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nobody saws off the branch that they sit on: what the run itself may do, before and after, by PVE's own rules. On the way
 * down a path the deepest entry counts alone; one of the user goes before those of its groups; an entry that does not
 * propagate counts only where it stands. A separated token has no more than both, it and its user, have.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_parts.h"

#define NOTHING "NoAccess" /* PVE's own role that takes everything away */

/* One subject's roles at one entry: add their privileges. false: none of them counts here. */
static bool add_roles(const struct access_model *m, const json_t *roles, bool here, json_t *privs)
{
	const char *roleid;
	json_t *propagate;
	bool any = false;

	if (json_object_get(roles, NOTHING)) {
		(void)json_object_clear(privs);
		return true;
	}
	json_object_foreach ((json_t *)(uintptr_t)roles, roleid, propagate) {
		if (!here && !json_is_true(propagate))
			continue;
		any = true;
		(void)json_object_update(
			privs, json_object_get(json_object_get(m->roles, roleid), "privs"));
	}
	return any;
}

static bool add_subject(const struct access_model *m, const json_t *node, const char *type,
			const char *who, bool here, json_t *privs)
{
	auto_free char *subject = pxc_printf("%s %s", type, who);

	return add_roles(m, json_object_get(node, subject), here, privs);
}

/* What an entry gives: true, and privs, or false when it says nothing to them. */
static bool at_entry(const struct access_model *m, const json_t *node, const char *type,
		     const char *who, bool here, json_t *privs)
{
	const char *group;
	bool any = false;
	json_t *v;

	if (add_subject(m, node, type, who, here, privs))
		return true;
	if (!str_eq(type, "user"))
		return false;
	json_object_foreach (json_object_get(json_object_get(m->users, who), "groups"), group, v)
		any |= add_subject(m, node, "group", group, here, privs);
	return any;
}

/* Privileges on a path, or below it where nothing else is said. New reference. */
static json_t *walk(const struct access_model *m, const char *type, const char *who,
		    const char *path, bool inside)
{
	json_t *privs = json_object();

	for (size_t n = 1;; n += 1 + strcspn(path + n + 1, "/")) {
		auto_free char *part = pxc_strndup(path, n);
		bool here = path[n] == '\0' && !inside;
		json_auto_t *found = json_object();

		if (at_entry(m, json_object_get(m->acls, part), type, who, here, found)) {
			(void)json_object_clear(privs);
			(void)json_object_update(privs, found);
		}
		if (path[n] == '\0')
			return privs;
		/* Behind "/" comes the first name, behind a name the next "/". */
		if (n == 1)
			n = 0;
	}
}

static json_t *privs_on(const struct access_state *s, const struct access_model *m,
			const char *path, bool inside)
{
	const json_t *token = access_token_get(m, s->user, s->token);
	auto_free char *full = pxc_printf("%s!%s", s->user, s->token);
	json_auto_t *own = NULL;
	json_t *privs;
	const char *key;
	void *next;
	json_t *v;

	if (str_eq(s->user, "root@pam"))
		privs = json_deep_copy(
			json_object_get(json_object_get(m->roles, "Administrator"), "privs"));
	else
		privs = walk(m, "user", s->user, path, inside);
	if (!privs || !*s->token || json_is_false(json_object_get(token, "privsep")))
		return privs ? privs : json_object();
	own = walk(m, "token", full, path, inside);
	json_object_foreach_safe (privs, next, key, v)
		if (!json_object_get(own, key))
			(void)json_object_del(privs, key);
	return privs;
}

static int refuse(struct pxc_err *err, const struct access_state *s, const char *what,
		  const char *where)
{
	return pxc_fail(err, PXC_EINVAL,
			"the task would take %s%s%s from %s%s%s, with which it runs itself: "
			"lockout: true allows that",
			what, where ? " on " : "", where ? where : "", s->user,
			*s->token ? "!" : "", s->token);
}

static int compare(const struct access_state *s, const struct access_model *before,
		   const struct access_model *after, const char *path, struct pxc_err *err)
{
	for (int inside = 0; inside < 2; inside++) {
		json_auto_t *had = privs_on(s, before, path, inside),
			    *has = privs_on(s, after, path, inside);
		const char *key;
		json_t *v;

		json_object_foreach (had, key, v) {
			auto_free char *where =
				inside ? pxc_printf("%s and below", path) : pxc_strdup(path);

			if (!json_object_get(has, key))
				return refuse(err, s, key, where);
		}
	}
	return 0;
}

static bool lives(const json_t *entry, int64_t now_s)
{
	json_int_t expire = json_integer_value(json_object_get(entry, "expire"));

	return entry && !json_is_false(json_object_get(entry, "enable")) &&
	       !json_is_true(json_object_get(entry, ACCESS_AGAIN)) && (!expire || expire > now_s);
}

int access_check_self(const struct access_state *s, const struct access_model *before,
		      const struct access_model *after, struct pxc_err *err)
{
	const char *path;
	json_t *node;

	if (lives(json_object_get(before->users, s->user), s->now_s) &&
	    !lives(json_object_get(after->users, s->user), s->now_s))
		return refuse(err, s, "its login", NULL);
	if (lives(access_token_get(before, s->user, s->token), s->now_s) &&
	    !lives(access_token_get(after, s->user, s->token), s->now_s))
		return refuse(err, s, "its login", NULL);
	if (compare(s, before, after, "/", err) < 0)
		return -1;
	json_object_foreach (before->acls, path, node)
		if (compare(s, before, after, path, err) < 0)
			return -1;
	json_object_foreach (after->acls, path, node)
		if (!json_object_get(before->acls, path) &&
		    compare(s, before, after, path, err) < 0)
			return -1;
	return 0;
}
