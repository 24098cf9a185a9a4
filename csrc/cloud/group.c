/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/group.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

bool group_owns(const struct annot *a, const char *kind, const char *groupid)
{
	const char *id = annot_get(a, "id");

	return str_eq(annot_get(a, "t"), kind) && id && str_starts(id, "group.") &&
	       str_eq(id + strlen("group."), groupid);
}

const char *group_name(const struct world_group *group)
{
	const char *name = group->groupid + strlen(GROUP_PREFIX);

	return str_starts(group->groupid, GROUP_PREFIX) && !str_starts(name, GROUP_LOCKS) &&
			       !strchr(name, '.')
		       ? name
		       : NULL;
}

const char *const *group_users(struct pxc_arena *arena, const struct world_group *group)
{
	auto_annot_text struct annot_text t = { .before = NULL };

	annot_parse(ANNOT_TOKEN, group->comment, &t);
	if (t.finding != ANNOT_OK || !group_owns(&t.annot, "group", group->groupid))
		return NULL;
	return strv_split(arena, annot_get(&t.annot, "m"));
}

bool group_has(const struct world *w, const char *name, const char *user)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const struct world_group *g;

	g = world_group(w, arena_printf(&arena, GROUP_PREFIX "%s", name));
	return g && strv_has(group_users(&arena, g), user);
}

static void add_use(struct pxc_arena *arena, struct group_use **list, size_t *n, size_t *cap,
		    struct group_use use)
{
	*list = arena_grow(arena, *list, *n, cap, sizeof(**list));
	(*list)[(*n)++] = use;
}

size_t group_uses(const struct world *w, const char *name, struct pxc_arena *arena,
		  struct group_use **ret)
{
	const char *who = arena_printf(arena, "@%s", name);
	struct group_use *list = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < w->npools; i++) {
		auto_annot_text struct annot_text t = { .before = NULL };
		struct project_block b;
		struct pxc_err ignored;

		/* Most projects have no such group: read only what can name it. */
		if (!strstr(w->pools[i].comment, who))
			continue;
		annot_parse(ANNOT_TOKEN, w->pools[i].comment, &t);
		if (t.finding == ANNOT_NONE ||
		    project_decode(&t.annot, w->pools[i].poolid, arena, &b, &ignored) < 0)
			continue;
		for (int r = 0; r < PROJECT_ROLES; r++)
			if (strv_has(b.roles[r], who))
				add_use(arena, &list, &n, &cap,
					(struct group_use){ arena_strdup(arena, b.name), r });
	}
	if (strv_has(w->registry.admins, who))
		add_use(arena, &list, &n, &cap, (struct group_use){ NULL, PROJECT_ROLES });
	*ret = list;
	return n;
}

char *group_text(const struct annot_text *t)
{
	char *text = pxc_printf("%s%s", t->before, t->after);

	for (size_t n = strlen(text); n && strchr(" \t\r\n", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

static json_t *uses_json(const struct world *w, const char *name, struct pxc_arena *arena)
{
	struct group_use *uses = NULL;
	size_t n = group_uses(w, name, arena, &uses);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
			list, uses[i].project ? json_pack("{s:s,s:s}", "project", uses[i].project,
							  "role", project_role_names[uses[i].role])
					      : json_pack("{s:s}", "role", "admin"));
	return list;
}

json_t *group_item(const struct world *w, const struct world_group *group)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *name = group_name(group), *const * users;
	auto_free char *human = NULL;
	json_t *list, *o;

	annot_parse(ANNOT_TOKEN, group->comment, &t);
	if (!name || t.finding == ANNOT_NONE || !group_owns(&t.annot, "group", group->groupid))
		return NULL;
	human = group_text(&t);
	list = json_array();
	users = strv_split(&arena, annot_get(&t.annot, "m"));
	for (size_t i = 0; users && users[i]; i++)
		(void)json_array_append_new(list, json_string(users[i]));
	o = json_pack("{s:s,s:s,s:s,s:s,s:o,s:o}", "name", name, "group", group->groupid, "state",
		      "present", "description", human, "users", list, "used_by",
		      uses_json(w, name, &arena));
	if (t.finding != ANNOT_OK)
		(void)json_object_set_new(o, "tampered", json_string(t.problem));
	return o;
}
