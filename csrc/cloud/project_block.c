/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/project_block.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/project_find.h"
#include "cloud/registry.h"

const char *const project_role_names[PROJECT_ROLES] = {
	[ROLE_MANAGER] = "manager",
	[ROLE_MEMBER] = "member",
	[ROLE_READER] = "reader",
};

static const char *const role_keys[PROJECT_ROLES] = {
	[ROLE_MANAGER] = "rm",
	[ROLE_MEMBER] = "rw",
	[ROLE_READER] = "ro",
};

static int word_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *strv_sorted(struct pxc_arena *arena, const char *const *list)
{
	size_t n = 0, unique = 0;
	const char **copy;

	while (list && list[n])
		n++;
	copy = arena_alloc(arena, (n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = list[i];
	qsort(copy, n, sizeof(*copy), word_order);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !str_eq(copy[i], copy[i - 1]))
			copy[unique++] = copy[i];
	copy[unique] = NULL;
	return copy;
}

static void own_id(const char *poolid, char *out, size_t size)
{
	(void)snprintf(out, size, "pool.%s", poolid);
}

int project_decode(const struct annot *a, const char *poolid, struct pxc_arena *arena,
		   struct project_block *ret, struct pxc_err *err)
{
	struct project_block p = { .quota = quota_unset() };
	char id[300];

	own_id(poolid, id, sizeof(id));
	if (!str_eq(annot_get(a, "t"), "project") || !str_eq(annot_get(a, "id"), id))
		return pxc_fail(err, PXC_ENOTFOUND, "pool %s carries no project of its own",
				poolid);
	p.name = arena_strdup(arena, annot_get(a, "n") ? annot_get(a, "n") : poolid);
	p.op = arena_strdup(arena, annot_get(a, "op"));
	p.frozen = str_eq(annot_get(a, "st"), "frozen");
	if (annot_get(a, "ha"))
		p.ha = str_eq(annot_get(a, "ha"), "1") ? HA_ALWAYS : HA_NEVER;
	for (int r = 0; r < PROJECT_ROLES; r++)
		p.roles[r] = strv_split(arena, annot_get(a, role_keys[r]));
	for (int q = 0; q < QUOTA_KEYS; q++) {
		char key[64], *end;
		const char *text;

		(void)snprintf(key, sizeof(key), "q.%s", quota_names[q]);
		text = annot_get(a, key);
		if (!text)
			continue;
		p.quota.v[q] = strtoll(text, &end, 10);
		if (end == text || *end)
			return pxc_fail(err, PXC_EINVAL, "project %s: %s=%s is no number", p.name,
					key, text);
	}
	*ret = p;
	return 0;
}

static void set_list(struct annot *a, const char *key, const char *const *list)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	for (size_t i = 0; list && list[i]; i++)
		buf_printf(&text, "%s%s", i ? "," : "", list[i]);
	annot_set(a, key, text.len ? buf_str(&text) : NULL);
}

void project_encode(const struct project_block *p, const char *poolid, const char *cluster,
		    struct annot *a)
{
	char id[300];

	own_id(poolid, id, sizeof(id));
	annot_set(a, "t", "project");
	annot_set(a, "id", id);
	annot_set(a, "c", cluster);
	annot_set(a, "n", str_eq(p->name, poolid) ? NULL : p->name);
	for (int r = 0; r < PROJECT_ROLES; r++)
		set_list(a, role_keys[r], p->roles[r]);
	for (int q = 0; q < QUOTA_KEYS; q++) {
		char key[64], number[32];

		(void)snprintf(key, sizeof(key), "q.%s", quota_names[q]);
		(void)snprintf(number, sizeof(number), "%lld", (long long)p->quota.v[q]);
		annot_set(a, key, p->quota.v[q] == QUOTA_UNSET ? NULL : number);
	}
	annot_set(a, "ha", p->ha == HA_UNSAID ? NULL : p->ha == HA_ALWAYS ? "1" : "0");
	annot_set(a, "st", p->frozen ? "frozen" : NULL);
	annot_set(a, "op", p->op);
}

enum ha_policy project_ha(const struct world *w, const char *poolid)
{
	const struct world_pool *pool = world_pool(w, poolid);
	auto_annot_text struct annot_text t = { .before = NULL };
	const char *ha;

	if (!pool || !strstr(pool->comment, " ha="))
		return HA_UNSAID;
	annot_parse(ANNOT_TOKEN, pool->comment, &t);
	ha = t.finding == ANNOT_OK ? annot_get(&t.annot, "ha") : NULL;
	return !ha ? HA_UNSAID : str_eq(ha, "1") ? HA_ALWAYS : HA_NEVER;
}

int project_missing(const char *label, const char *project, struct pxc_err *err)
{
	(void)pxc_fail(err, PXC_EINVAL,
		       "%s: there is no project %s: make it with pxc_project first", label,
		       project);
	return pxc_unseen(err, "/pool/%s", project);
}

const char *project_pool(const struct world *w, const char *project)
{
	for (size_t i = 0; i < w->npools; i++) {
		auto_annot_text struct annot_text t = { .before = NULL };
		const char *name;
		char id[300];

		/* Most pools are called like their project: parse only what can be it. */
		if (!strstr(w->pools[i].comment, "[pxc/") ||
		    (!str_eq(w->pools[i].poolid, project) && !strstr(w->pools[i].comment, " n=")))
			continue;
		annot_parse(ANNOT_TOKEN, w->pools[i].comment, &t);
		own_id(w->pools[i].poolid, id, sizeof(id));
		name = annot_get(&t.annot, "n");
		if (t.finding == ANNOT_OK && str_eq(annot_get(&t.annot, "t"), "project") &&
		    str_eq(annot_get(&t.annot, "id"), id) &&
		    str_eq(name ? name : w->pools[i].poolid, project))
			return w->pools[i].poolid;
	}
	return NULL;
}

bool project_of_pool(const struct world *w, const char *poolid)
{
	const struct world_pool *pool = world_pool(w, poolid);
	auto_annot_text struct annot_text t = { .before = NULL };

	annot_parse(ANNOT_TOKEN, pool ? pool->comment : "", &t);
	return t.finding != ANNOT_NONE;
}
