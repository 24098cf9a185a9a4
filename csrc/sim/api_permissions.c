/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_permissions.c - /access and /access/permissions (pve-access-control: API2/AccessControl.pm). */
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

static int get_access(struct sim_call *call)
{
	return sim_answer_index(call, "subdir",
				"users groups roles acl domains openid tfa ticket password");
}

/* user NULL: somebody who does not exist has no rights, which is no failure. */
static void add_path(struct sim_call *call, const struct sim_user *user,
		     const struct sim_token *token, const char *path, bool always)
{
	uint64_t propagated = 0, privs = 0;
	json_t *map;

	if (user)
		privs = sim_privs_on(call->sim, user, token, path, &propagated);
	if (!privs && !always)
		return;
	map = json_object();
	for (size_t i = 0; sim_priv_names[i]; i++)
		if (privs >> i & 1)
			json_object_set_new(map, sim_priv_names[i],
					    json_integer((json_int_t)(propagated >> i & 1)));
	json_object_set_new(call->data, path, map);
}

static void add_pool_paths(struct sim_call *call, const struct sim_user *user,
			   const struct sim_token *token)
{
	const struct sim_map *pools = &call->sim->pools;

	for (size_t i = 0; i < pools->count; i++) {
		const struct sim_pool *pool = pools->entries[i].value;

		for (size_t g = 0; g < pool->guests.count; g++) {
			auto_free char *path = pxc_printf("/vms/%s", pool->guests.entries[g].key);

			add_path(call, user, token, path, false);
		}
		for (size_t s = 0; s < pool->storages.count; s++) {
			auto_free char *path =
				pxc_printf("/storage/%s", pool->storages.entries[s].key);

			add_path(call, user, token, path, false);
		}
	}
}

/* Every level of every path that has an entry. */
static void add_acl_paths(struct sim_call *call, const struct sim_user *user,
			  const struct sim_token *token)
{
	for (size_t i = 0; i < call->sim->acl_count; i++) {
		const char *path = call->sim->acls[i].path;

		for (size_t at = 1; at <= strlen(path); at++) {
			auto_free char *level =
				!path[at] || path[at] == '/' ? pxc_strndup(path, at) : NULL;

			if (level)
				add_path(call, user, token, level, false);
		}
	}
}

/* Its own, for a user also its tokens'; those of others for Sys.Audit on /access. */
static int whose_permissions(struct sim_call *call, const char *whose,
			     const struct sim_user **ret_user, const struct sim_token **ret_token)
{
	const char *bang = strchr(whose, '!');
	auto_free char *id = pxc_strndup(whose, strcspn(whose, "!"));
	bool own = !strcmp(whose, call->authid) || !strcmp(id, call->authid);

	if (!own && sim_need(call, "Sys.Audit", "/access") < 0)
		return -1;
	*ret_user = sim_map_get(&call->sim->users, id);
	*ret_token = NULL;
	if (*ret_user && bang) {
		*ret_token = sim_map_get(&(*ret_user)->tokens, bang + 1);
		if (!*ret_token)
			*ret_user = NULL;
	}
	return 0;
}

static int get_permissions(struct sim_call *call)
{
	static const char *const always[] = { "/",     "/access", "/access/groups", "/nodes",
					      "/pool", "/sdn",    "/storage",       "/vms" };
	const char *whose = sim_arg(call, "userid"), *only = sim_arg(call, "path");
	const struct sim_user *user = call->user;
	const struct sim_token *token = call->token;

	if (whose && whose_permissions(call, whose, &user, &token) < 0)
		return -1;
	call->data = json_object();
	if (only && *only) {
		add_path(call, user, token, only, true);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		add_path(call, user, token, always[i], false);
	add_acl_paths(call, user, token);
	add_pool_paths(call, user, token);
	return 0;
}

static const struct sim_param permissions_get[] = {
	{ .name = "path" },
	{ .name = "userid",
	  .pattern = "^[^[:space:]:/]+@[A-Za-z][A-Za-z0-9._-]+(![A-Za-z][A-Za-z0-9._-]+)?$" },
	{ 0 },
};

const struct sim_route sim_permission_routes[] = {
	{ "GET", "/access", get_access, NULL, NULL, "user", 0 },
	{ "GET", "/access/permissions", get_permissions, permissions_get, NULL, "user", 0 },
	{ 0 },
};
