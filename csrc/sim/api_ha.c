/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_ha.c - /cluster/ha/resources: which guests are the HA manager's business. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/ha_sid.h"

static void digest_of_all(const struct sim *sim, char digest[41])
{
	json_auto_t *all = ha_dump(sim);

	sim_json_digest(all, digest);
}

static json_t *describe(const struct sim *sim, const struct sim_ha *ha, const char *digest)
{
	json_t *entry = json_copy(ha->config);
	const char *group = json_string_value(json_object_get(ha->config, "group"));

	json_object_set_new(entry, "sid", json_string(ha->sid));
	json_object_set_new(entry, "type", json_stringn(ha->sid, 2));
	json_object_set_new(entry, "digest", json_string(digest));
	if (group && !json_object_get(sim->crm->groups, group))
		json_object_set_new(entry, "errors",
				    json_pack("{s:o}", "group",
					      json_sprintf("group '%s' does not exist", group)));
	return entry;
}

static int get_resources(struct sim_call *call)
{
	const char *type = sim_arg(call, "type");
	char digest[41];

	call->data = json_array();
	digest_of_all(call->sim, digest);
	for (size_t i = 0; i < call->sim->ha.count; i++)
		if (!type || str_starts(call->sim->ha.entries[i].key, type))
			json_array_append_new(
				call->data,
				describe(call->sim, call->sim->ha.entries[i].value, digest));
	return 0;
}

static int get_resource(struct sim_call *call)
{
	const struct sim_ha *ha;
	struct ha_sid sid;
	char digest[41];

	if (ha_sid(call, &sid) < 0)
		return -1;
	ha = sim_map_get(&call->sim->ha, sid.full);
	if (!ha)
		return sim_fail(call, 500, "no such resource '%s'", sid.full);
	digest_of_all(call->sim, digest);
	call->data = describe(call->sim, ha, digest);
	return 0;
}

static void take(struct sim_call *call, struct sim_ha *ha)
{
	static const char *const fields[] = { "comment",  "max_restart",    "max_relocate",
					      "failback", "auto-rebalance", "group" };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(call->params, fields[i]);

		if (value)
			json_object_set(ha->config, fields[i], value);
	}
	if (sim_arg(call, "state"))
		sim_ha_set_state(ha, sim_arg(call, "state"));
	call->sim->crm->compiled = false;
	sim_ha_kick(call->sim);
}

/* Groups are of PVE 8, and there they must exist. */
static int check_group(struct sim_call *call)
{
	const char *group = sim_arg(call, "group");

	if (!group)
		return 0;
	if (call->sim->options.pve != 8)
		return sim_fail(call, 500,
				"invalid parameter 'group': ha groups have been migrated to rules");
	if (!json_object_get(call->sim->crm->groups, group))
		return sim_fail(call, 500, "HA group '%s' does not exist", group);
	return 0;
}

static int check_name(struct sim_call *call, const struct ha_sid *sid)
{
	size_t type = strcspn(sid->full, ":");
	const char *given = sim_arg(call, "type");

	if (given && (strlen(given) != type || strncmp(given, sid->full, type) != 0))
		return sim_fail(call, 500, "types does not match");
	if (!sid->vm && strncmp(sid->full, "ct:", 3) != 0)
		return sim_fail(call, 500, "unknown section type '%.*s'", (int)type, sid->full);
	if (sid->name[strspn(sid->name, "0123456789")] || *sid->name == '0' || !sid->name[1])
		return sim_fail(call, 500, "invalid VMID");
	return 0;
}

static int post_resource(struct sim_call *call)
{
	const struct sim_guest *guest;
	struct sim_ha *ha;
	struct ha_sid sid;

	if (sim_need_quorum(call) < 0 || ha_sid(call, &sid) < 0 || check_name(call, &sid) < 0 ||
	    check_group(call) < 0)
		return -1;
	if (sim_map_get(&call->sim->ha, sid.full))
		return sim_fail(call, 500,
				"create resource failed: resource ID '%s' already defined",
				sid.full);
	guest = sim_guest_find(call->sim, (unsigned)strtoul(sid.name, NULL, 10));
	if (!guest || guest->container == sid.vm)
		return sim_fail(call, 500, "resource '%s' does not exists in cluster", sid.full);
	ha = pxc_calloc(1, sizeof(*ha));
	ha->vmid = (unsigned)strtoul(sid.name, NULL, 10);
	(void)snprintf(ha->sid, sizeof(ha->sid), "%s:%u", sid.vm ? "vm" : "ct", ha->vmid);
	ha->config = json_object();
	(void)snprintf(ha->state, sizeof(ha->state), "started");
	sim_map_put(&call->sim->ha, ha->sid, ha);
	take(call, ha);
	return 0;
}

static int check_delete(struct sim_call *call)
{
	static const char *const options[] = { "state",         "group",        "comment",
					       "max_restart",   "max_relocate", "failback",
					       "auto-rebalance" };
	const char *list = sim_arg(call, "delete");
	char *key;

	for (; (key = sim_list_next(&list)); free(key)) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(options); i++)
			known |= !strcmp(options[i], key);
		if (known)
			continue;
		sim_fail(call, 500, "update resources config failed: no such option '%s'", key);
		free(key);
		return -1;
	}
	return 0;
}

static int put_resource(struct sim_call *call)
{
	struct sim_ha *ha;
	struct ha_sid sid;
	char digest[41];

	if (ha_sid(call, &sid) < 0 || check_group(call) < 0)
		return -1;
	ha = sim_map_get(&call->sim->ha, sid.full);
	if (ha_need_sane(call, ha) < 0)
		return -1;
	if (!call->sim->quorate)
		return sim_fail(
			call, 500,
			"update resources config failed: cfs-lock 'domain-ha' error: no quorum!");
	digest_of_all(call->sim, digest);
	if (sim_check_digest(call, digest) < 0)
		return -1;
	if (!ha)
		return sim_fail(call, 500, "update resources config failed: no such resource '%s'",
				sid.full);
	if (check_delete(call) < 0)
		return -1;
	take(call, ha);
	sim_forget_keys(ha->config, sim_arg(call, "delete"));
	if (!json_object_get(ha->config, "state"))
		(void)snprintf(ha->state, sizeof(ha->state), "started");
	return 0;
}

static int delete_resource(struct sim_call *call)
{
	const struct sim_ha *ha;
	struct ha_sid sid;

	if (ha_sid(call, &sid) < 0)
		return -1;
	ha = sim_map_get(&call->sim->ha, sid.full);
	if (!ha)
		return sim_fail(call, 500, "cannot delete service '%s', not HA managed!", sid.full);
	if (!call->sim->quorate)
		return sim_fail(call, 500,
				"delete resource failed: cfs-lock 'domain-ha' error: no quorum!");
	sim_ha_remove(call->sim, ha->vmid, sim_arg_int(call, "purge", 1));
	return 0;
}

static int get_index(struct sim_call *call)
{
	return sim_answer_index(call, "id",
				call->sim->options.pve == 8 ? "status resources groups"
							    : "status resources groups rules");
}

#define STATES "started, stopped, enabled, disabled, ignored"
#define FIELDS                                                                                     \
	{ .name = "state", .choices = STATES }, { .name = "comment", .max = 4096 },                \
		{ .name = "failback", .type = SIM_BOOL, .flags = SIM_NEW },                        \
		{ .name = "auto-rebalance", .type = SIM_BOOL, .flags = SIM_NEW },                  \
		{ .name = "group" },                                                               \
		{ .name = "max_relocate", .type = SIM_INT, .min = 0, .max = INT32_MAX },           \
	{                                                                                          \
		.name = "max_restart", .type = SIM_INT, .min = 0, .max = INT32_MAX                 \
	}

static const struct sim_param resources_get[] = { { .name = "type", .choices = "ct, vm" }, { 0 } };
static const struct sim_param resource_get[] = { { .name = "sid", .format = ha_format_sid },
						 { 0 } };
static const struct sim_param resource_post[] = {
	{ .name = "sid", .flags = SIM_REQUIRED, .format = ha_format_sid },
	{ .name = "type", .choices = "ct, vm" },
	FIELDS,
	{ 0 },
};
static const struct sim_param resource_put[] = {
	{ .name = "sid", .format = ha_format_sid },
	FIELDS,
	{ .name = "delete", .flags = SIM_LIST, .max = 4096 },
	{ .name = "digest", .max = 64 },
	{ 0 },
};
static const struct sim_param resource_delete[] = {
	{ .name = "sid", .format = ha_format_sid },
	{ .name = "purge", .type = SIM_BOOL, .flags = SIM_NEW },
	{ 0 },
};
#define RESOURCE "/cluster/ha/resources/{sid}"

const struct sim_route sim_ha_routes[] = {
	{ "GET", "/cluster/ha", get_index, NULL, NULL, "/ Sys.Audit", 0 },
	{ "GET", "/cluster/ha/resources", get_resources, resources_get, NULL, "/ Sys.Audit", 0 },
	{ "POST", "/cluster/ha/resources", post_resource, resource_post, NULL, "/ Sys.Console", 0 },
	{ "GET", RESOURCE, get_resource, resource_get, NULL, "/ Sys.Audit", 0 },
	{ "PUT", RESOURCE, put_resource, resource_put, NULL, "/ Sys.Console", 0 },
	{ "DELETE", RESOURCE, delete_resource, resource_delete, NULL, "/ Sys.Console", 0 },
	{ 0 },
};
