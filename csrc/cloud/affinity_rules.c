/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What schedulers have to follow, of HA rules and affinity groups together. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/affinity.h"
#include "cloud/affinity_rule.h"

/* A set of nodes, whoever says so. */
struct site {
	const char *title;
	bool strict;
	const struct ha_rule_node *nodes;
	size_t nnodes;
};

struct bind {
	unsigned vmid;
	size_t site;
};

struct gather {
	const struct world *w;
	const struct ha *ha;
	const struct affinity *groups;
	struct pxc_arena *arena;
	struct affinity_rules *ret;
	size_t rules_cap;
	struct site *sites;
	size_t nsites, sites_cap;
	struct bind *binds;
	size_t nbinds, binds_cap;
};

static void add_rule(struct gather *g, struct bal_rule rule)
{
	if (rule.nmembers < 2)
		return;
	g->ret->rules =
		arena_grow(g->arena, g->ret->rules, g->ret->nrules, &g->rules_cap, sizeof(rule));
	g->ret->rules[g->ret->nrules++] = rule;
}

static void add_site(struct gather *g, struct site site, const uint32_t *vmids, size_t n)
{
	g->sites = arena_grow(g->arena, g->sites, g->nsites, &g->sites_cap, sizeof(site));
	for (size_t i = 0; i < n; i++) {
		g->binds =
			arena_grow(g->arena, g->binds, g->nbinds, &g->binds_cap, sizeof(*g->binds));
		g->binds[g->nbinds++] = (struct bind){ vmids[i], g->nsites };
	}
	g->sites[g->nsites++] = site;
}

static void add_ha_rule(struct gather *g, const struct ha_rule *r)
{
	if (r->disabled || r->problem || affinity_projected(g->groups, r))
		return;
	if (r->type != HA_NODES) {
		add_rule(g, (struct bal_rule){
				    .name = r->name,
				    .type = r->type == HA_APART ? BAL_APART : BAL_TOGETHER,
				    .hard = true,
				    .members = r->vmids,
				    .nmembers = r->nvmids,
			    });
		return;
	}
	add_site(g,
		 (struct site){ .title = arena_printf(g->arena, "HA rule %s", r->name),
				.strict = r->strict,
				.nodes = r->nodes,
				.nnodes = r->nnodes },
		 r->vmids, r->nvmids);
}

static void add_group(struct gather *g, const struct affinity_group *group,
		      const struct affinity_members *m)
{
	bool apart = group->policy == AFFINITY_APART || group->policy == AFFINITY_SOFT_APART;

	if (affinity_sites(group->policy))
		add_site(g,
			 (struct site){ .title = arena_printf(g->arena, "group %s", group->title),
					.strict = affinity_hard(group->policy),
					.nodes = group->nodes,
					.nnodes = group->nnodes },
			 m->vmids, m->n);
	else
		add_rule(g, (struct bal_rule){ .name = group->title,
					       .type = apart ? BAL_APART : BAL_TOGETHER,
					       .hard = affinity_hard(group->policy),
					       .members = m->vmids,
					       .nmembers = m->n });
}

static int by_vmid(const void *a, const void *b)
{
	const struct bind *x = a, *y = b;

	if (x->vmid != y->vmid)
		return x->vmid < y->vmid ? -1 : 1;
	return (x->site > y->site) - (x->site < y->site);
}

static const struct ha_rule_node *listed(const struct site *s, const char *node)
{
	for (size_t i = 0; i < s->nnodes; i++)
		if (str_eq(s->nodes[i].name, node))
			return &s->nodes[i];
	return NULL;
}

/* The sets that one guest is in; candidates: names of nodes that are left. */
struct sets {
	struct gather *g;
	const struct bind *binds;
	size_t n;
	const char **left;
	size_t nleft;
};

static const struct site *site_of(const struct sets *s, size_t i)
{
	return &s->g->sites[s->binds[i].site];
}

static bool is_there(const struct gather *g, const char *node)
{
	const struct world_node *n = world_node(g->w, node);

	return n && n->online && !(g->ha && ha_in_maintenance(g->ha, node));
}

static void keep_listed(struct sets *s, const struct site *site)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nleft; i++)
		if (listed(site, s->left[i]))
			s->left[n++] = s->left[i];
	s->nleft = n;
}

/* Of those left, the ones that the set likes best among those that are there; where none is there, all stay. */
static bool keep_best(struct sets *s, const struct site *site)
{
	int best = -1;
	size_t n = 0;

	for (size_t i = 0; i < s->nleft; i++) {
		const struct ha_rule_node *node = listed(site, s->left[i]);

		if (node && node->priority > best && is_there(s->g, s->left[i]))
			best = node->priority;
	}
	for (size_t i = 0; best >= 0 && i < s->nleft; i++) {
		const struct ha_rule_node *node = listed(site, s->left[i]);

		if (node && node->priority == best && is_there(s->g, s->left[i]))
			s->left[n++] = s->left[i];
	}
	if (best >= 0)
		s->nleft = n;
	return best >= 0;
}

static int nowhere(const struct sets *s, struct pxc_err *err)
{
	auto_buf struct pxc_buf why = { .data = NULL };

	for (size_t i = 0; i < s->n; i++) {
		const struct site *site = site_of(s, i);

		if (!site->strict)
			continue;
		buf_printf(&why, "%s%s allows ", why.len ? ", " : "", site->title);
		for (size_t k = 0; k < site->nnodes; k++)
			buf_printf(&why, "%s%s",
				   k == 0                 ? ""
				   : k + 1 < site->nnodes ? ", "
							  : " and ",
				   site->nodes[k].name);
	}
	return pxc_fail(err, PXC_EINVAL, "VM %u can be nowhere: %s", s->binds[0].vmid,
			buf_str(&why));
}

static const char *titles(const struct sets *s)
{
	auto_buf struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < s->n; i++)
		buf_printf(&out, "%s%s",
			   i == 0         ? ""
			   : i + 1 < s->n ? ", "
					  : " and ",
			   site_of(s, i)->title);
	return arena_strdup(s->g->arena, buf_str(&out));
}

static const char *const *snapshot(const struct sets *s)
{
	const char **copy = arena_alloc(s->g->arena, (s->nleft + 1) * sizeof(*copy));

	memcpy(copy, s->left, s->nleft * sizeof(*copy));
	return copy;
}

/* First what must be, which no priority may narrow; then what should be. ret->nnodes 0: nothing binds. */
static int intersect(struct sets *s, struct affinity_bound *ret, struct pxc_err *err)
{
	bool strict = false, binds = false;

	s->left = arena_alloc(s->g->arena, (s->g->w->nnodes + 1) * sizeof(*s->left));
	for (size_t i = 0; i < s->g->w->nnodes; i++)
		s->left[s->nleft++] = s->g->w->nodes[i].name;
	for (size_t i = 0; i < s->n; i++)
		if (site_of(s, i)->strict) {
			keep_listed(s, site_of(s, i));
			strict = true;
		}
	if (s->nleft == 0)
		return nowhere(s, err);
	if (strict) {
		ret->must = snapshot(s);
		ret->nmust = s->nleft;
	}
	for (size_t i = 0; i < s->n; i++)
		binds |= keep_best(s, site_of(s, i));
	ret->nodes = ret->must;
	ret->nnodes = ret->nmust;
	if (binds && s->nleft != ret->nmust) {
		ret->nodes = snapshot(s);
		ret->nnodes = s->nleft;
	}
	ret->rule = titles(s);
	return 0;
}

/* Is the guest whose sets begin at bind a in the same ones as that at b? */
static bool same_sets(const struct gather *g, size_t a, size_t b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a + i >= g->nbinds || g->binds[a + i].vmid != g->binds[a].vmid ||
		    g->binds[a + i].site != g->binds[b + i].site)
			return false;
	return a + n >= g->nbinds || g->binds[a + n].vmid != g->binds[a].vmid;
}

static int bind_all(struct gather *g, struct pxc_err *err)
{
	struct affinity_rules *ret = g->ret;
	struct affinity_bound *kinds = arena_alloc(g->arena, (g->nbinds + 1) * sizeof(*kinds));
	size_t *first = arena_alloc(g->arena, (g->nbinds + 1) * sizeof(*first)), nkinds = 0;

	ret->bounds = arena_alloc(g->arena, (g->nbinds + 1) * sizeof(*ret->bounds));
	for (size_t i = 0, n; i < g->nbinds; i += n) {
		size_t k = 0;

		for (n = 1; i + n < g->nbinds && g->binds[i + n].vmid == g->binds[i].vmid;)
			n++;
		while (k < nkinds && !same_sets(g, first[k], i, n))
			k++;
		if (k == nkinds) {
			struct sets s = { .g = g, .binds = &g->binds[i], .n = n };

			if (intersect(&s, &kinds[k], err) < 0)
				return -1;
			first[nkinds++] = i;
		}
		if (kinds[k].nnodes == 0)
			continue;
		ret->bounds[ret->nbounds] = kinds[k];
		ret->bounds[ret->nbounds++].vmid = g->binds[i].vmid;
	}
	return 0;
}

int affinity_rules(const struct world *w, const struct ha *ha, const struct affinity *groups,
		   const struct affinity_guest *known, size_t nknown, struct pxc_arena *arena,
		   struct affinity_rules *ret, struct pxc_err *err)
{
	struct gather g = { .w = w, .ha = ha, .groups = groups, .arena = arena, .ret = ret };
	const struct affinity_members *members = affinity_members(w, groups, known, nknown, arena);

	*ret = (struct affinity_rules){ .rules = NULL };
	for (size_t i = 0; ha && i < ha->nrules; i++)
		add_ha_rule(&g, &ha->rules[i]);
	for (size_t i = 0; i < groups->ngroups; i++)
		add_group(&g, &groups->groups[i], &members[i]);
	if (g.nbinds)
		qsort(g.binds, g.nbinds, sizeof(*g.binds), by_vmid);
	return bind_all(&g, err);
}
