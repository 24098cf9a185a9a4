/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/network_free.h"

static void take_text(struct address_set *set, const char *text)
{
	struct net_ip ip;

	if (text && ip_parse(text, &ip))
		(void)!address_take(set, &ip);
}

void network_take_kept(struct address_set *set, const struct sdn_vnet *v)
{
	struct net_range *kept = arena_alloc(set->arena, (v->nreserves + 1) * sizeof(*kept));

	for (size_t i = 0; i < v->nreserves; i++)
		kept[i] = v->reserves[i].range;
	address_fill(set, kept, v->nreserves);
	for (size_t i = 0; i < v->nsubnets; i++) {
		const struct sdn_subnet *s = &v->subnets[i];
		struct net_range all = cidr_range(&s->cidr), hosts = cidr_hosts(&s->cidr);

		take_text(set, s->gateway);
		take_text(set, s->dns);
		if (!range_has(&hosts, &all.first))
			(void)!address_take(set, &all.first);
		if (!range_has(&hosts, &all.last))
			(void)!address_take(set, &all.last);
	}
}

const struct net_range *network_ranges(const struct sdn_subnet *s, struct net_range *hosts,
				       size_t *ret_n)
{
	*hosts = cidr_hosts(&s->cidr);
	*ret_n = s->nranges ? s->nranges : 1;
	if (s->nranges)
		return s->ranges;
	return s->cidr.ip.bits == 32 ? hosts : NULL;
}
