/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lxc.h - containers, as far as they are load: they come with the world, have a configuration, volumes and a load, can be
 * started and stopped, and move by being restarted. Layer: sim.
 */
#pragma once

#include "sim/core.h"

/*
 * A container of a world: {"vmid", "node", "status", "pool", "load", "config": {"hostname", "memory" (MiB), "cores", "swap",
 * "rootfs": "data:8" or a volume id, "net0", "tags", ...}}
 */
must_check int lxc_world(struct sim *sim, const json_t *spec, struct pxc_err *err);
/* What pvestatd broadcasts of it; as sim_qemu_summary(). New reference. */
json_t *lxc_summary(const struct sim_guest *ct);
uint64_t lxc_memory_bytes(const struct sim_guest *ct);
/* The container of the path; fails with "Configuration file ... does not exist". */
struct sim_guest *lxc_guest(struct sim_call *call);

/* api_lxc.c */
extern const struct sim_task_kind lxc_start_kind, lxc_stop_kind, lxc_shutdown_kind;

/* lxc_migrate.c */
extern const struct sim_task_kind lxc_migrate_kind; /* args "target", "restart", "online" */
