/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keypair.h - the public halves of people's SSH keys, by project: a PVE group without members, "pxc-key.<project>.<name>", with a
 * token in its comment. Pure. Layer: cloud.
 * Keys: t=keypair, id=group.<groupid>, c, p (project), n (name), key (the public key, a line of OpenSSH), u (who put it there), r, at,
 * by. Unknown keys survive.
 *
 * Names of projects and key pairs hold no ".", so the id alone says whose it is, also when the token is damaged. PVE makes the creation
 * of a group atomic, and one request reads all. (api: /access/groups)
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "cloud/group.h"
#include "cloud/plan.h"
#include "cloud/sshkey.h"
#include "cloud/world.h"

#define KEYPAIR_PREFIX GROUP_PREFIX "key."

struct keypair {
	const struct world_group *group;
	const char *project, *name;
	const char *problem; /* NULL = none; else there is no key */
	bool foreign; /* the group is not ours: no token, that of another, or of a newer format */
	struct sshkey key;
	const char *owner; /* who put it there; NULL = not known */
};

/* The PVE group of a key pair. */
char *keypair_groupid(struct pxc_arena *arena, const char *project, const char *name);

/* What the group is as a key pair. false: by its id it is none. Strings lie in the arena. */
bool keypair_read(const struct world_group *group, struct pxc_arena *arena, struct keypair *ret);

/*
 * The key pairs of a project (NULL = of all), in the arena, by project and name; damaged ones too. w->groups NULL: none.
 * Returns how many.
 */
size_t keypairs_of(const struct world *w, const char *project, struct pxc_arena *arena,
		   struct keypair **ret);

/* A key pair as results show it; new reference. */
json_t *keypair_item(const struct keypair *pair);

/* --- pxc_keypair ------------------------------------------------------------------------------------------- */

enum keypair_op { KEYPAIR_CREATE, KEYPAIR_WRITE, KEYPAIR_DELETE, KEYPAIR_OPS };

struct keypair_spec {
	const char *label; /* "key pair acme/alice" */
	const char *project, *name;
	const char *groupid;
	bool absent, replace;
	bool named; /* the task gives a public key: */
	struct sshkey key;
};

struct keypair_batch {
	struct keypair_spec *specs;
	size_t nspecs;
	const char *stamp, *actor;
};

/* w: with groups. */
must_check int keypair_plan(const struct keypair_batch *batch, const struct world *w,
			    struct pxc_plans *ret, struct pxc_err *err);
