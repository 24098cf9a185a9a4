/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "modules/items.h"
#include "modules/network_use_read.h"
#include "modules/rights.h"
#include "modules/sdn.h"
#include "modules/sdn_nodes.h"
#include "modules/sdn_read.h"
#include "modules/world.h"

#define USUAL_MTU 1500

static bool wants(const struct sdn *s, const struct sdn_vnet *v, void *batch)
{
	return network_wants_subnets(batch, s, v);
}

static long mtu_of(const json_t *row)
{
	const json_t *mtu = json_object_get(row, "mtu");
	long n = json_is_string(mtu) ? strtol(json_string_value(mtu), NULL, 10)
				     : (long)json_integer_value(mtu);

	return n > 0 ? n : USUAL_MTU;
}

/* Bridges, and under "" the one that has the node's own address, as far as that is one. */
static void take_bridges(json_t *all, const struct world_node *node, json_t *data)
{
	json_t *bridges = json_object();
	size_t i;
	json_t *row;

	json_array_foreach (data, i, row) {
		const char *name = item_text(row, "iface");

		if (!name)
			continue;
		(void)json_object_set_new(bridges, name, json_integer(mtu_of(row)));
		if (node->address && item_text(row, "address") &&
		    str_eq(item_text(row, "address"), node->address))
			(void)json_object_set_new(bridges, "", json_integer(mtu_of(row)));
	}
	(void)json_object_set_new(all, node->name, bridges);
}

/* May the API user see what every node would make of it? (PVE 9.2: GET /cluster/sdn/dry-run) */
static bool may_preview(struct pxc_env *env)
{
	struct pxc_err ignored = { .kind = PXC_OK };
	bool may = false;

	return rights_held(env, "Sys.Audit", "/nodes", &may, &ignored) == 0 && may;
}

static int read_controllers(struct pxc_env *env, struct network_world *nw, struct pxc_err *err)
{
	json_auto_t *list = NULL;
	size_t i;
	json_t *row;

	if (pve_get(env->pve, "/cluster/sdn/controllers", &list, err) < 0)
		return pxc_context(err, "controllers");
	nw->controllers = pxc_env_keep(env, json_object());
	json_array_foreach (list, i, row)
		if (item_text(row, "controller"))
			(void)json_object_set(nw->controllers, item_text(row, "controller"),
					      json_object_get(row, "type"));
	return 0;
}

/* Nothing is taken away under a guest that may have it. */
static int read_uses(struct pxc_env *env, struct network_world *nw, struct pxc_err *err)
{
	const struct network_uses *u = network_use_read(env, nw->w, nw->sdn, NULL, 0, true);

	for (size_t i = 0; i < u->nunread; i++)
		if (!u->unread[i].vanished)
			return pxc_fail(
				err, PXC_EREMOTE,
				"who uses the network is not known: guest %u on %s cannot be read: %s",
				u->unread[i].guest->vmid, u->unread[i].guest->node,
				u->unread[i].problem);
	nw->uses = u->list;
	nw->nuses = u->n;
	nw->uses_read = true;
	return 0;
}

static int read_more(struct pxc_env *env, const struct network_batch *batch,
		     struct network_world *nw, struct pxc_err *err)
{
	json_auto_t *bridges = json_pack("{s:s}", "type", "any_local_bridge");
	size_t seen = 0;
	const char *node;
	json_t *there;

	nw->status = pxc_env_keep(env, json_object());
	if (sdn_status_read(env, nw->w, nw->status, err) < 0)
		return -1;
	if (network_wants_bridges(batch, nw)) {
		nw->bridges = pxc_env_keep(env, json_object());
		if (sdn_each_node(env, nw->w, "network", bridges, take_bridges, nw->bridges, err) <
		    0)
			return -1;
		json_object_foreach (nw->bridges, node, there)
			seen += json_object_size(there);
		if (rights_check_bridges(env, seen, err) < 0 || read_controllers(env, nw, err) < 0)
			return -1;
	}
	if (network_wants_uses(batch, nw) && read_uses(env, nw, err) < 0)
		return -1;
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
