/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qm_nic.c - a guest's cards in the networks: what they need to be there at a start, and the addresses they are given. */
#include <stdio.h>
#include <string.h>

#include "sim/qm.h"
#include "sim/sdn.h"

const char *qm_missing_bridge(const struct sim_guest *g, const struct sim_node *node, char name[64])
{
	size_t count = 0;
	auto_free const char **keys = qm_sorted_keys(g->config, &count);

	for (size_t i = 0; i < count; i++) {
		json_auto_t *net = qm_family(keys[i], "net")
					   ? prop_parse_net(qm_text(g->config, keys[i], ""))
					   : NULL;
		const char *bridge = qm_text(net, "bridge", NULL);

		if (!bridge || sdn_has_link(node, bridge))
			continue;
		(void)snprintf(name, 64, "%s", bridge);
		return name;
	}
	return NULL;
}

/* A card's VLAN on a vnet that is not for VLANs; false: there is none. */
static bool vlan_refused(const struct sim_node *node, const json_t *net)
{
	const char *bridge = qm_text(net, "bridge", "");
	const json_t *vnet = json_object_get(json_object_get(node->sdn_links, "vnets"), bridge);

	return vnet && (json_object_get(net, "tag") || json_object_get(net, "trunks")) &&
	       !qm_int(vnet, "vlanaware", 0);
}

int qm_plug(struct sim_task *task, const struct sim_guest *g)
{
	const char *key;
	char name[64];
	json_t *value;

	if (qm_missing_bridge(g, g->node, name))
		return sim_task_fail(task, "bridge '%s' does not exist", name);
	json_object_foreach (g->config, key, value) {
		json_auto_t *net =
			qm_family(key, "net") ? prop_parse_net(json_string_value(value)) : NULL;

		if (net && vlan_refused(g->node, net)) {
			sim_task_log(task,
				     "vm vlans are not allowed on vnet %s at "
				     "/usr/share/perl5/PVE/Network/SDN/Zones/Plugin.pm line 235.",
				     qm_text(net, "bridge", ""));
			return sim_task_fail(task, "start failed: QEMU exited with code 1");
		}
		if (net)
			sdn_nic_start(task->sim, g, json_string_value(value));
	}
	return 0;
}

/* Another bridge or another MAC is another card. */
static bool same_card(const char *a, const char *b)
{
	json_auto_t *one = a ? prop_parse_net(a) : NULL, *other = b ? prop_parse_net(b) : NULL;

	return one && other &&
	       str_eq(qm_text(one, "bridge", NULL), qm_text(other, "bridge", NULL)) &&
	       str_eq(qm_text(one, "macaddr", NULL), qm_text(other, "macaddr", NULL));
}

void qm_follow_nics(struct sim *sim, const struct sim_guest *g, const json_t *before,
		    const json_t *after)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)before, key, value)
		if (qm_family(key, "net") &&
		    !same_card(json_string_value(value), qm_text(after, key, NULL)))
			sdn_nic_leave(sim, json_string_value(value));
	json_object_foreach ((json_t *)(uintptr_t)after, key, value)
		if (qm_family(key, "net") &&
		    !same_card(json_string_value(value), qm_text(before, key, NULL)))
			sdn_nic_join(sim, g, json_string_value(value));
}
