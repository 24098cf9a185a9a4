/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rebalance.h - tasks of pxc_balance against test worlds (world.h), as text.
 *
 * A world has beside that:
 *  "ha": {..., "crm": {"100": "error"}, "crs": true, "disarmed": true, "manual": [100]}   manual: auto-rebalance is off
 *  "disks":   [{"vmid": 100, "storage": "data", "volid": "data:100/x", "gib": 4}]         on the node of the VM only
 *  "moved":   {"100": 60}                                                                seconds since the last migration
 *  "loads":   {"100": [MiB, cores]}                                                      of the last half hour
 *  "checks":  {"100": {"pre": {...}, "config": {...}, "groups": "web"}}   what PVE answers about it; asked before the cluster is made;
 *             groups: as its notes say
 *  "cpu":     {"pve1": ["model", "flags"]}                  "bridges" as in world.h
 */
#pragma once

/*
 * What the planner gets: nodes ("pve1 65536/16000 base 2048/500 drain; "), then VMs with what they need and why they stay, or
 * where they may be when that is not everywhere ("100 pve1 1024/500: it is locked (backup); 101 pve1 0/0 on pve1 pve2; ").
 * New string.
 */
char *rebalance_cluster_text(const char *task, const char *world);

/* The migrations: "100 pve1 -> pve2 (drain pve1): why of each step, ...; ", "{via 100}" for one that is moved along. New string. */
char *rebalance_plan_text(const char *task, const char *world);

/* Of the result the keys named ("certificate captured"; "" = all), as compact JSON. New string. */
char *rebalance_result_text(const char *keys, const char *task, const char *world);
