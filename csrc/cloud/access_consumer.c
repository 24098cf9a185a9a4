/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program with a user of its own, a token of it, and what both may do; and the user that the cloud runs as. */
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/access_task_parts.h"
#include "cloud/registry.h"

const char *access_consumer_user(const struct access_profile *p, const char *project,
				 struct pxc_arena *arena)
{
	/* No name of a consumer holds a dot, so that two never mean the same user. */
	return project ? arena_printf(arena, "pxc-%s.%s@pve", p->name, project)
		       : arena_printf(arena, "pxc-%s@pve", p->name);
}

/* A token has what both it and its user have. */
static void holders_of(const struct access_task *t, struct pxc_arena *arena,
		       struct access_holder out[2])
{
	out[0] = (struct access_holder){ ACCESS_USER, t->userid };
	out[1] = (struct access_holder){ ACCESS_TOKEN,
					 arena_printf(arena, "%s!%s", t->userid, t->token) };
}

static struct access_token token_of(const struct access_task *t)
{
	return (struct access_token){ .userid = t->userid,
				      .name = t->token,
				      .privsep = 1,
				      .expire = -1,
				      .regenerate = t->regenerate,
				      .save_to = t->save_to };
}

/* The user with all its tokens, the other ones too: they are the program's. */
static void want_user_gone(const struct access_task *t, const struct access_state *s,
			   struct pxc_arena *arena, struct access_want *want)
{
	const json_t *user = access_entry(s->users, "userid", t->userid);
	json_t *tokens = json_object_get(user, "tokens"), *token;
	const char *userid = arena_strdup(arena, t->userid);
	struct access_holder *holders =
		arena_alloc(arena, (json_array_size(tokens) + 1) * sizeof(*holders));
	size_t n = 0, i;

	holders[n++] = (struct access_holder){ ACCESS_USER, userid };
	json_array_foreach (tokens, i, token) {
		const char *name = access_text(token, "tokenid");

		holders[n++] = (struct access_holder){ ACCESS_TOKEN,
						       arena_printf(arena, "%s!%s", userid, name) };
		want_token(want, arena,
			   (struct access_token){
				   .userid = userid, .name = name, .expire = -1, .absent = true });
	}
	want_only(holders, n, s, arena, want);
	if (user)
		want_user(want, arena,
			  (struct access_user){
				  .userid = userid, .enable = -1, .expire = -1, .absent = true });
	want_roles_gone(t->profile, holders, n, s, arena, want);
}

static int want_both(const struct access_task *t, const struct access_mark *mark, const char *text,
		     const struct access_state *s, const struct access_facts *f,
		     struct pxc_arena *arena, struct access_want *want, struct pxc_err *err)
{
	bool is_new = !access_entry(s->users, "userid", t->userid);
	struct access_holder holders[2];

	holders_of(t, arena, holders);
	want_user(
		want, arena,
		(struct access_user){ .userid = t->userid,
				      .comment = is_new ? access_mark(mark, text, f, arena) : NULL,
				      .enable = -1,
				      .expire = -1 });
	want_token(want, arena, token_of(t));
	return want_grants(t, t->profile, holders, 2, s, f->w, arena, want, err);
}

bool access_owns_storages(const struct access_profile *p)
{
	for (const struct access_grant *g = p->grants; g->path; g++) {
		const struct access_profile *role = access_profile(g->roleid);

		if (str_eq(g->path, "/storage/{storage}") && role &&
		    strv_has(role->common, "Datastore.Allocate"))
			return true;
	}
	return false;
}

/* Others that have disks on a storage where the consumer may do anything. */
static void warn(const struct access_task *t, const struct access_facts *f,
		 struct access_want *want)
{
	for (size_t i = 0; t->scope.storages && t->scope.storages[i]; i++) {
		const char *storage = t->scope.storages[i];
		const json_t *others = json_object_get(f->sharers, storage);
		auto_buf struct pxc_buf pools = { .data = NULL };
		size_t k;
		json_t *name;

		json_array_foreach (others, k, name)
			buf_printf(&pools, "%s%s", k ? ", " : "", json_string_value(name));
		if (!others)
			want_warning(want, "%s: %s, and it is not known who else has disks on %s",
				     t->label, t->profile->warning, storage);
		else if (pools.len)
			want_warning(
				want,
				"%s: %s, and on %s there are disks of %s: a storage of its own "
				"keeps them apart",
				t->label, t->profile->warning, storage, buf_str(&pools));
	}
}

static json_t *strings(const char *const *list)
{
	json_t *array = json_array();

	for (size_t i = 0; list && list[i]; i++)
		(void)json_array_append_new(array, json_string(list[i]));
	return array;
}

/* For people, and for what is configured next. */
static void tell(const struct access_task *t, const struct access_facts *f,
		 struct access_want *want)
{
	json_t *item =
		json_pack("{ss, so, so, so, ss*, ss*, ss*, ss*, so*}", "name", t->profile->name,
			  "token", json_sprintf("%s!%s", t->userid, t->token), "pools",
			  strings(t->scope.pools), "needs", strings(t->profile->needs), "warning",
			  t->profile->warning, "project", t->project, "url", f->url, "region",
			  f->w->cluster_name, "config", access_config(t, f));

	if (f->holder)
		(void)json_object_set_new(item, "holder", json_integer(f->holder));
	(void)json_object_set_new(want->item, "consumer", item);
}

/* err EINVAL: a user of that name that is not the consumer's. */
static int check_owner(const struct access_task *t, const struct access_mark *mark,
		       const struct access_state *s, struct pxc_err *err)
{
	const json_t *user = access_entry(s->users, "userid", t->userid);

	if (!user || access_marked(access_text(user, "comment"), mark))
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"%s: the user %s is there, and its comment does not say that it is for just "
		"this: name another one in user, or remove it in PVE",
		t->label, t->userid);
}

int access_consumer(const struct access_task *t, const struct access_state *s,
		    const struct access_facts *f, struct pxc_arena *arena, struct access_want *want,
		    struct pxc_err *err)
{
	const struct access_mark mark = { "consumer", "user", t->userid, t->profile->name,
					  t->project };
	const char *text =
		t->project ? arena_printf(arena, "%s of project %s", t->profile->name, t->project)
			   : t->profile->name;
	struct access_holder holders[2];
	size_t nacls = want->nacls;

	if (t->profile->refused && !t->absent)
		return pxc_fail(err, PXC_EINVAL, "%s: %s", t->label, t->profile->refused);
	if (check_owner(t, &mark, s, err) < 0)
		return -1;
	if (t->absent) {
		want_user_gone(t, s, arena, want);
		return 0;
	}
	if (want_both(t, &mark, text, s, f, arena, want, err) < 0)
		return -1;
	holders_of(t, arena, holders);
	want_only(holders, 2, s, arena, want);
	want_keep(s, nacls, arena, want);
	if (access_owns_storages(t->profile))
		warn(t, f, want);
	if (t->project && str_starts(t->profile->name, "csi") && !f->holder)
		want_warning(
			want,
			"%s: nothing holds volumes of project %s yet, so the driver would make "
			"its own outside of the quota: make a volume with pxc_volume, and run "
			"this again for controllerVmID",
			t->label, t->project);
	tell(t, f, want);
	return 0;
}

int access_automation(const struct access_task *t, const struct access_state *s,
		      const struct access_facts *f, struct pxc_arena *arena,
		      struct access_want *want, struct pxc_err *err)
{
	const struct access_mark mark = { "automation", "user", t->userid, NULL, NULL };
	size_t nacls = want->nacls;

	if (t->absent) {
		if (check_owner(t, &mark, s, err) < 0)
			return -1;
		want_user_gone(t, s, arena, want);
		return 0;
	}
	if (want_both(t, &mark, "the user that the cloud runs as", s, f, arena, want, err) < 0)
		return -1;
	want_keep(s, nacls, arena, want);
	return 0;
}
