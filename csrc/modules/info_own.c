/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who sees what. Admins of the cloud see all. Everybody else sees the projects in which he has a role and what is theirs, what is
 * shared with them and what is for all; nothing tells him that there is more.
 */
#include <string.h>

#include "base/str.h"
#include "cloud/image.h"
#include "cloud/policy.h"
#include "cloud/project.h"
#include "cloud/registry_plan.h"
#include "modules/info.h"
#include "modules/items.h"
#include "modules/vm_read.h"
#include "modules/world.h"

/* Do roles of any project go to groups? */
static bool any_groups(const struct world *w)
{
	for (size_t i = 0; i < w->npools; i++)
		if (strchr(w->pools[i].comment, '@'))
			return true;
	return false;
}

int info_read_own(struct pxc_env *env, const struct info_spec *s, struct info_world *iw,
		  struct world *w, struct pxc_err *err)
{
	size_t n = 0;

	iw->actor = env->actor;
	if (!w->tenant)
		return 0;
	if (any_groups(w) && world_groups_read(env, w, err) < 0)
		return -1;
	iw->own = arena_alloc(env->arena, (w->npools + 1) * sizeof(*iw->own));
	iw->pools = arena_alloc(env->arena, (w->npools + 1) * sizeof(*iw->pools));
	for (size_t i = 0; i < w->npools; i++) {
		json_auto_t *item = NULL;

		if (policy_pool_level(w, env->actor, &w->pools[i]) < POLICY_READER ||
		    !(item = project_item(w, &w->pools[i])) ||
		    (s->project && !str_eq(s->project, item_text(item, "name"))))
			continue;
		iw->pools[n] = w->pools[i].poolid;
		iw->own[n++] = arena_strdup(env->arena, item_text(item, "name"));
	}
	return 0;
}

bool info_sees(const struct info_world *iw, const char *project)
{
	return !iw->own || (project && strv_has(iw->own, project));
}

void info_read_vms(struct pxc_env *env, const char *pool, struct info_world *iw)
{
	if (!iw->own) {
		iw->seen = vm_read_managed(env, iw->w, pool, &iw->nseen);
		return;
	}
	iw->seen = arena_alloc(env->arena, (iw->w->nguests + 1) * sizeof(struct vm_seen *));
	for (size_t i = 0; iw->pools[i]; i++) {
		size_t n = 0;
		struct vm_seen **list = vm_read_managed(env, iw->w, iw->pools[i], &n);

		memcpy(iw->seen + iw->nseen, list, n * sizeof(struct vm_seen *));
		iw->nseen += n;
	}
}

const char *info_looker(const struct info_spec *s, const struct info_world *iw,
			const struct sdn_vnet *v)
{
	if (!iw->own || s->project)
		return s->project;
	if (v->project && strv_has(iw->own, v->project))
		return v->project;
	for (size_t i = 0; iw->own[i]; i++)
		if (network_shown(v, iw->own[i]))
			return iw->own[i];
	/* A name that no project can have. */
	return "";
}

bool info_sees_image(const struct info_spec *s, const struct info_world *iw,
		     const struct rbd_seen *image)
{
	bool seen = !iw->own || image_visible(image, "");

	if (s->project && !image_visible(image, s->project))
		return false;
	for (size_t i = 0; !seen && iw->own[i]; i++)
		seen = image_visible(image, iw->own[i]);
	return seen;
}

bool info_sees_flavor(const struct info_world *iw, const struct flavor *f)
{
	bool seen = !iw->own || f->is_public;

	for (size_t i = 0; !seen && iw->own[i]; i++)
		seen = registry_flavor_for(f, iw->own[i]);
	return seen;
}

json_t *info_hide(const struct info_world *iw, const char *owner, const char *key, json_t *item)
{
	const json_t *all = json_object_get(item, key);
	json_t *some, *name;
	size_t i;

	if (!all || (owner && info_sees(iw, owner)) || !iw->own)
		return item;
	some = json_array();
	json_array_foreach (all, i, name)
		if (str_eq(json_string_value(name), "*") || info_sees(iw, json_string_value(name)))
			(void)json_array_append(some, name);
	(void)json_object_set_new(item, key, some);
	return item;
}

void info_report_cloud(const struct info_world *iw, json_t *result)
{
	static const char *const of_admins[] = { "admins", "denied", "flavors", "holder_range" };
	json_t *item = registry_item(iw->w);

	for (size_t i = 0; iw->own && i < ARRAY_SIZE(of_admins); i++)
		(void)json_object_del(item, of_admins[i]);
	(void)json_object_set_new(result, "cloud", item);
}

/* The table of actions, and whether the actor may do them in the project that was named (else: in the cloud). */
void info_report_policy(const struct info_spec *s, const struct info_world *iw, json_t *result)
{
	const struct world *w = iw->w;
	enum policy_level level = policy_level(w, iw->actor, s->project);
	json_t *list = json_array(), *policy;

	for (const struct policy_action *a = policy_actions; a->name; a++) {
		struct policy_ask ask = { .action = a->name, .project = s->project };
		struct policy_asks asks = { .list = &ask, .n = 1 };
		struct pxc_err err;

		(void)json_array_append_new(
			list, json_pack("{s:s,s:s,s:s,s:b}", "action", a->name, "needs",
					policy_level_names[a->needs], "text", a->text, "allowed",
					policy_check(w, iw->actor, &asks, &err) == 0));
	}
	policy = json_pack("{s:s,s:b,s:o}", "actor", iw->actor ? iw->actor : "", "admin",
			   level == POLICY_ADMIN, "actions", list);
	if (s->project) {
		(void)json_object_set_new(policy, "project", json_string(s->project));
		(void)json_object_set_new(policy, "role", json_string(policy_level_names[level]));
		(void)json_object_set_new(policy, "frozen",
					  json_boolean(policy_frozen(w, s->project)));
	}
	(void)json_object_set_new(result, "policy", policy);
}
