/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_uses.h - which guests have a card on a vnet, and which addresses. Layer: modules. */
#pragma once

#include "cloud/network.h"
#include "modules/kind.h"

/*
 * Looks at every guest, VM and container, template or not: PVE keeps no such list. Of a card count what it has and what
 * it will have, what cloud-init is told, and what the VM's block says.
 * cards  gets a key "vnet/MAC" for each; NULL = not wanted
 * err EREMOTE: a guest cannot be read, since its node is offline: nobody can tell then
 */
must_check int sdn_uses_read(struct pxc_env *env, const struct world *w, struct network_use **ret,
			     size_t *ret_n, json_t *cards, struct pxc_err *err);
