/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory.h - what the inventory plugin is told about one cluster: one JSON object a line in, one a line out.
 *
 *   {"connect": {api_urls: ...}, "read": ["status", "pools"]}    first: connection options as modules have them, and what is
 *                                                                  read beside /cluster/resources
 *     -> {"guests": [{"pxc_vmid": 101, ...}], "nodes": [{"pxc_node": "pve1", ...}], "cluster": "lab"}
 *   {"want": "config" | "agent" | "ipam", "guests": [101, ...], "each_ms": 2000, "all_ms": 10000}
 *     -> {"details": {"101": {"pxc_flavor": ..., "pxc_problem": "..."}}}
 *
 * Each answer has "requests" (sent so far) and "warnings", and says {"failed": true, "msg": "..."} when there is nothing to tell at all.
 * One process is one cluster, so that several are read side by side and a client's connections are kept between two lines.
 * Only GETs are sent, packed or not (pve_pack_reads()). Layer: modules.
 */
#pragma once

#include "cloud/world.h"
#include "modules/kind.h"

struct inventory {
	struct pxc_arena arena;
	struct ans_args args;
	struct pxc_env env;
	struct world world; /* nodes, guests and, where they were read, pools */
	bool pools;         /* read: which project a pool is of is known, and not guessed */
	json_t *guests;     /* owned; rows of /cluster/resources */
	json_t *known;      /* owned; vmid as text -> true: of guests that were listed */
};

void inventory_open(struct inventory *inv);
void inventory_release(struct inventory *inv);

/* The answer to one line. transport: for "connect", as in connect.h; else NULL. New reference. */
json_t *inventory_answer(struct inventory *inv, const json_t *line,
			 struct pve_transport *transport);

/* Lines of standard input to its end. Returns the exit status. */
int inventory_main(void);

/*
 * inventory_list.c: the lists. read: array of texts; "status" (GET /cluster/status) tells addresses of nodes and the cluster's name,
 * "pools" (GET /pools) the projects of pools. Adds to answer. err: /cluster/resources could not be read; the others only warn.
 */
must_check int inventory_list(struct inventory *inv, const json_t *read, json_t *answer,
			      struct pxc_err *err);
/* The project of a pool; NULL: none, or not known. */
const char *inventory_project(const struct inventory *inv, const char *poolid);

/*
 * inventory_detail.c: a request for each guest, or as root@pam with a ticket one for a hundred of a node. details: vmid as text ->
 * object, to be added to.
 */
void inventory_config(struct inventory *inv, const json_t *vmids, json_t *details);
/* inventory_address.c: a request for each guest. all_ms: agents that were not asked by then are not asked any more. */
void inventory_agents(struct inventory *inv, const json_t *vmids, uint32_t each_ms, uint32_t all_ms,
		      json_t *details);
/* Every list of addresses that PVE keeps: one request for each, and one that tells which there are. */
void inventory_ipam(struct inventory *inv, const json_t *vmids, json_t *details);
