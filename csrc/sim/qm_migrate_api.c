/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_migrate_api.c - POST .../migrate: what is refused at once, and what becomes a request to the HA manager. */
#include <stdio.h>
#include <string.h>

#include "sim/ha.h"
#include "sim/qm.h"
#include "sim/qm_migrate.h"

static int check_target(struct sim_call *call, const char *id, const struct sim_node *to)
{
	const struct sim_storage *s = sim_storage_find(call->sim, id);

	if (!s)
		return sim_fail(call, 500, "storage '%s' does not exist", id);
	if (!sim_storage_on(s, to))
		return sim_fail(call, 500, "storage '%s' is not available on node '%s'", id,
				to->name);
	if (sim_need(call, "Datastore.AllocateSpace", "/storage/%s", id) < 0)
		return -1;
	if (!sim_storage_holds(s, "images"))
		return sim_fail(call, 500, "storage '%s' does not support vm images", id);
	return 0;
}

/* Every storage that the map names. */
static int check_targets(struct sim_call *call, const struct sim_node *to)
{
	const char *map = sim_arg(call, "targetstorage");
	char *pair;

	while ((pair = sim_list_next(&map))) {
		auto_free char *one = pair;
		const char *colon = strchr(one, ':');

		if (strcmp(one, "1") != 0 && check_target(call, colon ? colon + 1 : one, to) < 0)
			return -1;
	}
	return 0;
}

/* Storages of its drives as they are; those that another storage takes over do not matter. */
static int check_volumes(struct sim_call *call, const struct sim_guest *g,
			 const struct sim_node *to)
{
	json_t *value;
	const char *key;

	json_object_foreach (g->config, key, value) {
		auto_free char *volid =
				       qm_is_drive(key) ? qm_volid(json_string_value(value)) : NULL,
			       *why = volid ? qm_storage_trouble(g, to, volid, NULL) : NULL;

		if (why)
			return sim_fail(call, 500, "%s", why);
	}
	return 0;
}

static int check_root(struct sim_call *call)
{
	static const char *const names[] = { "force", "migration_type", "migration_network" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (sim_has(call, names[i]) && strcmp(call->authid, "root@pam") != 0)
			return sim_param_error(call, names[i], "Only root may use this option.");
	return 0;
}

static int check_storages(struct sim_call *call, const struct sim_guest *g,
			  const struct sim_node *to)
{
	const char *map = sim_arg(call, "targetstorage");

	if (!map || !strcmp(map, "1"))
		return check_volumes(call, g, to);
	if (sim_need_vm(call, g->vmid, "VM.Config.Disk") < 0)
		return -1;
	return check_targets(call, to);
}

/* The guest, if nothing speaks against it; NULL after a failure. */
static struct sim_guest *check(struct sim_call *call, const struct sim_node *to)
{
	struct sim_guest *g = check_root(call) < 0 ? NULL : qm_guest(call);

	if (!g || qm_need_unlocked(call, g) < 0)
		return NULL;
	if (g->run != SIM_STOPPED && !sim_arg_int(call, "online", 0)) {
		(void)sim_fail(call, 500, "can't migrate running VM without --online");
		return NULL;
	}
	return check_storages(call, g, to) < 0 ? NULL : g;
}

/* What of the request the worker needs. */
static json_t *arguments(const struct sim_call *call)
{
	static const char *const names[] = {
		"target",  "online", "with-local-disks", "with-conntrack-state", "targetstorage",
		"bwlimit", "force",  "migration_type",   "migration_network"
	};
	json_t *args = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (sim_has(call, names[i]))
			(void)json_object_set(args, names[i],
					      json_object_get(call->params, names[i]));
	return args;
}

static int post_migrate(struct sim_call *call)
{
	const char *target = sim_arg(call, "target");
	const struct sim_node *to = sim_node_find(call->sim, target);
	struct sim_guest *g;
	char id[16];

	if (!strcmp(target, call->node->name))
		return sim_param_error(call, "target", "target is local node.");
	if (sim_need_quorum(call) < 0)
		return -1;
	if (!to)
		return sim_fail(call, 500, "no such cluster node '%s'", target);
	g = check(call, to);
	if (!g)
		return -1;
	(void)snprintf(id, sizeof(id), "%u", g->vmid);
	return sim_task_start(
		call, sim_ha_managed(call->sim, g->vmid) ? &qm_hamigrate_kind : &qm_migrate_kind,
		id, g->vmid, arguments(call));
}

static const struct sim_param post_params[] = {
	{ .name = "target", .type = SIM_STR, .flags = SIM_REQUIRED },
	{ .name = "online", .type = SIM_BOOL },
	{ .name = "with-local-disks", .type = SIM_BOOL },
	{ .name = "with-conntrack-state", .type = SIM_BOOL },
	{ .name = "targetstorage", .type = SIM_STR },
	{ .name = "bwlimit", .type = SIM_INT, .min = 0, .max = INT32_MAX },
	{ .name = "force", .type = SIM_BOOL },
	{ .name = "migration_network", .type = SIM_STR },
	{ .name = "migration_type", .type = SIM_STR, .choices = "secure, insecure" },
	{ .name = NULL },
};

const struct sim_route qm_migrate_routes[] = {
	{ "POST", QM_GUEST "/migrate", post_migrate, post_params, NULL, "/vms/{vmid} VM.Migrate",
	  0 },
	{ .method = NULL },
};
