/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_show.h - a VM as results show it. Layer: cloud. */
#pragma once

#include "cloud/vm.h"

/*
 * {project, stack, name, vmid, node, status, ...} of a guest that was read. A guest without an intact block of its own
 * is shown by its PVE name, with "managed" false and why; one that could not be read, with "problem". New reference.
 */
json_t *vm_show(const struct world *w, const struct vm_seen *seen);
