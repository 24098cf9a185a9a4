/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fluid.h - F where VMs may be divided over nodes: its slopes are prices of load on nodes, and these give a bound. Layer: cloud,
 * private.
 */
#pragma once

#include "cloud/balance/parts.h"

#define BAL_PARTS 6  /* nodes an item is divided over */
#define BAL_STEEP 30 /* how much steeper F is made above a limit */

struct bal_parts {
	int32_t node[BAL_PARTS];
	double share[BAL_PARTS];
	int32_t n;
};

struct bal_fluid {
	const struct bal_model *m;
	struct bal_parts *parts; /* of each item */
	double *x[PRICED];       /* load - mean */
	double *g[PRICED];       /* slopes: the prices */
	double *top[PRICED];     /* x at the limit */
	double *push[PRICED];    /* how far below that F becomes steeper */
	double steep;            /* how much */
	double *low[PRICED];     /* x when all that can leave has left */
	int32_t usual;           /* the class of most items, for which ... */
	int32_t *order;          /* ... the nodes by price of memory, */
	int32_t norder;
	int32_t *hull; /* and those of them of which one is the cheapest, whatever the item */
	int32_t nhull;
	int32_t *active; /* items that are worth a look between two at all of them */
	int32_t nactive;
	int64_t looked; /* prices looked at */
};

/* Items that are whole, while all others flow. */
struct bal_large {
	int32_t *items;
	int32_t n;
	bool *is; /* of each item */
};

/* fluid.c: as the state has the items, whole */
void bal_fluid_init(struct bal_fluid *f, const struct bal_state *s, struct pxc_arena *arena);
/* The bound of these prices, and on the way who is active. *divided: F as the items are divided now. */
double bal_fluid_evaluate(struct bal_fluid *f, double *divided);
/* Passes over the active items: each moves a share from its dearest node to its cheapest. still: those that do not; NULL = none. */
void bal_fluid_flow(struct bal_fluid *f, int passes, const bool *still);
/* Where nodes are above their limits F is to become steeper the earlier, until they are at them; called again and again. */
void bal_fluid_push(struct bal_fluid *f);
void bal_fluid_release(struct bal_fluid *f); /* no more pushes */
double bal_fluid_price(const struct bal_fluid *f, const struct bal_item *it, int32_t n);
int32_t bal_fluid_main_part(const struct bal_parts *p); /* index of the largest share */
void bal_fluid_places(const struct bal_fluid *f, const struct bal_state *s,
		      int32_t *at); /* of each item: the node of that */
/* A share goes from one part to a node; parts of which nothing is left are no more, so that the last one takes their index. */
void bal_fluid_transfer(struct bal_fluid *f, int32_t item, int32_t from, int32_t to, double share);

/* hull.c: the class of most items; the nodes that can be the cheapest for one of these. */
void bal_fluid_find_usual(struct bal_fluid *f, struct pxc_arena *arena);
void bal_fluid_find_hull(struct bal_fluid *f);

/* dive.c: from the items as they are divided to a start for a plan. at: of each item, where it would be. */
void bal_dive(struct bal_fluid *f, const struct bal_state *s, int32_t *at);

/* polish.c. spare: another fluid of the same state. */
void bal_fluid_polish(struct bal_fluid *f, struct bal_fluid *spare, const struct bal_large *large);
void bal_fluid_unite(struct bal_fluid *f, int32_t item,
		     int32_t to);                                  /* all of it goes to the node */
int bal_larger_first(const void *a, const void *b, void *context); /* items of a fluid */
