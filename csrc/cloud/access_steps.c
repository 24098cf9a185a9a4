/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the difference of two models to requests. What is made comes in the order in which it is needed, what goes the other way round. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_parts.h"

struct diff {
	const struct access_state *s;
	struct access_model from; /* owned; a copy */
	const struct access_model *to;
	struct pxc_plan *plan;
};

static json_t *text_of(const json_t *entry, const char *key)
{
	return json_object_get(entry, key);
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	return json_equal(json_object_get(a, key), json_object_get(b, key));
}

static void set_text_new(json_t *args, const char *key, char *value_new)
{
	if (*value_new)
		(void)json_object_set_new(args, key, json_string(value_new));
	free(value_new);
}

/* Flags and times that differ from "from" (NULL: from PVE's defaults), as parameters. */
static void put_values(json_t *args, const json_t *from, const json_t *to)
{
	static const char *const flags[] = { "enable", "privsep" };
	static const char *const texts[] = { "comment", "email" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const json_t *v = text_of(to, texts[i]);

		if (v && (from ? !json_equal(v, text_of(from, texts[i])) : *json_string_value(v)))
			(void)json_object_set_new(args, texts[i],
						  json_copy((json_t *)(uintptr_t)v));
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const json_t *v = json_object_get(to, flags[i]);

		if (v && (from ? !same(from, to, flags[i]) : json_is_false(v)))
			(void)json_object_set_new(args, flags[i], json_integer(json_is_true(v)));
	}
	if (json_object_get(to, "expire") &&
	    (from ? !same(from, to, "expire") : json_integer_value(json_object_get(to, "expire"))))
		(void)json_object_set(args, "expire", json_object_get(to, "expire"));
}

/*
 * Names that a set has got: only those, with "append", so that what somebody adds meanwhile stays; or all of them when others
 * have to go. Returns what is said of it; NULL: nothing changes. New string.
 */
static char *put_names(json_t *args, const char *key, const json_t *from, const json_t *to)
{
	auto_free char *more = access_beyond(to, from, ","), *less = access_beyond(from, to, ", ");
	auto_free char *all = access_beyond(to, NULL, ",");

	if (!*more && !*less)
		return NULL;
	(void)json_object_set_new(args, key, json_string(*less ? all : more));
	if (!*less)
		(void)json_object_set_new(args, "append", json_integer(1));
	return pxc_printf("%s%s%s%s%s", *more ? "add " : "", more, *more && *less ? ", " : "",
			  *less ? "take away " : "", less);
}

/* What differs, for people: the parameters that are sent. */
static char *named(const json_t *args)
{
	static const char *const keys[] = { "comment", "email", "enable", "expire", "privsep" };
	struct json_t *words = json_object();
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_object_get(args, keys[i]))
			(void)json_object_set_new(words, keys[i], json_true());
	if (json_object_get(args, "delete"))
		(void)json_object_set_new(words, "comment", json_true());
	text = access_beyond(words, NULL, ", ");
	json_decref(words);
	return text;
}

static void roles(struct diff *d)
{
	const char *id;
	json_t *to;

	json_object_foreach (d->to->roles, id, to) {
		const json_t *from = json_object_get(d->from.roles, id);
		json_t *privs = json_object_get(to, "privs");
		json_auto_t *args = json_pack("{s:s}", "roleid", id);
		auto_free char *what = NULL;

		if (!from) {
			auto_free char *list = access_beyond(privs, NULL, ", ");

			set_text_new(args, "privs", access_beyond(privs, NULL, ","));
			pxc_plan_add(d->plan, ACCESS_ROLE_NEW, PXC_QUIET, pxc_take(&args),
				     "make role %s%s%s", id, *list ? ": " : "", list);
			continue;
		}
		what = put_names(args, "privs", json_object_get(from, "privs"), privs);
		if (what)
			pxc_plan_add(d->plan, ACCESS_ROLE_SET,
				     json_object_get(args, "append") ? PXC_QUIET : PXC_DISRUPTS,
				     json_incref(args), "role %s: %s", id, what);
	}
}

static void groups(struct diff *d)
{
	const char *id;
	json_t *to;

	json_object_foreach (d->to->groups, id, to) {
		const json_t *from = json_object_get(d->from.groups, id);
		json_t *args;

		if (from && same(from, to, "comment"))
			continue;
		args = json_pack("{s:s}", "groupid", id);
		put_values(args, from, to);
		pxc_plan_add(d->plan, from ? ACCESS_GROUP_SET : ACCESS_GROUP_NEW, PXC_QUIET, args,
			     from ? "group %s: comment" : "make group %s", id);
	}
}

static void users(struct diff *d)
{
	const char *id;
	json_t *to;

	json_object_foreach (d->to->users, id, to) {
		const json_t *from = json_object_get(d->from.users, id);
		json_t *its = json_object_get(to, "groups");
		json_auto_t *args = json_pack("{s:s}", "userid", id);
		auto_free char *what = NULL, *words = NULL;

		put_values(args, from, to);
		if (!from) {
			set_text_new(args, "groups", access_beyond(its, NULL, ","));
			pxc_plan_add(d->plan, ACCESS_USER_NEW, PXC_QUIET, pxc_take(&args),
				     "make user %s", id);
			continue;
		}
		words = named(args);
		what = put_names(args, "groups", json_object_get(from, "groups"), its);
		if (json_object_size(args) == 1)
			continue;
		pxc_plan_add(d->plan, ACCESS_USER_SET,
			     what && !json_object_get(args, "append") ? PXC_DISRUPTS : PXC_QUIET,
			     json_incref(args), "user %s: %s%s%s%s", id, words,
			     *words && what ? ", " : "", what ? "groups: " : "", what ? what : "");
	}
}

static json_t *token_args(const char *userid, const char *name, const json_t *to)
{
	json_t *args = json_pack("{s:s,s:s,s:o}", "userid", userid, "tokenid", name, "_token",
				 json_sprintf("%s!%s", userid, name));

	if (json_object_get(to, ACCESS_SAVE))
		(void)json_object_set(args, "_file", json_object_get(to, ACCESS_SAVE));
	return args;
}

/* The file is made ready before the secret is asked for: a run that is cut off leaves it, and the next one knows. */
static void begin_file(struct diff *d, const char *full, const json_t *to)
{
	const char *file = json_string_value(json_object_get(to, ACCESS_SAVE));

	if (file)
		pxc_plan_add(d->plan, ACCESS_FILE_BEGIN, PXC_QUIET,
			     json_pack("{s:s,s:s}", "_token", full, "_file", file),
			     "prepare %s for the secret of %s", file, full);
}

static void token_new(struct diff *d, const char *userid, const char *name, const json_t *to)
{
	json_t *args = token_args(userid, name, to);

	put_values(args, NULL, to);
	pxc_plan_add(d->plan, ACCESS_TOKEN_NEW, PXC_QUIET, args, "make token %s!%s", userid, name);
}

static void token_remove(struct diff *d, const char *userid, const char *name)
{
	pxc_plan_add(d->plan, ACCESS_TOKEN_GONE, PXC_DESTROYS,
		     json_pack("{s:s,s:s}", "userid", userid, "tokenid", name),
		     "remove token %s!%s", userid, name);
}

/* A server that cannot make another secret for a token makes another token; what it was granted is granted once more. */
static void token_anew(struct diff *d, const char *userid, const char *name, const json_t *to)
{
	auto_free char *full = pxc_printf("%s!%s", userid, name);

	token_remove(d, userid, name);
	token_new(d, userid, name, to);
	access_forget(&d->from, ACCESS_TOKEN, full);
}

static void token_set(struct diff *d, const char *userid, const char *name, const json_t *from,
		      const json_t *to)
{
	bool again = json_is_true(json_object_get(to, ACCESS_AGAIN));
	json_t *args = token_args(userid, name, to);
	auto_free char *words = NULL;

	put_values(args, from, to);
	if (str_eq(json_string_value(json_object_get(args, "comment")), "")) {
		(void)json_object_del(args, "comment");
		(void)json_object_set_new(args, "delete", json_string("comment"));
	}
	words = named(args);
	if (again)
		(void)json_object_set_new(args, "regenerate", json_integer(1));
	if (!again && !*words)
		json_decref(args);
	else
		pxc_plan_add(d->plan, again ? ACCESS_TOKEN_AGAIN : ACCESS_TOKEN_SET,
			     again ? PXC_DESTROYS : PXC_QUIET, args, "token %s!%s: %s%s%s", userid,
			     name, again ? "a new secret" : "", again && *words ? ", " : "", words);
}

static void tokens(struct diff *d)
{
	const char *userid, *name;
	json_t *user, *to;

	json_object_foreach (d->to->users, userid, user)
		json_object_foreach (json_object_get(user, "tokens"), name, to) {
			const json_t *from = access_token_get(&d->from, userid, name);
			bool again = json_is_true(json_object_get(to, ACCESS_AGAIN));
			auto_free char *full = pxc_printf("%s!%s", userid, name);

			if (!from || again)
				begin_file(d, full, to);
			if (!from)
				token_new(d, userid, name, to);
			else if (again && !d->s->regenerates)
				token_anew(d, userid, name, to);
			else
				token_set(d, userid, name, from, to);
		}
}

/* One request for all who get, or lose, the same role on the same path. */
static void add_to_request(json_t *requests, const char *path, const char *roleid,
			   const char *subject, bool propagate)
{
	auto_free char *key = pxc_printf("%s %s %d", path, roleid, propagate);
	json_t *args = json_object_get(requests, key);
	const char *who = strchr(subject, ' ') + 1;
	auto_free char *list = pxc_printf("%.*ss", (int)(who - 1 - subject), subject);
	const char *names, *to;

	if (!args) {
		args = json_pack("{s:s,s:s}", "path", path, "roles", roleid);
		if (!propagate)
			(void)json_object_set_new(args, "propagate", json_integer(0));
		(void)json_object_set_new(requests, key, args);
	}
	names = json_string_value(json_object_get(args, list));
	to = json_string_value(json_object_get(args, "_to"));
	(void)json_object_set_new(args, list,
				  names ? json_sprintf("%s,%s", names, who) : json_string(who));
	(void)json_object_set_new(args, "_to",
				  to ? json_sprintf("%s, %s", to, subject) : json_string(subject));
}

static void send_requests(struct diff *d, const json_t *requests, bool grant)
{
	const char *key;
	json_t *args;

	json_object_foreach ((json_t *)(uintptr_t)requests, key, args) {
		const char *path = json_string_value(json_object_get(args, "path"));
		const char *role = json_string_value(json_object_get(args, "roles"));
		const char *who = json_string_value(json_object_get(args, "_to"));
		bool alone = json_object_get(args, "propagate");

		if (!grant)
			(void)json_object_set_new(args, "delete", json_integer(1));
		pxc_plan_add(d->plan, grant ? ACCESS_ACL_SET : ACCESS_ACL_GONE,
			     grant ? PXC_QUIET : PXC_DISRUPTS, json_incref(args),
			     grant ? "grant %s on %s%s to %s" : "take %s on %s%s from %s", role,
			     path, alone ? " alone" : "", who);
	}
}

static void grants(struct diff *d)
{
	json_auto_t *requests = json_object();
	const char *path, *subject, *roleid;
	json_t *node, *its, *propagate;

	json_object_foreach (d->to->acls, path, node)
		json_object_foreach (node, subject, its)
			json_object_foreach (its, roleid, propagate) {
				const json_t *from = json_object_get(
					json_object_get(json_object_get(d->from.acls, path),
							subject),
					roleid);

				if (!from || !json_equal(from, propagate))
					add_to_request(requests, path, roleid, subject,
						       json_is_true(propagate));
			}
	send_requests(d, requests, true);
}

/* What goes with its user, group, token or role is not asked for. */
static void revocations(struct diff *d)
{
	json_auto_t *requests = json_object();
	const char *path, *subject, *roleid;
	json_t *node, *its, *propagate;

	json_object_foreach (d->from.acls, path, node)
		json_object_foreach (node, subject, its)
			json_object_foreach (its, roleid, propagate) {
				const json_t *to = json_object_get(
					json_object_get(json_object_get(d->to->acls, path),
							subject),
					roleid);

				if (!to && access_subject_exists(d->to, subject))
					add_to_request(requests, path, roleid, subject, true);
			}
	send_requests(d, requests, false);
}

static void gone(struct diff *d)
{
	const char *id, *name;
	json_t *from, *token;

	json_object_foreach (d->from.users, id, from)
		json_object_foreach (json_object_get(from, "tokens"), name, token)
			if (json_object_get(d->to->users, id) && !access_token_get(d->to, id, name))
				token_remove(d, id, name);
	json_object_foreach (d->from.users, id, from)
		if (!json_object_get(d->to->users, id))
			pxc_plan_add(d->plan, ACCESS_USER_GONE, PXC_DESTROYS,
				     json_pack("{s:s}", "userid", id), "remove user %s", id);
	json_object_foreach (d->from.groups, id, from)
		if (!json_object_get(d->to->groups, id))
			pxc_plan_add(d->plan, ACCESS_GROUP_GONE, PXC_DESTROYS,
				     json_pack("{s:s}", "groupid", id), "remove group %s", id);
	json_object_foreach (d->from.roles, id, from)
		if (!json_object_get(d->to->roles, id))
			pxc_plan_add(d->plan, ACCESS_ROLE_GONE, PXC_DESTROYS,
				     json_pack("{s:s}", "roleid", id), "remove role %s", id);
}

void access_steps(const struct access_state *s, const struct access_model *before,
		  const struct access_model *after, struct pxc_plan *plan)
{
	struct diff d = { .s = s, .to = after, .plan = plan };

	access_model_copy(before, &d.from);
	roles(&d);
	groups(&d);
	users(&d);
	tokens(&d);
	grants(&d);
	revocations(&d);
	gone(&d);
	access_model_release(&d.from);
}
