/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usage.h - what a project uses now, counted from a snapshot. Pure. Layer: cloud. */
#pragma once

#include "cloud/quota.h"
#include "cloud/world.h"

/* The limits in force for the project of a pool. err EINVAL: its token cannot be read. */
must_check int usage_limit(const struct world *w, const char *pool, struct quota *ret,
			   struct pxc_err *err);

/* How large a guest is by its configuration, with what waits for its restart; where that was read, it goes before lists. */
struct usage_size {
	unsigned vmid;
	int64_t cores, ram_mb;
};

/* What a count is for; NULL instead of it, or of its members: of what is known. */
struct usage_want {
	/* When a guest's size is not known (its node is offline) and the key is both limited and asked for, the count fails. */
	const struct quota *limit, *asked;
	bool ignore_unknown;            /* such a guest counts as an instance of no size */
	const struct usage_size *sizes; /* sorted by vmid */
	size_t nsizes;
};

/*
 * Instances, cores and memory of all guests in the pool, with or without a block; stopped ones count. Templates do
 * not, nor does the holder of its volumes.
 * err EINVAL: "quota: cannot be counted: ..."
 */
must_check int usage_count(const struct world *w, const char *pool, const struct usage_want *want,
			   struct quota *ret, struct pxc_err *err);
