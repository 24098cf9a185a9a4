/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rebalance.h - which VMs of a cluster are to move: the pure half of pxc_balance. Layer: cloud.
 *
 * A snapshot becomes a cluster for the planner (balance/balance.h): loads, head-room, who cannot move and why, who may be
 * where. Of those that the plan moves, PVE is asked whether they can (rebalance_check); what it refuses becomes a constraint,
 * and the plan is made again. The plan becomes migrations, and what people are shown.
 */
#pragma once

#include "cloud/affinity.h"
#include "cloud/balance/balance.h"
#include "cloud/ha.h"
#include "cloud/plan.h"
#include "cloud/world.h"

#define REBALANCE_TAG "pxc-nobalance" /* a VM with this tag is left where it is */

enum rebalance_metric {
	REBALANCE_USED,     /* what guests use now */
	REBALANCE_P95,      /* what they used at most in 19 of 20 samples of the last half hour */
	REBALANCE_PSI,      /* what they would use if they never waited for a processor */
	REBALANCE_ASSIGNED, /* what they are configured with */
};

struct rebalance_spec {
	bool moves; /* false: the plan is only shown */
	struct bal_params params;
	enum rebalance_metric metric;
	/* NULL-terminated; NULL = not named. */
	const char *const *nodes;         /* the only ones that are looked at */
	const char *const *exclude_nodes; /* these are not */
	const char *const *drain;         /* everything leaves these */
	const char *const
		*vms; /* VMs that stay: names ("web-1", "acme/web-1") or numbers ("101") */
	const char *const *projects, *const *pools, *const *tags; /* so do the VMs of these */
	unsigned pack;       /* so many nodes are emptied, beside those that are drained */
	bool own_ha;         /* HA guests too, where PVE does not balance by itself; else refused */
	bool local_disks;    /* VMs with disks on one node may move, with the disks */
	bool drain_stopped;  /* VMs that do not run leave drained nodes, too */
	bool empties;        /* the task fails when drained nodes are not empty in the end */
	int64_t cool_down_s; /* VMs migrated since stay; 0 = no matter */
	uint32_t timeout_s;  /* of one migration */
	int64_t bandwidth;   /* MiB a second of one migration, for estimates; at least 1 */
	unsigned max_failures; /* 0 = no limit */
};

/* What a node says of itself; in the order of the world's nodes. */
struct rebalance_node {
	uint64_t memory_bytes, used_bytes; /* 0 = not asked: it is offline */
	double cpus, used_cpus;
	const char *cpu_model; /* "" = not said */
	const char *cpu_flags; /* blanks between them; "" = not said */
	json_t *bridges;       /* borrowed array of names, of vnets too; NULL = not asked */
};

/* A disk that is on one node only. */
struct rebalance_disk {
	unsigned vmid;
	const char *node, *storage, *volid;
	uint64_t bytes;
};

struct rebalance_moved {
	unsigned vmid;
	int64_t ago_s; /* since its last migration ended; negative when clocks of nodes differ */
};

struct rebalance_load {
	unsigned vmid;
	double cpus;
	uint64_t bytes;
};

/* A VM cannot go there, or nowhere at all. */
struct rebalance_refusal {
	unsigned vmid;
	const char *node; /* NULL: it stays where it is */
	const char *why;  /* for the end of a sentence: "has no bridge vmbr1", "it uses hostpci0" */
};

/* What a plan is made from. Lists of VMs are sorted by VMID. */
struct rebalance_world {
	const struct world *w;
	const struct ha *ha;
	struct affinity_rules rules;
	int64_t now_s; /* by the cluster's clock; 0 = not asked */
	struct rebalance_node *nodes;
	struct rebalance_disk *disks;
	size_t ndisks;
	struct rebalance_moved *moved;
	size_t nmoved;
	struct rebalance_load *loads; /* for REBALANCE_P95 and REBALANCE_PSI */
	size_t nloads;
	const char *const *
		excluded; /* pools of the projects that the task leaves out; by rebalance_check_spec() */
	/* Made by rebalance_make(). */
	struct bal_cluster cluster;
	struct bal_plan plan;
	bool planned;
	bool choosing; /* any node may be emptied: each VM is looked at as if its node were drained */
	const char *const
		*packed; /* names of the nodes that "pack" empties, NULL-terminated; NULL = none */
	const char *not_packed; /* why it is not as many as the task wants; "" = it is */
	unsigned busy;          /* a VM that is still on its way; 0 = none that matters */
	struct pxc_arena *arena;
};

/* A migration of this run that has ended. */
struct rebalance_done {
	unsigned vmid;
	const char *to;
	bool unsure; /* no answer came: it may still be under way */
};

struct rebalance_batch {
	struct rebalance_spec spec;
	/* Grows while the run asks and tries. */
	struct rebalance_refusal *refusals;
	size_t nrefusals, refusals_cap;
	unsigned *checked; /* VMs that PVE was asked about; sorted */
	size_t nchecked, checked_cap;
	bool closed; /* PVE is asked about no other VM: those it was not asked about stay */
	/* Set by the run: a migration has been tried; some of the plan were not begun, and another way may be found. */
	bool begun, unfinished;
	unsigned nbegun;
	int64_t patience_ms; /* until when migrations of others are waited for, by the client's clock; 0 = not set */
	struct rebalance_done *done;
	size_t ndone, done_cap;
	const struct rebalance_world *shown; /* what the first migrations were planned from */
	struct pxc_arena *arena;
};

/*
 * err EINVAL: the task names nodes or projects that are not there, leaves no node, or wants what the cluster's settings forbid.
 */
must_check int rebalance_check_spec(const struct rebalance_spec *s, struct rebalance_world *bw,
				    struct pxc_err *err);

/* Is the node among those that are looked at? It is online then, and nobody left it out. */
bool rebalance_has_node(const struct rebalance_spec *s, const struct world_node *n);

/* rebalance_cluster.c: the world as the planner wants it, in bw->cluster. err EINVAL: a node's size is not known. */
must_check int rebalance_cluster(const struct rebalance_batch *b, struct rebalance_world *bw,
				 struct pxc_err *err);

/*
 * rebalance_vm.c: why the guest cannot move, for the end of a sentence; NULL: it can.
 * drained: it is on a node that everything leaves
 */
const char *rebalance_stays(const struct rebalance_batch *b, const struct rebalance_world *bw,
			    const struct world_guest *g, bool drained);
/* The nodes it may be on, as the planner has them; *ret NULL = all. */
void rebalance_allowed(const struct rebalance_batch *b, const struct rebalance_world *bw,
		       const struct world_guest *g, const char *const **ret, size_t *ret_n);

void rebalance_refuse(struct rebalance_batch *b, unsigned vmid, const char *node, const char *why);

/*
 * rebalance_check.c: whether the VM can live on each of the nodes that are looked at; what speaks against it is added to the
 * batch. Nodes without bridges are not judged by them.
 * pre     data of GET .../migrate
 * config  data of GET .../config
 */
void rebalance_check(struct rebalance_batch *b, const struct rebalance_world *bw,
		     const struct world_guest *g, const json_t *pre, const json_t *config);
bool rebalance_checked(const struct rebalance_batch *b, unsigned vmid);
void rebalance_note_checked(struct rebalance_batch *b, unsigned vmid);

/* rebalance_make.c: chooses nodes to be emptied, and bal_plan() of the world, into bw->plan; an earlier one is released. */
must_check int rebalance_make(const struct rebalance_batch *b, struct rebalance_world *bw,
			      struct pxc_err *err);
/* VMs that the plan moves and PVE was not asked about: those that lead a group of co-migrated ones, too. Into out; how many. */
size_t rebalance_unchecked(const struct rebalance_batch *b, const struct rebalance_world *bw,
			   unsigned *out, size_t most);

/* rebalance_plan.c: one plan for each migration, in order of their start. err EBUSY: something is still under way. */
must_check int rebalance_plan(const struct rebalance_batch *b, const struct rebalance_world *bw,
			      struct pxc_plans *ret, struct pxc_err *err);

/* rebalance_show.c: what the result says beside "plan", which is there already. */
void rebalance_show(const struct rebalance_batch *b, const struct rebalance_world *bw,
		    json_t *result);

/*
 * Has the task emptied the nodes that it was to empty? err EREMOTE: "2 VMs are left on nodes that were to be empty: cannot move
 * VM 104 off pve3: ...; ..."
 * bw      what the plan was made from; NULL = there was none
 */
must_check int rebalance_verdict(const struct rebalance_batch *b, const struct rebalance_world *bw,
				 struct pxc_err *err);
