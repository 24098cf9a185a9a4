/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_dump.c - users, groups, roles, rights and realms as sim_dump() tells them; no secret is in it. */
#include "sim/state.h"

static json_t *names(const struct sim_map *map)
{
	json_t *list = json_array();

	for (size_t i = 0; i < map->count; i++)
		json_array_append_new(list, json_string(map->entries[i].key));
	return list;
}

static json_t *user_dump(const struct sim_user *user)
{
	json_t *tokens = json_object();

	for (size_t i = 0; i < user->tokens.count; i++) {
		const struct sim_token *token = user->tokens.entries[i].value;

		json_object_set_new(tokens, token->id,
				    json_pack("{s:b, s:I, s:s*}", "privsep", token->privsep,
					      "expire", (json_int_t)token->expire_s, "comment",
					      token->comment));
	}
	return json_pack("{s:O, s:b, s:I, s:o, s:o}", "config", user->config, "enable",
			 user->enable, "expire", (json_int_t)user->expire_s, "groups",
			 names(&user->groups), "tokens", tokens);
}

json_t *sim_access_dump(const struct sim *sim)
{
	json_t *users = json_object(), *groups = json_object(), *roles = json_object();
	json_t *acls = json_array();

	for (size_t i = 0; i < sim->users.count; i++)
		json_object_set_new(users, sim->users.entries[i].key,
				    user_dump(sim->users.entries[i].value));
	for (size_t i = 0; i < sim->groups.count; i++) {
		const struct sim_group *group = sim->groups.entries[i].value;

		json_object_set_new(groups, group->id,
				    json_string(group->comment ? group->comment : ""));
	}
	for (size_t i = 0; i < sim->roles.count; i++) {
		const struct sim_role *role = sim->roles.entries[i].value;

		if (!role->special)
			json_object_set_new(roles, role->id, json_integer((json_int_t)role->privs));
	}
	for (size_t i = 0; i < sim->acl_count; i++)
		json_array_append_new(acls,
				      json_sprintf("%s %c %s %s %d", sim->acls[i].path,
						   sim->acls[i].type, sim->acls[i].who,
						   sim->acls[i].role, sim->acls[i].propagate));
	return json_pack("{s:o, s:o, s:o, s:o, s:O}", "users", users, "groups", groups, "roles",
			 roles, "acl", acls, "realms", sim->realms);
}
