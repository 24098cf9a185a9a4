/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/actor.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cloud/policy.h"
#include "modules/items.h"
#include "modules/world.h"

static const char *option(const struct pxc_env *env, const char *key)
{
	const char *text = item_text(env->args->params, key);

	return text && *text ? text : NULL;
}

static bool has_control(const char *name)
{
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return true;
	return false;
}

/* NULL: it can be a name. */
static const char *wrong_with(const char *name)
{
	if (strlen(name) > ACTOR_MAX)
		return "is longer than 100 bytes";
	if (has_control(name))
		return "has a control character";
	if (strpbrk(name, " ,"))
		return "has a blank or a comma";
	if (*name == '@')
		return "is the name of a group";
	return str_eq(name, ACTOR_SERVICE) ? "lacks the service's name, as in svc:nightly" : NULL;
}

static int check_name(const char *name, struct pxc_err *err)
{
	const char *wrong = wrong_with(name);

	if (!wrong)
		return 0;
	/* What has control characters, or is very long, is not repeated. */
	if (strlen(name) > ACTOR_MAX || has_control(name))
		return pxc_fail(err, PXC_EINVAL, "actor: the name of who asks %s", wrong);
	return pxc_fail(err, PXC_EINVAL, "actor: \"%s\" %s", name, wrong);
}

static bool launched_by_person(const struct pxc_env *env)
{
	return str_eq(env->actor_source, "awx") || str_eq(env->actor_source, "tower");
}

static const char *login_name(void)
{
	const struct passwd *user = getpwuid(getuid());

	return user ? user->pw_name : "unknown";
}

int actor_find(struct pxc_env *env, struct pxc_err *err)
{
	const char *real;

	env->actor = option(env, "actor");
	env->actor_source = option(env, "actor_source");
	env->actor_login = option(env, "actor_login");
	env->job_id = option(env, "job_id");
	if (!env->actor_source)
		env->actor_source = !env->actor                                ? "login"
				    : json_object_get(env->args->raw, "actor") ? "task"
									       : "environment";
	if (!env->actor)
		env->actor = login_name();
	if (str_eq(env->actor_login, env->actor))
		env->actor_login = NULL;
	real = env->actor_login ? env->actor_login : env->actor;
	if (launched_by_person(env) && str_starts(real, ACTOR_SERVICE))
		return pxc_fail(err, PXC_EINVAL,
				"actor: the user \"%.100s\" of %s is called like a service: "
				"names of people do not begin with " ACTOR_SERVICE,
				real, env->actor_source);
	if (env->actor_login && check_name(env->actor_login, err) < 0)
		return -1;
	return check_name(env->actor, err);
}

int actor_check(struct pxc_env *env, struct world *w, struct pxc_err *err)
{
	struct policy_asks asks = { .arena = env->arena };

	if (!env->actor_login || !launched_by_person(env))
		return 0;
	policy_ask(&asks, "actor.impersonate", NULL, arena_printf(env->arena, "as %s", env->actor));
	if (policy_wants_groups(w, env->actor_login, &asks) && world_groups_read(env, w, err) < 0)
		return -1;
	return policy_check(w, env->actor_login, &asks, err);
}
