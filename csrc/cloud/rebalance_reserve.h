/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rebalance_reserve.h - when a node fails, do the others have room for the guests that HA starts anew? Pure. Layer: cloud.
 *
 * Each node is taken away in turn; its HA guests are placed on the others (bal_place: limits, allowed nodes, rules), where
 * everything else stays as it is. The rest of what was on it is lost with it.
 */
#pragma once

#include "cloud/balance/balance.h"

struct reserve_node {
	const char *node;
	unsigned guests;     /* on it, started by HA */
	int64_t mib;         /* they need */
	unsigned missing;    /* of them find no other node */
	int64_t missing_mib; /* those need */
	uint32_t first;      /* the lowest VMID of those; 0 = none is missing */
	const char *
		why; /* "pve2 has 512 MiB left, pve3 has member 104 of rule web"; "" = none is missing */
};

struct rebalance_reserve {
	struct reserve_node *nodes; /* in the cluster's order */
	size_t nnodes;
	/* Whose failure leaves most memory without a node; NULL: every failure is taken over. Of two, the first by name. */
	const struct reserve_node *worst;
	struct pxc_arena arena;
};

/*
 * ha  VMIDs that HA starts elsewhere when their node fails, sorted; those that are not in the cluster do not count. What could
 *     not run elsewhere (disks on one node) says so in "allowed"; why a VM does not migrate ("stays") does not matter.
 * err EINVAL as bal_place(). *ret is written only when it succeeds; the names in it are the cluster's own.
 */
must_check int rebalance_reserve(const struct bal_cluster *cluster, const uint32_t *ha, size_t nha,
				 struct rebalance_reserve *ret, struct pxc_err *err);
void rebalance_reserve_release(struct rebalance_reserve *reserve);
#define auto_reserve on_scope_exit(rebalance_reserve_release)
