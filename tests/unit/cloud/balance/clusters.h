/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clusters.h - clusters written out by hand, for tables of the balancer, and plans in words. */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "cloud/balance/parts.h"

#define G(n) ((int64_t)(n)*1024)
/* A node of so many GiB and 32 cores. */
#define NODE(name, gib)                                                                            \
	{                                                                                          \
		name, G(gib), 32000, 0, 0, true, false                                             \
	}
#define DRAINED(name, gib)                                                                         \
	{                                                                                          \
		name, G(gib), 32000, 0, 0, true, true                                              \
	}
/* A VM of so many GiB and tenths of a core. */
#define VM(id, node, gib, tenths)                                                                  \
	{                                                                                          \
		id, node, G(gib), (tenths)*100, 1000, G(gib), NULL, NULL, 0                        \
	}
#define VM_ON(id, node, gib, tenths, names)                                                        \
	{                                                                                          \
		id, node, G(gib), (tenths)*100, 1000, G(gib), NULL, names, ARRAY_SIZE(names)       \
	}
#define VM_STAYS(id, node, gib, why)                                                               \
	{                                                                                          \
		id, node, G(gib), 0, 1000, G(gib), why, NULL, 0                                    \
	}

#define CLUSTER_NODES 5
#define CLUSTER_VMS 12
#define CLUSTER_RULES 3

struct cluster_row {
	const char *name;
	struct bal_node nodes[CLUSTER_NODES];
	struct bal_vm vms[CLUSTER_VMS];
	struct bal_rule rules[CLUSTER_RULES];
	unsigned max_moves, max_node_moves;
	const char *answer;
};

static inline struct bal_cluster cluster_of(const struct cluster_row *row)
{
	struct bal_cluster c = { .params = { .tolerance_ppm = 50000,
					     .weight_mem = 1,
					     .weight_cpu = 1,
					     .steady_ppm = 950000,
					     .transient_ppm = 980000,
					     .overcommit_cpu_ppm = 4000000,
					     .max_in = 2,
					     .max_out = 2,
					     .max_moves = row->max_moves,
					     .max_node_moves = row->max_node_moves,
					     .seed = 1 },
				 .nodes = row->nodes,
				 .vms = row->vms,
				 .rules = row->rules };

	while (c.nnodes < CLUSTER_NODES && row->nodes[c.nnodes].name)
		c.nnodes++;
	while (c.nvms < CLUSTER_VMS && row->vms[c.nvms].id)
		c.nvms++;
	while (c.nrules < CLUSTER_RULES && row->rules[c.nrules].name)
		c.nrules++;
	return c;
}

/* "100:pve1>pve2(balance) ... / why somebody is left / ..."; a bounce has ">>". */
static inline void cluster_say_plan(struct pxc_buf *out, const struct bal_plan *plan)
{
	for (size_t k = 0; k < plan->nmoves; k++)
		buf_printf(out, "%s%u:%s%s%s(%s)", k ? " " : "", plan->moves[k].vm,
			   plan->moves[k].from, plan->moves[k].bounce ? ">>" : ">",
			   plan->moves[k].to, plan->moves[k].why);
	for (size_t k = 0; k < plan->nunmovable; k++)
		buf_printf(out, " / %s", plan->unmovable[k].why);
}
