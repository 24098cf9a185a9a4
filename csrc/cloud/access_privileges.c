/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server knows of the privileges that are wanted of it. */
#include <strings.h>

#include "base/str.h"
#include "cloud/access.h"
#include "cloud/project_block.h"
#include "cloud/registry.h"

const struct access_profile *access_profile(const char *name)
{
	for (const struct access_profile *p = access_profiles; p->name; p++)
		if (str_eq(p->name, name))
			return p;
	return NULL;
}

const char *const *access_known(const struct access_state *s, struct pxc_arena *arena)
{
	size_t i;
	json_t *role;

	json_array_foreach (s->roles, i, role)
		if (str_eq(json_string_value(json_object_get(role, "roleid")), "Administrator"))
			return strv_split(arena,
					  arena_strdup(arena, json_string_value(json_object_get(
								      role, "privs"))));
	return NULL;
}

/* Mistyped, then: another case, or a letter. */
static int unknown(const char *label, const char *priv, const char *const *known,
		   struct pxc_err *err)
{
	const char *like = NULL;
	size_t n = 0;

	for (; known[n]; n++)
		if (!strcasecmp(known[n], priv))
			like = known[n];
	if (!like)
		like = str_nearest(priv, known, n);
	return pxc_fail(err, PXC_EINVAL, "%s: the server does not know the privilege %s%s%s%s",
			label, priv, like ? ": did you mean " : "", like ? like : "",
			like ? "?" : "");
}

int access_check_privileges(const char *label, const char *const *list, const char *const *known,
			    struct pxc_err *err)
{
	const struct access_replacement *r = access_replacements;

	for (size_t i = 0; list[i]; i++) {
		if (strv_has(known, list[i]))
			continue;
		while (r->privilege && !str_eq(r->privilege, list[i]))
			r++;
		if (r->privilege)
			return pxc_fail(err, PXC_EINVAL,
					"%s: the server does not know the privilege %s, which %s",
					label, list[i], r->text);
		return unknown(label, list[i], known, err);
	}
	return 0;
}

int access_privileges(const struct access_profile *p, unsigned major, const char *const *known,
		      struct pxc_arena *arena, const char *const **ret, struct pxc_err *err)
{
	const char *const *more = major < 9 ? p->pve8 : p->pve9;
	size_t n = 0, nmore = 0;
	const char **list;

	while (p->common[n])
		n++;
	while (more[nmore])
		nmore++;
	list = arena_alloc(arena, (n + nmore + 1) * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = p->common[i];
	for (size_t i = 0; i < nmore; i++)
		list[n + i] = more[i];
	if (access_check_privileges(arena_printf(arena, "role %s", p->name), list, known, err) < 0)
		return -1;
	*ret = strv_sorted(arena, list);
	return 0;
}
