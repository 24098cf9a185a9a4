/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_zone.c - /cluster/sdn/zones: zones of every type. */
#include <stdio.h>
#include <string.h>

#include "sim/areas.h"
#include "sim/sdn.h"

#define DNS "dns reversedns dnszone ipam"

static const struct sdn_type types[] = {
	{ "simple", "", "nodes mtu dhcp " DNS },
	{ "vlan", "bridge", "nodes bridge-disable-mac-learning mtu " DNS },
	{ "qinq", "tag bridge", "nodes bridge-disable-mac-learning mtu vlan-protocol " DNS },
	{ "vxlan", "", "nodes peers vxlan-port mtu fabric " DNS },
	{ "faucet", "dp-id controller", "nodes mtu " DNS },
	{ "evpn", "vrf-vxlan controller",
	  "nodes exitnodes exitnodes-local-routing exitnodes-primary advertise-subnets "
	  "disable-arp-nd-suppression bridge-disable-mac-learning rt-import vxlan-port mtu mac " DNS },
	{ 0 },
};

static bool may_see(const struct sim_call *call, const char *id, const json_t *shown)
{
	const char *type = sim_arg(call, "type");
	char path[64];

	(void)snprintf(path, sizeof(path), "/sdn/zones/%s", id);
	return sim_may(call, path, "SDN.Audit|SDN.Allocate") &&
	       (!type || str_eq(type, json_string_value(json_object_get(shown, "type"))));
}

static int get_zones(struct sim_call *call)
{
	return sdn_answer_list(call, SDN_ZONE, may_see);
}

static int get_zone(struct sim_call *call)
{
	return sdn_answer_one(call, SDN_ZONE, sim_arg(call, "zone"));
}

/* What a zone names has to be there; only what this call sets is looked at. */
static int check_services(struct sim_call *call)
{
	static const char *const dns[] = { "dns", "reversedns" };

	for (size_t i = 0; i < ARRAY_SIZE(dns); i++) {
		const char *id = sim_arg(call, dns[i]);

		if (id && *id && !sdn_find(call->sim, SDN_DNS, id))
			return sdn_raise(call, SDN_ZONE, dns[i], "%s don't exist", id);
	}
	if (sim_has(call, "dnszone") && !sim_has(call, "dns"))
		return sdn_raise(call, SDN_ZONE, "dnszone", "missing dns server");
	if (sim_has(call, "ipam") && *sim_arg(call, "ipam") &&
	    !sdn_find(call->sim, SDN_IPAM, sim_arg(call, "ipam")))
		return sdn_raise(call, SDN_ZONE, "ipam", "%s not existing", sim_arg(call, "ipam"));
	return 0;
}

/* The addresses of its subnets are where the old IPAM has them. */
static int check_ipam_change(struct sim_call *call, const char *id, const json_t *section,
			     const json_t *old)
{
	auto_free char *prefix = pxc_printf("%s-", id);
	const char *subnet;
	json_t *value;

	if (!old || str_eq(sdn_str(section, "ipam"), sdn_str(old, "ipam")))
		return 0;
	json_object_foreach (call->sim->sdn->config[SDN_SUBNET], subnet, value)
		if (str_starts(subnet, prefix))
			return sdn_raise(
				call, SDN_ZONE, "ipam",
				"can't change ipam if a subnet is already defined in this zone");
	return 0;
}

static int check_vxlan(struct sim_call *call, const json_t *section)
{
	static const char why[] = "must have exactly one of peers / fabric defined";

	if (!sdn_str(section, "peers") != !sdn_str(section, "fabric"))
		return 0;
	return sdn_raise(call, SDN_ZONE, "peers", "%s\nfabric: %s", why, why);
}

static int check_evpn(struct sim_call *call, const char *id, json_t *section)
{
	const char *controller = sdn_str(section, "controller"), *other;
	const json_t *found = sdn_find(call->sim, SDN_CONTROLLER, controller);
	const json_t *vni = json_object_get(section, "vrf-vxlan");
	char mac[18];
	json_t *zone;

	if (!found)
		return sdn_die(call, SDN_ZONE,
			       "controller %s don't exist at "
			       "/usr/share/perl5/PVE/Network/SDN/Zones/EvpnPlugin.pm line 295.",
			       controller);
	if (!str_eq(sdn_str(found, "type"), "evpn"))
		return sdn_die(call, SDN_ZONE,
			       "%s is not a evpn controller type at "
			       "/usr/share/perl5/PVE/Network/SDN/Zones/EvpnPlugin.pm line 297.",
			       controller);
	json_object_foreach (call->sim->sdn->config[SDN_ZONE], other, zone)
		if (strcmp(other, id) != 0 && json_equal(json_object_get(zone, "vrf-vxlan"), vni))
			return sdn_die(
				call, SDN_ZONE,
				"vrf-vxlan %lld is already declared in %s at "
				"/usr/share/perl5/PVE/Network/SDN/Zones/EvpnPlugin.pm line 307.",
				(long long)json_integer_value(vni), other);
	if (sdn_str(section, "mac"))
		return 0;
	sim_mac(call->sim, mac);
	json_object_set_new(section, "mac", json_string(mac));
	return 0;
}

static int rule(struct sim_call *call, const char *id, json_t *section, const json_t *old)
{
	const char *type = sdn_str(section, "type");

	if (check_ipam_change(call, id, section, old) < 0 || check_services(call) < 0)
		return -1;
	if (!strcmp(type, "vxlan"))
		return check_vxlan(call, section);
	return strcmp(type, "evpn") ? 0 : check_evpn(call, id, section);
}

static int post_zone(struct sim_call *call)
{
	return sdn_create(call, SDN_ZONE, types, sim_arg(call, "zone"), rule);
}

static int put_zone(struct sim_call *call)
{
	return sdn_update(call, SDN_ZONE, types, sim_arg(call, "zone"), rule);
}

static int unused(struct sim_call *call, const char *id, json_t *section, const json_t *old)
{
	const char *vnet;
	json_t *value;

	(void)section;
	(void)old;
	json_object_foreach (call->sim->sdn->config[SDN_VNET], vnet, value)
		if (str_eq(sdn_str(value, "zone"), id))
			return sdn_die(call, SDN_ZONE,
				       "zone %s is used by vnet %s at "
				       "/usr/share/perl5/PVE/Network/SDN/Zones/Plugin.pm line 149.",
				       id, vnet);
	return 0;
}

static int delete_zone(struct sim_call *call)
{
	return sdn_delete(call, SDN_ZONE, sim_arg(call, "zone"), unused);
}

#define TYPES "evpn, faucet, qinq, simple, vlan, vxlan"

static const struct sim_param zones_get[] = { { .name = "type", .choices = TYPES }, { 0 } };

static const struct sim_param zone_options[] = {
	{ .name = "advertise-subnets", .type = SIM_BOOL },
	{ .name = "bridge" },
	{ .name = "bridge-disable-mac-learning", .type = SIM_BOOL },
	{ .name = "controller" },
	{ .name = "dhcp", .choices = "dnsmasq" },
	{ .name = "disable-arp-nd-suppression", .type = SIM_BOOL },
	{ .name = "dns" },
	{ .name = "dnszone", .format = sdn_format_dns_name },
	{ .name = "dp-id", .type = SIM_INT },
	{ .name = "exitnodes", .flags = SIM_LIST, .format = sdn_format_node },
	{ .name = "exitnodes-local-routing", .type = SIM_BOOL },
	{ .name = "exitnodes-primary", .format = sdn_format_node },
	{ .name = "fabric", .flags = SIM_NEW },
	{ .name = "ipam" },
	{ .name = "mac", .format = sdn_format_mac },
	{ .name = "mtu", .type = SIM_INT },
	{ .name = "nodes", .flags = SIM_LIST, .format = sdn_format_node },
	{ .name = "peers", .flags = SIM_LIST, .format = sdn_format_ip },
	{ .name = "reversedns" },
	{ .name = "rt-import", .flags = SIM_LIST, .format = sdn_format_route_target },
	{ .name = "tag", .type = SIM_INT, .min = 0, .max = INT32_MAX },
	{ .name = "vlan-protocol", .choices = "802.1q, 802.1ad" },
	{ .name = "vrf-vxlan", .type = SIM_INT, .min = 1, .max = 16777215 },
	{ .name = "vxlan-port", .type = SIM_INT, .min = 1, .max = 65536 },
	{ .name = "zone", .min = 2, .max = 8, .pattern = SDN_ID },
	{ 0 },
};
static const struct sim_param zone_post[] = {
	{ .name = "type", .flags = SIM_REQUIRED, .choices = TYPES },
	{ .name = "zone", .flags = SIM_REQUIRED, .min = 2, .max = 8, .pattern = SDN_ID },
	{ .name = "lock-token", .flags = SIM_NEW },
	{ 0 },
};

#define ZONES "/cluster/sdn/zones"

const struct sim_route sim_sdn_zone_routes[] = {
	{ "GET", ZONES, get_zones, zones_get, sdn_view_params, NULL, 0 },
	{ "POST", ZONES, post_zone, zone_post, zone_options, "/sdn/zones SDN.Allocate", 0 },
	{ "GET", ZONES "/{zone}", get_zone, sdn_view_params, NULL, "/sdn/zones/{zone} SDN.Allocate",
	  0 },
	{ "PUT", ZONES "/{zone}", put_zone, sdn_update_params, zone_options,
	  "/sdn/zones/{zone} SDN.Allocate", 0 },
	{ "DELETE", ZONES "/{zone}", delete_zone, sdn_token_params, NULL,
	  "/sdn/zones/{zone} SDN.Allocate", 0 },
	{ 0 },
};
