/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdn_zone.h - the zones of PVE's SDN: which types there are, which options they take, and what those may say. Pure.
 * Options of a zone are an object of PVE's names with texts, as they are sent ("bridge-disable-mac-learning": "1"; lists
 * with commas); null takes one back to PVE's default. Layer: cloud.
 * (source: API schema of PVE 9.2, POST /cluster/sdn/zones; the plugins of pve-network under SDN/Zones: options,
 * on_update_hook, vnet_update_hook; faucet is left out, as in the web interface of PVE)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

enum sdn_zone_type { SDN_SIMPLE, SDN_VLAN, SDN_QINQ, SDN_VXLAN, SDN_EVPN, SDN_ZONE_TYPES };
extern const char *const sdn_zone_types[SDN_ZONE_TYPES]; /* "simple" and so on, PVE's words */

/* -1: none of them, or NULL; below it is a type without numbers. */
int sdn_zone_type(const char *text);
bool sdn_zone_tagged(int type);      /* do its networks have a number? */
uint32_t sdn_zone_max_tag(int type); /* the greatest, from 1; 0 = it has none */
/* Must numbers differ from those in all other such zones (VNI), not only within the zone (VLAN)? */
bool sdn_zone_global_tags(int type);

bool sdn_zone_id(const char *id); /* [a-z][a-z0-9]{1,7}: of zones and of vnets */
#define SDN_ID_RULE "it has 2 to 8 lower-case letters and digits, a letter first"

enum sdn_value { SDN_TEXT, SDN_INT, SDN_BOOL, SDN_LIST, SDN_CHOICE };

struct sdn_zone_option {
	const char *name, *pve; /* of our option; of PVE's */
	enum sdn_value value;
	unsigned takes, needs; /* bits 1 << type: those that take it; those that must have it */
	uint32_t min, max;     /* SDN_INT */
	const char *const *choices;   /* SDN_CHOICE; NULL-terminated */
	bool (*is)(const char *word); /* SDN_TEXT, and each item of SDN_LIST */
	const char *what;             /* what such a word is: "an IP address" */
	const char *unset; /* what leaving it out means; NULL = nothing that could be named */
};

extern const struct sdn_zone_option sdn_zone_options[];         /* ends with name NULL */
const struct sdn_zone_option *sdn_zone_option(const char *pve); /* NULL: not one of them */

/* Does the value that PVE has say what is wanted? NULL = not set. Lists are sets; letters of a MAC have no case. */
bool sdn_zone_same(const char *pve_key, const char *have, const char *want);

/* What a new zone has that nobody names: VXLAN tunnels between all nodes, unless it has peers or a fabric. */
void sdn_zone_usual(const char *type, json_t *options);

/* The options under our names, typed: true, 1450, ["a"], "text". New reference; those not known here are left out. */
json_t *sdn_zone_shown(const json_t *options);

/*
 * sdn_zone_check.c: may a zone of this type have these options?
 *
 * label     "zone blue": in front of the sentence
 * creating  options are all that the zone will have: what its type needs must be there. Otherwise they are what changes.
 * err EINVAL: no such type, an option that the type does not take, one that it needs and lacks, a value out of range;
 *           vxlan with both or neither of peers and fabric. The text "auto" is taken for all of peers.
 */
must_check int sdn_zone_check(const char *label, const char *type, const json_t *options,
			      bool creating, struct pxc_err *err);
