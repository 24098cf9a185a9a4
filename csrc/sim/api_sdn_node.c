/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_sdn_node.c - /nodes/{node}/sdn: how the running zones and vnets fare on one node. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/qm.h"
#include "sim/sdn.h"

static int get_index(struct sim_call *call)
{
	return sim_answer_index(call, "name", sdn_old(call->sim) ? "zones" : "fabrics vnets zones");
}

/* PVE shows them to everybody. */
static int get_zones(struct sim_call *call)
{
	json_t *zones = sdn_running(call->sim, SDN_ZONE);
	size_t count = 0;
	auto_free const char **ids = qm_sorted_keys(zones, &count);

	call->data = json_array();
	for (size_t i = 0; i < count; i++) {
		const char *status = sdn_zone_status(call->sim, call->node, ids[i]);

		if (status)
			json_array_append_new(call->data, json_pack("{s:s, s:s}", "zone", ids[i],
								    "status", status));
	}
	return 0;
}

static int get_zone(struct sim_call *call)
{
	return sim_answer_index(call, "subdir",
				sdn_old(call->sim) ? "content" : "content bridges ip-vrf");
}

static int get_content(struct sim_call *call)
{
	const char *zone = sim_arg(call, "zone"), *id;
	const json_t *found = json_object_get(sdn_running(call->sim, SDN_ZONE), zone);
	json_t *vnet;

	call->data = json_array();
	if (!found || !sdn_zone_on(found, call->node))
		return 0;
	json_object_foreach (sdn_running(call->sim, SDN_VNET), id, vnet) {
		auto_free char *fault = NULL;
		const char *status;

		if (!str_eq(sdn_str(vnet, "zone"), zone))
			continue;
		fault = sdn_vnet_fault(call->sim, call->node, id);
		status = !*fault                              ? "available"
			 : str_ends(fault, ", please reload") ? "pending"
							      : "error";
		json_array_append_new(call->data,
				      json_pack("{s:s, s:s, s:s?}", "vnet", id, "status", status,
						"statusmsg", *fault ? fault : NULL));
	}
	return 0;
}

/* The ports that running guests have on the bridge. */
static json_t *ports_of(const struct sim_call *call, const char *bridge)
{
	json_t *ports = json_array(), *value;
	const char *key;

	for (size_t i = 0; i < call->sim->guest_count; i++) {
		const struct sim_guest *guest = call->sim->guests[i];

		if (guest->node != call->node || guest->run == SIM_STOPPED)
			continue;
		json_object_foreach (guest->config, key, value) {
			json_auto_t *net = qm_family(key, "net")
						   ? prop_parse_net(json_string_value(value))
						   : NULL;
			bool wall = prop_bool(qm_text(net, "firewall", "0"));

			if (!net || !str_eq(qm_text(net, "bridge", NULL), bridge))
				continue;
			json_array_append_new(
				ports,
				json_pack("{s:o, s:o, s:s}", "name",
					  json_sprintf(wall ? "fwpr%up%s" : "tap%ui%s", guest->vmid,
						       key + 3),
					  "vmid", json_sprintf("%u", guest->vmid), "index", key));
		}
	}
	return ports;
}

static void add_bridge(struct sim_call *call, const char *zone, const char *name, bool vlan_aware)
{
	auto_free char *path = pxc_printf("/sdn/zones/%s/%s", zone, name);

	if (sim_may(call, path, "SDN.Audit|SDN.Allocate"))
		json_array_append_new(call->data,
				      json_pack("{s:s, s:s, s:o}", "name", name, "vlan_filtering",
						vlan_aware ? "1" : "0", "ports",
						ports_of(call, name)));
}

static int get_bridges(struct sim_call *call)
{
	const char *zone = sim_arg(call, "zone"), *id;
	json_t *vnet;
	size_t i;

	if (strcmp(zone, "localnetwork") != 0 &&
	    !json_object_get(sdn_running(call->sim, SDN_ZONE), zone))
		return sim_param_error(call, "zone", "zone does not exist");
	call->data = json_array();
	if (!strcmp(zone, "localnetwork"))
		json_array_foreach (call->node->bridges, i, vnet)
			add_bridge(call, zone, sdn_str(vnet, "name"),
				   json_is_true(json_object_get(vnet, "vlan_aware")));
	json_object_foreach (sdn_running(call->sim, SDN_VNET), id, vnet)
		if (str_eq(sdn_str(vnet, "zone"), zone))
			add_bridge(call, zone, id,
				   json_integer_value(json_object_get(vnet, "vlanaware")));
	return 0;
}

static int get_vnet(struct sim_call *call)
{
	if (sdn_need_vnet(call, sim_arg(call, "vnet"), "SDN.Audit") < 0)
		return -1;
	return sim_answer_index(call, "subdir", "mac-vrf");
}

#define NODE "/nodes/{node}/sdn"
#define RIGHT "/sdn/zones/{zone} SDN.Audit"

const struct sim_route sim_sdn_node_routes[] = {
	{ "GET", NODE, get_index, NULL, NULL, "user", 0 },
	{ "GET", NODE "/zones", get_zones, NULL, NULL, "user", 0 },
	{ "GET", NODE "/zones/{zone}", get_zone, NULL, NULL, RIGHT, 0 },
	{ "GET", NODE "/zones/{zone}/content", get_content, NULL, NULL, RIGHT, 0 },
	{ "GET", NODE "/zones/{zone}/bridges", get_bridges, NULL, NULL, RIGHT, SIM_PVE9 },
	{ "GET", NODE "/vnets/{vnet}", get_vnet, NULL, NULL, "user", SIM_PVE9 },
	{ 0 },
};
