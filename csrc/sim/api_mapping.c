/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_mapping.c - /cluster/mapping: names of the cluster for devices and folders of its nodes. */
#include <string.h>

#include "sim/areas.h"
#include "sim/qm.h"

/* pci, usb or dir: of the path. */
static const char *type_of(const struct sim_call *call)
{
	static const char *const types[] = { "pci", "usb", "dir" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_starts(call->path, "/cluster/mapping/") &&
		    !strncmp(call->path + strlen("/cluster/mapping/"), types[i], 3))
			return types[i];
	return "pci";
}

static json_t *entries(const struct sim_call *call)
{
	return json_object_get(call->sim->mappings, type_of(call));
}

static bool may(const struct sim_call *call, const char *id, const char *privs)
{
	auto_free char *path = pxc_printf("/mapping/%s/%s", type_of(call), id);

	return sim_may(call, path, privs);
}

static json_t *shown(const struct sim_call *call, const char *id, const json_t *entry)
{
	json_t *one = json_copy((json_t *)(uintptr_t)entry);
	char digest[41];

	sim_json_digest(entries(call), digest);
	(void)json_object_set_new(one, "id", json_string(id));
	(void)json_object_set_new(one, "type", json_string(type_of(call)));
	(void)json_object_set_new(one, "digest", json_string(digest));
	return one;
}

static int get_index(struct sim_call *call)
{
	return sim_answer_index(call, "name", "pci usb dir");
}

static int get_list(struct sim_call *call)
{
	const char *id;
	json_t *entry;

	call->data = json_array();
	json_object_foreach (entries(call), id, entry)
		if (may(call, id, "Mapping.Audit|Mapping.Use|Mapping.Modify"))
			(void)json_array_append_new(call->data, shown(call, id, entry));
	return 0;
}

static int get_one(struct sim_call *call)
{
	const char *id = sim_arg(call, "id");
	const json_t *entry = json_object_get(entries(call), id);

	if (!may(call, id, "Mapping.Audit|Mapping.Use|Mapping.Modify"))
		return sim_deny(call, "%s", "");
	if (!entry)
		return sim_fail(call, 500, "mapping '%s' not found", id);
	call->data = shown(call, id, entry);
	return 0;
}

static void take(struct sim_call *call, json_t *entry)
{
	const char *key;
	json_t *value;

	sim_forget_keys(entry, sim_arg(call, "delete"));
	json_object_foreach (call->params, key, value)
		if (strcmp(key, "id") != 0 && strcmp(key, "delete") != 0 &&
		    strcmp(key, "digest") != 0)
			(void)json_object_set(entry, key, value);
}

static int post_one(struct sim_call *call)
{
	const char *id = sim_arg(call, "id");
	json_t *entry;

	if (sim_need(call, "Mapping.Modify", "/mapping/%s", type_of(call)) < 0)
		return -1;
	if (json_object_get(entries(call), id))
		return sim_fail(call, 500,
				"create hardware mapping failed: %s ID '%s' already defined",
				type_of(call), id);
	entry = json_object();
	take(call, entry);
	(void)json_object_set_new(entries(call), id, entry);
	return 0;
}

static int put_one(struct sim_call *call)
{
	const char *id = sim_arg(call, "id");
	json_t *entry = json_object_get(entries(call), id);
	char digest[41];

	if (sim_need(call, "Mapping.Modify", "/mapping/%s/%s", type_of(call), id) < 0)
		return -1;
	sim_json_digest(entries(call), digest);
	if (sim_check_digest(call, digest) < 0)
		return -1;
	if (!entry)
		return sim_fail(call, 500,
				"update hardware mapping failed: no such resource mapping");
	take(call, entry);
	return 0;
}

static int delete_one(struct sim_call *call)
{
	if (sim_need(call, "Mapping.Modify", "/mapping/%s", type_of(call)) < 0)
		return -1;
	(void)json_object_del(entries(call), sim_arg(call, "id"));
	return 0;
}

#define ID                                                                                         \
	{                                                                                          \
		.name = "id", .flags = SIM_REQUIRED                                                \
	}
#define FIELDS                                                                                     \
	{ .name = "description", .max = 4096 },                                                    \
		{ .name = "live-migration-capable", .type = SIM_BOOL },                            \
	{                                                                                          \
		.name = "mdev", .type = SIM_BOOL                                                   \
	}

static const struct sim_param post_params[] = {
	ID,
	FIELDS,
	{ .name = "map", .type = SIM_ARRAY, .flags = SIM_REQUIRED },
	{ 0 },
};
static const struct sim_param put_params[] = {
	FIELDS,
	{ .name = "map", .type = SIM_ARRAY },
	{ .name = "delete", .flags = SIM_LIST, .max = 4096 },
	{ .name = "digest", .max = 64 },
	{ 0 },
};
static const struct sim_param list_params[] = { { .name = "check-node" }, { 0 } };

#define ROUTES(type)                                                                               \
	{ "GET", "/cluster/mapping/" type, get_list, list_params, NULL, "user", 0 },               \
		{ "POST", "/cluster/mapping/" type, post_one, post_params, NULL, NULL, 0 },        \
		{ "GET", "/cluster/mapping/" type "/{id}", get_one, NULL, NULL, NULL, 0 },         \
		{ "PUT", "/cluster/mapping/" type "/{id}", put_one, put_params, NULL, NULL, 0 },   \
	{                                                                                          \
		"DELETE", "/cluster/mapping/" type "/{id}", delete_one, NULL, NULL, NULL, 0        \
	}

const struct sim_route sim_mapping_routes[] = {
	{ "GET", "/cluster/mapping", get_index, NULL, NULL, "user", 0 },
	ROUTES("pci"),
	ROUTES("usb"),
	ROUTES("dir"),
	{ 0 },
};
