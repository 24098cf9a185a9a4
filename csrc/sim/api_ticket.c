/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_ticket.c - /access/ticket and /access/password (pve-access-control: API2/AccessControl.pm). */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/request.h"

/* The first word of an ACL path, and which privileges count there for the web interface. */
static const struct {
	const char *name, *prefixes;
} kinds[] = {
	{ "vms", "VM. Permissions.Modify" },
	{ "storage", "Datastore. Permissions.Modify" },
	{ "access", "User. Group. Permissions.Modify" },
	{ "nodes", "Sys. Permissions.Modify" },
	{ "sdn", "SDN. Permissions.Modify" },
	{ "mapping", "Mapping. Permissions.Modify" },
	{ "dc", "Sys.Audit Sys.Modify SDN." },
};

static bool has_prefix(const char *name, const char *prefixes)
{
	for (const char *at = prefixes; *at;) {
		size_t len = strcspn(at, " ");

		if (!strncmp(name, at, len))
			return true;
		at += len + (at[len] == ' ');
	}
	return false;
}

/* Of a pool those that hold for what is in it. */
static void add_capabilities(json_t *all, const char *path, uint64_t privs)
{
	size_t len = strcspn(path + 1, "/");
	bool pool = len == 4 && !strncmp(path + 1, "pool", 4);

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		bool here = path[1] ? strlen(kinds[k].name) == len &&
					      !strncmp(path + 1, kinds[k].name, len)
				    : !strcmp(kinds[k].name, "dc");

		if (!here && !(pool && k < 2))
			continue;
		for (size_t i = 0; sim_priv_names[i]; i++)
			if (privs >> i & 1 && has_prefix(sim_priv_names[i], kinds[k].prefixes))
				json_object_set_new(json_object_get(all, kinds[k].name),
						    sim_priv_names[i], json_integer(1));
	}
}

/* What the web interface is told about the user's rights (RPCEnvironment.pm, compute_api_permission). */
static json_t *capabilities(const struct sim *sim, const struct sim_user *user)
{
	static const char *const always[] = { "/",        "/nodes", "/access/groups", "/vms",
					      "/storage", "/sdn",   "/mapping" };
	json_t *all = json_object();
	uint64_t propagated;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		json_object_set_new(all, kinds[k].name, json_object());
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		add_capabilities(all, always[i],
				 sim_privs_on(sim, user, NULL, always[i], &propagated));
	for (size_t i = 0; i < sim->acl_count; i++)
		add_capabilities(all, sim->acls[i].path,
				 sim_privs_on(sim, user, NULL, sim->acls[i].path, &propagated));
	return all;
}

static int refuse(struct sim_call *call)
{
	call->delay_ms += 3000;
	return sim_fail(call, 401, "authentication failure");
}

static bool password_fits(const struct sim *sim, const struct sim_user *user, const char *password)
{
	const char *realm = strrchr(user->id, '@');
	const char *type = realm ? sim_realm_type(sim, realm + 1) : NULL;

	return type && (!strcmp(type, "pve") || !strcmp(type, "pam")) && user->password &&
	       !strcmp(user->password, password);
}

/* A ticket stands for a password; root's for everybody's, but not where rights are only asked about. */
static bool vouched(const struct sim_call *call, const struct sim_user *user, bool asking)
{
	const char *password = sim_arg(call, "password");
	const struct sim_user *by = sim_ticket_user(call->sim, password);

	return by == user || (by && !asking && !strcmp(by->id, "root@pam")) ||
	       password_fits(call->sim, user, password);
}

static int post_ticket(struct sim_call *call)
{
	const char *name = sim_arg(call, "username"), *realm = sim_arg(call, "realm");
	const char *path = sim_arg(call, "path"), *privs = sim_arg(call, "privs");
	auto_free char *id = realm ? pxc_printf("%s@%s", name, realm) : pxc_strdup(name);
	struct sim_user *user = sim_map_get(&call->sim->users, id);
	auto_free char *ticket = NULL, *csrf = NULL;

	if (!user || !sim_user_active(call->sim, user) || !vouched(call, user, path != NULL))
		return refuse(call);
	call->user = user;
	call->data = json_pack("{s:s, s:o}", "username", id, "cap", capabilities(call->sim, user));
	if (path && !sim_may(call, path, privs))
		return refuse(call);
	if (!path) {
		ticket = sim_ticket(call->sim, id);
		csrf = sim_csrf_token(call->sim, id);
		json_object_set_new(call->data, "ticket", json_string(ticket));
		json_object_set_new(call->data, "CSRFPreventionToken", json_string(csrf));
	}
	if (call->sim->clustered && sim_may(call, "/", "Sys.Audit"))
		json_object_set_new(call->data, "clustername",
				    json_string(call->sim->options.cluster_name));
	return 0;
}

static int get_ticket(struct sim_call *call)
{
	(void)call;
	return 0;
}

/* Everybody their own; others' for who may allocate users in the realm and modify this one. */
static struct sim_user *password_owner(struct sim_call *call)
{
	const char *id = sim_arg(call, "userid");
	struct sim_user *user = sim_map_get(&call->sim->users, id);

	if (user == call->user)
		return user;
	if (sim_need_realm(call, id) < 0 || !sim_user_reach(call, "User.Modify"))
		return NULL;
	if (sim_is_root(call))
		return user;
	if (!strcmp(id, "root@pam")) {
		sim_deny(call, "%s", "");
		return NULL;
	}
	return user;
}

/* Whoever is not root tells their own password with the request. */
static int confirm(struct sim_call *call)
{
	const char *password = sim_arg(call, "confirmation-password");

	if (sim_is_root(call))
		return 0;
	if (!password)
		return sim_param_error(call, "confirmation-password",
				       "password is required to modify user");
	if (!call->user->password)
		return sim_fail(call, 500, "no password set");
	if (!password_fits(call->sim, call->user, password))
		return sim_fail(call, 500, "invalid credentials");
	return 0;
}

static int put_password(struct sim_call *call)
{
	struct sim_user *user = password_owner(call);

	if (!user || confirm(call) < 0)
		return -1;
	if (user != call->user && !sim_is_root(call) && str_ends(user->id, "@pam"))
		return sim_deny(call, "%s", "");
	if (sim_realm_takes(call, user->id, "") < 0)
		return -1;
	free(user->password);
	user->password = pxc_strdup(sim_arg(call, "password"));
	return 0;
}

static const struct sim_param ticket_post[] = {
	{ .name = "username", .flags = SIM_REQUIRED, .max = 64 },
	{ .name = "password", .flags = SIM_REQUIRED },
	{ .name = "realm", .max = 32 },
	{ .name = "otp" },
	{ .name = "tfa-challenge" },
	{ .name = "new-format", .type = SIM_BOOL },
	{ .name = "path", .max = 64, .needs = "privs" },
	{ .name = "privs", .max = 64, .needs = "path" },
	{ 0 },
};
static const struct sim_param password_put[] = {
	{ .name = "userid", .flags = SIM_REQUIRED, .max = 64 },
	{ .name = "password", .flags = SIM_REQUIRED, .min = 8, .max = 64 },
	{ .name = "confirmation-password", .min = 5, .max = 64 },
	{ 0 },
};

const struct sim_route sim_ticket_routes[] = {
	{ "GET", "/access/ticket", get_ticket, NULL, NULL, "world", 0 },
	{ "POST", "/access/ticket", post_ticket, ticket_post, NULL, "world", 0 },
	{ "PUT", "/access/password", put_password, password_put, NULL, "user", SIM_TICKET_ONLY },
	{ 0 },
};
