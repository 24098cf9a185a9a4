/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebalance_ready.c - is the cluster, when the plan is done, ready for the failure of any one node? */
#include <math.h>
#include <stdlib.h>

#include "base/str.h"
#include "cloud/rebalance_parts.h"
#include "cloud/rebalance_reserve.h"

/* VMIDs of the VMs that the HA manager would start elsewhere, sorted. */
static uint32_t *guests(const struct rebalance_world *bw, size_t *ret_n)
{
	const struct ha *ha = bw->ha;
	uint32_t *list = arena_alloc(bw->arena, ((ha ? ha->nresources : 0) + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; ha && i < ha->nresources; i++)
		if (!ha->resources[i].container && str_eq(ha->resources[i].state, "started"))
			list[n++] = ha->resources[i].vmid;
	*ret_n = n;
	return list;
}

/* The cluster with every VM where the plan brings it. */
static struct bal_cluster later(const struct rebalance_world *bw)
{
	struct bal_cluster c = bw->cluster;
	struct bal_vm *vms = arena_alloc(bw->arena, (c.nvms + 1) * sizeof(*vms));

	for (size_t i = 0; i < c.nvms; i++) {
		vms[i] = c.vms[i];
		for (size_t k = 0; k < bw->plan.nmoves; k++)
			if (bw->plan.moves[k].vm == vms[i].id)
				vms[i].node = bw->plan.moves[k].to;
	}
	c.vms = vms;
	return c;
}

static double gib(int64_t mib)
{
	return round((double)mib / 102.4) / 10;
}

static json_t *row(const struct reserve_node *n)
{
	json_t *ret = json_pack("{s:s,s:i,s:f,s:i}", "node", n->node, "guests", (int)n->guests,
				"gib", gib(n->mib), "missing", (int)n->missing);

	if (n->missing) {
		(void)json_object_set_new(ret, "missing_gib", json_real(gib(n->missing_mib)));
		(void)json_object_set_new(
			ret, "why",
			json_sprintf(
				"if %s fails, %u of its %u HA guests find no other node, VM %u "
				"for one: %s",
				n->node, n->missing, n->guests, n->first, n->why));
	}
	return ret;
}

json_t *rebalance_ready(const struct rebalance_world *bw, struct pxc_err *err)
{
	auto_reserve struct rebalance_reserve r = { .nnodes = 0 };
	const struct bal_cluster c = later(bw);
	size_t n;
	const uint32_t *ha = guests(bw, &n);
	json_t *list;

	if (n == 0 || rebalance_reserve(&c, ha, n, &r, err) < 0)
		return NULL;
	list = json_array();
	for (size_t i = 0; i < r.nnodes; i++)
		if (r.nodes[i].guests)
			(void)json_array_append_new(list, row(&r.nodes[i]));
	return list;
}
