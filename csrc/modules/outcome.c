/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/outcome.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"

static void outcome_clear(struct outcome *o)
{
	json_decref(o->before);
	json_decref(o->after);
	json_decref(o->item);
	json_decref(o->planned);
	json_decref(o->done);
	json_decref(o->warnings);
	json_decref(o->upids);
}

void outcomes_release(struct outcomes *o)
{
	for (size_t i = 0; i < o->n; i++)
		outcome_clear(&o->list[i]);
	free(o->list);
	free(o->of);
	json_decref(o->shown);
	*o = (struct outcomes){ .n = 0 };
}

static void append_step(json_t *list, const char *label, const struct pxc_step *step)
{
	(void)json_array_append_new(list,
				    json_pack("{s:s,s:s,s:s}", "object", label, "why", step->why,
					      "impact", pxc_impact_name(step->impact)));
}

/* Append those that are not there yet. */
static void add_new(json_t **list, const json_t *texts)
{
	size_t i, k;
	json_t *text, *old;

	json_array_foreach (texts, i, text) {
		bool known = false;

		if (!*list)
			*list = json_array();
		json_array_foreach (*list, k, old)
			known |= json_equal(old, text);
		if (!known)
			(void)json_array_append(*list, text);
	}
}

void outcome_add_upids(struct outcome *o, const json_t *upids)
{
	add_new(&o->upids, upids);
}

/* The tasks that its steps began, also those that failed. */
static void take_upids(struct outcome *o, const struct pve_job *job)
{
	json_auto_t *upids = json_array();

	for (size_t k = 0; k < job->nsteps; k++)
		if (job->steps[k].upid)
			(void)json_array_append_new(upids, json_string(job->steps[k].upid));
	outcome_add_upids(o, upids);
}

/* Which of the plans that look alike is it? */
static unsigned nth_alike(const struct pxc_plans *plans, size_t i)
{
	const struct pxc_plan *p = plans->plans[i];
	unsigned n = 0;

	for (size_t k = 0; k < i; k++)
		n += !plans->plans[k]->item == !p->item && plans->plans[k]->phase == p->phase &&
		     plans->plans[k]->about == p->about && str_eq(plans->plans[k]->label, p->label);
	return n;
}

/* Objects keep their number, unless they say what they are about; helpers come and go between rounds, as those do. */
static size_t find(struct outcomes *o, const struct pxc_plans *plans, size_t i)
{
	const struct pxc_plan *p = plans->plans[i];
	bool fixed = p->item && !p->about;
	unsigned nth = fixed ? 0 : nth_alike(plans, i);

	if (fixed && i < o->n)
		return i;
	for (size_t k = 0; !fixed && k < o->n; k++) {
		const struct outcome *x = &o->list[k];

		if (x->has_item == (p->item != NULL) && x->phase == p->phase &&
		    x->about == p->about && x->nth == nth && str_eq(x->label, p->label))
			return k;
	}
	o->list = pxc_realloc(o->list, (o->n + 1) * sizeof(*o->list));
	o->list[o->n] = (struct outcome){ .label = p->label,
					  .phase = p->phase,
					  .about = p->about,
					  .nth = nth,
					  .has_item = p->item != NULL,
					  .via = -1,
					  .took_ms = -1,
					  .planned = json_array(),
					  .done = json_array() };
	return o->n++;
}

/* From here on these are the plans that are talked about by their numbers. */
static void bind(struct outcomes *o, const struct pxc_plans *plans)
{
	free(o->of);
	o->of = pxc_calloc(plans->nplans, sizeof(*o->of));
	for (size_t i = 0; i < plans->nplans; i++)
		o->of[i] = find(o, plans, i);
}

/* The outcome of the helper that changes the object of plan i; -1: none. */
static long helper_of(const struct outcomes *o, const struct pxc_plans *plans, size_t i)
{
	const struct pxc_plan *via = plans->plans[i]->via;

	for (size_t k = 0; via && k < plans->nplans; k++)
		if (plans->plans[k] == via)
			return (long)o->of[k];
	return -1;
}

void outcomes_preview(struct outcomes *o, const struct pxc_plans *plans)
{
	outcomes_release(o);
	bind(o, plans);
	for (size_t i = 0; i < plans->nplans; i++) {
		const struct pxc_plan *p = plans->plans[i];
		struct outcome *x = &o->list[o->of[i]];

		x->via = helper_of(o, plans, i);
		x->would_change = (pxc_plan_changes(p) && !p->undoes) || p->via;
		x->before = json_incref(p->before);
		x->after = json_incref(p->after);
		x->item = json_incref(p->item);
		for (size_t k = 0; k < p->nsteps && !p->undoes; k++)
			append_step(x->planned, p->label, &p->steps[k]);
		add_new(&x->warnings, p->notes);
	}
}

void outcome_add(struct outcomes *o, size_t i, const struct pxc_plan *plan,
		 const struct pve_job *job)
{
	struct outcome *x = &o->list[o->of[i]];

	for (size_t k = 0; k < job->ndone; k++) {
		append_step(x->done, plan->label, &plan->steps[k]);
		x->changed |= plan->steps[k].impact > PXC_WAITS;
	}
	add_new(&x->warnings, job->warnings);
	take_upids(x, job);
	x->waits = x->left = x->dropped = false;
	if (job->state == PVE_JOB_NOT_BEGUN && *job->why) {
		x->waits = !job->stopped;
		x->left = job->stopped;
	} else {
		x->dropped = job->state == PVE_JOB_DROPPED;
		x->began_ms = job->began_ms - o->since_ms;
		x->took_ms = job->ended_ms - job->began_ms;
	}
	(void)snprintf(x->why, sizeof(x->why), "%s", job->why);
	x->conflict = job->err.kind == PXC_ECONFLICT || job->err.kind == PXC_EUNSURE;
	x->failed = job->err.kind != PXC_OK && !x->conflict;
	x->err = job->err;
}

/* What the helper did, and failed in, that the object had until now, counts; the next may be another. */
static void take_helper(struct outcomes *o, size_t i, const struct pxc_plans *plans)
{
	struct outcome *x = &o->list[o->of[i]];
	const struct outcome *had = x->via >= 0 ? &o->list[x->via] : NULL;
	long next = helper_of(o, plans, i);

	if (had) {
		x->changed |= had->changed;
		outcome_add_upids(x, had->upids);
	}
	if (had && had->failed && !x->failed) {
		x->failed = true;
		x->err = had->err;
	}
	if (next >= 0)
		x->via = next;
}

static void end_conflict(struct outcome *x)
{
	/* Nothing is left to do, so a write without an answer was done. Else another run did it. */
	x->conflict = false;
	x->changed |= x->err.kind == PXC_EUNSURE;
	x->err = (struct pxc_err){ .kind = PXC_OK };
}

/* What was not begun is not needed any more. */
static void stop_waiting(struct outcome *x)
{
	x->waits = false;
	x->why[0] = '\0';
}

static void take_back(struct outcome *x)
{
	x->undone = false;
	x->changed = false;
	(void)json_array_clear(x->done);
}

void outcomes_take_back(struct outcomes *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->list[i].undone)
			take_back(&o->list[i]);
}

void outcomes_settle(struct outcomes *o, const struct pxc_plans *plans)
{
	bool *open;

	bind(o, plans);
	open = pxc_calloc(o->n, sizeof(*open));
	for (size_t i = 0; i < plans->nplans; i++) {
		const struct pxc_plan *p = plans->plans[i];
		struct outcome *x = &o->list[o->of[i]];

		open[o->of[i]] = p->nsteps > 0;
		add_new(&x->warnings, p->notes);
		if (!p->item)
			continue;
		if (!x->item) {
			x->before = json_incref(p->before);
			x->after = json_incref(p->after);
		}
		json_decref(x->item);
		x->item = json_incref(p->item);
		take_helper(o, i, plans);
	}
	for (size_t i = 0; i < o->n; i++) {
		o->list[i].undone &= open[i];
		if (o->list[i].waits && !open[i])
			stop_waiting(&o->list[i]);
		if (o->list[i].conflict && !open[i])
			end_conflict(&o->list[i]);
	}
	outcomes_take_back(o);
	free(open);
}

bool outcome_closed(const struct outcomes *o, size_t i)
{
	const struct outcome *x = &o->list[o->of[i]];

	return x->failed || x->dropped || x->left;
}

bool outcome_stopped(const struct outcomes *o, size_t i)
{
	const struct outcome *x = &o->list[o->of[i]];

	return outcome_closed(o, i) || x->conflict || x->waits;
}

void outcome_wait(struct outcomes *o, size_t i, const char *label, const char *how)
{
	struct outcome *x = &o->list[o->of[i]];

	x->waits = true;
	(void)snprintf(x->why, sizeof(x->why), "%s %s", label, how);
}

void outcome_leave(struct outcomes *o, size_t i, const char *why)
{
	struct outcome *x = &o->list[o->of[i]];

	x->waits = false;
	x->left = true;
	(void)snprintf(x->why, sizeof(x->why), "%s", why);
}

void outcome_follow(struct outcomes *o, size_t i, size_t other)
{
	const struct outcome *first = &o->list[o->of[other]];
	struct outcome *x = &o->list[o->of[i]];

	x->failed = first->failed;
	x->conflict = first->conflict;
	x->err = first->err;
	x->left = first->left;
	if (first->dropped || first->waits)
		outcome_wait(o, i, first->label, first->dropped ? "was dropped" : "was not begun");
	/* Nothing was sent for this one, so that no answer of its own can have been lost. */
	if (x->err.kind == PXC_EUNSURE)
		x->err.kind = PXC_ECONFLICT;
}

void outcome_undone(struct outcomes *o, const struct pxc_plans *plans, size_t i)
{
	const struct pxc_plan *completes = plans->plans[i]->undoes;
	size_t end = 0;

	while (plans->plans[end] != completes)
		end++;
	o->list[o->of[i]].changed = false;
	if (o->list[o->of[end]].changed)
		return;
	for (size_t k = 0; k < plans->nplans; k++) {
		struct outcome *x = &o->list[o->of[k]];

		if (plans->plans[k]->via != completes)
			continue;
		x->undone = true;
		if (!x->failed && !x->conflict)
			outcome_follow(o, k, end);
	}
}

void outcome_taken_back(struct outcomes *o, size_t i, const struct pxc_plan *plan)
{
	struct outcome *x = &o->list[o->of[i]];

	if (x->conflict || x->waits || x->left)
		return;
	if (x->failed) {
		(void)pxc_context(&x->err, "%s; that failed", plan->takes_back);
		return;
	}
	take_back(x);
	x->failed = true;
	(void)pxc_fail(&x->err, PXC_EINVAL, "%s", plan->takes_back);
}

size_t outcomes_nfailed(const struct outcomes *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++)
		n += o->list[i].failed;
	return n;
}

bool outcomes_wait(const struct outcomes *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->list[i].waits)
			return true;
	return false;
}

void outcomes_begin(struct outcomes *o, int64_t now_ms)
{
	if (!o->since_ms)
		o->since_ms = now_ms;
}

const char *outcomes_conflict(const struct outcomes *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->list[i].conflict)
			return o->list[i].err.msg;
	return NULL;
}
