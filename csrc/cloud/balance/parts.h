/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parts.h - what the files of the balancer share: the model, a state of it, the phases. Layer: cloud, private. */
#pragma once

#include <string.h>

#include "cloud/balance/balance.h"

enum { MEM, CPU, PRICED, VCPU = PRICED, LOADS }; /* the first two are in F, all have limits */

#define BAL_EPSILON 1e-12 /* of F: less is rounding */

/* VMs that move as one: a single VM, or the members of hard rules "together". */
struct bal_item {
	double d[PRICED]; /* what the movable members need, as load has it */
	double cost; /* what moving all of them adds to F; while searching, what else it costs */
	double own_cost;          /* without that */
	int64_t load[LOADS];      /* likewise, exact */
	int32_t home;             /* node; -1 = its members are scattered, or new */
	int32_t class;            /* index of the nodes it may be on */
	int32_t member, nmembers; /* in bal_model.members: indexes of movable VMs */
	int32_t rule, nrules;     /* in bal_model.item_rules: rules that count where it is */
	const char *torn; /* the rule that its members do not follow where they are, or NULL */
	bool home_ok;     /* it may stay */
	bool fixed;       /* stays: it should move and cannot */
	bool pinned;      /* stays: no order of moves was found that leads away */
	bool frozen;      /* stays: it is proved that there is none */
};

/* A rule that counts its members on each node: hard apart, soft apart, soft together. */
struct bal_count {
	const char *name;
	bool hard, together;
	double price; /* of each member too many, or node too many */
};

/* VMs that are not where they should be, with the sentence why; rows and sentences live in an arena. */
struct bal_left_list {
	struct bal_left *rows;
	size_t n, cap;
};
void bal_leave(struct bal_left_list *list, struct pxc_arena *arena, struct bal_left row);

struct bal_model {
	const struct bal_cluster *cluster;
	struct pxc_arena arena;
	struct bal_params params;
	bool placing;                  /* only what is new is moved */
	const struct bal_node **nodes; /* by name */
	int32_t nnodes;
	const struct bal_vm **vms; /* by id */
	int32_t *vm_node;          /* of each VM; -1 = it is new */
	int32_t *vm_item;          /* -1: it does not move */
	int32_t nvms;
	struct bal_item *items;
	int32_t nitems;
	int32_t *members;
	int32_t *item_rules;
	int32_t *vm_rules; /* of each VM: from vm_rule[v] to vm_rule[v + 1], hard rules apart */
	int32_t *vm_rule;
	uint64_t *classes; /* words 64-bit words each; accepting nodes only */
	int32_t nclasses, words;
	struct bal_count *counts;
	int32_t ncounts;
	uint16_t *base_count;      /* ncounts x nnodes: VMs that do not move */
	int64_t (*base)[LOADS];    /* of what does not move */
	int64_t (*limit)[LOADS];   /* steady; never below what is there now */
	int64_t (*transit)[LOADS]; /* while VMs move */
	double (*factor)
		[PRICED]; /* F = sum of factor * (load - mean)^2; 0 on nodes that are drained */
	double (*mean)[PRICED]; /* the load each node would have if all were even */
	double memory;          /* MiB of the nodes in F */
	double lambda;          /* of F, for each share of memory sent */
	double hysteresis;      /* an improvement below this is not worth a task */
	const int32_t *in_before,
		*out_before;       /* of each node: moves there have been; NULL = none */
	struct bal_left_list left; /* members of rules that nobody can follow */
};

/* What a search changes, and a node's part of the objective, side by side. */
struct bal_spot {
	double x[PRICED]; /* load - mean */
	double factor[PRICED];
};

struct bal_list {
	int32_t *items;
	int32_t n, cap;
};

struct bal_state {
	const struct bal_model *m;
	int32_t *at;  /* of each item; -1 = scattered, or new */
	int32_t *pos; /* in its node's list */
	struct bal_spot *spots;
	int64_t (*load)[LOADS];
	uint16_t *count; /* ncounts x nnodes */
	struct bal_list *on;
	uint32_t moved;    /* VMs that are not where they were */
	int32_t *in, *out; /* of each node: how many of them have come, and gone */
	bool unlimited;    /* what must be is shifted, however many moves that takes */
	const bool *near;  /* of each item: is it looked at by searches? NULL = all are */
};

struct bal_random {
	uint64_t x;
};

static inline uint64_t bal_next(struct bal_random *r)
{
	r->x ^= r->x << 13;
	r->x ^= r->x >> 7;
	r->x ^= r->x << 17;
	return r->x;
}

/* model.c */
must_check int bal_model_init(struct bal_model *m, const struct bal_cluster *c,
			      struct pxc_err *err);
/* With VMs that are new as the only ones that can be anywhere else. */
must_check int bal_model_init_placing(struct bal_model *m, const struct bal_cluster *c,
				      struct pxc_err *err);
void bal_model_release(struct bal_model *m);
int32_t bal_find_node(const struct bal_model *m, const char *name); /* -1: there is none */
int32_t bal_find_vm(const struct bal_model *m, uint32_t id);
void bal_vm_load(const struct bal_vm *vm, int64_t load[LOADS], int64_t times); /* add it so often */
double bal_move_cost(const struct bal_model *m, const struct bal_vm *vm);

/* Does being on node n mean that the VM has moved? */
static inline bool bal_moves(const struct bal_model *m, int32_t vm, int32_t n)
{
	return m->vm_node[vm] >= 0 && m->vm_node[vm] != n;
}

static inline bool bal_may(const struct bal_model *m, const struct bal_item *it, int32_t n)
{
	if (n == it->home)
		return it->home_ok;
	return (m->classes[(ptrdiff_t)it->class * m->words + n / 64] >> (n % 64) & 1) != 0;
}

/* Too large for annealing at length, and for many searches and orders. */
static inline bool bal_is_large(const struct bal_model *m)
{
	return (int64_t)m->nitems * m->nnodes > 150000;
}

/* rules.c: from rules to items and counts. */
must_check int bal_rules_init(struct bal_model *m, struct pxc_err *err);

/* reach.c: which items are frozen; a sentence about them, or NULL. */
const char *bal_reach(struct bal_model *m, struct pxc_arena *arena);

/* objective.c */
void bal_state_init(struct bal_state *s, const struct bal_model *m);
void bal_state_release(struct bal_state *s);
void bal_state_copy(struct bal_state *to,
		    const struct bal_state *from); /* of one model, both initialised */
void bal_shift(struct bal_state *s, int32_t item, int32_t to);
double bal_scattered_cost(const struct bal_model *m, int32_t item, int32_t at);
uint32_t bal_moved_vms(const struct bal_model *m, int32_t item, int32_t at);
double bal_count_delta(const struct bal_state *s, int32_t item, int32_t from, int32_t to);
double bal_objective(const struct bal_state *s);
double bal_broken(const struct bal_state *s); /* the part of it that broken soft rules cost */
double bal_shift_delta(const struct bal_state *s, int32_t item, int32_t to);
/* The best node to shift it to, or -1; *delta is written when there is one. */
int32_t bal_best_target(const struct bal_state *s, int32_t item, double *delta);

/* Is there more on the node than may be? */
static inline bool bal_is_over(const struct bal_state *s, int32_t n)
{
	const int64_t *load = s->load[n], *limit = s->m->limit[n];

	return load[MEM] > limit[MEM] || load[CPU] > limit[CPU] || load[VCPU] > limit[VCPU];
}

/* The part of F for being there. */
static inline double bal_moved_cost(const struct bal_model *m, int32_t item, int32_t at)
{
	const struct bal_item *it = &m->items[item];

	if (it->home >= 0)
		return at == it->home ? 0 : it->cost;
	return bal_scattered_cost(m, item, at);
}

static inline double bal_load_delta(const struct bal_state *s, const struct bal_item *it,
				    int32_t from, int32_t to)
{
	const struct bal_spot *a = &s->spots[from], *b = &s->spots[to];
	double sum = 0;

	for (int r = 0; r < PRICED; r++)
		sum += a->factor[r] * it->d[r] * (it->d[r] - 2 * a->x[r]) +
		       b->factor[r] * it->d[r] * (it->d[r] + 2 * b->x[r]);
	return sum;
}

/* refusal.c */
/* Would it fit if "gone" (an item there, or -1) had left? NULL = yes, else the rule or "memory", "cores", ... */
const char *bal_refusal(const struct bal_state *s, int32_t item, int32_t to, int32_t gone);
/* The rule that is in the way, or "not allowed", or NULL. */
const char *bal_forbidden(const struct bal_state *s, int32_t item, int32_t to, int32_t gone);
/* Why a node cannot take a VM that can be moved, after its name ("has 2048 MiB left"). That it cannot is known. */
const char *bal_say_refusal(const struct bal_state *s, int32_t v, int32_t n,
			    struct pxc_arena *arena);
bool bal_is_among(const struct bal_vm *vm, const char *node); /* may it be there, by its own? */

/* allowance.c */
struct bal_step {
	int32_t item, to;
};
void bal_count_ways(struct bal_state *s, int32_t item, int32_t at, int32_t sign);
bool bal_over_limits(const struct bal_state *s, const struct bal_step *steps, int n);

/* Would these be more migrations than are allowed? */
static inline bool bal_over_moves(const struct bal_state *s, const struct bal_step *steps, int n)
{
	const struct bal_params *p = &s->m->params;

	return (p->max_moves || p->max_node_moves) && !s->unlimited && bal_over_limits(s, steps, n);
}

/* The phases. Each leaves a feasible state that is no worse. */
static inline bool bal_stays(const struct bal_item *it)
{
	return it->fixed || it->pinned || it->frozen;
}
static inline bool bal_searched(const struct bal_state *s, int32_t item)
{
	return (!s->near || s->near[item]) && !bal_stays(&s->m->items[item]) && s->at[item] >= 0;
}
/* How much worse its second best node is; huge when it has only one. *to: the best, or -1. */
double bal_regret(const struct bal_state *s, int32_t item, int32_t *to);
/* Another item changes places with it or leaves for a third node, so that it fits. Who it was, or -1. */
int32_t bal_make_room(struct bal_state *s, int32_t item);
void bal_mandatory(struct bal_model *m, struct bal_state *s, struct bal_left_list *unmovable,
		   const char **why, struct pxc_arena *arena);
bool bal_greedy(struct bal_state *s); /* did anything move? */
void bal_descent(struct bal_state *s);
bool bal_can_swap(const struct bal_state *s, int32_t v, int32_t w);
double bal_swap_delta(const struct bal_state *s, int32_t v,
		      int32_t w); /* right when bal_can_swap() */
void bal_swap(struct bal_state *s, int32_t v, int32_t w);
bool bal_share_rules(const struct bal_model *m, int32_t v, int32_t w);
struct bal_hint;
/* Never ends worse. The temperature is of F; the items near home-leaving are tried. */
void bal_anneal(struct bal_state *s, const struct bal_hint *hint, double temperature, int64_t steps,
		uint64_t seed);

/* gain.c: the moves' gains, in their order, and when they are worth it no more. Everything else about them is known. */
void bal_gains(const struct bal_model *m, struct bal_move *moves, size_t nmoves);

/* What the bound knows of good states. */
struct bal_hint {
	int32_t *at;   /* of each item: where it would be if small ones could be divided */
	int32_t *near; /* items that may be of use elsewhere than home */
	int32_t nnear;
	bool *is_near; /* of each item */
	double *worth; /* of each item: between what its best node and its second best one cost */
	double (*slope)[PRICED]; /* of each node's part of F */
};
/* bound.c: no state that leaves the fixed items where they are has a lower F; a good start is near the best. */
double bal_bound(const struct bal_state *s, double f0, struct bal_hint *hint);

/* polish.c: hint->at for a start that is close to the state, and with large items where they are of more use. */
void bal_polish(const struct bal_state *s, struct bal_hint *hint);

/* pack.c: which items a node would have, if each had a price there. */
struct bal_pack {
	int32_t n;
	double (*d)[PRICED]; /* of each item */
	double *price; /* of each item, for being there; less than 0 = it is worth something */
	double factor[PRICED], low[PRICED], top[PRICED]; /* of the node: load - mean */
	bool *in; /* of each item: in a choice to begin with; then in the best that was found */
	double slope[PRICED]; /* of F there, when items may be divided */
	int64_t looked;       /* items looked at, in all calls so far */
};
/* No choice costs less than this. slack: how far from the best is close enough; budget: divisions of the search. */
double bal_pack(struct bal_pack *p, double slack, int32_t budget);

/* sharpen.c: a bound at least as high as the one of bal_bound(). improve: the state may become a better one on the way. */
double bal_sharpen(struct bal_state *s, double f0, double bound, const struct bal_hint *hint,
		   bool improve);
