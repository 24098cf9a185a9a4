/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_precondition.c - where may a guest go, and what keeps it: GET .../migrate. */
#include <stdio.h>
#include <string.h>

#include "sim/ha.h"
#include "sim/qm.h"

/* Storages of its drives that the node cannot use; those of each node for itself are moved along, so they do not count. */
static json_t *missing_storages(const struct sim_guest *g, const struct sim_node *node)
{
	json_auto_t *seen = json_object();
	json_t *list = json_array(), *value;
	size_t count = 0;
	auto_free const char **ids = NULL;
	const char *key;

	json_object_foreach (g->config, key, value) {
		auto_free char *volid =
				       qm_is_drive(key) ? qm_volid(json_string_value(value)) : NULL,
			       *id = volid ? qm_storage_id(volid) : NULL;
		const struct sim_storage *s = id ? sim_storage_find(g->sim, id) : NULL;

		if (s && !sim_storage_on(s, node))
			(void)json_object_set_new(seen, id, json_true());
	}
	ids = qm_sorted_keys(seen, &count);
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, json_string(ids[i]));
	return list;
}

static void set_unless_empty(json_t *object, const char *key, json_t *list)
{
	if (json_array_size(list))
		(void)json_object_set(object, key, list);
	json_decref(list);
}

/* Every other node, dead ones too: PVE does not look whether they live. */
static void add_nodes(struct sim_call *call, const struct sim_guest *g, const json_t *missing)
{
	json_t *allowed = json_array(), *refused = json_object();

	for (size_t i = 0; i < call->sim->node_count; i++) {
		const struct sim_node *n = &call->sim->nodes[i];
		json_t *why = json_object();

		if (n == g->node) {
			json_decref(why);
			continue;
		}
		set_unless_empty(why, "unavailable_storages", missing_storages(g, n));
		set_unless_empty(why, "unavailable-resources",
				 json_incref(json_object_get(missing, n->name)));
		if (sim_ha_managed(call->sim, g->vmid))
			set_unless_empty(why, "blocking-ha-resources",
					 sim_ha_blocking(call->sim, g->vmid, n));
		if (!json_object_size(why))
			(void)json_array_append_new(allowed, json_string(n->name));
		(void)json_object_set_new(refused, n->name, why);
	}
	(void)json_object_set_new(call->data, "allowed_nodes", allowed);
	(void)json_object_set_new(call->data, "not_allowed_nodes", refused);
}

/* Those that come along. */
static void add_partners(struct sim_call *call, const struct sim_guest *g)
{
	auto_free unsigned *vmids = NULL;
	json_t *list = json_array();
	size_t count = 0;

	sim_ha_partners(call->sim, g->vmid, &vmids, &count);
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list,
					    json_string(sim_ha_find(call->sim, vmids[i])->sid));
	(void)json_object_set_new(call->data, "dependent-ha-resources", list);
}

static json_t *values_of(const json_t *object)
{
	json_t *list = json_array(), *value;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value)
		(void)json_array_append(list, value);
	return list;
}

static json_t *keys_of(const json_t *object)
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(object, &count);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, json_string(keys[i]));
	return list;
}

static int get_migrate(struct sim_call *call)
{
	struct sim_guest *g;
	json_auto_t *local = NULL;
	struct qm_resources r;

	if (sim_need_quorum(call) < 0)
		return -1;
	g = qm_guest(call);
	if (!g || qm_need_unlocked(call, g) < 0)
		return -1;
	local = qm_local_volids(g);
	qm_resources_read(g, &r);
	if (qm_has_vnc_clipboard(g))
		(void)json_array_append_new(r.local, json_string("clipboard=vnc"));
	call->data = json_pack("{s:i,s:o,s:O,s:o,s:O,s:i}", "running", g->run != SIM_STOPPED,
			       "local_disks", values_of(local), "local_resources", r.local,
			       "mapped-resources", keys_of(r.mapped), "mapped-resource-info",
			       r.mapped, "has-dbus-vmstate", 1);
	add_nodes(call, g, r.missing);
	qm_resources_release(&r);
	if (sim_ha_managed(call->sim, g->vmid))
		add_partners(call, g);
	return 0;
}

static const struct sim_param get_params[] = { { .name = "target", .type = SIM_STR },
					       { .name = NULL } };

const struct sim_route qm_precondition_routes[] = {
	{ "GET", QM_GUEST "/migrate", get_migrate, get_params, NULL, "/vms/{vmid} VM.Migrate", 0 },
	{ .method = NULL },
};
