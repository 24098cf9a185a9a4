/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdn_ifaces.h - the network interfaces that PVE makes of zones and vnets, as ifupdown2 reads them. Layer: sim.
 *
 * Source: pve-network, Zones.pm and the plugins of the zone types; the order of stanzas and options is PVE's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"

/* A bridge of the node. The first one carries the node's address and its default route. */
struct sim_sdn_bridge {
	const char *name;
	bool vlan_aware;
	const char *ports; /* physical ones and bonds, apart by blanks; NULL or "" = none */
};

/*
 * Append what pve-network writes to /etc/network/interfaces.d/sdn of one node.
 *
 * config   borrowed {"version", "zones": {id: {...}}, "vnets": {...}, "subnets": {...}, "controllers": {...}}: values
 *          as in the running view of the API (integers and strings; a zone's type is under "type"; a subnet has "vnet",
 *          "zone", "cidr"). version is the number that PVE counts up when it applies (1 when missing).
 * node     its name: zones with "nodes" are on those only
 * node_ip  the node's own address: it is no peer of itself, and the source of translated packets
 * returns  number of vnets that were left out, because they lack what their zone needs (its bridge, a tag, a controller) or have no
 *          zone: PVE warns in the log of the task and goes on. Fabrics are not simulated: a zone over one is left out.
 */
int sim_sdn_interfaces(const json_t *config, const char *node, const char *node_ip,
		       const struct sim_sdn_bridge *bridges, size_t bridge_count,
		       struct pxc_buf *out);
