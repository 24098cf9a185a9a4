/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/affinity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

struct pair {
	const struct affinity_group *group;
	uint32_t vmid;
};

struct pairs {
	struct pxc_arena *arena;
	struct pair *list;
	size_t n, cap;
};

static void add_pair(struct pairs *p, const struct affinity_group *g, unsigned vmid)
{
	if (!g)
		return;
	p->list = arena_grow(p->arena, p->list, p->n, &p->cap, sizeof(*p->list));
	p->list[p->n++] = (struct pair){ g, vmid };
}

static int by_group(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return (x->vmid > y->vmid) - (x->vmid < y->vmid);
}

static int by_pool(const void *a, const void *b)
{
	const struct affinity_group *x = *(const struct affinity_group *const *)a,
				    *y = *(const struct affinity_group *const *)b;
	int r = strcmp(x->poolid, y->poolid);

	return r ? r : strcmp(x->name, y->name);
}

/* Groups of a guest by its tags; order: all groups by pool, then name. */
static void add_tagged(struct pairs *pairs, const struct affinity_group **order, size_t n,
		       const struct world_guest *guest)
{
	const size_t prefix = strlen(AFFINITY_TAG);

	if (guest->container || guest->is_template)
		return;
	for (const char *p = guest->tags; *p; p += *p != '\0') {
		size_t len = strcspn(p, ";, ");

		if (len > prefix && strncasecmp(p, AFFINITY_TAG, prefix) == 0) {
			auto_free char *name = pxc_strndup(p + prefix, len - prefix);
			struct affinity_group key = { .poolid = guest->pool, .name = name };
			const struct affinity_group *k = &key, *const * hit;

			/* PVE may be set to keep the case of tags, and people may write them. */
			for (char *c = name; *c; c++)
				if (*c >= 'A' && *c <= 'Z')
					*c = (char)(*c - 'A' + 'a');
			hit = n ? bsearch(&k, order, n, sizeof(*order), by_pool) : NULL;
			add_pair(pairs, hit ? *hit : NULL, guest->vmid);
		}
		p += len;
	}
}

static int by_vmid(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static void add_known(struct pairs *pairs, const struct affinity *a,
		      const struct affinity_guest *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; known[i].groups && known[i].groups[k]; k++)
			add_pair(pairs, affinity_group(a, known[i].project, known[i].groups[k]),
				 known[i].vmid);
}

static void slice(struct pairs *pairs, const struct affinity *a, struct affinity_members *ret)
{
	uint32_t *vmids = arena_alloc(pairs->arena, (pairs->n + 1) * sizeof(*vmids));

	if (pairs->n)
		qsort(pairs->list, pairs->n, sizeof(*pairs->list), by_group);
	for (size_t i = 0, n = 0; i < pairs->n; i++) {
		struct affinity_members *m = &ret[pairs->list[i].group - a->groups];

		/* A tag may be there twice, in two spellings. */
		if (m->n && m->vmids[m->n - 1] == pairs->list[i].vmid)
			continue;
		if (m->n == 0)
			m->vmids = &vmids[n];
		m->n++;
		vmids[n++] = pairs->list[i].vmid;
	}
}

const struct affinity_members *affinity_members(const struct world *w, const struct affinity *a,
						const struct affinity_guest *known, size_t nknown,
						struct pxc_arena *arena)
{
	struct affinity_members *ret = arena_alloc(arena, (a->ngroups + 1) * sizeof(*ret));
	const struct affinity_group **order =
		arena_alloc(arena, (a->ngroups + 1) * sizeof(struct affinity_group *));
	unsigned *others = arena_alloc(arena, (nknown + 1) * sizeof(*others));
	struct pairs pairs = { .arena = arena };

	for (size_t i = 0; i < a->ngroups; i++)
		order[i] = &a->groups[i];
	for (size_t i = 0; i < nknown; i++)
		others[i] = known[i].vmid;
	qsort(order, a->ngroups, sizeof(*order), by_pool);
	qsort(others, nknown, sizeof(*others), by_vmid);
	for (size_t i = 0; i < w->nguests; i++)
		if (!bsearch(&w->guests[i].vmid, others, nknown, sizeof(*others), by_vmid))
			add_tagged(&pairs, order, a->ngroups, &w->guests[i]);
	add_known(&pairs, a, known, nknown);
	slice(&pairs, a, ret);
	return ret;
}
