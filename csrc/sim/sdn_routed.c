/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_routed.c - zones that need no bridge of the node: simple, vxlan and evpn. */
#include <string.h>

#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "sim/sdn_gen.h"

/* PVE takes 1500 for the network below, whatever it has, unless the zone has an MTU. */
#define VXLAN_MTU 1450
#define VXLAN_EXTRA 50

struct subnets {
	bool any, gateway4, gateway6;
};

static bool is_v6(const char *address)
{
	struct net_ip ip;

	return address && ip_parse(address, &ip) && ip.bits == 128;
}

/* Source addresses are translated on the way out. Both families have their own program and default route. */
static void add_snat(struct pxc_buf *o, const struct sdn_gen *gen, const char *cidr, bool v6)
{
	const char *program = v6 ? "ip6tables" : "iptables";
	static const char *const when[][2] = { { "post-up", "-A" }, { "post-down", "-D" } },
				 *const zone[][2] = { { "post-up", "-I" }, { "post-down", "-D" } };

	if (is_v6(gen->node_ip) != v6 || !gen->bridge_count)
		return; /* no route out */
	for (size_t i = 0; i < 2; i++)
		buf_printf(
			o, "\t%s %s -t nat %s POSTROUTING -s '%s' -o %s -j SNAT --to-source %s\n",
			when[i][0], program, when[i][1], cidr, gen->bridges[0].name, gen->node_ip);
	for (size_t i = 0; i < 2; i++)
		buf_printf(o, "\t%s %s -t raw %s PREROUTING -i fwbr+ -j CT --zone 1\n", zone[i][0],
			   program, zone[i][1]);
}

/*
 * The addresses of a vnet's gateways, and what goes with each subnet. PVE takes the family of the gateway for that of
 * the subnet, so one without a gateway counts as IPv4.
 */
static struct subnets add_subnets(struct pxc_buf *o, const struct sdn_gen *gen,
				  const struct sdn_net *net, bool point_to_point, bool snat)
{
	const json_t *all = json_object_get(gen->config, "subnets");
	size_t count;
	auto_free const char **ids = qm_sorted_keys(all, &count);
	json_auto_t *had = json_object();
	struct subnets found = { .any = false };

	for (size_t i = 0; i < count; i++) {
		const json_t *subnet = json_object_get(all, ids[i]);
		const char *cidr = qm_text(subnet, "cidr", ""), *slash = strchr(cidr, '/');
		const char *gateway = sdn_text(subnet, "gateway");
		bool v6 = is_v6(gateway);

		if (!slash || !str_eq(qm_text(subnet, "vnet", NULL), net->id))
			continue;
		found.any = true;
		if (gateway && !json_object_get(had, gateway)) {
			buf_printf(o, "\taddress %s%s\n", gateway, slash);
			json_object_set_new(had, gateway, json_true());
		}
		found.gateway4 |= gateway && !v6;
		found.gateway6 |= v6;
		if (point_to_point && !v6 && str_eq(slash, "/32"))
			buf_printf(o, "\tup ip route add %s dev %s\n", cidr, net->id);
		if (snat && qm_int(subnet, "snat", 0))
			add_snat(o, gen, cidr, v6);
	}
	return found;
}

static void add_forwarding(struct pxc_buf *o, const struct subnets *subnets)
{
	if (subnets->gateway4)
		buf_adds(o, "\tip-forward on\n");
	if (subnets->gateway6)
		buf_adds(o, "\tip6-forward on\n");
}

static void add_mac(struct pxc_buf *o, const json_t *object)
{
	const char *mac = sdn_text(object, "mac");

	if (mac)
		buf_printf(o, "\thwaddress %s\n", mac);
}

bool sdn_make_simple(struct sdn_gen *gen, const struct sdn_net *net)
{
	auto_buf struct pxc_buf o = { .data = NULL };
	struct subnets subnets = add_subnets(&o, gen, net, true, true);

	add_mac(&o, net->vnet);
	sdn_bridge(&o, net, "none", qm_int(net->zone, "mtu", 0));
	add_forwarding(&o, &subnets);
	sdn_put(gen, "", net->id, &o);
	return true;
}

/*
 * The address of this node that reaches the peers: one that is a peer itself, else the source of the route to the first
 * one. NULL: none.
 */
static const char *local_address(const struct sdn_gen *gen, const json_t *peers)
{
	const char *first = json_string_value(json_array_get(peers, 0));

	for (size_t i = 0; i < json_array_size(peers); i++)
		if (str_eq(json_string_value(json_array_get(peers, i)), gen->node_ip))
			return gen->node_ip;
	return first && is_v6(first) == is_v6(gen->node_ip) ? gen->node_ip : NULL;
}

static void add_port(struct pxc_buf *o, const json_t *zone)
{
	long long port = qm_int(zone, "vxlan-port", 0);

	if (port)
		buf_printf(o, "\tvxlan-port %lld\n", port);
}

bool sdn_make_vxlan(struct sdn_gen *gen, const struct sdn_net *net)
{
	const char *list = sdn_text(net->zone, "peers");
	json_auto_t *peers = list ? qm_split(list) : NULL;
	const char *local = local_address(gen, peers);
	int64_t tag = qm_int(net->vnet, "tag", 0), mtu = qm_int(net->zone, "mtu", 0) ?: VXLAN_MTU;
	auto_free char *device = pxc_printf("vxlan_%s", net->id);
	auto_buf struct pxc_buf o = { .data = NULL };

	if (!tag || !list)
		return false;
	buf_printf(&o, "\tvxlan-id %lld\n", (long long)tag);
	for (size_t i = 0; i < json_array_size(peers); i++) {
		const char *peer = json_string_value(json_array_get(peers, i));

		if (!str_eq(peer, local))
			buf_printf(&o, "\tvxlan_remoteip %s\n", peer);
	}
	add_port(&o, net->zone);
	sdn_mtu(&o, mtu);
	sdn_put(gen, "", device, &o);
	sdn_bridge(&o, net, device, mtu);
	sdn_put(gen, "", net->id, &o);
	return true;
}

struct evpn {
	const char *zone_id, *local;
	const json_t *zone;
	int64_t mtu;
	bool exit_node;
};

static void put_evpn_tunnel(struct sdn_gen *gen, const struct evpn *e, const char *prefix,
			    const char *id, int64_t vni)
{
	auto_buf struct pxc_buf o = { .data = NULL };

	buf_printf(&o, "\tvxlan-id %lld\n", (long long)vni);
	if (e->local)
		buf_printf(&o, "\tvxlan-local-tunnelip %s\n", e->local);
	add_port(&o, e->zone);
	buf_adds(&o, "\tbridge-learning off\n");
	if (!qm_int(e->zone, "disable-arp-nd-suppression", 0))
		buf_adds(&o, "\tbridge-arp-nd-suppress on\n");
	sdn_mtu(&o, e->mtu);
	sdn_put(gen, prefix, id, &o);
}

static struct subnets put_evpn_vnet(struct sdn_gen *gen, const struct evpn *e,
				    const struct sdn_net *net)
{
	auto_buf struct pxc_buf o = { .data = NULL };
	auto_free char *device = pxc_printf("vxlan_%s", net->id);
	struct subnets subnets = add_subnets(&o, gen, net, false, e->exit_node);

	add_mac(&o, e->zone);
	sdn_bridge(&o, net, device, e->mtu);
	add_forwarding(&o, &subnets);
	if (subnets.any)
		buf_adds(&o, "\tarp-accept on\n");
	buf_printf(&o, "\tvrf vrf_%s\n", e->zone_id);
	sdn_put(gen, "", net->id, &o);
	return subnets;
}

/* The routing table of the zone, and its own VNI when it has one. */
static void put_evpn_zone(struct sdn_gen *gen, const struct evpn *e)
{
	int64_t vni = qm_int(e->zone, "vrf-vxlan", 0);
	auto_buf struct pxc_buf o = { .data = NULL };

	buf_printf(&o,
		   "\tvrf-table auto\n"
		   "\tpost-up ip route %s vrf vrf_%s unreachable default metric 4278198272\n",
		   e->exit_node ? "del" : "add", e->zone_id);
	sdn_put(gen, "vrf_", e->zone_id, &o);
	if (!vni)
		return;
	put_evpn_tunnel(gen, e, "vrfvx_", e->zone_id, vni);
	buf_printf(&o, "\tbridge-ports vrfvx_%s\n\tbridge_stp off\n\tbridge_fd 0\n", e->zone_id);
	sdn_mtu(&o, e->mtu);
	buf_printf(&o, "\tvrf vrf_%s\n", e->zone_id);
	sdn_put(gen, "vrfbr_", e->zone_id, &o);
}

/* Two ends between the zone's table and the node's own, so that the exit node itself reaches the guests. */
static void put_evpn_exit(struct sdn_gen *gen, const struct evpn *e, bool v6)
{
	static const char *const ends[][2] = { { "xvrf_", "xvrfp_" }, { "xvrfp_", "xvrf_" } };

	for (unsigned i = 0; i < 2; i++) {
		auto_buf struct pxc_buf o = { .data = NULL };

		buf_printf(&o, "\tlink-type veth\n\taddress 10.255.255.%u/30\n", i + 1);
		if (v6)
			buf_printf(&o, "\taddress fe80::%u/126\n", i + 1);
		buf_printf(&o, "\tveth-peer-name %s%s\n", ends[i][1], e->zone_id);
		if (i == 1)
			buf_printf(&o, "\tvrf vrf_%s\n", e->zone_id);
		sdn_mtu(&o, e->mtu + VXLAN_EXTRA);
		sdn_put(gen, ends[i][0], e->zone_id, &o);
	}
}

bool sdn_make_evpn(struct sdn_gen *gen, const struct sdn_net *net)
{
	const json_t *controllers = json_object_get(gen->config, "controllers");
	const json_t *controller =
		json_object_get(controllers, qm_text(net->zone, "controller", ""));
	const char *list = sdn_text(controller, "peers");
	json_auto_t *peers = list ? qm_split(list) : NULL;
	int64_t tag = qm_int(net->vnet, "tag", 0);
	struct evpn e = {
		.zone_id = net->zone_id,
		.local = local_address(gen, peers),
		.zone = net->zone,
		.mtu = qm_int(net->zone, "mtu", 0) ?: VXLAN_MTU,
		.exit_node = sdn_on_node(gen, net->zone, "exitnodes", false),
	};
	struct subnets subnets;

	if (!tag || !list)
		return false;
	put_evpn_tunnel(gen, &e, "vxlan_", net->id, tag);
	subnets = put_evpn_vnet(gen, &e, net);
	put_evpn_zone(gen, &e);
	if (e.exit_node && qm_int(net->zone, "exitnodes-local-routing", 0))
		put_evpn_exit(gen, &e, subnets.gateway6);
	return true;
}
