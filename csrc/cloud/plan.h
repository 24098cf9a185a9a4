/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan.h - what would have to happen, as data.
 *
 * A plan is an ordered list of steps for one object. An empty plan means "nothing to do", and that is the
 * only definition of unchanged. Plans of a batch run side by side; steps of one plan in order.
 * Layer: cloud (pure, no I/O).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/json.h"

enum pxc_impact {
	PXC_WAITS,    /* only looks until something has become true: not a change */
	PXC_QUIET,    /* nobody notices */
	PXC_DISRUPTS, /* the guest is interrupted */
	PXC_DESTROYS, /* data or identity is lost */
};

struct pxc_step {
	int op;                 /* index into the kind's table of requests */
	enum pxc_impact impact; /* worst thing this step does */
	json_t *args;           /* owned; path and request parameters (an object, maybe empty) */
	char *why;              /* owned; "grow scsi0: 10G -> 20G", for people */
};

/* A place that a plan takes while it is under way: of all that name the same text, at most "max". */
struct pxc_use {
	const char *name; /* borrowed; "into pve2"; NULL = nothing */
	unsigned max;     /* at least 1 */
};

#define PXC_USES 2

struct pxc_plan {
	const char *label; /* borrowed; the object's name in messages: "vm acme/web-1" */
	int phase;         /* plans of a lower phase are done first, e.g. downloads before VMs */
	/*
	 * Of helpers with one label and phase: which one, e.g. its VMID. An object whose place in the batch changes from look to
	 * look has it too (a move: it is gone when it is done), and is then known by label and about.
	 */
	unsigned about;
	/* Borrowed; a plan of a lower phase that must have succeeded, or NULL. */
	const struct pxc_plan *needs;
	/* Borrowed; the helper plan whose steps bring about this object's change, or NULL. */
	const struct pxc_plan *via;
	/*
	 * Borrowed; a plan that completes what others have begun. This one runs only when that was not reached, and puts back
	 * what they did: then nothing of it has happened, and they have failed with whatever failed first. NULL: none.
	 */
	const struct pxc_plan *undoes;
	/*
	 * Owned; why these steps take back what this run itself has made. Once they are done nothing of it has happened, and the object
	 * has failed with this sentence. NULL: they do not.
	 */
	char *takes_back;
	/*
	 * Plans of the same phase that must be done before this one begins; see pxc_plan_after(). When one of them is not done, this
	 * one is not begun, which is a conflict: the run looks again, and may find another way.
	 */
	const struct pxc_plan **waits_for; /* owned array of borrowed plans */
	size_t nwaits_for;
	struct pxc_use uses[PXC_USES];
	/* What else is to be done can only be planned when these steps are done: the run goes round again. */
	bool again;
	enum pxc_impact allow;  /* worst impact that is accepted here; DESTROYS unless set */
	struct pxc_step *steps; /* owned array */
	size_t nsteps;
	json_t *before, *after; /* owned; managed keys for the diff; NULL = does not exist */
	json_t *item;           /* owned; the result's entry; NULL = a helper plan */
	json_t *notes;          /* owned; array of warnings of this object, or NULL */
};

struct pxc_plans {
	/* Owned; one plan for each object of the batch, in the batch's order, helpers last. */
	struct pxc_plan **plans;
	size_t nplans;
};

void pxc_plans_release(struct pxc_plans *plans);
#define auto_plans on_scope_exit(pxc_plans_release)

/* Append an empty plan; label borrowed. The returned plan belongs to plans. */
struct pxc_plan *pxc_plans_add(struct pxc_plans *plans, const char *label);

/*
 * plan_secrets.c: would any step write a secret where many can read it: what looks like one (annot_find_secret()), or one of the
 * values that the task keeps secret? err EINVAL: "vm acme/web: its description would hold ..."; never the secret itself.
 * secrets    array of strings, or NULL
 */
must_check int pxc_plans_check_secrets(const struct pxc_plans *plans, const json_t *secrets,
				       struct pxc_err *err);

bool pxc_plan_changes(const struct pxc_plan *plan);  /* has a step that is more than waiting */
const char *pxc_impact_name(enum pxc_impact impact); /* "waits", "quiet", "disrupts", "destroys" */

/* Append a step. Steals args on every path (NULL counts as {}). */
void pxc_plan_add(struct pxc_plan *plan, int op, enum pxc_impact impact, json_t *args_new,
		  const char *why, ...) printf_like(5, 6);
void pxc_plan_after(struct pxc_plan *plan, const struct pxc_plan *other);
void pxc_plan_warn(struct pxc_plan *plan, const char *fmt, ...) printf_like(2, 3);
