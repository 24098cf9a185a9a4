/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "modules/import.h"
#include "modules/rights.h"
#include "modules/vm_observe.h"

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/*
 * A node that has just started is listed without its size until pvestatd's next round; it knows it itself. What processors
 * have is asked only where a VM needs it, and is no reason to fail.
 */
static int read_status(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw,
		       struct world_node *nodes, struct pxc_err *err)
{
	bool flags = vm_wants_flags(batch, vw->w, env->arena);
	struct pve_read *reads = arena_alloc(env->arena, vw->w->nnodes * sizeof(*reads));
	size_t *which = arena_alloc(env->arena, vw->w->nnodes * sizeof(*which)), n = 0;
	int r = 0;

	vw->cpu_flags = pxc_env_keep(env, json_object());
	for (size_t i = 0; i < vw->w->nnodes; i++)
		if (nodes[i].online && (flags || !nodes[i].memory_bytes)) {
			reads[n].path = arena_printf(env->arena, "/nodes/%s/status", nodes[i].name);
			which[n++] = i;
		}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		struct world_node *node = &nodes[which[i]];
		const json_t *cpu = json_object_get(reads[i].data, "cpuinfo");

		if (reads[i].err.kind != PXC_OK && !node->memory_bytes && r == 0) {
			*err = reads[i].err;
			r = pxc_context(err, "size of node %s", node->name);
		}
		if (*text(cpu, "flags"))
			(void)json_object_set(vw->cpu_flags, node->name,
					      json_object_get(cpu, "flags"));
		if (!node->memory_bytes) {
			node->cpus = json_number_value(json_object_get(cpu, "cpus"));
			node->memory_bytes = (uint64_t)json_integer_value(
				json_object_get(json_object_get(reads[i].data, "memory"), "total"));
		}
		json_decref(reads[i].data);
	}
	return r;
}

/* Bridges and vnets of every online node: where can a network card be plugged in? */
static int read_bridges(struct pxc_env *env, struct vm_world *vw, struct pxc_err *err)
{
	json_auto_t *params = json_pack("{s:s}", "type", "any_bridge");
	const struct world *w = vw->w;
	struct pve_read *reads = arena_alloc(env->arena, w->nnodes * sizeof(*reads));
	const char **names = arena_alloc(env->arena, w->nnodes * sizeof(*names));
	size_t n = 0, seen = 0;
	int r = 0;

	vw->bridges = pxc_env_keep(env, json_object());
	for (size_t i = 0; i < w->nnodes; i++)
		if (w->nodes[i].online) {
			names[n] = w->nodes[i].name;
			reads[n].params = params;
			reads[n++].path =
				arena_printf(env->arena, "/nodes/%s/network", w->nodes[i].name);
		}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		json_t *list = json_array(), *row;
		size_t k;

		json_array_foreach (reads[i].data, k, row)
			(void)json_array_append_new(list, json_string(text(row, "iface")));
		seen += json_array_size(list);
		(void)json_object_set_new(vw->bridges, names[i], list);
		if (r == 0 && !json_is_array(reads[i].data)) {
			*err = reads[i].err;
			if (err->kind == PXC_OK)
				(void)pxc_fail(err, PXC_EREMOTE, "half an answer: no list");
			r = pxc_context(err, "bridges of node %s", names[i]);
		}
		json_decref(reads[i].data);
	}
	return r < 0 || n == 0 ? r : rights_check_bridges(env, seen, err);
}

static int read_volumes(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw,
			struct pxc_err *err)
{
	json_auto_t *done = json_object();

	vw->volumes = pxc_env_keep(env, json_object());
	for (size_t i = 0; i < batch->nspecs; i++) {
		const char *storage = vm_import_storage(&batch->specs[i], vw, env->arena);

		if (!storage || json_object_get(done, storage))
			continue;
		(void)json_object_set_new(done, storage, json_true());
		if (import_read(env, vw->w, storage, vw->volumes, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Does a creation of a run that was killed still go on? Until it ends its guest shows nothing but a lock: neither
 * notes nor pool, so that it cannot be told from others, and would be made a second time.
 */
static int read_making(struct pxc_env *env, struct vm_world *vw, struct pxc_err *err)
{
	const char *user = pve_user(env->pve), *token = pve_token(env->pve);
	json_auto_t *tasks = NULL;
	bool locked = false;
	size_t i;
	json_t *row;

	for (size_t k = 0; k < vw->w->nguests; k++)
		locked |= str_eq(vw->w->guests[k].lock, "create") ||
			  str_eq(vw->w->guests[k].lock, "clone");
	if (!locked)
		return 0;
	if (pve_get(env->pve, "/cluster/tasks", &tasks, err) < 0)
		return -1;
	json_array_foreach (tasks, i, row) {
		const char *type = text(row, "type");

		if (!json_object_get(row, "endtime") &&
		    (str_eq(type, "qmcreate") || str_eq(type, "qmclone")) &&
		    str_eq(text(row, "user"), user) && str_eq(text(row, "tokenid"), token))
			vw->making = true;
	}
	return 0;
}

int vm_observe_creation(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw,
			struct pxc_err *err)
{
	if (read_making(env, vw, err) < 0 || read_status(env, batch, vw, vw->w->nodes, err) < 0 ||
	    read_bridges(env, vw, err) < 0)
		return -1;
	return read_volumes(env, batch, vw, err);
}

json_t *vm_agent_addresses(const json_t *data)
{
	json_t *list = json_array(), *iface, *address;
	size_t i, k;

	json_array_foreach (json_object_get(data, "result"), i, iface) {
		if (str_eq(text(iface, "name"), "lo"))
			continue;
		json_array_foreach (json_object_get(iface, "ip-addresses"), k, address) {
			const char *ip = text(address, "ip-address");
			struct net_ip parsed;

			if (ip_parse(ip, &parsed) && ip_leads_out(&parsed))
				(void)json_array_append_new(list, json_string(ip));
		}
	}
	return list;
}

/* Asked for only where the task waits for the agent or an address, and only guests that run. */
void vm_observe_agents(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw)
{
	struct pve_read *reads = arena_alloc(env->arena, batch->nspecs * sizeof(*reads));
	struct vm_seen **who = arena_alloc(env->arena, batch->nspecs * sizeof(struct vm_seen *));
	size_t n = 0;

	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		if ((batch->specs[i].wait < VM_WAIT_FOR_AGENT && !batch->specs[i].seed_cleanup) ||
		    batch->specs[i].absent || vm_match(&batch->specs[i], vw, &have, &err) < 0 ||
		    !have || !str_eq(have->guest->status, "running"))
			continue;
		for (size_t k = 0; k < vw->nseen; k++)
			if (vw->seen[k] == have)
				who[n] = vw->seen[k];
		reads[n++].path =
			arena_printf(env->arena, "/nodes/%s/qemu/%u/agent/network-get-interfaces",
				     have->guest->node, have->guest->vmid);
	}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		who[i]->agent = reads[i].err.kind == PXC_OK;
		if (who[i]->agent)
			who[i]->addresses = pxc_env_keep(env, vm_agent_addresses(reads[i].data));
		json_decref(reads[i].data);
	}
}
