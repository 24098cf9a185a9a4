/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * networks.h - a task of pxc_sdn planned against a test world, as text.
 *
 * world   as world.h has it, and
 * {"zones":  {"lab": {"type": "vlan", "bridge": "vmbr0"}},                zones that run
 *  "vnets":  {"vblue": {"zone": "lab", "tag": 7, "net": "acme/blue", "token": {"sh": "beta"}, "human": "text", "tampered": 1,
 *                       "alias": "an alias as it is", "vlan_aware": 1, "isolate_ports": 1,
 *                       "subnets": {"10.0.0.0/24": {"gateway": "10.0.0.1", "dns": "", "snat": 1, "ranges": ["..."]}}}},
 *  "locks":  0,                                                           PVE 8
 *  "waiting": ["vnet web (new)"], "unapplied": 1,                         changes that nobody has applied
 *  "status": {"pve2": {"lab": "error"}},                                  "available" unless said; null = not there
 *  "mtus":   {"pve2": {"vmbr0": 1400}},                                   bridges; vmbr0, vmbr1 and "" of 1500 unless said
 *  "controllers": {"bgp": "evpn"},                                        that unless said
 *  "uses":   [{"vnet": "vblue", "who": "vm acme/web (101)", "ips": ["10.0.0.9"]}],
 *  "previews": 1}
 * Nodes have the addresses 10.0.0.1 and on. Registry and pools are those of world.h.
 *
 * Only what network_wants_...() asks for is there to be seen by the plan, as a run would have read it.
 */
#pragma once

#include "cloud/network.h"
#include "lib/plan.h"

/*
 * returns the whys of all steps joined by "; ", phases divided by " / " ("" = nothing to do), behind those that do more than
 *         quiet work " [disrupts]" or " [destroys]", warnings after " | ", or "!" and the sentence of a refusal. What
 *         undoes is left out. New string.
 */
char *plan_networks(const char *task, const char *world);
/* The arguments of every step of that operation as sorted compact JSON, one a line, without aliases. New string. */
char *plan_network_args(const char *task, const char *world, int op);
/* The alias that the first step writes, unsealed: "text [n=blue p=acme ...]" without c, r, at and by. New string. */
char *plan_network_alias(const char *task, const char *world);
/* Which of the task's networks change, "network acme/a, network acme/b". New string. */
char *plan_network_changes(const char *task, const char *world);
/* The result's entries, in check mode; new reference. */
json_t *plan_network_items(const char *task, const char *world);

/* As plan_rows(). */
void plan_network_rows(const struct plan_row *rows, size_t n);
