/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdn_ipam.c - PVE's own IPAM: the addresses of subnets in zones that have one.
 *
 * It is written at once: neither an apply nor a rollback touches it. Entries of zones with another IPAM (NetBox,
 * phpIPAM) would be in that one, which is not played.
 */
#include <stdio.h>
#include <string.h>

#include "base/net.h"
#include "sim/qm.h"
#include "sim/sdn.h"

static bool ours(const struct sim *sim, const json_t *zone)
{
	const char *id = sdn_str(zone, "ipam");

	return id && str_eq(sdn_str(sdn_find(sim, SDN_IPAM, id), "type"), "pve");
}

/* "zone-10.0.0.0-24" -> its zone; caller frees. */
static char *zone_of(const char *subnet)
{
	return pxc_strndup(subnet, strcspn(subnet, "-"));
}

/* The addresses of the subnet. Borrowed; NULL with PVE's words. */
static json_t *addresses(const struct sim *sim, const char *subnet, struct pxc_err *err)
{
	auto_free char *zone = zone_of(subnet), *cidr = sdn_subnet_cidr(subnet);
	json_t *db = json_object_get(sim->sdn->ipam, zone), *ips = json_object_get(db, cidr);

	if (!db)
		pxc_fail(err, PXC_ENOTFOUND, "zone '%s' doesn't exist in IPAM DB", zone);
	else if (!ips)
		pxc_fail(err, PXC_ENOTFOUND, "subnet '%s' doesn't exist in IPAM DB", cidr);
	return ips;
}

int sdn_ipam_subnet(struct sim *sim, const json_t *zone, const char *id, struct pxc_err *err)
{
	auto_free char *name = zone_of(id), *cidr = sdn_subnet_cidr(id);
	json_t *db = json_object_get(sim->sdn->ipam, name);

	(void)err;
	if (!ours(sim, zone))
		return 0;
	if (!db) {
		db = json_object();
		json_object_set_new(sim->sdn->ipam, name, db);
	}
	if (!json_object_get(db, cidr))
		json_object_set_new(db, cidr, json_object());
	return 0;
}

/* Nothing but its gateway is left. */
static bool is_empty(const json_t *ips)
{
	void *first = json_object_iter((json_t *)(uintptr_t)ips);

	return !first || (json_object_size(ips) == 1 &&
			  json_object_get(json_object_iter_value(first), "gateway"));
}

int sdn_ipam_drop_subnet(struct sim *sim, const json_t *zone, const char *id, struct pxc_err *err)
{
	auto_free char *name = zone_of(id), *cidr = sdn_subnet_cidr(id);
	const json_t *ips;

	if (!ours(sim, zone))
		return 0;
	ips = addresses(sim, id, err);
	if (!ips)
		return -1;
	if (!is_empty(ips))
		return pxc_fail(err, PXC_EBUSY, "cannot delete subnet '%s', not empty", cidr);
	json_object_del(json_object_get(sim->sdn->ipam, name), cidr);
	return 0;
}

/* As PVE keeps it: IPv6 in its shortest form. */
static void canonical(const char *ip, char out[IP_TEXT])
{
	struct net_ip parsed;

	(void)snprintf(out, IP_TEXT, "%s", ip);
	if (ip_parse(ip, &parsed))
		ip_format(&parsed, out);
}

int sdn_ipam_add(struct sim *sim, const json_t *zone, const char *subnet, const char *ip,
		 json_t *entry_new, struct pxc_err *err)
{
	json_auto_t *entry = entry_new;
	char address[IP_TEXT];
	const json_t *there;
	json_t *ips;

	if (!ours(sim, zone))
		return 0;
	ips = addresses(sim, subnet, err);
	if (!ips)
		return -1;
	canonical(ip, address);
	there = json_object_get(ips, address);
	if (there && !(json_object_get(entry, "gateway") && json_object_get(there, "gateway")))
		return pxc_fail(err, PXC_EBUSY, "IP '%s' already exist", address);
	json_object_set(ips, address, entry);
	return 0;
}

int sdn_ipam_del(struct sim *sim, const json_t *zone, const char *subnet, const char *ip,
		 struct pxc_err *err)
{
	char address[IP_TEXT];
	json_t *ips;

	if (!ours(sim, zone))
		return 0;
	ips = addresses(sim, subnet, err);
	if (!ips)
		return -1;
	canonical(ip, address);
	if (json_object_del(ips, address) < 0)
		return pxc_fail(err, PXC_ENOTFOUND, "IP '%s' does not exist in IPAM DB", address);
	return 0;
}

const char *sdn_subnet_of_ip(const struct sim *sim, const char *vnet, const char *ip)
{
	json_t *subnets = sdn_running(sim, SDN_SUBNET), *subnet;
	const char *id, *found = NULL;
	struct net_cidr net;
	struct net_ip address;

	json_object_foreach (subnets, id, subnet) {
		auto_free char *cidr = sdn_subnet_cidr(id);

		if (str_eq(sdn_str(subnet, "vnet"), vnet) && ip_parse(ip, &address) &&
		    cidr_parse(cidr, &net) && cidr_contains(&net, &address) &&
		    (!found || strcmp(id, found) < 0))
			found = id;
	}
	return found;
}

/* The configured zone of a configured vnet, when it hands out addresses by itself; NULL = it does not. */
static const json_t *dhcp_zone(const struct sim *sim, const char *vnet)
{
	const char *id = sdn_str(sdn_find(sim, SDN_VNET, vnet ? vnet : ""), "zone");
	const json_t *zone = id ? sdn_find(sim, SDN_ZONE, id) : NULL;

	return sdn_str(zone, "ipam") && sdn_str(zone, "dhcp") ? zone : NULL;
}

bool sdn_ips_of_mac(const struct sim *sim, const char *vnet, const char *mac, char ip4[46],
		    char ip6[46])
{
	const char *cidr, *ip;
	json_t *ips, *entry;

	*ip4 = *ip6 = '\0';
	if (!mac || !dhcp_zone(sim, vnet))
		return false;
	json_object_foreach (
		json_object_get(sim->sdn->ipam, sdn_str(sdn_find(sim, SDN_VNET, vnet), "zone")),
		cidr, ips)
		json_object_foreach (ips, ip, entry)
			if (str_eq(sdn_str(entry, "mac"), mac))
				(void)snprintf(strchr(ip, ':') ? ip6 : ip4, IP_TEXT, "%s", ip);
	return true;
}

/* The lowest free address of the range; false when there is none. */
static bool take_from(json_t *ips, const char *range, json_t *entry)
{
	char start[64], end[64], address[IP_TEXT];
	struct net_ip at, last;

	if (!sdn_range(range, start, end) || !ip_parse(start, &at) || !ip_parse(end, &last))
		return false;
	for (;;) {
		size_t i = at.bits / 8;

		ip_format(&at, address);
		if (!json_object_get(ips, address)) {
			json_object_set(ips, address, entry);
			return true;
		}
		if (!memcmp(at.bytes, last.bytes, at.bits / 8))
			return false;
		while (i-- > 0 && ++at.bytes[i] == 0)
			;
	}
}

static bool take(const struct sim *sim, const char *id, const json_t *subnet, json_t *entry)
{
	struct pxc_err err;
	json_t *ips = addresses(sim, id, &err), *range;
	size_t i;

	if (!ips)
		return false;
	json_array_foreach (json_object_get(subnet, "dhcp-range"), i, range)
		if (take_from(ips, json_string_value(range), entry))
			return true;
	return false;
}

/* One address of the family, from the first subnet of the vnet that has one. */
static void allocate(struct sim *sim, const char *vnet, bool v6, json_t *entry)
{
	json_t *subnets = sdn_running(sim, SDN_SUBNET);
	size_t count = 0;
	auto_free const char **ids = qm_sorted_keys(subnets, &count);

	for (size_t i = 0; i < count; i++) {
		const json_t *subnet = json_object_get(subnets, ids[i]);

		if (str_eq(sdn_str(subnet, "vnet"), vnet) && (strchr(ids[i], ':') != NULL) == v6 &&
		    take(sim, ids[i], subnet, entry))
			return;
	}
}

static void join(struct sim *sim, const struct sim_guest *guest, const char *net, bool again)
{
	json_auto_t *parts = prop_parse_net(net), *entry = NULL;
	const char *vnet = sdn_str(parts, "bridge"), *mac = sdn_str(parts, "macaddr"),
		   *name = sdn_str(guest->config, "name");
	char ip4[IP_TEXT], ip6[IP_TEXT];

	if (!vnet || !mac || !sdn_ips_of_mac(sim, vnet, mac, ip4, ip6))
		return;
	entry = json_pack("{s:s, s:o}", "mac", mac, "vmid", json_sprintf("%u", guest->vmid));
	if (name)
		json_object_set_new(entry, "hostname", json_string(name));
	if (again || !*ip4)
		allocate(sim, vnet, false, entry);
	if (again || !*ip6)
		allocate(sim, vnet, true, entry);
}

void sdn_nic_join(struct sim *sim, const struct sim_guest *guest, const char *net)
{
	join(sim, guest, net, true);
}

void sdn_nic_start(struct sim *sim, const struct sim_guest *guest, const char *net)
{
	join(sim, guest, net, false);
}

void sdn_nic_leave(struct sim *sim, const char *net)
{
	json_auto_t *parts = prop_parse_net(net);
	const char *vnet = sdn_str(parts, "bridge");
	char ips[2][IP_TEXT];

	if (!vnet || !sdn_ips_of_mac(sim, vnet, sdn_str(parts, "macaddr"), ips[0], ips[1]))
		return;
	for (size_t i = 0; i < 2; i++) {
		const char *subnet = *ips[i] ? sdn_subnet_of_ip(sim, vnet, ips[i]) : NULL;
		struct pxc_err err;

		if (subnet)
			(void)sdn_ipam_del(sim, dhcp_zone(sim, vnet), subnet, ips[i], &err);
	}
}
