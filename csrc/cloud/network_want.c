/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From what a task says of a network to the network as it is to be. */
#include <string.h>

#include "base/str.h"
#include "cloud/network_block.h"
#include "cloud/network_parts.h"
#include "cloud/project_block.h"
#include "cloud/project_find.h"

bool network_same_cidr(const struct net_cidr *a, const struct net_cidr *b)
{
	return a->prefix == b->prefix && ip_order(&a->ip, &b->ip) == 0;
}

/* PVE would write a second interface of that name, with which the node's own network may be gone. */
static int check_bridges(const struct network_case *c, struct pxc_err *err)
{
	const char *node;
	json_t *bridges;

	json_object_foreach (c->run->nw->bridges, node, bridges)
		if (json_object_get(bridges, c->spec->vnet))
			return pxc_fail(err, PXC_EINVAL,
					"%s: vnet: node %s has a bridge %s of its own: choose "
					"another id, or leave vnet out",
					c->spec->label, node, c->spec->vnet);
	return 0;
}

static int want_id(struct network_case *c, struct pxc_err *err)
{
	const struct network_spec *s = c->spec;

	if (c->have && s->vnet && !str_eq(s->vnet, c->have->id))
		return pxc_fail(err, PXC_EINVAL,
				"%s is vnet %s: an id cannot be changed, here to %s", s->label,
				c->have->id, s->vnet);
	if (!c->have && s->vnet && sdn_vnet(c->run->sdn, s->vnet))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: vnet %s is there already and is not this network: choose another "
			"id, or leave vnet out",
			s->label, s->vnet);
	if (!c->have && s->vnet && check_bridges(c, err) < 0)
		return -1;
	c->want.id = c->have ? c->have->id : s->vnet ? s->vnet : network_id(c);
	return 0;
}

static int check_shared(const struct network_case *c, struct pxc_err *err)
{
	for (size_t i = 0; c->spec->shared && c->spec->shared[i]; i++) {
		const char *with = c->spec->shared[i];

		if (str_eq(with, "*") || project_pool(c->run->w, with))
			continue;
		(void)project_missing("shared_with", with, err);
		return pxc_context(err, "%s", c->spec->label);
	}
	return 0;
}

/* A new provider network is published for all, unless the task names projects. */
static void want_shared(struct network_case *c)
{
	static const char *const all[] = { "*", NULL };
	const struct network_spec *s = c->spec;

	if (s->shared)
		c->want.shared = strv_sorted(c->run->arena, s->shared);
	else if (!c->have && s->provider && !s->project)
		c->want.shared = all;
}

static int check_kind(const struct network_case *c, struct pxc_err *err)
{
	if (c->have && c->have->provider != c->spec->provider)
		return pxc_fail(err, PXC_EINVAL, "%s is a %s network: its kind cannot be changed",
				c->spec->label, c->have->provider ? "provider" : "project");
	if (!c->spec->provider && (c->spec->zone_type || json_object_size(c->spec->zone_options)))
		return pxc_fail(err, PXC_EINVAL,
				"%s: options of a zone are not a project's: use kind: provider, or "
				"pxc_cloud: tenant_zones",
				c->spec->label);
	return 0;
}

int network_want(struct network_case *c, struct pxc_err *err)
{
	const struct network_spec *s = c->spec;

	if (c->have)
		c->want = *c->have;
	if (check_kind(c, err) < 0 || check_shared(c, err) < 0 || want_id(c, err) < 0)
		return -1;
	c->want.ours = true;
	c->want.damaged = false;
	c->want.zone = c->zone->id;
	c->want.name = s->new_name ? s->new_name : s->name;
	c->want.project = s->project;
	c->want.provider = s->provider;
	if (!c->have)
		c->want.shared = strv_sorted(c->run->arena, NULL);
	want_shared(c);
	if (s->vlan_aware >= 0)
		c->want.vlan_aware = s->vlan_aware;
	if (s->isolate_ports >= 0)
		c->want.isolate_ports = s->isolate_ports;
	if (network_tag(c, err) < 0 || network_want_subnets(c, err) < 0 ||
	    network_want_reserves(c, err) < 0)
		return -1;
	if (c->want.vlan_aware && c->want.nsubnets)
		return pxc_fail(err, PXC_EINVAL,
				"%s: a network that passes VLAN tags on (vlan_aware) can have no "
				"subnets in PVE",
				s->label);
	return 0;
}
