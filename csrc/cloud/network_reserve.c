/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses of a network that are kept for something outside of VMs. */
#include "base/str.h"
#include "cloud/network_parts.h"

/* Is the range free of cards, gateways and what is kept already? Else the last address in the way. */
static bool range_is_free(const struct network_case *c, const struct sdn_subnet *n,
			  const struct net_range *r, struct net_ip *ret_last)
{
	struct net_ip ip;
	bool is_free = true;

	for (size_t i = 0; i < c->want.nreserves; i++)
		if (range_overlaps(&c->want.reserves[i].range, r)) {
			*ret_last = c->want.reserves[i].range.last;
			return false;
		}
	if (n->gateway && ip_parse(n->gateway, &ip) && range_has(r, &ip)) {
		*ret_last = ip;
		is_free = false;
	}
	if (n->dns && ip_parse(n->dns, &ip) && range_has(r, &ip)) {
		*ret_last = ip;
		is_free = false;
	}
	for (size_t i = 0; c->have && i < c->run->nw->nuses; i++) {
		const struct network_use *u = &c->run->nw->uses[i];

		for (size_t k = 0; str_eq(u->vnet, c->have->id) && k < u->nips; k++)
			if (range_has(r, &u->ips[k])) {
				*ret_last = u->ips[k];
				is_free = false;
			}
	}
	return is_free;
}

/* The lowest run of count free addresses within a range. */
static bool find_run(const struct network_case *c, const struct sdn_subnet *n,
		     const struct net_range *in, unsigned count, struct net_range *ret)
{
	struct net_ip first = in->first;

	for (;;) {
		struct net_range r = { first, first };
		struct net_ip blocker;

		for (unsigned i = 1; i < count; i++)
			if (!ip_next(&r.last))
				return false;
		if (!range_has(in, &r.last))
			return false;
		*ret = r;
		if (range_is_free(c, n, &r, &blocker))
			return true;
		first = blocker;
		if (ip_order(&first, &r.first) < 0 || !ip_next(&first))
			return false;
	}
}

static int choose_run(struct network_case *c, const struct network_reserve *s,
		      struct net_range *ret, struct pxc_err *err)
{
	for (size_t i = 0; i < c->want.nsubnets; i++) {
		const struct sdn_subnet *n = &c->want.subnets[i];
		struct net_range all = cidr_hosts(&n->cidr);

		if (n->nranges == 0 && find_run(c, n, &all, s->count, ret))
			return 0;
		for (size_t k = 0; k < n->nranges; k++)
			if (find_run(c, n, &n->ranges[k], s->count, ret))
				return 0;
	}
	return pxc_fail(err, PXC_EINVAL, "%s: reserve %s: nowhere are %u addresses free in a row",
			c->spec->label, s->name, s->count);
}

static int take_named(struct network_case *c, const struct network_reserve *s,
		      struct net_range *ret, struct pxc_err *err)
{
	const struct sdn_subnet *n = sdn_subnet_of(&c->want, &s->range.first);
	char text[2 * IP_TEXT], ip[IP_TEXT];
	struct net_ip blocker;

	range_format(&s->range, text);
	if (!n || !cidr_contains(&n->cidr, &s->range.last))
		return pxc_fail(err, PXC_EINVAL, "%s: reserve %s: %s lies in no subnet",
				c->spec->label, s->name, text);
	if (!range_is_free(c, n, &s->range, &blocker)) {
		ip_format(&blocker, ip);
		return pxc_fail(err, PXC_EINVAL,
				"%s: reserve %s: of %s, %s is in use or kept already",
				c->spec->label, s->name, text, ip);
	}
	*ret = s->range;
	return 0;
}

static const struct network_reserve *named_reserve(const struct network_spec *s, const char *name)
{
	for (size_t i = 0; i < s->nreserves; i++)
		if (str_eq(s->reserves[i].name, name))
			return &s->reserves[i];
	return NULL;
}

/* Does what is there already say what the task does? A number of addresses is kept where it is. */
static bool keeps(const struct sdn_reserve *have, const struct network_reserve *s)
{
	if (s->absent)
		return false;
	if (s->count)
		return range_size(&have->range) == s->count;
	return ip_order(&have->range.first, &s->range.first) == 0 &&
	       ip_order(&have->range.last, &s->range.last) == 0;
}

int network_want_reserves(struct network_case *c, struct pxc_err *err)
{
	const struct network_spec *s = c->spec;
	size_t have = c->have ? c->have->nreserves : 0;

	c->want.reserves =
		arena_alloc(c->run->arena, (have + s->nreserves + 1) * sizeof(*c->want.reserves));
	c->want.nreserves = 0;
	for (size_t i = 0; i < have; i++) {
		const struct sdn_reserve *r = &c->have->reserves[i];
		const struct network_reserve *n = named_reserve(s, r->name);

		if (n ? keeps(r, n) : !s->reserves_exact)
			c->want.reserves[c->want.nreserves++] = *r;
	}
	for (size_t i = 0; i < s->nreserves; i++) {
		const struct network_reserve *n = &s->reserves[i];
		struct net_range range;
		bool there = n->absent;

		for (size_t k = 0; k < c->want.nreserves; k++)
			there |= str_eq(c->want.reserves[k].name, n->name);
		if (there)
			continue;
		if ((n->count ? choose_run(c, n, &range, err) : take_named(c, n, &range, err)) < 0)
			return -1;
		c->want.reserves[c->want.nreserves++] = (struct sdn_reserve){ n->name, range };
	}
	return 0;
}
