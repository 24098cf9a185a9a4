/* SPDX-License-Identifier: GPL-3.0-or-later */
/* balance.h - what the files of pxc_balance share; nobody else includes it. Layer: modules. */
#pragma once

#include "cloud/rebalance.h"
#include "modules/kind.h"

/* err EINVAL: one sentence naming the option. No requests. */
must_check int balance_decode(struct pxc_env *env, struct rebalance_batch **ret,
			      struct pxc_err *err);

/*
 * The cluster's lists, the HA manager, and of each node that is looked at its status, its local disks and its last migrations;
 * then a plan, and of every VM in it what PVE says of its move, until the plan holds. When the run has done what it planned it
 * only looks where its VMs are.
 */
must_check int balance_observe(struct pxc_env *env, struct rebalance_batch *b,
			       struct rebalance_world **ret, struct pxc_err *err);

/* balance_read.c: what time it is there; this host's clock may be wrong. (api: GET /nodes/{node}/time) */
must_check int balance_read_clock(struct pxc_env *env, const struct rebalance_batch *b,
				  struct rebalance_world *bw, struct pxc_err *err);
/*
 * Of each node that is looked at, side by side. (api: GET /nodes/{node}/status, /nodes/{node}/tasks,
 * /nodes/{node}/storage/{storage}/content)
 */
must_check int balance_read_nodes(struct pxc_env *env, const struct rebalance_batch *b,
				  struct rebalance_world *bw, struct pxc_err *err);
/* Bridges and vnets of the same nodes. (api: GET /nodes/{node}/network) */
must_check int balance_read_bridges(struct pxc_env *env, const struct rebalance_batch *b,
				    struct rebalance_world *bw, struct pxc_err *err);
/* balance_pressure.c: how long guests wait for processors. err EINVAL: PVE 8, which does not tell. (api: GET /nodes/{node}/qemu) */
must_check int balance_read_pressure(struct pxc_env *env, const struct rebalance_batch *b,
				     struct rebalance_world *bw, struct pxc_err *err);
/* balance_history.c: the loads of the last half hour. (api: GET /cluster/metrics/export) */
must_check int balance_read_history(struct pxc_env *env, struct rebalance_world *bw,
				    struct pxc_err *err);
/*
 * balance_busy.c: sets bw->busy when a VM of the nodes that are looked at is being migrated. A plan made meanwhile would have
 * it in the wrong place. (api: GET /cluster/tasks)
 */
must_check int balance_under_way(struct pxc_env *env, const struct rebalance_batch *b,
				 struct rebalance_world *bw, struct pxc_err *err);
