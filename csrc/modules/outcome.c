/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/outcome.h"

#include "ansible/diff.h"
#include "ansible/result.h"
#include "base/mem.h"
#include "base/str.h"

/* AWX drops events above 700 kB: of a batch larger than this, unchanged objects come back in short. */
#define FULL_BATCH 100
#define HTTP_CONFLICT 409

static const char *const short_keys[] = { "vmid", "name", "project", "stack", "node", "state" };

static void outcome_clear(struct outcome *o)
{
	json_decref(o->before);
	json_decref(o->after);
	json_decref(o->item);
	json_decref(o->planned);
	json_decref(o->done);
	json_decref(o->warnings);
}

void outcomes_release(struct outcomes *o)
{
	for (size_t i = 0; i < o->n; i++)
		outcome_clear(&o->list[i]);
	free(o->list);
	*o = (struct outcomes){ .n = 0 };
}

static void append_step(json_t *list, const char *label, const struct pxc_step *step)
{
	(void)json_array_append_new(list,
				    json_pack("{s:s,s:s,s:s}", "object", label, "why", step->why,
					      "impact", pxc_impact_name(step->impact)));
}

static void add_warnings(struct outcome *o, const json_t *texts)
{
	size_t i, k;
	json_t *text, *old;

	if (!o->warnings)
		o->warnings = json_array();
	json_array_foreach (texts, i, text) {
		bool known = false;

		json_array_foreach (o->warnings, k, old)
			known |= json_equal(old, text);
		if (!known)
			(void)json_array_append(o->warnings, text);
	}
}

static long index_of(const struct pxc_plans *plans, const struct pxc_plan *plan)
{
	for (size_t i = 0; plan && i < plans->nplans; i++)
		if (plans->plans[i] == plan)
			return (long)i;
	return -1;
}

void outcomes_preview(struct outcomes *o, const struct pxc_plans *plans)
{
	outcomes_release(o);
	o->n = plans->nplans;
	o->list = pxc_calloc(o->n, sizeof(*o->list));
	for (size_t i = 0; i < o->n; i++) {
		const struct pxc_plan *p = plans->plans[i];
		struct outcome *x = &o->list[i];

		x->label = p->label;
		x->has_item = p->item != NULL;
		x->via = index_of(plans, p->via);
		x->would_change = pxc_plan_changes(p) || p->via;
		x->before = json_incref(p->before);
		x->after = json_incref(p->after);
		x->item = json_incref(p->item);
		x->planned = json_array();
		x->done = json_array();
		for (size_t k = 0; k < p->nsteps; k++)
			append_step(x->planned, p->label, &p->steps[k]);
		add_warnings(x, p->notes);
	}
}

/* Helper plans come and go between rounds, so the list grows as needed. */
static struct outcome *slot(struct outcomes *o, size_t i)
{
	if (i >= o->n) {
		o->list = pxc_realloc(o->list, (i + 1) * sizeof(*o->list));
		for (; o->n <= i; o->n++)
			o->list[o->n] = (struct outcome){ .via = -1,
							  .planned = json_array(),
							  .done = json_array() };
	}
	return &o->list[i];
}

void outcome_add(struct outcomes *o, size_t i, const struct pxc_plan *plan,
		 const struct pve_job *job)
{
	struct outcome *x = slot(o, i);

	x->label = plan->label;
	for (size_t k = 0; k < job->ndone; k++) {
		append_step(x->done, plan->label, &plan->steps[k]);
		x->changed |= plan->steps[k].impact > PXC_WAITS;
	}
	add_warnings(x, job->warnings);
	x->conflict = job->err.kind == PXC_ECONFLICT;
	x->failed = job->err.kind != PXC_OK && !x->conflict;
	x->err = job->err;
}

/* Helpers come and go between rounds: what this one did, counts; the next may be another. */
static void take_helper(struct outcomes *o, size_t i, const struct pxc_plans *plans)
{
	const struct pxc_plan *helper = plans->plans[i]->via;

	if (o->list[i].via >= 0)
		o->list[i].changed |= o->list[o->list[i].via].changed;
	if (!helper)
		return;
	o->list[i].via = index_of(plans, helper);
	slot(o, (size_t)o->list[i].via)->label = helper->label;
}

void outcomes_settle(struct outcomes *o, const struct pxc_plans *plans)
{
	for (size_t i = 0; i < plans->nplans && i < o->n; i++) {
		const struct pxc_plan *p = plans->plans[i];

		if (p->item) {
			json_decref(o->list[i].item);
			o->list[i].item = json_incref(p->item);
			take_helper(o, i, plans);
		}
		if (p->nsteps == 0 && o->list[i].conflict) {
			/* No answer (http 0): it was our own write after all. Else another run did it. */
			o->list[i].conflict = false;
			o->list[i].changed |= o->list[i].err.http == 0;
			o->list[i].err = (struct pxc_err){ .kind = PXC_OK };
		}
		add_warnings(&o->list[i], p->notes);
	}
	for (size_t i = plans->nplans; i < o->n; i++)
		o->list[i].conflict = false;
}

bool outcome_failed(const struct outcomes *o, size_t i)
{
	return i < o->n && o->list[i].failed;
}

bool outcome_stopped(const struct outcomes *o, size_t i)
{
	return i < o->n && (o->list[i].failed || o->list[i].conflict);
}

void outcome_follow(struct outcomes *o, size_t i, const struct pxc_plan *plan, size_t other)
{
	struct outcome *x = slot(o, i);

	x->label = plan->label;
	x->failed = o->list[other].failed;
	x->conflict = o->list[other].conflict;
	x->err = o->list[other].err;
	/* Nothing was sent for this one, so that no answer of its own can have been lost. */
	if (x->err.http == 0)
		x->err.http = HTTP_CONFLICT;
}

const char *outcomes_conflict(const struct outcomes *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->list[i].conflict)
			return o->list[i].err.msg;
	return NULL;
}

static json_t *shorten(json_t *item)
{
	json_t *brief = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(short_keys); i++) {
		json_t *v = json_object_get(item, short_keys[i]);

		if (v)
			(void)json_object_set(brief, short_keys[i], v);
	}
	return brief;
}

/* Changes made, and failures met, by the helper plan count for the objects they were for. */
static void inherit(const struct outcomes *o)
{
	for (size_t i = 0; i < o->n; i++) {
		struct outcome *x = &o->list[i];
		const struct outcome *helper = x->via >= 0 ? &o->list[x->via] : NULL;

		if (!helper)
			continue;
		x->changed |= helper->changed;
		if ((helper->failed || helper->conflict) && !x->failed) {
			x->failed = true;
			x->err = helper->err;
		}
	}
}

static json_t *item_of(const struct outcome *x, bool check, bool brief)
{
	bool changed = check ? x->would_change : x->changed;
	json_t *item = brief && !changed && !x->failed ? shorten(x->item) : json_copy(x->item);

	(void)json_object_set_new(item, "changed", json_boolean(changed));
	if (x->failed || x->conflict) {
		(void)json_object_set_new(item, "failed", json_true());
		(void)json_object_set_new(item, "msg", result_text(x->err.msg));
	}
	return item;
}

static void add_diff(json_t *list, const struct outcome *x)
{
	if (json_equal(x->before, x->after) || (!x->before && !x->after))
		return;
	(void)json_array_append_new(list, diff_create(x->label, x->before, x->after));
}

json_t *outcomes_result(const struct outcomes *o, const struct pxc_kind *kind,
			const struct pxc_env *env, bool check)
{
	json_t *items = json_array(), *steps = json_array(), *diff = json_array();
	json_t *warnings = json_array(), *result;
	bool changed = false;

	inherit(o);
	for (size_t i = 0; i < o->n; i++) {
		const struct outcome *x = &o->list[i];

		changed |= check ? x->would_change : x->changed;
		(void)json_array_extend(steps, check ? x->planned : x->done);
		if (x->warnings)
			(void)json_array_extend(warnings, x->warnings);
		if (x->has_item) {
			(void)json_array_append_new(items, item_of(x, check, o->n > FULL_BATCH));
			if (x->would_change)
				add_diff(diff, x);
		}
	}
	if (env->warnings)
		(void)json_array_extend(warnings, env->warnings);
	result = json_pack("{s:b,s:o,s:o}", "changed", changed, "steps", steps, "warnings",
			   warnings);
	if (kind->plural)
		(void)json_object_set(result, kind->plural, items);
	if (json_array_size(items) == 1)
		(void)json_object_set(result, kind->singular ? kind->singular : kind->name,
				      json_array_get(items, 0));
	if (env->args->task.diff)
		(void)json_object_set(result, "diff", diff);
	json_decref(diff);
	json_decref(items);
	return result;
}

int outcomes_verdict(const struct outcomes *o, struct pxc_err *err)
{
	const struct outcome *first = NULL;
	size_t failed = 0, all = 0;

	for (size_t i = 0; i < o->n; i++) {
		bool bad = o->list[i].failed || o->list[i].conflict;

		all += o->list[i].has_item;
		failed += bad && o->list[i].has_item;
		if (bad && !first)
			first = &o->list[i];
	}
	if (!first)
		return 0;
	*err = first->err;
	if (!str_starts(err->msg, first->label))
		(void)pxc_context(err, "%s", first->label);
	if (all > 1 && failed)
		(void)pxc_context(err, "%zu of %zu failed, first", failed, all);
	return -1;
}
