/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A token that cannot leave its project. */
#include "base/str.h"
#include "cloud/access_task_parts.h"

/* A role on "/" and below that holds all a project's token may have. */
static bool may_everything(const struct access_state *s, const char *userid)
{
	size_t i;
	json_t *acl;

	json_array_foreach (s->acls, i, acl) {
		const char *role = access_text(acl, "roleid");

		if (str_eq(access_text(acl, "path"), "/") &&
		    str_eq(access_text(acl, "ugid"), userid) &&
		    json_integer_value(json_object_get(acl, "propagate")) &&
		    (str_eq(role, "PXCAdmin") || str_eq(role, "Administrator")))
			return true;
	}
	return str_eq(userid, "root@pam");
}

static int token_gone(const struct access_task *t, const struct access_holder *holder,
		      const struct access_state *s, struct pxc_arena *arena,
		      struct access_want *want)
{
	want_only(holder, 1, s, arena, want);
	want_token(want, arena,
		   (struct access_token){
			   .userid = t->userid, .name = t->token, .expire = -1, .absent = true });
	want_roles_gone(t->profile, holder, 1, s, arena, want);
	return 0;
}

/*
 * The user is the one that the cloud runs as, and has more rights: an entry for it on the pool would hide those. Another one
 * gets what its token gets.
 */
int access_project_token(const struct access_task *t, const struct access_state *s,
			 const struct access_facts *f, struct pxc_arena *arena,
			 struct access_want *want, struct pxc_err *err)
{
	const char *full = arena_printf(arena, "%s!%s", t->userid, t->token);
	const struct access_mark mark = { "token", "token", full, NULL, t->project };
	const json_t *have = access_token_entry(s, t->userid, t->token);
	const struct access_holder holders[] = { { ACCESS_TOKEN, full },
						 { ACCESS_USER, t->userid } };
	size_t n = may_everything(s, t->userid) ? 1 : 2, nacls = want->nacls;

	if (have && !access_marked(access_text(have, "comment"), &mark))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: the token %s is there, and its comment does not say that it is "
			"for just this: name another one in token, or remove it in PVE",
			t->label, full);
	if (t->absent)
		return have ? token_gone(t, holders, s, arena, want) : 0;
	want_token(
		want, arena,
		(struct access_token){
			.userid = t->userid,
			.name = t->token,
			.comment = have ? NULL
					: access_mark(&mark,
						      arena_printf(arena, "project %s", t->project),
						      f, arena),
			.privsep = 1,
			.expire = -1,
			.regenerate = t->regenerate,
			.save_to = t->save_to,
		});
	if (want_grants(t, t->profile, holders, n, s, f->w, arena, want, err) < 0)
		return -1;
	want_only(holders, 1, s, arena, want);
	want_keep(s, nacls, arena, want);
	return 0;
}
