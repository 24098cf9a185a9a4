/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subnets of a network as they are to be. */
#include <string.h>

#include "base/str.h"
#include "cloud/network_parts.h"

static const char *or_none(const char *text)
{
	return text && *text ? text : NULL;
}

static const struct network_subnet *named(const struct network_spec *s, const struct net_cidr *cidr)
{
	for (size_t i = 0; i < s->nsubnets; i++)
		if (network_same_cidr(&s->subnets[i].cidr, cidr))
			return &s->subnets[i];
	return NULL;
}

/* PVE's id: the zone, the address and the length, divided by "-". */
static const char *subnet_id(const struct network_case *c, const struct net_cidr *cidr)
{
	char ip[IP_TEXT];

	ip_format(&cidr->ip, ip);
	return arena_printf(c->run->arena, "%s-%s-%u", c->zone->id, ip, cidr->prefix);
}

static int check_address(const struct network_case *c, const struct sdn_subnet *n, const char *what,
			 const char *text, struct pxc_err *err)
{
	char cidr[IP_TEXT + 4];
	struct net_ip ip;

	cidr_format(&n->cidr, cidr);
	if (!text)
		return 0;
	if (!ip_parse(text, &ip))
		return pxc_fail(err, PXC_EINVAL, "%s: subnet %s: %s %s is no address",
				c->spec->label, cidr, what, text);
	if (str_eq(what, "gateway") && !cidr_contains(&n->cidr, &ip))
		return pxc_fail(err, PXC_EINVAL, "%s: subnet %s: gateway %s does not lie in it",
				c->spec->label, cidr, text);
	return 0;
}

static int check_ranges(const struct network_case *c, const struct sdn_subnet *n,
			struct pxc_err *err)
{
	char cidr[IP_TEXT + 4], text[2 * IP_TEXT], other[2 * IP_TEXT];

	cidr_format(&n->cidr, cidr);
	for (size_t i = 0; i < n->nranges; i++) {
		const struct net_range *r = &n->ranges[i];

		range_format(r, text);
		if (!cidr_contains(&n->cidr, &r->first) || !cidr_contains(&n->cidr, &r->last))
			return pxc_fail(err, PXC_EINVAL,
					"%s: subnet %s: range %s does not lie in it",
					c->spec->label, cidr, text);
		for (size_t k = 0; k < i; k++) {
			if (!range_overlaps(&n->ranges[k], r))
				continue;
			range_format(&n->ranges[k], other);
			return pxc_fail(err, PXC_EINVAL, "%s: subnet %s: ranges %s and %s overlap",
					c->spec->label, cidr, other, text);
		}
	}
	return 0;
}

/* Its server gives out the ranges of a subnet, in zones that have one: it can be asked for, but not turned off in one of them. */
static int check_dhcp(const struct network_case *c, const struct sdn_subnet *n, struct pxc_err *err)
{
	const struct network_subnet *s = named(c->spec, &n->cidr);
	const json_t *option = json_object_get(c->zone->options, "dhcp");
	bool serves = option ? json_is_string(option)
			     : c->zone->have && sdn_option(c->zone->have, "dhcp");
	char cidr[IP_TEXT + 4];

	cidr_format(&n->cidr, cidr);
	if (!s || s->dhcp < 0 || (s->dhcp ? serves && n->nranges : !serves || !n->nranges))
		return 0;
	if (!s->dhcp)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: subnet %s: zone %s has a DHCP server, which gives out the ranges: "
			"leave ranges out",
			c->spec->label, cidr, c->zone->id);
	if (serves)
		return pxc_fail(err, PXC_EINVAL, "%s: subnet %s: dhcp needs ranges to give out",
				c->spec->label, cidr);
	return pxc_fail(
		err, PXC_EINVAL,
		"%s: subnet %s: zone %s has no DHCP server: only one of type simple can (dhcp: "
		"dnsmasq)",
		c->spec->label, cidr, c->zone->id);
}

static const char *zone_says(const struct network_zone *z, const char *key)
{
	const json_t *named = json_object_get(z->options, key);

	return named ? json_string_value(named) : z->have ? sdn_option(z->have, key) : NULL;
}

static bool is_routed_by_nodes(const struct network_zone *z)
{
	return str_eq(z->type, "simple") || (str_eq(z->type, "evpn") && zone_says(z, "exitnodes"));
}

static bool has_gateway(const struct sdn_vnet *v, const struct net_cidr *cidr)
{
	for (size_t i = 0; v && i < v->nsubnets; i++)
		if (network_same_cidr(&v->subnets[i].cidr, cidr))
			return v->subnets[i].gateway != NULL;
	return false;
}

/*
 * Each node of such a zone gets the gateway's address, and with it a route to the subnet: one over a node's own address would part
 * the cluster. What is there already is left.
 */
static int check_nodes(const struct network_case *c, const struct sdn_subnet *n,
		       struct pxc_err *err)
{
	const struct world *w = c->run->w;
	char cidr[IP_TEXT + 4];
	struct net_ip ip;

	if (!n->gateway || !is_routed_by_nodes(c->zone) || has_gateway(c->have, &n->cidr))
		return 0;
	cidr_format(&n->cidr, cidr);
	for (size_t i = 0; i < w->nnodes; i++)
		if (w->nodes[i].address && ip_parse(w->nodes[i].address, &ip) &&
		    cidr_contains(&n->cidr, &ip))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: subnet %s holds the address of a node, which would be cut "
				"off: nodes route in zone %s; choose other addresses",
				c->spec->label, cidr, c->zone->id);
	return 0;
}

/* SNAT is done by the node that routes: only zones of these types have one. */
static int check_subnet(const struct network_case *c, const struct sdn_subnet *n,
			struct pxc_err *err)
{
	if (n->snat && !str_eq(c->zone->type, "simple") && !str_eq(c->zone->type, "evpn"))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: snat: only zones of type simple and evpn route, %s is of type %s",
			c->spec->label, c->zone->id, c->zone->type);
	if (n->snat && !n->gateway)
		return pxc_fail(err, PXC_EINVAL, "%s: snat needs the subnet's gateway",
				c->spec->label);
	if (check_dhcp(c, n, err) < 0 || check_address(c, n, "gateway", n->gateway, err) < 0 ||
	    check_address(c, n, "dns", n->dns, err) < 0 || check_nodes(c, n, err) < 0)
		return -1;
	return check_ranges(c, n, err);
}

static void overlay(struct sdn_subnet *n, const struct network_subnet *s)
{
	if (s->gateway)
		n->gateway = or_none(s->gateway);
	if (s->dns)
		n->dns = or_none(s->dns);
	if (s->dns_prefix)
		n->dns_prefix = or_none(s->dns_prefix);
	if (s->snat >= 0)
		n->snat = s->snat;
	if (s->ranges_named) {
		n->ranges = s->ranges;
		n->nranges = s->nranges;
	}
}

int network_want_subnets(struct network_case *c, struct pxc_err *err)
{
	const struct network_spec *s = c->spec;
	size_t have = c->have ? c->have->nsubnets : 0;

	c->want.subnets =
		arena_alloc(c->run->arena, (have + s->nsubnets + 1) * sizeof(*c->want.subnets));
	c->want.nsubnets = 0;
	for (size_t i = 0; i < have; i++) {
		const struct network_subnet *n = named(s, &c->have->subnets[i].cidr);

		if (n ? n->absent : s->subnets_exact)
			continue;
		c->want.subnets[c->want.nsubnets] = c->have->subnets[i];
		if (n)
			overlay(&c->want.subnets[c->want.nsubnets], n);
		c->want.nsubnets++;
	}
	for (size_t i = 0; i < s->nsubnets; i++) {
		struct sdn_subnet *n = &c->want.subnets[c->want.nsubnets];
		bool there = false;

		for (size_t k = 0; k < have; k++)
			there |= network_same_cidr(&c->have->subnets[k].cidr, &s->subnets[i].cidr);
		if (there || s->subnets[i].absent)
			continue;
		*n = (struct sdn_subnet){ .cidr = s->subnets[i].cidr };
		n->id = subnet_id(c, &n->cidr);
		overlay(n, &s->subnets[i]);
		c->want.nsubnets++;
	}
	for (size_t i = 0; i < c->want.nsubnets; i++)
		if (check_subnet(c, &c->want.subnets[i], err) < 0)
			return -1;
	return 0;
}
