/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * group.h - groups of people: a PVE group without members, "pxc-<name>", with a token in its comment. Pure. Layer: cloud.
 * Keys: t=group, id=group.<groupid>, c, m (its users: a sorted list), r, at, by. Unknown keys survive.
 *
 * Locks are PVE groups, too ("pxc-lock-<name>", see modules/lock.h), and key pairs ("pxc-key.<project>.<name>"), so no group's
 * name begins with "lock-", and none holds a ".". (api: the id of a PVE group is of A-Za-z0-9._- and as long as one likes, its comment
 * any text; both stand in user.cfg)
 */
#pragma once

#include <stdbool.h>

#include "annot/annot.h"
#include "base/arena.h"
#include "cloud/plan.h"
#include "cloud/project_block.h"
#include "cloud/world.h"

#define GROUP_PREFIX "pxc-"
#define GROUP_LOCKS "lock-" /* no group's name begins so */

#define GROUP_MAX_COMMENT (32u << 10) /* bytes of one comment; some 2000 users */
/*
 * Bytes that the comments of all our groups may take in PVE's file of users, groups, pools and permissions (user.cfg), which ends at
 * 1 MiB.
 */
#define GROUPS_MAX_TEXT (512u << 10)

/* The users that an intact token of this group names, NULL-terminated; NULL: it carries none. */
const char *const *group_users(struct pxc_arena *arena, const struct world_group *group);

/* Does the group of people "name" hold the user? false also when w->groups was not read. */
bool group_has(const struct world *w, const char *name, const char *user);

/* The name of the group of people that a PVE group is, borrowed from its id; NULL: by its id it is none. */
const char *group_name(const struct world_group *group);

/* Is this the token of that very PVE group ("group", "keypair"), and not one copied from another? */
bool group_owns(const struct annot *a, const char *kind, const char *groupid);

/* What people wrote, without the token and the blanks behind it. New string. */
char *group_text(const struct annot_text *t);

/* A role that a group has. */
struct group_use {
	const char *project; /* NULL = of the cloud */
	int role;            /* enum project_role, or PROJECT_ROLES: an admin of the cloud */
};

/* All roles of the group of that name, in the arena. Damaged tokens count, too. Returns how many. */
size_t group_uses(const struct world *w, const char *name, struct pxc_arena *arena,
		  struct group_use **ret);

/* A group as results show it; NULL when it is none of people. New reference. */
json_t *group_item(const struct world *w, const struct world_group *group);

/*
 * Would the comments of all our groups outgrow GROUPS_MAX_TEXT? Of every plan the steps that write one count: args hold "groupid", and
 * "comment" or no comment when it goes. err EINVAL names the figure. Plans that shrink them are never refused.
 */
must_check int groups_room(const struct world *w, const struct pxc_plans *plans,
			   struct pxc_err *err);

/* --- pxc_group --------------------------------------------------------------------------------------------- */

enum group_op { GROUP_CREATE, GROUP_WRITE, GROUP_DELETE, GROUP_OPS };

enum users_mode { USERS_EXACT, USERS_ADD, USERS_REMOVE };

struct group_spec {
	const char *label; /* "group ops" */
	const char *name, *groupid;
	bool absent, adopt, reseal;
	const char *description;  /* NULL = untouched */
	const char *const *users; /* NULL = untouched */
	enum users_mode mode;
};

struct group_batch {
	struct group_spec *specs;
	size_t nspecs;
	const char *stamp, *actor;
};

/* w: with groups. */
must_check int group_plan(const struct group_batch *batch, const struct world *w,
			  struct pxc_plans *ret, struct pxc_err *err);
