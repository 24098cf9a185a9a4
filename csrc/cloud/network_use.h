/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_use.h - who has a card on which vnet, and which addresses there: read from the guests themselves, since no table
 * of reservations is kept. Pure. Filled by modules/network_use_read.c. Layer: cloud.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/net.h"
#include "cloud/sdn.h"
#include "cloud/world.h"

#define CARDS 32 /* net0 to net31 */

/* One card, as it is or as it will be when what waits for a restart has come about. */
struct network_use {
	const char *vnet;    /* id */
	const char *who;     /* "vm acme/web-1 (101)", "container 205" */
	const char *project; /* by its block, else NULL */
	const char *mac;     /* upper-case; NULL: the card is only noted in the block */
	struct net_ip *ips;
	size_t nips;
	unsigned vmid, slot;
};

/* A guest whose cards are not known. */
struct network_unread {
	const struct world_guest *guest;
	const char *problem;
	bool vanished; /* it was listed, and gone from that node when it was read: look again */
};

struct network_uses {
	struct pxc_arena *arena; /* of all that is in it */
	struct network_use *list;
	size_t n, cap;
	struct network_unread *unread;
	size_t nunread, unread_cap;
};

/*
 * Add the cards of a QEMU guest on vnets of s. A block that is not its own (a copy) counts for nothing.
 * config, current  key -> text: with and without what waits for a restart
 */
void network_use_qemu(struct network_uses *u, const struct sdn *s, const struct world_guest *g,
		      const json_t *config, const json_t *current, const struct annot_text *notes);
/* The same of a container: its netN hold bridge, ip and ip6. */
void network_use_lxc(struct network_uses *u, const struct sdn *s, const struct world_guest *g,
		     const json_t *config);
void network_use_unread(struct network_uses *u, const struct world_guest *g, const char *problem,
			bool vanished);

/* Who has the address on that vnet, other than that very card (vmid 0: nobody's); NULL: nobody. */
const struct network_use *network_use_of(const struct network_uses *u, const char *vnet,
					 const struct net_ip *ip, unsigned vmid, unsigned slot);

/* May members of the project be told who it is? Their own guests have names for them, others' have none. */
bool network_use_shown(const struct world *w, const char *project, const struct network_use *use);

/* How many addresses the VMs of a project have. */
uint64_t network_use_count(const struct network_uses *u, const char *project);

/* May a guest that cannot be read be on the network? Not when it is in the pool of a project that may not. */
bool network_use_possible(const struct world *w, const struct sdn_vnet *v,
			  const struct world_guest *g);

/*
 * The block of a VM says in key net<slot> on which network the card is, and which addresses it has: "blue,10.20.0.11", both
 * families "blue,10.20.0.11,fd00::11", none "blue"; of another project "acme/blue".
 * name may be NULL. false: there is no such key. ips: by family, IPv4 first; bits 0 = none
 */
bool network_entry(const struct annot *block, unsigned slot, struct pxc_arena *arena,
		   const char **ret_name, struct net_ip ret_ips[2]);
/* What the project calls it there. In the arena. */
const char *network_entry_name(const struct sdn_vnet *v, const char *project,
			       struct pxc_arena *arena);
/* The network of such a name; NULL: it is gone. */
const struct sdn_vnet *network_entry_vnet(const struct sdn *s, const char *project,
					  const char *name);
/* Addresses in an ipconfigN, by family; bits 0: none, or not a fixed one. */
void network_ipconfig(const char *text, struct net_ip ret_ips[2]);

/*
 * What PVE's own list (IPAM) has for a VM, by its block: array of {vnet, zone, ip, mac} as PVE takes them; where networks are
 * gone, or their zones have no list, nothing. New reference.
 */
json_t *network_registered(const struct sdn *s, const json_t *config, const struct annot *block);
