/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network.h - networks: a vnet with a token in its alias, its subnets, and the zone it lies in. Pure half of the kind; the
 * half that talks to PVE is modules/sdn.c. Layer: cloud.
 *
 * A network is known by (project, name) in the token; what people call "blue" is vnet "n4k2zq9b" of PVE.
 * All changes of a task are one transaction: written, then applied on every node, or rolled back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/network_use.h"
#include "cloud/plan.h"
#include "cloud/policy.h"
#include "cloud/sdn.h"
#include "cloud/world.h"

/* Requests of the kind; the table is in modules/sdn.c. */
enum network_op {
	NETWORK_ZONE_CREATE,
	NETWORK_ZONE_CHANGE,
	NETWORK_ZONE_DELETE,
	NETWORK_CREATE,
	NETWORK_CHANGE,
	NETWORK_DELETE,
	NETWORK_SUBNET_CREATE,
	NETWORK_SUBNET_CHANGE,
	NETWORK_SUBNET_DELETE,
	NETWORK_DRY_RUN, /* what the nodes' files would become; only looks */
	NETWORK_APPLY,
	NETWORK_WAIT_ZONES, /* a node has taken over the zones */
	NETWORK_ROLLBACK,
	NETWORK_OPS,
};

struct network_subnet {
	struct net_cidr cidr; /* host part zero */
	bool absent;
	const char *gateway, *dns, *dns_prefix; /* NULL = not named, "" = none */
	int snat, dhcp;                         /* -1 not named, 0, 1 */
	bool ranges_named;
	struct net_range *ranges; /* sorted */
	size_t nranges;
};

struct network_reserve {
	const char *name;
	bool absent;
	unsigned count;         /* that many in a row, wherever they are free; 0 = range */
	struct net_range range; /* when count is 0 */
};

struct network_spec {
	const char *label;   /* "network acme/blue" */
	const char *project; /* NULL: of none, provider only */
	const char *name, *new_name;
	bool absent, provider, reseal, remove_zone;
	bool untagged;         /* of QinQ: without an inner tag */
	const char *vnet;      /* id for a new one; NULL = made from the name */
	const char *zone;      /* NULL = the project networks' default, or where it is */
	const char *zone_type; /* NULL = not named */
	json_t *zone_options;  /* PVE's option -> text, null = PVE's default; {} = none named */
	uint32_t tag;          /* 0 = auto */
	int vlan_aware, isolate_ports;  /* -1 not named, 0, 1 */
	const char *const *shared;      /* NULL = untouched */
	const char *description;        /* NULL = untouched */
	struct network_subnet *subnets; /* no doubles */
	size_t nsubnets;
	bool subnets_exact;
	struct network_reserve *reserves;
	size_t nreserves;
	bool reserves_exact;
	enum pxc_impact allow;
};

struct network_batch {
	struct network_spec *specs;
	size_t nspecs;
	const char *stamp, *actor;
	bool breaks_lock; /* the task allows to break the SDN's lock */
	bool diff;        /* the task asks for it: the server's own preview is wanted too */
};

struct network_world {
	const struct world *w;
	const struct sdn *sdn;
	json_t *status; /* node -> {zone: "available", "pending", "error"}; a missing node was not asked */
	json_t *bridges;                /* node -> {bridge: MTU in bytes}; NULL = not read */
	json_t *controllers;            /* {name: type}; NULL = not read */
	const struct network_use *uses; /* by cards of all guests */
	size_t nuses;
	bool uses_read;
	bool previews; /* the server can show what it would write, and the API user may see it */
};

/*
 * Are its subnets needed? Those of the batch's networks, and of all networks of their projects; when these have been read,
 * it is known whether a network gets a subnet more, for which all of its zone are needed: ask again then.
 */
bool network_wants_subnets(const struct network_batch *batch, const struct sdn *s,
			   const struct sdn_vnet *v);
/* Must it be known who uses which network? Only when one, or a subnet, is to go, or addresses are to be kept. */
bool network_wants_uses(const struct network_batch *batch, const struct network_world *nw);
/* Is a zone to be made or changed, or an id given, so that the bridges of the nodes and the controllers must be known? */
bool network_wants_bridges(const struct network_batch *batch, const struct network_world *nw);

/* network_asks.c: what the task asks for; see struct pxc_kind. */
void network_asks(const struct network_batch *batch, const struct world *w,
		  struct policy_asks *ret);

/* See struct pxc_kind. */
must_check int network_plan(const struct network_batch *batch, const struct network_world *nw,
			    struct pxc_plans *ret, struct pxc_err *err);

/* A network as results show it. New reference. */
json_t *network_item(const struct sdn *s, const struct sdn_vnet *v);
