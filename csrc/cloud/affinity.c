/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/affinity.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/project_block.h"

#define KEY "ag."         /* of a project's token, and the group's name */
#define KEY_TEXT "agd."   /* its description */
#define MAX_PRIORITY 1000 /* PVE takes any number; more is a slip */

const char *const affinity_policy_names[AFFINITY_POLICIES] = {
	[AFFINITY_APART] = "anti-affinity",
	[AFFINITY_TOGETHER] = "affinity",
	[AFFINITY_SOFT_APART] = "soft-anti-affinity",
	[AFFINITY_SOFT_TOGETHER] = "soft-affinity",
	[AFFINITY_NODES] = "nodes",
	[AFFINITY_SOFT_NODES] = "soft-nodes",
};

bool affinity_hard(enum affinity_policy p)
{
	return p == AFFINITY_APART || p == AFFINITY_TOGETHER || p == AFFINITY_NODES;
}

bool affinity_sites(enum affinity_policy p)
{
	return p == AFFINITY_NODES || p == AFFINITY_SOFT_NODES;
}

static bool read_policy(const char *word, enum affinity_policy *ret)
{
	for (int p = 0; p < AFFINITY_POLICIES; p++)
		if (str_eq(word, affinity_policy_names[p])) {
			*ret = (enum affinity_policy)p;
			return true;
		}
	return false;
}

/* "pve1/2", "pve1" */
static bool read_node(const char *item, struct pxc_arena *arena, struct ha_rule_node *ret)
{
	size_t len = strcspn(item, "/");
	char *end = NULL;
	long priority = item[len] ? strtol(item + len + 1, &end, 10) : 0;

	if (len == 0 || (item[len] && (end == item + len + 1 || *end)) || priority < 0 ||
	    priority > MAX_PRIORITY)
		return false;
	*ret = (struct ha_rule_node){ .name = arena_strndup(arena, item, len),
				      .priority = (int)priority };
	return true;
}

/* What is wrong with it; NULL = it is read. */
static const char *read_group(const char *value, struct pxc_arena *arena, struct affinity_group *g)
{
	const char *const *items = strv_split(arena, value);
	struct ha_rule_node *nodes;
	size_t n = 0;

	while (items[n])
		n++;
	if (n == 0 || !read_policy(items[0], &g->policy))
		return "its policy is not known: a newer pxcloud.pve may know it";
	if (affinity_sites(g->policy) != (n > 1))
		return n > 1 ? "its policy takes no nodes" : "it has no nodes";
	nodes = arena_alloc(arena, n * sizeof(*nodes));
	for (size_t i = 1; i < n; i++)
		if (!read_node(items[i], arena, &nodes[g->nnodes++]))
			return "its nodes cannot be read";
	g->nodes = nodes;
	return NULL;
}

static void add_groups(const struct world_pool *pool, const struct annot *a,
		       struct pxc_arena *arena, json_t *warnings, struct affinity *ret, size_t *cap)
{
	struct project_block block;
	struct pxc_err err;

	if (project_decode(a, pool->poolid, arena, &block, &err) < 0)
		return;
	for (size_t i = 0; i < a->npairs; i++) {
		struct affinity_group g = { .project = block.name, .poolid = pool->poolid };
		const char *problem, *name = a->pairs[i].key + strlen(KEY);
		auto_free char *text = NULL;

		if (!str_starts(a->pairs[i].key, KEY))
			continue;
		g.name = arena_strdup(arena, name);
		g.title = arena_printf(arena, "%s/%s", g.project, name);
		problem = read_group(a->pairs[i].value, arena, &g);
		if (problem) {
			(void)json_array_append_new(
				warnings, json_sprintf("affinity group %s is left out: %s", g.title,
						       problem));
			continue;
		}
		text = pxc_printf(KEY_TEXT "%s", name);
		g.description = arena_strdup(arena, annot_get(a, text) ? annot_get(a, text) : "");
		ret->groups = arena_grow(arena, ret->groups, ret->ngroups, cap, sizeof(g));
		ret->groups[ret->ngroups++] = g;
	}
}

static int by_project(const void *a, const void *b)
{
	const struct affinity_group *x = a, *y = b;
	int r = strcmp(x->project, y->project);

	return r ? r : strcmp(x->name, y->name);
}

int64_t affinity_count(const struct annot *project)
{
	int64_t n = 0;

	for (size_t i = 0; i < project->npairs; i++)
		n += str_starts(project->pairs[i].key, KEY);
	return n;
}

void affinity_decode(const struct world *w, struct pxc_arena *arena, json_t *warnings,
		     struct affinity *ret)
{
	size_t cap = 0;

	*ret = (struct affinity){ .groups = NULL };
	for (size_t i = 0; i < w->npools; i++) {
		auto_annot_text struct annot_text t = { .before = NULL };

		/* Most pools have none: parse only what can have some. */
		if (!strstr(w->pools[i].comment, " " KEY))
			continue;
		annot_parse(ANNOT_TOKEN, w->pools[i].comment, &t);
		if (t.finding == ANNOT_OK)
			add_groups(&w->pools[i], &t.annot, arena, warnings, ret, &cap);
		else if (t.finding != ANNOT_NONE)
			(void)json_array_append_new(
				warnings,
				json_sprintf(
					"affinity groups of pool %s are left out: its annotation "
					"is damaged (%s)",
					w->pools[i].poolid, t.problem));
	}
	if (ret->ngroups)
		qsort(ret->groups, ret->ngroups, sizeof(*ret->groups), by_project);
}

void affinity_encode(const struct affinity_group *g, struct annot *a)
{
	auto_free char *key = pxc_printf(KEY "%s", g->name);
	auto_free char *text_key = pxc_printf(KEY_TEXT "%s", g->name);
	auto_buf struct pxc_buf value = { .data = NULL };

	buf_adds(&value, affinity_policy_names[g->policy]);
	for (size_t i = 0; i < g->nnodes; i++) {
		buf_printf(&value, ",%s", g->nodes[i].name);
		if (g->nodes[i].priority)
			buf_printf(&value, "/%d", g->nodes[i].priority);
	}
	annot_set(a, key, buf_str(&value));
	annot_set(a, text_key, *g->description ? g->description : NULL);
}

void affinity_erase(const char *name, struct annot *a)
{
	auto_free char *key = pxc_printf(KEY "%s", name);
	auto_free char *text_key = pxc_printf(KEY_TEXT "%s", name);

	annot_set(a, key, NULL);
	annot_set(a, text_key, NULL);
}

const struct affinity_group *affinity_group(const struct affinity *a, const char *project,
					    const char *name)
{
	struct affinity_group key = { .project = project, .name = name };

	return a->ngroups ? bsearch(&key, a->groups, a->ngroups, sizeof(key), by_project) : NULL;
}

const char *affinity_names(const struct affinity *a, const char *project, struct pxc_arena *arena)
{
	auto_buf struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < a->ngroups; i++)
		if (str_eq(a->groups[i].project, project))
			buf_printf(&out, "%s%s", out.len ? ", " : "there are ", a->groups[i].name);
	return out.len ? arena_strdup(arena, buf_str(&out)) : "it has none";
}

bool affinity_has(const struct affinity_group *g, const struct world_guest *guest)
{
	auto_free char *tag = NULL;

	if (guest->container || guest->is_template || !str_eq(guest->pool, g->poolid))
		return false;
	tag = pxc_printf(AFFINITY_TAG "%s", g->name);
	return world_has_tag(guest->tags, tag);
}
