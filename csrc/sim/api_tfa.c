/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_tfa.c - second factors: nobody here has one (pve-access-control: API2/TFA.pm, API2/User.pm). */
#include <string.h>

#include "sim/areas.h"

static int get_all(struct sim_call *call)
{
	call->data = json_array();
	return 0;
}

static int get_entries(struct sim_call *call)
{
	if (!sim_user_reach_self(call, "User.Modify|Sys.Audit"))
		return -1;
	call->data = json_array();
	return 0;
}

/* Kinds of factors: "user" only where all of them are asked for. */
static int get_types(struct sim_call *call)
{
	const char *realm = strrchr(sim_arg(call, "userid"), '@');

	if (!sim_user_reach_self(call, "User.Modify|Sys.Audit"))
		return -1;
	if (!realm || !sim_realm_type(call->sim, realm + 1))
		return sim_fail(call, 500, "auth domain '%s' does not exist",
				realm ? realm + 1 : "");
	call->data = sim_arg_int(call, "multiple", 0) ? json_pack("{s:[]}", "user") : json_object();
	return 0;
}

/* false: the user was not locked. */
static int put_unlock(struct sim_call *call)
{
	if (!sim_user_reach(call, "User.Modify"))
		return -1;
	call->data = json_integer(0);
	return 0;
}

static const struct sim_param userid[] = {
	{ .name = "userid", .flags = SIM_REQUIRED, .max = 64, .format = sim_format_userid },
	{ 0 },
};
static const struct sim_param types_get[] = {
	{ .name = "userid", .flags = SIM_REQUIRED, .max = 64, .format = sim_format_userid },
	{ .name = "multiple", .type = SIM_BOOL },
	{ 0 },
};

const struct sim_route sim_tfa_routes[] = {
	{ "GET", "/access/tfa", get_all, NULL, NULL, "user", 0 },
	{ "GET", "/access/tfa/{userid}", get_entries, userid, NULL, "user", 0 },
	{ "GET", "/access/users/{userid}/tfa", get_types, types_get, NULL, "user", 0 },
	{ "PUT", "/access/users/{userid}/unlock-tfa", put_unlock, userid, NULL, "user", 0 },
	{ 0 },
};
