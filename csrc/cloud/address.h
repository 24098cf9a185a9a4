/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * address.h - which addresses of a network are taken, and the lowest that is not. Pure. Layer: cloud.
 *
 * Taken addresses are kept as runs: sorted, and at least one free address apart. So what follows a run is free, and the
 * search for an address never walks over those that are taken, however often it is repeated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/net.h"

/* Empty with only the arena set; lives as long as that. Both families may be in one set. */
struct address_set {
	struct pxc_arena *arena;
	struct net_range *runs; /* sorted, apart */
	size_t n, cap;
};

/* Take all that is in any of the ranges: in any order, they may overlap one another and what is taken. O(n log n) */
void address_fill(struct address_set *set, const struct net_range *ranges, size_t n);
/* false: it was taken already. O(log n), but for a move of memory */
must_check bool address_take(struct address_set *set, const struct net_ip *ip);
bool address_has(const struct address_set *set, const struct net_ip *ip);

/* The lowest address over all the ranges, in any order, that is not taken; false: there is none. O(ranges log n) */
must_check bool address_lowest(const struct net_range *ranges, size_t n,
			       const struct address_set *taken, struct net_ip *ret);
/* How many addresses of the ranges are not taken; one in two ranges counts once. UINT64_MAX when it is more */
uint64_t address_free(const struct net_range *ranges, size_t n, const struct address_set *taken);
