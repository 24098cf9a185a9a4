/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usage.h - what a project uses now, counted from a snapshot. Pure. Layer: cloud. */
#pragma once

#include "cloud/quota.h"
#include "cloud/world.h"

/* The limits in force for the project of a pool. err EINVAL: its token cannot be read. */
must_check int usage_limit(const struct world *w, const char *pool, struct quota *ret,
			   struct pxc_err *err);

/*
 * Instances, cores and memory of all guests in the pool, with or without a block; stopped ones count. Templates do
 * not, nor does the holder of its volumes.
 * limit, asked   when a guest's size is not known (its node is offline) and the key is both limited and asked for,
 *                the count fails: "quota: cannot be counted: ..." (EINVAL). NULL = count what is known.
 */
must_check int usage_count(const struct world *w, const char *pool, const struct quota *limit,
			   const struct quota *asked, struct quota *ret, struct pxc_err *err);
