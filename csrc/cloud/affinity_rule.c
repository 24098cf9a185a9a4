/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/affinity_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define HUMAN "group %s of pxcloud.pve" /* in front of the token */

/* Does the comment say that the rule was made for a group? Of which, in project and name (new strings, or NULL). */
static bool read_token(const struct ha_rule *r, char **project, char **name)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_free char *id = NULL;

	if (!strstr(r->comment, "[pxc/"))
		return false;
	annot_parse(ANNOT_TOKEN, r->comment, &t);
	id = pxc_printf("ha.%s", r->name);
	if (t.finding != ANNOT_OK || !str_eq(annot_get(&t.annot, "t"), "affinity") ||
	    !str_eq(annot_get(&t.annot, "id"), id) || !annot_get(&t.annot, "project") ||
	    !annot_get(&t.annot, "n"))
		return false;
	*project = pxc_strdup(annot_get(&t.annot, "project"));
	*name = pxc_strdup(annot_get(&t.annot, "n"));
	return true;
}

/* The kind of rule that shows a policy; false: none does. */
static bool type_of(enum affinity_policy p, enum ha_rule_type *ret)
{
	if (p == AFFINITY_SOFT_APART || p == AFFINITY_SOFT_TOGETHER)
		return false;
	*ret = affinity_sites(p) ? HA_NODES : p == AFFINITY_APART ? HA_APART : HA_TOGETHER;
	return true;
}

const struct affinity_group *affinity_projected(const struct affinity *a, const struct ha_rule *r)
{
	auto_free char *project = NULL, *name = NULL;
	const struct affinity_group *g;
	enum ha_rule_type type;

	if (!read_token(r, &project, &name))
		return NULL;
	g = affinity_group(a, project, name);
	if (!g || !type_of(g->policy, &type) || type != r->type ||
	    (type == HA_NODES && r->strict != affinity_hard(g->policy)))
		return NULL;
	return g;
}

const struct ha_rule *affinity_rule_of(const struct ha *ha, const char *project, const char *name)
{
	auto_free char *hint = pxc_printf(" n=%s ", name);

	for (size_t i = 0; ha && i < ha->nrules; i++) {
		auto_free char *p = NULL, *n = NULL;

		/* Most rules are those of others: parse only what can be it. */
		if (strstr(ha->rules[i].comment, hint) && read_token(&ha->rules[i], &p, &n) &&
		    str_eq(p, project) && str_eq(n, name))
			return &ha->rules[i];
	}
	return NULL;
}

static void plain_id(const struct affinity_group *g, char out[80])
{
	(void)snprintf(out, 80, "pxc-%s-%s", g->project, g->name);
}

/* acme/web-1 and acme-web/1 would be called alike: the second one, or one whose id a person has taken, gets a hash. */
static void choose_id(const struct affinity_view *v, const struct affinity_group *g, char out[80])
{
	const struct ha_rule *there;
	bool taken;
	char hash[65];

	plain_id(g, out);
	there = ha_rule(v->ha, out);
	/* Its own rule is there only when it is removed first, to become one of another type. */
	taken = there && there != affinity_rule_of(v->ha, g->project, g->name);
	for (const struct affinity_group *o = v->groups->groups; o < g && !taken; o++) {
		char other[80];

		plain_id(o, other);
		taken = str_eq(other, out);
	}
	if (!taken)
		return;
	sha256_hex(g->title, strlen(g->title), hash);
	(void)snprintf(out + strlen(out), 80 - strlen(out), "-%.8s", hash);
}

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

		if (o->type != HA_NODES || o->disabled || read_token(o, &project, &name) ||
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

static char *comment_of(const struct affinity_view *v, const struct affinity_group *g,
			const char *rule)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *id = pxc_printf("ha.%s", rule), *human = pxc_printf(HUMAN, g->title);
	char cluster[9];

	world_cluster_hash(v->w->registry.domain, v->w->cluster_name, cluster);
	annot_set(&a, "t", "affinity");
	annot_set(&a, "id", id);
	annot_set(&a, "c", cluster);
	annot_set(&a, "project", g->project);
	annot_set(&a, "n", g->name);
	return annot_render(ANNOT_TOKEN, human, &a, "");
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

	return type_of(g->policy, &type) && type == r->type && !r->disabled &&
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

	choose_id(v, g, id);
	comment = comment_of(v, g, id);
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

	if (!v->ha || !v->ha->has_rules || !type_of(g->policy, &type) ||
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

	(void)type_of(group->policy, &type);
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
