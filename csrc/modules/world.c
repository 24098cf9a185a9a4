/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/world.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/ha.h"
#include "modules/permit.h"
#include "modules/rights.h"
#include "pve/errors.h"

enum { RESOURCES, STATUS, OPTIONS, POOLS, HA, NREADS };

static const struct {
	const char *path;
	json_type type; /* what "data" must be: anything else is half an answer */
} snapshot[NREADS] = {
	[RESOURCES] = { "/cluster/resources", JSON_ARRAY },
	[STATUS] = { "/cluster/status", JSON_ARRAY },
	[OPTIONS] = { "/cluster/options", JSON_OBJECT },
	[POOLS] = { "/pools", JSON_ARRAY },
	[HA] = { "/cluster/ha/resources", JSON_ARRAY },
};

static void release_text(void *text)
{
	annot_text_release(text);
}

static const char *text(const json_t *object, const char *key, const char *fallback)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : fallback;
}

static bool truth(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_true(v) || json_integer_value(v) != 0;
}

/* PVE gives some numbers as texts. */
static json_int_t number(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) : json_integer_value(v);
}

static uint64_t bytes(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

static int guest_order(const void *a, const void *b)
{
	const struct world_guest *x = a, *y = b;

	return (x->vmid > y->vmid) - (x->vmid < y->vmid);
}

/* PVE gives the part of its processors that is busy. */
static double busy(const json_t *object)
{
	double share = json_number_value(json_object_get(object, "cpu"));

	return share > 0 ? share * json_number_value(json_object_get(object, "maxcpu")) : 0;
}

static void add_guest(struct world *w, const json_t *r)
{
	uint64_t on_host = bytes(r, "memhost");

	w->guests[w->nguests++] = (struct world_guest){
		.vmid = (unsigned)json_integer_value(json_object_get(r, "vmid")),
		.container = str_eq(text(r, "type", ""), "lxc"),
		.is_template = truth(r, "template"),
		.node = text(r, "node", ""),
		.name = text(r, "name", NULL),
		.status = text(r, "status", "unknown"),
		.pool = text(r, "pool", ""),
		.tags = text(r, "tags", ""),
		.lock = text(r, "lock", ""),
		.qmpstatus = "",
		.ha = "",
		.cpus = json_number_value(json_object_get(r, "maxcpu")),
		.memory_bytes = bytes(r, "maxmem"),
		.used_cpus = busy(r),
		/* What it takes of the node, which PVE 8 does not tell apart from what the guest sees. */
		.used_bytes = on_host ? on_host : bytes(r, "mem"),
	};
}

static void read_resources(struct world *w, struct pxc_arena *arena, const json_t *list)
{
	size_t n = json_array_size(list), i;
	json_t *r;

	w->nodes = arena_alloc(arena, n * sizeof(*w->nodes));
	w->guests = arena_alloc(arena, n * sizeof(*w->guests));
	w->storages = arena_alloc(arena, n * sizeof(*w->storages));
	json_array_foreach (list, i, r) {
		const char *type = text(r, "type", "");

		if (str_eq(type, "qemu") || str_eq(type, "lxc"))
			add_guest(w, r);
		else if (str_eq(type, "node"))
			w->nodes[w->nnodes++] = (struct world_node){
				.name = text(r, "node", ""),
				.online = str_eq(text(r, "status", ""), "online"),
				.cpus = json_number_value(json_object_get(r, "maxcpu")),
				.memory_bytes = bytes(r, "maxmem"),
				.used_cpus = busy(r),
				.used_bytes = bytes(r, "mem"),
				.disk_bytes = bytes(r, "maxdisk"),
				.used_disk_bytes = bytes(r, "disk"),
				.uptime_s = bytes(r, "uptime"),
			};
		else if (str_eq(type, "storage"))
			w->storages[w->nstorages++] = (struct world_storage){
				.node = text(r, "node", ""),
				.name = text(r, "storage", ""),
				.type = text(r, "plugintype", ""),
				.content = text(r, "content", ""),
				.shared = truth(r, "shared"),
				.available = str_eq(text(r, "status", ""), "available"),
				.size_bytes = bytes(r, "maxdisk"),
				.used_bytes = bytes(r, "disk"),
			};
	}
	qsort(w->guests, w->nguests, sizeof(*w->guests), guest_order);
}

/* /cluster/status knows at once what /cluster/resources learns late: which nodes are online. */
static void read_status(struct world *w, const json_t *list)
{
	const char *first = "";
	size_t i;
	json_t *r;

	w->quorate = true;
	json_array_foreach (list, i, r) {
		const char *name = text(r, "name", "");

		if (str_eq(text(r, "type", ""), "cluster")) {
			w->cluster_name = name;
			w->quorate = truth(r, "quorate");
			continue;
		}
		first = name;
		for (size_t k = 0; k < w->nnodes; k++)
			if (str_eq(w->nodes[k].name, name)) {
				w->nodes[k].online = truth(r, "online");
				w->nodes[k].address = text(r, "ip", NULL);
			}
	}
	if (!w->cluster_name)
		w->cluster_name = first;
}

static void read_pools(struct world *w, struct pxc_arena *arena, const json_t *list)
{
	size_t i;
	json_t *r;

	w->pools = arena_alloc(arena, json_array_size(list) * sizeof(*w->pools));
	json_array_foreach (list, i, r)
		w->pools[w->npools++] =
			(struct world_pool){ text(r, "poolid", ""), text(r, "comment", "") };
}

void world_take(struct world *w, struct pxc_arena *arena, const json_t *resources,
		const json_t *status, const json_t *pools)
{
	read_resources(w, arena, resources);
	if (status)
		read_status(w, status);
	if (pools)
		read_pools(w, arena, pools);
}

static int read_ha(struct pxc_env *env, struct world *w, struct pxc_err *err)
{
	json_auto_t *warnings = json_array();
	struct ha *ha = NULL;

	if (ha_decode(w->ha_resources, NULL, NULL, NULL, NULL, w->options, env->arena, warnings,
		      &ha, err) < 0)
		return -1;
	for (size_t i = 0; i < ha->nresources; i++) {
		const struct world_guest *g = world_guest(w, ha->resources[i].vmid);

		if (g)
			w->guests[g - w->guests].ha = ha->resources[i].state;
	}
	w->ha = ha;
	return 0;
}

static int read_registry(struct pxc_env *env, struct world *w, struct pxc_err *err)
{
	const json_t *notes = json_object_get(w->options, "description");

	if (!json_is_string(notes)) {
		(void)pve_lacks(pve_who(env->pve), "Sys.Audit", "/", err);
		return pxc_context(err, "cloud registry");
	}
	annot_parse(ANNOT_BLOCK, json_string_value(notes), &w->notes);
	pxc_env_defer(env, release_text, &w->notes);
	if (w->notes.finding != ANNOT_OK && w->notes.finding != ANNOT_TAMPERED)
		return 0;
	if (registry_decode(&w->notes.annot, env->arena, pxc_env_keep(env, json_array()),
			    &w->registry, err) < 0) {
		if (w->notes.finding == ANNOT_OK)
			return pxc_context(err, "cloud registry");
		/* Who may put it right is known all the same. */
		w->registry = (struct registry){
			.admins = strv_split(env->arena, annot_get(&w->notes.annot, "adm")),
			.denied = strv_split(env->arena, annot_get(&w->notes.annot, "deny")),
		};
	}
	return 0;
}

/* Status, name, tags and lock of this moment, from the node itself. */
static void refresh(struct world *w, const json_t *list)
{
	size_t i;
	json_t *r;

	json_array_foreach (list, i, r) {
		const struct world_guest *g =
			world_guest(w, (unsigned)json_integer_value(json_object_get(r, "vmid")));
		struct world_guest *mine = g ? &w->guests[g - w->guests] : NULL;

		if (!mine)
			continue;
		mine->status = text(r, "status", mine->status);
		mine->name = text(r, "name", mine->name);
		mine->tags = text(r, "tags", mine->tags);
		mine->lock = text(r, "lock", "");
		mine->qmpstatus = text(r, "qmpstatus", "");
		mine->pid = (long)number(r, "pid");
		mine->is_template = truth(r, "template");
		/* /cluster/resources knows the size of a fresh guest only after pvestatd's next round. */
		mine->cpus = json_number_value(json_object_get(r, "cpus"));
		mine->memory_bytes = bytes(r, "maxmem");
	}
}

static int read_live(struct pxc_env *env, struct world *w, enum world_detail detail,
		     struct pxc_err *err)
{
	struct pve_read *reads = arena_alloc(env->arena, w->nnodes * sizeof(*reads));
	const char **names = arena_alloc(env->arena, w->nnodes * sizeof(*names));
	json_auto_t *full = json_pack("{s:i}", "full", 1);
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < w->nnodes; i++)
		if (w->nodes[i].online) {
			names[n] = w->nodes[i].name;
			reads[n].params = detail == WORLD_POWER ? full : NULL;
			reads[n++].path =
				arena_printf(env->arena, "/nodes/%s/qemu", w->nodes[i].name);
		}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (!reads[i].data || !json_is_array(reads[i].data)) {
			if (r == 0)
				*err = reads[i].err;
			if (r == 0 && err->kind == PXC_OK)
				(void)pxc_fail(err, PXC_EREMOTE, "half an answer: no list");
			if (r == 0)
				r = pxc_context(err, "guests of node %s", names[i]);
			json_decref(reads[i].data);
			continue;
		}
		refresh(w, pxc_env_keep(env, reads[i].data));
	}
	return r;
}

static int check_reads(struct pxc_env *env, struct pve_read *reads, struct pxc_err *err)
{
	int r = 0;

	for (size_t i = 0; i < NREADS; i++) {
		if (reads[i].data)
			(void)pxc_env_keep(env, reads[i].data);
		if (r < 0)
			continue;
		if (reads[i].err.kind != PXC_OK) {
			*err = reads[i].err;
			r = -1;
		} else if (!reads[i].data || json_typeof(reads[i].data) != snapshot[i].type) {
			r = pxc_fail(err, PXC_EREMOTE,
				     "GET %s: half an answer, not taken for truth",
				     snapshot[i].path);
		}
	}
	return r;
}

int world_read(struct pxc_env *env, enum world_detail detail, struct world **ret,
	       struct pxc_err *err)
{
	struct world *w = arena_alloc(env->arena, sizeof(*w));
	struct pve_read reads[NREADS] = { { .path = NULL } };

	for (size_t i = 0; i < NREADS; i++)
		reads[i].path = arena_strdup(env->arena, snapshot[i].path);
	pve_read_all(env->pve, reads, NREADS);
	if (check_reads(env, reads, err) < 0)
		return -1;
	world_take(w, env->arena, reads[RESOURCES].data, reads[STATUS].data, reads[POOLS].data);
	w->options = reads[OPTIONS].data;
	w->ha_resources = reads[HA].data;
	if (w->nnodes == 0 || !*w->cluster_name)
		return pxc_fail(err, PXC_EREMOTE,
				"the server lists no node: half an answer, not taken for truth");
	if (rights_check_lists(env, w, err) < 0)
		return -1;
	if (read_ha(env, w, err) < 0 || read_registry(env, w, err) < 0 || permit(env, w, err) < 0 ||
	    (detail != WORLD_LISTS && read_live(env, w, detail, err) < 0))
		return -1;
	env->lock_storage = w->registry.lock_storage;
	*ret = w;
	return 0;
}

int world_groups_read(struct pxc_env *env, struct world *w, struct pxc_err *err)
{
	json_t *list = NULL, *r;
	size_t i;

	if (w->groups)
		return 0;
	if (pve_get(env->pve, "/access/groups", &list, err) < 0)
		return -1;
	(void)pxc_env_keep(env, list);
	if (!json_is_array(list))
		return pxc_fail(err, PXC_EREMOTE,
				"GET /access/groups: half an answer, not taken for truth");
	w->groups = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*w->groups));
	json_array_foreach (list, i, r)
		w->groups[w->ngroups++] =
			(struct world_group){ text(r, "groupid", ""), text(r, "comment", ""),
					      text(r, "users", "") };
	return 0;
}

int world_observe_groups(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct world *w = NULL;

	(void)batch;
	if (world_read(env, WORLD_LISTS, &w, err) < 0 || world_groups_read(env, w, err) < 0)
		return -1;
	*ret_world = w;
	return 0;
}

bool world_hides(struct pxc_env *env, unsigned vmid)
{
	json_auto_t *params = json_pack("{s:i}", "vmid", (int)vmid);
	struct pve_read read = { .params = params };

	read.path = arena_strdup(env->arena, "/cluster/nextid");
	pve_read_all(env->pve, &read, 1);
	json_decref(read.data);
	return read.err.kind != PXC_OK;
}
