/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdn.h - a snapshot of the cluster's software-defined network (SDN): zones, vnets, subnets, as they run. Pure.
 *
 * What was changed but not applied is not in it but for its name (pending): it carries no traffic, and while
 * somebody's changes are pending nothing of ours is written. (PVE 8 differs: modules/sdn_pending.h) Filled by modules/sdn_read.c from
 * GET /cluster/sdn/{zones,vnets,vnets/{v}/subnets}?pending=1 (PVE 8.1 and later). Layer: cloud.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "annot/annot.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/net.h"
#include "cloud/world.h"

struct sdn_zone {
	const char *id;
	const char *type; /* simple, vlan, qinq, vxlan, evpn, or one that is not known here */
	json_t *options;  /* PVE's option -> text, without zone and type; never NULL */
};

struct sdn_subnet {
	const char *id;                         /* "tenant-10.20.0.0-24" */
	struct net_cidr cidr;                   /* host part zero */
	const char *gateway, *dns, *dns_prefix; /* NULL = none */
	bool snat;
	struct net_range *ranges; /* sorted, may be none */
	size_t nranges;
};

/* Addresses kept for something outside of VMs: MetalLB, kube-vip, a router. */
struct sdn_reserve {
	const char *name;
	struct net_range range;
};

struct sdn_vnet {
	const char *id, *zone;
	uint32_t tag; /* 0 = none */
	bool vlan_aware, isolate_ports;
	struct annot_text notes; /* the alias, taken apart */
	/* By an intact token that names this very vnet, of this cluster; all else is somebody else's vnet. */
	bool ours;
	/* By one that somebody has changed: what follows is what it says, to be looked at, and not to be trusted. */
	bool damaged;
	const char *name;          /* as people call it; NULL unless ours or damaged */
	const char *project;       /* NULL = of no project */
	bool provider;             /* published by an admin */
	const char *const *shared; /* projects that may use it too; "*" = all; never NULL */
	struct sdn_reserve *reserves;
	size_t nreserves;
	bool subnets_read;
	struct sdn_subnet *subnets; /* sorted by id */
	size_t nsubnets;
};

struct sdn {
	bool locks; /* PVE 9: changes are made under a lock, and can be rolled back */
	struct sdn_zone *zones;
	size_t nzones;
	struct sdn_vnet *vnets; /* sorted by id */
	size_t nvnets;
	const char *const
		*pending; /* NULL-terminated: "vnet web (new)", changes that nobody has applied */
	bool unapplied;   /* PVE 8: changes of ours wait, which a run that was cut off has left */
};

const struct sdn_zone *sdn_zone(const struct sdn *s, const char *id); /* NULL: does not run */
const struct sdn_vnet *sdn_vnet(const struct sdn *s, const char *id);
const char *sdn_option(const struct sdn_zone *zone, const char *key); /* NULL: not set */

/* The network of that project (NULL: of none) by its name; NULL: there is none, or its vnet is not ours. */
const struct sdn_vnet *sdn_network(const struct sdn *s, const char *project, const char *name);

/* May VMs of the project be on it? Its own, one that is shared with it, or a provider network for all. */
bool sdn_may_use(const struct sdn_vnet *v, const char *project);

/*
 * The network that a project means by a name: its own, else one it may use of others, else (for networks that were made
 * in PVE itself) the vnet of that id which carries no token.
 * err ENOTFOUND: none, and which there are; EINVAL: the name means two ("blue of acme and blue of beta: say
 * acme/blue", which is taken too)
 */
must_check int sdn_network_find(const struct sdn *s, const char *project, const char *name,
				const struct sdn_vnet **ret, struct pxc_err *err);

/* The same refusal. Always -1. */
int sdn_network_missing(const struct sdn *s, const char *project, const char *name,
			struct pxc_err *err);

/* The subnet that holds the address; NULL: none. */
const struct sdn_subnet *sdn_subnet_of(const struct sdn_vnet *v, const struct net_ip *ip);

/* For people: "network acme/blue", "network public". In the arena. */
const char *sdn_label(struct pxc_arena *arena, const struct sdn_vnet *v);
