/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_parts.h"

static json_t *roles_item(const struct access_want *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->nroles; i++)
		if (!w->roles[i].absent)
			(void)json_array_append_new(list, json_string(w->roles[i].roleid));
	return list;
}

static json_t *groups_item(const struct access_want *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->ngroups; i++)
		if (!w->groups[i].absent)
			(void)json_array_append_new(list, json_string(w->groups[i].groupid));
	return list;
}

static json_t *users_item(const struct access_want *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->nusers; i++)
		if (!w->users[i].absent)
			(void)json_array_append_new(list, json_string(w->users[i].userid));
	return list;
}

static json_t *tokens_item(const struct access_want *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->ntokens; i++)
		if (!w->tokens[i].absent)
			(void)json_array_append_new(list, json_sprintf("%s!%s", w->tokens[i].userid,
								       w->tokens[i].name));
	return list;
}

static json_t *acls_item(const struct access_want *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->nacls; i++) {
		const struct access_acl *e = &w->acls[i];

		if (!e->absent && !e->kept)
			(void)json_array_append_new(
				list, json_pack("{s:s,s:s,s:s,s:s,s:b}", "path", e->path, "role",
						e->roleid, "type", access_subject_names[e->subject],
						"who", e->who, "propagate", (int)e->propagate));
	}
	return list;
}

static json_t *item_of(const struct access_want *w)
{
	json_t *item =
		json_pack("{s:o,s:o,s:o,s:o,s:o}", "roles", roles_item(w), "groups", groups_item(w),
			  "users", users_item(w), "tokens", tokens_item(w), "acls", acls_item(w));

	if (w->item)
		(void)json_object_update(item, w->item);
	return item;
}

/* Of one kind of object those that differ, for the diff. */
static void view(const json_t *a, const json_t *b, const char *kind, json_t *ret)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)a, key, v)
		if (!json_equal(v, json_object_get(b, key)))
			(void)json_object_set_new(json_object_get(ret, kind), key,
						  json_deep_copy(v));
}

/* What of "of" is not the same in "other". New reference. */
static json_t *views(const struct access_model *of, const struct access_model *other)
{
	json_t *ret = json_pack("{s:{},s:{},s:{},s:{}}", "roles", "groups", "users", "acls");

	view(of->roles, other->roles, "roles", ret);
	view(of->groups, other->groups, "groups", ret);
	view(of->users, other->users, "users", ret);
	view(of->acls, other->acls, "acls", ret);
	return ret;
}

int access_plan(const struct access_want *want, const struct access_state *s, bool lockout,
		struct pxc_plans *ret, struct pxc_err *err)
{
	auto_access_model struct access_model before, after;
	json_auto_t *notes = json_array();
	struct pxc_plan *plan;
	size_t i;
	json_t *note;

	access_model_read(s, &before);
	access_model_copy(&before, &after);
	if (access_apply(want, s, &after, notes, err) < 0)
		return -1;
	if (!lockout && access_check_self(s, &before, &after, err) < 0)
		return -1;
	plan = pxc_plans_add(ret, "access");
	plan->item = item_of(want);
	access_steps(s, &before, &after, plan);
	plan->before = views(&before, &after);
	plan->after = views(&after, &before);
	json_array_foreach (want->warnings, i, note)
		pxc_plan_warn(plan, "%s", json_string_value(note));
	json_array_foreach (notes, i, note)
		pxc_plan_warn(plan, "%s", json_string_value(note));
	return 0;
}
