/* SPDX-License-Identifier: GPL-3.0-or-later */
/* network_free.h - which addresses of a network are for VMs, but for those that guests have. Pure. Layer: cloud. */
#pragma once

#include "cloud/address.h"
#include "cloud/sdn.h"

/* Gateways, name servers, what is kept for others, and the addresses that no host can have. */
void network_take_kept(struct address_set *set, const struct sdn_vnet *v);

/*
 * The ranges of the subnet from which VMs get addresses by themselves; hosts is room for one that is made up. NULL: none, since
 * hosts mostly make up their own IPv6 address, and only ranges that somebody has set say otherwise.
 */
const struct net_range *network_ranges(const struct sdn_subnet *s, struct net_range *hosts,
				       size_t *ret_n);
