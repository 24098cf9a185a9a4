/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole batch at once: groups as they will be, their members, whether that can be; then the steps. A pool's comment is
 * written once for all groups of it that are made or changed, before anything joins them, and once more for those that go, when
 * nothing is in them any more. HA rules that lose VMs are changed before those that get some: PVE takes a VM in one rule of
 * nodes at a time.
 */
#include "cloud/affinity_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/affinity_check.h"
#include "cloud/affinity_parts.h"
#include "cloud/project_find.h"
#include "cloud/usage.h"

enum { PHASE_DEFINE, PHASE_LEAVE, PHASE_SHRINK, PHASE_GROW, PHASE_ERASE };

static const struct affinity_ops rule_ops = {
	.wait = AFFINITY_WAIT,
	.create = AFFINITY_RULE_CREATE,
	.change = AFFINITY_RULE_CHANGE,
	.remove = AFFINITY_RULE_REMOVE,
};

/* --- members as they will be ----------------------------------------------------------------------------------- */

static int leave_group(struct affinity_run *run, const struct affinity_spec *s, struct pxc_err *err)
{
	const char *who = affinity_who(run, s);

	if (*who && !s->purge)
		return pxc_fail(err, PXC_EINVAL,
				"%s still has members: %s; take them out first, or set purge: "
				"members to have that done",
				s->label, who);
	for (size_t i = 0; i < run->nvms; i++)
		if (str_eq(run->vms[i].project, s->project))
			(void)json_object_del(run->vms[i].want, s->name);
	return 0;
}

static void touch_joined(struct affinity_run *run)
{
	for (size_t i = 0; i < run->nvms; i++) {
		const struct affinity_vm *vm = &run->vms[i];
		const char *name;
		json_t *value;

		json_object_foreach (vm->want, name, value) {
			auto_free char *title = pxc_printf("%s/%s", vm->project, name);

			if (!json_object_get(vm->have, name))
				(void)json_object_set_new(run->touched, title, json_true());
		}
	}
}

static int want_members(struct affinity_run *run, struct pxc_err *err)
{
	const struct affinity_batch *b = run->batch;

	for (size_t i = 0; i < b->nspecs; i++) {
		const struct affinity_spec *s = &b->specs[i];

		if (s->absent ? leave_group(run, s, err) < 0
			      : s->members && affinity_want_members(run, s, err) < 0)
			return -1;
	}
	touch_joined(run);
	run->known = arena_alloc(&run->arena, (run->nvms + 1) * sizeof(*run->known));
	for (size_t i = 0; i < run->nvms; i++)
		run->known[i] =
			(struct affinity_guest){ .vmid = run->vms[i].seen->guest->vmid,
						 .project = run->vms[i].project,
						 .groups = affinity_keys(run, run->vms[i].want) };
	run->members = affinity_members(run->aw->w, &run->want, run->known, run->nvms, &run->arena);
	return 0;
}

/* What PVE knows without the rules of the groups that the task is about: these will be what the groups are. */
static const struct ha *others(struct affinity_run *run)
{
	const struct affinity_batch *b = run->batch;
	const struct ha_rule **own;
	struct ha *ha;

	if (!run->aw->ha)
		return NULL;
	ha = arena_alloc(&run->arena, sizeof(*ha));
	*ha = *run->aw->ha;
	ha->rules = arena_alloc(&run->arena, (ha->nrules + 1) * sizeof(*ha->rules));
	ha->nrules = 0;
	own = arena_alloc(&run->arena, (b->nspecs + 1) * sizeof(struct ha_rule *));
	for (size_t k = 0; k < b->nspecs; k++)
		own[k] = affinity_rule_of(run->aw->ha, b->specs[k].project, b->specs[k].name);
	for (size_t i = 0; i < run->aw->ha->nrules; i++) {
		size_t k = 0;

		while (k < b->nspecs && own[k] != &run->aw->ha->rules[i])
			k++;
		if (k == b->nspecs)
			ha->rules[ha->nrules++] = run->aw->ha->rules[i];
	}
	return ha;
}

/* What the task does not touch may contradict itself without it. */
static int check(struct affinity_run *run, struct pxc_err *err)
{
	const struct ha *ha = others(run);
	struct affinity_rules rules;

	if (json_object_size(run->touched) == 0)
		return 0;
	if (affinity_rules(run->aw->w, ha, &run->want, run->known, run->nvms, &run->arena, &rules,
			   err) < 0)
		return -1;
	return affinity_check(run->aw->w, ha, &rules, run->touched, err);
}

static bool first_of_project(const struct affinity_batch *b, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(b->specs[k].project, b->specs[i].project))
			return false;
	return true;
}

/* Lowering a quota takes nothing away, so only new groups are asked about. */
static int check_quota(struct affinity_run *run, const char *project, struct pxc_err *err)
{
	struct quota limit, used = { { 0 } }, asked = { { 0 } };
	const char *poolid = project_pool(run->aw->w, project);
	int64_t have = 0, want = 0;

	for (size_t i = 0; i < run->have.ngroups; i++)
		have += str_eq(run->have.groups[i].project, project);
	for (size_t i = 0; i < run->want.ngroups; i++)
		want += str_eq(run->want.groups[i].project, project);
	if (want <= have)
		return 0;
	used.v[QUOTA_AFFINITY_GROUPS] = have;
	asked.v[QUOTA_AFFINITY_GROUPS] = want - have;
	if (usage_limit(run->aw->w, poolid, &limit, err) < 0 ||
	    quota_check(&limit, &used, &asked, err) < 0)
		return pxc_context(err, "project %s", project);
	return 0;
}

/* --- steps ----------------------------------------------------------------------------------------------------- */

static struct affinity_view view_of(const struct affinity_run *run)
{
	return (struct affinity_view){ .w = run->aw->w,
				       .ha = run->aw->ha,
				       .groups = &run->want,
				       .members = run->members,
				       .may = run->aw->may };
}

/* What a diff shows of a group: NULL when it is not there. */
static json_t *diff_json(struct affinity_run *run, const struct affinity_group *g, bool before)
{
	json_t *o, *nodes, *members;

	if (!g)
		return NULL;
	nodes = json_array();
	members = json_array();
	for (size_t i = 0; i < g->nnodes; i++)
		(void)json_array_append_new(
			nodes, json_sprintf("%s:%d", g->nodes[i].name, g->nodes[i].priority));
	for (size_t i = 0; i < run->nvms; i++)
		if (str_eq(run->vms[i].project, g->project) &&
		    json_object_get(before ? run->vms[i].have : run->vms[i].want, g->name))
			(void)json_array_append_new(
				members, json_string(run->vms[i].name ? run->vms[i].name : ""));
	o = json_pack("{s:s,s:s,s:o,s:o}", "policy", affinity_policy_names[g->policy],
		      "description", g->description, "nodes", nodes, "members", members);
	return o;
}

static int plan_spec(struct affinity_run *run, size_t i, struct pxc_err *err)
{
	const struct affinity_spec *s = &run->batch->specs[i];
	const struct affinity_group *have = affinity_group(&run->have, s->project, s->name);
	const struct affinity_group *want = affinity_group(&run->want, s->project, s->name);
	const struct affinity_view v = view_of(run);
	struct pxc_plan *plan = run->plans->plans[i];

	plan->before = diff_json(run, have, true);
	plan->after = diff_json(run, want, false);
	plan->phase = PHASE_LEAVE;
	if (!want) {
		plan->item = json_pack("{s:s,s:s,s:s}", "project", s->project, "name", s->name,
				       "state", "absent");
		affinity_rule_remove(&v, s->project, s->name, &rule_ops, plan);
		return affinity_vm_steps(run, s, plan, err);
	}
	plan->item = affinity_show(&v, want);
	(void)json_object_set_new(plan->item, "state", json_string("present"));
	if (affinity_vm_steps(run, s, plan, err) < 0)
		return -1;
	plan->phase = affinity_rule_steps(&v, want, &rule_ops, plan) ? PHASE_GROW : PHASE_SHRINK;
	return 0;
}

/* Set in the token the groups that the task makes or changes, or take out those that go; is there any? */
static bool edit(struct affinity_run *run, const char *project, bool erase, struct annot *a,
		 struct pxc_buf *why)
{
	const struct affinity_batch *b = run->batch;

	for (size_t i = 0; i < b->nspecs; i++) {
		const struct affinity_spec *s = &b->specs[i];
		const struct affinity_group *have = affinity_group(&run->have, project, s->name);
		const struct affinity_group *want = affinity_group(&run->want, project, s->name);

		if (!str_eq(s->project, project) || s->absent != erase ||
		    (erase ? !have : have && affinity_same(have, want)))
			continue;
		buf_printf(why, "%s%s group %s", why->len ? ", " : "",
			   erase  ? "remove"
			   : have ? "change"
				  : "define",
			   s->name);
		if (erase)
			affinity_erase(s->name, a);
		else
			affinity_encode(want, a);
	}
	return why->len > 0;
}

/* The object's change is in that of the pool; what joins a group waits for its definition. */
static void link_specs(struct affinity_run *run, const char *project, bool erase,
		       struct pxc_plan *writer)
{
	const struct affinity_batch *b = run->batch;

	for (size_t i = 0; i < b->nspecs; i++) {
		const struct affinity_spec *s = &b->specs[i];
		const struct affinity_group *have = affinity_group(&run->have, project, s->name);
		const struct affinity_group *want = affinity_group(&run->want, project, s->name);

		if (!str_eq(s->project, project) || s->absent != erase)
			continue;
		if (erase ? have != NULL : !have || !affinity_same(have, want))
			run->plans->plans[i]->via = writer;
		if (!erase)
			run->plans->plans[i]->needs = writer;
	}
}

static void write_pool(struct affinity_run *run, const char *project, const char *label)
{
	const char *poolid = project_pool(run->aw->w, project);
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_annot struct annot a = { .npairs = 0 };

	if (!poolid)
		return;
	annot_parse(ANNOT_TOKEN, world_pool(run->aw->w, poolid)->comment, &t);
	annot_copy(&a, &t.annot);
	for (int erase = 0; erase < 2; erase++) {
		auto_buf struct pxc_buf why = { .data = NULL };
		auto_free char *text = NULL;
		struct pxc_plan *p;

		if (!edit(run, project, erase, &a, &why))
			continue;
		affinity_bump(run, &a);
		text = annot_rewrite(ANNOT_TOKEN, &t, &a);
		p = pxc_plans_add(run->plans, label);
		p->phase = erase ? PHASE_ERASE : PHASE_DEFINE;
		pxc_plan_add(p, AFFINITY_POOL, PXC_QUIET,
			     json_pack("{s:s,s:s}", "poolid", poolid, "comment", text), "%s",
			     buf_str(&why));
		link_specs(run, project, erase, p);
	}
}

static int plan_all(struct affinity_run *run, struct pxc_err *err)
{
	const struct affinity_batch *b = run->batch;
	size_t i;
	json_t *text;

	affinity_decode(run->aw->w, &run->arena, run->warnings, &run->have);
	affinity_read_vms(run);
	if (affinity_want_groups(run, err) < 0 || want_members(run, err) < 0 || check(run, err) < 0)
		return -1;
	for (i = 0; i < b->nspecs; i++)
		if (first_of_project(b, i) && check_quota(run, b->specs[i].project, err) < 0)
			return -1;
	for (i = 0; i < b->nspecs; i++)
		(void)pxc_plans_add(run->plans, b->specs[i].label);
	for (i = 0; i < b->nspecs; i++)
		if (plan_spec(run, i, err) < 0)
			return -1;
	json_array_foreach (run->warnings, i, text)
		pxc_plan_warn(run->plans->plans[0], "%s", json_string_value(text));
	for (i = 0; i < b->nspecs; i++)
		if (first_of_project(b, i))
			write_pool(run, b->specs[i].project, b->specs[i].project_label);
	return 0;
}

int affinity_plan(const struct affinity_batch *batch, const struct affinity_world *aw,
		  struct pxc_plans *ret, struct pxc_err *err)
{
	struct affinity_run run = { .batch = batch, .aw = aw, .plans = ret };
	int r;

	run.kept = json_array();
	run.warnings = json_array();
	run.touched = json_object();
	r = world_writable(aw->w, err);
	if (r == 0)
		r = plan_all(&run, err);
	json_decref(run.kept);
	json_decref(run.warnings);
	json_decref(run.touched);
	arena_release(&run.arena);
	return r;
}
