/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * affinity.h - groups of VMs that are to be together, apart, or on certain nodes. Pure. Layer: cloud.
 *
 * A group is defined in the token of its project (pool comment): ag.<name>=policy, of node sets followed by the nodes. A
 * member says so in its block (ag=<name>,<name>), which is the truth; the tag pxc-ag-<name> is its index, so that thousands
 * of VMs need not be read to know who is in which group. What PVE can enforce itself is shown to it as an HA rule.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "annot/annot.h"
#include "base/arena.h"
#include "cloud/balance/balance.h"
#include "cloud/ha.h"
#include "cloud/world.h"

#define AFFINITY_TAG "pxc-ag-" /* and the group's name */

enum affinity_policy {
	AFFINITY_APART,         /* "anti-affinity" */
	AFFINITY_TOGETHER,      /* "affinity" */
	AFFINITY_SOFT_APART,    /* "soft-anti-affinity" */
	AFFINITY_SOFT_TOGETHER, /* "soft-affinity" */
	AFFINITY_NODES,         /* "nodes": only on these */
	AFFINITY_SOFT_NODES,    /* "soft-nodes": rather on these */
	AFFINITY_POLICIES,
};
extern const char *const affinity_policy_names[AFFINITY_POLICIES];

struct affinity_group {
	const char *project, *poolid, *name;
	enum affinity_policy policy;
	const struct ha_rule_node *nodes; /* of the two policies of nodes; else none */
	size_t nnodes;
};

struct affinity {
	struct affinity_group *groups; /* by project, then name */
	size_t ngroups;
};

/* All groups of all projects, out of the world's pools. What cannot be read is left out with a text in warnings. */
void affinity_decode(const struct world *w, struct pxc_arena *arena, json_t *warnings,
		     struct affinity *ret);

/* Is the guest in the group, as far as its pool and tags say? */
bool affinity_has(const struct affinity_group *g, const struct world_guest *guest);

/* What schedulers have to follow: rules between guests, and nodes that guests are bound to. */
struct affinity_rules {
	struct bal_rule *rules;
	size_t nrules;
	/* Sorted by VMID; the nodes a guest may be on, by HA rules and node sets. Guests that may be anywhere are not in it. */
	struct affinity_bound {
		unsigned vmid;
		const char *const *nodes; /* guests of one rule share the array */
		size_t nnodes;
		const char *rule; /* its name, for people: "HA rule web", "group acme/web" */
	} * bounds;
	size_t nbounds;
};

/*
 * Of PVE's rules (those it does not follow, and disabled ones, do not count) and our groups; a rule that is the projection of
 * a group does not count twice. Of nodes with priorities, those with the highest one that are online and not in maintenance;
 * where a rule is not strict and none of its nodes is there, it does not bind.
 * err EINVAL: two rules leave a guest no node: "VM 100 can be nowhere: HA rule a allows pve1, group acme/b allows pve2"
 */
must_check int affinity_rules(const struct world *w, const struct ha *ha,
			      const struct affinity *groups, struct pxc_arena *arena,
			      struct affinity_rules *ret, struct pxc_err *err);
