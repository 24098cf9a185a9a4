/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rebalance_pack.h - which nodes of a cluster are emptied at least cost, for maintenance or to save power. Pure. Layer: cloud.
 *
 * It only chooses: whoever asks marks the nodes as drained and makes the plan. Nothing here, or behind it, powers off a node.
 */
#pragma once

#include "cloud/balance/balance.h"

struct rebalance_pack {
	const char **nodes; /* to be emptied, by name; fewer than asked for when no more can be */
	size_t nnodes;
	int64_t wire_mib; /* of the VMs on them: so much is sent, at least */
	/* Fewer than asked for: why, "pve3 cannot be emptied as well: cannot move VM 100 off pve3 (...): ..."; else "". */
	const char *why;
	struct pxc_arena arena;
};

/*
 * Choose "count" nodes, out of those that accept VMs and are not drained yet, such that a plan with an order of moves exists
 * that empties them and the drained ones, within all limits and rules, and least memory is sent. Nodes that are empty already
 * cost nothing, so that they are chosen again.
 *
 * among  names of those that may be chosen, NULL-terminated; NULL = all. A node on which something runs that is not among the
 *        VMs (containers) is to be left out by the caller.
 * err EINVAL as bal_plan(), or among names a node that is not there. *ret is written only when it succeeds; the names in it
 * are the cluster's own.
 */
must_check int rebalance_pack(const struct bal_cluster *cluster, const char *const *among,
			      unsigned count, struct rebalance_pack *ret, struct pxc_err *err);
void rebalance_pack_release(struct rebalance_pack *pack);
#define auto_pack on_scope_exit(rebalance_pack_release)
