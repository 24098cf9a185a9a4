/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_groups.c - /access/groups and /access/roles. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim/areas.h"
#include "sim/state.h"

void sim_group_free(void *value)
{
	struct sim_group *group = value;

	free(group->id);
	free(group->comment);
	free(group);
}

static json_t *member_list(const struct sim *sim, const char *group)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sim->users.count; i++) {
		const struct sim_user *user = sim->users.entries[i].value;

		if (sim_map_get(&user->groups, group))
			json_array_append_new(list, json_string(user->id));
	}
	return list;
}

static char *member_text(const struct sim *sim, const char *group)
{
	json_auto_t *list = member_list(sim, group);
	struct pxc_buf text = { 0 };

	for (size_t i = 0; i < json_array_size(list); i++)
		buf_printf(&text, "%s%s", i ? "," : "", json_string_value(json_array_get(list, i)));
	return buf_take(&text);
}

static int get_groups(struct sim_call *call)
{
	call->data = json_array();
	for (size_t i = 0; i < call->sim->groups.count; i++) {
		const struct sim_group *group = call->sim->groups.entries[i].value;
		auto_free char *path = pxc_printf("/access/groups/%s", group->id);
		auto_free char *members = member_text(call->sim, group->id);
		json_t *entry;

		if (!sim_may(call, path, "User.Modify|Sys.Audit|Group.Allocate"))
			continue;
		entry = json_pack("{s:s, s:s}", "groupid", group->id, "users", members);
		if (group->comment)
			json_object_set_new(entry, "comment", json_string(group->comment));
		json_array_append_new(call->data, entry);
	}
	return 0;
}

static struct sim_group *find_group(struct sim_call *call, const char *context)
{
	const char *id = sim_arg(call, "groupid");
	struct sim_group *group = sim_map_get(&call->sim->groups, id);

	if (!group)
		sim_fail(call, 500, "%sgroup '%s' does not exist", context, id);
	return group;
}

static int get_group(struct sim_call *call)
{
	struct sim_group *group = find_group(call, "");

	if (!group)
		return -1;
	call->data = json_pack("{s:o}", "members", member_list(call->sim, group->id));
	if (group->comment)
		json_object_set_new(call->data, "comment", json_string(group->comment));
	return 0;
}

static int post_group(struct sim_call *call)
{
	const char *id = sim_arg(call, "groupid"), *comment = sim_arg(call, "comment");
	struct sim_group *group;

	if (!call->sim->quorate)
		return sim_fail(call, 500,
				"create group failed: cfs-lock 'file-user_cfg' error: no quorum!");
	if (sim_map_get(&call->sim->groups, id))
		return sim_fail(call, 500, "create group failed: group '%s' already exists", id);
	group = pxc_calloc(1, sizeof(*group));
	group->id = pxc_strdup(id);
	group->comment = comment && *comment ? pxc_strdup(comment) : NULL;
	sim_map_put(&call->sim->groups, id, group);
	return 0;
}

static int put_group(struct sim_call *call)
{
	struct sim_group *group = find_group(call, "update group failed: ");
	const char *comment = sim_arg(call, "comment");

	if (!group)
		return -1;
	if (comment) {
		free(group->comment);
		group->comment = *comment ? pxc_strdup(comment) : NULL;
	}
	return 0;
}

static int delete_group(struct sim_call *call)
{
	struct sim_group *group = find_group(call, "delete group failed: ");

	if (!group)
		return -1;
	for (size_t i = 0; i < call->sim->users.count; i++) {
		struct sim_user *user = call->sim->users.entries[i].value;

		sim_map_remove(&user->groups, group->id);
	}
	sim_acl_drop(call->sim, 'g', group->id);
	sim_map_remove(&call->sim->groups, group->id);
	sim_group_free(group);
	return 0;
}

static json_t *privs_object(uint64_t privs)
{
	json_t *map = json_object();

	for (size_t i = 0; sim_priv_names[i]; i++)
		if (privs >> i & 1)
			json_object_set_new(map, sim_priv_names[i], json_integer(1));
	return map;
}

static int get_roles(struct sim_call *call)
{
	call->data = json_array();
	for (size_t r = 0; r < call->sim->roles.count; r++) {
		const struct sim_role *role = call->sim->roles.entries[r].value;
		auto_buf struct pxc_buf text = { 0 };

		for (size_t i = 0; sim_priv_names[i]; i++)
			if (role->privs >> i & 1)
				buf_printf(&text, "%s%s", text.len ? "," : "", sim_priv_names[i]);
		json_array_append_new(call->data,
				      json_pack("{s:s, s:s, s:i}", "roleid", role->id, "privs",
						buf_str(&text), "special", (int)role->special));
	}
	return 0;
}

static struct sim_role *find_role(struct sim_call *call, const char *context)
{
	const char *id = sim_arg(call, "roleid");
	struct sim_role *role = sim_map_get(&call->sim->roles, id);

	if (!role)
		sim_fail(call, 500, "%srole '%s' does not exist", context, id);
	return role;
}

static int get_role(struct sim_call *call)
{
	const struct sim_role *role = find_role(call, "");

	if (!role)
		return -1;
	call->data = privs_object(role->privs);
	return 0;
}

/* Which privileges there are is a matter of the version. */
static int take_privs(struct sim_call *call, uint64_t *ret_bits)
{
	const char *privs = sim_arg(call, "privs");
	char bad[64];

	*ret_bits = 0;
	if (!privs || sim_privs_parse(call->sim, privs, ret_bits, bad))
		return 0;
	return sim_param_error(call, "privs", "invalid format - invalid privilege '%s'\n", bad);
}

static int post_role(struct sim_call *call)
{
	const char *id = sim_arg(call, "roleid");
	struct sim_role *role;
	uint64_t bits;

	if (take_privs(call, &bits) < 0)
		return -1;
	if (!strncasecmp(id, "PVE", 3))
		return sim_param_error(call, "roleid",
				       "cannot use role ID starting with the (case-insensitive) "
				       "'PVE' namespace");
	if (!call->sim->quorate)
		return sim_fail(call, 500,
				"create role failed: cfs-lock 'file-user_cfg' error: no quorum!");
	if (sim_map_get(&call->sim->roles, id))
		return sim_fail(call, 500, "create role failed: role '%s' already exists", id);
	role = pxc_calloc(1, sizeof(*role));
	role->id = pxc_strdup(id);
	role->privs = bits;
	sim_map_put(&call->sim->roles, id, role);
	return 0;
}

static int put_role(struct sim_call *call)
{
	struct sim_role *role = sim_map_get(&call->sim->roles, sim_arg(call, "roleid"));
	uint64_t bits;

	if (take_privs(call, &bits) < 0)
		return -1;
	if (role && role->special)
		return sim_fail(call, 500, "auto-generated role '%s' cannot be modified", role->id);
	if (!find_role(call, "update role failed: "))
		return -1;
	role->privs = sim_arg_int(call, "append", 0) ? role->privs | bits : bits;
	return 0;
}

static int delete_role(struct sim_call *call)
{
	struct sim_role *role = sim_map_get(&call->sim->roles, sim_arg(call, "roleid"));

	if (role && role->special)
		return sim_fail(call, 500, "auto-generated role '%s' cannot be deleted", role->id);
	if (!find_role(call, "delete role failed: "))
		return -1;
	sim_acl_drop(call->sim, 'r', role->id);
	sim_map_remove(&call->sim->roles, role->id);
	sim_role_free(role);
	return 0;
}

static bool plain_id(const char *what, const char *value, struct pxc_buf *why)
{
	if (*value && strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._-") == strlen(value))
		return true;
	buf_printf(why, "%s name '%s' contains invalid characters\n", what, value);
	return false;
}

bool sim_format_group(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	return plain_id("group", value, why);
}

bool sim_format_role(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	return plain_id("role", value, why);
}

static const struct sim_param group_post[] = {
	{ .name = "groupid", .flags = SIM_REQUIRED, .format = sim_format_group },
	{ .name = "comment" },
	{ 0 },
};
static const struct sim_param role_post[] = {
	{ .name = "roleid", .flags = SIM_REQUIRED, .format = sim_format_role },
	{ .name = "privs" },
	{ 0 },
};
static const struct sim_param role_put[] = {
	{ .name = "roleid", .flags = SIM_REQUIRED, .format = sim_format_role },
	{ .name = "privs" },
	{ .name = "append", .type = SIM_BOOL, .needs = "privs" },
	{ 0 },
};

const struct sim_route sim_group_routes[] = {
	{ "GET", "/access/groups", get_groups, NULL, NULL, "user", 0 },
	{ "POST", "/access/groups", post_group, group_post, NULL, "/access/groups Group.Allocate",
	  0 },
	{ "GET", "/access/groups/{groupid}", get_group, NULL, NULL,
	  "/access/groups Sys.Audit|Group.Allocate", 0 },
	{ "PUT", "/access/groups/{groupid}", put_group, group_post, NULL,
	  "/access/groups Group.Allocate", 0 },
	{ "DELETE", "/access/groups/{groupid}", delete_group, NULL, NULL,
	  "/access/groups Group.Allocate", 0 },
	{ "GET", "/access/roles", get_roles, NULL, NULL, "user", 0 },
	{ "POST", "/access/roles", post_role, role_post, NULL, "/access Sys.Modify", 0 },
	{ "GET", "/access/roles/{roleid}", get_role, NULL, NULL, "user", 0 },
	{ "PUT", "/access/roles/{roleid}", put_role, role_put, NULL, "/access Sys.Modify", 0 },
	{ "DELETE", "/access/roles/{roleid}", delete_role, NULL, NULL, "/access Sys.Modify", 0 },
	{ 0 },
};
