/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_info.h - networks with what is used of them, and what is wrong with them. Pure. Filled by modules/info_net.c.
 * Layer: cloud.
 */
#pragma once

#include "cloud/network.h"
#include "cloud/quota.h"
#include "cloud/vm.h"

struct network_view {
	const struct world *w;
	const struct sdn *sdn;
	const char *project; /* who looks: others' guests stay nameless; NULL = who may see all */
	const json_t
		*status; /* node -> {zone: "available", "pending", "error"}; NULL = not asked */
	const struct network_uses *uses; /* NULL = not read */
	const json_t *
		ipam; /* PVE's rows: {zone, vnet, ip, mac, ...}; of zones with dhcp only; NULL = none */
};

/* Is it shown to the project? Its own, what is shared with it, and what a damaged token says to be its own. NULL: any vnet. */
bool network_shown(const struct sdn_vnet *v, const char *project);

/*
 * What network_item() says, with reserved_count, zone_status, for damaged tokens tampered, and with the uses used, addresses,
 * drift, and free of each subnet. New reference.
 */
json_t *network_show(const struct network_view *nv, const struct sdn_vnet *v);

/* networks, subnets and, with the uses, ips of the project; other keys stay. Subnets of its networks were read. */
void network_usage(const struct network_view *nv, const char *project, struct quota *ret);

/* network_drift.c: append what does not fit between the cards of a VM and the networks that its block says. */
void network_vm_drift(const struct sdn *s, const struct vm_seen *x, json_t *drift);

/* ---- inner parts ---- */

/* An address that a guest has on the network. */
struct network_address {
	struct net_ip ip;
	const struct network_use *use;
};

/* Those on the network, sorted by address, each once for each guest. In the arena. */
struct network_address *network_addresses(const struct network_view *nv, const struct sdn_vnet *v,
					  struct pxc_arena *arena, size_t *ret_n);
/* "vm acme/web-1 (101)", or "somebody else" when that is none of the looker's business */
const char *network_who(const struct network_view *nv, const struct network_use *use);

/*
 * network_drift.c: sentences about what does not fit. While a guest that may be on the network cannot be read nobody knows whether
 * a card is gone. New reference.
 */
json_t *network_drift(const struct network_view *nv, const struct sdn_vnet *v,
		      const struct network_address *list, size_t n);
