/* SPDX-License-Identifier: GPL-3.0-or-later */
/* api_sdn_ips.c - /cluster/sdn/vnets/{vnet}/ips and what the built-in IPAM holds. No lock and no apply is needed for it. */
#include <string.h>

#include "base/net.h"
#include "sim/areas.h"
#include "sim/qm.h"
#include "sim/sdn.h"

/* Where an address of the vnet belongs: the running subnet, the configured zone. NULL after a failure. */
static const char *find_subnet(struct sim_call *call, const char *ip, const json_t **ret_zone)
{
	const char *vnet = sim_arg(call, "vnet"),
		   *zone = sdn_str(sdn_find(call->sim, SDN_VNET, vnet), "zone");
	const char *subnet = sdn_subnet_of_ip(call->sim, vnet, ip);

	if (!zone)
		sim_fail(call, 500, "no sdn zone ID specified");
	else if (!subnet)
		sim_fail(call, 500,
			 "can't find any subnet for ip %s at "
			 "/usr/share/perl5/PVE/Network/SDN/Subnets.pm line 138.",
			 ip);
	if (!zone || !subnet)
		return NULL;
	*ret_zone = sdn_find(call->sim, SDN_ZONE, zone);
	return subnet;
}

static int add(struct sim_call *call, const char *ip)
{
	const json_t *zone = NULL;
	const char *subnet = find_subnet(call, ip, &zone), *mac = sim_arg(call, "mac");
	json_t *entry = json_object();
	struct pxc_err err;

	if (mac)
		json_object_set_new(entry, "mac", json_string(mac));
	if (sim_has(call, "vmid"))
		json_object_set_new(entry, "vmid",
				    json_sprintf("%lld", (long long)sim_arg_int(call, "vmid", 0)));
	if (!subnet) {
		json_decref(entry);
		return -1;
	}
	if (sdn_ipam_add(call->sim, zone, subnet, ip, entry, &err) < 0)
		return sim_fail(call, 500, "%s", err.msg);
	return 0;
}

static int del(struct sim_call *call, const char *ip, const char *end)
{
	const json_t *zone = NULL;
	const char *subnet = find_subnet(call, ip, &zone);
	struct pxc_err err;

	if (!subnet)
		return -1;
	if (sdn_ipam_del(call->sim, zone, subnet, ip, &err) < 0)
		return sim_fail(call, 500, "%s%s", err.msg, end);
	return 0;
}

static int need_quorum(struct sim_call *call, const char *end)
{
	if (call->sim->quorate)
		return 0;
	return sim_fail(call, 500, "cfs-lock 'file-sdn_pve-ipam-state_json' error: no quorum!%s",
			end);
}

static int post_ip(struct sim_call *call)
{
	return need_quorum(call, "") < 0 ? -1 : add(call, sim_arg(call, "ip"));
}

/* The address that the card had before goes, and comes back when the new one cannot be had. */
static int put_ip(struct sim_call *call)
{
	const char *ip = sim_arg(call, "ip");
	char ips[2][IP_TEXT] = { "", "" };
	const char *old = ips[strchr(ip, ':') ? 1 : 0];

	if (need_quorum(call, "") < 0)
		return -1;
	(void)sdn_ips_of_mac(call->sim, sim_arg(call, "vnet"), sim_arg(call, "mac"), ips[0],
			     ips[1]);
	if (*old && del(call, old, "") < 0)
		return -1;
	if (add(call, ip) == 0)
		return 0;
	if (*old)
		(void)add(call, old);
	return -1;
}

static int delete_ip(struct sim_call *call)
{
	return need_quorum(call, "\n") < 0 ? -1 : del(call, sim_arg(call, "ip"), "\n");
}

/* The vnet of a zone that has the network running, or NULL. */
static const char *vnet_of(const struct sim *sim, const char *zone, const char *cidr)
{
	auto_free char *id = pxc_printf("%s-%s", zone, cidr);

	if (strchr(id, '/'))
		*strchr(id, '/') = '-';
	return sdn_str(json_object_get(sdn_running(sim, SDN_SUBNET), id), "vnet");
}

static void add_subnet(struct sim_call *call, const char *zone, const char *cidr, json_t *ips)
{
	const char *vnet = vnet_of(call->sim, zone, cidr), *ip;
	auto_free char *path = pxc_printf("/sdn/zones/%s/%s", zone, vnet ? vnet : "");
	json_t *entry;

	if (!vnet || !sim_may(call, path, "SDN.Audit|SDN.Allocate"))
		return;
	json_object_foreach (ips, ip, entry) {
		json_t *shown = json_copy(entry);

		json_object_set_new(shown, "zone", json_string(zone));
		json_object_set_new(shown, "subnet", json_string(cidr));
		json_object_set_new(shown, "ip", json_string(ip));
		json_object_set_new(shown, "vnet", json_string(vnet));
		json_array_append_new(call->data, shown);
	}
}

/* Only of running zones that have this IPAM and dhcp. */
static int get_status(struct sim_call *call)
{
	const char *id, *cidr;
	json_t *subnets, *ips;

	if (strcmp(sim_arg(call, "ipam"), "pve") != 0)
		return sim_fail(call, 500,
				"Currently only PVE IPAM is supported! at "
				"/usr/share/perl5/PVE/API2/Network/SDN/Ipams.pm line 292.");
	call->data = json_array();
	json_object_foreach (call->sim->sdn->ipam, id, subnets) {
		const json_t *zone = json_object_get(sdn_running(call->sim, SDN_ZONE), id);

		if (!str_eq(sdn_str(zone, "ipam"), "pve") || !sdn_str(zone, "dhcp"))
			continue;
		json_object_foreach (subnets, cidr, ips)
			add_subnet(call, id, cidr, ips);
	}
	return 0;
}

#define IPS                                                                                        \
	{ .name = "zone", .flags = SIM_REQUIRED, .min = 2, .max = 8, .pattern = SDN_ID },          \
		{ .name = "vnet", .min = 2, .max = 8, .pattern = SDN_ID },                         \
		{ .name = "mac", .format = sdn_format_mac },                                       \
	{                                                                                          \
		.name = "ip", .flags = SIM_REQUIRED, .format = sdn_format_ip                       \
	}

static const struct sim_param ips[] = { IPS, { 0 } };
static const struct sim_param ips_put[] = {
	IPS,
	{ .name = "vmid", .type = SIM_INT, .format = sim_format_vmid },
	{ 0 },
};

#define PATH "/cluster/sdn/vnets/{vnet}/ips"
#define RIGHT "/sdn/zones/{zone}/{vnet} SDN.Allocate"

const struct sim_route sim_sdn_ips_routes[] = {
	{ "POST", PATH, post_ip, ips, NULL, RIGHT, 0 },
	{ "PUT", PATH, put_ip, ips_put, NULL, RIGHT, 0 },
	{ "DELETE", PATH, delete_ip, ips, NULL, RIGHT, 0 },
	{ "GET", "/cluster/sdn/ipams/{ipam}/status", get_status, NULL, NULL, "user", 0 },
	{ 0 },
};
