/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdn.h - the cluster's software-defined networks: what the files sdn_*.c and api_sdn_*.c share. Layer: sim.
 *
 * A section is a JSON object as the API shows it, without its id: {"type": "vlan", "bridge": "vmbr0"}. Sections are never
 * changed once they are kept: a change puts a new one in the place of the old, so the configuration, what is running and
 * what each node has applied share them.
 */
#pragma once

#include "sim/core.h"

enum sdn_kind {
	SDN_ZONE,
	SDN_VNET,
	SDN_SUBNET,
	SDN_CONTROLLER, /* up to here: committed by PUT /cluster/sdn; the rest is valid at once */
	SDN_IPAM,
	SDN_DNS,
	SDN_KINDS
};
#define SDN_COMMITTED SDN_IPAM

struct sim_sdn {
	json_t *config[SDN_KINDS];   /* id -> section */
	uint8_t sums[SDN_KINDS][20]; /* of the sections, for the digest */
	/* {"version": 3, "zones": {...}, "vnets": ..., "subnets": ..., "controllers": ...}; NULL before the first apply */
	json_t *running;
	char token[37];  /* of the global lock; "" = nobody holds it */
	json_t *tags;    /* of vnets: "100" -> how many have it; "0": none */
	json_t *garbled; /* ids of vnets whose alias the next write of vnets.cfg loses */
	json_t *ipam;    /* PVE's own: zone -> cidr -> address -> {mac, vmid, hostname, gateway} */
};

/* A text of a section, NULL = it has none. */
static inline const char *sdn_str(const json_t *section, const char *key)
{
	return json_string_value(json_object_get(section, key));
}

void sdn_init(struct sim *sim);
void sdn_free(struct sim *sim);
/* PVE 8: no global lock, no dry run, no fabrics. */
bool sdn_old(const struct sim *sim);

/* ---- sdn.c: the store ---- */

const char *sdn_key(enum sdn_kind kind);  /* "zone": the name of the id */
const char *sdn_name(enum sdn_kind kind); /* "zones": of all of them */
/* Borrowed; NULL = there is none. */
json_t *sdn_find(const struct sim *sim, enum sdn_kind kind, const char *id);
/* What is running, id -> section; NULL before the first apply. Borrowed. */
json_t *sdn_running(const struct sim *sim, enum sdn_kind kind);
void sdn_keep(struct sim *sim, enum sdn_kind kind, const char *id, json_t *section_new);
void sdn_drop(struct sim *sim, enum sdn_kind kind, const char *id);
/* How many vnets are configured with that tag, 0 = without one. */
json_int_t sdn_tag_users(const struct sim *sim, json_int_t tag);
/* Of the kind's file: the same for the same content. */
void sdn_digest(const struct sim *sim, enum sdn_kind kind, char digest[41]);
bool sdn_pending(
	const struct sim *sim); /* is anything configured that does not run, or the reverse? */
/* Configuration becomes what is running; its version counts on. */
void sdn_commit(struct sim *sim);
/* What is running becomes the configuration again. */
void sdn_rollback(struct sim *sim);
/* For sim_dump(): configured and running sections, IPAM, whether somebody holds the lock, nodes to reload. New. */
json_t *sdn_dump(const struct sim *sim);

/* ---- sdn_view.c: what the API shows ---- */

/* The section with id, digest and computed fields, as "pending" and "running" of the call ask; NULL = none. New. */
json_t *sdn_show(const struct sim_call *call, enum sdn_kind kind, const char *id);
/* Answer with all that pass, in order of their ids. */
typedef bool sdn_filter(const struct sim_call *call, const char *id, const json_t *shown);
int sdn_answer_list(struct sim_call *call, enum sdn_kind kind, sdn_filter *filter);
int sdn_answer_one(struct sim_call *call, enum sdn_kind kind, const char *id);
/* "sdn vnet 'x' does not exist" */
int sdn_missing(struct sim_call *call, enum sdn_kind kind, const char *id);

/* ---- sdn_write.c: changing the configuration ---- */

/* Options of one type of a kind, blank-separated. */
struct sdn_type {
	const char *name, *required, *optional;
};

/* Failing inside of a change: "update sdn vnet object failed: ...". Each returns -1. */
int sdn_die(struct sim_call *call, enum sdn_kind kind, const char *fmt, ...) printf_like(3, 4);
/* The same as PVE wraps errors of a parameter. */
int sdn_raise(struct sim_call *call, enum sdn_kind kind, const char *param, const char *fmt, ...)
	printf_like(4, 5);
/* The same for a section that is not there. */
int sdn_gone(struct sim_call *call, enum sdn_kind kind, const char *id);
/* Quorum, the global lock's token and the digest. */
int sdn_open(struct sim_call *call, enum sdn_kind kind);
/* Quorum and token, failing with what in front. */
int sdn_guard(struct sim_call *call, const char *what);
const struct sdn_type *sdn_type_find(const struct sdn_type *types, const char *name);
/* Do the parameters go with the type? The message of a failure, caller frees; NULL = they do. */
char *sdn_refuse(const struct sim_call *call, enum sdn_kind kind, const struct sdn_type *type,
		 bool create);
/*
 * A kind's own rules: they may complete the new section, do what else belongs to it, or fail. section NULL = it is to be
 * deleted, old NULL = it is to be created.
 */
typedef int sdn_rule(struct sim_call *call, const char *id, json_t *section, const json_t *old);
/* POST, PUT and DELETE; types ends with a zero entry, rule of sdn_delete() may be NULL. */
int sdn_create(struct sim_call *call, enum sdn_kind kind, const struct sdn_type *types,
	       const char *id, sdn_rule *rule);
int sdn_update(struct sim_call *call, enum sdn_kind kind, const struct sdn_type *types,
	       const char *id, sdn_rule *rule);
int sdn_delete(struct sim_call *call, enum sdn_kind kind, const char *id, sdn_rule *rule);

extern const struct sim_param sdn_view_params[];   /* pending, running */
extern const struct sim_param sdn_update_params[]; /* delete, digest, lock-token */
extern const struct sim_param sdn_token_params[];  /* lock-token */
#define SDN_ID "^[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]$"

/* ---- sdn_format.c ---- */

sim_format_fn sdn_format_ip, sdn_format_mac, sdn_format_subnet, sdn_format_range, sdn_format_node,
	sdn_format_dns_name, sdn_format_route_target;
/* Start and end of "start-address=A,end-address=B"; false when it has none. */
bool sdn_range(const char *text, char start[64], char end[64]);

/* ---- sdn_vnet.c, sdn_subnet.c ---- */

/* 403 unless the caller holds one of privs on the vnet, 500 when it is not configured. */
int sdn_need_vnet(struct sim_call *call, const char *vnet, const char *privs);
/* The subnet's fields that its id says: cidr, network, mask, zone. */
void sdn_subnet_fields(const char *id, json_t *section);
/* "zone-10.0.0.0-24" -> "10.0.0.0/24"; caller frees. */
char *sdn_subnet_cidr(const char *id);

/* ---- sdn_node.c: what a node has of it ---- */

/*
 * What a world says of a node's bridges: {"vmbr1": {"mtu": 9000, "vlan_aware": true, "ports": "eno2"}} instead of the
 * one that comes by default; NULL = nothing.
 */
must_check int sdn_world_bridges(struct sim_node *node, json_t *bridges, struct pxc_err *err);
/* A bridge of /etc/network/interfaces; NULL = it has none of that name. Borrowed. */
const json_t *sdn_own_bridge(const struct sim_node *node, const char *name);
bool sdn_zone_on(const json_t *zone, const struct sim_node *node);
/* Why the vnet of the running configuration does not work on the node: "" = it does. Caller frees. */
char *sdn_vnet_fault(const struct sim *sim, const struct sim_node *node, const char *vnet);
/* "available", "pending", "error"; NULL: the zone is not on the node. */
const char *sdn_zone_status(const struct sim *sim, const struct sim_node *node, const char *zone);
/* Is there a bridge or a vnet of that name that a guest's card can be plugged into? */
bool sdn_has_link(const struct sim_node *node, const char *name);

/* ---- sdn_lock.c ---- */

/* After an apply or a rollback: the lock goes if the call says so. */
void sdn_unlock_after(struct sim_call *call);

/* ---- sdn_apply.c ---- */

/* Start srvreload on the node, as PUT /nodes/{node}/network does. */
extern const struct sim_task_kind sdn_reload_kind;

/* ---- sdn_ipam.c ---- */

/* Each fails with PVE's words in err. A zone without IPAM takes everything and keeps nothing. */
must_check int sdn_ipam_subnet(struct sim *sim, const json_t *zone, const char *id,
			       struct pxc_err *err);
must_check int sdn_ipam_drop_subnet(struct sim *sim, const json_t *zone, const char *id,
				    struct pxc_err *err);
must_check int sdn_ipam_add(struct sim *sim, const json_t *zone, const char *subnet, const char *ip,
			    json_t *entry_new, struct pxc_err *err);
int sdn_ipam_del(struct sim *sim, const json_t *zone, const char *subnet, const char *ip,
		 struct pxc_err *err);
/* The first running subnet of the vnet that holds the address; NULL = none. Borrowed. */
const char *sdn_subnet_of_ip(const struct sim *sim, const char *vnet, const char *ip);
/* A card's addresses in the vnet's zone, "" = none; false: the zone does not hand out any. */
bool sdn_ips_of_mac(const struct sim *sim, const char *vnet, const char *mac, char ip4[46],
		    char ip6[46]);
/* A guest's cards get and give back addresses in zones with dhcp; what goes wrong is only a warning in PVE. */
void sdn_nic_join(struct sim *sim, const struct sim_guest *guest, const char *net);
void sdn_nic_leave(struct sim *sim, const char *net);
/* The same at a start: only where it has none yet. */
void sdn_nic_start(struct sim *sim, const struct sim_guest *guest, const char *net);
