/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * affinity_rule.h - a group as PVE's own HA rule, so that the HA manager follows it too. Pure. Layer: cloud.
 *
 * Only HA resources can be in one, and PVE refuses a rule "apart" or "together" with less than two of them; so the rule is
 * a projection: made, changed and removed as members come, go, become HA resources or cease to be. Its comment holds a token
 * (t=affinity, id=ha.<rule>, c, project, n), by which it is known again; its id is for people. Source: PVE 9,
 * /cluster/ha/rules. PVE 8 has no such rules.
 */
#pragma once

#include "cloud/affinity.h"
#include "cloud/plan.h"

/* The numbers of these requests in the kind's table. */
struct affinity_ops {
	int wait; /* GET /cluster/ha/status/manager_status until its node_status has args._nodes nodes */
	int create; /* POST /cluster/ha/rules */
	int change; /* PUT /cluster/ha/rules/{rule} */
	int remove; /* DELETE /cluster/ha/rules/{rule} */
};

struct affinity_view {
	const struct world *w;
	const struct ha *ha;
	const struct affinity *groups;          /* as they are to be */
	const struct affinity_members *members; /* of these groups, as they are to be */
	bool may; /* the API user may change HA rules: Sys.Console on / */
};

/* The group that the rule shows as it should; NULL: it is somebody else's, of a group that is gone, or of another kind. */
const struct affinity_group *affinity_projected(const struct affinity *a, const struct ha_rule *r);
/* The rule that was made for a group, by its token; NULL: none. ha may be NULL. */
const struct ha_rule *affinity_rule_of(const struct ha *ha, const char *project, const char *name);

/*
 * Append what brings the rule of group to what its members need. Where that cannot be, a warning says who does not enforce
 * the group then. A rule that PVE refuses fails with PVE's words.
 * returns whether a rule gets more resources than it has: to be done behind those that get less
 */
bool affinity_rule_steps(const struct affinity_view *v, const struct affinity_group *group,
			 const struct affinity_ops *ops, struct pxc_plan *plan);
/* Append what removes the rule of a group that goes. */
void affinity_rule_remove(const struct affinity_view *v, const char *project, const char *name,
			  const struct affinity_ops *ops, struct pxc_plan *plan);

/*
 * {project, name, policy, nodes, description, members, violations, rule, rule_problem} of a group, for results; new
 * reference. In affinity_show.c.
 */
json_t *affinity_show(const struct affinity_view *v, const struct affinity_group *group);
