/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_parts.h - what the files of rebalancing share. Layer: cloud, private. */
#pragma once

#include "cloud/rebalance.h"

/* In an array whose rows begin with the VMID and are sorted by it; NULL: it is not there. */
const void *rebalance_find(const void *rows, size_t n, size_t size, unsigned vmid);

/* The disks of the VM that are on one node only; *ret_n may be 0. */
const struct rebalance_disk *rebalance_disks(const struct rebalance_world *bw, unsigned vmid,
					     size_t *ret_n);

/* A node of the planner's cluster; NULL: it is not looked at. */
const struct bal_node *rebalance_node(const struct rebalance_world *bw, const char *name);

bool rebalance_runs(const struct world_guest *g);

/* NULL: PVE's HA manager has nothing to do with it. */
const struct ha_resource *rebalance_ha(const struct rebalance_world *bw,
				       const struct world_guest *g);

/*
 * Of VMs that the HA manager moves together (a rule of its own), one is asked for. Of those that the plan moves with the VM
 * of moves[i] to the same place at the same stage, the number of the first move; i itself when it goes alone.
 */
size_t rebalance_leader(const struct rebalance_world *bw, size_t i);

/* rebalance_ready.c: what becomes of the HA guests of each node that fails when the plan is done; NULL: there are none. New reference. */
json_t *rebalance_ready(const struct rebalance_world *bw, struct pxc_err *err);
