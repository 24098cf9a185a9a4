/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_parts.h"

const char *const access_subject_names[] = { "user", "group", "token", NULL };

/* PVE sends booleans as 0 and 1, once in a while as texts, and leaves defaults out. */
static int64_t number(const json_t *entry, const char *key, int64_t absent)
{
	const json_t *v = json_object_get(entry, key);

	if (json_is_integer(v))
		return json_integer_value(v);
	if (json_is_string(v) && *json_string_value(v))
		return strtoll(json_string_value(v), NULL, 10);
	return json_is_boolean(v) ? json_is_true(v) : absent;
}

static json_t *text(const json_t *entry, const char *key)
{
	const char *v = json_string_value(json_object_get(entry, key));

	return json_string(v ? v : "");
}

json_t *access_set(const char *list)
{
	json_t *set = json_object();

	for (const char *p = list ? list : ""; *p;) {
		size_t n = strcspn(p, ", ;");

		if (n)
			(void)json_object_setn_new(set, p, n, json_true());
		p += n + (p[n] != '\0');
	}
	return set;
}

char *access_beyond(const json_t *a, const json_t *b, const char *between)
{
	struct pxc_buf out = { .data = NULL };
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)a, key, v)
		if (!json_object_get(b, key))
			buf_printf(&out, "%s%s", out.len ? between : "", key);
	return buf_take(&out);
}

static json_t *token_model(const json_t *t)
{
	return json_pack("{s:o,s:b,s:I}", "comment", text(t, "comment"), "privsep",
			 number(t, "privsep", 1) != 0, "expire",
			 (json_int_t)number(t, "expire", 0));
}

static json_t *user_model(const json_t *u)
{
	json_t *tokens = json_object(), *t;
	size_t i;

	json_array_foreach (json_object_get(u, "tokens"), i, t)
		(void)json_object_set_new(tokens, json_string_value(json_object_get(t, "tokenid")),
					  token_model(t));
	return json_pack("{s:o,s:o,s:b,s:I,s:o,s:o}", "comment", text(u, "comment"), "email",
			 text(u, "email"), "enable", number(u, "enable", 1) != 0, "expire",
			 (json_int_t)number(u, "expire", 0), "groups",
			 access_set(json_string_value(json_object_get(u, "groups"))), "tokens",
			 tokens);
}

/* The object under this key, made when it is not there. Borrowed. */
static json_t *below(json_t *map, const char *key)
{
	json_t *v = json_object_get(map, key);

	if (v)
		return v;
	v = json_object();
	(void)json_object_set_new(map, key, v);
	return v;
}

static void add_acl(struct access_model *m, const json_t *entry)
{
	const char *type = json_string_value(json_object_get(entry, "type"));
	const char *who = json_string_value(json_object_get(entry, "ugid"));
	const char *path = json_string_value(json_object_get(entry, "path"));
	const char *role = json_string_value(json_object_get(entry, "roleid"));
	auto_free char *subject = NULL;

	if (!type || !who || !path || !role)
		return;
	subject = pxc_printf("%s %s", type, who);
	(void)json_object_set_new(below(below(m->acls, path), subject), role,
				  json_boolean(number(entry, "propagate", 1) != 0));
}

void access_model_read(const struct access_state *s, struct access_model *ret)
{
	size_t i;
	json_t *e;

	*ret = (struct access_model){ json_object(), json_object(), json_object(), json_object() };
	json_array_foreach (s->roles, i, e)
		(void)json_object_set_new(
			ret->roles, json_string_value(json_object_get(e, "roleid")),
			json_pack("{s:o,s:b}", "privs",
				  access_set(json_string_value(json_object_get(e, "privs"))),
				  "special", number(e, "special", 0) != 0));
	json_array_foreach (s->groups, i, e)
		(void)json_object_set_new(ret->groups,
					  json_string_value(json_object_get(e, "groupid")),
					  json_pack("{s:o}", "comment", text(e, "comment")));
	json_array_foreach (s->users, i, e)
		(void)json_object_set_new(
			ret->users, json_string_value(json_object_get(e, "userid")), user_model(e));
	json_array_foreach (s->acls, i, e)
		add_acl(ret, e);
}

void access_model_copy(const struct access_model *from, struct access_model *ret)
{
	*ret = (struct access_model){ json_deep_copy(from->roles), json_deep_copy(from->groups),
				      json_deep_copy(from->users), json_deep_copy(from->acls) };
}

void access_model_release(struct access_model *m)
{
	json_decref(m->roles);
	json_decref(m->groups);
	json_decref(m->users);
	json_decref(m->acls);
	*m = (struct access_model){ .roles = NULL };
}

json_t *access_token_get(const struct access_model *m, const char *userid, const char *name)
{
	return json_object_get(json_object_get(json_object_get(m->users, userid), "tokens"), name);
}

json_t *access_token_full(const struct access_model *m, const char *full)
{
	const char *bang = strchr(full, '!');
	auto_free char *userid = bang ? pxc_strndup(full, (size_t)(bang - full)) : NULL;

	return bang ? access_token_get(m, userid, bang + 1) : NULL;
}

bool access_subject_exists(const struct access_model *m, const char *subject)
{
	if (str_starts(subject, "user "))
		return json_object_get(m->users, subject + strlen("user "));
	if (str_starts(subject, "group "))
		return json_object_get(m->groups, subject + strlen("group "));
	return access_token_full(m, subject + strlen("token "));
}

void access_forget(struct access_model *m, enum access_subject type, const char *who)
{
	auto_free char *subject = pxc_printf("%s %s", access_subject_names[type], who);
	auto_free char *tokens = pxc_printf("token %s!", who);
	const char *path, *key;
	json_t *node, *roles;
	void *next;

	json_object_foreach (m->acls, path, node)
		json_object_foreach_safe (node, next, key, roles)
			if (str_eq(key, subject) ||
			    (type == ACCESS_USER && str_starts(key, tokens)))
				(void)json_object_del(node, key);
}
