/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * balance.h - which VMs are to move so that the load of a cluster is even, in which order, and how close that is to the
 * best. Pure, and the same everywhere: equal input, in whatever order, gives an equal plan. Layer: cloud.
 *
 * The planner minimises F, the variance of utilisation weighted by capacity, summed over memory and cores, plus twice the
 * tolerance for each share of the cluster's memory that is sent over the wire. So a move is made only while it closes a gap
 * in utilisation larger than the tolerance. What must be (drained nodes, rules, nodes a VM may be on) comes first, at any price.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#define BAL_PPM 1000000

struct bal_params {
	int64_t tolerance_ppm; /* difference in utilisation that is not worth a move; 0 to BAL_PPM */
	double weight_mem;     /* of memory in F; not negative */
	double weight_cpu;     /* of cores in F; not negative */
	int64_t steady_ppm;    /* no node is filled above this share of its memory and cores */
	int64_t transient_ppm; /* nor above this while VMs move; a VM under way counts on both nodes */
	int64_t overcommit_cpu_ppm; /* assigned cores for each real one */
	unsigned max_in;            /* migrations into one node at a time; at least 1 */
	unsigned max_out;           /* migrations out of one node at a time; at least 1 */
	unsigned
		max_moves; /* in the whole plan; 0 = no limit. What must be comes first, and counts. */
	unsigned max_node_moves; /* into, and out of, each node in the whole plan; 0 = no limit */
	uint64_t seed;           /* of the search; any */
};

struct bal_node {
	const char *name;
	int64_t mem;      /* MiB; more than 0 */
	int64_t cpu;      /* millicores; more than 0 */
	int64_t base_mem; /* MiB of what never moves and is not among the VMs: containers, the host */
	int64_t base_cpu; /* millicores, likewise */
	bool accepts;     /* may be a target */
	bool drain;       /* everything that can move must leave; never a target */
};

struct bal_vm {
	uint32_t id;
	const char *node; /* where it is; NULL = it is new, and bal_place() finds a node for it */
	int64_t mem;      /* MiB it needs */
	int64_t cpu;      /* millicores it needs */
	int64_t vcpu;     /* millicores assigned to it */
	int64_t wire;     /* MiB sent when it moves */
	/* Why it cannot move, for the end of a sentence ("it is a container", "it is locked (backup)"); NULL = it can. */
	const char *stays;
	const char *const *
		allowed; /* names of nodes it may be on; NULL = all. Quick when VMs share an array. */
	size_t nallowed;
};

enum bal_rule_type {
	BAL_APART,    /* no two members on one node */
	BAL_TOGETHER, /* all members on one node */
};

struct bal_rule {
	const char *name;
	enum bal_rule_type type;
	bool hard;               /* else it has a price and may stay broken */
	const uint32_t *members; /* ids; those that are not among the VMs do not count */
	size_t nmembers;
};

struct bal_cluster {
	struct bal_params params;
	const struct bal_node *nodes;
	size_t nnodes;
	const struct bal_vm *vms;
	size_t nvms;
	const struct bal_rule *rules;
	size_t nrules;
	/* Told what it has just been at ("model", "plan", "order", "bound", in turns), for a caller with a clock. NULL = nobody. */
	void (*phase)(void *context, const char *name);
	void *context;
};

/*
 * When a move is worth it no more, by loads that have changed since: of memory (MiB) and cores (millicores), "to" for each that is
 * more on the target, less "from" for each that is more on the source, is more than "most". Then the move gains less than half of
 * what sending it costs, as if all other moves of the plan that leave the target or come to the source were done already.
 */
struct bal_worth {
	double to[2], from[2];
	double most; /* more than 0; 0 = it is to be done in any case, since it is more than a matter of load, or others count on it */
};

struct bal_move {
	uint32_t vm;
	const char *from;
	const char *to;
	bool bounce; /* only passes through "to", to make room; another move of the same VM follows, maybe home again */
	const char *
		why; /* "balance", "rule web", "drain pve1", "not allowed on pve1", "room for VM 101" */
	/* Millionths by which it lowers F, after the moves before it; of all moves together, f0 - f. What must be may raise F. */
	int64_t gain;
	int64_t wire; /* MiB */
	struct bal_worth worth;
	/* Earlier moves that must have ended; whichever way the others overlap, every state on the way is feasible. */
	const size_t *starts_after;
	size_t nstarts_after;
};

/* Something that should be and is not: "cannot move VM 100 off pve1: ..." */
struct bal_left {
	uint32_t vm;
	const char *node; /* where it stays */
	const char *why;  /* a sentence */
};

struct bal_share {
	const char *node;
	int64_t mem_before; /* millionths of its memory */
	int64_t mem_after;
	int64_t cpu_before;
	int64_t cpu_after;
};

struct bal_plan {
	struct bal_move *moves; /* in order of their start */
	size_t nmoves;
	struct bal_left *unmovable; /* must move and cannot */
	size_t nunmovable;
	struct bal_left *dropped; /* would be worth moving, but no order of moves leads there */
	size_t ndropped;
	/* VMs that no order of moves can ever move, for want of room, and how much there is; the bound leaves them where they are. NULL = there are none. */
	const char *stuck;
	struct bal_share *shares; /* one for each node, by name */
	size_t nshares;
	double f0;    /* F before; the price of soft rules is left out of all three */
	double f;     /* F after, with all that is sent, bounces too */
	double bound; /* no plan reaches a lower F that leaves the "unmovable" where they are */
	/*
	 * Of the best possible improvement, at least: (f0 - f) / (f0 - bound). Where F is higher than f0 once what must be is done and
	 * nothing else, that F is in the place of f0. All of it, where nothing can be improved; less than nothing, where making room
	 * cost more than there was to gain.
	 */
	int64_t captured_ppm;
	struct pxc_arena arena;
};

/*
 * err EINVAL: the cluster cannot be: unknown or double names, sizes out of range, or rules that contradict each other ("rules
 * web and db contradict each other: VMs 100 and 101 are to be together and apart"). A VM that must move and cannot is no
 * error. *ret is written only when it succeeds; the names in it are the cluster's own.
 */
must_check int bal_plan(const struct bal_cluster *cluster, struct bal_plan *ret,
			struct pxc_err *err);
void bal_plan_release(struct bal_plan *plan);
#define auto_bal_plan on_scope_exit(bal_plan_release)

struct bal_refused {
	uint32_t vm;
	const char *node;
	const char *
		why; /* "has 2048 MiB left", "has member 101 of rule web", "is not among its nodes" */
};

struct bal_placement {
	const char **
		nodes; /* of each of the cluster's VMs, in their order; NULL = no node can take it */
	struct bal_refused *refused; /* for each VM without a node, every node */
	size_t nrefused;
	struct pxc_arena arena;
};

/*
 * Find nodes for the VMs that have none yet, all of them together; the others stay where they are. Minimises the same F,
 * without a price for moves. A hard rule "together" brings new members to where the others are.
 * err EINVAL as bal_plan(). A VM that finds no node is no error. *ret is written only when it succeeds; the names in it are
 * the cluster's own.
 */
must_check int bal_place(const struct bal_cluster *cluster, struct bal_placement *ret,
			 struct pxc_err *err);
void bal_placement_release(struct bal_placement *placement);
#define auto_bal_placement on_scope_exit(bal_placement_release)
