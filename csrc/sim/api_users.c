/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_users.c - /access/users (pve-access-control: API2/User.pm). */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

void sim_token_free(void *value)
{
	struct sim_token *token = value;

	free(token->id);
	free(token->full);
	free(token->comment);
	free(token);
}

void sim_user_free(void *value)
{
	struct sim_user *user = value;

	free(user->id);
	free(user->password);
	json_decref(user->config);
	sim_map_release(&user->groups, NULL);
	sim_map_release(&user->tokens, sim_token_free);
	free(user);
}

struct sim_user *sim_user_add(struct sim *sim, const char *id)
{
	struct sim_user *user = pxc_calloc(1, sizeof(*user));

	user->id = pxc_strdup(id);
	user->config = json_object();
	user->enable = true;
	sim_map_put(&sim->users, id, user);
	return user;
}

/* An address that is not set is shown as "" when something follows it in the line of PVE's file. */
static json_t *describe(const struct sim_user *user)
{
	json_t *entry = json_copy(user->config);

	if (!json_object_get(entry, "email") &&
	    (json_object_get(entry, "comment") || json_object_get(entry, "keys")))
		json_object_set_new(entry, "email", json_string(""));
	json_object_set_new(entry, "enable", json_integer(user->enable));
	json_object_set_new(entry, "expire", json_integer(user->expire_s));
	return entry;
}

static json_t *describe_token(const struct sim_token *token)
{
	json_t *entry = json_pack("{s:I, s:i}", "expire", (json_int_t)token->expire_s, "privsep",
				  (int)token->privsep);

	if (token->comment)
		json_object_set_new(entry, "comment", json_string(token->comment));
	return entry;
}

static json_t *group_names(const struct sim_user *user)
{
	json_t *list = json_array();

	for (size_t i = 0; i < user->groups.count; i++)
		json_array_append_new(list, json_string(user->groups.entries[i].key));
	return list;
}

/* Whoever may not change everybody needs User.Modify on each group that the request names. */
static int need_groups(struct sim_call *call)
{
	const char *groups = sim_arg(call, "groups");
	char *item;

	if (sim_may(call, "/access/groups", "User.Modify"))
		return 0;
	if (!groups || !groups[strspn(groups, ",; ")])
		return sim_deny(call, "/access/groups, User.Modify");
	while ((item = sim_list_next(&groups)) != NULL) {
		auto_free char *path = pxc_printf("/access/groups/%s", item);
		bool there = sim_map_get(&call->sim->groups, item) != NULL;

		free(item);
		if (!there || !sim_may(call, path, "User.Modify"))
			return sim_deny(call, "%s, User.Modify", path);
	}
	return 0;
}

static json_t *full_tokens(const struct sim_user *user)
{
	json_t *list;

	if (!user->tokens.count)
		return json_null();
	list = json_array();
	for (size_t i = 0; i < user->tokens.count; i++) {
		json_t *token = describe_token(user->tokens.entries[i].value);

		json_object_set_new(token, "tokenid", json_string(user->tokens.entries[i].key));
		json_array_append_new(list, token);
	}
	return list;
}

static char *join_groups(const struct sim_user *user)
{
	struct pxc_buf text = { 0 };

	for (size_t i = 0; i < user->groups.count; i++)
		buf_printf(&text, "%s%s", i ? "," : "", user->groups.entries[i].key);
	return buf_take(&text);
}

static int get_users(struct sim_call *call)
{
	int64_t enabled = sim_arg_int(call, "enabled", -1);

	call->data = json_array();
	for (size_t i = 0; i < call->sim->users.count; i++) {
		const struct sim_user *user = call->sim->users.entries[i].value;
		json_t *entry;

		if (enabled >= 0 && user->enable != (enabled != 0))
			continue;
		if (!sim_may_user(call, user, "User.Modify|Sys.Audit") &&
		    (user != call->user || call->token))
			continue;
		entry = describe(user);
		json_object_set_new(entry, "userid", json_string(user->id));
		if (sim_realm_type(call->sim, sim_realm_of(user->id)))
			json_object_set_new(
				entry, "realm-type",
				json_string(sim_realm_type(call->sim, sim_realm_of(user->id))));
		if (sim_arg_int(call, "full", 0)) {
			auto_free char *groups = join_groups(user);

			json_object_set_new(entry, "groups", json_string(groups));
			json_object_set_new(entry, "tokens", full_tokens(user));
		}
		json_array_append_new(call->data, entry);
	}
	return 0;
}

static int get_user(struct sim_call *call)
{
	struct sim_user *user = sim_user_reach(call, "User.Modify|Sys.Audit");
	json_t *tokens;

	if (!user)
		return -1;
	call->data = describe(user);
	json_object_set_new(call->data, "groups", group_names(user));
	tokens = user->tokens.count ? json_object() : json_null();
	for (size_t i = 0; i < user->tokens.count; i++)
		json_object_set_new(tokens, user->tokens.entries[i].key,
				    describe_token(user->tokens.entries[i].value));
	json_object_set_new(call->data, "tokens", tokens);
	return 0;
}

/* PVE looks at it together with the rights, before it looks at the parameters. */
static int check_userid(struct sim_call *call, const char *id)
{
	auto_buf struct pxc_buf why = { 0 };

	if (sim_format_userid("userid", id, &why))
		return 0;
	return sim_fail(call, 500, "%.*s", (int)strcspn(buf_str(&why), "\n"), buf_str(&why));
}

/* The first group of the request that does not exist fails it as a whole. */
static int check_groups(struct sim_call *call, const char *what)
{
	const char *groups = sim_arg(call, "groups");
	char *item;

	while ((item = sim_list_next(&groups)) != NULL) {
		auto_free char *name = item;

		if (!sim_map_get(&call->sim->groups, name))
			return sim_fail(call, 500, "%s user failed: no such group '%s'", what,
					name);
	}
	return 0;
}

/* Take what the request says about the user; what is empty goes. */
static void apply(struct sim_call *call, struct sim_user *user)
{
	static const char *const texts[] = { "comment", "email", "firstname", "lastname", "keys" };
	const char *groups = sim_arg(call, "groups");
	char *item;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *value = sim_arg(call, texts[i]);

		if (value && *value)
			json_object_set_new(user->config, texts[i], json_string(value));
		else if (value)
			json_object_del(user->config, texts[i]);
	}
	user->enable = sim_arg_int(call, "enable", user->enable);
	user->expire_s = sim_arg_int(call, "expire", user->expire_s);
	if (!groups)
		return;
	if (!sim_arg_int(call, "append", 0))
		sim_map_release(&user->groups, NULL);
	while ((item = sim_list_next(&groups)) != NULL) {
		sim_map_put(&user->groups, item, user);
		free(item);
	}
}

static int no_quorum(struct sim_call *call, const char *what)
{
	if (call->sim->quorate)
		return 0;
	return sim_fail(call, 500, "%s user failed: cfs-lock 'file-user_cfg' error: no quorum!",
			what);
}

static int post_user(struct sim_call *call)
{
	const char *id = sim_arg(call, "userid"), *password = sim_arg(call, "password");
	struct sim_user *user;

	if (check_userid(call, id) < 0 || sim_need_realm(call, id) < 0 || need_groups(call) < 0 ||
	    no_quorum(call, "create") < 0)
		return -1;
	if (sim_map_get(&call->sim->users, id))
		return sim_fail(call, 500, "create user failed: user '%s' already exists", id);
	if ((password && sim_realm_takes(call, id, "create user failed: ") < 0) ||
	    check_groups(call, "create") < 0)
		return -1;
	user = sim_user_add(call->sim, id);
	user->password = pxc_strdup(password);
	apply(call, user);
	return 0;
}

static int put_user(struct sim_call *call)
{
	struct sim_user *user = sim_map_get(&call->sim->users, sim_arg(call, "userid"));

	if (user && need_groups(call) < 0)
		return -1;
	user = sim_user_reach(call, "User.Modify");
	if (!user || no_quorum(call, "update") < 0 || check_groups(call, "update") < 0)
		return -1;
	apply(call, user);
	return 0;
}

/* root@pam cannot go: PVE adds it again whenever it reads its file. */
static void remove_user(struct sim_call *call, struct sim_user *user)
{
	bool root = !strcmp(user->id, "root@pam");

	sim_acl_drop(call->sim, 'u', user->id);
	for (size_t i = 0; i < user->tokens.count; i++) {
		const struct sim_token *token = user->tokens.entries[i].value;

		sim_acl_drop(call->sim, 't', token->full);
	}
	if (user == call->user) {
		call->user = NULL;
		call->token = NULL;
		call->authid = "";
	}
	sim_map_remove(&call->sim->users, user->id);
	if (root) {
		struct sim_user *again = sim_user_add(call->sim, "root@pam");

		again->password = user->password;
		user->password = NULL;
	}
	sim_user_free(user);
}

static int delete_user(struct sim_call *call)
{
	struct sim_user *user;

	if (sim_need_realm(call, sim_arg(call, "userid")) < 0)
		return -1;
	user = sim_user_reach(call, "User.Modify");
	if (!user || no_quorum(call, "delete") < 0)
		return -1;
	remove_user(call, user);
	return 0;
}

#define USER_FIELDS                                                                                \
	{ .name = "comment", .max = 2048 }, { .name = "email", .max = 254 },                       \
		{ .name = "enable", .type = SIM_BOOL },                                            \
		{ .name = "expire", .type = SIM_INT, .min = 0, .max = INT64_MAX },                 \
		{ .name = "firstname", .max = 1024 }, { .name = "groups", .flags = SIM_LIST },     \
		{ .name = "keys", .pattern = "^[0-9a-zA-Z!=]*$" },                                 \
	{                                                                                          \
		.name = "lastname", .max = 1024                                                    \
	}

static const struct sim_param users_get[] = {
	{ .name = "enabled", .type = SIM_BOOL },
	{ .name = "full", .type = SIM_BOOL },
	{ 0 },
};
static const struct sim_param user_post[] = {
	{ .name = "userid", .flags = SIM_REQUIRED, .max = 64 },
	{ .name = "password", .min = 8, .max = 64 },
	USER_FIELDS,
	{ 0 },
};
static const struct sim_param user_put[] = {
	{ .name = "userid", .flags = SIM_REQUIRED, .max = 64 },
	{ .name = "append", .type = SIM_BOOL, .needs = "groups" },
	USER_FIELDS,
	{ 0 },
};

const struct sim_route sim_user_routes[] = {
	{ "GET", "/access/users", get_users, users_get, NULL, "user", 0 },
	{ "POST", "/access/users", post_user, user_post, NULL, "user", 0 },
	{ "GET", "/access/users/{userid}", get_user, NULL, NULL, "user", 0 },
	{ "PUT", "/access/users/{userid}", put_user, user_put, NULL, "user", 0 },
	{ "DELETE", "/access/users/{userid}", delete_user, NULL, NULL, "user", 0 },
	{ 0 },
};
