/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan of a whole task: one transaction. */
#include "cloud/network.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_parts.h"
#include "cloud/project_find.h"

#define LABEL "SDN configuration"
#define WAIT_NODE_MS 300000 /* for one node to take its network over */

/* ---- the vnet that a task means ---- */

static bool is_called(const struct sdn_vnet *v, const struct network_spec *s)
{
	return (v->ours || v->damaged) && str_eq(v->project, s->project) &&
	       (str_eq(v->name, s->name) || (s->new_name && str_eq(v->name, s->new_name)));
}

/*
 * By its name, else by its new one, else by a token that was damaged: that still tells which network it was; it is not made
 * a second time, nor written over unasked.
 */
static const struct sdn_vnet *vnet_of(const struct sdn *s, const struct network_spec *spec)
{
	const struct sdn_vnet *v = sdn_network(s, spec->project, spec->name);

	if (!v && spec->new_name)
		v = sdn_network(s, spec->project, spec->new_name);
	for (size_t i = 0; !v && i < s->nvnets; i++)
		if (s->vnets[i].damaged && is_called(&s->vnets[i], spec))
			v = &s->vnets[i];
	return v;
}

/* ---- what must be read ---- */

static const struct network_spec *spec_of(const struct network_batch *b, const struct sdn_vnet *v)
{
	for (size_t i = 0; i < b->nspecs; i++)
		if (is_called(v, &b->specs[i]))
			return &b->specs[i];
	return NULL;
}

static bool has(const struct sdn_vnet *v, const struct net_cidr *cidr)
{
	for (size_t i = 0; i < v->nsubnets; i++)
		if (network_same_cidr(&v->subnets[i].cidr, cidr))
			return true;
	return false;
}

/* Does a subnet come, as far as is known? Then all of its zone count, too: of zone, or of any (NULL). */
static bool adds(const struct sdn *s, const struct network_spec *spec, const char **ret_zone)
{
	const struct sdn_vnet *v = vnet_of(s, spec);

	*ret_zone = v ? v->zone : spec->zone;
	if (v && !v->subnets_read)
		return false;
	for (size_t i = 0; i < spec->nsubnets; i++)
		if (!spec->subnets[i].absent && !(v && has(v, &spec->subnets[i].cidr)))
			return true;
	return false;
}

bool network_wants_subnets(const struct network_batch *batch, const struct sdn *s,
			   const struct sdn_vnet *v)
{
	if (spec_of(batch, v))
		return true;
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct network_spec *spec = &batch->specs[i];
		const char *zone;

		if (spec->absent || !spec->nsubnets)
			continue;
		if (v->project && spec->project && str_eq(v->project, spec->project))
			return true;
		if (adds(s, spec, &zone) && (!zone || str_eq(zone, v->zone)))
			return true;
	}
	return false;
}

static bool loses_subnets(const struct network_spec *s, const struct sdn_vnet *v)
{
	for (size_t i = 0; i < v->nsubnets; i++) {
		bool named = false;

		for (size_t k = 0; k < s->nsubnets; k++) {
			if (!network_same_cidr(&s->subnets[k].cidr, &v->subnets[i].cidr))
				continue;
			named = true;
			if (s->subnets[k].absent)
				return true;
		}
		if (!named && s->subnets_exact)
			return true;
	}
	return false;
}

bool network_wants_uses(const struct network_batch *batch, const struct network_world *nw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct network_spec *s = &batch->specs[i];
		const struct sdn_vnet *v = vnet_of(nw->sdn, s);

		if (v && (s->absent || s->nreserves || loses_subnets(s, v)))
			return true;
	}
	return false;
}

/* Does the registry say something else by now that has to do with bridges? */
static bool outdated(const struct sdn_zone *zone, const struct tenant_zone *t)
{
	static const char *const keys[] = { "bridge", "mtu", "nodes" };

	for (size_t i = 0; t && i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *want = json_object_get(t->options, keys[i]);

		if (want &&
		    !sdn_zone_same(keys[i], sdn_option(zone, keys[i]), json_string_value(want)))
			return true;
	}
	return false;
}

bool network_wants_bridges(const struct network_batch *batch, const struct network_world *nw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct network_spec *s = &batch->specs[i];
		const struct tenant_zone *usual = registry_default_zone(&nw->w->registry);
		const struct sdn_vnet *v = vnet_of(nw->sdn, s);
		const char *id = v ? v->zone : s->zone ? s->zone : usual ? usual->name : NULL;
		const struct sdn_zone *zone = id ? sdn_zone(nw->sdn, id) : NULL;

		if (!s->absent && !v && s->vnet)
			return true;
		if (!s->absent && id &&
		    (!zone || json_object_size(s->zone_options) ||
		     outdated(zone, registry_zone(&nw->w->registry, id))))
			return true;
	}
	return false;
}

/* ---- one network ---- */

static int find_pool(struct network_case *c, struct pxc_err *err)
{
	const char *project = c->spec->project;

	if (!project)
		return 0;
	c->pool = project_pool(c->run->w, project);
	return c->pool || c->spec->absent
		       ? 0
		       : pxc_fail(err, PXC_EINVAL, "%s: there is no project %s (pxc_project)",
				  c->spec->label, project);
}

static int find_have(struct network_case *c, struct pxc_err *err)
{
	const struct network_spec *s = c->spec;
	const struct sdn_vnet *other =
		s->new_name ? sdn_network(c->run->sdn, s->project, s->new_name) : NULL;

	c->have = vnet_of(c->run->sdn, s);
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

/* ---- the transaction ---- */

/* Is the zone not what it should be on a node that runs? why: the first, for people. */
static bool lags(const struct network_run *run, const struct network_zone *z, struct pxc_buf *why)
{
	const char *node;
	json_t *zones;

	if (!z->have)
		return false;
	json_object_foreach (run->nw->status, node, zones) {
		const char *status = json_string_value(json_object_get(zones, z->id));

		if (!network_zone_on(z, node) || (status && str_eq(status, "available")))
			continue;
		if (status && str_eq(status, "error"))
			buf_printf(
				why,
				"%snode %s could not take zone %s over (its network reload's log says why)",
				why->len ? ", " : "", node, z->id);
		else
			buf_printf(why, "%snode %s has not taken zone %s over",
				   why->len ? ", " : "", node, z->id);
	}
	return why->len;
}

static bool inhabited(const struct network_run *run, const struct network_zone *z)
{
	for (size_t i = 0; i < run->sdn->nvnets; i++)
		if (str_eq(run->sdn->vnets[i].zone, z->id))
			return true;
	return false;
}

static void add_previews(const struct network_run *run, struct pxc_plan *p)
{
	const char *node;
	json_t *zones;

	if (!run->nw->previews || !run->batch->diff)
		return;
	json_object_foreach (run->nw->status, node, zones)
		pxc_plan_add(p, NETWORK_DRY_RUN, PXC_WAITS, json_pack("{s:s}", "node", node),
			     "look what %s would make of it", node);
}

static void add_waits(const struct network_run *run, struct pxc_plan *p)
{
	const char *node;
	json_t *zones;

	json_object_foreach (run->nw->status, node, zones) {
		auto_buf struct pxc_buf list = { .data = NULL };

		for (size_t i = 0; i < run->nzones; i++)
			if (!run->zones[i].gone && network_zone_on(&run->zones[i], node))
				buf_printf(&list, "%s%s", list.len ? "," : "", run->zones[i].id);
		if (list.len)
			pxc_plan_add(p, NETWORK_WAIT_ZONES, PXC_WAITS,
				     json_pack("{s:s,s:s,s:i}", "node", node, "_zones",
					       buf_str(&list), "_wait_ms", WAIT_NODE_MS),
				     "wait for %s to take it over", node);
	}
}

static void warn_nodes(const struct network_run *run, struct pxc_plan *p)
{
	for (size_t i = 0; i < run->w->nnodes; i++)
		if (!run->w->nodes[i].online)
			pxc_plan_warn(
				p, "node %s is offline: it takes the networks over when it is back",
				run->w->nodes[i].name);
}

static void join(struct pxc_plan *p, struct pxc_plan *apply)
{
	if (p && p->nsteps)
		p->via = apply;
}

/* Is it for this network, too, that is applied? Which networks a run that was cut off has left is not known. */
static bool applies(const struct network_case *c, bool writes)
{
	auto_buf struct pxc_buf why = { .data = NULL };

	if (c->plan->nsteps || (c->zone && c->zone->plan && !c->spec->absent))
		return true;
	if (writes)
		return false;
	return c->run->sdn->unapplied ||
	       (c->zone && inhabited(c->run, c->zone) && lags(c->run, c->zone, &why));
}

/* Written, then applied on every node; undone when something of it fails. */
static void transaction(struct network_run *run)
{
	auto_buf struct pxc_buf why = { .data = NULL };
	struct pxc_plan *apply, *undo;
	bool writes = false;

	for (size_t i = 0; i < run->ncases; i++)
		writes |= run->cases[i].plan->nsteps > 0;
	for (size_t i = 0; i < run->nzones; i++) {
		writes |= run->zones[i].plan || run->zones[i].gone;
		if (inhabited(run, &run->zones[i]))
			(void)lags(run, &run->zones[i], &why);
	}
	if (run->sdn->unapplied)
		buf_printf(&why, "%sa run that was cut off has not done it", why.len ? ", " : "");
	if (!writes && !why.len)
		return;
	apply = pxc_plans_add(run->plans, LABEL);
	apply->phase = PHASE_APPLY;
	add_previews(run, apply);
	pxc_plan_add(apply, NETWORK_APPLY, PXC_QUIET,
		     run->sdn->locks ? json_pack("{s:i}", "release-lock", 0) : json_object(),
		     writes ? "apply on every node" : "apply once more, since %s", buf_str(&why));
	add_waits(run, apply);
	warn_nodes(run, apply);
	for (size_t i = 0; i < run->ncases; i++)
		if (applies(&run->cases[i], writes))
			run->cases[i].plan->via = apply;
	for (size_t i = 0; i < run->nzones; i++) {
		join(run->zones[i].plan, apply);
		join(run->zones[i].gone, apply);
	}
	if (!run->sdn->locks || !writes)
		return;
	undo = pxc_plans_add(run->plans, LABEL);
	undo->phase = PHASE_UNDO;
	undo->undoes = apply;
	pxc_plan_add(undo, NETWORK_ROLLBACK, PXC_QUIET, json_pack("{s:i}", "release-lock", 0),
		     "take back what was written");
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

/* Without a lock, PVE 8, what others have begun would be applied with ours. */
static int check_pending(const struct network_run *run, struct pxc_err *err)
{
	const struct pxc_plans *all = run->plans;
	auto_buf struct pxc_buf list = { .data = NULL };
	size_t n = 0;

	while (run->sdn->pending && run->sdn->pending[n]) {
		if (n < 5)
			buf_printf(&list, "%s%s", n ? ", " : "", run->sdn->pending[n]);
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
		show(&run->cases[i]);
	}
	if (network_zone_steps(run, err) < 0)
		return -1;
	needs_zone(run);
	transaction(run);
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
