/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The groups that there will be, of those that there are and what the task says of some. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity_parts.h"
#include "cloud/project_find.h"

static bool same_nodes(const struct affinity_group *a, const struct affinity_group *b)
{
	if (a->nnodes != b->nnodes)
		return false;
	for (size_t i = 0; i < a->nnodes; i++)
		if (!str_eq(a->nodes[i].name, b->nodes[i].name) ||
		    a->nodes[i].priority != b->nodes[i].priority)
			return false;
	return true;
}

bool affinity_same(const struct affinity_group *a, const struct affinity_group *b)
{
	return a->policy == b->policy && same_nodes(a, b) && str_eq(a->description, b->description);
}

/* A group of a newer writer is there, though it cannot be read. */
static int refuse_unknown(const struct affinity_run *run, const struct affinity_spec *s,
			  const char *poolid, struct pxc_err *err)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_free char *key = pxc_printf("ag.%s", s->name);

	annot_parse(ANNOT_TOKEN, world_pool(run->aw->w, poolid)->comment, &t);
	if (!annot_get(&t.annot, key) || affinity_group(&run->have, s->project, s->name))
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"%s: it is there, but what it says cannot be read (%s): use a newer "
			"pxcloud.pve",
			s->label, annot_get(&t.annot, key));
}

static int check_nodes(const struct affinity_run *run, const struct affinity_spec *s,
		       const struct affinity_group *g, struct pxc_err *err)
{
	if (affinity_sites(g->policy) && g->nnodes == 0)
		return pxc_fail(err, PXC_EINVAL, "%s: policy %s needs nodes", s->label,
				affinity_policy_names[g->policy]);
	if (!affinity_sites(g->policy) && s->nnodes)
		return pxc_fail(err, PXC_EINVAL,
				"%s: nodes go with the policies nodes and soft-nodes, not with %s",
				s->label, affinity_policy_names[g->policy]);
	for (size_t i = 0; i < s->nnodes; i++)
		if (!world_node(run->aw->w, s->nodes[i].name))
			return pxc_fail(err, PXC_EINVAL, "%s: there is no node %s in cluster %s",
					s->label, s->nodes[i].name, run->aw->w->cluster_name);
	return 0;
}

static int want_group(struct affinity_run *run, const struct affinity_spec *s,
		      struct affinity_group *ret, struct pxc_err *err)
{
	const struct affinity_group *have = affinity_group(&run->have, s->project, s->name);
	struct affinity_group g = { .description = "" };

	if (have)
		g = *have;
	g.project = s->project;
	g.poolid = project_pool(run->aw->w, s->project);
	g.name = s->name;
	g.title = arena_printf(&run->arena, "%s/%s", s->project, s->name);
	if (!g.poolid)
		return project_missing(s->label, s->project, err);
	if (!have && !s->policy_named)
		return pxc_fail(err, PXC_EINVAL, "%s does not exist yet: give a policy", s->label);
	if (s->policy_named)
		g.policy = s->policy;
	if (s->nodes_named || !affinity_sites(g.policy)) {
		g.nodes = s->nodes;
		g.nnodes = s->nnodes;
	}
	if (s->description)
		g.description = s->description;
	if (refuse_unknown(run, s, g.poolid, err) < 0 || check_nodes(run, s, &g, err) < 0)
		return -1;
	if (!have || have->policy != g.policy || !same_nodes(have, &g))
		(void)json_object_set_new(run->touched, g.title, json_true());
	*ret = g;
	return 0;
}

static bool named(const struct affinity_batch *b, const struct affinity_group *g)
{
	for (size_t i = 0; i < b->nspecs; i++)
		if (str_eq(b->specs[i].project, g->project) && str_eq(b->specs[i].name, g->name))
			return true;
	return false;
}

static int by_project(const void *a, const void *b)
{
	const struct affinity_group *x = a, *y = b;
	int r = strcmp(x->project, y->project);

	return r ? r : strcmp(x->name, y->name);
}

int affinity_want_groups(struct affinity_run *run, struct pxc_err *err)
{
	const struct affinity_batch *b = run->batch;
	struct affinity *want = &run->want;

	want->groups = arena_alloc(&run->arena,
				   (run->have.ngroups + b->nspecs + 1) * sizeof(*want->groups));
	for (size_t i = 0; i < run->have.ngroups; i++)
		if (!named(b, &run->have.groups[i]))
			want->groups[want->ngroups++] = run->have.groups[i];
	for (size_t i = 0; i < b->nspecs; i++)
		if (!b->specs[i].absent &&
		    want_group(run, &b->specs[i], &want->groups[want->ngroups++], err) < 0)
			return -1;
	qsort(want->groups, want->ngroups, sizeof(*want->groups), by_project);
	return 0;
}
