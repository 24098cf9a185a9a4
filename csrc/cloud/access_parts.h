/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * access_parts.h - PVE's permissions as one model, which a task is done to before anything is written. For access*.c only.
 *
 * What a task wants is applied to a copy of what there is; the difference of the two is the plan, and the right to go on is
 * looked for in the copy. Pure. Layer: cloud.
 */
#pragma once

#include "cloud/access.h"

/* Owned; objects by name. Sets are objects whose values are true. */
struct access_model {
	json_t *roles;  /* {roleid: {privs: set, special: bool}} */
	json_t *groups; /* {groupid: {comment}} */
	/* {userid: {comment, email, enable: bool, expire, groups: set, tokens: {name: {comment, privsep: bool, expire}}}} */
	json_t *users;
	json_t *acls; /* {path: {"user pxc@pve": {roleid: propagate}}} */
};

/* What must be done of a token beyond its values: true under this key of it in the copy. */
#define ACCESS_AGAIN "again" /* another secret */
#define ACCESS_SAVE "save"   /* (text) the file that its secret goes to */

void access_model_read(const struct access_state *s, struct access_model *ret);
void access_model_copy(const struct access_model *from, struct access_model *ret);
void access_model_release(struct access_model *m);
#define auto_access_model on_scope_exit(access_model_release)

json_t *access_set(const char *list); /* "A,B" as a set; NULL is empty. New reference. */
/* Names that are in a and not in b, joined by "," and a blank if asked for. New string. */
char *access_beyond(const json_t *a, const json_t *b, const char *between);

/* Borrowed; NULL: none. full: "pxc@pve!csi". */
json_t *access_token_get(const struct access_model *m, const char *userid, const char *name);
json_t *access_token_full(const struct access_model *m, const char *full);
bool access_subject_exists(const struct access_model *m, const char *subject); /* "user pxc@pve" */
/* Remove what a user, a group or a token was granted, wherever; PVE does it with their removal. */
void access_forget(struct access_model *m, enum access_subject type, const char *who);

/*
 * Do what is wanted to the model. err EINVAL, before anything is written: what cannot be, with what there is instead.
 * notes: array that gets sentences for people.
 */
must_check int access_apply(const struct access_want *want, const struct access_state *s,
			    struct access_model *m, json_t *notes, struct pxc_err *err);

must_check int access_check_role(const struct access_role *r, const struct access_model *m,
				 struct pxc_err *err);
must_check int access_check_group(const struct access_group *g, const struct access_state *s,
				  struct pxc_err *err);
must_check int access_check_user(const struct access_user *u, const struct access_state *s,
				 struct pxc_err *err);
must_check int access_check_token(const struct access_token *t, struct pxc_err *err);
must_check int access_check_path(const char *path, struct pxc_err *err);

/* Would the run lose rights that it has itself? err EINVAL: which, and how to do it all the same. */
must_check int access_check_self(const struct access_state *s, const struct access_model *before,
				 const struct access_model *after, struct pxc_err *err);

/* The steps from one to the other, in the order in which they can be done. */
void access_steps(const struct access_state *s, const struct access_model *before,
		  const struct access_model *after, struct pxc_plan *plan);
