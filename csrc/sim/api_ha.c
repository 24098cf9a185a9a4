/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_ha.c - /cluster/ha/resources: which guests are the HA manager's business, and moving them. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/ha.h"

/* "vm:100" and "100" taken apart; containers are known by name only. */
struct sid {
	char full[96];
	const char *name; /* behind the colon */
	bool vm;
};

static bool format_sid(const char *name, const char *value, struct pxc_buf *why)
{
	size_t type = strspn(value, "abcdefghijklmnopqrstuvwxyz");

	(void)name;
	if ((*value && !value[strspn(value, "0123456789")]) ||
	    (type && value[type] == ':' && value[type + 1] && !strpbrk(value, " \t\n")))
		return true;
	buf_adds(why, "value does not look like a valid ha resource id\n");
	return false;
}

static int parse_sid(struct sim_call *call, struct sid *ret)
{
	const char *sid = sim_arg(call, "sid"), *colon = strchr(sid, ':');

	if (!colon && !sim_guest_find(call->sim, (unsigned)strtoul(sid, NULL, 10)))
		return sim_fail(call, 500,
				"unable do detect SID from VMID - VM/CT %s does not exist", sid);
	(void)snprintf(ret->full, sizeof(ret->full), "%s%s", colon ? "" : "vm:", sid);
	ret->name = strchr(ret->full, ':') + 1;
	ret->vm = !strncmp(ret->full, "vm:", 3);
	return 0;
}

static void digest_of_all(const struct sim *sim, char digest[41])
{
	json_auto_t *all = json_object();

	for (size_t i = 0; i < sim->ha.count; i++) {
		const struct sim_ha *ha = sim->ha.entries[i].value;

		json_object_set(all, sim->ha.entries[i].key, ha->config);
	}
	sim_json_digest(all, digest);
}

static json_t *describe(const struct sim *sim, const struct sim_ha *ha, const char *digest)
{
	json_t *entry = json_copy(ha->config);
	const char *group = json_string_value(json_object_get(ha->config, "group"));

	json_object_set_new(entry, "sid", json_sprintf("vm:%u", ha->vmid));
	json_object_set_new(entry, "type", json_string("vm"));
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
		if (!type || !strcmp(type, "vm"))
			json_array_append_new(
				call->data,
				describe(call->sim, call->sim->ha.entries[i].value, digest));
	return 0;
}

static int get_resource(struct sim_call *call)
{
	const struct sim_ha *ha;
	struct sid sid;
	char digest[41];

	if (parse_sid(call, &sid) < 0)
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

static int check_name(struct sim_call *call, const struct sid *sid)
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
	struct sim_ha *ha;
	struct sid sid;

	if (sim_need_quorum(call) < 0 || parse_sid(call, &sid) < 0 || check_name(call, &sid) < 0 ||
	    check_group(call) < 0)
		return -1;
	if (sim_map_get(&call->sim->ha, sid.full))
		return sim_fail(call, 500,
				"create resource failed: resource ID '%s' already defined",
				sid.full);
	if (!sid.vm || !sim_guest_find(call->sim, (unsigned)strtoul(sid.name, NULL, 10)))
		return sim_fail(call, 500, "resource '%s' does not exists in cluster", sid.full);
	ha = pxc_calloc(1, sizeof(*ha));
	ha->vmid = (unsigned)strtoul(sid.name, NULL, 10);
	ha->config = json_object();
	(void)snprintf(ha->state, sizeof(ha->state), "started");
	sim_map_put(&call->sim->ha, sid.full, ha);
	take(call, ha);
	return 0;
}

/* In the error state only "disabled" is taken. */
static int check_error(struct sim_call *call, const struct sim_ha *ha)
{
	const char *state = sim_arg(call, "state");

	if (!ha || strcmp(ha->crm, "error") != 0 || (state && !strcmp(state, "disabled")))
		return 0;
	return sim_fail(call, 500,
			"service 'vm:%u' in error state, must be disabled and fixed first",
			ha->vmid);
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
	struct sid sid;
	char digest[41];

	if (parse_sid(call, &sid) < 0 || check_group(call) < 0)
		return -1;
	ha = sim_map_get(&call->sim->ha, sid.full);
	if (check_error(call, ha) < 0)
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
	struct sid sid;

	if (parse_sid(call, &sid) < 0)
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

static void add_partners(struct sim_call *call, unsigned vmid)
{
	auto_free unsigned *vmids = NULL;
	json_t *list = json_array();
	size_t count;

	sim_ha_partners(call->sim, vmid, &vmids, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_sprintf("vm:%u", vmids[i]));
	if (count)
		json_object_set(call->data, "comigrated-resources", list);
	json_decref(list);
}

/* The manager decides at its next look; the answer only tells what it will find. */
static int move(struct sim_call *call, const char *what)
{
	const char *node = sim_arg(call, "node");
	struct sim_node *to = sim_node_find(call->sim, node);
	const struct sim_ha *ha;
	struct sid sid;
	json_t *blocking;

	if (parse_sid(call, &sid) < 0)
		return -1;
	ha = sim_map_get(&call->sim->ha, sid.full);
	if (!ha || !sim_ha_managed(call->sim, ha->vmid))
		return sim_fail(call, 500, "resource '%s' is not HA managed", sid.full);
	if (check_error(call, ha) < 0)
		return -1;
	if (!call->sim->quorate)
		return sim_fail(call, 500, "cfs-lock 'domain-ha' error: no quorum!");
	call->data = json_pack("{s:s,s:s}", "requested-node", node, "sid", sid.full);
	blocking = to ? sim_ha_blocking(call->sim, ha->vmid, to) : json_array();
	if (json_array_size(blocking))
		json_object_set(call->data, "blocking-resources", blocking);
	else
		add_partners(call, ha->vmid);
	json_decref(blocking);
	sim_ha_request(call->sim, ha, what, node);
	return 0;
}

static int post_migrate(struct sim_call *call)
{
	return move(call, "migrate");
}

static int post_relocate(struct sim_call *call)
{
	return move(call, "relocate");
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
static const struct sim_param resource_get[] = { { .name = "sid", .format = format_sid }, { 0 } };
static const struct sim_param resource_post[] = {
	{ .name = "sid", .flags = SIM_REQUIRED, .format = format_sid },
	{ .name = "type", .choices = "ct, vm" },
	FIELDS,
	{ 0 },
};
static const struct sim_param resource_put[] = {
	{ .name = "sid", .format = format_sid },
	FIELDS,
	{ .name = "delete", .flags = SIM_LIST, .max = 4096 },
	{ .name = "digest", .max = 64 },
	{ 0 },
};
static const struct sim_param resource_delete[] = {
	{ .name = "sid", .format = format_sid },
	{ .name = "purge", .type = SIM_BOOL, .flags = SIM_NEW },
	{ 0 },
};
static const struct sim_param resource_migrate[] = {
	{ .name = "sid", .format = format_sid },
	{ .name = "node", .flags = SIM_REQUIRED },
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
	{ "POST", RESOURCE "/migrate", post_migrate, resource_migrate, NULL, "/ Sys.Console", 0 },
	{ "POST", RESOURCE "/relocate", post_relocate, resource_migrate, NULL, "/ Sys.Console", 0 },
	{ 0 },
};
