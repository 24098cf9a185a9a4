/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A want grows: each name once, the first stands. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cloud/access_task_parts.h"

/* A copy of the list with room for one more: wants are short. */
static void *longer(struct pxc_arena *arena, const void *list, size_t n, size_t size)
{
	void *copy = arena_alloc(arena, (n + 1) * size);

	if (n)
		memcpy(copy, list, n * size);
	return copy;
}

void want_role(struct access_want *want, struct pxc_arena *arena, struct access_role role)
{
	for (size_t i = 0; i < want->nroles; i++)
		if (str_eq(want->roles[i].roleid, role.roleid))
			return;
	want->roles = longer(arena, want->roles, want->nroles, sizeof(role));
	want->roles[want->nroles++] = role;
}

void want_group(struct access_want *want, struct pxc_arena *arena, struct access_group group)
{
	for (size_t i = 0; i < want->ngroups; i++)
		if (str_eq(want->groups[i].groupid, group.groupid))
			return;
	want->groups = longer(arena, want->groups, want->ngroups, sizeof(group));
	want->groups[want->ngroups++] = group;
}

void want_user(struct access_want *want, struct pxc_arena *arena, struct access_user user)
{
	for (size_t i = 0; i < want->nusers; i++)
		if (str_eq(want->users[i].userid, user.userid))
			return;
	want->users = longer(arena, want->users, want->nusers, sizeof(user));
	want->users[want->nusers++] = user;
}

void want_token(struct access_want *want, struct pxc_arena *arena, struct access_token token)
{
	for (size_t i = 0; i < want->ntokens; i++)
		if (str_eq(want->tokens[i].userid, token.userid) &&
		    str_eq(want->tokens[i].name, token.name))
			return;
	want->tokens = longer(arena, want->tokens, want->ntokens, sizeof(token));
	want->tokens[want->ntokens++] = token;
}

void want_acl(struct access_want *want, struct pxc_arena *arena, struct access_acl acl)
{
	for (size_t i = 0; i < want->nacls; i++) {
		const struct access_acl *have = &want->acls[i];

		if (have->subject == acl.subject && str_eq(have->who, acl.who) &&
		    str_eq(have->path, acl.path) && str_eq(have->roleid, acl.roleid))
			return;
	}
	want->acls = longer(arena, want->acls, want->nacls, sizeof(acl));
	want->acls[want->nacls++] = acl;
}

void want_watch(struct access_want *want, struct pxc_arena *arena, const char *path)
{
	size_t n = 0;
	const char **list;

	while (want->watch && want->watch[n])
		if (str_eq(want->watch[n++], path))
			return;
	list = arena_alloc(arena, (n + 2) * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = want->watch[i];
	list[n] = path;
	want->watch = list;
}

void want_warning(struct access_want *want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)json_array_append_new(want->warnings, json_vsprintf(fmt, ap));
	va_end(ap);
}

const char *access_text(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));

	return text ? text : "";
}

const json_t *access_entry(const json_t *list, const char *key, const char *name)
{
	size_t i;
	json_t *entry;

	json_array_foreach (list, i, entry)
		if (str_eq(access_text(entry, key), name))
			return entry;
	return NULL;
}

const json_t *access_token_entry(const struct access_state *s, const char *userid,
				 const char *token)
{
	return access_entry(json_object_get(access_entry(s->users, "userid", userid), "tokens"),
			    "tokenid", token);
}
