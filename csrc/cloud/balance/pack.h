/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pack.h - the search for what one node takes, and the same with items divided, which bounds it. Layer: cloud, private. */
#pragma once

#include "cloud/balance/parts.h"

#define BAL_NEVER 1e300
#define BAL_WHOLE 1e-6 /* of an item: as good as none of it, or all */
#define BAL_ACTIVE 64  /* so many of those that a sweep has changed are looked at again at once */

/* The items that are not settled yet, densely. */
struct bal_packing {
	struct bal_pack *p;
	int32_t n;
	int32_t *item; /* index in p */
	double (*d)[PRICED];
	double *price;
	double low[PRICED]; /* load - mean with all that is settled to be in */
	double settled;     /* their prices */
	double *y;          /* of each: the part of it that is in */
	bool *in;           /* of each: in the choice at hand */
	int8_t *fixed;      /* -1 = free, else 0 or 1 */
	int32_t active[BAL_ACTIVE];
	double best; /* the lowest of all choices so far */
	double slack;
	int32_t budget;
};

/* relax.c. x: load - mean, with the items' parts y. */
double bal_pack_slope(const struct bal_pack *p, const double x[PRICED], int r);
void bal_pack_fill(const struct bal_packing *k, double x[PRICED]);
/* All free items in turns to where they are best, while that changes anything. */
void bal_pack_settle(struct bal_packing *k, double x[PRICED]);
/* What no choice is below that has the fixed items as they are; BAL_NEVER when they are too much for the node. */
double bal_pack_dual(const struct bal_packing *k, const double x[PRICED]);
