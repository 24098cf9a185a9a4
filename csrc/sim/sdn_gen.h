/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_gen.h - what the generators of the zone types share. Layer: sim. */
#pragma once

#include "base/attr.h"
#include "sim/map.h"
#include "sim/qm.h"
#include "sim/sdn_ifaces.h"

struct sdn_gen {
	const json_t *config;
	const char *node, *node_ip;
	const struct sim_sdn_bridge *bridges;
	size_t bridge_count;
	struct sim_map stanzas; /* name of the interface -> its options, char * owned */
};

/* The vnet at work with its zone. Borrowed. */
struct sdn_net {
	const char *id, *zone_id;
	const json_t *vnet, *zone;
};

/* One type of zone. false: the vnet is left out, nothing was added. */
typedef bool sdn_make_fn(struct sdn_gen *gen, const struct sdn_net *net);

sdn_make_fn sdn_make_vlan, sdn_make_qinq;                   /* sdn_bridged.c */
sdn_make_fn sdn_make_simple, sdn_make_vxlan, sdn_make_evpn; /* sdn_routed.c */

/* A text that counts: NULL when missing, empty or "0", as PVE tests it. */
const char *sdn_text(const json_t *object, const char *key);

/* Does the zone's list of nodes under key name the node? otherwise: when there is no list. */
bool sdn_on_node(const struct sdn_gen *gen, const json_t *zone, const char *key, bool otherwise);

#define SDN_ALL_VLANS "\tbridge-vlan-aware yes\n\tbridge-vids 2-4094\n"

void sdn_mtu(struct pxc_buf *options, int64_t mtu); /* 0 = no such line */

/* The interface "prefix + id" gets these options, unless it was there before: the first vnet that needs it decides. */
void sdn_put(struct sdn_gen *gen, const char *prefix, const char *id, struct pxc_buf *options);

/* The end of a vnet's bridge: its ports, VLANs, MTU and alias. */
void sdn_bridge(struct pxc_buf *options, const struct sdn_net *net, const char *ports, int64_t mtu);
