/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that stand for many roles, users, tokens and permissions. */
#include <string.h>

#include "base/str.h"
#include "modules/access.h"
#include "modules/items.h"

#define CLOUD_USER "pxc@pve" /* whom the cloud runs as unless the task says otherwise */

enum which { NONE, CONSUMER, AUTOMATION, PROJECT_TOKEN, PROJECTION };

static const char *const options[] = { "nothing", "consumer", "automation", "project_token",
				       "projection" };

static int which_one(const json_t *p, enum which *ret, struct pxc_err *err)
{
	*ret = NONE;
	for (int i = CONSUMER; i <= PROJECTION; i++) {
		if (!item_text(p, options[i]) && !item_true(p, options[i]))
			continue;
		if (*ret != NONE)
			return pxc_fail(err, PXC_EINVAL, "%s and %s: one task is for one of them",
					options[*ret], options[i]);
		*ret = (enum which)i;
	}
	return 0;
}

static const char *const *one_name(struct pxc_env *env, const char *key)
{
	const char *name = item_text(env->args->params, key);
	const char **list = arena_alloc(env->arena, 2 * sizeof(*list));

	list[0] = name;
	return list;
}

static const char *first_of(const char *named, const char *usual)
{
	return named ? named : usual;
}

static int check(const struct access_batch *b, enum which which, const char *consumer,
		 struct pxc_err *err)
{
	const struct access_task *t = &b->task;

	if (which == CONSUMER && (!t->profile || !t->profile->consumer))
		return pxc_fail(err, PXC_EINVAL, "there is no consumer %s", consumer);
	if (t->project && which == AUTOMATION)
		return pxc_fail(err, PXC_EINVAL,
				"automation: its user is for the whole cloud, not for a project");
	if (t->project && !item_slug(t->project))
		return pxc_fail(err, PXC_EINVAL, "%s: \"%s\" is no name of a project", t->label,
				t->project);
	if (b->lists.exact && which == AUTOMATION)
		return pxc_fail(
			err, PXC_EINVAL,
			"automation: mode: exact would take / away from everybody else: list "
			"in acls who may what there");
	return 0;
}

int access_decode_task(struct pxc_env *env, struct access_batch *b, struct pxc_err *err)
{
	const json_t *p = env->args->params;
	const char *consumer = item_text(p, "consumer"), *project = item_text(p, "project");
	struct access_task *t = &b->task;
	enum which which;

	if (which_one(p, &which, err) < 0)
		return -1;
	if (which == NONE)
		return 0;
	t->project = project;
	t->profile = which == CONSUMER        ? access_profile(consumer)
		     : which == AUTOMATION    ? access_profile("automation")
		     : which == PROJECT_TOKEN ? access_profile("project-token")
					      : NULL;
	t->label = which == CONSUMER ? arena_printf(env->arena, "consumer %s", consumer)
				     : options[which];
	if (check(b, which, consumer, err) < 0)
		return -1;
	t->absent = str_eq(item_text(p, "state"), "absent");
	t->regenerate = item_true(p, "regenerate");
	t->save_to = item_text(p, "save_to");
	t->realm = item_text(p, "realm");
	if (which == CONSUMER) {
		t->userid = first_of(item_text(p, "user"),
				     access_consumer_user(t->profile, project, env->arena));
		t->token = first_of(item_text(p, "token"), consumer);
	} else if (which != PROJECTION) {
		t->userid = first_of(item_text(p, "user"), CLOUD_USER);
		t->token =
			first_of(item_text(p, "token"), which == PROJECT_TOKEN ? project : "pxc");
	}
	b->save_to = t->absent ? NULL : t->save_to;
	b->storages = item_list(env->arena, p, "storages");
	b->pools = item_list(env->arena, p, "pools");
	b->vnets = item_list(env->arena, p, "vnets");
	t->scope.zones = item_list(env->arena, p, "zones");
	t->scope.isos = one_name(env, "iso_storage");
	t->scope.templates = one_name(env, "templates_pool");
	return 0;
}
