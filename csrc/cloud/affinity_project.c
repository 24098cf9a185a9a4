/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the members of a group to the steps that bring its HA rule to them. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity_rule_parts.h"

/* The members that can be in a rule: HA resources. */
struct resources {
	uint32_t *vmids; /* owned; sorted */
	size_t n;
};

static void resources_release(struct resources *r)
{
	free(r->vmids);
}

static struct resources resources_of(const struct affinity_view *v, const struct affinity_group *g)
{
	const struct affinity_members *m = &v->members[g - v->groups->groups];
	struct resources r = { .vmids = pxc_calloc(m->n + 1, sizeof(*r.vmids)) };

	for (size_t i = 0; i < m->n; i++)
		if (ha_resource(v->ha, m->vmids[i]))
			r.vmids[r.n++] = m->vmids[i];
	return r;
}

static bool share(const uint32_t *a, size_t na, const uint32_t *b, size_t nb, uint32_t *ret)
{
	for (size_t i = 0, k = 0; i < na && k < nb;)
		if (a[i] == b[k]) {
			*ret = a[i];
			return true;
		} else if (a[i] < b[k]) {
			i++;
		} else {
			k++;
		}
	return false;
}

/* PVE takes a resource in one rule of nodes only. Who has one of ours already? */
static bool other_site(const struct affinity_view *v, const struct affinity_group *g,
		       const struct resources *r, struct pxc_plan *plan)
{
	uint32_t vmid = 0;

	for (size_t i = 0; i < v->ha->nrules; i++) {
		const struct ha_rule *o = &v->ha->rules[i];
		auto_free char *project = NULL, *name = NULL;

		if (o->type != HA_NODES || o->disabled || affinity_rule_token(o, &project, &name) ||
		    !share(r->vmids, r->n, o->vmids, o->nvmids, &vmid))
			continue;
		pxc_plan_warn(plan,
			      "group %s: PVE itself does not enforce it: VM %u is in HA rule %s "
			      "already, and PVE takes one rule of nodes for each VM",
			      g->title, vmid, o->name);
		return true;
	}
	for (const struct affinity_group *o = v->groups->groups; o < g; o++) {
		struct resources theirs = resources_of(v, o);
		bool both = affinity_sites(o->policy) &&
			    share(r->vmids, r->n, theirs.vmids, theirs.n, &vmid);

		resources_release(&theirs);
		if (!both)
			continue;
		pxc_plan_warn(
			plan,
			"group %s: PVE itself does not enforce it: VM %u is in group %s, too, "
			"and PVE takes one rule of nodes for each VM",
			g->title, vmid, o->title);
		return true;
	}
	return false;
}

static char *resources_text(const struct resources *r)
{
	struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < r->n; i++)
		buf_printf(&out, "%svm:%u", i ? "," : "", r->vmids[i]);
	return buf_take(&out);
}

static char *nodes_text(const struct affinity_group *g)
{
	struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < g->nnodes; i++) {
		buf_printf(&out, "%s%s", i ? "," : "", g->nodes[i].name);
		if (g->nodes[i].priority)
			buf_printf(&out, ":%d", g->nodes[i].priority);
	}
	return buf_take(&out);
}

/* The lock under which rules of a project are written, for the kind. */
static json_t *lock_of(const char *project)
{
	return json_pack("[o]", json_sprintf("project.%s", project));
}

/* What every request about a rule of this group says of it. */
static json_t *rule_args(const struct affinity_group *g, const struct resources *r,
			 const char *rule)
{
	auto_free char *resources = resources_text(r), *nodes = nodes_text(g);
	json_t *args = json_pack("{s:s,s:s,s:o}", "rule", rule, "resources", resources, "_locks",
				 lock_of(g->project));

	if (affinity_sites(g->policy)) {
		(void)json_object_set_new(args, "type", json_string("node-affinity"));
		(void)json_object_set_new(args, "nodes", json_string(nodes));
		(void)json_object_set_new(args, "strict", json_integer(affinity_hard(g->policy)));
		return args;
	}
	(void)json_object_set_new(args, "type", json_string("resource-affinity"));
	(void)json_object_set_new(
		args, "affinity",
		json_string(g->policy == AFFINITY_APART ? "negative" : "positive"));
	return args;
}

static bool same_nodes(const struct affinity_group *g, const struct ha_rule *r)
{
	if (g->nnodes != r->nnodes)
		return false;
	for (size_t i = 0; i < g->nnodes; i++) {
		bool found = false;

		for (size_t k = 0; k < r->nnodes; k++)
			found |= str_eq(g->nodes[i].name, r->nodes[k].name) &&
				 g->nodes[i].priority == r->nodes[k].priority;
		if (!found)
			return false;
	}
	return true;
}

static bool same_rule(const struct affinity_group *g, const struct resources *res,
		      const struct ha_rule *r)
{
	enum ha_rule_type type = HA_NODES;

	return affinity_rule_type(g->policy, &type) && type == r->type && !r->disabled &&
	       res->n == r->nvmids &&
	       memcmp(res->vmids, r->vmids, res->n * sizeof(*res->vmids)) == 0 &&
	       (type != HA_NODES || (r->strict == affinity_hard(g->policy) && same_nodes(g, r)));
}

static bool grows(const struct resources *res, const struct ha_rule *r)
{
	for (size_t i = 0; i < res->n; i++) {
		uint32_t ignored;

		if (!r || !share(&res->vmids[i], 1, r->vmids, r->nvmids, &ignored))
			return true;
	}
	return false;
}

/* PVE counts nodes by what the HA manager has written down, which takes half a minute after the first HA resource. */
static void wait_for_nodes(const struct affinity_group *g, const struct resources *r,
			   const struct affinity_ops *ops, struct pxc_plan *plan)
{
	if (g->policy == AFFINITY_APART)
		pxc_plan_add(plan, ops->wait, PXC_WAITS, json_pack("{s:i}", "_nodes", (int)r->n),
			     "wait until the HA manager knows %zu nodes", r->n);
}

static void remove_rule(const struct ha_rule *r, const char *project, const char *title,
			const struct affinity_ops *ops, struct pxc_plan *plan)
{
	pxc_plan_add(plan, ops->remove, PXC_QUIET,
		     json_pack("{s:s,s:o}", "rule", r->name, "_locks", lock_of(project)),
		     "remove HA rule %s of group %s", r->name, title);
}

static void create_rule(const struct affinity_view *v, const struct affinity_group *g,
			const struct resources *r, const struct affinity_ops *ops,
			struct pxc_plan *plan)
{
	auto_free char *comment = NULL;
	json_t *args;
	char id[80];

	affinity_rule_id(v, g, id);
	comment = affinity_rule_comment(v, g, id);
	args = rule_args(g, r, id);
	(void)json_object_set_new(args, "comment", json_string(comment));
	wait_for_nodes(g, r, ops, plan);
	pxc_plan_add(plan, ops->create, PXC_QUIET, args, "create HA rule %s of group %s: %s", id,
		     g->title, json_string_value(json_object_get(args, "resources")));
}

static void change_rule(const struct affinity_group *g, const struct resources *res,
			const struct ha_rule *r, const struct affinity_ops *ops,
			struct pxc_plan *plan)
{
	json_t *args = rule_args(g, res, r->name);

	if (r->disabled)
		(void)json_object_set_new(args, "delete", json_string("disable"));
	wait_for_nodes(g, res, ops, plan);
	pxc_plan_add(plan, ops->change, PXC_QUIET, args, "change HA rule %s of group %s: %s",
		     r->name, g->title, json_string_value(json_object_get(args, "resources")));
}

/* Which rule should there be? false: none, since there are too few HA resources, or PVE has no such rules. */
static bool wanted(const struct affinity_view *v, const struct affinity_group *g,
		   const struct resources *r, struct pxc_plan *plan)
{
	enum ha_rule_type type;

	if (!v->ha || !v->ha->has_rules || !affinity_rule_type(g->policy, &type) ||
	    r->n < (type == HA_NODES ? 1 : 2))
		return false;
	return type != HA_NODES || !other_site(v, g, r, plan);
}

static void no_right(const char *title, struct pxc_plan *plan)
{
	pxc_plan_warn(
		plan,
		"group %s: PVE itself does not enforce it as it is now: the API user needs the "
		"privilege Sys.Console on / to change HA rules",
		title);
}

bool affinity_rule_steps(const struct affinity_view *v, const struct affinity_group *group,
			 const struct affinity_ops *ops, struct pxc_plan *plan)
{
	struct resources r = resources_of(v, group);
	const struct ha_rule *have = affinity_rule_of(v->ha, group->project, group->name);
	bool want = wanted(v, group, &r, plan), more = want && grows(&r, have);
	enum ha_rule_type type = HA_NODES;

	(void)affinity_rule_type(group->policy, &type);
	if (want ? have && same_rule(group, &r, have) : !have) {
		if (have && have->problem)
			pxc_plan_warn(plan, "group %s: PVE does not follow its HA rule %s: %s",
				      group->title, have->name, have->problem);
	} else if (!v->may) {
		no_right(group->title, plan);
	} else if (want && have && have->type != type &&
		   (type == HA_NODES || have->type == HA_NODES)) {
		remove_rule(have, group->project, group->title, ops, plan);
		create_rule(v, group, &r, ops, plan);
	} else if (want && have) {
		change_rule(group, &r, have, ops, plan);
	} else if (want) {
		create_rule(v, group, &r, ops, plan);
	} else {
		remove_rule(have, group->project, group->title, ops, plan);
	}
	resources_release(&r);
	return more;
}

void affinity_rule_remove(const struct affinity_view *v, const char *project, const char *name,
			  const struct affinity_ops *ops, struct pxc_plan *plan)
{
	const struct ha_rule *r = affinity_rule_of(v->ha, project, name);
	auto_free char *title = pxc_printf("%s/%s", project, name);

	if (r && v->may)
		remove_rule(r, project, title, ops, plan);
	else if (r)
		no_right(title, plan);
}
