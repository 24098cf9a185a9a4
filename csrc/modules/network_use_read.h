/* SPDX-License-Identifier: GPL-3.0-or-later */
/* network_use_read.h - reads which guests have cards on which vnets. Layer: modules. */
#pragma once

#include "cloud/network_use.h"
#include "cloud/vm.h"
#include "modules/kind.h"

/*
 * The cards of all guests, templates only when asked for (they have no addresses), on the vnets of s: one read for each
 * guest that is not among the seen (api: GET /nodes/{n}/qemu/{v}/pending, GET /nodes/{n}/lxc/{v}/config). What cannot be read is noted. In the arena.
 */
struct network_uses *network_use_read(struct pxc_env *env, const struct world *w,
				      const struct sdn *s, struct vm_seen *const *seen,
				      size_t nseen, bool templates);
