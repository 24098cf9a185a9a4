/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_tokens.c - /access/users/{userid}/token. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

struct sim_token *sim_token_add(struct sim *sim, struct sim_user *user, const char *id)
{
	struct sim_token *token = pxc_calloc(1, sizeof(*token)), *before;

	token->id = pxc_strdup(id);
	token->full = pxc_printf("%s!%s", user->id, id);
	sim_uuid(sim, token->secret);
	before = sim_map_put(&user->tokens, id, token);
	if (before)
		sim_token_free(before);
	return token;
}

/* Users look after their own tokens, tokens after none, not even of their user; others need User.Modify. */
static struct sim_user *reach(struct sim_call *call)
{
	return sim_user_reach_self(call, "User.Modify");
}

static json_t *describe(const struct sim_token *token)
{
	json_t *entry = json_pack("{s:I, s:i}", "expire", (json_int_t)token->expire_s, "privsep",
				  (int)token->privsep);

	if (token->comment)
		json_object_set_new(entry, "comment", json_string(token->comment));
	return entry;
}

static struct sim_token *find_token(struct sim_call *call, struct sim_user *user)
{
	const char *id = sim_arg(call, "tokenid");
	struct sim_token *token = sim_map_get(&user->tokens, id);

	if (!token)
		sim_fail(call, 500, "no such token '%s' for user '%s'", id, user->id);
	return token;
}

static int get_tokens(struct sim_call *call)
{
	struct sim_user *user = reach(call);

	if (!user)
		return -1;
	call->data = json_array();
	for (size_t i = 0; i < user->tokens.count; i++) {
		json_t *entry = describe(user->tokens.entries[i].value);

		json_object_set_new(entry, "tokenid", json_string(user->tokens.entries[i].key));
		json_array_append_new(call->data, entry);
	}
	return 0;
}

static int get_token(struct sim_call *call)
{
	struct sim_user *user = reach(call);
	struct sim_token *token = user ? find_token(call, user) : NULL;

	if (!token)
		return -1;
	call->data = describe(token);
	return 0;
}

static void apply(struct sim_call *call, struct sim_token *token)
{
	const char *comment = sim_arg(call, "comment"), *remove = sim_arg(call, "delete");

	if ((comment && *comment) || (remove && strstr(remove, "comment"))) {
		free(token->comment);
		token->comment = comment && *comment ? pxc_strdup(comment) : NULL;
	}
	if (remove && strstr(remove, "expire"))
		token->expire_s = 0;
	token->expire_s = sim_arg_int(call, "expire", token->expire_s);
	token->privsep = sim_arg_int(call, "privsep", token->privsep);
}

/* The answer to a creation holds numbers as they were sent: as text. */
static json_t *as_sent(struct sim_call *call)
{
	static const char *const numbers[] = { "expire", "privsep" };
	json_t *info = json_object();

	if (*(sim_arg(call, "comment") ?: ""))
		json_object_set(info, "comment", json_object_get(call->params, "comment"));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (sim_has(call, numbers[i]))
			json_object_set_new(
				info, numbers[i],
				json_sprintf("%lld", (long long)sim_arg_int(call, numbers[i], 0)));
	if (!sim_has(call, "privsep"))
		json_object_set_new(info, "privsep", json_integer(1));
	return info;
}

static int post_token(struct sim_call *call)
{
	struct sim_user *user = reach(call);
	struct sim_token *token;

	if (!user)
		return -1;
	if (sim_map_get(&user->tokens, sim_arg(call, "tokenid")))
		return sim_param_error(call, "tokenid", "Token already exists.");
	if (!call->sim->quorate)
		return sim_fail(
			call, 500,
			"generating token failed: cfs-lock 'file-user_cfg' error: no quorum!");
	token = sim_token_add(call->sim, user, sim_arg(call, "tokenid"));
	token->privsep = true;
	apply(call, token);
	call->data = json_pack("{s:s, s:s, s:o}", "full-tokenid", token->full, "value",
			       token->secret, "info", as_sent(call));
	return 0;
}

static int put_token(struct sim_call *call)
{
	struct sim_user *user = reach(call);
	struct sim_token *token = user ? find_token(call, user) : NULL;

	if (!token)
		return -1;
	apply(call, token);
	if (sim_arg_int(call, "regenerate", 0))
		sim_uuid(call->sim, token->secret);
	call->data = describe(token);
	if (sim_arg_int(call, "regenerate", 0)) {
		json_object_set_new(call->data, "value", json_string(token->secret));
		json_object_set_new(call->data, "full-tokenid", json_string(token->full));
	}
	return 0;
}

static int delete_token(struct sim_call *call)
{
	struct sim_user *user = reach(call);
	struct sim_token *token = user ? find_token(call, user) : NULL;

	if (!token)
		return -1;
	if (token == call->token) {
		call->token = NULL;
		call->authid = "";
	}
	sim_acl_drop(call->sim, 't', token->full);
	sim_map_remove(&user->tokens, token->id);
	sim_token_free(token);
	return 0;
}

#define TOKEN_ID                                                                                   \
	{                                                                                          \
		.name = "tokenid", .flags = SIM_REQUIRED, .pattern = "^[A-Za-z][A-Za-z0-9._-]+$"   \
	}
#define TOKEN_FIELDS                                                                               \
	{ .name = "comment" }, { .name = "expire", .type = SIM_INT, .min = 0, .max = INT64_MAX },  \
	{                                                                                          \
		.name = "privsep", .type = SIM_BOOL                                                \
	}

static const struct sim_param token_id[] = { TOKEN_ID, { 0 } };
static const struct sim_param token_post[] = { TOKEN_ID, TOKEN_FIELDS, { 0 } };
static const struct sim_param token_put[] = {
	TOKEN_ID,
	TOKEN_FIELDS,
	{ .name = "delete", .flags = SIM_LIST | SIM_NEW },
	{ .name = "regenerate", .type = SIM_BOOL, .flags = SIM_NEW },
	{ 0 },
};

#define TOKEN "/access/users/{userid}/token/{tokenid}"

const struct sim_route sim_token_routes[] = {
	{ "GET", "/access/users/{userid}/token", get_tokens, NULL, NULL, "user", 0 },
	{ "GET", TOKEN, get_token, token_id, NULL, "user", 0 },
	{ "POST", TOKEN, post_token, token_post, NULL, "user", 0 },
	{ "PUT", TOKEN, put_token, token_put, NULL, "user", 0 },
	{ "DELETE", TOKEN, delete_token, token_id, NULL, "user", 0 },
	{ 0 },
};
