/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/group.h"

#include <string.h>

#include "base/str.h"
#include "cloud/policy.h"
#include "modules/items.h"
#include "modules/kind.h"
#include "modules/world.h"

#define SECONDS 1000u

/* Every request this kind can send to change something. (api: /access/groups, Group.Allocate on /access/groups) */
static const struct pve_op group_ops[GROUP_OPS] = {
	[GROUP_CREATE] = { .method = "POST", .path = "/access/groups", .wait_ms = 60 * SECONDS },
	[GROUP_WRITE] = { .method = "PUT",
			  .path = "/access/groups/{groupid}",
			  .wait_ms = 60 * SECONDS },
	[GROUP_DELETE] = { .method = "DELETE",
			   .path = "/access/groups/{groupid}",
			   .wait_ms = 60 * SECONDS,
			   .gone_ok = true },
};

static int decode_users(struct pxc_env *env, const json_t *item, const json_t *given,
			struct group_spec *s, struct pxc_err *err)
{
	static const char *const modes[] = { "exact", "add", "remove" };

	s->users = item_list(env->arena, given, "users");
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (str_eq(modes[i], item_text(item, "users_mode")))
			s->mode = (enum users_mode)i;
	for (size_t i = 0; s->users && s->users[i]; i++)
		if (!item_person(s->users[i]))
			return pxc_fail(err, PXC_EINVAL, "%s: users: \"%s\" is no name of a user%s",
					s->label, s->users[i],
					*s->users[i] == '@' ? ": groups are not in groups" : "");
	return 0;
}

static int decode_one(struct pxc_env *env, const json_t *item, const json_t *given, void *spec,
		      struct pxc_err *err)
{
	struct group_spec *s = spec;
	s->name = item_text(item, "name");
	s->label = arena_printf(env->arena, "group %s", s->name);
	s->groupid = arena_printf(env->arena, GROUP_PREFIX "%s", s->name);
	s->absent = str_eq(item_text(item, "state"), "absent");
	s->adopt = item_true(item, "adopt");
	s->reseal = item_true(item, "reseal");
	s->description = item_text(given, "description");
	if (!item_slug(s->name) || str_starts(s->name, GROUP_LOCKS))
		return pxc_fail(err, PXC_EINVAL,
				"%s: a group's name begins with a letter, but not with " GROUP_LOCKS
				", and has 2 to 31 lower-case letters, digits and -",
				s->label);
	if (s->description && (strpbrk(s->description, "\r\n") || strstr(s->description, "[pxc/")))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: its description must be one line of text: the comment of a group is one "
			"in PVE's own forms",
			s->label);
	/* PVE keeps none in front. */
	if (s->description)
		s->description += strspn(s->description, " \t");
	return decode_users(env, item, given, s, err);
}

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct group_batch *b = arena_alloc(env->arena, sizeof(*b));

	b->stamp = env->stamp;
	b->actor = env->actor;
	b->specs = items_read(env, decode_one, sizeof(*b->specs), &b->nspecs, err);
	if (!b->specs)
		return -1;
	*ret_batch = b;
	return 0;
}

/*
 * A group that has roles in one project only is that project's matter. One that several name, or the cloud itself, is for
 * admins: a manager of one project decides nothing in another, nor learns of it.
 */
static const char *only_project(const struct group_spec *s, const struct world *w,
				struct pxc_arena *arena)
{
	struct group_use *uses = NULL;
	size_t n = group_uses(w, s->name, arena, &uses);

	for (size_t i = 0; i < n; i++)
		if (!uses[i].project || !str_eq(uses[i].project, uses[0].project))
			return NULL;
	return n ? uses[0].project : NULL;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	const struct group_batch *b = batch;

	for (size_t i = 0; i < b->nspecs; i++) {
		const struct group_spec *s = &b->specs[i];
		const char *project =
			s->absent || s->adopt || s->reseal ? NULL : only_project(s, w, ret->arena);

		/* Whoever has no role there does not learn of it. */
		if (project && w->groups && policy_level(w, b->actor, project) == POLICY_NONE)
			project = NULL;
		policy_ask(ret, project ? "group.users" : "group.manage", project, s->label);
	}
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return group_plan(batch, world, ret, err);
}

/* A group's comment has no digest: one writer at a time. */
static const char *lock_of(struct pxc_env *env, const void *spec)
{
	const struct group_spec *s = spec;

	return arena_printf(env->arena, "group.%s", s->name);
}

static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const struct group_batch *b = batch;

	return items_locks(env, plans, b->specs, b->nspecs, sizeof(*b->specs), lock_of);
}

const struct pxc_kind group_kind = {
	.name = "group",
	.plural = "groups",
	.ops = group_ops,
	.decode = decode,
	.asks = asks,
	.observe = world_observe_groups,
	.plan = plan,
	.locks = locks,
};
