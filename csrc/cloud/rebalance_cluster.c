/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_cluster.c - a snapshot as the planner wants it: loads, limits, who stays and why. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "cloud/holder.h"
#include "cloud/project_find.h"
#include "cloud/rebalance_parts.h"

bool rebalance_has_node(const struct rebalance_spec *s, const struct world_node *n)
{
	return n->online && (!s->nodes || strv_has(s->nodes, n->name)) &&
	       !strv_has(s->exclude_nodes, n->name);
}

static int check_names(const char *const *names, const char *option, const struct world *w,
		       struct pxc_err *err)
{
	for (size_t i = 0; names && names[i]; i++)
		if (!world_node(w, names[i]))
			return pxc_fail(err, PXC_EINVAL, "%s: there is no node %s", option,
					names[i]);
	return 0;
}

static int find_pools(const struct rebalance_spec *s, struct rebalance_world *bw,
		      struct pxc_err *err)
{
	const char **pools;
	size_t n = 0;

	while (s->projects && s->projects[n])
		n++;
	pools = arena_alloc(bw->arena, (n + 1) * sizeof(*pools));
	for (size_t i = 0; i < n; i++) {
		pools[i] = project_pool(bw->w, s->projects[i]);
		if (!pools[i])
			return project_missing("exclude", s->projects[i], err);
	}
	bw->excluded = pools;
	return 0;
}

int rebalance_check_spec(const struct rebalance_spec *s, struct rebalance_world *bw,
			 struct pxc_err *err)
{
	const struct world *w = bw->w;
	size_t n = 0;

	if (!w->quorate)
		return pxc_fail(err, PXC_EREMOTE,
				"cluster %s has no quorum: nothing can be moved until it has",
				w->cluster_name);
	if (check_names(s->nodes, "nodes", w, err) < 0 ||
	    check_names(s->exclude_nodes, "exclude_nodes", w, err) < 0 ||
	    check_names(s->drain, "drain", w, err) < 0 || find_pools(s, bw, err) < 0)
		return -1;
	for (size_t i = 0; s->drain && s->drain[i]; i++)
		if (!rebalance_has_node(s, world_node(w, s->drain[i])))
			return pxc_fail(err, PXC_EINVAL,
					"drain: node %s is offline, or left out by nodes or "
					"exclude_nodes",
					s->drain[i]);
	if (s->own_ha && bw->ha->rebalances)
		return pxc_fail(
			err, PXC_EINVAL,
			"with_crs: own is refused while PVE balances HA guests itself: two balancers "
			"would move them to and fro. Switch PVE's off (Datacenter > Options > Cluster "
			"Resource Scheduling, crs ha-auto-rebalance=0), or leave them to it with "
			"with_crs: yield");
	for (size_t i = 0; i < w->nnodes; i++)
		n += rebalance_has_node(s, &w->nodes[i]);
	return n ? 0 : pxc_fail(err, PXC_EINVAL, "nodes and exclude_nodes leave no node that runs");
}

static int64_t mib(uint64_t bytes)
{
	return (int64_t)((bytes + MIB / 2) / MIB);
}

static int64_t millicores(double cpus)
{
	return cpus > 0 ? llround(cpus * 1000) : 0;
}

static int take_nodes(const struct rebalance_batch *b, struct rebalance_world *bw,
		      struct bal_node *nodes, struct pxc_err *err)
{
	const struct world *w = bw->w;
	size_t n = 0;

	for (size_t i = 0; i < w->nnodes; i++) {
		const struct rebalance_node *seen = &bw->nodes[i];
		const char *name = w->nodes[i].name;
		bool drain = strv_has(b->spec.drain, name) || strv_has(bw->packed, name) ||
			     ha_in_maintenance(bw->ha, name);

		if (!rebalance_has_node(&b->spec, &w->nodes[i]))
			continue;
		if (!seen->memory_bytes || !(seen->cpus > 0))
			return pxc_fail(err, PXC_EREMOTE, "node %s does not say how large it is",
					name);
		nodes[n++] = (struct bal_node){ .name = name,
						.mem = mib(seen->memory_bytes),
						.cpu = millicores(seen->cpus),
						.base_mem = mib(seen->used_bytes),
						.base_cpu = millicores(seen->used_cpus),
						.accepts = !drain,
						.drain = drain };
	}
	bw->cluster.nodes = nodes;
	bw->cluster.nnodes = n;
	return 0;
}

static struct bal_node *node_of(struct bal_node *nodes, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(nodes[i].name, name))
			return &nodes[i];
	return NULL;
}

/*
 * What counts as a VM of its own? The rest is part of what its node is busy with: stopped guests are no load, and are only
 * there to leave drained nodes; the HA manager empties a node in maintenance of its guests by itself.
 */
static bool counts(const struct rebalance_batch *b, const struct rebalance_world *bw,
		   const struct world_guest *g, const struct bal_node *node)
{
	if (g->is_template || holder_looks(bw->w, g))
		return false;
	if (rebalance_ha(bw, g) && ha_in_maintenance(bw->ha, node->name))
		return false;
	return rebalance_runs(g) || ((node->drain || bw->choosing) && b->spec.drain_stopped &&
				     !g->container && !str_eq(g->status, "running"));
}

/* What it needs by the metric, in MiB and millicores. */
static void demand(const struct rebalance_batch *b, const struct rebalance_world *bw,
		   const struct world_guest *g, struct bal_vm *vm)
{
	const struct rebalance_load *load =
		rebalance_find(bw->loads, bw->nloads, sizeof(*bw->loads), g->vmid);

	vm->mem = mib(g->used_bytes);
	vm->cpu = millicores(g->used_cpus);
	if (b->spec.metric != REBALANCE_ASSIGNED && load) {
		/* Samples know what the guest sees, which is less than what it takes of the node. */
		vm->mem = mib(load->bytes) > vm->mem ? mib(load->bytes) : vm->mem;
		vm->cpu = millicores(load->cpus);
	} else if (b->spec.metric == REBALANCE_ASSIGNED) {
		/* A node is full of assigned cores when the over-commit is reached. */
		vm->mem = mib(g->memory_bytes);
		vm->cpu = (int64_t)((__int128)millicores(g->cpus) * BAL_PPM /
				    (b->spec.params.overcommit_cpu_ppm > 0
					     ? b->spec.params.overcommit_cpu_ppm
					     : 1));
	}
	vm->vcpu = millicores(g->cpus);
	vm->wire = mib(g->used_bytes);
}

static int64_t disks_of(const struct rebalance_world *bw, unsigned vmid)
{
	int64_t sum = 0;
	size_t n;

	for (const struct rebalance_disk *d = rebalance_disks(bw, vmid, &n); n; d++, n--)
		sum += mib(d->bytes);
	return sum;
}

static void take_vm(const struct rebalance_batch *b, struct rebalance_world *bw,
		    const struct world_guest *g, struct bal_node *node, struct bal_vm *vm)
{
	*vm = (struct bal_vm){ .id = g->vmid, .node = node->name };
	if (rebalance_runs(g))
		demand(b, bw, g, vm);
	vm->wire += disks_of(bw, g->vmid);
	vm->stays = rebalance_stays(b, bw, g, node->drain || bw->choosing);
	rebalance_allowed(b, bw, g, &vm->allowed, &vm->nallowed);
	if (vm->allowed && vm->nallowed == 0) {
		if (!vm->stays)
			vm->stays = "no node that is looked at may have it";
		vm->allowed = NULL;
	}
	/* What is left of the node's load when its guests are taken off is its own. */
	node->base_mem -= mib(g->used_bytes);
	node->base_cpu -= millicores(g->used_cpus);
}

int rebalance_cluster(const struct rebalance_batch *b, struct rebalance_world *bw,
		      struct pxc_err *err)
{
	const struct world *w = bw->w;
	struct bal_node *nodes = arena_alloc(bw->arena, (w->nnodes + 1) * sizeof(*nodes));
	struct bal_vm *vms = arena_alloc(bw->arena, (w->nguests + 1) * sizeof(*vms));
	struct bal_cluster *c = &bw->cluster;

	*c = (struct bal_cluster){ .params = b->spec.params,
				   .vms = vms,
				   .rules = bw->rules.rules,
				   .nrules = bw->rules.nrules };
	/* What an earlier round has begun counts; when that was all, only what must be is left to do. */
	if (c->params.max_moves > b->nbegun)
		c->params.max_moves -= b->nbegun;
	else if (c->params.max_moves)
		c->params.tolerance_ppm = BAL_PPM;
	if (take_nodes(b, bw, nodes, err) < 0)
		return -1;
	for (size_t i = 0; i < w->nguests; i++) {
		const struct world_guest *g = &w->guests[i];
		struct bal_node *node = node_of(nodes, c->nnodes, g->node);

		if (node && counts(b, bw, g, node))
			take_vm(b, bw, g, node, &vms[c->nvms++]);
	}
	for (size_t i = 0; i < c->nnodes; i++) {
		nodes[i].base_mem = nodes[i].base_mem > 0 ? nodes[i].base_mem : 0;
		nodes[i].base_cpu = nodes[i].base_cpu > 0 ? nodes[i].base_cpu : 0;
	}
	return 0;
}
