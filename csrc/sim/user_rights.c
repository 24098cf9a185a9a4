/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user_rights.c - who may see and change whom (pve-access-control: RPCEnvironment.pm, tests "userid-group" and "self"). */
#include <string.h>

#include "sim/areas.h"

const char *sim_realm_of(const char *userid)
{
	const char *at = strrchr(userid, '@');

	return at ? at + 1 : "";
}

bool sim_may_user(const struct sim_call *call, const struct sim_user *user, const char *privs)
{
	if (sim_may(call, "/access/groups", privs))
		return true;
	for (size_t i = 0; user && i < user->groups.count; i++) {
		auto_free char *path = pxc_printf("/access/groups/%s", user->groups.entries[i].key);

		if (sim_may(call, path, privs))
			return true;
	}
	return false;
}

struct sim_user *sim_user_reach(struct sim_call *call, const char *privs)
{
	const char *id = sim_arg(call, "userid");
	struct sim_user *user = sim_map_get(&call->sim->users, id);

	if (!user)
		sim_fail(call, 500, "no such user ('%s')", id);
	else if (sim_may_user(call, user, privs))
		return user;
	else
		sim_deny(call, "%s", "");
	return NULL;
}

struct sim_user *sim_user_reach_self(struct sim_call *call, const char *privs)
{
	const char *id = sim_arg(call, "userid");
	struct sim_user *user = sim_map_get(&call->sim->users, id);

	if (user && ((user == call->user && !call->token) || sim_may_user(call, user, privs)))
		return user;
	if (sim_is_root(call))
		sim_fail(call, 500, "no such user ('%s')", id);
	else
		sim_deny(call, "%s", "");
	return NULL;
}

int sim_need_realm(struct sim_call *call, const char *userid)
{
	return sim_need(call, "Realm.AllocateUser", "/access/realm/%s", sim_realm_of(userid));
}

bool sim_format_userid(const char *name, const char *value, struct pxc_buf *why)
{
	const char *at = strrchr(value, '@');

	(void)name;
	if (at && at > value && strlen(at) > 2 && !strpbrk(value, " :/\t\n"))
		return true;
	buf_printf(why, "value '%s' does not look like a valid user name\n", value);
	return false;
}
