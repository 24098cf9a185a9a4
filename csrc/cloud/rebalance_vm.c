/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_vm.c - who cannot move, and who may be where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cloud/project_find.h"
#include "cloud/rebalance_parts.h"

void rebalance_refuse(struct rebalance_batch *b, unsigned vmid, const char *node, const char *why)
{
	b->refusals = arena_grow(b->arena, b->refusals, b->nrefusals, &b->refusals_cap,
				 sizeof(*b->refusals));
	b->refusals[b->nrefusals++] =
		(struct rebalance_refusal){ vmid, arena_strdup(b->arena, node),
					    arena_strdup(b->arena, why) };
}

static int by_vmid(const void *key, const void *row)
{
	unsigned vmid = *(const unsigned *)key, other = *(const unsigned *)row;

	return (vmid > other) - (vmid < other);
}

/* In an array whose rows begin with the VMID and are sorted by it. */
const void *rebalance_find(const void *rows, size_t n, size_t size, unsigned vmid)
{
	return n ? bsearch(&vmid, rows, n, size, by_vmid) : NULL;
}

const struct rebalance_disk *rebalance_disks(const struct rebalance_world *bw, unsigned vmid,
					     size_t *ret_n)
{
	const struct rebalance_disk *d =
		rebalance_find(bw->disks, bw->ndisks, sizeof(*bw->disks), vmid);
	size_t n = 0;

	while (d && d > bw->disks && d[-1].vmid == vmid)
		d--;
	while (d && d + n < bw->disks + bw->ndisks && d[n].vmid == vmid)
		n++;
	*ret_n = n;
	return d;
}

bool rebalance_runs(const struct world_guest *g)
{
	return str_eq(g->status, "running");
}

/* Does the task leave this VM out? NULL: no. */
static const char *excluded(const struct rebalance_batch *b, const struct rebalance_world *bw,
			    const struct world_guest *g)
{
	const struct rebalance_spec *s = &b->spec;
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", g->vmid);
	if (strv_has(s->vms, number) || (g->name && strv_has(s->vms, g->name)))
		return "the task excludes it";
	for (size_t i = 0; s->vms && g->name && s->vms[i]; i++) {
		const char *slash = strchr(s->vms[i], '/');
		const char *project =
			slash ? arena_strndup(bw->arena, s->vms[i], (size_t)(slash - s->vms[i]))
			      : NULL;

		if (slash && str_eq(slash + 1, g->name) &&
		    str_eq(project_pool(bw->w, project), g->pool))
			return "the task excludes it";
	}
	for (size_t i = 0; *g->pool && bw->excluded && bw->excluded[i]; i++)
		if (str_eq(bw->excluded[i], g->pool))
			return arena_printf(bw->arena, "the task excludes project %s",
					    s->projects[i]);
	if (*g->pool && strv_has(s->pools, g->pool))
		return arena_printf(bw->arena, "the task excludes pool %s", g->pool);
	for (size_t i = 0; s->tags && s->tags[i]; i++)
		if (world_has_tag(g->tags, s->tags[i]))
			return arena_printf(bw->arena, "the task excludes tag %s", s->tags[i]);
	return NULL;
}

const struct ha_resource *rebalance_ha(const struct rebalance_world *bw,
				       const struct world_guest *g)
{
	const struct ha_resource *r = ha_resource(bw->ha, g->vmid);

	return r && !str_eq(r->state, "ignored") ? r : NULL;
}

static const char *ha_stays(const struct rebalance_batch *b, const struct rebalance_world *bw,
			    const struct world_guest *g, bool drained)
{
	const struct ha_resource *r = rebalance_ha(bw, g);

	if (!r)
		return NULL;
	if (!bw->ha->armed)
		return "the HA manager is disarmed";
	if (str_eq(r->state, "disabled"))
		return "its HA state is disabled";
	if (*r->crm && !str_eq(r->crm, rebalance_runs(g) ? "started" : "stopped"))
		return arena_printf(bw->arena, "the HA manager is at it (state %s)", r->crm);
	if (bw->ha->rebalances && r->auto_rebalance && !drained && !b->spec.own_ha)
		return "PVE's own balancer has the HA guests (crs ha-auto-rebalance)";
	return NULL;
}

static const char *refused(const struct rebalance_batch *b, const struct world_guest *g)
{
	for (size_t i = 0; i < b->nrefusals; i++)
		if (b->refusals[i].vmid == g->vmid && !b->refusals[i].node)
			return b->refusals[i].why;
	return NULL;
}

/* Just moved: loads are not settled yet, and nobody likes to be moved to and fro. */
static const char *cools_down(const struct rebalance_batch *b, const struct rebalance_world *bw,
			      const struct world_guest *g)
{
	const struct rebalance_moved *m =
		rebalance_find(bw->moved, bw->nmoved, sizeof(*bw->moved), g->vmid);

	if (!m || m->ago_s >= b->spec.cool_down_s)
		return NULL;
	return arena_printf(bw->arena, "it has just been migrated (%lld s ago, cool_down %lld)",
			    m->ago_s > 0 ? (long long)m->ago_s : 0LL,
			    (long long)b->spec.cool_down_s);
}

const char *rebalance_stays(const struct rebalance_batch *b, const struct rebalance_world *bw,
			    const struct world_guest *g, bool drained)
{
	size_t ndisks;
	const struct rebalance_disk *disk = rebalance_disks(bw, g->vmid, &ndisks);
	const char *why;

	if (g->container)
		return "it is a container, which cannot move while it runs";
	if (*g->lock)
		return arena_printf(bw->arena, "it is locked (%s)", g->lock);
	if (!rebalance_runs(g) && !str_eq(g->status, "stopped"))
		return arena_printf(bw->arena, "PVE does not know what it does (%s)", g->status);
	if (world_has_tag(g->tags, REBALANCE_TAG))
		return "it has the tag " REBALANCE_TAG;
	why = excluded(b, bw, g);
	if (!why)
		why = ha_stays(b, bw, g, drained);
	if (!why)
		why = refused(b, g);
	if (!why && ndisks && !b->spec.local_disks)
		why = arena_printf(bw->arena,
				   "it has a disk on one node only (%s; see with_local_disks)",
				   disk->volid);
	if (!why && b->closed && !rebalance_checked(b, g->vmid))
		why = "PVE was not asked about it any more";
	if (!why && !drained)
		why = cools_down(b, bw, g);
	return why;
}

/* Can the node take over the disks that are on another one only? */
static bool takes_disks(const struct rebalance_batch *b, const struct rebalance_world *bw,
			const struct world_guest *g, const char *node)
{
	size_t n;

	for (const struct rebalance_disk *d = rebalance_disks(bw, g->vmid, &n); n; d++, n--)
		if (!str_eq(node, g->node) &&
		    (!b->spec.local_disks || !world_storage(bw->w, node, d->storage, "images")))
			return false;
	return true;
}

static bool is_in(const char *const *list, size_t n, const char *node)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], node))
			return true;
	return false;
}

/* Can any node that is a target take it where it should be? */
static bool has_target(const struct rebalance_world *bw, const struct affinity_bound *bound)
{
	const struct bal_cluster *c = &bw->cluster;

	for (size_t i = 0; i < c->nnodes; i++)
		if (c->nodes[i].accepts && is_in(bound->nodes, bound->nnodes, c->nodes[i].name))
			return true;
	return false;
}

/* It goes nowhere but where it should be, if there is such a place; that it is not there now is a reason to move only where it must be. */
static bool bound_allows(const struct rebalance_world *bw, const struct affinity_bound *bound,
			 const struct world_guest *g, const char *node)
{
	bool may = bound->nmust == 0 || is_in(bound->must, bound->nmust, node);

	if (is_in(bound->nodes, bound->nnodes, node))
		return true;
	return may && (str_eq(node, g->node) || !has_target(bw, bound));
}

static bool taken(const struct rebalance_batch *b, const struct rebalance_world *bw,
		  const struct affinity_bound *bound, const struct world_guest *g, const char *node)
{
	for (size_t i = 0; i < b->nrefusals; i++)
		if (b->refusals[i].vmid == g->vmid && b->refusals[i].node &&
		    str_eq(b->refusals[i].node, node))
			return false;
	return (!bound || bound_allows(bw, bound, g, node)) && takes_disks(b, bw, g, node);
}

static bool has_refusals(const struct rebalance_batch *b, unsigned vmid)
{
	for (size_t i = 0; i < b->nrefusals; i++)
		if (b->refusals[i].vmid == vmid && b->refusals[i].node)
			return true;
	return false;
}

void rebalance_allowed(const struct rebalance_batch *b, const struct rebalance_world *bw,
		       const struct world_guest *g, const char *const **ret, size_t *ret_n)
{
	const struct affinity_bound *bound = rebalance_find(bw->rules.bounds, bw->rules.nbounds,
							    sizeof(*bw->rules.bounds), g->vmid);
	const struct bal_cluster *c = &bw->cluster;
	const char **list;
	size_t n = 0, ndisks;

	*ret = NULL;
	*ret_n = 0;
	(void)rebalance_disks(bw, g->vmid, &ndisks);
	if (!bound && !ndisks && !has_refusals(b, g->vmid))
		return;
	list = arena_alloc(bw->arena, (c->nnodes + 1) * sizeof(*list));
	for (size_t i = 0; i < c->nnodes; i++)
		if (taken(b, bw, bound, g, c->nodes[i].name))
			list[n++] = c->nodes[i].name;
	*ret = list;
	*ret_n = n;
}
