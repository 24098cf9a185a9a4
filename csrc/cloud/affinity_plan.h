/* SPDX-License-Identifier: GPL-3.0-or-later */
/* affinity_plan.h - the pure half of pxc_affinity; see affinity.h. Layer: cloud. */
#pragma once

#include "cloud/affinity_rule.h"
#include "cloud/policy.h"
#include "cloud/vm.h"

enum affinity_op {
	AFFINITY_POOL,
	AFFINITY_CONFIG,
	AFFINITY_WAIT,
	AFFINITY_RULE_CREATE,
	AFFINITY_RULE_CHANGE,
	AFFINITY_RULE_REMOVE,
	AFFINITY_OPS,
};

enum members_mode { MEMBERS_EXACT, MEMBERS_ADD, MEMBERS_REMOVE };

struct affinity_spec {
	const char *label;         /* "affinity group acme/web" */
	const char *project_label; /* "project acme" */
	const char *project, *name;
	bool absent, purge; /* purge: members leave the group before it goes */
	bool policy_named, nodes_named;
	enum affinity_policy policy;
	const struct ha_rule_node *nodes;
	size_t nnodes;
	const char *description;    /* NULL = untouched */
	const char *const *members; /* names of VMs, or stack/name; NULL = untouched */
	enum members_mode mode;
};

struct affinity_batch {
	struct affinity_spec *specs;
	size_t nspecs;
	const char *stamp, *actor;
};

struct affinity_world {
	const struct world *w;
	const struct ha *ha;
	struct vm_seen **seen; /* all VMs of the projects of the batch */
	size_t nseen;
	bool may; /* the API user may change HA rules */
};

/* affinity_asks.c: what the task asks for; see struct pxc_kind. */
void affinity_asks(const struct affinity_batch *batch, const struct world *w,
		   struct policy_asks *ret);

must_check int affinity_plan(const struct affinity_batch *batch, const struct affinity_world *aw,
			     struct pxc_plans *ret, struct pxc_err *err);
