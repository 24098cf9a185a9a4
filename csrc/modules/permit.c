/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/permit.h"

#include "modules/world.h"

int permit(struct pxc_env *env, struct world *w, struct pxc_err *err)
{
	struct policy_asks asks = { .arena = env->arena };

	if (env->kind && env->kind->asks)
		env->kind->asks(env->batch, w, &asks);
	else
		policy_ask(&asks, "admin.other", NULL, NULL);
	/* What it has begun it also ends. */
	if (env->permitted)
		asks.n = 0;
	if (policy_wants_groups(w, env->actor, &asks) && world_groups_read(env, w, err) < 0)
		return -1;
	w->tenant = policy_level(w, env->actor, NULL) != POLICY_ADMIN;
	return policy_check(w, env->actor, &asks, err);
}
