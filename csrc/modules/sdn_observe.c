/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "modules/items.h"
#include "modules/sdn.h"
#include "modules/sdn_read.h"
#include "modules/sdn_uses.h"
#include "modules/world.h"

#define USUAL_MTU 1500

static bool wants(const struct sdn *s, const struct sdn_vnet *v, void *batch)
{
	return network_wants_subnets(batch, s, v);
}

/* One list for each node that runs. take gets node and data. */
static int each_node(struct pxc_env *env, const struct world *w, const char *what,
		     const json_t *params,
		     void (*take)(json_t *all, const char *node, json_t *data), json_t *all,
		     struct pxc_err *err)
{
	struct pve_read *reads = arena_alloc(env->arena, (w->nnodes + 1) * sizeof(*reads));
	const char **names = arena_alloc(env->arena, (w->nnodes + 1) * sizeof(*names));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < w->nnodes; i++) {
		if (!w->nodes[i].online)
			continue;
		names[n] = w->nodes[i].name;
		reads[n].params = params;
		reads[n++].path = arena_printf(env->arena, "/nodes/%s/%s", w->nodes[i].name, what);
	}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (json_is_array(reads[i].data))
			take(all, names[i], reads[i].data);
		else if (r == 0) {
			*err = reads[i].err;
			if (err->kind == PXC_OK)
				(void)pxc_fail(err, PXC_EREMOTE, "half an answer: no list");
			r = pxc_context(err, "%s of node %s", what, names[i]);
		}
		json_decref(reads[i].data);
	}
	return r;
}

static void take_status(json_t *all, const char *node, json_t *data)
{
	json_t *zones = json_object();
	size_t i;
	json_t *row;

	json_array_foreach (data, i, row)
		if (item_text(row, "zone") && item_text(row, "status"))
			(void)json_object_set(zones, item_text(row, "zone"),
					      json_object_get(row, "status"));
	(void)json_object_set_new(all, node, zones);
}

static long mtu_of(const json_t *row)
{
	const json_t *mtu = json_object_get(row, "mtu");
	long n = json_is_string(mtu) ? strtol(json_string_value(mtu), NULL, 10)
				     : (long)json_integer_value(mtu);

	return n > 0 ? n : USUAL_MTU;
}

/* Bridges, and under "" the interface by which the node is reached, as far as that is one. */
static void take_bridges(json_t *all, const char *node, json_t *data)
{
	json_t *bridges = json_object();
	size_t i;
	json_t *row;

	json_array_foreach (data, i, row) {
		const char *name = item_text(row, "iface");

		if (!name)
			continue;
		(void)json_object_set_new(bridges, name, json_integer(mtu_of(row)));
		if (item_text(row, "gateway"))
			(void)json_object_set_new(bridges, "", json_integer(mtu_of(row)));
	}
	(void)json_object_set_new(all, node, bridges);
}

/* May the API user see what every node would make of it? (PVE 9.2: GET /cluster/sdn/dry-run) */
static bool may_preview(struct pxc_env *env)
{
	json_auto_t *params = json_pack("{s:s}", "path", "/nodes");
	struct pve_read read = { .params = params };
	bool may;

	read.path = arena_strdup(env->arena, "/access/permissions");
	pve_read_all(env->pve, &read, 1);
	may = json_object_get(json_object_get(read.data, "/nodes"), "Sys.Audit") != NULL;
	json_decref(read.data);
	return may;
}

static int read_more(struct pxc_env *env, const struct network_batch *batch,
		     struct network_world *nw, struct pxc_err *err)
{
	json_auto_t *bridges = json_pack("{s:s}", "type", "any_local_bridge");
	struct network_use *uses = NULL;

	nw->status = pxc_env_keep(env, json_object());
	if (each_node(env, nw->w, "sdn/zones", NULL, take_status, nw->status, err) < 0)
		return -1;
	if (network_wants_bridges(batch, nw)) {
		nw->bridges = pxc_env_keep(env, json_object());
		if (each_node(env, nw->w, "network", bridges, take_bridges, nw->bridges, err) < 0)
			return -1;
	}
	if (network_wants_uses(batch, nw)) {
		if (sdn_uses_read(env, nw->w, &uses, &nw->nuses, err) < 0)
			return -1;
		nw->uses = uses;
		nw->uses_read = true;
	}
	nw->previews = batch->diff && nw->sdn->locks && may_preview(env);
	return 0;
}

int sdn_observe(struct pxc_env *env, const struct network_batch *batch, struct network_world **ret,
		struct pxc_err *err)
{
	struct network_world *nw = arena_alloc(env->arena, sizeof(*nw));
	struct world *w = NULL;
	struct sdn *s = NULL;

	if (world_read(env, WORLD_LISTS, &w, err) < 0 ||
	    sdn_read(env, w, wants, (void *)(uintptr_t)batch, &s, err) < 0 ||
	    sdn_read_subnets(env, s, wants, (void *)(uintptr_t)batch, err) < 0)
		return -1;
	nw->w = w;
	nw->sdn = s;
	*ret = nw;
	return read_more(env, batch, nw, err);
}
