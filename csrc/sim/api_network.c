/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_network.c - /nodes/{node}/network: the node's own bridges and ports, and on demand the vnets that it may have. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/sdn.h"

/* The first one has the node's address. */
static json_t *describe(const struct sim_node *node, const json_t *bridge, bool first)
{
	json_int_t mtu = json_integer_value(json_object_get(bridge, "mtu"));
	json_t *entry = json_pack(
		"{s:s, s:[s], s:i, s:s, s:i, s:s, s:s, s:s, s:s, s:i, s:s}", "method6", "manual",
		"families", "inet", "autostart", 1, "method", first ? "static" : "manual", "active",
		1, "iface", sdn_str(bridge, "name"), "bridge_fd", "0", "bridge_stp", "off", "type",
		"bridge", "priority", 4, "bridge_ports", sdn_str(bridge, "ports"));

	if (first) {
		json_object_set_new(entry, "netmask", json_string("24"));
		json_object_set_new(entry, "address", json_string(node->ip));
		json_object_set_new(entry, "cidr", json_sprintf("%s/24", node->ip));
	}
	if (mtu)
		json_object_set_new(entry, "mtu", json_sprintf("%lld", (long long)mtu));
	if (json_is_true(json_object_get(bridge, "vlan_aware"))) {
		json_object_set_new(entry, "bridge_vlan_aware", json_integer(1));
		json_object_set_new(entry, "bridge_vids", json_string("2-4094"));
	}
	return entry;
}

/* On the bridge or vnet itself, or on any VLAN of it. */
static bool may_use(const struct sim_call *call, const char *zone, const char *name)
{
	auto_free char *path = pxc_printf("/sdn/zones/%s/%s", zone, name),
		       *below = pxc_printf("%s/", path);

	if (sim_may(call, path, "SDN.Audit|SDN.Use"))
		return true;
	for (size_t i = 0; i < call->sim->acl_count; i++)
		if (str_starts(call->sim->acls[i].path, below) &&
		    sim_may(call, call->sim->acls[i].path, "SDN.Audit|SDN.Use"))
			return true;
	return false;
}

static void add_bridges(struct sim_call *call)
{
	size_t i;
	json_t *bridge;

	json_array_foreach (call->node->bridges, i, bridge)
		if (may_use(call, "localnetwork", sdn_str(bridge, "name")))
			json_array_append_new(call->data, describe(call->node, bridge, i == 0));
}

static void add_ports(struct sim_call *call)
{
	size_t i;
	json_t *bridge;

	json_array_foreach (call->node->bridges, i, bridge) {
		const char *port = sdn_str(bridge, "ports");

		if (*port)
			json_array_append_new(call->data,
					      json_pack("{s:i, s:s, s:[s], s:s, s:i, s:s, s:s}",
							"priority", 3, "type", "eth", "families",
							"inet", "method", "manual", "active", 1,
							"iface", port, "method6", "manual"));
	}
}

/* What runs in the cluster counts, whether this node has reloaded or not. */
static void add_vnets(struct sim_call *call)
{
	const char *id;
	json_t *vnet;

	json_object_foreach (sdn_running(call->sim, SDN_VNET), id, vnet) {
		const char *zone = sdn_str(vnet, "zone");
		const json_t *found =
			zone ? json_object_get(sdn_running(call->sim, SDN_ZONE), zone) : NULL;

		if (!found || !sdn_zone_on(found, call->node) || !may_use(call, zone, id))
			continue;
		json_array_append_new(
			call->data,
			json_pack("{s:s, s:s, s:s, s:i, s:i, s:s?}", "iface", id, "type", "vnet",
				  "active", "1", "ipam", sdn_str(found, "ipam") != NULL,
				  "vlanaware",
				  json_integer_value(json_object_get(vnet, "vlanaware")) != 0,
				  "comments", sdn_str(vnet, "alias")));
	}
}

static int get_network(struct sim_call *call)
{
	const char *type = sim_arg(call, "type");
	bool all = !type || !strcmp(type, "include_sdn");

	call->data = json_array();
	if (all || !strcmp(type, "bridge") || str_starts(type, "any_"))
		add_bridges(call);
	if (all || !strcmp(type, "eth"))
		add_ports(call);
	if (type && (all || !strcmp(type, "vnet") || !strcmp(type, "any_bridge")))
		add_vnets(call);
	return 0;
}

static const struct sim_param network_get[] = {
	{ .name = "type",
	  .choices =
		  "bridge, bond, eth, alias, vlan, fabric, OVSBridge, OVSBond, OVSPort, OVSIntPort, "
		  "vnet, any_bridge, any_local_bridge, include_sdn" },
	{ 0 },
};

const struct sim_route sim_network_routes[] = {
	{ "GET", "/nodes/{node}/network", get_network, network_get, NULL, "user", 0 },
	{ 0 },
};
