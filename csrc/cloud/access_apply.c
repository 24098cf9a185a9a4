/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wanted, done to the model: everything is made before anything goes. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_parts.h"

struct apply {
	const struct access_want *want;
	const struct access_state *s;
	struct access_model *m;
	json_t *seen;             /* what the task has named so far: nothing twice */
	const char *const *known; /* privileges */
	json_t *notes;
	struct pxc_err *err;
};

static int once(struct apply *a, char *label_new)
{
	auto_free char *label = label_new;

	if (json_object_get(a->seen, label))
		return pxc_fail(a->err, PXC_EINVAL, "%s is named twice in this task", label);
	(void)json_object_set_new(a->seen, label, json_true());
	return 0;
}

static void take_names(json_t *entry, const char *key, const char *const *names, bool exact)
{
	json_t *set = json_object_get(entry, key);

	if (exact && names)
		(void)json_object_clear(set);
	for (size_t i = 0; names && names[i]; i++)
		(void)json_object_set_new(set, names[i], json_true());
}

static void take_text(json_t *entry, const char *key, const char *value)
{
	if (value)
		(void)json_object_set_new(entry, key, json_string(value));
}

static void take_int(json_t *entry, const char *key, int64_t value)
{
	if (value >= 0)
		(void)json_object_set_new(entry, key, json_integer(value));
}

static void take_bool(json_t *entry, const char *key, int value)
{
	if (value >= 0)
		(void)json_object_set_new(entry, key, json_boolean(value));
}

static int check_privs(const struct apply *a, const struct access_role *r)
{
	auto_free char *label = pxc_printf("role %s", r->roleid);

	return r->privs ? access_check_privileges(label, r->privs, a->known, a->err) : 0;
}

static int role(struct apply *a, const struct access_role *r)
{
	json_t *entry = json_object_get(a->m->roles, r->roleid);

	if (once(a, pxc_printf("role %s", r->roleid)) < 0 || access_check_role(r, a->m, a->err) < 0)
		return -1;
	if (r->absent)
		return 0;
	if (check_privs(a, r) < 0)
		return -1;
	if (!entry) {
		entry = json_pack("{s:{},s:b}", "privs", "special", 0);
		(void)json_object_set_new(a->m->roles, r->roleid, entry);
	}
	take_names(entry, "privs", r->privs, r->exact || a->want->exact);
	return 0;
}

static int group(struct apply *a, const struct access_group *g)
{
	json_t *entry = json_object_get(a->m->groups, g->groupid);

	if (once(a, pxc_printf("group %s", g->groupid)) < 0 ||
	    access_check_group(g, a->s, a->err) < 0)
		return -1;
	if (g->absent)
		return 0;
	if (!entry) {
		entry = json_pack("{s:s}", "comment", "");
		(void)json_object_set_new(a->m->groups, g->groupid, entry);
	}
	take_text(entry, "comment", g->comment);
	return 0;
}

static int user(struct apply *a, const struct access_user *u)
{
	json_t *entry = json_object_get(a->m->users, u->userid);

	if (once(a, pxc_printf("user %s", u->userid)) < 0 || access_check_user(u, a->s, a->err) < 0)
		return -1;
	if (u->absent)
		return str_eq(u->userid, "root@pam")
			       ? pxc_fail(a->err, PXC_EINVAL, "user root@pam cannot be removed")
			       : 0;
	for (size_t i = 0; u->groups && u->groups[i]; i++)
		if (!json_object_get(a->m->groups, u->groups[i]))
			return pxc_fail(a->err, PXC_EINVAL,
					"user %s: there is no group %s in PVE: name it in groups",
					u->userid, u->groups[i]);
	if (!entry) {
		entry = json_pack("{s:s,s:s,s:b,s:i,s:{},s:{}}", "comment", "", "email", "",
				  "enable", 1, "expire", 0, "groups", "tokens");
		(void)json_object_set_new(a->m->users, u->userid, entry);
	}
	take_text(entry, "comment", u->comment);
	take_text(entry, "email", u->email);
	take_bool(entry, "enable", u->enable);
	take_int(entry, "expire", u->expire);
	take_names(entry, "groups", u->groups, u->exact || a->want->exact);
	return 0;
}

/* The secret of a token that is there: is it where it is to be, or must there be a new one? */
static int secret(struct apply *a, const struct access_token *t, const char *full, json_t *entry)
{
	const char *file =
		t->save_to ? json_string_value(json_object_get(a->s->files, t->save_to)) : NULL;
	const char *made = json_string_value(json_object_get(a->s->made, full));
	bool again = t->regenerate;

	/* This run has made it: it is not made twice, unless the answer that held it was lost. */
	if (made)
		again = str_eq(made, ACCESS_MADE_LOST);
	else if (str_eq(file, ACCESS_FILE_BEGUN))
		again = true;
	else if (t->save_to && !file && !again)
		return pxc_fail(a->err, PXC_EINVAL,
				"token %s is there, but its secret is not in %s, and PVE does not "
				"tell it again: regenerate: true makes a new one, with which the "
				"old one ends",
				full, t->save_to);
	if (!again)
		return 0;
	(void)json_object_set_new(entry, ACCESS_AGAIN, json_true());
	take_text(entry, ACCESS_SAVE, t->save_to);
	return 0;
}

static int token(struct apply *a, const struct access_token *t)
{
	json_t *owner = json_object_get(a->m->users, t->userid);
	json_t *entry = access_token_get(a->m, t->userid, t->name);
	auto_free char *full = pxc_printf("%s!%s", t->userid, t->name);

	if (once(a, pxc_printf("token %s", full)) < 0 || access_check_token(t, a->err) < 0)
		return -1;
	if (t->absent)
		return 0;
	if (!owner)
		return pxc_fail(a->err, PXC_EINVAL,
				"token %s: there is no user %s: name it in users", full, t->userid);
	if (!entry) {
		entry = json_pack("{s:s,s:b,s:i}", "comment", "", "privsep", 1, "expire", 0);
		(void)json_object_set_new(json_object_get(owner, "tokens"), t->name, entry);
		take_text(entry, ACCESS_SAVE, t->save_to);
	} else if (secret(a, t, full, entry) < 0) {
		return -1;
	}
	if (t->comment && !*t->comment && !a->s->regenerates &&
	    *json_string_value(json_object_get(entry, "comment")))
		return pxc_fail(a->err, PXC_EINVAL,
				"token %s: PVE %u cannot take a token's comment away again", full,
				a->s->major);
	take_text(entry, "comment", t->comment);
	take_bool(entry, "privsep", t->privsep);
	take_int(entry, "expire", t->expire);
	return 0;
}

/* PVE drops what somebody was granted with them. */
static void removals(struct apply *a)
{
	const struct access_want *w = a->want;

	for (size_t i = 0; i < w->ntokens; i++) {
		const struct access_token *t = &w->tokens[i];
		auto_free char *full = pxc_printf("%s!%s", t->userid, t->name);

		if (!t->absent)
			continue;
		(void)json_object_del(
			json_object_get(json_object_get(a->m->users, t->userid), "tokens"),
			t->name);
		access_forget(a->m, ACCESS_TOKEN, full);
	}
	for (size_t i = 0; i < w->nusers; i++) {
		if (!w->users[i].absent)
			continue;
		(void)json_object_del(a->m->users, w->users[i].userid);
		access_forget(a->m, ACCESS_USER, w->users[i].userid);
	}
	for (size_t i = 0; i < w->ngroups; i++) {
		const char *key;
		json_t *u;

		if (!w->groups[i].absent)
			continue;
		(void)json_object_del(a->m->groups, w->groups[i].groupid);
		access_forget(a->m, ACCESS_GROUP, w->groups[i].groupid);
		json_object_foreach (a->m->users, key, u)
			(void)json_object_del(json_object_get(u, "groups"), w->groups[i].groupid);
	}
}

/* Names one entry in messages, and in what the task has named. New string. */
static char *acl_label(const char *path, const char *roleid, const char *subject)
{
	return pxc_printf("acl %s: %s for %s", path, roleid, subject);
}

static int acl(struct apply *a, const struct access_acl *e)
{
	auto_free char *subject = pxc_printf("%s %s", access_subject_names[e->subject], e->who);
	json_t *node = json_object_get(a->m->acls, e->path), *roles;

	if (once(a, acl_label(e->path, e->roleid, subject)) < 0 ||
	    access_check_path(e->path, a->err) < 0)
		return -1;
	if (e->absent) {
		(void)json_object_del(json_object_get(node, subject), e->roleid);
		return 0;
	}
	if (!json_object_get(a->m->roles, e->roleid))
		return pxc_fail(a->err, PXC_EINVAL, "acl %s: there is no role %s: name it in roles",
				e->path, e->roleid);
	if (!access_subject_exists(a->m, subject))
		return pxc_fail(a->err, PXC_EINVAL, "acl %s: there is no %s", e->path, subject);
	if (!node) {
		node = json_object();
		(void)json_object_set_new(a->m->acls, e->path, node);
	}
	roles = json_object_get(node, subject);
	if (!roles) {
		roles = json_object();
		(void)json_object_set_new(node, subject, roles);
	}
	(void)json_object_set_new(roles, e->roleid, json_boolean(e->propagate));
	return 0;
}

/* What is granted on the path besides: told, or taken away. */
static void besides(struct apply *a, const char *path)
{
	const char *subject, *roleid;
	json_t *roles, *v;
	void *next;

	json_object_foreach (json_object_get(a->m->acls, path), subject, roles)
		json_object_foreach_safe (roles, next, roleid, v) {
			auto_free char *label = acl_label(path, roleid, subject);

			if (json_object_get(a->seen, label))
				continue;
			if (a->want->exact)
				(void)json_object_del(roles, roleid);
			else
				(void)json_array_append_new(
					a->notes,
					json_sprintf("%s on %s for %s was granted by somebody else "
						     "and stays: mode: exact takes it away",
						     roleid, path, subject));
		}
}

/* A role that is still granted would take those rights with it. */
static int role_gone(struct apply *a, const struct access_role *r)
{
	const char *path, *subject;
	json_t *node, *roles;

	json_object_foreach (a->m->acls, path, node)
		json_object_foreach (node, subject, roles)
			if (json_object_get(roles, r->roleid))
				return pxc_fail(a->err, PXC_EINVAL,
						"role %s is still granted on %s to %s: take that "
						"away in acls first",
						r->roleid, path, subject);
	(void)json_object_del(a->m->roles, r->roleid);
	return 0;
}

static int apply(struct apply *a)
{
	const struct access_want *w = a->want;

	for (size_t i = 0; i < w->nroles; i++)
		if (role(a, &w->roles[i]) < 0)
			return -1;
	for (size_t i = 0; i < w->ngroups; i++)
		if (group(a, &w->groups[i]) < 0)
			return -1;
	for (size_t i = 0; i < w->nusers; i++)
		if (user(a, &w->users[i]) < 0)
			return -1;
	for (size_t i = 0; i < w->ntokens; i++)
		if (token(a, &w->tokens[i]) < 0)
			return -1;
	removals(a);
	for (size_t i = 0; i < w->nacls; i++)
		if (acl(a, &w->acls[i]) < 0)
			return -1;
	for (size_t i = 0; w->exact && i < w->nacls; i++)
		if (!w->acls[i].absent && !json_object_get(a->seen, w->acls[i].path)) {
			(void)json_object_set_new(a->seen, w->acls[i].path, json_true());
			besides(a, w->acls[i].path);
		}
	for (size_t i = 0; !w->exact && w->watch && w->watch[i]; i++)
		besides(a, w->watch[i]);
	for (size_t i = 0; i < w->nroles; i++)
		if (w->roles[i].absent && role_gone(a, &w->roles[i]) < 0)
			return -1;
	return 0;
}

int access_apply(const struct access_want *want, const struct access_state *s,
		 struct access_model *m, json_t *notes, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *seen = json_object();
	struct apply a = { want, s, m, seen, access_known(s, &arena), notes, err };

	if (!a.known || !a.known[0])
		return pxc_fail(err, PXC_EREMOTE,
				"the server does not say what its role Administrator may, by which "
				"it is known what privileges there are");
	return apply(&a);
}
