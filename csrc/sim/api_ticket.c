/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_ticket.c - /access/ticket and /access/password. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/request.h"

/* What the web interface is told about the user's rights: per kind of path the privileges held somewhere there. */
static json_t *capabilities(const struct sim *sim, const struct sim_user *user)
{
	static const struct {
		const char *name, *path, *prefixes;
	} kinds[] = {
		{ "vms", "/vms", "VM." },
		{ "storage", "/storage", "Datastore." },
		{ "access", "/access", "User. Group. Permissions." },
		{ "nodes", "/nodes", "Sys. Permissions." },
		{ "sdn", "/sdn", "SDN. Permissions." },
		{ "mapping", "/mapping", "Mapping. Permissions." },
		{ "dc", "/", "Sys.Audit Sys.Modify SDN." },
	};
	json_t *all = json_object();

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		uint64_t propagated;
		uint64_t privs = sim_privs_on(sim, user, NULL, kinds[k].path, &propagated);
		json_t *held = json_object();

		for (size_t i = 0; sim_priv_names[i]; i++) {
			size_t dot = strcspn(sim_priv_names[i], ".") + 1;
			auto_free char *stem = pxc_strndup(sim_priv_names[i], dot);
			bool dc = !strcmp(kinds[k].name, "dc") && !str_starts(stem, "SDN.");

			if (privs >> i & 1 &&
			    strstr(kinds[k].prefixes, dc ? sim_priv_names[i] : stem))
				json_object_set_new(held, sim_priv_names[i], json_integer(1));
		}
		json_object_set_new(all, kinds[k].name, held);
	}
	return all;
}

static int refuse(struct sim_call *call)
{
	call->delay_ms += 3000;
	return sim_fail(call, 401, "authentication failure");
}

static int post_ticket(struct sim_call *call)
{
	const char *name = sim_arg(call, "username"), *realm = sim_arg(call, "realm");
	const char *password = sim_arg(call, "password");
	auto_free char *id =
		realm && !strchr(name, '@') ? pxc_printf("%s@%s", name, realm) : pxc_strdup(name);
	struct sim_user *user = sim_map_get(&call->sim->users, id);
	auto_free char *ticket = NULL, *csrf = NULL;

	if (!user || !sim_user_active(call->sim, user))
		return refuse(call);
	if (sim_ticket_user(call->sim, password) != user &&
	    (!user->password || strcmp(user->password, password)))
		return refuse(call);
	ticket = sim_ticket(call->sim, id);
	csrf = sim_csrf_token(call->sim, id);
	call->data = json_pack("{s:s, s:s, s:s, s:o}", "username", id, "ticket", ticket,
			       "CSRFPreventionToken", csrf, "cap", capabilities(call->sim, user));
	call->user = user;
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

static int put_password(struct sim_call *call)
{
	const char *id = sim_arg(call, "userid");
	const char *confirmation = sim_arg(call, "confirmation-password");
	struct sim_user *user = sim_map_get(&call->sim->users, id);

	if (user != call->user && sim_need(call, "User.Modify", "/access/groups") < 0)
		return -1;
	if (!user)
		return sim_fail(call, 500, "no such user ('%s')", id);
	if (!sim_is_root(call) && confirmation &&
	    (!call->user->password || strcmp(call->user->password, confirmation)))
		return refuse(call);
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
