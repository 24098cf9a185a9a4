/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/group.h"

/* One group while it is planned. */
struct group_case {
	const struct group_batch *batch;
	const struct group_spec *spec;
	const struct world *w;
	const struct world_group *group; /* NULL = there is none */
	struct annot_text text;          /* of its comment */
	bool managed;                    /* the token is its own */
	const char *const *have, *const *want;
	struct group_use *uses;
	size_t nuses;
	struct pxc_arena *arena;
	struct pxc_plan *plan;
};

static const char *const *want_users(struct group_case *c)
{
	const struct group_spec *s = c->spec;
	const char **list;
	size_t n = 0, m = 0, k = 0;

	if (!s->users)
		return c->have;
	while (c->have[n])
		n++;
	while (s->users[m])
		m++;
	list = arena_alloc(c->arena, (n + m + 1) * sizeof(*list));
	for (size_t i = 0; s->mode != USERS_EXACT && i < n; i++)
		if (s->mode == USERS_ADD || !strv_has(s->users, c->have[i]))
			list[k++] = c->have[i];
	for (size_t i = 0; s->mode != USERS_REMOVE && i < m; i++)
		list[k++] = s->users[i];
	return strv_sorted(c->arena, list);
}

/* "the cloud (admin), project acme (manager)"; New string. */
static char *uses_text(const struct group_case *c)
{
	struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < c->nuses; i++)
		if (c->uses[i].project)
			buf_printf(&out, "%sproject %s (%s)", i ? ", " : "", c->uses[i].project,
				   project_role_names[c->uses[i].role]);
		else
			buf_printf(&out, "%sthe cloud (admin)", i ? ", " : "");
	return buf_take(&out);
}

static int check_group(const struct group_case *c, struct pxc_err *err)
{
	const struct group_spec *s = c->spec;

	if (!c->group)
		return 0;
	if (c->text.finding == ANNOT_FOREIGN)
		return pxc_fail(err, PXC_EINVAL,
				"%s: the annotation of PVE group %s is of a newer format (%s)",
				s->label, s->groupid, c->text.problem);
	if (c->text.finding == ANNOT_TAMPERED && !s->reseal)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: the annotation in the comment of PVE group %s is damaged (%s): look at it, "
			"then set reseal: true to write it anew",
			s->label, s->groupid, c->text.problem);
	if (c->managed)
		return 0;
	if (s->absent)
		return pxc_fail(err, PXC_EINVAL,
				"%s: PVE group %s is no group of people and is left alone",
				s->label, s->groupid);
	if (!s->adopt)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: PVE group %s exists and is no group of people: set adopt: true to make it "
			"one",
			s->label, s->groupid);
	if (*c->group->users)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: PVE group %s has members of PVE (%s), for whom it may mean permissions: it "
			"is not adopted; take another name, or take them out first",
			s->label, s->groupid, c->group->users);
	return 0;
}

static void read_case(struct group_case *c)
{
	const struct group_spec *s = c->spec;

	c->group = world_group(c->w, s->groupid);
	annot_parse(ANNOT_TOKEN, c->group ? c->group->comment : "", &c->text);
	c->managed = (c->text.finding == ANNOT_OK || c->text.finding == ANNOT_TAMPERED) &&
		     group_owns(&c->text.annot, "group", s->groupid);
	c->have = strv_split(c->arena, c->managed ? annot_get(&c->text.annot, "m") : NULL);
	c->nuses = group_uses(c->w, s->name, c->arena, &c->uses);
	c->want = s->absent ? strv_split(c->arena, NULL) : want_users(c);
}

/* Does the list name anybody who is not denied everything? */
static bool works(const struct world *w, const char *const *users)
{
	for (size_t i = 0; users && users[i]; i++)
		if (!strv_has(w->registry.denied, users[i]))
			return true;
	return false;
}

/* Will somebody be in the group of that name when this task is done? */
static bool peopled(const struct group_case *cases, size_t n, const char *name)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const struct world *w = cases[0].w;
	const struct world_group *g;

	for (size_t i = 0; i < n; i++)
		if (str_eq(cases[i].spec->name, name))
			return works(w, cases[i].want);
	g = world_group(w, arena_printf(&arena, GROUP_PREFIX "%s", name));
	return g && works(w, group_users(&arena, g));
}

/* Does the project have a manager when this task is done? */
static bool has_manager(const struct group_case *cases, size_t n, const char *project)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const struct world *w = cases[0].w;

	for (size_t i = 0; i < w->npools; i++) {
		auto_annot_text struct annot_text t = { .before = NULL };
		struct project_block b;
		struct pxc_err ignored;

		annot_parse(ANNOT_TOKEN, w->pools[i].comment, &t);
		if (t.finding == ANNOT_NONE ||
		    project_decode(&t.annot, w->pools[i].poolid, &arena, &b, &ignored) < 0 ||
		    !str_eq(b.name, project))
			continue;
		for (size_t k = 0; b.roles[ROLE_MANAGER][k]; k++) {
			const char *who = b.roles[ROLE_MANAGER][k];

			if (*who == '@' ? peopled(cases, n, who + 1)
					: !strv_has(w->registry.denied, who))
				return true;
		}
		return false;
	}
	return true;
}

/* Whoever is no admin leaves no project without a manager: nobody else could name one again. */
static int check_managers(const struct group_case *c, const struct group_case *cases, size_t n,
			  struct pxc_err *err)
{
	if (!c->w->tenant || works(c->w, c->want) || !works(c->w, c->have))
		return 0;
	for (size_t i = 0; i < c->nuses; i++) {
		if (!c->uses[i].project || c->uses[i].role != ROLE_MANAGER ||
		    has_manager(cases, n, c->uses[i].project))
			continue;
		(void)pxc_fail(
			err, PXC_EDENIED,
			"policy: %s: project %s would have no manager left: an admin of the cloud may "
			"do that, or name another manager first",
			c->spec->label, c->uses[i].project);
		err->http = 403;
		return -1;
	}
	return 0;
}

static json_t *users_json(const char *const *users, const char *description)
{
	json_t *list = json_array();

	for (size_t i = 0; users[i]; i++)
		(void)json_array_append_new(list, json_string(users[i]));
	return json_pack("{s:o,s:s}", "users", list, "description", description);
}

/* The comment as it is to be. New string. */
static char *comment_of(struct group_case *c, struct annot *block)
{
	const struct group_spec *s = c->spec;
	auto_buf struct pxc_buf users = { .data = NULL };
	char r[16], cluster[9];
	const char *old;

	annot_copy(block, &c->text.annot);
	old = annot_get(block, "r");
	(void)snprintf(r, sizeof(r), "%lu", old ? strtoul(old, NULL, 10) + 1 : 1);
	for (size_t i = 0; c->want[i]; i++)
		buf_printf(&users, "%s%s", i ? "," : "", c->want[i]);
	world_cluster_hash(c->w->registry.domain, c->w->cluster_name, cluster);
	annot_set(block, "t", "group");
	annot_set(block, "id", arena_printf(c->arena, "group.%s", s->groupid));
	annot_set(block, "c", cluster);
	annot_set(block, "m", users.len ? buf_str(&users) : NULL);
	annot_set(block, "r", r);
	annot_set(block, "at", c->batch->stamp);
	annot_set(block, "by", c->batch->actor);
	return s->description ? annot_render(ANNOT_TOKEN, s->description, block, "")
			      : annot_rewrite(ANNOT_TOKEN, &c->text, block);
}

static void warn(const struct group_case *c)
{
	auto_free char *uses = uses_text(c);

	if (!c->managed && c->nuses)
		pxc_plan_warn(
			c->plan,
			"%s is new, but was named before: who is in it has the roles of it at once: "
			"%s",
			c->spec->label, uses);
	if (c->managed && *c->group->users)
		pxc_plan_warn(
			c->plan,
			"%s: PVE group %s has members of PVE (%s), which mean nothing to the cloud",
			c->spec->label, c->spec->groupid, c->group->users);
}

static int check_comment(const struct group_case *c, const char *comment, struct pxc_err *err)
{
	if (strlen(comment) > GROUP_MAX_COMMENT)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: its users would take %zu bytes of a comment, more than %u: divide "
			"them among several groups",
			c->spec->label, strlen(comment), GROUP_MAX_COMMENT);
	return 0;
}

static int plan_present(struct group_case *c, struct pxc_err *err)
{
	static const char *const changing[] = { "r", "at", "by", NULL };
	const struct group_spec *s = c->spec;
	auto_annot struct annot block = { .npairs = 0 };
	auto_free char *human = group_text(&c->text), *comment = comment_of(c, &block);
	const char *description = s->description ? s->description : human;
	struct world_group after = { s->groupid, comment, "" };

	if (check_comment(c, comment, err) < 0)
		return -1;
	warn(c);
	c->plan->before = c->managed ? users_json(c->have, human) : NULL;
	c->plan->after = users_json(c->want, description);
	c->plan->item = group_item(c->w, &after);
	if (c->text.finding == ANNOT_OK && annot_text_same(description, human) &&
	    annot_equal(&c->text.annot, &block, changing))
		return 0;
	pxc_plan_add(c->plan, c->group ? GROUP_WRITE : GROUP_CREATE, PXC_QUIET,
		     json_pack("{s:s,s:s}", "groupid", s->groupid, "comment", comment), "%s %s",
		     !c->group    ? "create"
		     : c->managed ? "change"
				  : "adopt",
		     s->label);
	return 0;
}

static int plan_absent(struct group_case *c, struct pxc_err *err)
{
	auto_free char *human = group_text(&c->text), *uses = uses_text(c);
	const struct group_spec *s = c->spec;

	c->plan->item =
		json_pack("{s:s,s:s,s:s}", "name", s->name, "group", s->groupid, "state", "absent");
	if (!c->group)
		return 0;
	if (c->nuses)
		return pxc_fail(err, PXC_EINVAL,
				"%s still has roles: %s; take them away first (pxc_project: roles, "
				"pxc_cloud: admins)",
				s->label, uses);
	if (*c->group->users)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: PVE group %s has members of PVE (%s), who would lose what it gives "
			"them there: take them out first",
			s->label, s->groupid, c->group->users);
	c->plan->before = users_json(c->have, human);
	pxc_plan_add(c->plan, GROUP_DELETE, PXC_DESTROYS, json_pack("{s:s}", "groupid", s->groupid),
		     "delete %s", s->label);
	return 0;
}

int group_plan(const struct group_batch *batch, const struct world *w, struct pxc_plans *ret,
	       struct pxc_err *err)
{
	struct group_case *cases = pxc_calloc(batch->nspecs + 1, sizeof(*cases));
	auto_arena struct pxc_arena arena = { .head = NULL };
	int r = world_writable(w, err);

	for (size_t i = 0; i < batch->nspecs && r == 0; i++) {
		cases[i] = (struct group_case){
			.batch = batch, .spec = &batch->specs[i], .w = w, .arena = &arena
		};
		cases[i].plan = pxc_plans_add(ret, batch->specs[i].label);
		read_case(&cases[i]);
		r = check_group(&cases[i], err);
	}
	for (size_t i = 0; i < batch->nspecs && r == 0; i++)
		r = cases[i].spec->absent ? plan_absent(&cases[i], err)
					  : plan_present(&cases[i], err);
	for (size_t i = 0; i < batch->nspecs && r == 0; i++)
		r = check_managers(&cases[i], cases, batch->nspecs, err);
	if (r == 0)
		r = groups_room(w, ret, err);
	for (size_t i = 0; i < batch->nspecs; i++)
		annot_text_release(&cases[i].text);
	free(cases);
	return r;
}
