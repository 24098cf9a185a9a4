/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * api_domains.c - /access/domains: realms (pve-access-control: API2/Domains.pm, Auth/Plugin.pm, Auth/LDAP.pm, ...).
 *
 * Servers for LDAP, AD and OpenID are configured only; nobody can log in through them here.
 */
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

#define COMMON "default comment "
#define LDAP_ALL                                                                                   \
	COMMON "server1 server2 bind_dn port secure sslversion tfa verify capath cert certkey "    \
	       "filter sync_attributes user_classes group_dn group_name_attr group_filter "        \
	       "group_classes sync-defaults-options mode case-sensitive "

/* What each type must have, and what it may have, blank-separated and ended by a blank. */
static const struct {
	const char *type, *required, *optional;
} types[] = {
	{ "ad", "domain server1 ", LDAP_ALL "base_dn " },
	{ "ldap", "server1 base_dn user_attr ", LDAP_ALL },
	{ "openid", "issuer-url client-id ",
	  COMMON "client-key autocreate username-claim prompt scopes acr-values query-userinfo "
		 "groups-claim groups-autocreate groups-overwrite audiences " },
	{ "pam", "", COMMON "tfa " },
	{ "pve", "", COMMON "tfa " },
};

json_t *sim_realms_default(void)
{
	return json_pack("{s:{s:s, s:s}, s:{s:s, s:s}}", "pam", "type", "pam", "comment",
			 "Linux PAM standard authentication", "pve", "type", "pve", "comment",
			 "Proxmox VE authentication server");
}

const char *sim_realm_type(const struct sim *sim, const char *realm)
{
	return json_string_value(json_object_get(json_object_get(sim->realms, realm), "type"));
}

int sim_realm_takes(struct sim_call *call, const char *userid, const char *context)
{
	const char *realm = strrchr(userid, '@') + 1, *type = sim_realm_type(call->sim, realm);

	if (!type)
		return sim_fail(call, 500, "%sauth domain '%s' does not exist", context, realm);
	if (!strcmp(type, "pve") || !strcmp(userid, "root@pam"))
		return 0;
	if (!strcmp(type, "pam"))
		return sim_fail(call, 500,
				"%schange password failed: usermod: user '%.*s' does not exist",
				context, (int)(realm - 1 - userid), userid);
	return sim_fail(call, 500, "%scan't set password on auth type '%s'", context, type);
}

static bool in_words(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; *at; at += strcspn(at, " ") + 1)
		if (!strncmp(at, word, len) && at[len] == ' ')
			return true;
	return false;
}

static int get_domains(struct sim_call *call)
{
	static const char *const shown[] = { "type", "comment", "default" };
	const char *id;
	json_t *realm;

	call->data = json_array();
	json_object_foreach (call->sim->realms, id, realm) {
		json_t *entry = json_pack("{s:s}", "realm", id);
		const char *tfa = json_string_value(json_object_get(realm, "tfa"));

		for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
			if (json_object_get(realm, shown[i]))
				json_object_set(entry, shown[i], json_object_get(realm, shown[i]));
		if (tfa && str_starts(tfa, "type="))
			json_object_set_new(entry, "tfa",
					    json_stringn(tfa + 5, strcspn(tfa + 5, ",")));
		json_array_append_new(call->data, entry);
	}
	return 0;
}

static json_t *find_realm(struct sim_call *call, const char *format)
{
	json_t *realm = json_object_get(call->sim->realms, sim_arg(call, "realm"));

	if (!realm)
		sim_fail(call, 500, "%s '%s' does not exist", format, sim_arg(call, "realm"));
	return realm;
}

static int get_domain(struct sim_call *call)
{
	json_t *realm = find_realm(call, "domain");
	char digest[41];

	if (!realm)
		return -1;
	sim_json_digest(call->sim->realms, digest);
	call->data = json_copy(realm);
	json_object_set_new(call->data, "digest", json_string(digest));
	return 0;
}

/* Options that the type has not, or needs and has not got. what: "add", "update". */
static int check_options(struct sim_call *call, const char *type, const char *what)
{
	static const char not_options[] = "realm type password digest delete check-connection ";
	bool add = !strcmp(what, "add");
	size_t t = 0;
	const char *key;
	json_t *value;

	while (strcmp(types[t].type, type) != 0)
		t++;
	json_object_foreach (call->params, key, value)
		if (!in_words(not_options, key) && !in_words(types[t].required, key) &&
		    !in_words(types[t].optional, key))
			return sim_fail(call, 500,
					"%s auth server failed: unexpected property '%s'", what,
					key);
	for (const char *at = types[t].required; add && *at; at += strcspn(at, " ") + 1) {
		auto_free char *name = pxc_strndup(at, strcspn(at, " "));

		if (!sim_has(call, name))
			return sim_fail(
				call, 500,
				"%s auth server failed: missing value for required option '%s'",
				what, name);
	}
	return 0;
}

/* Take the options over; only one realm is the default. Passwords go into a file that nobody can read here. */
static void apply(struct sim_call *call, json_t *realm)
{
	static const char not_kept[] = "realm type password digest delete check-connection ";
	const char *key, *id;
	json_t *value, *other;

	if (sim_arg_int(call, "default", 0))
		json_object_foreach (call->sim->realms, id, other)
			json_object_del(other, "default");
	json_object_foreach (call->params, key, value)
		if (!in_words(not_kept, key))
			json_object_set(realm, key, value);
}

static int post_domain(struct sim_call *call)
{
	const char *id = sim_arg(call, "realm"), *type = sim_arg(call, "type");
	json_t *realm;

	if (json_object_get(call->sim->realms, id))
		return sim_fail(call, 500, "add auth server failed: domain '%s' already exists",
				id);
	if (!strcmp(type, "pam") || !strcmp(type, "pve"))
		return sim_fail(call, 500,
				"add auth server failed: unable to create builtin type '%s'", type);
	if (sim_has(call, "check-connection") && !strcmp(type, "openid"))
		return sim_fail(call, 500,
				"add auth server failed: 'check-connection' parameter can only be "
				"set for realms of type 'ldap' or 'ad'");
	if (check_options(call, type, "add") < 0)
		return -1;
	realm = json_pack("{s:s}", "type", type);
	apply(call, realm);
	json_object_set_new(call->sim->realms, id, realm);
	return 0;
}

static int put_domain(struct sim_call *call)
{
	json_t *realm;
	char digest[41];

	sim_json_digest(call->sim->realms, digest);
	if (sim_check_digest(call, digest) < 0)
		return -1;
	realm = find_realm(call, "update auth server failed: domain");
	if (!realm)
		return -1;
	if (json_object_size(call->params) - sim_has(call, "digest") < 2)
		return sim_fail(call, 500, "update auth server failed: no options specified");
	if (check_options(call, json_string_value(json_object_get(realm, "type")), "update") < 0)
		return -1;
	sim_forget_keys(realm, sim_arg(call, "delete"));
	apply(call, realm);
	return 0;
}

/* The two built-in ones come back, since PVE adds them whenever it reads its file. */
static int delete_domain(struct sim_call *call)
{
	json_auto_t *defaults = sim_realms_default();

	if (!find_realm(call, "delete auth server failed: authentication domain"))
		return -1;
	json_object_del(call->sim->realms, sim_arg(call, "realm"));
	json_object_update_missing(call->sim->realms, defaults);
	return 0;
}

static bool format_realm(const char *name, const char *value, struct pxc_buf *why)
{
	(void)name;
	if (strlen(value) > 1 &&
	    strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			  "0123456789._-") == strlen(value) &&
	    !strchr("0123456789._-", value[0]))
		return true;
	buf_adds(why, "value does not look like a valid realm\n");
	return false;
}

#define REALM                                                                                      \
	{                                                                                          \
		.name = "realm", .flags = SIM_REQUIRED, .max = 32, .format = format_realm          \
	}
#define FLAG(n)                                                                                    \
	{                                                                                          \
		.name = n, .type = SIM_BOOL                                                        \
	}
#define TEXT(n, m)                                                                                 \
	{                                                                                          \
		.name = n, .max = m                                                                \
	}

static const struct sim_param realm_get[] = { REALM, { 0 } };
static const struct sim_param realm_post[] = {
	REALM,
	{ .name = "type", .flags = SIM_REQUIRED, .choices = "ad, ldap, openid, pam, pve" },
	{ 0 },
};
static const struct sim_param realm_put[] = {
	REALM,
	{ .name = "digest", .max = 64 },
	{ .name = "delete", .flags = SIM_LIST, .max = 4096 },
	{ 0 },
};
static const struct sim_param options[] = {
	TEXT("acr-values", 0),
	TEXT("audiences", 0),
	FLAG("autocreate"),
	TEXT("base_dn", 256),
	TEXT("bind_dn", 256),
	TEXT("capath", 0),
	FLAG("case-sensitive"),
	TEXT("cert", 0),
	TEXT("certkey", 0),
	FLAG("check-connection"),
	TEXT("client-id", 256),
	TEXT("client-key", 256),
	TEXT("comment", 4096),
	FLAG("default"),
	TEXT("domain", 256),
	TEXT("filter", 2048),
	TEXT("group_classes", 0),
	TEXT("group_dn", 256),
	TEXT("group_filter", 2048),
	TEXT("group_name_attr", 256),
	FLAG("groups-autocreate"),
	TEXT("groups-claim", 256),
	FLAG("groups-overwrite"),
	TEXT("issuer-url", 256),
	{ .name = "mode", .choices = "ldap, ldaps, ldap+starttls" },
	TEXT("password", 0),
	{ .name = "port", .type = SIM_INT, .min = 1, .max = 65535 },
	TEXT("prompt", 0),
	FLAG("query-userinfo"),
	TEXT("scopes", 0),
	FLAG("secure"),
	TEXT("server1", 256),
	TEXT("server2", 256),
	{ .name = "sslversion", .choices = "tlsv1, tlsv1_1, tlsv1_2, tlsv1_3" },
	TEXT("sync-defaults-options", 0),
	TEXT("sync_attributes", 0),
	TEXT("tfa", 128),
	TEXT("user_attr", 256),
	TEXT("user_classes", 0),
	TEXT("username-claim", 0),
	FLAG("verify"),
	{ 0 },
};

#define ALLOCATE "/access/realm Realm.Allocate"

const struct sim_route sim_domain_routes[] = {
	{ "GET", "/access/domains", get_domains, NULL, NULL, "world", 0 },
	{ "POST", "/access/domains", post_domain, realm_post, options, ALLOCATE, 0 },
	{ "GET", "/access/domains/{realm}", get_domain, realm_get, NULL,
	  "/access/realm Realm.Allocate|Sys.Audit", 0 },
	{ "PUT", "/access/domains/{realm}", put_domain, realm_put, options, ALLOCATE, 0 },
	{ "DELETE", "/access/domains/{realm}", delete_domain, realm_get, NULL, ALLOCATE, 0 },
	{ 0 },
};
