/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/usage.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/units.h"
#include "cloud/holder.h"
#include "cloud/project_block.h"

int usage_limit(const struct world *w, const char *pool, struct quota *ret, struct pxc_err *err)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_arena struct pxc_arena arena = { .head = NULL };
	const struct world_pool *p = world_pool(w, pool);
	struct project_block block;

	annot_parse(ANNOT_TOKEN, p ? p->comment : "", &t);
	if (t.finding != ANNOT_OK)
		return pxc_fail(err, PXC_EINVAL, "the annotation of pool %s cannot be read: %s",
				pool, *t.problem ? t.problem : "there is none");
	if (project_decode(&t.annot, pool, &arena, &block, err) < 0)
		return -1;
	*ret = quota_effective(&block.quota, &w->registry.default_quota);
	return 0;
}

static bool matters(const struct usage_want *want)
{
	const struct quota *limit = want ? want->limit : NULL, *asked = want ? want->asked : NULL;

	if (!limit || !asked || want->ignore_unknown)
		return false;
	return (limit->v[QUOTA_CORES] >= 0 && asked->v[QUOTA_CORES] > 0) ||
	       (limit->v[QUOTA_RAM_MB] >= 0 && asked->v[QUOTA_RAM_MB] > 0);
}

static int by_vmid(const void *key, const void *size)
{
	unsigned a = *(const unsigned *)key, b = ((const struct usage_size *)size)->vmid;

	return (a > b) - (a < b);
}

static const struct usage_size *size_of(const struct usage_want *want, unsigned vmid)
{
	if (!want || !want->nsizes)
		return NULL;
	return bsearch(&vmid, want->sizes, want->nsizes, sizeof(*want->sizes), by_vmid);
}

int usage_count(const struct world *w, const char *pool, const struct usage_want *want,
		struct quota *ret, struct pxc_err *err)
{
	struct quota q = { { 0 } };

	for (size_t i = 0; i < w->nguests; i++) {
		const struct world_guest *g = &w->guests[i];
		const struct usage_size *size;

		if (!str_eq(g->pool, pool) || g->is_template || holder_looks(w, g))
			continue;
		size = size_of(want, g->vmid);
		if (!size && g->memory_bytes == 0 && matters(want))
			return pxc_fail(
				err, PXC_EINVAL,
				"quota: cannot be counted: the size of guest %u on %s is not known "
				"(is the node offline?)",
				g->vmid, g->node);
		q.v[QUOTA_INSTANCES]++;
		q.v[QUOTA_CORES] += size ? size->cores : (int64_t)g->cpus;
		q.v[QUOTA_RAM_MB] += size ? size->ram_mb : (int64_t)(g->memory_bytes / MIB);
	}
	*ret = q;
	return 0;
}
