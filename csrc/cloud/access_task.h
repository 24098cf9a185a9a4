/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * access_task.h - what options of pxc_access stand for: a consumer, the automation user, a project's token, the projection of a
 * project's roles. Each becomes part of a struct access_want, by the data of schemas/privileges.yml. Pure. Layer: cloud.
 *
 * A user, token or group that was made for one of these says so in its comment, by a token with the keys
 *   t   consumer, automation (users), token (tokens), projection (groups)
 *   id  user.<userid>, token.<userid>!<name>, group.<groupid>
 *   n   of a consumer its name, of a group the role; p the project; c, r, at, by
 * and only what says so is changed or removed. Roles have no comment: ours are known by their names, and go with the last who has one.
 *
 * Groups of a projection are called "pxc.<project>.<role>": groups of people, locks and key pairs all begin with "pxc-".
 */
#pragma once

#include "cloud/access.h"
#include "cloud/project_block.h"
#include "cloud/sdn.h"
#include "cloud/world.h"

/* What the words in braces of a grant's path stand for. Each NULL-terminated, or NULL = nothing. */
struct access_scope {
	const char *const *pools;     /* {pool}: of the project first */
	const char *const *templates; /* {templates}: pools, too */
	const char *const *storages, *const *isos;
	const char *const *vnets; /* {vnet}: "zone/vnet", "zone/vnet/tag" */
	const char *const *zones;
};

struct access_task {
	const char *label; /* "consumer csi" */
	const struct access_profile
		*profile;           /* NULL: of a projection, which has one for each role */
	const char *project;        /* NULL = of none */
	const char *userid, *token; /* NULL of a projection */
	const char *realm; /* of a projection: of people without one; NULL: they are left out */
	struct access_scope scope;
	bool absent, regenerate;
	const char *save_to;
};

/* What else is known. */
struct access_facts {
	const struct world *w;               /* of a projection with groups */
	const char *cluster, *stamp, *actor; /* for c, at and by; cluster NULL = no registry yet */
	const char *url;                     /* "https://pve1:8006"; NULL = not known */
	unsigned holder; /* VMID of the VM that holds the project's volumes; 0 = none */
	json_t *sharers; /* storage -> pools of others with disks there; one that is missing was not read */
};

/* "pxc-csi.acme@pve", "pxc-prometheus@pve"; in the arena. */
const char *access_consumer_user(const struct access_profile *p, const char *project,
				 struct pxc_arena *arena);

/* Does it get the right to remove disks that are not its own from the storages it is named? Then sharers are looked for. */
bool access_owns_storages(const struct access_profile *p);

/*
 * Networks as a task names them ("blue" of the project, "zone/vnet") to what {vnet} stands for. names NULL: all of the project's own.
 * err ENOTFOUND, EINVAL: as sdn_network_find(), or there is no such zone or vnet
 */
must_check int access_networks(const struct sdn *sdn, const char *project, const char *const *names,
			       struct pxc_arena *arena, const char *const **ret,
			       struct pxc_err *err);

/*
 * Put into want what these need, or, when they go, all that they had. What others of ours were granted on the same paths is kept, also by
 * an exact task, which for these looks at pools only.
 * err EINVAL: the task does not name what a grant needs, a pool or storage is not there, a privilege is not known to the server, or
 *             the user or token is somebody else's
 */
must_check int access_consumer(const struct access_task *t, const struct access_state *s,
			       const struct access_facts *f, struct pxc_arena *arena,
			       struct access_want *want, struct pxc_err *err);
must_check int access_automation(const struct access_task *t, const struct access_state *s,
				 const struct access_facts *f, struct pxc_arena *arena,
				 struct access_want *want, struct pxc_err *err);
must_check int access_project_token(const struct access_task *t, const struct access_state *s,
				    const struct access_facts *f, struct pxc_arena *arena,
				    struct access_want *want, struct pxc_err *err);
/* block: of the project; NULL when it goes. */
must_check int access_projection(const struct access_task *t, const struct access_state *s,
				 const struct access_facts *f, const struct project_block *block,
				 struct pxc_arena *arena, struct access_want *want,
				 struct pxc_err *err);
