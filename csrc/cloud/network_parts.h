/* SPDX-License-Identifier: GPL-3.0-or-later */
/* network_parts.h - what the files of cloud/network_*.c share; nobody else includes it. Layer: cloud. */
#pragma once

#include "cloud/network.h"
#include "cloud/sdn_zone.h"

/* Later phases complete, or undo, what the earlier ones have written. */
enum network_phase {
	PHASE_ZONES,
	PHASE_FREES,
	PHASE_NETWORKS,
	PHASE_ZONES_GONE,
	PHASE_APPLY,
	PHASE_UNDO
};

/* A zone that networks of the batch lie in. */
struct network_zone {
	const char *id, *type;
	const struct sdn_zone *have;      /* NULL: is to be made */
	const struct tenant_zone *tenant; /* of the registry; NULL = not for project networks */
	json_t *options; /* owned; what is wanted to be said: PVE's option -> text, null = default */
	json_t *named;   /* owned; of those, what the batch names: option -> label of the network */
	bool remove;     /* when its last network has gone */
	uint8_t *taken;  /* bits, by number; NULL until one is looked for */
	struct pxc_plan *plan, *gone; /* helpers; NULL = nothing to do */
};

struct network_case {
	struct network_run *run;
	const struct network_spec *spec;
	const char *pool;            /* NULL: of no project */
	const struct sdn_vnet *have; /* NULL: is to be made, or gone */
	struct network_zone *zone;   /* NULL: absent and not there */
	struct sdn_vnet want;        /* unless it is to go */
	struct pxc_plan *plan;
};

struct network_run {
	const struct network_batch *batch;
	const struct network_world *nw;
	const struct world *w;
	const struct sdn *sdn;
	struct pxc_arena *arena; /* until the plan is made */
	struct network_case *cases;
	size_t ncases;
	struct network_zone *zones;
	size_t nzones;
	uint8_t *global_taken; /* numbers of all zones whose numbers must differ; owned */
	struct pxc_plans *plans;
};

/*
 * network_reads.c: the vnet that a task means: by its name, else by its new one, else by a token that was damaged. That still
 * tells which network it was; it is not made a second time, nor written over unasked. NULL: none
 */
const struct sdn_vnet *network_vnet(const struct sdn *s, const struct network_spec *spec);

/* network_apply.c: plans that complete, and undo, those of the cases and zones */
void network_transaction(struct network_run *run);

/* network_zone.c: what zones the batch needs, and their steps */
must_check int network_zone_take(struct network_case *c, struct pxc_err *err);
must_check int network_zone_steps(struct network_run *run, struct pxc_err *err);
bool network_zone_on(const struct network_zone *z, const char *node); /* is it on the node? */

/* network_bridge.c: are the bridges there, and large enough? May lower the MTU of a new zone, with a warning. */
must_check int network_check_bridges(struct network_run *run, struct network_zone *z,
				     struct pxc_plan *plan, struct pxc_err *err);

/* network_tag.c: ids and numbers */
must_check int network_tag(struct network_case *c, struct pxc_err *err);
/* An id that no vnet and no network of the batch has: "n" and seven of 0-9 a-z, from the names. In the arena. */
const char *network_id(struct network_case *c);

/* network_want.c: from the spec to the network as it is to be */
must_check int network_want(struct network_case *c, struct pxc_err *err);
must_check int network_want_subnets(struct network_case *c, struct pxc_err *err);
must_check int network_want_reserves(struct network_case *c, struct pxc_err *err);

/* network_check.c: what PVE would let pass */
must_check int network_check_uses(const struct network_case *c, struct pxc_err *err);
must_check int network_check_overlaps(const struct network_run *run, struct pxc_err *err);
must_check int network_check_twins(const struct network_run *run, struct pxc_err *err);
must_check int network_check_quota(const struct network_run *run, struct pxc_err *err);

/* network_steps.c */
must_check int network_steps(struct network_case *c, struct pxc_err *err);

bool network_same_cidr(const struct net_cidr *a, const struct net_cidr *b);
