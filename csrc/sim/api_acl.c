/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_acl.c - /access/acl (pve-access-control: API2/ACL.pm). */
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

/* Paths that can carry rights (PVE/AccessControl.pm, check_path; pools go three levels deep). */
static bool valid_path(const char *path)
{
#define NAME "[[:alnum:]._-]+"
	static const char pattern[] =
		"^(/|/access(/(groups|realm)(/" NAME ")?)?|/nodes(/" NAME ")?|/pool(/" NAME
		"){0,3}|/sdn(/(zones|fabrics|controllers"
		"|dns|ipams)(/" NAME ")?)?|/sdn/zones/" NAME "/" NAME "(/[1-9][0-9]{0,3})?|"
		"/storage(/" NAME ")?|/vms(/[1-9][0-9]{2,})?|/mapping(/" NAME "){0,2})$";
#undef NAME
	regex_t re;
	bool good;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	good = !regexec(&re, path, 0, NULL, 0);
	regfree(&re);
	return good;
}

static const char *type_name(char type)
{
	return type == 'u' ? "user" : type == 'g' ? "group" : "token";
}

/* Who may change rights on a path: Permissions.Modify, or who may allocate what it names. */
static bool may_modify(const struct sim_call *call, const char *path, const char **ret_privs)
{
	static const struct {
		const char *below, *privs;
	} owners[] = { { "/storage/", "Permissions.Modify|Datastore.Allocate" },
		       { "/vms/", "Permissions.Modify|VM.Allocate" },
		       { "/pool/", "Permissions.Modify|Pool.Allocate" } };

	*ret_privs = "Permissions.Modify";
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		if (str_starts(path, owners[i].below))
			*ret_privs = owners[i].privs;
	return sim_may(call, path, *ret_privs);
}

static int get_acl(struct sim_call *call)
{
	bool audit = sim_may(call, "/access", "Sys.Audit");
	const char *privs;

	call->data = json_array();
	for (size_t i = 0; i < call->sim->acl_count; i++) {
		const struct sim_acl *acl = &call->sim->acls[i];

		if (!audit && !may_modify(call, acl->path, &privs))
			continue;
		json_array_append_new(call->data, json_pack("{s:s, s:s, s:s, s:s, s:i}", "path",
							    acl->path, "type", type_name(acl->type),
							    "ugid", acl->who, "roleid", acl->role,
							    "propagate", (int)acl->propagate));
	}
	return 0;
}

static int need_known(struct sim_call *call, char type, const char *who)
{
	const char *bang = type == 't' ? strchr(who, '!') : NULL;
	auto_free char *user_id = bang ? pxc_strndup(who, (size_t)(bang - who)) : pxc_strdup(who);
	const struct sim_user *user = sim_map_get(&call->sim->users, user_id);

	if (type == 'g' ? sim_map_get(&call->sim->groups, who) != NULL : type == 'u' && user)
		return 0;
	if (type != 't')
		return sim_fail(call, 500, "ACL update failed: %s '%s' does not exist",
				type_name(type), who);
	if (!user)
		return sim_fail(call, 500, "ACL update failed: no such user ('%s')", user_id);
	if (!bang || !sim_map_get(&user->tokens, bang + 1))
		return sim_fail(call, 500, "ACL update failed: no such token '%s' for user '%s'",
				bang ? bang + 1 : "", user_id);
	return 0;
}

static void set_entry(struct sim_call *call, char type, const char *who, const char *role)
{
	struct sim *sim = call->sim;
	char path[512] = "";
	struct sim_acl *acl;

	(void)sim_path_clean(sim_arg(call, "path"), path);

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
		else if (need_known(call, type, who) < 0)
			return -1;
	}
	return 0;
}

/* Who may change rights only because it may allocate hands out no more than it has itself. */
static int check_handed(struct sim_call *call, const struct sim_role *role, uint64_t own,
			uint64_t propagated)
{
	bool remove = sim_arg_int(call, "delete", 0), down = sim_arg_int(call, "propagate", 1);
	const char *how = NULL;

	if (!strcmp(role->id, "NoAccess"))
		how = "' - requires 'Permissions.Modify'";
	else if (role->privs & ~own)
		how = "' - requires 'Permissions.Modify' or superset of privileges.";
	else if (down && !remove && role->privs & ~propagated)
		how = "' with propagation - requires 'Permissions.Modify' or propagated superset "
		      "of privileges.";
	if (!how)
		return 0;
	return sim_fail(call, 500,
			"ACL update failed: 400 Parameter verification failed.\n"
			"role: Cannot %s role '%s%s",
			remove ? "remove" : "add", role->id, how);
}

static int check_roles(struct sim_call *call, const char *path)
{
	const char *list = sim_arg(call, "roles");
	bool free_hand = sim_may(call, path, "Permissions.Modify");
	uint64_t propagated,
		own = sim_privs_on(call->sim, call->user, call->token, path, &propagated);
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *id = item;
		const struct sim_role *role = sim_map_get(&call->sim->roles, id);

		if (!role)
			return sim_fail(call, 500, "ACL update failed: role '%s' does not exist",
					id);
		if (!free_hand && check_handed(call, role, own, propagated) < 0)
			return -1;
	}
	return 0;
}

static int put_acl(struct sim_call *call)
{
	const char *asked = sim_arg(call, "path"), *privs;
	static const char *const whose[] = { "users", "groups", "tokens" };
	char path[512];
	bool clean = sim_path_clean(asked, path);

	if (clean && !may_modify(call, path, &privs))
		return sim_deny(call, "%s, %s", path, privs);
	if (!sim_has(call, "users") && !sim_has(call, "groups") && !sim_has(call, "tokens")) {
		for (size_t i = 0; i < ARRAY_SIZE(whose); i++)
			sim_param_error(call, whose[i],
					"either 'users', 'groups' or 'tokens' is required.");
		return -1;
	}
	if (!clean || (!sim_arg_int(call, "delete", 0) && !valid_path(path)))
		return sim_param_error(call, "path", "invalid ACL path '%s'", asked);
	if (!call->sim->quorate)
		return sim_fail(call, 500,
				"ACL update failed: cfs-lock 'file-user_cfg' error: no quorum!");
	if (check_roles(call, path) < 0)
		return -1;
	for (int dry = 1; dry >= 0; dry--)
		if (each_name(call, 'g', sim_arg(call, "groups"), dry) < 0 ||
		    each_name(call, 'u', sim_arg(call, "users"), dry) < 0 ||
		    each_name(call, 't', sim_arg(call, "tokens"), dry) < 0)
			return -1;
	return 0;
}

static bool format_token(const char *name, const char *value, struct pxc_buf *why)
{
	const char *bang = strrchr(value, '!');
	auto_free char *user = bang ? pxc_strndup(value, (size_t)(bang - value)) : NULL;
	auto_buf struct pxc_buf ignored = { 0 };

	if (user && strlen(bang) > 2 && sim_format_userid(name, user, &ignored))
		return true;
	buf_printf(why, "value '%s' does not look like a valid token ID\n", value);
	return false;
}

static const struct sim_param acl_put[] = {
	{ .name = "path", .flags = SIM_REQUIRED },
	{ .name = "roles", .flags = SIM_REQUIRED | SIM_LIST, .format = sim_format_role },
	{ .name = "users", .flags = SIM_LIST, .format = sim_format_userid },
	{ .name = "groups", .flags = SIM_LIST, .format = sim_format_group },
	{ .name = "tokens", .flags = SIM_LIST, .format = format_token },
	{ .name = "propagate", .type = SIM_BOOL },
	{ .name = "delete", .type = SIM_BOOL },
	{ 0 },
};
const struct sim_route sim_acl_routes[] = {
	{ "GET", "/access/acl", get_acl, NULL, NULL, "user", 0 },
	{ "PUT", "/access/acl", put_acl, acl_put, NULL, "user", 0 },
	{ 0 },
};
