/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cpu.h - processors of nodes, and what a guest's processor type needs of them. Layer: sim. */
#pragma once

#include "sim/core.h"

/* {"model", "vendor", "flags", "sockets", "mhz", "family"} of a node that nothing was said about. New reference. */
json_t *sim_cpu_default(void);
/* The same with what a world says; err = a key or value that cannot be. */
must_check int sim_cpu_read(struct sim_node *node, const json_t *spec, struct pxc_err *err);
/* "cpuinfo" of the node's status. New reference. */
json_t *sim_cpu_info(const struct sim_node *node);
/*
 * Has the node's processor all flags that the guest's option "cpu" asks for? PVE has QEMU insist on them for every type,
 * as long as the guest is not emulated; "host" asks for none.
 */
bool sim_cpu_fits(const struct sim_guest *guest, const struct sim_node *node);
/* All models that PVE lists. New reference. */
json_t *sim_cpu_models(void);
