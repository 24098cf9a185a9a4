/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may everything in the cloud, and who may nothing. */
#include <string.h>

#include "base/str.h"
#include "cloud/group.h"
#include "cloud/registry_plan.h"

/* Is there anybody in the group who is not denied? false, and err, when there is no such group. */
static int look_group(const struct world *w, const char *name, const char *const *denied,
		      bool *ret_works, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *groupid = arena_printf(&arena, GROUP_PREFIX "%s", name);
	const struct world_group *g = world_group(w, groupid);
	const char *const *users = g ? group_users(&arena, g) : NULL;

	if (!users)
		return pxc_fail(err, PXC_EINVAL,
				"admins: there is no group %s: make it with pxc_group first", name);
	for (size_t i = 0; users[i]; i++)
		*ret_works |= !strv_has(denied, users[i]);
	return 0;
}

int cloud_want_admins(const struct cloud_spec *s, const struct world *w, struct annot *block,
		      struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	bool named = json_object_get(s->keys, "adm") || json_object_get(s->keys, "deny");
	const char *const *admins, *const *denied;
	bool works = false;

	if (w->notes.finding != ANNOT_OK && !annot_get(block, "adm"))
		annot_set(block, "adm", s->actor);
	else if (!named)
		return 0;
	admins = strv_split(&arena, annot_get(block, "adm"));
	denied = strv_split(&arena, annot_get(block, "deny"));
	for (size_t i = 0; admins[i]; i++)
		if (*admins[i] != '@')
			works |= !strv_has(denied, admins[i]);
		else if (look_group(w, admins[i] + 1, denied, &works, err) < 0)
			return -1;
	/* Without a list everybody is an admin, as before. */
	if (works || (!admins[0] && !annot_get(&w->notes.annot, "adm")))
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"admins: nobody would be left who is an admin of the cloud: name one who is not "
		"denied, or a group that holds one");
}
