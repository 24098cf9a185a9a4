/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_nodes.h - names of nodes as numbers, for what is asked of a whole cluster. Layer: cloud. */
#pragma once

#include "cloud/balance/balance.h"

/* Its place in cluster->nodes; nnodes = there is none of this name. name may be NULL. */
size_t rebalance_node_index(const struct bal_cluster *cluster, const char *name);

/* The place of each VM's node, in arena. err EINVAL: a VM's node is not there. */
must_check int rebalance_nodes_of(const struct bal_cluster *cluster, struct pxc_arena *arena,
				  size_t **ret, struct pxc_err *err);
