/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_subnet.c - /cluster/sdn/vnets/{vnet}/subnets. */
#include <stdio.h>
#include <string.h>

#include "base/net.h"
#include "sim/areas.h"
#include "sim/sdn.h"

#define RANGES_MAX 64

static const struct sdn_type types[] = {
	{ "subnet", "vnet", "gateway snat dnszoneprefix dhcp-range dhcp-dns-server" },
	{ 0 },
};

char *sdn_subnet_cidr(const char *id)
{
	const char *ip = strchr(id, '-'), *mask = ip ? strchr(ip + 1, '-') : NULL;

	if (!mask)
		return pxc_strdup("");
	return pxc_printf("%.*s/%s", (int)(mask - ip - 1), ip + 1, mask + 1);
}

void sdn_subnet_fields(const char *id, json_t *section)
{
	auto_free char *cidr = sdn_subnet_cidr(id);
	size_t zone = strcspn(id, "-"), network = strcspn(cidr, "/");

	json_object_set_new(section, "cidr", json_string(cidr));
	json_object_set_new(section, "zone", json_stringn(id, zone));
	json_object_set_new(section, "network", json_stringn(cidr, network));
	json_object_set_new(section, "mask", json_string(cidr + network + (cidr[network] == '/')));
}

static bool in_vnet(const struct sim_call *call, const char *id, const json_t *shown)
{
	(void)id;
	return str_eq(sdn_str(shown, "vnet"), sim_arg(call, "vnet"));
}

static int get_subnets(struct sim_call *call)
{
	if (sdn_need_vnet(call, sim_arg(call, "vnet"), "SDN.Audit|SDN.Allocate") < 0)
		return -1;
	return sdn_answer_list(call, SDN_SUBNET, in_vnet);
}

static int get_subnet(struct sim_call *call)
{
	const char *id = sim_arg(call, "subnet");

	if (sdn_need_vnet(call, sim_arg(call, "vnet"), "SDN.Audit|SDN.Allocate") < 0 ||
	    sdn_answer_one(call, SDN_SUBNET, id) < 0)
		return -1;
	return in_vnet(call, id, call->data) ? 0 : sim_param_error(call, "vnet", "wrong vnet");
}

struct range {
	struct net_ip start, end;
};

/* One address of a range; it has to be in the subnet. */
static int read_end(struct sim_call *call, const char *what, const char *address, const char *cidr,
		    struct net_ip *ret)
{
	struct net_cidr net;

	if (!ip_parse(address, ret))
		return sdn_raise(call, SDN_SUBNET, "dhcp-range", "%s is not a valid IP %s", what,
				 address);
	if (!cidr_parse(cidr, &net) || !cidr_contains(&net, ret))
		return sdn_raise(call, SDN_SUBNET, "dhcp-range", "%s %s is not in subnet %s", what,
				 address, cidr);
	return 0;
}

static bool below(const struct net_ip *a, const struct net_ip *b)
{
	return memcmp(a->bytes, b->bytes, a->bits / 8) < 0;
}

static int check_ranges(struct sim_call *call, const json_t *ranges, const char *cidr)
{
	struct range seen[RANGES_MAX];
	size_t i;
	json_t *value;

	json_array_foreach (ranges, i, value) {
		struct range *range = &seen[i % RANGES_MAX];
		char start[64] = "", end[64] = "";

		(void)sdn_range(json_string_value(value), start, end);
		if (read_end(call, "start-address", start, cidr, &range->start) < 0 ||
		    read_end(call, "end-address", end, cidr, &range->end) < 0)
			return -1;
		if (below(&range->end, &range->start))
			return sdn_raise(call, SDN_SUBNET, "dhcp-range",
					 "start-address %s must be smaller than end-address %s",
					 start, end);
		for (size_t k = 0; k < i && k < RANGES_MAX; k++)
			if (&seen[k] != range && !below(&range->end, &seen[k].start) &&
			    !below(&seen[k].end, &range->start))
				return sdn_raise(call, SDN_SUBNET, "dhcp-range",
						 "dhcp ranges must not overlap");
	}
	return 0;
}

static bool point_to_point(const char *gateway, const char *cidr)
{
	struct net_ip ip;

	return gateway && ip_parse(gateway, &ip) && ip.bits == 32 && str_ends(cidr, "/32");
}

static int check_gateway(struct sim_call *call, const char *gateway, const char *cidr)
{
	struct net_cidr net;
	struct net_ip ip;

	if (!gateway || point_to_point(gateway, cidr) ||
	    (ip_parse(gateway, &ip) && cidr_parse(cidr, &net) && cidr_contains(&net, &ip)))
		return 0;
	return sdn_raise(call, SDN_SUBNET, "gateway", "%s is not in subnet %s", gateway, cidr);
}

/* The gateway's address belongs to the subnet in the zone's IPAM, from now on and not only once it is applied. */
static int register_gateway(struct sim_call *call, const json_t *zone, const char *id,
			    const json_t *section, const json_t *old)
{
	const char *now = sdn_str(section, "gateway"), *before = sdn_str(old, "gateway");
	auto_free char *cidr = sdn_subnet_cidr(id);
	struct pxc_err err;

	if (!old && sdn_ipam_subnet(call->sim, zone, id, &err) < 0)
		return sdn_die(call, SDN_SUBNET, "%s", err.msg);
	if (point_to_point(now, cidr))
		return 0;
	if (now && !str_eq(now, before) &&
	    sdn_ipam_add(call->sim, zone, id, now, json_pack("{s:i}", "gateway", 1), &err) < 0)
		return sdn_die(call, SDN_SUBNET, "%s", err.msg);
	if (before && !str_eq(now, before))
		(void)sdn_ipam_del(call->sim, zone, id, before, &err); /* PVE only warns */
	return 0;
}

static const json_t *zone_of(const struct sim *sim, const char *vnet)
{
	const char *zone = sdn_str(sdn_find(sim, SDN_VNET, vnet), "zone");

	return zone ? sdn_find(sim, SDN_ZONE, zone) : NULL;
}

static int rule(struct sim_call *call, const char *id, json_t *section, const json_t *old)
{
	const char *vnet = sdn_str(section, "vnet");
	const json_t *found = sdn_find(call->sim, SDN_VNET, vnet);
	auto_free char *cidr = sdn_subnet_cidr(id);

	if (!found)
		return sdn_raise(call, SDN_SUBNET, "vnet", "%s don't exist", vnet);
	if (json_integer_value(json_object_get(found, "vlanaware")))
		return sdn_raise(call, SDN_SUBNET, "vnet",
				 "you can't add a subnet on a vlanaware vnet");
	if (check_gateway(call, sdn_str(section, "gateway"), cidr) < 0 ||
	    check_ranges(call, json_object_get(section, "dhcp-range"), cidr) < 0)
		return -1;
	return register_gateway(call, zone_of(call->sim, vnet), id, section, old);
}

static int post_subnet(struct sim_call *call)
{
	const char *vnet = sim_arg(call, "vnet"), *cidr = sim_arg(call, "subnet");
	auto_free char *id = NULL;

	if (sdn_need_vnet(call, vnet, "SDN.Allocate") < 0)
		return -1;
	id = pxc_printf("%s-%s", sdn_str(sdn_find(call->sim, SDN_VNET, vnet), "zone"), cidr);
	if (strchr(id, '/'))
		*strchr(id, '/') = '-';
	return sdn_create(call, SDN_SUBNET, types, id, rule);
}

static int put_subnet(struct sim_call *call)
{
	if (sdn_need_vnet(call, sim_arg(call, "vnet"), "SDN.Allocate") < 0)
		return -1;
	return sdn_update(call, SDN_SUBNET, types, sim_arg(call, "subnet"), rule);
}

/* With addresses in use it stays. */
static int without_addresses(struct sim_call *call, const char *id, json_t *section,
			     const json_t *old)
{
	const json_t *zone = zone_of(call->sim, sim_arg(call, "vnet"));
	struct pxc_err err;

	(void)section;
	(void)old;
	if (sdn_ipam_drop_subnet(call->sim, zone, id, &err) < 0)
		return sdn_die(call, SDN_SUBNET, "%s", err.msg);
	return 0;
}

/* One that is not there is deleted as well, unless an IPAM is asked about it. */
static int delete_nothing(struct sim_call *call)
{
	if (sdn_open(call, SDN_SUBNET) < 0)
		return -1;
	if (!sdn_str(zone_of(call->sim, sim_arg(call, "vnet")), "ipam"))
		return 0;
	return sdn_die(call, SDN_SUBNET, "zone '' doesn't exist in IPAM DB");
}

static int delete_subnet(struct sim_call *call)
{
	const char *id = sim_arg(call, "subnet");

	if (sdn_need_vnet(call, sim_arg(call, "vnet"), "SDN.Allocate") < 0)
		return -1;
	if (!sdn_find(call->sim, SDN_SUBNET, id))
		return delete_nothing(call);
	return sdn_delete(call, SDN_SUBNET, id, without_addresses);
}

static const struct sim_param subnet_options[] = {
	{ .name = "dhcp-dns-server", .format = sdn_format_ip },
	{ .name = "dhcp-range", .type = SIM_ARRAY, .format = sdn_format_range },
	{ .name = "dnszoneprefix", .format = sdn_format_dns_name },
	{ .name = "gateway", .format = sdn_format_ip },
	{ .name = "snat", .type = SIM_BOOL },
	{ .name = "subnet", .format = sdn_format_subnet },
	{ .name = "vnet" },
	{ 0 },
};
static const struct sim_param subnet_post[] = {
	{ .name = "type", .flags = SIM_REQUIRED, .choices = "subnet" },
	{ .name = "subnet", .flags = SIM_REQUIRED, .format = sdn_format_subnet },
	{ .name = "lock-token", .flags = SIM_NEW },
	{ 0 },
};

#define SUBNETS "/cluster/sdn/vnets/{vnet}/subnets"

const struct sim_route sim_sdn_subnet_routes[] = {
	{ "GET", SUBNETS, get_subnets, sdn_view_params, NULL, NULL, 0 },
	{ "POST", SUBNETS, post_subnet, subnet_post, subnet_options, NULL, 0 },
	{ "GET", SUBNETS "/{subnet}", get_subnet, sdn_view_params, NULL, NULL, 0 },
	{ "PUT", SUBNETS "/{subnet}", put_subnet, sdn_update_params, subnet_options, NULL, 0 },
	{ "DELETE", SUBNETS "/{subnet}", delete_subnet, sdn_token_params, NULL, NULL, 0 },
	{ 0 },
};
