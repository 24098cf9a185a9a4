/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outcome.h - what became of each object of a batch, over all rounds of a run, and the result made of it.
 * Layer: modules.
 */
#pragma once

#include "modules/kind.h"

struct outcome {
	const char *label;
	int phase;
	unsigned about, nth; /* tell helpers of one label and phase apart; see pxc_plan.about */
	bool has_item;       /* false: a helper plan, not an object of the batch */
	long via; /* index of the outcome of the helper that changes this object; -1 = its own steps do */
	bool would_change; /* the first plan has steps that change something */
	bool changed;      /* at least one such step was done */
	bool undone;   /* and taken back since, unless the next look finds it done all the same */
	bool conflict; /* the last round ended in a conflict: look again */
	bool failed;
	bool dropped;  /* a gate found it not worth doing any more */
	bool waits;    /* not begun, since one it waits for was not done: look again */
	bool left;     /* not begun, since too many have failed */
	char why[300]; /* of these three: "VM 101 pve1 -> pve2 failed" */
	int64_t began_ms,
		took_ms; /* of its last job: since the run began changing things; took_ms -1 = none was begun */
	struct pxc_err err;
	json_t *before, *after, *item; /* owned; from the first plan; item from the last */
	json_t *planned, *done;        /* owned; arrays of {object, why, impact} */
	json_t *warnings;              /* owned; or NULL */
	json_t *upids; /* owned; array of the tasks its steps began, and its helpers'; or NULL */
	bool recorded; /* that it is about to change is on record; see audit.h */
};

struct outcomes {
	struct outcome
		*list; /* owned; objects in the order of the batch, then helpers as they appeared */
	size_t n;
	json_t *shown;    /* owned; array of entries for the diff that came from replies, or NULL */
	int64_t since_ms; /* when the run began changing things; 0 = not yet */
	size_t *of; /* owned; by number of the plan, of those that were previewed or settled last */
};

/* Texts that are there already stay alone. NULL: none. */
void outcome_add_upids(struct outcome *o, const json_t *upids);

/* Take over what the first (or, under a lock, the valid) plans say; forgets an earlier preview. */
void outcomes_preview(struct outcomes *o, const struct pxc_plans *plans);
/* Book one finished job of plan i. */
void outcome_add(struct outcomes *o, size_t i, const struct pxc_plan *plan,
		 const struct pve_job *job);
/* After a closing look: items as they are now; objects with nothing left to do are no conflict any more. */
void outcomes_settle(struct outcomes *o, const struct pxc_plans *plans);

/* The run begins to change things now; only the first call counts. */
void outcomes_begin(struct outcomes *o, int64_t now_ms);

/* Nothing more is done for it in this run: failed, dropped, or left. */
bool outcome_closed(const struct outcomes *o, size_t i);
size_t outcomes_nfailed(const struct outcomes *o);
bool outcomes_wait(const struct outcomes *o); /* does any, for one that was not done? */
/* Plan i was not begun: "<label> <how>". */
void outcome_wait(struct outcomes *o, size_t i, const char *label, const char *how);
/* Plan i is not begun in this run any more. */
void outcome_leave(struct outcomes *o, size_t i, const char *why);
/* Closed, waiting, or ended in a conflict in this round. */
bool outcome_stopped(const struct outcomes *o, size_t i);
/* Plan i was not run because plan other has stopped: it shares its fate. */
void outcome_follow(struct outcomes *o, size_t i, size_t other);
/*
 * Plan i has taken back what those did that plan i->undoes completes: if that was not reached, nothing has changed. It may have
 * been reached without an answer, or have failed half-way, when there was nothing left to take back: the next look tells.
 */
void outcome_undone(struct outcomes *o, const struct pxc_plans *plans, size_t i);
/* The job of plan i took back what the run had made (plan->takes_back), or tried to. */
void outcome_taken_back(struct outcomes *o, size_t i, const struct pxc_plan *plan);
/* No look came after the undoing: it has worked. */
void outcomes_take_back(struct outcomes *o);
/* The sentence of the first open conflict, or NULL. */
const char *outcomes_conflict(const struct outcomes *o);

/* Changes made, and failures met, by the helper plan count for the objects they were for. May be called again. */
void outcomes_inherit(const struct outcomes *o);
/* New reference: changed, items under the plural, steps, diff, warnings. check: steps are those planned. */
json_t *outcomes_result(const struct outcomes *o, const struct pxc_kind *kind,
			const struct pxc_env *env, bool check);
/* -1 and one sentence when objects failed: "2 of 5 vms failed: vm acme/web-1: ...". */
must_check int outcomes_verdict(const struct outcomes *o, struct pxc_err *err);
void outcomes_release(struct outcomes *o);
