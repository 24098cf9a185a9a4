/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.h - what the files of pxc_access share; nobody else includes it. Layer: modules. */
#pragma once

#include "cloud/access.h"
#include "modules/kind.h"

struct access_batch {
	struct pxc_arena *arena;  /* of the run */
	struct access_want lists; /* what the task lists itself */
	bool lockout;
	const char *save_to; /* of the token that the task does not list itself, or NULL */
	/* What became of the tokens of this run. Kept by the run. */
	json_t *made;    /* as access_state.made */
	json_t *secrets; /* the result's "secrets" */
};

struct access_world {
	const struct world *w;
	struct access_state s;
};

/* access_decode.c: roles, groups, users, tokens and acls of the task. */
must_check int access_decode_lists(struct pxc_env *env, struct access_want *ret,
				   struct pxc_err *err);

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
