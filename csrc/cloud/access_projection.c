/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rights in PVE for the people of a project, one way: from the project's roles to groups and permissions of PVE. */
#include <string.h>

#include "base/str.h"
#include "cloud/access_task_parts.h"
#include "cloud/group.h"

struct projection {
	const struct access_task *t;
	const struct access_state *s;
	const struct access_facts *f;
	struct pxc_arena *arena;
	const char *groups[PROJECT_ROLES]; /* PVE's */
	json_t *people;                    /* userid -> the best role it has */
	json_t *strangers;                 /* people who are no users of PVE */
};

static void add_person(struct projection *p, const char *name, int role)
{
	const char *userid = name;

	if (!strchr(name, '@') && p->t->realm)
		userid = arena_printf(p->arena, "%s@%s", name, p->t->realm);
	if (json_object_get(p->people, userid))
		return;
	if (access_entry(p->s->users, "userid", userid))
		(void)json_object_set_new(p->people, userid, json_integer(role));
	else
		(void)json_object_set_new(p->strangers, name, json_true());
}

static void add_people(struct projection *p, const char *const *names, int role)
{
	for (size_t i = 0; names && names[i]; i++) {
		const struct world_group *g;
		const char *const *users;

		if (*names[i] != '@') {
			add_person(p, names[i], role);
			continue;
		}
		g = world_group(p->f->w, arena_printf(p->arena, GROUP_PREFIX "%s", names[i] + 1));
		users = g ? group_users(p->arena, g) : NULL;
		for (size_t k = 0; users && users[k]; k++)
			add_person(p, users[k], role);
	}
}

static bool of_projection(const struct projection *p, const char *groupid)
{
	for (int r = 0; r < PROJECT_ROLES; r++)
		if (str_eq(p->groups[r], groupid))
			return true;
	return false;
}

/* In just the group that is wanted, of ours; others stay as they are. */
static void place(struct projection *p, const json_t *user, struct access_want *want)
{
	const char *userid = access_text(user, "userid");
	const char *const *have =
		strv_split(p->arena, arena_strdup(p->arena, access_text(user, "groups")));
	const json_t *role = json_object_get(p->people, userid);
	const char *wanted = role ? p->groups[json_integer_value(role)] : NULL, **list;
	size_t n = 0, kept = 0;
	bool right = true;

	while (have[n])
		n++;
	list = arena_alloc(p->arena, (n + 2) * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		if (!of_projection(p, have[i]))
			list[kept++] = have[i];
		else
			right &= str_eq(have[i], wanted);
	if (wanted)
		list[kept++] = wanted;
	if (right && kept == n)
		return;
	want_user(want, p->arena,
		  (struct access_user){ .userid = arena_strdup(p->arena, userid),
					.groups = list,
					.enable = -1,
					.expire = -1,
					.exact = true });
}

static int role_of_people(struct projection *p, int role, struct access_want *want,
			  struct pxc_err *err)
{
	const char *groupid = p->groups[role];
	const struct access_mark mark = { "projection", "group", groupid, project_role_names[role],
					  p->t->project };
	const struct access_holder holder = { ACCESS_GROUP, groupid };
	const json_t *have = access_entry(p->s->groups, "groupid", groupid);
	const char *text = arena_printf(p->arena, "%ss of project %s", project_role_names[role],
					p->t->project);

	if (have && !access_marked(access_text(have, "comment"), &mark))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: the group %s is there, and its comment does not say that it is "
			"for just this: remove it in PVE",
			p->t->label, groupid);
	if (p->t->absent) {
		if (have)
			want_group(want, p->arena,
				   (struct access_group){ .groupid = groupid, .absent = true });
		want_only(&holder, 1, p->s, p->arena, want);
		want_roles_gone(access_profile(project_role_names[role]), &holder, 1, p->s,
				p->arena, want);
		return 0;
	}
	want_group(want, p->arena,
		   (struct access_group){
			   .groupid = groupid,
			   .comment = have ? NULL : access_mark(&mark, text, p->f, p->arena) });
	if (want_grants(p->t, access_profile(project_role_names[role]), &holder, 1, p->s, p->f->w,
			p->arena, want, err) < 0)
		return -1;
	want_only(&holder, 1, p->s, p->arena, want);
	return 0;
}

static void tell(struct projection *p, struct access_want *want)
{
	json_t *item = json_object(), *strangers = json_array(), *v;
	const char *name;

	json_object_foreach (p->strangers, name, v)
		(void)json_array_append_new(strangers, json_string(name));
	for (int r = 0; r < PROJECT_ROLES; r++) {
		json_t *members = json_array();

		json_object_foreach (p->people, name, v)
			if (json_integer_value(v) == r)
				(void)json_array_append_new(members, json_string(name));
		(void)json_object_set_new(item, p->groups[r], members);
	}
	(void)json_object_set_new(want->item, "projection",
				  json_pack("{so, so}", "groups", item, "not_in_pve", strangers));
}

static int project(struct projection *p, const struct project_block *block,
		   struct access_want *want, struct pxc_err *err)
{
	size_t nacls = want->nacls, i;
	json_t *user;

	for (int r = 0; r < PROJECT_ROLES; r++) {
		p->groups[r] =
			arena_printf(p->arena, "pxc.%s.%s", p->t->project, project_role_names[r]);
		if (block)
			add_people(p, block->roles[r], r);
	}
	for (int r = 0; r < PROJECT_ROLES; r++)
		if (role_of_people(p, r, want, err) < 0)
			return -1;
	if (p->t->absent)
		return 0;
	json_array_foreach (p->s->users, i, user)
		place(p, user, want);
	for (i = 0; p->t->scope.pools && p->t->scope.pools[i]; i++)
		want_watch(want, p->arena,
			   arena_printf(p->arena, "/pool/%s", p->t->scope.pools[i]));
	want_keep(p->s, nacls, p->arena, want);
	tell(p, want);
	return 0;
}

int access_projection(const struct access_task *t, const struct access_state *s,
		      const struct access_facts *f, const struct project_block *block,
		      struct pxc_arena *arena, struct access_want *want, struct pxc_err *err)
{
	json_auto_t *people = json_object(), *strangers = json_object();
	struct projection p = {
		.t = t, .s = s, .f = f, .arena = arena, .people = people, .strangers = strangers
	};

	return project(&p, block, want, err);
}
