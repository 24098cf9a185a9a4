/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What results say of a group. */
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/affinity_rule.h"

static json_t *nodes_json(const struct affinity_group *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->nnodes; i++)
		(void)json_array_append_new(list, json_pack("{s:s,s:i}", "name", g->nodes[i].name,
							    "priority", g->nodes[i].priority));
	return list;
}

static json_t *members_json(const struct affinity_view *v, const struct affinity_members *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->n; i++) {
		const struct world_guest *g = world_guest(v->w, m->vmids[i]);
		json_t *row = json_pack("{s:i,s:b}", "vmid", (int)m->vmids[i], "ha",
					ha_resource(v->ha, m->vmids[i]) != NULL);

		if (g && g->name)
			(void)json_object_set_new(row, "name", json_string(g->name));
		if (g)
			(void)json_object_set_new(row, "node", json_string(g->node));
		(void)json_array_append_new(list, row);
	}
	return list;
}

static void add_name(struct pxc_buf *out, const struct world_guest *g)
{
	buf_printf(out, g->name ? "%s%u (%s)" : "%s%u", out->len ? ", " : "", g->vmid,
		   g->name ? g->name : "");
}

/* Who is on the node? Returns how many. */
static size_t on_node(const struct affinity_view *v, const struct affinity_members *m,
		      const char *node, struct pxc_buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct world_guest *g = world_guest(v->w, m->vmids[i]);

		if (g && str_eq(g->node, node)) {
			add_name(out, g);
			n++;
		}
	}
	return n;
}

static bool is_listed(const struct affinity_group *g, const char *node)
{
	for (size_t i = 0; i < g->nnodes; i++)
		if (str_eq(g->nodes[i].name, node))
			return true;
	return false;
}

static json_t *violations(const struct affinity_view *v, const struct affinity_group *g,
			  const struct affinity_members *m)
{
	bool apart = g->policy == AFFINITY_APART || g->policy == AFFINITY_SOFT_APART;
	auto_buf struct pxc_buf places = { .data = NULL };
	json_t *list = json_array();
	size_t nplaces = 0;

	for (size_t i = 0; i < v->w->nnodes; i++) {
		const char *node = v->w->nodes[i].name;
		auto_buf struct pxc_buf who = { .data = NULL };
		size_t n = on_node(v, m, node, &who);

		if (n == 0)
			continue;
		nplaces++;
		buf_printf(&places, "%s%s on %s", places.len ? "; " : "", buf_str(&who), node);
		if (apart && n > 1)
			(void)json_array_append_new(list, json_sprintf("VMs %s are on one node, %s",
								       buf_str(&who), node));
		if (affinity_sites(g->policy) && !is_listed(g, node))
			(void)json_array_append_new(
				list, json_sprintf("VM%s %s %s on %s, which is not among its nodes",
						   n > 1 ? "s" : "", buf_str(&who),
						   n > 1 ? "are" : "is", node));
	}
	if (!apart && !affinity_sites(g->policy) && nplaces > 1)
		(void)json_array_append_new(list, json_sprintf("its members are on %zu nodes: %s",
							       nplaces, buf_str(&places)));
	return list;
}

json_t *affinity_show(const struct affinity_view *v, const struct affinity_group *g)
{
	const struct affinity_members *m = &v->members[g - v->groups->groups];
	const struct ha_rule *rule = affinity_rule_of(v->ha, g->project, g->name);
	json_t *o = json_pack("{s:s,s:s,s:s,s:s}", "project", g->project, "name", g->name, "policy",
			      affinity_policy_names[g->policy], "description", g->description);

	(void)json_object_set_new(o, "nodes", nodes_json(g));
	(void)json_object_set_new(o, "members", members_json(v, m));
	(void)json_object_set_new(o, "violations", violations(v, g, m));
	if (rule)
		(void)json_object_set_new(o, "rule", json_string(rule->name));
	if (rule && rule->problem)
		(void)json_object_set_new(o, "rule_problem", json_string(rule->problem));
	return o;
}
