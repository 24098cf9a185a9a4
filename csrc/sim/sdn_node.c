/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_node.c - what a node has of the networks: its own bridges, and zones and vnets as of its last reload. */
#include <string.h>

#include "sim/sdn.h"

int sdn_world_bridges(struct sim_node *node, json_t *bridges, struct pxc_err *err)
{
	const char *name;
	json_t *spec;

	if (!bridges)
		return 0;
	json_array_clear(node->bridges);
	json_object_foreach (bridges, name, spec) {
		const char *ports = json_string_value(json_object_get(spec, "ports"));
		json_int_t mtu = json_integer_value(json_object_get(spec, "mtu"));

		if (!json_is_object(spec) || mtu < 0 || mtu > 65520)
			return pxc_fail(err, PXC_EINVAL,
					"world: bridge %s of %s: an object with \"mtu\", "
					"\"vlan_aware\" and \"ports\" is wanted",
					name, node->name);
		json_array_append_new(
			node->bridges,
			json_pack("{s:s, s:b, s:I, s:s}", "name", name, "vlan_aware",
				  (int)json_is_true(json_object_get(spec, "vlan_aware")), "mtu",
				  mtu, "ports", ports ? ports : ""));
	}
	return 0;
}

const json_t *sdn_own_bridge(const struct sim_node *node, const char *name)
{
	size_t i;
	json_t *bridge;

	json_array_foreach (node->bridges, i, bridge)
		if (str_eq(sdn_str(bridge, "name"), name))
			return bridge;
	return NULL;
}

bool sdn_zone_on(const json_t *zone, const struct sim_node *node)
{
	const char *list = sdn_str(zone, "nodes");
	bool there = !list;
	char *item;

	while ((item = sim_list_next(&list)) != NULL) {
		auto_free char *name = item;

		there |= !strcmp(name, node->name);
	}
	return there;
}

static const json_t *section(const json_t *config, enum sdn_kind kind, const char *id)
{
	return id ? json_object_get(json_object_get(config, sdn_name(kind)), id) : NULL;
}

/* Could the vnet be made on the node from this configuration? */
static bool can_be(const struct sim_node *node, const json_t *config, const char *vnet)
{
	const json_t *net = section(config, SDN_VNET, vnet),
		     *zone = section(config, SDN_ZONE, sdn_str(net, "zone"));
	const char *bridge = sdn_str(zone, "bridge");

	return net && zone && sdn_zone_on(zone, node) && (!bridge || sdn_own_bridge(node, bridge));
}

static json_int_t version(const json_t *config)
{
	return json_integer_value(json_object_get(config, "version"));
}

/* NULL: its file is that of the running configuration. */
static const char *stale(const struct sim *sim, const struct sim_node *node)
{
	if (!node->sdn_file)
		return "local sdn network configuration is not yet generated, please reload";
	if (version(node->sdn_file) < version(sim->sdn->running))
		return "local sdn network configuration is too old, please reload";
	return NULL;
}

/* Of a vnet in a zone that is on the node, with a file that is up to date. */
static char *link_fault(const struct sim_node *node, const json_t *zone, const char *vnet)
{
	const char *bridge = sdn_str(zone, "bridge");

	if (bridge && !sdn_own_bridge(node, bridge))
		return pxc_printf("missing %s", bridge);
	if (!can_be(node, node->sdn_links, vnet))
		return pxc_strdup("vnet is not generated. Please check the 'reload network' task "
				  "log.");
	/* it is up, but as an earlier reload made it */
	if (!json_equal(section(node->sdn_links, SDN_VNET, vnet),
			section(node->sdn_file, SDN_VNET, vnet)))
		return pxc_printf("error %s", vnet);
	return pxc_strdup("");
}

char *sdn_vnet_fault(const struct sim *sim, const struct sim_node *node, const char *vnet)
{
	const json_t *net = section(sim->sdn->running, SDN_VNET, vnet),
		     *zone = section(sim->sdn->running, SDN_ZONE, sdn_str(net, "zone"));
	const char *old = stale(sim, node);

	if (!zone)
		return pxc_printf("unknown zone '%s' configured", sdn_str(net, "zone"));
	return old ? pxc_strdup(old) : link_fault(node, zone, vnet);
}

const char *sdn_zone_status(const struct sim *sim, const struct sim_node *node, const char *zone)
{
	const json_t *found = section(sim->sdn->running, SDN_ZONE, zone);
	json_t *vnets = sdn_running(sim, SDN_VNET), *net;
	const char *vnet;

	if (!found || !sdn_zone_on(found, node))
		return NULL;
	if (stale(sim, node))
		return "pending";
	json_object_foreach (vnets, vnet, net) {
		auto_free char *fault =
			str_eq(sdn_str(net, "zone"), zone) ? link_fault(node, found, vnet) : NULL;

		if (fault && *fault)
			return "error";
	}
	return "available";
}

bool sdn_has_link(const struct sim_node *node, const char *name)
{
	return sdn_own_bridge(node, name) || can_be(node, node->sdn_links, name);
}
