/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_write.c - changing the configuration of SDN: who may write now, which options go together, what is kept. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"
#include "sim/sdn.h"

static const char *verb(const struct sim_call *call)
{
	if (!strcmp(call->method, "POST"))
		return "create";
	return strcmp(call->method, "PUT") ? "delete" : "update";
}

int sdn_die(struct sim_call *call, enum sdn_kind kind, const char *fmt, ...)
{
	/* PVE's own slip */
	bool slip = kind == SDN_IPAM && !strcmp(call->method, "DELETE");
	auto_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	return sim_fail(call, 500, "%s sdn %s object failed: %s", verb(call),
			slip ? "zone" : sdn_key(kind), text);
}

int sdn_raise(struct sim_call *call, enum sdn_kind kind, const char *param, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		pxc_oom();
	va_end(args);
	return sdn_die(call, kind, "400 Parameter verification failed.\n%s: %s", param, text);
}

int sdn_guard(struct sim_call *call, const char *what)
{
	const char *token = sim_arg(call, "lock-token"), *held = call->sim->sdn->token;

	if (!call->sim->quorate)
		return sim_fail(call, 500, "%s: cfs-lock '%s' error: no quorum!", what,
				sdn_old(call->sim) ? "file-sdn__running-config" : "domain-sdn");
	if (!*held || str_eq(token, held))
		return 0;
	return sim_fail(
		call, 500,
		"%s: invalid lock token provided! at /usr/share/perl5/PVE/Network/SDN.pm line 291.",
		what);
}

int sdn_open(struct sim_call *call, enum sdn_kind kind)
{
	char what[80], digest[41];

	if (!strcmp(call->method, "POST") && sim_need_quorum(call) < 0)
		return -1;
	(void)snprintf(what, sizeof(what), "%s sdn %s object failed", verb(call), sdn_key(kind));
	if (sdn_guard(call, what) < 0)
		return -1;
	sdn_digest(call->sim, kind, digest);
	if (!sim_has(call, "digest") || str_eq(sim_arg(call, "digest"), digest))
		return 0;
	return sdn_die(call, kind,
		       "detected modified configuration - file changed by other user? Try again.");
}

const struct sdn_type *sdn_type_find(const struct sdn_type *types, const char *name)
{
	for (; types->name; types++)
		if (str_eq(types->name, name))
			return types;
	return NULL;
}

/* What a call takes beside the options of a section. */
static bool is_option(enum sdn_kind kind, const char *key)
{
	return strcmp(key, sdn_key(kind)) != 0 && !qm_listed("type lock-token delete digest", key);
}

static bool knows(const struct sdn_type *type, const char *key)
{
	return qm_listed(type->required, key) || qm_listed(type->optional, key);
}

char *sdn_refuse(const struct sim_call *call, enum sdn_kind kind, const struct sdn_type *type,
		 bool create)
{
	const char *key;
	json_t *value;

	json_object_foreach (call->params, key, value)
		if (is_option(kind, key) && !knows(type, key))
			return pxc_printf("unexpected property '%s'", key);
	for (const char *at = create ? type->required : ""; *at;) {
		size_t len = strcspn(at, " ");
		auto_free char *want = pxc_strndup(at, len);

		if (!sim_has(call, want))
			return pxc_printf("missing value for required option '%s'", want);
		at += len;
		at += *at == ' ';
	}
	return NULL;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Lists of nodes are sets: sorted, nothing twice. */
static json_t *normal_set(const char *list)
{
	json_auto_t *words = qm_split(list);
	size_t count = json_array_size(words);
	auto_free const char **sorted = pxc_calloc(count + 1, sizeof(*sorted));
	auto_buf struct pxc_buf text = { 0 };

	for (size_t i = 0; i < count; i++)
		sorted[i] = json_string_value(json_array_get(words, i));
	qsort(sorted, count, sizeof(*sorted), compare_words);
	for (size_t i = 0; i < count; i++)
		if (!i || strcmp(sorted[i], sorted[i - 1]) != 0)
			buf_printf(&text, "%s%s", text.len ? "," : "", sorted[i]);
	return json_string(buf_str(&text));
}

/* As it is read again from a line of the file: without blanks around it, and not at all when it is empty. */
static void set_text(json_t *section, const char *key, const char *text)
{
	size_t len;

	text += strspn(text, " \t");
	for (len = strlen(text); len && strchr(" \t", text[len - 1]); len--)
		;
	if (!len)
		json_object_del(section, key);
	else if (!strcmp(key, "nodes") || !strcmp(key, "exitnodes"))
		json_object_set_new(section, key, normal_set(text));
	else
		json_object_set_new(section, key, json_stringn(text, len));
}

static void set_option(json_t *section, const char *key, json_t *value)
{
	if (json_is_string(value))
		set_text(section, key, json_string_value(value));
	else if (json_is_array(value))
		json_object_set_new(section, key, json_deep_copy(value));
	else
		json_object_set(section, key, value);
}

static int delete_options(struct sim_call *call, enum sdn_kind kind, const struct sdn_type *type,
			  json_t *section)
{
	const char *list = sim_arg(call, "delete");
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *key = item;

		if (!knows(type, key))
			return sdn_die(call, kind, "no such option '%s'", key);
		if (qm_listed(type->required, key))
			return sdn_die(call, kind, "unable to delete required option '%s'", key);
		if (sim_has(call, key))
			return sdn_die(call, kind,
				       "cannot set and delete property '%s' at the same time!",
				       key);
		json_object_del(section, key);
	}
	return 0;
}

static json_t *edit(struct sim_call *call, enum sdn_kind kind, const struct sdn_type *type,
		    const json_t *old)
{
	json_auto_t *section = old ? json_copy((json_t *)(uintptr_t)old) : json_object();
	const char *key;
	json_t *value;

	json_object_set_new(section, "type", json_string(type->name));
	if (delete_options(call, kind, type, section) < 0)
		return NULL;
	json_object_foreach (call->params, key, value)
		if (is_option(kind, key))
			set_option(section, key, value);
	return pxc_take(&section);
}

/* Sections of vnets and subnets are checked under the lock, the others before it. */
static bool checked_late(const struct sim_call *call, enum sdn_kind kind)
{
	return kind == SDN_VNET || kind == SDN_SUBNET || !strcmp(call->method, "PUT");
}

static int check(struct sim_call *call, enum sdn_kind kind, const struct sdn_type *type)
{
	bool create = !strcmp(call->method, "POST");
	auto_free char *why = sdn_refuse(call, kind, type, create);

	if (!why)
		return 0;
	return checked_late(call, kind) ? sdn_die(call, kind, "%s", why)
					: sim_fail(call, 500, "%s", why);
}

static int keep(struct sim_call *call, enum sdn_kind kind, const struct sdn_type *type,
		const char *id, const json_t *old, sdn_rule *rule)
{
	json_auto_t *section = edit(call, kind, type, old);

	const char *alias = sdn_str(section, "alias");

	if (!section || rule(call, id, section, old) < 0)
		return -1;
	if (alias && strpbrk(alias, "\r\n"))
		return sdn_die(call, kind, "property 'alias' contains a line feed");
	sdn_keep(call->sim, kind, id, pxc_take(&section));
	return 0;
}

int sdn_create(struct sim_call *call, enum sdn_kind kind, const struct sdn_type *types,
	       const char *id, sdn_rule *rule)
{
	const struct sdn_type *type =
		types[1].name ? sdn_type_find(types, sim_arg(call, "type")) : types;
	bool late = checked_late(call, kind);

	if (!late && check(call, kind, type) < 0)
		return -1;
	if (sdn_open(call, kind) < 0 || (late && check(call, kind, type) < 0))
		return -1;
	if (sdn_find(call->sim, kind, id))
		return sdn_die(call, kind, "sdn %s object ID '%s' already defined", sdn_key(kind),
			       id);
	return keep(call, kind, type, id, NULL, rule);
}

int sdn_update(struct sim_call *call, enum sdn_kind kind, const struct sdn_type *types,
	       const char *id, sdn_rule *rule)
{
	const json_t *old = sdn_find(call->sim, kind, id);
	const struct sdn_type *type;

	if (sdn_open(call, kind) < 0)
		return -1;
	if (!old)
		return sdn_gone(call, kind, id);
	type = sdn_type_find(types, json_string_value(json_object_get(old, "type")));
	if (check(call, kind, type) < 0)
		return -1;
	return keep(call, kind, type, id, old, rule);
}

int sdn_gone(struct sim_call *call, enum sdn_kind kind, const char *id)
{
	bool named = kind == SDN_VNET || kind == SDN_SUBNET;

	return sdn_die(call, kind, "sdn %s%s'%s' does not exist", named ? sdn_key(kind) : "",
		       named ? " " : "", id);
}

int sdn_delete(struct sim_call *call, enum sdn_kind kind, const char *id, sdn_rule *rule)
{
	const json_t *old = sdn_find(call->sim, kind, id);

	if (sdn_open(call, kind) < 0)
		return -1;
	if (!old)
		return sdn_gone(call, kind, id);
	if (rule && rule(call, id, NULL, old) < 0)
		return -1;
	sdn_drop(call->sim, kind, id);
	return 0;
}

const struct sim_param sdn_update_params[] = {
	{ .name = "delete", .flags = SIM_LIST, .max = 4096 },
	{ .name = "digest", .max = 64 },
	{ .name = "lock-token", .flags = SIM_NEW },
	{ 0 },
};
const struct sim_param sdn_token_params[] = {
	{ .name = "lock-token", .flags = SIM_NEW },
	{ 0 },
};
