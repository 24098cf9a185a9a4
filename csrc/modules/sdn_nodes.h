/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_nodes.h - what every node says of its network. Layer: modules. */
#pragma once

#include "cloud/world.h"
#include "modules/kind.h"

/*
 * GET /nodes/{node}/{what} of each node that runs; take gets all, the node and its list.
 * err: the first that failed, naming it; the others were taken
 */
must_check int sdn_each_node(struct pxc_env *env, const struct world *w, const char *what,
			     const json_t *params,
			     void (*take)(json_t *all, const struct world_node *node, json_t *data),
			     json_t *all, struct pxc_err *err);

/* Fill all with node -> {zone: "available", "pending", "error"}: only zones that the node has. (api: GET /nodes/{node}/sdn/zones) */
must_check int sdn_status_read(struct pxc_env *env, const struct world *w, json_t *all,
			       struct pxc_err *err);
