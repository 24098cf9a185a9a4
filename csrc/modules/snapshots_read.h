/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snapshots_read.h - how many snapshots a project has, which no list of PVE tells. Layer: modules. */
#pragma once

#include "cloud/rbd.h"
#include "cloud/vm.h"
#include "modules/kind.h"

/*
 * Sets counts[project] to the number of snapshots of its VMs and its volumes, or to a text: why that cannot be known. Nothing
 * is read where the project's limit is none.
 * Reads (api: GET /nodes/{n}/qemu/{vmid}/snapshot) one list for each VM in its pool, side by side.
 * rbd  what lies in Ceph of its volumes; NULL: read here, where its holder says that it has any
 */
void snapshots_read(struct pxc_env *env, const struct world *w, const char *project,
		    const struct rbd_world *rbd, json_t *counts);

/* Fill snapshots of those guests whose configuration says that they have any; what cannot be read stays NULL. */
void snapshots_read_lists(struct pxc_env *env, struct vm_seen **seen, size_t n);
int64_t snapshots_of(const struct vm_seen *seen);
