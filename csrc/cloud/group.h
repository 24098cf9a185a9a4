/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * group.h - groups of people: a PVE group without members, "pxc-<name>", with a token in its comment. Pure. Layer: cloud.
 * Keys: t=group, id=group.<groupid>, c, m (its users: a sorted list), r, at, by. Unknown keys survive.
 *
 * Locks are PVE groups, too ("pxc-lock-<name>", see modules/lock.h), and key pairs ("pxc-key.<project>.<name>"), so no group's
 * name begins with "lock-", and none holds a ".".
 */
#pragma once

#include <stdbool.h>

#include "annot/annot.h"
#include "base/arena.h"
#include "cloud/world.h"

#define GROUP_PREFIX "pxc-"

/* The users that an intact token of this group names, NULL-terminated; NULL: it carries none. */
const char *const *group_users(struct pxc_arena *arena, const struct world_group *group);

/* Does the group of people "name" hold the user? false also when w->groups was not read. */
bool group_has(const struct world *w, const char *name, const char *user);
