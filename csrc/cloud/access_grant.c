/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a set of grants and what a task names to roles and permissions. */
#include <string.h>

#include "base/str.h"
#include "cloud/access_task_parts.h"

/* The words that a path may end with, by what the task calls them. */
static const struct {
	const char *word, *option;
} words[] = {
	{ "{pool}", "project or pools" },
	{ "{templates}", "templates_pool" },
	{ "{storage}", "storages" },
	{ "{iso}", "iso_storage" },
	{ "{vnet}", "vnets" },
	{ "{zone}", "zones" },
};

static const char *const *named(const struct access_scope *s, size_t word)
{
	/* In the order of the words. */
	const char *const *const all[] = { s->pools, s->templates, s->storages,
					   s->isos,  s->vnets,     s->zones };

	return all[word];
}

/* PVE takes a path to what is not there, and nothing would come of it. */
static int there(const struct access_task *t, const struct access_grant *g, const char *name,
		 const struct world *w, struct pxc_err *err)
{
	if (str_starts(g->path, "/pool/") && !world_pool(w, name))
		(void)pxc_fail(err, PXC_ENOTFOUND, "%s: there is no pool %s", t->label, name);
	else if (str_starts(g->path, "/storage/") && !world_storage_type(w, name))
		(void)pxc_fail(err, PXC_ENOTFOUND, "%s: there is no storage %s", t->label, name);
	else
		return 0;
	return pxc_unseen(err, "/%.*s/%s", (int)strcspn(g->path + 1, "/"), g->path + 1, name);
}

static int role_of(const struct access_grant *g, const struct access_state *s,
		   struct pxc_arena *arena, struct access_want *want, struct pxc_err *err)
{
	const struct access_profile *p = access_profile(g->roleid);
	const char *const *known = access_known(s, arena), *const *privs = NULL;

	if (!p)
		return 0;
	if (!known)
		return pxc_fail(err, PXC_EREMOTE,
				"the server has no role Administrator, by which it is known what "
				"privileges there are");
	if (access_privileges(p, s->major, known, arena, &privs, err) < 0)
		return -1;
	want_role(want, arena,
		  (struct access_role){ .roleid = p->name, .privs = privs, .exact = true });
	return 0;
}

static void grant_on(const struct access_grant *g, const char *path,
		     const struct access_holder *holders, size_t n, struct pxc_arena *arena,
		     struct access_want *want)
{
	for (size_t i = 0; i < n; i++)
		want_acl(want, arena,
			 (struct access_acl){ .path = path,
					      .subject = holders[i].subject,
					      .who = holders[i].who,
					      .roleid = g->roleid,
					      .propagate = g->propagate });
}

static int grant(const struct access_task *t, const struct access_grant *g,
		 const struct access_holder *holders, size_t n, const struct world *w,
		 struct pxc_arena *arena, struct access_want *want, struct pxc_err *err)
{
	const char *brace = strchr(g->path, '{');
	const char *const *names;
	size_t word = 0;

	if (!brace) {
		grant_on(g, g->path, holders, n, arena, want);
		return 0;
	}
	while (!str_eq(words[word].word, brace))
		word++;
	names = named(&t->scope, word);
	if (!g->optional && !(names && names[0]))
		return pxc_fail(err, PXC_EINVAL, "%s needs %s", t->label, words[word].option);
	for (size_t i = 0; names && names[i]; i++) {
		if (there(t, g, names[i], w, err) < 0)
			return -1;
		grant_on(g,
			 arena_printf(arena, "%.*s%s", (int)(brace - g->path), g->path, names[i]),
			 holders, n, arena, want);
	}
	return 0;
}

int want_grants(const struct access_task *t, const struct access_profile *p,
		const struct access_holder *holders, size_t n, const struct access_state *s,
		const struct world *w, struct pxc_arena *arena, struct access_want *want,
		struct pxc_err *err)
{
	for (const struct access_grant *g = p->grants; g->path; g++) {
		size_t before = want->nacls;

		if (g->major && g->major != s->major)
			continue;
		if (grant(t, g, holders, n, w, arena, want, err) < 0)
			return -1;
		if (want->nacls > before && role_of(g, s, arena, want, err) < 0)
			return pxc_context(err, "%s", t->label);
	}
	return 0;
}

static bool holds(const struct access_holder *holders, size_t n, const json_t *acl)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(access_text(acl, "type"), access_subject_names[holders[i].subject]) &&
		    str_eq(access_text(acl, "ugid"), holders[i].who))
			return true;
	return false;
}

/* An entry of what there is as one that is wanted; false: of a sort that is not known. */
static bool from_entry(const json_t *entry, struct access_acl *ret)
{
	int subject = ACCESS_USER;

	while (access_subject_names[subject] &&
	       !str_eq(access_subject_names[subject], access_text(entry, "type")))
		subject++;
	*ret = (struct access_acl){ .path = access_text(entry, "path"),
				    .subject = (enum access_subject)subject,
				    .who = access_text(entry, "ugid"),
				    .roleid = access_text(entry, "roleid"),
				    .propagate = json_integer_value(json_object_get(
							 entry, "propagate")) != 0 };
	return access_subject_names[subject] != NULL;
}

void want_only(const struct access_holder *holders, size_t n, const struct access_state *s,
	       struct pxc_arena *arena, struct access_want *want)
{
	size_t i;
	json_t *entry;

	json_array_foreach (s->acls, i, entry) {
		struct access_acl acl;

		if (!holds(holders, n, entry) || !from_entry(entry, &acl))
			continue;
		acl.absent = true;
		want_acl(want, arena, acl);
	}
}

void want_roles_gone(const struct access_profile *p, const struct access_holder *holders, size_t n,
		     const struct access_state *s, struct pxc_arena *arena,
		     struct access_want *want)
{
	for (const struct access_grant *g = p->grants; g->path; g++) {
		bool used = false;
		size_t i;
		json_t *acl;

		json_array_foreach (s->acls, i, acl)
			used |= str_eq(access_text(acl, "roleid"), g->roleid) &&
				!holds(holders, n, acl);
		if (!used && access_profile(g->roleid) &&
		    access_entry(s->roles, "roleid", g->roleid))
			want_role(want, arena,
				  (struct access_role){ .roleid = g->roleid, .absent = true });
	}
}

static bool path_among(const struct access_acl *acls, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(acls[i].path, path))
			return true;
	return false;
}

void want_keep(const struct access_state *s, size_t nacls, struct pxc_arena *arena,
	       struct access_want *want)
{
	size_t all = want->nacls, i;
	json_t *entry;

	json_array_foreach (s->acls, i, entry) {
		struct access_acl acl;

		if (!from_entry(entry, &acl) || path_among(want->acls, nacls, acl.path) ||
		    !path_among(want->acls, all, acl.path))
			continue;
		if (!str_starts(acl.path, "/pool/") ||
		    access_ours(s, access_text(entry, "type"), acl.who)) {
			acl.kept = true;
			want_acl(want, arena, acl);
		}
	}
}
