/* SPDX-License-Identifier: GPL-3.0-or-later */
/* balance_busy.c - which VM is on its way right now, whoever sent it: a run that was killed, a person, the HA manager. */
#include <stdlib.h>

#include "base/str.h"
#include "modules/balance.h"
#include "modules/items.h"

/* The HA manager takes a request up within its round of ten seconds; its state says so then. */
#define TAKEN_UP_S 20

static bool ha_moves(const struct ha *ha, unsigned vmid)
{
	const struct ha_resource *r = ha_resource(ha, vmid);

	return r && (str_eq(r->crm, "migrate") || str_eq(r->crm, "relocate") ||
		     str_eq(r->crm, "request_start_balance"));
}

/* A task that has not ended, or has just asked the HA manager. */
static unsigned of_task(const struct rebalance_world *bw, const json_t *row)
{
	const char *type = item_text(row, "type"), *id = item_text(row, "id");
	int64_t end = item_int(row, "endtime");
	unsigned vmid = id ? (unsigned)strtoul(id, NULL, 10) : 0;

	if (!type || !vmid || !world_guest(bw->w, vmid))
		return 0;
	if (str_eq(type, "qmigrate"))
		return end ? 0 : vmid;
	if (str_eq(type, "hamigrate") && (!end || bw->now_s - end < TAKEN_UP_S))
		return vmid;
	return 0;
}

int balance_under_way(struct pxc_env *env, const struct rebalance_batch *b,
		      struct rebalance_world *bw, struct pxc_err *err)
{
	json_auto_t *tasks = NULL;
	json_t *row;
	size_t k;

	for (size_t i = 0; i < bw->w->nguests; i++) {
		const struct world_guest *g = &bw->w->guests[i];
		const struct world_node *n = world_node(bw->w, g->node);

		if (n && rebalance_has_node(&b->spec, n) &&
		    (str_eq(g->lock, "migrate") || ha_moves(bw->ha, g->vmid)))
			bw->busy = g->vmid;
	}
	if (bw->busy)
		return 0;
	/* The list may lag a little behind; a lock shows by itself. */
	if (pve_get(env->pve, "/cluster/tasks", &tasks, err) < 0)
		return pxc_context(err, "tasks of the cluster");
	json_array_foreach (tasks, k, row)
		if (of_task(bw, row))
			bw->busy = of_task(bw, row);
	return 0;
}
