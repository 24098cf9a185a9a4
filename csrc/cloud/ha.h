/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ha.h - what the HA manager of a cluster knows: resources, rules, and which nodes it wants empty. Pure. Layer: cloud.
 * Source: /cluster/ha/{resources,rules,groups,status/current,status/manager_status}, /cluster/options (crs); PVE 8 and 9.
 * Read by modules/ha_read.c. Strings and arrays live in the run's arena.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

struct ha_resource {
	unsigned vmid;
	bool container;
	const char *state; /* wanted: started, stopped, disabled, ignored */
	const char *
		crm; /* what the manager is at: started, migrate, fence, error, queued, ...; "" = nothing said */
	const char *node;              /* where the manager has it; "" = not said */
	int max_restart, max_relocate; /* 1 unless set */
	bool failback;                 /* true unless set */
	bool auto_rebalance; /* may PVE's own balancer move it? true unless set; PVE 9.2 */
	const char *group;   /* PVE 8; "" = none */
	const char *comment; /* "" = none */
	const char *digest;  /* of the whole file of resources */
};

enum ha_rule_type {
	HA_NODES,    /* node-affinity; of PVE 8, a group */
	HA_APART,    /* resource-affinity, negative */
	HA_TOGETHER, /* resource-affinity, positive */
};

struct ha_rule_node {
	const char *name;
	int priority; /* higher is preferred; 0 unless set */
};

struct ha_rule {
	const char *name;
	enum ha_rule_type type;
	bool disabled;
	bool strict;           /* HA_NODES: no other nodes at all (a group's "restricted") */
	const unsigned *vmids; /* sorted; containers too */
	size_t nvmids;
	const struct ha_rule_node *nodes; /* HA_NODES only */
	size_t nnodes;
	const char *comment; /* "" = none */
	const char *digest;  /* of the whole file of rules */
	const char *problem; /* why PVE does not follow it; NULL = it does */
};

struct ha {
	unsigned
		release; /* of PVE: 902 is 9.2; 0 = not read, and nothing but the resources is known */
	bool has_rules;                /* false: PVE 8, whose groups are shown as rules HA_NODES */
	struct ha_resource *resources; /* sorted by vmid */
	size_t nresources;
	struct ha_rule *rules; /* by name */
	size_t nrules;
	const char *const *maintenance; /* names of nodes in maintenance, NULL-terminated */
	bool rebalances;                /* crs ha-auto-rebalance: PVE moves HA guests by itself */
	const char *scheduler;          /* crs ha: "basic", "static", "dynamic"; "" = not set */
	bool armed;                     /* false: "disarm-ha" */
};

/*
 * From the data of the replies (NULL = the call does not exist there); what PVE shows in a form that is not known is left
 * out with a text in warnings (array). The release is left 0. err EREMOTE: a reply that is no list. Groups count only where there are no rules.
 */
must_check int ha_decode(const json_t *resources, const json_t *rules, const json_t *groups,
			 const json_t *current, const json_t *manager, const json_t *options,
			 struct pxc_arena *arena, json_t *warnings, struct ha **ret,
			 struct pxc_err *err);

/* Finders; ha NULL = nothing is known of it. */
const struct ha_resource *ha_resource(const struct ha *ha, unsigned vmid); /* NULL: not HA */
const struct ha_rule *ha_rule(const struct ha *ha, const char *name);      /* NULL: none */
bool ha_in_maintenance(const struct ha *ha, const char *node);
