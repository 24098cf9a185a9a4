/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stage.h - one search from where the VMs are, and an order for what it found. Layer: cloud, private.
 *
 * A plan is a row of stages, each of which begins where the one before ends, until one finds nothing more. So a second plan right
 * after the first is empty: it would be the stage that found nothing.
 */
#pragma once

#include "cloud/balance/order.h"

#define BAL_STAGES 5

struct bal_stage {
	struct bal_model m;
	struct bal_state s;     /* what is planned */
	struct bal_state musts; /* only what must be */
	const char **why;       /* of each item; NULL = balance */
	struct bal_hint hint;   /* of each item: see bal_bound() */
	struct bal_left_list unmovable, dropped;
	double f0, f_musts, bound;
	double aim;        /* the bound as the search at hand has it: with what making room costs */
	int64_t steps;     /* of annealing that the next search has, where the cluster is large */
	const char *stuck; /* see struct bal_plan */
	struct pxc_arena *arena; /* for what is said */
};

/* The goals so far, and the order that leads to them. */
struct bal_way_so_far {
	const struct bal_model *first;
	struct bal_goal goals[BAL_STAGES];
	size_t ngoals;
	struct bal_order order;
	/* Of the stages before: */
	double sent_before;
	size_t moves_before;
};

/* search.c: what must be, and what is worth it; st->bound and the hint on the way. */
void bal_stage_restart(struct bal_stage *st);
void bal_stage_search(struct bal_stage *st);

/* way.c: to where st->s has the VMs; order and goal are the way's. */
/* Is there an order? */
bool bal_way_find(struct bal_stage *st, struct bal_way_so_far *way, bool careful, uint64_t seed);
/* Of several the cheapest; where there is none, what the first one dropped. The seed. */
uint64_t bal_way_find_cheap(struct bal_stage *st, struct bal_way_so_far *way);
/* What its order sends beside the moves themselves. */
double bal_way_bounces(const struct bal_stage *st, const struct bal_way_so_far *way);
/* How much there is to do for an order like the one at hand. */
int64_t bal_way_work(const struct bal_way_so_far *way);

/*
 * trim.c: st->s becomes a plan that costs less with its order, if one is found; the way has an order for what st->s is, by the same
 * seed, before and after. enough: F with bounces that need not be improved.
 */
void bal_trim(struct bal_stage *st, struct bal_way_so_far *way, uint64_t seed, double enough);

/* stage.c */
must_check int bal_stage_init(struct bal_stage *st, const struct bal_cluster *cluster,
			      struct pxc_arena *arena, struct pxc_err *err);
void bal_stage_release(struct bal_stage *st);
/* Search, and add the goal; where no order leads there, search again without it. */
void bal_stage_run(struct bal_stage *st, struct bal_way_so_far *way);
void bal_told(const struct bal_cluster *c, const char *phase);
