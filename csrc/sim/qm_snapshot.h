/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_snapshot.h - the disks and the RAM of a guest in its snapshots: qm_snapshot_disks.c. Layer: sim. */
#pragma once

#include "sim/disk.h"
#include "sim/qm.h"

bool snapshot_possible(const struct sim_guest *g);
/* Is the RAM to be saved, too? */
bool snapshot_with_ram(const struct sim_task *task, const struct sim_guest *g);
/* The RAM of a running guest goes to a volume of its own, "data:200/vm-200-state-live2.raw". New string; NULL with err. */
char *snapshot_ram(struct sim_task *task, const struct sim_guest *g, const char *name,
		   struct pxc_err *err);

/* disk_snapshot() and its kin. */
typedef int snapshot_verb(const struct sim_volume *v, const char *name, struct pxc_err *err);
/* Do it to all disks that config names; *ret_done of its keys, in order, when one fails. */
int snapshot_each(struct sim_task *task, const struct sim_guest *g, const json_t *config,
		  snapshot_verb *verb, size_t *ret_done, struct pxc_err *err);
/* The snapshots of the first disks of a snapshot that failed go again. */
void snapshot_undo(struct sim_task *task, const struct sim_guest *g, const json_t *config,
		   size_t done);
/* Disks of which size is all there is have the one again that they had. */
void snapshot_sizes(struct sim *sim, const struct sim_guest *g);
/* Disks that the guest got since the snapshot are its own still. before: its configuration until now. */
void snapshot_keep_newer(struct sim_guest *g, const json_t *before);
