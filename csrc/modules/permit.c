/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/permit.h"

#include "modules/world.h"

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
	struct policy_asks asks = { .arena = env->arena };
	bool lent = false;
	int r;

	if (env->kind && env->kind->asks)
		env->kind->asks(env->batch, w, &asks);
	else
		policy_ask(&asks, "admin.other", NULL, NULL);
	/* What it has begun it also ends. */
	if (env->permitted)
		asks.n = 0;
	if (policy_wants_groups(w, env->actor, &asks) && read_people(env, w, &lent, err) < 0)
		return -1;
	w->tenant = policy_level(w, env->actor, NULL) != POLICY_ADMIN;
	r = policy_check(w, env->actor, &asks, err);
	if (lent) {
		w->groups = NULL;
		w->ngroups = 0;
	}
	return r;
}
