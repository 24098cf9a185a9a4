/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * access.h - PVE's own roles, users, tokens and ACLs as data: what a task wants, and what there is. Pure. Layer: cloud.
 *
 * Whatever a task asks for (lists of its own, the automation user, a consumer, a project's token, the projection of a
 * project's roles) becomes one struct access_want, and one plan is made of it. (api: /access/roles, users, users/{u}/token, acl)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "cloud/plan.h"

enum access_subject { ACCESS_USER, ACCESS_GROUP, ACCESS_TOKEN };
extern const char *const access_subject_names
	[]; /* "user", "group", "token": as GET /access/acl says; ends with NULL */

struct access_role {
	const char *roleid;       /* never begins with "PVE" */
	const char *const *privs; /* NULL-terminated; NULL = untouched */
	bool exact;               /* just these, whatever the mode of the task is */
	bool absent;
};

struct access_user {
	const char *userid;        /* "pxc@pve" */
	const char *comment;       /* the whole comment; NULL = untouched */
	const char *email;         /* NULL = untouched, like the others */
	const char *const *groups; /* PVE's; NULL = untouched */
	int enable;                /* 1, 0; -1 = untouched */
	int64_t expire;            /* seconds since 1970, 0 = never; -1 = untouched */
	bool exact;                /* just these groups, whatever the mode of the task is */
	bool absent;
};

struct access_token {
	const char *userid, *name; /* "pxc@pve", "csi" */
	const char *comment;       /* NULL = untouched */
	int privsep;               /* 1, 0; -1 = untouched (PVE's default for a new one: 1) */
	int64_t expire;            /* as above */
	bool regenerate;           /* a new secret, whatever there is */
	const char *save_to;       /* file for the secret; NULL = it goes into the result */
	bool absent;
};

struct access_acl {
	const char *path; /* "/pool/acme" */
	enum access_subject subject;
	const char *who; /* "pxc@pve", "pxc-acme-member", "pxc@pve!csi" */
	const char *roleid;
	bool propagate;
	bool kept; /* there for another task of ours: it stays, and is nothing that this task manages */
	bool absent;
};

/* A PVE group that people of a realm are members of; not a group of people of the cloud (cloud/group.h). */
struct access_group {
	const char *groupid;
	const char *comment; /* NULL = untouched */
	bool absent;
};

struct access_want {
	struct access_role *roles;
	size_t nroles;
	struct access_group *groups;
	size_t ngroups;
	struct access_user *users;
	size_t nusers;
	struct access_token *tokens;
	size_t ntokens;
	struct access_acl *acls;
	size_t nacls;
	/*
	 * Exact: a role has just the privileges named, a user just the groups named, and on each path an ACL is named for, nothing
	 * else is granted. Otherwise what is there besides stays.
	 */
	bool exact;
	/* Paths where what is granted besides is told in a warning, when the task is not exact; NULL-terminated, or NULL. */
	const char *const *watch;
	json_t *warnings; /* array of sentences, or NULL */
	json_t *item;     /* more keys for the result's "access", or NULL */
};

/* Of the file that a token's secret goes to: it holds one; a run that was cut off, or failed, has left "FILE.new". */
#define ACCESS_FILE_SAVED "saved"
#define ACCESS_FILE_BEGUN "begun"

/* Of a token that this run gave a secret: it is kept; the answer that held it was lost. */
#define ACCESS_MADE_KEPT "kept"
#define ACCESS_MADE_LOST "lost"

/* What there is. Of every array the order of PVE's answer. */
struct access_state {
	unsigned major;   /* PVE 8 or 9 */
	bool regenerates; /* PUT of a token takes "regenerate" and "delete" (seen on 9.2) */
	json_t *roles;    /* GET /access/roles: [{roleid, privs: "A,B", special}] */
	json_t *users; /* GET /access/users?full=1: [{userid, comment, enable, expire, groups, tokens: [...]}] */
	json_t *acls;      /* GET /access/acl: [{path, type, ugid, roleid, propagate}] */
	json_t *groups;    /* GET /access/groups: [{groupid, comment, users}] */
	json_t *realms;    /* GET /access/domains: [{realm, type}] */
	const char *user;  /* who the run is: "pxc@pve" */
	const char *token; /* and its token's name; "" = a ticket */
	int64_t now_s;     /* seconds since 1970, for what expires */
	json_t *files;     /* {path: ACCESS_FILE_...} of each save_to that is there, or NULL */
	json_t *made;      /* {"pxc@pve!csi": ACCESS_MADE_...}, or NULL */
};

/*
 * One plan, with its item; its steps are rows of the kind's table (enum access_op).
 * lockout: the task allows to take rights away from whoever runs it. err EINVAL: what cannot be, before anything is written.
 */
must_check int access_plan(const struct access_want *want, const struct access_state *s,
			   bool lockout, struct pxc_plans *ret, struct pxc_err *err);

/* Requests, as access_plan() numbers them. */
enum access_op {
	ACCESS_ROLE_NEW,
	ACCESS_ROLE_SET,
	ACCESS_ROLE_GONE,
	ACCESS_GROUP_NEW,
	ACCESS_GROUP_SET,
	ACCESS_GROUP_GONE,
	ACCESS_USER_NEW,
	ACCESS_USER_SET,
	ACCESS_USER_GONE,
	ACCESS_FILE_BEGIN, /* no request: prepare the file of a secret */
	ACCESS_TOKEN_NEW,
	ACCESS_TOKEN_SET,
	ACCESS_TOKEN_AGAIN, /* PUT with "regenerate" */
	ACCESS_TOKEN_GONE,
	ACCESS_ACL_SET,
	ACCESS_ACL_GONE,
	ACCESS_OPS
};

/* --- data: schemas/privileges.yml, compiled in ------------------------------------------------------------ */

struct access_grant {
	const char *
		path; /* ends with {pool}, {templates}, {storage}, {iso}, {vnet} or {zone}, or holds none */
	const char *roleid; /* one of ours, or one that PVE brings along */
	unsigned major;     /* only on this PVE; 0 = on every one */
	bool propagate;
	bool optional; /* none is made where the task names nothing for the path */
};

/* A role of ours, or a set of grants: of a consumer (csi, ccm, capmox, ...), or of ours (automation, project-token, reader, ...). */
struct access_profile {
	const char *name; /* "csi"; "PXCProjectToken" */
	bool consumer;
	const char *text;    /* what it is, or allows to do, for people */
	const char *refused; /* a consumer that cannot be had, and why; NULL = it can */
	const char *const *common,
		*const *pve8, *const *pve9; /* a role's privileges; NULL-terminated, maybe empty */
	const struct access_grant *grants;  /* ends with path NULL; a role has none */
	const char *const *needs;           /* what else it needs, for people; NULL-terminated */
	const char *warning;                /* NULL = none */
	const char
		*config; /* its own configuration as JSON, with {url} and the like; NULL = none */
};

/* A privilege that not every PVE has. */
struct access_replacement {
	const char *privilege;
	const char *text; /* completes "the server does not know the privilege VM.Monitor, which" */
};

extern const struct access_profile access_profiles[]; /* generated; ends with name NULL */
extern const struct access_replacement
	access_replacements[]; /* generated; ends with privilege NULL */

const struct access_profile *access_profile(const char *name); /* NULL: none */

/* All that the server knows: the privileges of its role Administrator. NULL-terminated; NULL: the role is not there. */
const char *const *access_known(const struct access_state *s, struct pxc_arena *arena);

/* err EINVAL: one of the list that the server does not know, by name, with what replaces it there; begins with label */
must_check int access_check_privileges(const char *label, const char *const *list,
				       const char *const *known, struct pxc_err *err);

/*
 * The privileges of a role for this server, sorted. known: as access_known() gives them.
 * err EINVAL: as above; none is dropped silently
 */
must_check int access_privileges(const struct access_profile *p, unsigned major,
				 const char *const *known, struct pxc_arena *arena,
				 const char *const **ret, struct pxc_err *err);
