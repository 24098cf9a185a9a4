/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written is applied on every node, or taken back. */
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/network_parts.h"

#define LABEL "SDN configuration"
#define WAIT_NODE_MS 300000 /* for one node to take its network over */

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
void network_transaction(struct network_run *run)
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
