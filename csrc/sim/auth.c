/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth.c - API tokens, tickets and the CSRF token. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "sim/request.h"

#define TICKET_LIFE_S 7200

bool sim_user_active(const struct sim *sim, const struct sim_user *user)
{
	return user->enable && (!user->expire_s || user->expire_s > sim->now_ms / 1000);
}

/* A keyed digest of what the ticket says; the key is the cluster's seed. */
static void seal(const struct sim *sim, const char *kind, const char *text, char hex[65])
{
	auto_free char *all =
		pxc_printf("%s:%llu:%s", kind, (unsigned long long)sim->options.seed, text);

	sha256_hex(all, strlen(all), hex);
}

static char *sealed(const struct sim *sim, const char *kind, const char *user, const char *stamp)
{
	auto_free char *text = pxc_printf("%s:%s", user, stamp);
	char hex[65];

	seal(sim, kind, text, hex);
	if (!strcmp(kind, "csrf"))
		return pxc_printf("%s:%.43s", stamp, hex);
	return pxc_printf("PVE:%s::%s==", text, hex);
}

char *sim_ticket(const struct sim *sim, const char *user)
{
	char stamp[24];

	snprintf(stamp, sizeof(stamp), "%08llX", (unsigned long long)(sim->now_ms / 1000));
	return sealed(sim, "ticket", user, stamp);
}

char *sim_csrf_token(const struct sim *sim, const char *user)
{
	char stamp[24];

	snprintf(stamp, sizeof(stamp), "%08llX", (unsigned long long)(sim->now_ms / 1000));
	return sealed(sim, "csrf", user, stamp);
}

static bool fresh(const struct sim *sim, const char *stamp)
{
	int64_t age = sim->now_ms / 1000 - (int64_t)strtoull(stamp, NULL, 16);

	return age >= -300 && age <= TICKET_LIFE_S;
}

struct sim_user *sim_ticket_user(const struct sim *sim, const char *ticket)
{
	const char *last = strstr(ticket, "::");
	const char *colon = last;
	auto_free char *user = NULL, *stamp = NULL, *good = NULL;
	struct sim_user *found;

	if (!str_starts(ticket, "PVE:") || !last)
		return NULL;
	while (colon > ticket + 4 && colon[-1] != ':')
		colon--;
	if (colon <= ticket + 5)
		return NULL;
	user = pxc_strndup(ticket + 4, (size_t)(colon - 1 - (ticket + 4)));
	stamp = pxc_strndup(colon, (size_t)(last - colon));
	good = sealed(sim, "ticket", user, stamp);
	found = sim_map_get(&sim->users, user);
	if (strcmp(good, ticket) || !fresh(sim, stamp) || !found || !sim_user_active(sim, found))
		return NULL;
	return found;
}

static bool csrf_good(const struct sim *sim, const char *user, const char *token)
{
	auto_free char *stamp = token ? pxc_strndup(token, strcspn(token, ":")) : NULL;
	auto_free char *good = stamp ? sealed(sim, "csrf", user, stamp) : NULL;

	return good && !strcmp(good, token) && fresh(sim, stamp);
}

/* "root@pam!test=3f2a..." */
static int login_token(struct sim_call *call, const char *credentials)
{
	const char *equals = strchr(credentials, '=');
	const char *bang = strchr(credentials, '!');
	auto_free char *user_id = NULL, *token_id = NULL;
	struct sim_user *user;
	struct sim_token *token;

	if (!equals || !bang || bang > equals)
		return -1;
	user_id = pxc_strndup(credentials, (size_t)(bang - credentials));
	token_id = pxc_strndup(bang + 1, (size_t)(equals - bang - 1));
	user = sim_map_get(&call->sim->users, user_id);
	token = user ? sim_map_get(&user->tokens, token_id) : NULL;
	if (!token || strcmp(token->secret, equals + 1) || !sim_user_active(call->sim, user) ||
	    (token->expire_s && token->expire_s <= call->sim->now_ms / 1000))
		return -1;
	call->user = user;
	call->token = token;
	call->authid = token->full;
	return 0;
}

/* The PVEAuthCookie of a Cookie header, decoded; NULL = none. Caller frees. */
static char *cookie_ticket(const char *const *headers)
{
	const char *cookies = sim_header(headers, "Cookie");
	const char *at = cookies ? strstr(cookies, "PVEAuthCookie=") : NULL;

	if (!at)
		return NULL;
	at += strlen("PVEAuthCookie=");
	return sim_url_decode(at, strcspn(at, ";"), false);
}

int sim_login(struct sim_call *call, const char *const *headers, const char **ret_why)
{
	const char *authorization = sim_header(headers, "Authorization");
	auto_free char *ticket = cookie_ticket(headers);

	*ret_why = "Authentication failed!";
	if (ticket) {
		call->user = sim_ticket_user(call->sim, ticket);
		if (!call->user)
			return -1;
		call->authid = call->user->id;
		*ret_why = "Permission denied - invalid csrf token";
		if (strcmp(call->method, "GET") &&
		    !csrf_good(call->sim, call->authid, sim_header(headers, "CSRFPreventionToken")))
			return -1;
		return 0;
	}
	if (authorization && str_starts(authorization, "PVEAPIToken="))
		return login_token(call, authorization + strlen("PVEAPIToken="));
	*ret_why = "No ticket";
	return -1;
}
