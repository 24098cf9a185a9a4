/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.h - what the files of pxc_access share; nobody else includes it. Layer: modules. */
#pragma once

#include "cloud/access.h"
#include "cloud/access_task.h"
#include "modules/kind.h"

struct access_batch {
	struct pxc_arena *arena;  /* of the run */
	struct access_want lists; /* what the task lists itself */
	bool lockout;
	const char *save_to;     /* of the token that the task does not list itself, or NULL */
	struct access_task task; /* what an option stands for; label NULL = none */
	const char *const
		*storages; /* as the task names them: of the cloud, too; NULL = not named */
	const char *const *pools, *const *vnets; /* likewise */
	/* What became of the tokens of this run. Kept by the run. */
	json_t *made;    /* as access_state.made */
	json_t *secrets; /* the result's "secrets" */
};

struct access_world {
	struct world *w;
	struct access_state s;
	struct access_task task; /* with what its names stand for */
	struct access_facts facts;
	struct project_block *project; /* of a projection; NULL = it goes */
};

/* access_decode.c: roles, groups, users, tokens and acls of the task. */
must_check int access_decode_lists(struct pxc_env *env, struct access_want *ret,
				   struct pxc_err *err);

/*
 * access_task.c: consumer, automation, project_token and projection.
 * err EINVAL: more than one of them, or options of them without any
 */
must_check int access_decode_task(struct pxc_env *env, struct access_batch *b, struct pxc_err *err);
/* What these need to know beside the users and permissions: GETs. */
must_check int access_observe_task(struct pxc_env *env, const struct access_batch *b,
				   struct access_world *aw, struct pxc_err *err);

/* access_observe.c: GETs, and a look at the files. */
must_check int access_observe(struct pxc_env *env, const struct access_batch *b,
			      struct access_world **ret, struct pxc_err *err);

/*
 * access_secret.c: the file that a secret goes to. FILE.new is made before the secret is asked for, gets it, and is renamed;
 * so a FILE.new tells that a secret was asked for and has not arrived. Mode 0600; no links are followed at FILE.new.
 */
pve_work_fn access_file_begin; /* args: "_file" */
/* ret: ACCESS_FILE_..., or NULL: there is none. err EINVAL: it is a folder, or cannot be looked at. */
must_check int access_file_look(const char *path, const char **ret, struct pxc_err *err);
/* What has become of the steps: secrets that came are saved, or go into the result. */
void access_secrets(struct pxc_env *env, struct access_batch *b, const struct pxc_plan *plan,
		    const struct pve_job *job);
