/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * migration.h - the network by which guests move: what one node sends to another, and how long that takes.
 *
 * Every node sends and receives as fast as its link (option --migration-mbps), divided among all that it sends, or
 * receives, at that time. When one begins or ends, the others get slower or faster. Layer: sim.
 */
#pragma once

#include <stdint.h>

#include "sim/core.h"

/*
 * The task, on the node where it runs, sends so many bytes to another node. One at a time for each task.
 *
 * limit    bytes a second at most; 0 = as fast as it goes
 * returns  milliseconds until it is done as things stand, at least 1, for the task to return; when they change, the
 *          task's next stage is moved
 */
int64_t sim_flow_begin(struct sim_task *task, const struct sim_node *to, uint64_t bytes,
		       uint64_t limit);
/* It is done, or given up. Nothing happens when the task sends nothing. */
void sim_flow_end(struct sim_task *task);
