/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * holder.h - the VM without disks that owns the volumes of a project.
 *
 * PVE takes an RBD image named vm-<vmid>-... for a disk of that VM and removes it with the VM. So volumes carry the number
 * of a VM that nobody removes: protected, stopped, found by its tag and the block in its notes (t=holder, id, c, project,
 * storages: where volumes of the project lie). It counts for no quota and is no VM of the user's. Layer: cloud.
 */
#pragma once

#include "cloud/vm.h"

#define HOLDER_TAG "pxc-holder"
#define HOLDER_FIRST 900000u
#define HOLDER_LAST 999999u

/* Is the number kept for holders? */
bool holder_number(const struct world *w, unsigned vmid);
/* By tag, number and status: as far as lists of guests tell. A guest that runs is none, whatever it says. */
bool holder_looks(const struct world *w, const struct world_guest *g);
/* May it be the holder of the project, so that its notes must be read? */
bool holder_candidate(const struct world *w, const struct world_guest *g, const char *project);

/*
 * The holder of a project among the guests that were read: NULL when there is none.
 * err EINVAL: its annotation is damaged and reseal is not set; EREMOTE: a candidate cannot be read
 */
must_check int holder_find(const struct world *w, struct vm_seen *const *seen, size_t nseen,
			   const char *project, bool reseal, const struct vm_seen **ret,
			   struct pxc_err *err);
