/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/permit.h"

#include "modules/world.h"

int permit(struct pxc_env *env, struct world *w, struct pxc_err *err)
{
	struct policy_asks asks = { .arena = env->arena };

	if (env->permitted)
		return 0;
	if (env->kind && env->kind->asks)
		env->kind->asks(env->batch, w, &asks);
	else
		policy_ask(&asks, "admin.other", NULL, NULL);
	if (policy_wants_groups(w, env->actor, &asks) && world_groups_read(env, w, err) < 0)
		return -1;
	return policy_check(w, env->actor, &asks, err);
}
