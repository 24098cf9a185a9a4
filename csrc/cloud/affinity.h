/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * affinity.h - groups of VMs that are to be together, apart, or on certain nodes. Pure. Layer: cloud.
 *
 * A group is defined in the token of its project (pool comment): ag.<name>=policy, of node sets followed by the nodes
 * ("nodes,pve1/2,pve2": behind the slash its priority), and agd.<name>=description. A member says so in its block
 * (ag=<name>,<name>), which is the truth; the tag pxc-ag-<name> is its index, so that thousands of VMs need not be read to
 * know who is in which group. What PVE can enforce itself is shown to it as an HA rule (affinity_rule.h).
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
#define AFFINITY_KEY "ag"      /* of a member's block: its groups, sorted */

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
	const char *title; /* "acme/web" */
	enum affinity_policy policy;
	const struct ha_rule_node *nodes; /* of the two policies of nodes; else none */
	size_t nnodes;
	const char *description; /* "" = none */
};

struct affinity {
	struct affinity_group *groups; /* by project, then name */
	size_t ngroups;
};

bool affinity_hard(enum affinity_policy p);  /* must it be, or is it only better so? */
bool affinity_sites(enum affinity_policy p); /* is it one of the two policies of nodes? */

int64_t affinity_count(const struct annot *project); /* groups in the token of a project */

/* All groups of all projects, out of the world's pools. What cannot be read is left out with a text in warnings. */
void affinity_decode(const struct world *w, struct pxc_arena *arena, json_t *warnings,
		     struct affinity *ret);
/* Write the group into the token of its pool, or take it out of there. */
void affinity_encode(const struct affinity_group *g, struct annot *a);
void affinity_erase(const char *name, struct annot *a);

const struct affinity_group *affinity_group(const struct affinity *a, const char *project,
					    const char *name); /* NULL: none */
/* For people: "there are db, web" of the project, or "it has none"; in the arena. */
const char *affinity_names(const struct affinity *a, const char *project, struct pxc_arena *arena);

/* Is the guest in the group, as far as its pool and tags say? */
bool affinity_has(const struct affinity_group *g, const struct world_guest *guest);

/* A guest that does not exist yet, or whose groups are known better than by its tags: it is in these and no others. */
struct affinity_guest {
	unsigned vmid; /* of one that is to be made, the number it is planned with */
	const char *project;
	const char *const *groups; /* names, NULL-terminated; NULL = in none */
};

struct affinity_members {
	const uint32_t *vmids; /* sorted */
	size_t n;
};

/* Of each group, in the order of the groups; in the arena. Names of groups that are not there do not count. */
const struct affinity_members *affinity_members(const struct world *w, const struct affinity *a,
						const struct affinity_guest *known, size_t nknown,
						struct pxc_arena *arena);

/* What schedulers have to follow: rules between guests, and nodes that guests are bound to. */
struct affinity_rules {
	struct bal_rule *rules; /* called as people know them: "web" (HA), "acme/web" (group) */
	size_t nrules;
	/* Sorted by VMID; the nodes of guests by HA rules and node sets. Guests that may be anywhere are not in it. */
	struct affinity_bound {
		unsigned vmid;
		/* Where it should be; guests of the same rules share the arrays. */
		const char *const *nodes;
		size_t nnodes;
		/* Where it may be when none of these can take it, and nowhere else; nmust 0 = anywhere. */
		const char *const *must;
		size_t nmust;
		const char *rule; /* its name, for people: "HA rule web", "group acme/web" */
	} * bounds;
	size_t nbounds;
};

/*
 * Of PVE's rules (those it does not follow, and disabled ones, do not count) and our groups; a rule that is the projection of
 * a group does not count twice. Of nodes with priorities a guest should be on those with the highest one that are online and
 * not in maintenance, and may be on the others when the rule is strict; where one is not strict and none of its nodes is there, it does not bind.
 * ha     NULL: nothing is known of it
 * known  as affinity_members(): the VMs that are to be made belong here
 * err EINVAL: rules leave a guest no node: "VM 100 can be nowhere: HA rule a allows pve1, group acme/b allows pve2"
 */
must_check int affinity_rules(const struct world *w, const struct ha *ha,
			      const struct affinity *groups, const struct affinity_guest *known,
			      size_t nknown, struct pxc_arena *arena, struct affinity_rules *ret,
			      struct pxc_err *err);
