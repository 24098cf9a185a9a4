/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task's result says of its objects. */
#include "ansible/diff.h"
#include "ansible/result.h"
#include "base/str.h"
#include "modules/outcome.h"

/* AWX drops events above 700 kB: of a batch larger than this, unchanged objects come back in short. */
#define FULL_BATCH 100

static const char *const short_keys[] = { "vmid", "name", "project", "stack", "node", "state" };

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

void outcomes_inherit(const struct outcomes *o)
{
	for (size_t i = 0; i < o->n; i++) {
		struct outcome *x = &o->list[i];
		const struct outcome *helper = x->via >= 0 ? &o->list[x->via] : NULL;

		if (!helper)
			continue;
		x->changed |= helper->changed;
		outcome_add_upids(x, helper->upids);
		if ((helper->failed || helper->conflict) && !x->failed) {
			x->failed = true;
			x->err = helper->err;
		}
	}
}

/* Of a run that people watch: when it began and how long it took, in seconds. */
static void add_times(json_t *item, const struct outcome *x)
{
	if (x->took_ms < 0)
		return;
	(void)json_object_set_new(item, "began", json_integer((x->began_ms + 500) / 1000));
	(void)json_object_set_new(item, "seconds", json_integer((x->took_ms + 500) / 1000));
}

static json_t *item_of(const struct outcome *x, bool check, bool brief, bool times)
{
	bool changed = check ? x->would_change : x->changed;
	json_t *item =
		brief && !changed && !x->failed && !*x->why ? shorten(x->item) : json_copy(x->item);

	(void)json_object_set_new(item, "changed", json_boolean(changed));
	if (x->failed || x->conflict) {
		(void)json_object_set_new(item, "failed", json_true());
		(void)json_object_set_new(item, "msg", result_text(x->err.msg));
	}
	if (x->dropped)
		(void)json_object_set_new(item, "dropped", result_text(x->why));
	else if (x->waits || x->left)
		(void)json_object_set_new(item, "not_begun", result_text(x->why));
	if (times)
		add_times(item, x);
	return item;
}

static void add_diff(json_t *list, const struct outcome *x)
{
	if (json_equal(x->before, x->after) || (!x->before && !x->after))
		return;
	(void)json_array_append_new(list, diff_create(x->label, x->before, x->after));
}

/* In the order in which they are done: by phase. */
static void add_steps(const struct outcomes *o, json_t *steps, bool check)
{
	int last = 0;

	for (size_t i = 0; i < o->n; i++)
		if (o->list[i].phase > last)
			last = o->list[i].phase;
	for (int phase = 0; phase <= last; phase++)
		for (size_t i = 0; i < o->n; i++)
			if (o->list[i].phase == phase)
				(void)json_array_extend(steps, check ? o->list[i].planned
								     : o->list[i].done);
}

json_t *outcomes_result(const struct outcomes *o, const struct pxc_kind *kind,
			const struct pxc_env *env, bool check)
{
	json_t *items = json_array(), *steps = json_array(), *diff = json_array();
	json_t *warnings = json_array(), *result;
	bool changed = false;

	outcomes_inherit(o);
	add_steps(o, steps, check);
	for (size_t i = 0; i < o->n; i++) {
		const struct outcome *x = &o->list[i];

		changed |= check ? x->would_change : x->changed;
		if (x->warnings)
			(void)json_array_extend(warnings, x->warnings);
		if (x->has_item) {
			(void)json_array_append_new(
				items, item_of(x, check, o->n > FULL_BATCH, kind->progress));
			if (x->would_change)
				add_diff(diff, x);
		}
	}
	if (o->shown)
		(void)json_array_extend(diff, o->shown);
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
	const struct outcome *first = NULL, *left = NULL;
	size_t failed = 0, all = 0;

	for (size_t i = 0; i < o->n; i++) {
		bool bad = o->list[i].failed || o->list[i].conflict;

		all += o->list[i].has_item;
		failed += bad && o->list[i].has_item;
		if (bad && !first)
			first = &o->list[i];
		if (o->list[i].left && !left)
			left = &o->list[i];
	}
	if (!first && left)
		return pxc_fail(err, PXC_EREMOTE, "%s was not begun: %s", left->label, left->why);
	if (!first)
		return 0;
	*err = first->err;
	if (!str_starts(err->msg, first->label))
		(void)pxc_context(err, "%s", first->label);
	if (all > 1 && failed)
		(void)pxc_context(err, "%zu of %zu failed, first", failed, all);
	return -1;
}
