/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/sdn_nodes.h"

#include "modules/items.h"

int sdn_each_node(struct pxc_env *env, const struct world *w, const char *what,
		  const json_t *params,
		  void (*take)(json_t *all, const struct world_node *node, json_t *data),
		  json_t *all, struct pxc_err *err)
{
	struct pve_read *reads = arena_alloc(env->arena, (w->nnodes + 1) * sizeof(*reads));
	const struct world_node **nodes =
		arena_alloc(env->arena, (w->nnodes + 1) * sizeof(struct world_node *));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < w->nnodes; i++) {
		if (!w->nodes[i].online)
			continue;
		nodes[n] = &w->nodes[i];
		reads[n].params = params;
		reads[n++].path = arena_printf(env->arena, "/nodes/%s/%s", w->nodes[i].name, what);
	}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (json_is_array(reads[i].data))
			take(all, nodes[i], reads[i].data);
		else if (r == 0) {
			*err = reads[i].err;
			if (err->kind == PXC_OK)
				(void)pxc_fail(err, PXC_EREMOTE, "half an answer: no list");
			r = pxc_context(err, "%s of node %s", what, nodes[i]->name);
		}
		json_decref(reads[i].data);
	}
	return r;
}

static void take_status(json_t *all, const struct world_node *node, json_t *data)
{
	json_t *zones = json_object();
	size_t i;
	json_t *row;

	json_array_foreach (data, i, row)
		if (item_text(row, "zone") && item_text(row, "status"))
			(void)json_object_set(zones, item_text(row, "zone"),
					      json_object_get(row, "status"));
	(void)json_object_set_new(all, node->name, zones);
}

int sdn_status_read(struct pxc_env *env, const struct world *w, json_t *all, struct pxc_err *err)
{
	return sdn_each_node(env, w, "sdn/zones", NULL, take_status, all, err);
}
