/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan of a whole task: one transaction. */
#include "cloud/network.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_parts.h"
#include "cloud/project_find.h"

static int find_pool(struct network_case *c, struct pxc_err *err)
{
	const char *project = c->spec->project;

	if (!project)
		return 0;
	c->pool = project_pool(c->run->w, project);
	return c->pool || c->spec->absent ? 0 : project_missing(c->spec->label, project, err);
}

static int find_have(struct network_case *c, struct pxc_err *err)
{
	const struct network_spec *s = c->spec;
	const struct sdn_vnet *other =
		s->new_name ? sdn_network(c->run->sdn, s->project, s->new_name) : NULL;

	c->have = network_vnet(c->run->sdn, s);
	if (c->have && other && other != c->have)
		return pxc_fail(err, PXC_EINVAL, "%s: new_name: there is a network %s already",
				s->label, s->new_name);
	if (c->have && c->have->damaged && !s->reseal)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: the token in the alias of vnet %s was changed by hand (%s): look at "
			"it, then run with reseal: true",
			s->label, c->have->id, c->have->notes.problem);
	return 0;
}

static int plan_one(struct network_case *c, struct pxc_err *err)
{
	if (find_have(c, err) < 0 || find_pool(c, err) < 0)
		return -1;
	if ((c->have || !c->spec->absent) && network_zone_take(c, err) < 0)
		return -1;
	return 0;
}

static int finish_one(struct network_case *c, struct pxc_err *err)
{
	if (!c->spec->absent && network_want(c, err) < 0)
		return -1;
	return network_check_uses(c, err);
}

static int label_context(const struct network_case *c, struct pxc_err *err)
{
	return str_starts(err->msg, c->spec->label) || str_starts(err->msg, "zone ")
		       ? -1
		       : pxc_context(err, "%s", c->spec->label);
}

static void needs_zone(struct network_run *run)
{
	for (size_t i = 0; i < run->ncases; i++) {
		struct network_case *c = &run->cases[i];

		if (c->zone && c->zone->plan && !c->spec->absent)
			c->plan->needs = c->zone->plan;
	}
}

static void show(struct network_case *c)
{
	const struct sdn *s = c->run->sdn;

	const char *text = c->spec->description;

	c->plan->before = c->have ? network_item(s, c->have) : NULL;
	c->plan->after = c->spec->absent ? NULL : network_item(s, &c->want);
	if (c->plan->after && text && *text)
		(void)json_object_set_new(c->plan->after, "description", json_string(text));
	else if (c->plan->after && text)
		(void)json_object_del(c->plan->after, "description");
	if (c->plan->after && c->zone->type)
		(void)json_object_set_new(c->plan->after, "zone_type", json_string(c->zone->type));
	c->plan->item = c->plan->after ? json_deep_copy(c->plan->after)
				       : json_pack("{s:s,s:s*}", "name", c->spec->name, "project",
						   c->spec->project);
	(void)json_object_set_new(c->plan->item, "state",
				  json_string(c->spec->absent ? "absent" : "present"));
}

/*
 * A zone bears no token: one that waits to come or to go, and that this task is to make or remove, is what the task has begun, or
 * might have.
 */
static bool begun(const struct network_run *run, const char *pending)
{
	for (size_t i = 0; i < run->ncases; i++) {
		const struct network_spec *s = run->cases[i].spec;
		const char *id = run->cases[i].zone ? run->cases[i].zone->id : s->zone;

		if (!id || !(s->absent ? s->remove_zone : s->zone_type != NULL))
			continue;
		if (str_eq(pending, arena_printf(run->arena, "zone %s (deleted)", id)) ||
		    (!s->absent && str_eq(pending, arena_printf(run->arena, "zone %s (new)", id))))
			return true;
	}
	return false;
}

/* Without a lock, PVE 8, what others have begun would be applied with ours. */
static int check_pending(const struct network_run *run, struct pxc_err *err)
{
	const struct pxc_plans *all = run->plans;
	auto_buf struct pxc_buf list = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; run->sdn->pending && run->sdn->pending[i]; i++) {
		if (!run->sdn->locks && begun(run, run->sdn->pending[i]))
			continue;
		if (n < 5)
			buf_printf(&list, "%s%s", n ? ", " : "", run->sdn->pending[i]);
		n++;
	}
	if (n == 0 || all->nplans == 0 || all->plans[all->nplans - 1]->item)
		return 0;
	if (!run->sdn->locks)
		return pxc_fail(
			err, PXC_EINVAL,
			"changes of others to the SDN wait to be applied, and would be with ours: "
			"%s%s; apply them or take them back first (Datacenter, SDN)",
			buf_str(&list), n > 5 ? ", ..." : "");
	pxc_plan_warn(
		run->cases[0].plan,
		"changes to the SDN wait to be applied: %s%s; nothing is written before they are "
		"applied or taken back",
		buf_str(&list), n > 5 ? ", ..." : "");
	return 0;
}

/* A network that gives up a subnet goes first: another of the task may get it, and PVE's ids say where, not whose it is. */
static void order(struct network_case *c)
{
	for (size_t i = 0; i < c->plan->nsteps; i++)
		if (c->plan->steps[i].op == NETWORK_SUBNET_DELETE)
			c->plan->phase = PHASE_FREES;
}

static int plan_all(struct network_run *run, struct pxc_err *err)
{
	for (size_t i = 0; i < run->ncases; i++) {
		struct network_case *c = &run->cases[i];

		*c = (struct network_case){ .run = run, .spec = &run->batch->specs[i] };
		c->plan = pxc_plans_add(run->plans, c->spec->label);
		c->plan->phase = PHASE_NETWORKS;
		c->plan->allow = c->spec->allow;
		if (plan_one(c, err) < 0)
			return label_context(c, err);
	}
	for (size_t i = 0; i < run->ncases; i++)
		if (finish_one(&run->cases[i], err) < 0)
			return label_context(&run->cases[i], err);
	if (network_check_twins(run, err) < 0 || network_check_overlaps(run, err) < 0 ||
	    network_check_quota(run, err) < 0)
		return -1;
	for (size_t i = 0; i < run->ncases; i++) {
		if (network_steps(&run->cases[i], err) < 0)
			return label_context(&run->cases[i], err);
		order(&run->cases[i]);
		show(&run->cases[i]);
	}
	if (network_zone_steps(run, err) < 0)
		return -1;
	needs_zone(run);
	network_transaction(run);
	return check_pending(run, err);
}

int network_plan(const struct network_batch *batch, const struct network_world *nw,
		 struct pxc_plans *ret, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct network_run run = { .batch = batch,
				   .nw = nw,
				   .w = nw->w,
				   .sdn = nw->sdn,
				   .arena = &arena,
				   .ncases = batch->nspecs,
				   .plans = ret };
	int r;

	if (world_writable(nw->w, err) < 0)
		return -1;
	run.cases = arena_alloc(&arena, (batch->nspecs + 1) * sizeof(*run.cases));
	run.zones = arena_alloc(&arena, (batch->nspecs + 1) * sizeof(*run.zones));
	r = plan_all(&run, err);
	for (size_t i = 0; i < run.nzones; i++) {
		json_decref(run.zones[i].options);
		json_decref(run.zones[i].named);
		free(run.zones[i].taken);
	}
	free(run.global_taken);
	return r;
}
