/* SPDX-License-Identifier: GPL-3.0-or-later */
/* balance_read.c - what nodes say of themselves, for pxc_balance. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "modules/balance.h"
#include "modules/items.h"
#include "modules/rights.h"

enum what { NODE_STATUS, NODE_DISKS, NODE_MIGRATIONS };

struct ask {
	enum what what;
	size_t node; /* in the world */
	const char *storage;
};

struct asks {
	struct pve_read *reads;
	struct ask *asks;
	size_t n, reads_cap, asks_cap;
};

static void add(struct pxc_env *env, struct asks *a, struct ask ask, const char *path,
		const json_t *params)
{
	a->reads = arena_grow(env->arena, a->reads, a->n, &a->reads_cap, sizeof(*a->reads));
	a->asks = arena_grow(env->arena, a->asks, a->n, &a->asks_cap, sizeof(*a->asks));
	a->reads[a->n] =
		(struct pve_read){ .path = arena_strdup(env->arena, path), .params = params };
	a->asks[a->n++] = ask;
}

static void add_disks(struct pxc_env *env, struct asks *a, const struct rebalance_world *bw,
		      size_t node, const json_t *params)
{
	const struct world *w = bw->w;

	for (size_t i = 0; i < w->nstorages; i++) {
		const struct world_storage *s = &w->storages[i];

		if (s->shared || !s->available || !str_eq(s->node, w->nodes[node].name) ||
		    world_storage(w, s->node, s->name, "images") != s)
			continue;
		add(env, a, (struct ask){ NODE_DISKS, node, s->name },
		    arena_printf(env->arena, "/nodes/%s/storage/%s/content", s->node, s->name),
		    params);
	}
}

static void take_status(struct rebalance_node *n, const json_t *data)
{
	const json_t *memory = json_object_get(data, "memory"),
		     *cpu = json_object_get(data, "cpuinfo");
	const char *model = item_text(cpu, "model"), *flags = item_text(cpu, "flags");
	double share = json_number_value(json_object_get(data, "cpu"));

	n->memory_bytes = (uint64_t)item_int(memory, "total");
	n->used_bytes = (uint64_t)item_int(memory, "used");
	n->cpus = json_number_value(json_object_get(cpu, "cpus"));
	n->used_cpus = share > 0 ? share * n->cpus : 0;
	n->cpu_model = model ? model : "";
	n->cpu_flags = flags ? flags : "";
}

static void take_disks(struct pxc_env *env, struct rebalance_world *bw, const struct ask *ask,
		       const json_t *data, size_t *cap)
{
	size_t i;
	json_t *row;

	json_array_foreach (data, i, row) {
		/* PVE gives the number as a text on some storages. */
		const json_t *id = json_object_get(row, "vmid");
		unsigned vmid = json_is_string(id)
					? (unsigned)strtoul(json_string_value(id), NULL, 10)
					: (unsigned)json_integer_value(id);
		const struct world_guest *g = vmid ? world_guest(bw->w, vmid) : NULL;
		const char *node = bw->w->nodes[ask->node].name, *volid = item_text(row, "volid");

		if (!g || g->container || !str_eq(g->node, node))
			continue;
		bw->disks = arena_grow(env->arena, bw->disks, bw->ndisks, cap, sizeof(*bw->disks));
		bw->disks[bw->ndisks++] =
			(struct rebalance_disk){ vmid, node, ask->storage, volid ? volid : "",
						 (uint64_t)item_int(row, "size") };
	}
}

static void take_migrations(struct pxc_env *env, struct rebalance_world *bw, const json_t *data,
			    size_t *cap)
{
	size_t i;
	json_t *row;

	json_array_foreach (data, i, row) {
		const char *id = item_text(row, "id"), *status = item_text(row, "status");
		unsigned vmid = id ? (unsigned)strtoul(id, NULL, 10) : 0;

		if (!vmid || !json_object_get(row, "endtime") || !status ||
		    (!str_eq(status, "OK") && !str_starts(status, "WARNINGS")))
			continue;
		bw->moved = arena_grow(env->arena, bw->moved, bw->nmoved, cap, sizeof(*bw->moved));
		bw->moved[bw->nmoved++] =
			(struct rebalance_moved){ vmid, bw->now_s - item_int(row, "endtime") };
	}
}

static int by_vmid(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static int moved_order(const void *a, const void *b)
{
	const struct rebalance_moved *x = a, *y = b;

	return x->vmid != y->vmid ? by_vmid(a, b) : (x->ago_s > y->ago_s) - (x->ago_s < y->ago_s);
}

/* Of each VM its last migration. */
static void keep_last(struct rebalance_world *bw)
{
	size_t n = 0;

	if (bw->nmoved)
		qsort(bw->moved, bw->nmoved, sizeof(*bw->moved), moved_order);
	for (size_t i = 0; i < bw->nmoved; i++)
		if (i == 0 || bw->moved[i].vmid != bw->moved[i - 1].vmid)
			bw->moved[n++] = bw->moved[i];
	bw->nmoved = n;
}

static int check_read(const struct pve_read *read, const struct ask *ask, const char *node,
		      struct pxc_err *err)
{
	bool good =
		ask->what == NODE_STATUS ? json_is_object(read->data) : json_is_array(read->data);

	if (read->err.kind == PXC_OK && good)
		return 0;
	*err = read->err;
	if (err->kind == PXC_OK)
		(void)pxc_fail(err, PXC_EREMOTE, "half an answer, not taken for truth");
	return pxc_context(err, "%s of node %s",
			   ask->what == NODE_STATUS  ? "status"
			   : ask->what == NODE_DISKS ? "local disks"
						     : "last migrations",
			   node);
}

int balance_read_clock(struct pxc_env *env, const struct rebalance_batch *b,
		       struct rebalance_world *bw, struct pxc_err *err)
{
	const char *node = NULL;
	json_auto_t *data = NULL;

	for (size_t i = 0; i < bw->w->nnodes && !node; i++)
		if (rebalance_has_node(&b->spec, &bw->w->nodes[i]))
			node = bw->w->nodes[i].name;
	if (pve_get(env->pve, arena_printf(env->arena, "/nodes/%s/time", node ? node : ""), &data,
		    err) < 0)
		return pxc_context(err, "time of node %s", node ? node : "");
	bw->now_s = item_int(data, "time");
	return 0;
}

int balance_read_nodes(struct pxc_env *env, const struct rebalance_batch *b,
		       struct rebalance_world *bw, struct pxc_err *err)
{
	const struct world *w = bw->w;
	/* A migration counts by its end, and lists of tasks go by their start. */
	json_t *since = pxc_env_keep(
		env, json_pack("{s:s,s:I,s:i}", "typefilter", "qmigrate", "since",
			       (json_int_t)(bw->now_s - b->spec.cool_down_s - b->spec.timeout_s),
			       "limit", 5000));
	json_t *images = pxc_env_keep(env, json_pack("{s:s}", "content", "images"));
	struct asks a = { .n = 0 };
	size_t disks_cap = 0, moved_cap = 0;
	int r = 0;

	bw->nodes = arena_alloc(env->arena, (w->nnodes + 1) * sizeof(*bw->nodes));
	for (size_t i = 0; i < w->nnodes; i++) {
		const char *name = w->nodes[i].name;

		if (!rebalance_has_node(&b->spec, &w->nodes[i]))
			continue;
		add(env, &a, (struct ask){ NODE_STATUS, i, NULL },
		    arena_printf(env->arena, "/nodes/%s/status", name), NULL);
		add_disks(env, &a, bw, i, images);
		if (b->spec.cool_down_s > 0)
			add(env, &a, (struct ask){ NODE_MIGRATIONS, i, NULL },
			    arena_printf(env->arena, "/nodes/%s/tasks", name), since);
	}
	pve_read_all(env->pve, a.reads, a.n);
	for (size_t i = 0; i < a.n; i++) {
		const json_t *data = a.reads[i].data ? pxc_env_keep(env, a.reads[i].data) : NULL;

		if (r < 0 ||
		    (r = check_read(&a.reads[i], &a.asks[i], w->nodes[a.asks[i].node].name, err)))
			continue;
		if (a.asks[i].what == NODE_STATUS)
			take_status(&bw->nodes[a.asks[i].node], data);
		else if (a.asks[i].what == NODE_DISKS)
			take_disks(env, bw, &a.asks[i], data, &disks_cap);
		else
			take_migrations(env, bw, data, &moved_cap);
	}
	if (bw->ndisks)
		qsort(bw->disks, bw->ndisks, sizeof(*bw->disks), by_vmid);
	keep_last(bw);
	return r;
}

int balance_read_bridges(struct pxc_env *env, const struct rebalance_batch *b,
			 struct rebalance_world *bw, struct pxc_err *err)
{
	json_auto_t *params = json_pack("{s:s}", "type", "any_bridge");
	const struct world *w = bw->w;
	struct pve_read *reads = arena_alloc(env->arena, (w->nnodes + 1) * sizeof(*reads));
	size_t *which = arena_alloc(env->arena, (w->nnodes + 1) * sizeof(*which)), n = 0;
	size_t seen = 0;
	int r = 0;

	for (size_t i = 0; i < w->nnodes; i++)
		if (rebalance_has_node(&b->spec, &w->nodes[i])) {
			which[n] = i;
			reads[n].params = params;
			reads[n++].path =
				arena_printf(env->arena, "/nodes/%s/network", w->nodes[i].name);
		}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		size_t k;
		json_t *row;

		if (json_is_array(reads[i].data)) {
			seen += json_array_size(reads[i].data);
			bw->nodes[which[i]].bridges = pxc_env_keep(env, json_array());
			json_array_foreach (reads[i].data, k, row)
				(void)json_array_append(bw->nodes[which[i]].bridges,
							json_object_get(row, "iface"));
		} else if (r == 0) {
			*err = reads[i].err;
			if (err->kind == PXC_OK)
				(void)pxc_fail(err, PXC_EREMOTE, "half an answer: no list");
			r = pxc_context(err, "bridges of node %s", w->nodes[which[i]].name);
		}
		json_decref(reads[i].data);
	}
	return r < 0 || n == 0 ? r : rights_check_bridges(env, seen, err);
}
