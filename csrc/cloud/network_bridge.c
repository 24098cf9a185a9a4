/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Do the nodes' bridges carry what a zone asks of them? PVE writes any name and any size without a look. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cloud/network_parts.h"

/* Bytes that a frame grows by on its way through the zone: a second tag; outer Ethernet, IP, UDP and VXLAN headers. */
static unsigned overhead(const char *type)
{
	if (str_eq(type, "qinq"))
		return 4;
	return str_eq(type, "vxlan") || str_eq(type, "evpn") ? 50 : 0;
}

static const char *option(const struct network_zone *z, const char *key)
{
	const json_t *named = json_object_get(z->options, key);

	if (named)
		return json_string_value(named);
	return z->have ? sdn_option(z->have, key) : NULL;
}

struct narrowest {
	const char *node, *bridge;
	long mtu; /* 0 = not known */
};

static int find_narrowest(const struct network_run *run, const struct network_zone *z,
			  struct narrowest *ret, struct pxc_err *err)
{
	/* A tunnel goes out by the interface that has the node's own address: key "". */
	const char *bridge = option(z, "bridge"), *key = bridge ? bridge : "", *node;
	json_t *bridges;

	json_object_foreach (run->nw->bridges, node, bridges) {
		const json_t *mtu = json_object_get(bridges, key);

		if (!network_zone_on(z, node))
			continue;
		if (bridge && !mtu) {
			(void)pxc_fail(
				err, PXC_EINVAL,
				"zone %s: node %s has no bridge %s: make it there, or name the "
				"nodes the zone is for",
				z->id, node, bridge);
			return pxc_unseen(err, "/sdn/zones/localnetwork/%s", bridge);
		}
		if (mtu && (!ret->mtu || json_integer_value(mtu) < ret->mtu))
			*ret = (struct narrowest){ node, bridge, (long)json_integer_value(mtu) };
	}
	return 0;
}

/* Is it a QinQ zone whose outer tags are of 802.1ad? */
static bool is_ad(const char *type, const char *protocol)
{
	return str_eq(type, "qinq") && protocol && str_eq(protocol, "802.1ad");
}

/*
 * PVE makes such a zone by switching the whole bridge to 802.1ad, when that is aware of VLANs, so that others on the bridge send
 * other tags than they did.
 */
static void warn_protocol(const struct network_run *run, const struct network_zone *z,
			  struct pxc_plan *plan)
{
	const char *bridge = option(z, "bridge");
	bool ad = is_ad(z->type, option(z, "vlan-protocol"));

	for (size_t i = 0; bridge && i < run->sdn->nzones; i++) {
		const struct sdn_zone *o = &run->sdn->zones[i];
		const char *other = sdn_option(o, "bridge");

		if (o == z->have || !other || !str_eq(other, bridge) ||
		    ad == is_ad(o->type, sdn_option(o, "vlan-protocol")))
			continue;
		pxc_plan_warn(
			plan,
			"zones %s and %s share bridge %s, and one of them uses 802.1ad: where the "
			"bridge is aware of VLANs, PVE switches all of it to 802.1ad; give one of "
			"them another bridge",
			z->id, o->id, bridge);
	}
}

int network_check_bridges(struct network_run *run, struct network_zone *z, struct pxc_plan *plan,
			  struct pxc_err *err)
{
	struct narrowest least = { .mtu = 0 };
	const char *mtu = option(z, "mtu");
	char text[16];

	if (!run->nw->bridges || sdn_zone_type(z->type) == SDN_SIMPLE)
		return 0; /* no frame of a simple zone leaves its node */
	warn_protocol(run, z, plan);
	if (find_narrowest(run, z, &least, err) < 0)
		return -1;
	if (!least.mtu)
		return 0;
	if (mtu && strtol(mtu, NULL, 10) + (long)overhead(z->type) > least.mtu)
		return pxc_fail(
			err, PXC_EINVAL,
			"zone %s: mtu %s does not fit: a zone of type %s adds %u bytes to each "
			"frame, and %s%s of node %s takes %ld: raise the mtu there, or ask for "
			"%ld",
			z->id, mtu, z->type, overhead(z->type),
			least.bridge ? "bridge " : "the network", least.bridge ? least.bridge : "",
			least.node, least.mtu, least.mtu - (long)overhead(z->type));
	/* PVE gives VXLAN and EVPN the usual 1450 by itself. */
	if (mtu || z->have || !str_eq(z->type, "qinq"))
		return 0;
	(void)snprintf(text, sizeof(text), "%ld", least.mtu - (long)overhead(z->type));
	(void)json_object_set_new(z->options, "mtu", json_string(text));
	pxc_plan_warn(plan,
		      "zone %s gets mtu %s, so that frames with two tags fit bridge %s of node %s "
		      "(%ld); with a larger mtu of the bridges, name mtu",
		      z->id, text, least.bridge, least.node, least.mtu);
	return 0;
}
