/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the result and the diff show of a network. */
#include <string.h>

#include "base/str.h"
#include "cloud/network.h"

static void put(json_t *object, const char *key, const char *text)
{
	if (text && *text)
		(void)json_object_set_new(object, key, json_string(text));
}

/* The blank in front of the token is not the human's. */
static void put_description(json_t *object, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	while (len && text[len - 1] == ' ')
		len--;
	if (len)
		(void)json_object_set_new(object, "description", json_stringn(text, len));
}

static json_t *ranges(const struct net_range *list, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++) {
		char text[2 * IP_TEXT];

		range_format(&list[i], text);
		(void)json_array_append_new(all, json_string(text));
	}
	return all;
}

static json_t *subnets(const struct sdn_vnet *v)
{
	json_t *all = json_array();

	for (size_t i = 0; i < v->nsubnets; i++) {
		const struct sdn_subnet *n = &v->subnets[i];
		char cidr[IP_TEXT + 4];
		json_t *one;

		cidr_format(&n->cidr, cidr);
		one = json_pack("{s:s,s:b,s:o}", "cidr", cidr, "snat", (int)n->snat, "ranges",
				ranges(n->ranges, n->nranges));
		put(one, "gateway", n->gateway);
		put(one, "dns", n->dns);
		put(one, "dns_prefix", n->dns_prefix);
		(void)json_array_append_new(all, one);
	}
	return all;
}

static json_t *reserves(const struct sdn_vnet *v)
{
	json_t *all = json_object();

	for (size_t i = 0; i < v->nreserves; i++) {
		char text[2 * IP_TEXT];

		range_format(&v->reserves[i].range, text);
		(void)json_object_set_new(all, v->reserves[i].name, json_string(text));
	}
	return all;
}

json_t *network_item(const struct sdn *s, const struct sdn_vnet *v)
{
	const struct sdn_zone *zone = sdn_zone(s, v->zone);
	json_t *item =
		json_pack("{s:s,s:s,s:b,s:b,s:o,s:o}", "vnet", v->id, "zone", v->zone, "vlan_aware",
			  (int)v->vlan_aware, "isolate_ports", (int)v->isolate_ports, "subnets",
			  subnets(v), "reserved", reserves(v));
	json_t *shared = json_array();

	put(item, "name", v->name);
	put(item, "project", v->project);
	put(item, "kind", !v->ours ? NULL : v->provider ? "provider" : "project");
	put(item, "zone_type", zone ? zone->type : NULL);
	put_description(item, v->notes.before);
	if (v->tag)
		(void)json_object_set_new(item, "tag", json_integer(v->tag));
	for (size_t i = 0; v->shared && v->shared[i]; i++)
		(void)json_array_append_new(shared, json_string(v->shared[i]));
	(void)json_object_set_new(item, "shared_with", shared);
	return item;
}
