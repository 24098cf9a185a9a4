/* SPDX-License-Identifier: GPL-3.0-or-later */
/* affinity_check.h - can what groups and HA rules ask for be, all together? Pure. Layer: cloud. */
#pragma once

#include "cloud/affinity.h"

/*
 * touched  titles of the groups that a task changes, as keys: what only concerns others is not its business
 * err EINVAL: more members than nodes ("group acme/web: its 4 members are to be on different nodes, and only pve1, pve2
 *          and pve3 can take them"), together and apart at once ("group acme/web and HA rule db contradict each other: VMs 100 (a) and
 *          101 (b) are to be together and apart"), together without a node for all; naming the VMs
 */
must_check int affinity_check(const struct world *w, const struct ha *ha,
			      const struct affinity_rules *rules, const json_t *touched,
			      struct pxc_err *err);
