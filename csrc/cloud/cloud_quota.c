/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A default quota below what projects use already takes nothing away; it is only said. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/project_block.h"
#include "cloud/registry_plan.h"
#include "cloud/usage.h"

#define DEFAULT_QUOTA "dq." /* of the registry's keys */
#define NAMED 5             /* so many projects are named */

/* The defaults that the task names; unset where it names none. */
static struct quota named(const struct cloud_spec *s)
{
	struct quota q = quota_unset();
	const char *key;
	json_t *value;

	json_object_foreach (s->keys, key, value) {
		int i = str_starts(key, DEFAULT_QUOTA) ? quota_find(key + strlen(DEFAULT_QUOTA))
						       : -1;

		if (i >= 0 && json_is_string(value))
			q.v[i] = strtoll(json_string_value(value), NULL, 10);
	}
	return q;
}

/* Is there a project in the pool? *ret: its own quota. */
static bool own_quota(const struct world_pool *pool, struct pxc_arena *arena, struct quota *ret)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	struct project_block block;
	struct pxc_err ignored;

	annot_parse(ANNOT_TOKEN, pool->comment, &t);
	if (t.finding != ANNOT_OK ||
	    project_decode(&t.annot, pool->poolid, arena, &block, &ignored) < 0)
		return false;
	*ret = block.quota;
	return true;
}

void cloud_warn_lowered(const struct cloud_spec *s, const struct world *w, struct pxc_plan *plan)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	auto_buf struct pxc_buf who = { .data = NULL };
	struct quota limit = named(s), own, used;
	struct pxc_err err;
	size_t n = 0;
	bool any = false;

	for (int k = QUOTA_INSTANCES; k <= QUOTA_RAM_MB; k++)
		any |= limit.v[k] >= 0;
	for (size_t i = 0; any && i < w->npools; i++) {
		if (!own_quota(&w->pools[i], &arena, &own) ||
		    usage_count(w, w->pools[i].poolid, NULL, &used, &err) < 0)
			continue;
		for (int k = QUOTA_INSTANCES; k <= QUOTA_RAM_MB; k++) {
			if (own.v[k] != QUOTA_UNSET || limit.v[k] < 0 || used.v[k] <= limit.v[k])
				continue;
			if (n++ < NAMED)
				buf_printf(&who, "%s%s (%s %lld > %lld)", who.len ? ", " : "",
					   w->pools[i].poolid, quota_names[k], (long long)used.v[k],
					   (long long)limit.v[k]);
		}
	}
	if (n > NAMED)
		buf_printf(&who, " and %zu more", n - NAMED);
	if (n)
		pxc_plan_warn(
			plan,
			"default_quota: projects use more already: %s; nothing is taken away, "
			"but nothing can be added",
			buf_str(&who));
}
