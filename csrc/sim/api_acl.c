/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_acl.c - /access: index, acl, permissions, domains. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

static int get_access(struct sim_call *call)
{
	return sim_answer_index(call, "subdir",
				"users groups roles acl domains openid tfa ticket password");
}

static int get_domains(struct sim_call *call)
{
	call->data = json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "realm", "pam", "type", "pam",
			       "comment", "Linux PAM standard authentication", "realm", "pve",
			       "type", "pve", "comment", "Proxmox VE authentication server");
	return 0;
}

/* Paths that can carry rights: a known first word, and plain characters. */
static bool valid_path(const char *path)
{
	static const char *const tops[] = { "/access", "/mapping", "/nodes", "/pool",
					    "/sdn",    "/storage", "/vms" };

	if (!strcmp(path, "/"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		size_t len = strlen(tops[i]);

		if (!strncmp(path, tops[i], len) && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

static const char *type_name(char type)
{
	return type == 'u' ? "user" : type == 'g' ? "group" : "token";
}

static int get_acl(struct sim_call *call)
{
	call->data = json_array();
	for (size_t i = 0; i < call->sim->acl_count; i++) {
		const struct sim_acl *acl = &call->sim->acls[i];

		if (!sim_may(call, acl->path, "Permissions.Modify"))
			continue;
		json_array_append_new(call->data, json_pack("{s:s, s:s, s:s, s:s, s:i}", "path",
							    acl->path, "type", type_name(acl->type),
							    "ugid", acl->who, "roleid", acl->role,
							    "propagate", (int)acl->propagate));
	}
	return 0;
}

static bool exists(const struct sim *sim, char type, const char *who)
{
	const char *bang = strchr(who, '!');
	auto_free char *user_id = bang ? pxc_strndup(who, (size_t)(bang - who)) : pxc_strdup(who);
	const struct sim_user *user;

	if (type == 'g')
		return sim_map_get(&sim->groups, who) != NULL;
	user = sim_map_get(&sim->users, user_id);
	if (type == 'u')
		return user != NULL;
	return user && bang && sim_map_get(&user->tokens, bang + 1);
}

static void set_entry(struct sim_call *call, char type, const char *who, const char *role)
{
	struct sim *sim = call->sim;
	const char *path = sim_arg(call, "path");
	struct sim_acl *acl;

	for (size_t i = sim->acl_count; i-- > 0;) {
		acl = &sim->acls[i];
		if (acl->type != type || strcmp(acl->path, path) || strcmp(acl->who, who) ||
		    strcmp(acl->role, role))
			continue;
		free(acl->path);
		free(acl->who);
		free(acl->role);
		sim->acl_count--;
		memmove(acl, acl + 1, (sim->acl_count - i) * sizeof(*acl));
	}
	if (sim_arg_int(call, "delete", 0))
		return;
	if (sim->acl_count == sim->acl_room) {
		sim->acl_room = sim->acl_room ? sim->acl_room * 2 : 16;
		sim->acls = pxc_realloc(sim->acls, sim->acl_room * sizeof(*sim->acls));
	}
	acl = &sim->acls[sim->acl_count++];
	acl->path = pxc_strdup(path);
	acl->type = type;
	acl->who = pxc_strdup(who);
	acl->role = pxc_strdup(role);
	acl->propagate = sim_arg_int(call, "propagate", 1);
}

/* Every role of the request for one name. */
static void set_roles(struct sim_call *call, char type, const char *who)
{
	const char *list = sim_arg(call, "roles");
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *role = item;

		set_entry(call, type, who, role);
	}
}

/* For every name in the list: check it, or (dry == false) set its roles. */
static int each_name(struct sim_call *call, char type, const char *list, bool dry)
{
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *who = item;

		if (!dry)
			set_roles(call, type, who);
		else if (!exists(call->sim, type, who))
			return sim_fail(call, 500, "ACL update failed: %s '%s' does not exist",
					type_name(type), who);
	}
	return 0;
}

static int check_roles(struct sim_call *call)
{
	const char *list = sim_arg(call, "roles");
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *role = item;

		if (!sim_map_get(&call->sim->roles, role))
			return sim_fail(call, 500, "ACL update failed: role '%s' does not exist",
					role);
	}
	return 0;
}

/* Permissions.Modify on the path, or the right to allocate what the path names. */
static int may_modify(struct sim_call *call, const char *path)
{
	static const struct {
		const char *below, *privs;
	} owners[] = { { "/storage/", "Datastore.Allocate" },
		       { "/vms/", "VM.Allocate" },
		       { "/pool/", "Pool.Allocate" } };

	if (sim_may(call, path, "Permissions.Modify"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		if (str_starts(path, owners[i].below) && sim_may(call, path, owners[i].privs))
			return 0;
	return sim_deny(call, "%s, Permissions.Modify", path);
}

static int put_acl(struct sim_call *call)
{
	const char *path = sim_arg(call, "path");
	static const char *const whose[] = { "users", "groups", "tokens" };

	if (!valid_path(path))
		return sim_param_error(call, "path", "invalid ACL path '%s'", path);
	if (may_modify(call, path) < 0)
		return -1;
	if (!sim_has(call, "users") && !sim_has(call, "groups") && !sim_has(call, "tokens")) {
		for (size_t i = 0; i < ARRAY_SIZE(whose); i++)
			sim_param_error(call, whose[i],
					"either 'users', 'groups' or 'tokens' is required.");
		return -1;
	}
	if (!call->sim->quorate)
		return sim_fail(call, 500,
				"ACL update failed: cfs-lock 'file-user_cfg' error: no quorum!");
	if (check_roles(call) < 0)
		return -1;
	for (int dry = 1; dry >= 0; dry--)
		if (each_name(call, 'g', sim_arg(call, "groups"), dry) < 0 ||
		    each_name(call, 'u', sim_arg(call, "users"), dry) < 0 ||
		    each_name(call, 't', sim_arg(call, "tokens"), dry) < 0)
			return -1;
	return 0;
}

static void add_path(struct sim_call *call, const struct sim_user *user,
		     const struct sim_token *token, const char *path)
{
	uint64_t propagated, privs = sim_privs_on(call->sim, user, token, path, &propagated);
	json_t *map;

	if (!privs)
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

			add_path(call, user, token, path);
		}
		for (size_t s = 0; s < pool->storages.count; s++) {
			auto_free char *path =
				pxc_printf("/storage/%s", pool->storages.entries[s].key);

			add_path(call, user, token, path);
		}
	}
}

static int get_permissions(struct sim_call *call)
{
	static const char *const always[] = { "/",     "/access", "/access/groups", "/nodes",
					      "/pool", "/sdn",    "/storage",       "/vms" };
	const char *whose = sim_arg(call, "userid"), *only = sim_arg(call, "path");
	const char *bang = whose ? strchr(whose, '!') : NULL;
	auto_free char *id = whose ? pxc_strndup(whose, strcspn(whose, "!")) : NULL;
	const struct sim_user *user = id ? sim_map_get(&call->sim->users, id) : call->user;
	const struct sim_token *token = whose ? NULL : call->token;

	if (id && user != call->user && sim_need(call, "Sys.Audit", "/access") < 0)
		return -1;
	if (!user)
		return sim_fail(call, 500, "no such user ('%s')", id);
	if (bang) {
		token = sim_map_get(&user->tokens, bang + 1);
		if (!token)
			return sim_fail(call, 500, "no such token '%s' for user '%s'", bang + 1,
					id);
	}
	call->data = json_object();
	if (only) {
		add_path(call, user, token, only);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		add_path(call, user, token, always[i]);
	for (size_t i = 0; i < call->sim->acl_count; i++)
		add_path(call, user, token, call->sim->acls[i].path);
	add_pool_paths(call, user, token);
	return 0;
}

static const struct sim_param acl_put[] = {
	{ .name = "path", .flags = SIM_REQUIRED },
	{ .name = "roles", .flags = SIM_REQUIRED | SIM_LIST },
	{ .name = "users", .flags = SIM_LIST },
	{ .name = "groups", .flags = SIM_LIST },
	{ .name = "tokens", .flags = SIM_LIST },
	{ .name = "propagate", .type = SIM_BOOL },
	{ .name = "delete", .type = SIM_BOOL },
	{ 0 },
};
static const struct sim_param permissions_get[] = {
	{ .name = "path" },
	{ .name = "userid",
	  .pattern = "^[^[:space:]:/]+@[A-Za-z][A-Za-z0-9._-]+(![A-Za-z][A-Za-z0-9._-]+)?$" },
	{ 0 },
};

const struct sim_route sim_acl_routes[] = {
	{ "GET", "/access", get_access, NULL, NULL, "user", 0 },
	{ "GET", "/access/domains", get_domains, NULL, NULL, "world", 0 },
	{ "GET", "/access/acl", get_acl, NULL, NULL, "user", 0 },
	{ "PUT", "/access/acl", put_acl, acl_put, NULL, "user", 0 },
	{ "GET", "/access/permissions", get_permissions, permissions_get, NULL, "user", 0 },
	{ 0 },
};
