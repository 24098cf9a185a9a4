/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * world.h - snapshots of a cluster for tests of plans, from a few lines of JSON.
 *
 * {"nodes":    {"pve1": {"online": 0, "memory_gib": 64, "cores": 16, "used_mib": 0}},   default: pve1, pve2, pve3 of 64 GiB and 16 cores
 *  "registry": {"storage": "fast", "f.small": "vcpus/1,ram_mb/1024,disk_gb/5"},   over domain=example.org, bridge=vmbr0,
 *                                                                         storage=shared; null = no registry at all
 *  "pools":    {"acme": {"quota": {"cores": 4}, "ha": "enabled", "frozen": true, "groups": {"web": "nodes,pve1/2"}, "manager": "bob,@ops"},
 *               "plain": null},
 *                                                                         default: project acme; null = a pool without a token
 *  "tenant":   1,                                                          the actor is no admin of the cloud
 *  "access":   {"pxc-ops": {"users": "alice,bob"}, "pxc-key.acme.ci": {"key": "ssh-ed25519 ..."}, "pxc-old": {"members": "bob@pve",
 *                "raw": "its comment as it is"}},                             groups of PVE, with tokens of their own where not "raw"
 *  "guests":   [{"vmid": 100, "node": "pve1", "status": "running", "pool": "acme", "config": {"memory": "1024"},
 *                "block": {"name": "web"}, "human": "text", "pending": ["memory"], "current": {...}, "raw": "notes as they are",
 *                "template": 1, "ha": "started" (or PVE's row), "paused": 1, "problem": "why", "addresses": [...],
 *                "used_mib": 512, "used_cpus": 0.5, "snapshots": [PVE's rows], "rollback": {the configuration of the snapshot to go back to},
 *                "migration": {what PVE says of a move}}],
 *  "cpu_flags": {"pve1": "aes avx2"}, "bridges":  {"pve1": ["vmbr0"]}, "volumes": ["pve1/local:import/x.qcow2"],
 *  "sdn_zones": {"lab": "vlan"},                                          zones of PVE's SDN and their types
 *  "imports":  ["nfs"],                                                   more storages, shared, for imports only
 *  "snapshots_used": {"acme": 3},                                         of its VMs and volumes together; default: none
 *  "downloads": {"x.qcow2": true}}                                        what PVE downloads right now
 * What lies in Ceph ("rbd"): rbd_world.h. Networks ("vnets"): net_world.h. HA ("ha"): ha_world.h.
 * Storages: "shared" (shared), "fast" and "slow" (shared, of type rbd) and "local" (per node, import too) on every node.
 */
#pragma once

#include "base/arena.h"
#include "cloud/image.h"
#include "cloud/vm.h"

struct test_world {
	struct pxc_arena arena;
	json_t *json, *kept; /* owned */
	struct world world;
	struct vm_world vm;
	struct rbd_world rbd;
	struct image_world images;
	struct ha *ha;
};

void test_world_create(struct test_world *ret, const char *json); /* NULL or "" = {} */
void test_world_release(struct test_world *w);
#define auto_world on_scope_exit(test_world_release)
