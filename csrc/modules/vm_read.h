/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_read.h - reads the configuration of many guests. Layer: modules. */
#pragma once

#include "cloud/vm.h"
#include "modules/kind.h"

/* Fill config, current, pending, digest and notes of each (GET .../pending); a failure is noted as its problem. */
void vm_read(struct pxc_env *env, const struct world *w, struct vm_seen **seen, size_t n);

/*
 * All guests that may be ours: in the pool (NULL: of any pool), or tagged pxc; no templates, no containers.
 * Returns an array in the arena.
 */
struct vm_seen **vm_read_managed(struct pxc_env *env, const struct world *w, const char *pool,
				 size_t *ret_n);

/*
 * Lists of PVE leave out what the API user may not see. What is not seen would be made a second time, or thought to have
 * no VM, so the right to see the project's VMs is asked for first. (api: GET /access/permissions)
 * project  NULL, or one that does not exist: nothing is asked
 * err EDENIED: naming what must be granted
 */
must_check int vm_check_sight(struct pxc_env *env, const struct world *w, const char *project,
			      struct pxc_err *err);
