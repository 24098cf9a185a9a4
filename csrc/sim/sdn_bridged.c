/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_bridged.c - zones over a bridge of the node: vlan and qinq. */
#include "base/mem.h"
#include "base/str.h"
#include "sim/sdn_gen.h"

/* The zone's bridge, or NULL where the node has none of that name. */
static const struct sim_sdn_bridge *bridge_of(const struct sdn_gen *gen, const struct sdn_net *net)
{
	for (size_t i = 0; i < gen->bridge_count; i++)
		if (str_eq(gen->bridges[i].name, qm_text(net->zone, "bridge", NULL)))
			return &gen->bridges[i];
	return NULL;
}

/* Two ends, named "ln_" and "pr_" and id. */
static void put_veth(struct sdn_gen *gen, const char *id, int64_t mtu)
{
	static const char *const ends[][2] = { { "ln_", "pr_" }, { "pr_", "ln_" } };

	for (size_t i = 0; i < 2; i++) {
		auto_buf struct pxc_buf o = { .data = NULL };

		buf_printf(&o, "\tlink-type veth\n\tveth-peer-name %s%s\n", ends[i][1], id);
		sdn_mtu(&o, mtu);
		sdn_put(gen, ends[i][0], id, &o);
	}
}

static void put_vnet(struct sdn_gen *gen, const struct sdn_net *net, const char *ports, int64_t mtu)
{
	auto_buf struct pxc_buf o = { .data = NULL };

	sdn_bridge(&o, net, ports, mtu);
	sdn_put(gen, "", net->id, &o);
}

/* The bridge's ports with the tag, each after a blank, as PVE does it. */
static void add_tagged(struct pxc_buf *o, const struct sim_sdn_bridge *bridge, int64_t tag)
{
	json_auto_t *ports = qm_split(bridge->ports ? bridge->ports : "");

	for (size_t i = 0; i < json_array_size(ports); i++)
		buf_printf(o, " %s.%lld", json_string_value(json_array_get(ports, i)),
			   (long long)tag);
}

bool sdn_make_vlan(struct sdn_gen *gen, const struct sdn_net *net)
{
	auto_free char *ports = NULL, *tagged = NULL;
	const struct sim_sdn_bridge *bridge = bridge_of(gen, net);
	int64_t tag = qm_int(net->vnet, "tag", 0), mtu = qm_int(net->zone, "mtu", 0);
	auto_buf struct pxc_buf o = { .data = NULL };

	if (!bridge)
		return false;
	if (bridge->vlan_aware) {
		ports = pxc_printf("%s.%lld", bridge->name, (long long)tag);
	} else {
		put_veth(gen, net->id, mtu);
		buf_adds(&o, "\tbridge_ports ");
		add_tagged(&o, bridge, tag);
		buf_printf(&o, " pr_%s\n", net->id);
		buf_adds(&o, "\tbridge_stp off\n\tbridge_fd 0\n");
		sdn_mtu(&o, mtu);
		tagged = pxc_printf("%sv%lld", bridge->name, (long long)tag);
		sdn_put(gen, "", tagged, &o);
		ports = pxc_printf("ln_%s", net->id);
	}
	put_vnet(gen, net, ports, mtu);
	return true;
}

/* What carries the zone's outer tag; "" where the bridge has no port. New string. */
static char *outer_port(struct sdn_gen *gen, const struct sdn_net *net,
			const struct sim_sdn_bridge *bridge)
{
	const char *protocol = sdn_text(net->zone, "vlan-protocol");
	long long tag = qm_int(net->zone, "tag", 0);
	auto_buf struct pxc_buf o = { .data = NULL };
	char *name;

	if (!bridge->vlan_aware) {
		json_auto_t *ports = qm_split(bridge->ports ? bridge->ports : "");
		const char *first = json_string_value(json_array_get(ports, 0)); /* PVE uses one */

		if (!first)
			return pxc_strdup("");
		buf_printf(&o, "\tvlan-raw-device %s\n\tvlan-id %lld\n", first, tag);
		if (protocol)
			buf_printf(&o, "\tvlan-protocol %s\n", protocol);
		sdn_put(gen, "sv_", net->zone_id, &o);
		return pxc_printf("sv_%s", net->zone_id);
	}
	name = pxc_printf("%s.%lld", bridge->name, tag);
	if (protocol) {
		buf_printf(&o, "\tbridge-vlan-protocol %s\n", protocol);
		sdn_put(gen, "", bridge->name, &o);
		buf_printf(&o, "\tvlan-protocol %s\n", protocol);
		sdn_put(gen, "", name, &o);
	}
	return name;
}

bool sdn_make_qinq(struct sdn_gen *gen, const struct sdn_net *net)
{
	auto_free char *outer = NULL, *inner = NULL;
	const struct sim_sdn_bridge *bridge = bridge_of(gen, net);
	int64_t tag = qm_int(net->vnet, "tag", 0), mtu = qm_int(net->zone, "mtu", 0);
	auto_buf struct pxc_buf o = { .data = NULL };

	if (!bridge)
		return false;
	outer = outer_port(gen, net, bridge);
	put_veth(gen, net->zone_id, 0); /* its far end is the port of the vnet without a tag */
	sdn_mtu(&o, mtu);
	buf_printf(&o, "\tbridge-stp off\n\tbridge-ports %s ln_%s\n\tbridge-fd 0\n", outer,
		   net->zone_id);
	buf_adds(&o, SDN_ALL_VLANS);
	sdn_put(gen, "z_", net->zone_id, &o);
	inner = tag ? pxc_printf("z_%s.%lld", net->zone_id, (long long)tag)
		    : pxc_printf("pr_%s", net->zone_id);
	put_vnet(gen, net, inner, mtu);
	return true;
}
