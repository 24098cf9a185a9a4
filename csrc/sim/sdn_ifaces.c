/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdn_ifaces.c - vnets in order of their names, each by the type of its zone; stanzas in order of theirs. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/sdn_gen.h"

const char *sdn_text(const json_t *object, const char *key)
{
	const char *text = qm_text(object, key, "");

	return *text && !str_eq(text, "0") ? text : NULL;
}

void sdn_mtu(struct pxc_buf *options, int64_t mtu)
{
	if (mtu)
		buf_printf(options, "\tmtu %lld\n", (long long)mtu);
}

void sdn_put(struct sdn_gen *gen, const char *prefix, const char *id, struct pxc_buf *options)
{
	auto_free char *name = pxc_printf("%s%s", prefix, id);

	if (sim_map_get(&gen->stanzas, name))
		buf_release(options);
	else
		sim_map_put(&gen->stanzas, name, buf_take(options));
}

void sdn_bridge(struct pxc_buf *options, const struct sdn_net *net, const char *ports, int64_t mtu)
{
	const char *alias = sdn_text(net->vnet, "alias");

	buf_printf(options, "\tbridge_ports %s\n\tbridge_stp off\n\tbridge_fd 0\n", ports);
	if (qm_int(net->vnet, "vlanaware", 0))
		buf_adds(options, SDN_ALL_VLANS);
	sdn_mtu(options, mtu);
	if (alias)
		buf_printf(options, "\talias %s\n", alias);
}

/* Is name in the list ("a,b c")? */
static bool listed(const char *list, const char *name)
{
	json_auto_t *items = qm_split(list);

	for (size_t i = 0; i < json_array_size(items); i++)
		if (str_eq(json_string_value(json_array_get(items, i)), name))
			return true;
	return false;
}

bool sdn_on_node(const struct sdn_gen *gen, const json_t *zone, const char *key, bool otherwise)
{
	const char *nodes = qm_text(zone, key, NULL);

	return nodes ? listed(nodes, gen->node) : otherwise;
}

static bool add_vnet(struct sdn_gen *gen, const char *id, const json_t *vnet)
{
	static const struct {
		const char *type;
		sdn_make_fn *make;
	} types[] = {
		{ "simple", sdn_make_simple }, { "vlan", sdn_make_vlan }, { "qinq", sdn_make_qinq },
		{ "vxlan", sdn_make_vxlan },   { "evpn", sdn_make_evpn },
	};
	const char *zone_id = qm_text(vnet, "zone", "");
	struct sdn_net net = {
		.id = id,
		.zone_id = zone_id,
		.vnet = vnet,
		.zone = json_object_get(json_object_get(gen->config, "zones"), zone_id),
	};

	if (!net.zone)
		return false;
	if (!sdn_on_node(gen, net.zone, "nodes", true))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eq(types[i].type, qm_text(net.zone, "type", NULL)))
			return types[i].make(gen, &net);
	return false;
}

int sim_sdn_interfaces(const json_t *config, const char *node, const char *node_ip,
		       const struct sim_sdn_bridge *bridges, size_t bridge_count,
		       struct pxc_buf *out)
{
	struct sdn_gen gen = {
		.config = config,
		.node = node,
		.node_ip = node_ip,
		.bridges = bridges,
		.bridge_count = bridge_count,
	};
	const json_t *vnets = json_object_get(config, "vnets");
	size_t count;
	auto_free const char **ids = qm_sorted_keys(vnets, &count);
	int left_out = 0;

	for (size_t i = 0; i < count; i++)
		left_out += !add_vnet(&gen, ids[i], json_object_get(vnets, ids[i]));
	buf_printf(out, "#version:%lld\n", (long long)qm_int(config, "version", 1));
	for (size_t i = 0; i < gen.stanzas.count; i++) {
		const struct sim_map_entry *one = &gen.stanzas.entries[i];

		buf_printf(out, "\nauto %s\niface %s\n%s", one->key, one->key,
			   (const char *)one->value);
	}
	sim_map_release(&gen.stanzas, free);
	return left_out;
}
