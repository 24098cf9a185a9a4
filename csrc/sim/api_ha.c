/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_ha.c - /cluster/ha: resources, and what the manager says about them. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

#define MANAGER_ROUND_MS 10000

void sim_ha_free(void *value)
{
	struct sim_ha *ha = value;

	json_decref(ha->config);
	free(ha);
}

struct sim_ha *sim_ha_find(const struct sim *sim, unsigned vmid)
{
	char sid[24];

	snprintf(sid, sizeof(sid), "vm:%u", vmid);
	return sim_map_get(&sim->ha, sid);
}

void sim_ha_remove(struct sim *sim, unsigned vmid, bool purge_rules)
{
	char sid[24];
	struct sim_ha *ha;

	(void)purge_rules; /* rules are not kept yet */
	snprintf(sid, sizeof(sid), "vm:%u", vmid);
	ha = sim_map_remove(&sim->ha, sid);
	if (ha)
		sim_ha_free(ha);
}

/* "vm:100" or "100" to the number; 0 with a failure set. */
static unsigned vmid_of(struct sim_call *call)
{
	const char *sid = sim_arg(call, "sid"), *colon = strchr(sid, ':');
	const char *number = colon ? colon + 1 : sid;

	if (colon && strncmp(sid, "vm:", 3) && strncmp(sid, "ct:", 3)) {
		sim_fail(call, 500, "unknown section type '%.*s'", (int)(colon - sid), sid);
		return 0;
	}
	if (!*number || number[strspn(number, "0123456789")]) {
		sim_param_error(call, "sid",
				"invalid format - value does not look like a valid VM ID\n");
		return 0;
	}
	return (unsigned)strtoul(number, NULL, 10);
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

static json_t *describe(const struct sim *sim, const struct sim_ha *ha)
{
	json_t *entry = json_copy(ha->config);
	char digest[41];

	digest_of_all(sim, digest);
	json_object_set_new(entry, "sid", json_sprintf("vm:%u", ha->vmid));
	json_object_set_new(entry, "type", json_string("vm"));
	json_object_set_new(entry, "digest", json_string(digest));
	return entry;
}

static int get_resources(struct sim_call *call)
{
	const char *type = sim_arg(call, "type");

	call->data = json_array();
	for (size_t i = 0; i < call->sim->ha.count; i++)
		if (!type || !strcmp(type, "vm"))
			json_array_append_new(call->data,
					      describe(call->sim, call->sim->ha.entries[i].value));
	return 0;
}

static int get_resource(struct sim_call *call)
{
	unsigned vmid = vmid_of(call);
	const struct sim_ha *ha = vmid ? sim_ha_find(call->sim, vmid) : NULL;

	if (!vmid)
		return -1;
	if (!ha)
		return sim_fail(call, 500, "no such resource 'vm:%u'", vmid);
	call->data = describe(call->sim, ha);
	return 0;
}

/* The manager's next look: what it does then is the guest area's business. */
static void manager_round(struct sim *sim, json_t *ctx)
{
	unsigned vmid = (unsigned)json_integer_value(json_object_get(ctx, "vmid"));
	struct sim_ha *ha = sim_ha_find(sim, vmid);

	if (!ha || !sim->quorate)
		return;
	snprintf(ha->crm, sizeof(ha->crm), "%s",
		 strcmp(ha->state, "disabled") ? ha->state : "stopped");
	sim_qemu_ha(sim, ha);
}

static void take(struct sim_call *call, struct sim_ha *ha)
{
	static const char *const fields[] = { "state",        "comment",  "max_restart",
					      "max_relocate", "failback", "auto-rebalance" };
	const char *state = sim_arg(call, "state");

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(call->params, fields[i]);

		if (value)
			json_object_set(ha->config, fields[i], value);
	}
	if (state && !strcmp(state, "enabled")) {
		state = "started";
		json_object_set_new(ha->config, "state", json_string(state));
	}
	if (state)
		snprintf(ha->state, sizeof(ha->state), "%s", state);
	if (!strcmp(ha->state, "ignored"))
		snprintf(ha->crm, sizeof(ha->crm), "ignored");
	sim_later(call->sim, MANAGER_ROUND_MS, manager_round,
		  json_pack("{s:i}", "vmid", (int)ha->vmid));
}

static int refuse_group(struct sim_call *call)
{
	if (!sim_has(call, "group"))
		return 0;
	return sim_fail(call, 500,
			"invalid parameter 'group': ha groups have been migrated to rules");
}

static int post_resource(struct sim_call *call)
{
	unsigned vmid = vmid_of(call);
	char sid[24];
	struct sim_ha *ha;

	if (!vmid || refuse_group(call) < 0)
		return -1;
	if (!call->sim->quorate)
		return sim_fail(call, 500,
				"create resource failed: cfs-lock 'domain-ha' error: no quorum!");
	snprintf(sid, sizeof(sid), "vm:%u", vmid);
	if (sim_ha_find(call->sim, vmid))
		return sim_fail(call, 500,
				"create resource failed: resource ID '%s' already defined", sid);
	if (!sim_guest_find(call->sim, vmid))
		return sim_fail(call, 500, "Resource '%s' does not exist in cluster", sid);
	ha = pxc_calloc(1, sizeof(*ha));
	ha->vmid = vmid;
	ha->config = json_object();
	snprintf(ha->state, sizeof(ha->state), "started");
	snprintf(ha->crm, sizeof(ha->crm), "queued");
	sim_map_put(&call->sim->ha, sid, ha);
	take(call, ha);
	return 0;
}

static int put_resource(struct sim_call *call)
{
	unsigned vmid = vmid_of(call);
	struct sim_ha *ha = vmid ? sim_ha_find(call->sim, vmid) : NULL;
	char digest[41];

	if (!vmid || refuse_group(call) < 0)
		return -1;
	if (!ha)
		return sim_fail(call, 500,
				"update resources config failed: no such resource 'vm:%u'", vmid);
	digest_of_all(call->sim, digest);
	if (sim_check_digest(call, digest) < 0)
		return -1;
	sim_forget_keys(ha->config, sim_arg(call, "delete"));
	take(call, ha);
	return 0;
}

static int delete_resource(struct sim_call *call)
{
	unsigned vmid = vmid_of(call);

	if (!vmid)
		return -1;
	if (!sim_ha_find(call->sim, vmid))
		return sim_fail(call, 500, "cannot delete service 'vm:%u', not HA managed!", vmid);
	sim_ha_remove(call->sim, vmid, sim_arg_int(call, "purge", 1));
	return 0;
}

static int post_migrate(struct sim_call *call)
{
	unsigned vmid = vmid_of(call);
	const char *node = sim_arg(call, "node");
	struct sim_ha *ha = vmid ? sim_ha_find(call->sim, vmid) : NULL;

	if (!vmid)
		return -1;
	if (!ha)
		return sim_fail(call, 500, "no such resource 'vm:%u'", vmid);
	if (!sim_node_find(call->sim, node))
		return sim_fail(call, 500, "no such cluster node '%s'", node);
	sim_qemu_ha_move(call->sim, ha, node);
	call->data =
		json_pack("{s:s, s:o}", "requested-node", node, "sid", json_sprintf("vm:%u", vmid));
	return 0;
}

static json_t *service(const struct sim *sim, const struct sim_ha *ha)
{
	const struct sim_guest *guest = sim_guest_find(sim, ha->vmid);
	const char *node = guest ? guest->node->name : "";
	json_t *entry = json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:i, s:i, s:i}", "id",
				  json_sprintf("service:vm:%u", ha->vmid), "sid",
				  json_sprintf("vm:%u", ha->vmid), "type", "service", "node", node,
				  "state", ha->crm, "request_state", ha->state, "failback", 1,
				  "max_restart", 1, "max_relocate", 1);
	static const char *const fields[] = { "max_restart", "max_relocate", "failback" };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (json_object_get(ha->config, fields[i]))
			json_object_set(entry, fields[i], json_object_get(ha->config, fields[i]));
	json_object_set_new(entry, "status",
			    json_sprintf("vm:%u (%s, %s)", ha->vmid, node, ha->crm));
	if (strcmp(ha->crm, "queued") && strcmp(ha->crm, "ignored"))
		json_object_set_new(entry, "crm_state", json_string(ha->crm));
	return entry;
}

static int get_current(struct sim_call *call)
{
	const struct sim *sim = call->sim;

	call->data = json_array();
	json_array_append_new(call->data, json_pack("{s:s, s:s, s:s, s:s, s:i}", "id", "quorum",
						    "type", "quorum", "node", call->node->name,
						    "status", sim->quorate ? "OK" : "No quorum!",
						    "quorate", (int)sim->quorate));
	for (size_t i = 0; i < sim->ha.count; i++)
		json_array_append_new(call->data, service(sim, sim->ha.entries[i].value));
	return 0;
}

#define STATES "started, stopped, enabled, disabled, ignored"
#define FIELDS                                                                                     \
	{ .name = "state", .choices = STATES }, { .name = "comment", .max = 4096 },                \
		{ .name = "failback", .type = SIM_BOOL },                                          \
		{ .name = "auto-rebalance", .type = SIM_BOOL }, { .name = "group" },               \
		{ .name = "max_relocate", .type = SIM_INT, .min = 0, .max = INT32_MAX },           \
	{                                                                                          \
		.name = "max_restart", .type = SIM_INT, .min = 0, .max = INT32_MAX                 \
	}

static const struct sim_param resources_get[] = { { .name = "type", .choices = "ct, vm" }, { 0 } };
static const struct sim_param resource_post[] = {
	{ .name = "sid", .flags = SIM_REQUIRED },
	{ .name = "type", .choices = "ct, vm" },
	FIELDS,
	{ 0 },
};
static const struct sim_param resource_put[] = {
	FIELDS,
	{ .name = "delete", .flags = SIM_LIST, .max = 4096 },
	{ .name = "digest", .max = 64 },
	{ 0 },
};
static const struct sim_param resource_delete[] = { { .name = "purge", .type = SIM_BOOL }, { 0 } };

static const struct sim_param resource_migrate[] = {
	{ .name = "node", .flags = SIM_REQUIRED },
	{ 0 },
};

#define RESOURCE "/cluster/ha/resources/{sid}"

const struct sim_route sim_ha_routes[] = {
	{ "GET", "/cluster/ha/resources", get_resources, resources_get, NULL, "/ Sys.Audit", 0 },
	{ "POST", "/cluster/ha/resources", post_resource, resource_post, NULL, "/ Sys.Console", 0 },
	{ "GET", RESOURCE, get_resource, NULL, NULL, "/ Sys.Audit", 0 },
	{ "PUT", RESOURCE, put_resource, resource_put, NULL, "/ Sys.Console", 0 },
	{ "DELETE", RESOURCE, delete_resource, resource_delete, NULL, "/ Sys.Console", 0 },
	{ "POST", RESOURCE "/migrate", post_migrate, resource_migrate, NULL, "/ Sys.Console", 0 },
	{ "POST", RESOURCE "/relocate", post_migrate, resource_migrate, NULL, "/ Sys.Console", 0 },
	{ "GET", "/cluster/ha/status/current", get_current, NULL, NULL, "/ Sys.Audit", 0 },
	{ 0 },
};
