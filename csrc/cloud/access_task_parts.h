/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access_task_parts.h - between the files that turn options into wants. Layer: cloud. */
#pragma once

#include "cloud/access_task.h"

/* --- access_want.c: one more, unless there is one of that name already ------------------------------------- */

void want_role(struct access_want *want, struct pxc_arena *arena, struct access_role role);
void want_group(struct access_want *want, struct pxc_arena *arena, struct access_group group);
void want_user(struct access_want *want, struct pxc_arena *arena, struct access_user user);
void want_token(struct access_want *want, struct pxc_arena *arena, struct access_token token);
void want_acl(struct access_want *want, struct pxc_arena *arena, struct access_acl acl);
void want_watch(struct access_want *want, struct pxc_arena *arena, const char *path);
void want_warning(struct access_want *want, const char *fmt, ...) printf_like(2, 3);
/* The text of an entry under a key, borrowed, "" when absent. */
const char *access_text(const json_t *entry, const char *key);
/* The user, token or group in what there is; NULL: none. */
const json_t *access_entry(const json_t *list, const char *key, const char *name);
const json_t *access_token_entry(const struct access_state *s, const char *userid,
				 const char *token);

/* --- access_grant.c --------------------------------------------------------------------------------------- */

struct access_holder {
	enum access_subject subject;
	const char *who;
};

/* The roles of a profile, and what it grants to each of the holders. */
must_check int want_grants(const struct access_task *t, const struct access_profile *p,
			   const struct access_holder *holders, size_t n,
			   const struct access_state *s, const struct world *w,
			   struct pxc_arena *arena, struct access_want *want, struct pxc_err *err);
/* These holders are ours alone: what they have besides goes. */
void want_only(const struct access_holder *holders, size_t n, const struct access_state *s,
	       struct pxc_arena *arena, struct access_want *want);
/* Roles of ours that the profile grants, when nobody has them but these holders. */
void want_roles_gone(const struct access_profile *p, const struct access_holder *holders, size_t n,
		     const struct access_state *s, struct pxc_arena *arena,
		     struct access_want *want);
/* What is not to be taken away by an exact task nor told as somebody else's: of what want had before, nacls. */
void want_keep(const struct access_state *s, size_t nacls, struct pxc_arena *arena,
	       struct access_want *want);

/* --- access_mark.c ---------------------------------------------------------------------------------------- */

struct access_mark {
	const char *kind; /* t */
	const char *what; /* "user", "token", "group": begins id */
	const char *who;
	const char *name, *project; /* NULL = none */
};

/* Does an intact token in the comment say just that? With name and project NULL: whatever they are. */
bool access_marked(const char *comment, const struct access_mark *m);
/* The comment of something new: people's text and the mark. In the arena. */
const char *access_mark(const struct access_mark *m, const char *text, const struct access_facts *f,
			struct pxc_arena *arena);
/* Is whoever was granted something there for one of our tasks? */
bool access_ours(const struct access_state *s, const char *type, const char *who);

/* --- access_config.c -------------------------------------------------------------------------------------- */

/* What the program's own configuration wants, but for the secret; NULL: nothing is known. New reference. */
json_t *access_config(const struct access_task *t, const struct access_facts *f);
