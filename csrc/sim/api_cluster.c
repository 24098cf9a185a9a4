/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_cluster.c - /cluster: index, status, nextid, log, config. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/state.h"

static int get_cluster(struct sim_call *call)
{
	return sim_answer_index(
		call, "name",
		"acme backup backup-info bulk-action ceph config firewall ha jobs log "
		"mapping metrics notifications nextid options qemu replication resources "
		"status tasks sdn");
}

static int get_status(struct sim_call *call)
{
	const struct sim *sim = call->sim;

	call->data = json_array();
	if (sim->clustered)
		json_array_append_new(
			call->data, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "type", "cluster",
					      "id", "cluster", "name", sim->options.cluster_name,
					      "version", (int)sim->node_count, "nodes",
					      (int)sim->node_count, "quorate", (int)sim->quorate));
	for (size_t i = 0; i < sim->node_count; i++) {
		const struct sim_node *node = &sim->nodes[i];
		char id[80];

		snprintf(id, sizeof(id), "node/%s", node->name);
		json_array_append_new(
			call->data,
			json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:i}", "type", "node",
				  "nodeid", sim->clustered ? (int)node->number : 0, "local",
				  (int)(node == call->node), "level", "", "name", node->name, "ip",
				  node->ip, "id", id, "online", (int)node->online));
	}
	return 0;
}

static int get_nextid(struct sim_call *call)
{
	unsigned vmid = (unsigned)sim_arg_int(call, "vmid", 0);

	if (vmid && sim_guest_find(call->sim, vmid))
		return sim_param_error(call, "vmid", "VM %u already exists", vmid);
	if (!vmid)
		vmid = sim_next_vmid(call->sim);
	if (!vmid)
		return sim_fail(call, 500, "unable to get any free VMID in range");
	call->data = json_sprintf("%u", vmid);
	return 0;
}

static int get_log(struct sim_call *call)
{
	size_t max = (size_t)sim_arg_int(call, "max", 50), i;
	bool all = sim_may(call, "/", "Sys.Syslog");
	json_t *entry;

	call->data = json_array();
	json_array_foreach (call->sim->log, i, entry) {
		const char *user = json_string_value(json_object_get(entry, "user"));

		if (json_array_size(call->data) >= max)
			break;
		if (all || (user && str_starts(user, call->user->id)))
			json_array_append(call->data, entry);
	}
	return 0;
}

static int get_config_nodes(struct sim_call *call)
{
	const struct sim *sim = call->sim;

	call->data = json_array();
	for (size_t i = 0; i < sim->node_count && sim->clustered; i++)
		json_array_append_new(
			call->data, json_pack("{s:s, s:s, s:s, s:s, s:o}", "node",
					      sim->nodes[i].name, "name", sim->nodes[i].name,
					      "quorum_votes", "1", "ring0_addr", sim->nodes[i].ip,
					      "nodeid", json_sprintf("%u", sim->nodes[i].number)));
	return 0;
}

static json_t *totem(const struct sim *sim)
{
	return json_pack("{s:s, s:{s:{s:s}}, s:s, s:o, s:s, s:s, s:s}", "ip_version", "ipv4-6",
			 "interface", "0", "linknumber", "0", "secauth", "on", "config_version",
			 json_sprintf("%zu", sim->node_count), "version", "2", "link_mode",
			 "passive", "cluster_name", sim->options.cluster_name);
}

static int get_totem(struct sim_call *call)
{
	call->data = call->sim->clustered ? totem(call->sim) : json_object();
	return 0;
}

static int get_join(struct sim_call *call)
{
	const struct sim *sim = call->sim;
	json_t *list;
	char digest[41];

	if (!sim->clustered)
		return sim_fail(call, 424, "node is not in a cluster, no join info available!");
	get_config_nodes(call);
	list = call->data;
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *entry = json_array_get(list, i);

		json_object_del(entry, "node");
		json_object_set_new(entry, "pve_addr", json_string(sim->nodes[i].ip));
		json_object_set_new(entry, "pve_fp", json_string(sim->fingerprint));
	}
	sim_json_digest(list, digest);
	call->data = json_pack("{s:o, s:o, s:s, s:s}", "nodelist", list, "totem", totem(sim),
			       "config_digest", digest, "preferred_node", call->node->name);
	return 0;
}

static const struct sim_param nextid_get[] = {
	{ .name = "vmid", .type = SIM_INT, .format = sim_format_vmid },
	{ 0 },
};
static const struct sim_param log_get[] = {
	{ .name = "max", .type = SIM_INT, .min = 1, .max = INT32_MAX },
	{ 0 },
};
static const struct sim_param join_get[] = {
	{ .name = "node" },
	{ 0 },
};

const struct sim_route sim_cluster_routes[] = {
	{ "GET", "/cluster", get_cluster, NULL, NULL, "user", 0 },
	{ "GET", "/cluster/status", get_status, NULL, NULL, "/ Sys.Audit", 0 },
	{ "GET", "/cluster/nextid", get_nextid, nextid_get, NULL, "user", 0 },
	{ "GET", "/cluster/log", get_log, log_get, NULL, "user", 0 },
	{ "GET", "/cluster/config/nodes", get_config_nodes, NULL, NULL, "/ Sys.Audit", 0 },
	{ "GET", "/cluster/config/totem", get_totem, NULL, NULL, "/ Sys.Audit", 0 },
	{ "GET", "/cluster/config/join", get_join, join_get, NULL, "/ Sys.Audit", 0 },
	{ 0 },
};
