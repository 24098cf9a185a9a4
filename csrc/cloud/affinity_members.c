/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is in which group: by tags, or by what is known better. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity.h"

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
