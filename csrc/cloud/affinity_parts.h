/* SPDX-License-Identifier: GPL-3.0-or-later */
/* affinity_parts.h - what the files of pxc_affinity's plan share; nobody else includes it. Layer: cloud. */
#pragma once

#include "cloud/affinity_plan.h"

/* A VM of a project of the batch. Groups are keys of objects. */
struct affinity_vm {
	const struct vm_seen *seen;
	const char *project;
	const char *name, *stack; /* of its block; of one without, as PVE calls it, and "" */
	bool owned;               /* its block can be read and is its own: it can be written */
	json_t *have;             /* by its block, or, without one, by its tags */
	json_t *want;
	bool written; /* a plan writes it already */
};

struct affinity_run {
	const struct affinity_batch *batch;
	const struct affinity_world *aw;
	struct pxc_arena arena;
	json_t *kept, *warnings; /* owned */
	struct affinity have, want;
	struct affinity_vm *vms;
	size_t nvms;
	json_t *touched; /* owned; titles of groups that get members, or become stricter */
	struct affinity_guest *known; /* what VMs will be in */
	const struct affinity_members *members;
	struct pxc_plans *plans;
};

/* affinity_groups.c */
bool affinity_same(const struct affinity_group *a, const struct affinity_group *b);
/* Fills run->want, and run->touched as far as groups become stricter. err EINVAL: no project, no policy, unknown nodes */
must_check int affinity_want_groups(struct affinity_run *run, struct pxc_err *err);

/* affinity_vms.c */
const char *const *affinity_keys(struct affinity_run *run, const json_t *set); /* sorted */
void affinity_bump(const struct affinity_run *run, struct annot *a);           /* r, at and by */
void affinity_read_vms(struct affinity_run *run);
/* The members that the spec names, as wishes of the VMs. err EINVAL: an unknown or ambiguous name; EREMOTE: not readable */
must_check int affinity_want_members(struct affinity_run *run, const struct affinity_spec *s,
				     struct pxc_err *err);
/* "100 (web-1), 101 (web-2)"; "" = none; in the arena */
const char *affinity_who(struct affinity_run *run, const struct affinity_spec *s);
/* Steps that write what VMs of the spec's group will be in, where no plan does it yet. */
must_check int affinity_vm_steps(struct affinity_run *run, const struct affinity_spec *s,
				 struct pxc_plan *plan, struct pxc_err *err);
