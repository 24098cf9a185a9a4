/* SPDX-License-Identifier: GPL-3.0-or-later */
/* order.h - migrations as they start, one after the other, and what each start relied on. Layer: cloud, private. */
#pragma once

#include "cloud/balance/parts.h"

#define BAL_ANY_PRICE 1e300 /* what must be is worth */

/* Setting a migration up takes as long as sending so much. */
#define BAL_START_MIB 1024

/* Where each VM is to be; from wherever it is by then. */
struct bal_goal {
	int32_t *node; /* of each VM */
	double *worth; /* of each VM: what making room for it may cost, of F */
	uint64_t seed; /* of what is tried first where room must be made; 0 = what is cheapest */
	bool careful; /* no bounces, and never above the steady limits, so that any start of it will do */
};

struct bal_trip {
	int32_t vm, from, to;
	int32_t follows;  /* the trip that brings the VM to "from", or -1 */
	int32_t helps;    /* the trip that this one makes room for, or -1 */
	int64_t priority; /* MiB through the busier of its nodes */
	int32_t leg;      /* -1: not yet started */
	bool back;        /* waits until the one it helped has started */
	bool given_up;
};

struct bal_leg {
	int32_t vm, from, to;
	int64_t end;
};

/* Of a node. */
struct bal_log {
	int32_t *left; /* legs out of it that have ended, in order of their end */
	size_t nleft, cap;
	int32_t *in, *out; /* slots: the last leg in each, or -1 */
	int32_t reserved;  /* the trip that room is being made for, or -1 */
	int32_t nin, nout; /* legs into it and out of it */
};

struct bal_order {
	const struct bal_model *m; /* where all of it begins */
	struct pxc_arena arena;
	struct bal_move *moves; /* in the arena; why and gain are left to the caller */
	struct bal_leg *legs;   /* of each move */
	size_t nmoves, cap_moves, cap_legs;
	int32_t *dropped; /* indexes of VMs that found no way, of the last goal */
	size_t ndropped;
	double sent;            /* what all moves cost, of F */
	int32_t *where, *last;  /* of each VM: its node, its last leg or -1 */
	int32_t *helped;        /* of each VM: whom it made room for, or -1 */
	uint8_t *bounced;       /* of each VM */
	double *room;           /* of each VM: what making room for it cost */
	struct bal_trip *trips; /* of the goal at hand */
	size_t ntrips, cap_trips, waiting;
	const struct bal_goal *goal;
	struct bal_random random;
	unsigned slots_in, slots_out; /* for each node */
	int64_t (*gross)[LOADS];      /* what was there and all that has started to enter */
	int64_t (*now)[LOADS];        /* gross without what has left */
	int64_t (*limit)[LOADS];
	/* ncounts x nodes: members that are there, or on their way to or from it */
	uint16_t *present;
	struct bal_log *logs;
	int32_t *flying;
	size_t nflying, cap_flying;
	int64_t clock;
	size_t *after; /* being collected */
	size_t nafter, cap_after;
};

/* order.c */
void bal_order_init(struct bal_order *o, const struct bal_model *m);
void bal_order_release(struct bal_order *o);
/* Append what leads to the goal. When VMs were dropped, what was appended leads elsewhere, and is of no use if not careful. */
void bal_order_go(struct bal_order *o, const struct bal_goal *goal);

int32_t bal_for_whom(const struct bal_order *o,
		     int32_t trip); /* the trip that is helped in the end */
double bal_worth(const struct bal_order *o, int32_t trip);

/* start.c: may a migration start, and what does that rely on? The leg, or -1. */
int32_t bal_start(struct bal_order *o, int32_t trip);
/* Room and rules, when so much more were on the node. */
bool bal_has_room(const struct bal_order *o, int32_t vm, int32_t to, const int64_t more[LOADS]);
bool bal_in_rule(const struct bal_model *m, int32_t vm, int32_t rule);

/* bounce.c: nothing can start; VMs go elsewhere for a while so that something can. */
bool bal_bounce(struct bal_order *o);
int32_t bal_add_trip(struct bal_order *o, struct bal_trip trip);
