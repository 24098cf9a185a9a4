/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/permit.h"

#include "modules/actor.h"
#include "modules/world.h"

static void ask(struct pxc_env *env, const struct world *w, struct policy_asks *asks)
{
	asks->n = 0;
	/* What it has begun it also ends. */
	if (env->permitted)
		return;
	if (env->kind && env->kind->asks)
		env->kind->asks(env->batch, w, asks);
	else
		policy_ask(asks, "admin.other", NULL, NULL);
}

/*
 * Once in a run: who is in a group does not change between its looks. From the second look on it is lent for the decision only, so that
 * whoever works on groups reads them anew.
 */
static int read_people(struct pxc_env *env, struct world *w, bool *ret_lent, struct pxc_err *err)
{
	*ret_lent = env->people && !w->groups;
	if (*ret_lent) {
		w->groups = env->people;
		w->ngroups = env->npeople;
		return 0;
	}
	if (world_groups_read(env, w, err) < 0)
		return -1;
	env->people = w->groups;
	env->npeople = w->ngroups;
	return 0;
}

int permit(struct pxc_env *env, struct world *w, struct pxc_err *err)
{
	struct policy_asks *asks = arena_alloc(env->arena, sizeof(*asks));
	bool lent = false;
	int r;

	if (!env->permitted && actor_check(env, w, err) < 0)
		return -1;
	asks->arena = env->arena;
	ask(env, w, asks);
	if (!env->permitted) {
		env->asked = asks;
		env->audit_storage = w->registry.audit_storage;
	}
	if (policy_wants_groups(w, env->actor, asks)) {
		if (read_people(env, w, &lent, err) < 0)
			return -1;
		/* Groups may be what it is about. */
		ask(env, w, asks);
	}
	w->tenant = policy_level(w, env->actor, NULL) != POLICY_ADMIN;
	r = policy_check(w, env->actor, asks, err);
	if (lent) {
		w->groups = NULL;
		w->ngroups = 0;
	}
	return r;
}
