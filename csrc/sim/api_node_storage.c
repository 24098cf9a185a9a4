/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_node_storage.c - /nodes/{node}/storage: what a node says about its storages. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

/* The node's view: sizes and whether it is active there. */
static json_t *node_view(const struct sim_call *call, struct sim_storage *storage)
{
	uint64_t total = 0, used = 0;
	bool enabled = sim_storage_on(storage, call->node),
	     active = enabled && sim_storage_space(call->sim, storage, call->node, &total, &used);
	json_t *entry =
		json_pack("{s:s, s:i, s:i, s:i, s:O}", "type", storage->type, "active", (int)active,
			  "enabled", (int)enabled, "shared", (int)sim_storage_shared(storage),
			  "content", json_object_get(storage->config, "content"));

	if (!enabled)
		return entry;
	json_object_set_new(entry, "total", json_integer((json_int_t)(active ? total : 0)));
	json_object_set_new(entry, "used", json_integer((json_int_t)(active ? used : 0)));
	json_object_set_new(entry, "avail", json_integer((json_int_t)(active ? total - used : 0)));
	return entry;
}

static bool holds_any(const struct sim_storage *storage, const char *list)
{
	bool any = false;
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		any |= sim_storage_holds(storage, item);
		free(item);
	}
	return any;
}

static bool listed(const struct sim_call *call, const struct sim_storage *storage)
{
	const char *content = sim_arg(call, "content"), *only = sim_arg(call, "storage");
	const char *target = sim_arg(call, "target");
	const char *nodes = json_string_value(json_object_get(storage->config, "nodes"));

	if ((only && strcmp(only, storage->id)) || !sim_storage_usable(call, storage))
		return false;
	if (nodes && !strstr(nodes, call->node->name))
		return false;
	if (sim_arg_int(call, "enabled", 0) && !sim_storage_on(storage, call->node))
		return false;
	if (target && !sim_storage_on(storage, sim_node_find(call->sim, target)))
		return false;
	return !content || holds_any(storage, content);
}

static int get_node_storages(struct sim_call *call)
{
	const char *target = sim_arg(call, "target");

	if (target && !sim_node_find(call->sim, target))
		return sim_fail(call, 500, "no such cluster node '%s'", target);
	call->data = json_array();
	for (size_t i = 0; i < call->sim->storages.count; i++) {
		struct sim_storage *storage = call->sim->storages.entries[i].value;
		json_int_t total, used;
		json_t *entry;

		if (!listed(call, storage))
			continue;
		entry = node_view(call, storage);
		json_object_set_new(entry, "storage", json_string(storage->id));
		total = json_integer_value(json_object_get(entry, "total"));
		used = json_integer_value(json_object_get(entry, "used"));
		if (total)
			json_object_set_new(entry, "used_fraction",
					    json_real((double)used / (double)total));
		json_array_append_new(call->data, entry);
	}
	return 0;
}

static int get_node_storage(struct sim_call *call)
{
	return sim_answer_index(call, "subdir",
				"content download-url file-restore import-metadata identity "
				"oci-registry-pull prunebackups rrd rrddata status upload");
}

static int get_status(struct sim_call *call)
{
	struct sim_storage *storage = sim_storage_find(call->sim, sim_arg(call, "storage"));

	if (!storage || !sim_storage_on(storage, call->node))
		return sim_param_error(call, "storage", "No such storage.");
	call->data = node_view(call, storage);
	return 0;
}

static const struct sim_param node_storages_get[] = {
	{ .name = "content", .flags = SIM_LIST, .format = sim_format_content },
	{ .name = "enabled", .type = SIM_BOOL },
	{ .name = "format", .type = SIM_BOOL },
	{ .name = "storage" },
	{ .name = "target" },
	{ 0 },
};

#define USE "/storage/{storage} Datastore.Audit|Datastore.AllocateSpace"

const struct sim_route sim_node_storage_routes[] = {
	{ "GET", "/nodes/{node}/storage", get_node_storages, node_storages_get, NULL, "user", 0 },
	{ "GET", "/nodes/{node}/storage/{storage}", get_node_storage, NULL, NULL, USE, 0 },
	{ "GET", "/nodes/{node}/storage/{storage}/status", get_status, NULL, NULL, USE, 0 },
	{ 0 },
};
