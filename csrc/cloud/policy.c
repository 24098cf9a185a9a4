/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/group.h"
#include "cloud/project_block.h"
#include "cloud/project_find.h"

#define FORBIDDEN 403
#define LOOK_BACK 32
#define PROJECT "project {project}" /* tables_policy.c sees to it that it stands like this */

const char *const policy_level_names[] = {
	[POLICY_NONE] = "anybody",    [POLICY_READER] = "reader", [POLICY_MEMBER] = "member",
	[POLICY_MANAGER] = "manager", [POLICY_ADMIN] = "admin",   NULL
};

static const struct {
	enum project_role role;
	enum policy_level level;
} best_first[] = {
	{ ROLE_MANAGER, POLICY_MANAGER },
	{ ROLE_MEMBER, POLICY_MEMBER },
	{ ROLE_READER, POLICY_READER },
};

const struct policy_action *policy_action(const char *name)
{
	for (size_t i = 0; policy_actions[i].name; i++)
		if (str_eq(policy_actions[i].name, name))
			return &policy_actions[i];
	return NULL;
}

/* Of an ask, whose action is in the table. */
static const struct policy_action *action_of(const struct policy_ask *ask)
{
	const struct policy_action *action = policy_action(ask->action);

	if (!action)
		abort();
	return action;
}

/* Objects of a batch mostly ask for the same, one like the other: further back it costs more to find than to decide. */
static bool asked_before(const struct policy_asks *asks, const char *action, const char *project)
{
	for (size_t i = asks->n; i > 0 && i + LOOK_BACK > asks->n; i--)
		if (str_eq(asks->list[i - 1].action, action) &&
		    str_eq(asks->list[i - 1].project, project))
			return true;
	return false;
}

void policy_ask(struct policy_asks *asks, const char *action, const char *project,
		const char *label)
{
	bool again = asked_before(asks, action, project);
	struct policy_ask *ask;

	asks->list = arena_grow(asks->arena, asks->list, asks->n, &asks->cap, sizeof(*ask));
	ask = &asks->list[asks->n++];
	*ask = (struct policy_ask){ action, project, label, again };
	(void)action_of(ask);
}

/* Is the actor in the list, or in a group that is? Nobody is a group, whatever he calls himself. */
static bool names(const struct world *w, const char *const *list, const char *actor)
{
	for (size_t i = 0; list && list[i]; i++)
		if (*list[i] == '@' ? group_has(w, list[i] + 1, actor) : str_eq(list[i], actor))
			return true;
	return false;
}

static bool names_groups(const char *const *list)
{
	for (size_t i = 0; list && list[i]; i++)
		if (*list[i] == '@')
			return true;
	return false;
}

/* The block of an intact token. false: there is none, so there is no project. */
static bool read_block(struct pxc_arena *arena, const struct world_pool *pool,
		       struct project_block *ret)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	struct pxc_err ignored;

	annot_parse(ANNOT_TOKEN, pool ? pool->comment : "", &t);
	return t.finding == ANNOT_OK &&
	       project_decode(&t.annot, pool->poolid, arena, ret, &ignored) == 0;
}

static const struct world_pool *pool_of(const struct world *w, const char *project)
{
	const char *poolid = project ? project_pool(w, project) : NULL;

	return poolid ? world_pool(w, poolid) : NULL;
}

bool policy_denied(const struct world *w, const char *actor)
{
	return strv_has(w->registry.denied, actor);
}

/* Somebody must name the first. */
static bool is_admin(const struct world *w, const char *actor)
{
	const char *const *admins = w->registry.admins;

	return !admins || !admins[0] || names(w, admins, actor);
}

enum policy_level policy_pool_level(const struct world *w, const char *actor,
				    const struct world_pool *pool)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct project_block b;

	if (policy_denied(w, actor))
		return POLICY_NONE;
	if (is_admin(w, actor))
		return POLICY_ADMIN;
	if (!read_block(&arena, pool, &b))
		return POLICY_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(best_first); i++)
		if (names(w, b.roles[best_first[i].role], actor))
			return best_first[i].level;
	return POLICY_NONE;
}

enum policy_level policy_level(const struct world *w, const char *actor, const char *project)
{
	return policy_pool_level(w, actor, pool_of(w, project));
}

bool policy_frozen(const struct world *w, const char *project)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct project_block b;

	return read_block(&arena, pool_of(w, project), &b) && b.frozen;
}

/* Do roles of the project go to groups? */
static bool groups_matter(const struct world *w, const char *project)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct project_block b;

	if (!read_block(&arena, pool_of(w, project), &b))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(best_first); i++)
		if (names_groups(b.roles[best_first[i].role]))
			return true;
	return false;
}

bool policy_wants_groups(const struct world *w, const char *actor, const struct policy_asks *asks)
{
	if (w->groups || policy_denied(w, actor))
		return false;
	if (names_groups(w->registry.admins) && !is_admin(w, actor))
		return true;
	/* Groups only add to what somebody has. */
	for (size_t i = 0; i < asks->n; i++) {
		const struct policy_ask *ask = &asks->list[i];

		if (!ask->again && policy_level(w, actor, ask->project) < action_of(ask)->needs &&
		    groups_matter(w, ask->project))
			return true;
	}
	return false;
}

int policy_refuse_frozen(const char *project, struct pxc_err *err)
{
	(void)pxc_fail(
		err, PXC_EDENIED,
		"policy: project %s is frozen: nothing in it is changed, not by admins either; an admin "
		"of the cloud unfreezes it by a task of pxc_project that names state: present",
		project);
	err->http = FORBIDDEN;
	return -1;
}

static void add_text(struct pxc_buf *out, const char *text, const char *project)
{
	const char *place = strstr(text, PROJECT);

	if (!place) {
		buf_adds(out, text);
		return;
	}
	buf_add(out, text, (size_t)(place - text));
	buf_printf(out, "%s%s%s", project ? "project " : "any project", project ? project : "",
		   place + strlen(PROJECT));
}

static void add_why(struct pxc_buf *out, const struct world *w, const char *actor,
		    const struct policy_ask *ask, enum policy_level level)
{
	enum policy_level needs = action_of(ask)->needs;

	if (policy_denied(w, actor))
		buf_printf(out, "the cloud's deny list names %s", actor);
	else if (needs == POLICY_ADMIN)
		buf_adds(out, "that takes an admin of the cloud");
	else
		buf_printf(out, "that takes the role %s there", policy_level_names[needs]);
	/* The same whether there is such a project or not: nobody learns from it what others have. */
	if (ask->project && level == POLICY_NONE)
		buf_printf(out, ", and there is no project %s in which %s has a role", ask->project,
			   actor);
	if (ask->label)
		buf_printf(out, " (%s)", ask->label);
}

static int refuse(const struct world *w, const char *actor, const struct policy_ask *ask,
		  enum policy_level level, struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	if (!actor || !*actor)
		actor = "nobody";
	buf_printf(&text, "policy: %s (%s%s) may not ", actor, level ? "role " : "no ",
		   level          ? policy_level_names[level]
		   : ask->project ? "role"
				  : "admin");
	add_text(&text, action_of(ask)->text, ask->project);
	buf_adds(&text, ": ");
	add_why(&text, w, actor, ask, level);
	(void)pxc_fail(err, PXC_EDENIED, "%s", buf_str(&text));
	err->http = FORBIDDEN;
	return -1;
}

int policy_check(const struct world *w, const char *actor, const struct policy_asks *asks,
		 struct pxc_err *err)
{
	for (size_t i = 0; i < asks->n; i++) {
		const struct policy_ask *ask = &asks->list[i];
		const struct policy_action *action = action_of(ask);
		enum policy_level level;

		if (ask->again)
			continue;
		level = policy_level(w, actor, ask->project);
		if (policy_denied(w, actor) || level < action->needs)
			return refuse(w, actor, ask, level, err);
		if (action->changes && ask->project && policy_frozen(w, ask->project))
			return policy_refuse_frozen(ask->project, err);
	}
	return 0;
}
