/* SPDX-License-Identifier: GPL-3.0-or-later */
/* balance_pressure.c - what guests would use of processors if they never waited for one. */
#include <stdlib.h>

#include "base/str.h"
#include "modules/balance.h"
#include "modules/items.h"

/* Of the time, in percent; beyond that it is no measure any more. */
#define MOST_STALL 90

static int by_vmid(const void *a, const void *b)
{
	const struct rebalance_load *x = a, *y = b;

	return (x->vmid > y->vmid) - (x->vmid < y->vmid);
}

/* PVE gives the share of the last ten seconds in which some of its threads waited, in percent. */
static void take(struct rebalance_world *bw, const json_t *rows, size_t *cap, bool *ret_known)
{
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		const json_t *stall = json_object_get(row, "pressurecpusome");
		const struct world_guest *g = world_guest(bw->w, (unsigned)item_int(row, "vmid"));
		double waits = json_number_value(stall), cpus;

		if (!stall || !g)
			continue;
		*ret_known = true;
		waits = waits > MOST_STALL ? MOST_STALL : waits > 0 ? waits : 0;
		cpus = g->used_cpus / (1 - waits / 100);
		bw->loads = arena_grow(bw->arena, bw->loads, bw->nloads, cap, sizeof(*bw->loads));
		bw->loads[bw->nloads++] = (struct rebalance_load){
			g->vmid, g->cpus > 0 && cpus > g->cpus ? g->cpus : cpus, 0
		};
	}
}

int balance_read_pressure(struct pxc_env *env, const struct rebalance_batch *b,
			  struct rebalance_world *bw, struct pxc_err *err)
{
	const struct world *w = bw->w;
	struct pve_read *reads = arena_alloc(env->arena, (w->nnodes + 1) * sizeof(*reads));
	bool known = false, any = false;
	size_t n = 0, cap = 0;
	int r = 0;

	for (size_t i = 0; i < w->nnodes; i++)
		if (rebalance_has_node(&b->spec, &w->nodes[i]))
			reads[n++].path =
				arena_printf(env->arena, "/nodes/%s/qemu", w->nodes[i].name);
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (json_is_array(reads[i].data)) {
			take(bw, reads[i].data, &cap, &known);
		} else if (r == 0) {
			*err = reads[i].err;
			if (err->kind == PXC_OK)
				(void)pxc_fail(err, PXC_EREMOTE, "half an answer: no list");
			r = pxc_context(err, "metric: psi");
		}
		json_decref(reads[i].data);
	}
	for (size_t i = 0; i < w->nguests; i++)
		any |= !w->guests[i].container && str_eq(w->guests[i].status, "running");
	if (r == 0 && any && !known)
		return pxc_fail(
			err, PXC_EINVAL,
			"metric: psi needs PVE 9: the nodes do not say how long guests wait "
			"for processors");
	if (bw->nloads)
		qsort(bw->loads, bw->nloads, sizeof(*bw->loads), by_vmid);
	return r;
}
