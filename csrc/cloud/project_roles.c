/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who has which role in a project. */
#include <stdio.h>

#include "base/str.h"
#include "cloud/group.h"
#include "cloud/policy.h"
#include "cloud/project_parts.h"

#define MOST_NAMES 60 /* a pool's comment is read by everybody, with every list of pools */

/* The role lists after exact, add or remove. */
void project_want_roles(struct project_case *c, struct project_block *want)
{
	const struct project_spec *s = c->spec;

	for (int r = 0; r < PROJECT_ROLES; r++) {
		const char *const *old = want->roles[r];
		const char **list;
		size_t n = 0, m = 0, k = 0;

		if (!s->roles_named[r]) {
			/* "exact" names all people of the project as soon as it names some. */
			continue;
		}
		while (old && old[n])
			n++;
		while (s->roles[r] && s->roles[r][m])
			m++;
		list = arena_alloc(&c->arena, (n + m + 1) * sizeof(*list));
		for (size_t i = 0; s->mode != ROLES_EXACT && i < n; i++)
			if (s->mode == ROLES_ADD || !strv_has(s->roles[r], old[i]))
				list[k++] = old[i];
		for (size_t i = 0; s->mode != ROLES_REMOVE && i < m; i++)
			list[k++] = s->roles[r][i];
		want->roles[r] = strv_sorted(&c->arena, list);
	}
}

static size_t count(const struct project_block *b)
{
	size_t n = 0;

	for (int r = 0; r < PROJECT_ROLES; r++)
		for (size_t i = 0; b->roles[r] && b->roles[r][i]; i++)
			n++;
	return n;
}

static int check_number(const struct project_case *c, const struct project_block *want,
			struct pxc_err *err)
{
	size_t n = count(want);

	/* What was there before may shrink. */
	if (n <= MOST_NAMES || n <= count(&c->have))
		return 0;
	return pxc_fail(
		err, PXC_EINVAL,
		"%s: roles: %zu names, at most %d are kept with a project: make a group of them "
		"(pxc_group) and name that, with @ before it",
		c->spec->label, n, MOST_NAMES);
}

/* Does the group of people hold anybody who is not denied? */
static bool group_works(const struct world *w, const char *name, bool *ret_known)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const char *groupid = arena_printf(&arena, GROUP_PREFIX "%s", name);
	const struct world_group *g = world_group(w, groupid);
	const char *const *users = g ? group_users(&arena, g) : NULL;

	*ret_known = users != NULL;
	for (size_t i = 0; users && users[i]; i++)
		if (!strv_has(w->registry.denied, users[i]))
			return true;
	return false;
}

static bool had(const struct project_case *c, const char *who)
{
	for (int r = 0; r < PROJECT_ROLES; r++)
		if (strv_has(c->have.roles[r], who))
			return true;
	return false;
}

/*
 * Has the group roles, and none where the actor has one? Naming it would show him who is in it, and take it from the manager of
 * the project whose it is, since a group of several is for admins.
 */
static bool is_others(struct project_case *c, const char *name)
{
	struct group_use *uses = NULL;
	size_t n = c->pw->w->tenant ? group_uses(c->pw->w, name, &c->arena, &uses) : 0;

	for (size_t i = 0; i < n; i++)
		if (uses[i].project &&
		    policy_level(c->pw->w, c->batch->actor, uses[i].project) > POLICY_NONE)
			return false;
	return n > 0;
}

/* Somebody who is named for nothing would wait for ever; removing one that has gone is fine. */
static int check_groups(struct project_case *c, struct pxc_err *err)
{
	const struct project_spec *s = c->spec;
	bool known;

	for (int r = 0; r < PROJECT_ROLES && s->mode != ROLES_REMOVE; r++)
		for (size_t i = 0; s->roles[r] && s->roles[r][i]; i++) {
			if (*s->roles[r][i] != '@')
				continue;
			(void)group_works(c->pw->w, s->roles[r][i] + 1, &known);
			if (!known || (!had(c, s->roles[r][i]) && is_others(c, s->roles[r][i] + 1)))
				return pxc_fail(
					err, PXC_EINVAL,
					"%s: roles: there is no group %s: make it with pxc_group first",
					s->label, s->roles[r][i] + 1);
		}
	return 0;
}

static bool has_manager(const struct world *w, const struct project_block *b)
{
	const char *const *list = b->roles[ROLE_MANAGER];
	bool known;

	for (size_t i = 0; list && list[i]; i++)
		if (*list[i] == '@' ? group_works(w, list[i] + 1, &known)
				    : !strv_has(w->registry.denied, list[i]))
			return true;
	return false;
}

int project_check_roles(struct project_case *c, const struct project_block *want,
			struct pxc_err *err)
{
	const struct world *w = c->pw->w;
	bool named = false;

	for (int r = 0; r < PROJECT_ROLES; r++)
		named |= c->spec->roles_named[r];
	if (!named)
		return 0;
	if (check_number(c, want, err) < 0 || check_groups(c, err) < 0)
		return -1;
	if (!w->tenant || !has_manager(w, &c->have) || has_manager(w, want))
		return 0;
	(void)pxc_fail(
		err, PXC_EDENIED,
		"policy: %s would have no manager left: an admin of the cloud may do that, or name "
		"another manager first",
		c->spec->label);
	err->http = 403;
	return -1;
}
