/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inventory_parts.h - what the files of the inventory share, and nobody else. Layer: modules. */
#pragma once

#include "modules/inventory.h"

/* The object of a guest in details, which is made when there is none. Borrowed. */
json_t *inventory_detail_of(json_t *details, unsigned vmid);

/* Say in a detail what is the matter; a guest may have several problems: the first is the one to look at first. */
void inventory_problem(json_t *detail, const char *text);

/* Those of the VMIDs that were listed, by nodes, since reads of one node go together. In the arena. */
const struct world_guest **inventory_guests_of(struct inventory *inv, const json_t *vmids,
					       size_t *ret_n);

/* Can its node be asked? */
bool inventory_online(const struct inventory *inv, const struct world_guest *g);

/* "10.0.0.5/24", or without the prefix, as one more of a list, without it; what leads to no other host, or is no address, is none. */
void inventory_add_address(json_t *list, const char *text);
