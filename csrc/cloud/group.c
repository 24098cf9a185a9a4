/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/group.h"

#include <stdio.h>

#include "base/str.h"

const char *const *group_users(struct pxc_arena *arena, const struct world_group *group)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	char id[300];

	annot_parse(ANNOT_TOKEN, group->comment, &t);
	(void)snprintf(id, sizeof(id), "group.%s", group->groupid);
	if (t.finding != ANNOT_OK || !str_eq(annot_get(&t.annot, "t"), "group") ||
	    !str_eq(annot_get(&t.annot, "id"), id))
		return NULL;
	return strv_split(arena, arena_strdup(arena, annot_get(&t.annot, "m")));
}

bool group_has(const struct world *w, const char *name, const char *user)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	char groupid[300];
	const struct world_group *g;

	(void)snprintf(groupid, sizeof(groupid), GROUP_PREFIX "%s", name);
	g = world_group(w, groupid);
	return g && strv_has(group_users(&arena, g), user);
}
