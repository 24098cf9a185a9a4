/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What does not fit together about the addresses of a network. */
#include "base/buf.h"
#include "base/str.h"
#include "cloud/network_info.h"

static void say(json_t *list, json_t *sentence_new)
{
	(void)json_array_append_new(list, sentence_new);
}

/* Two guests with one address, which only one of them can have. The list is sorted by address. */
static void find_doubles(json_t *drift, const struct network_view *nv,
			 const struct network_address *list, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		auto_buf struct pxc_buf who = { .data = NULL };
		char ip[IP_TEXT];

		for (end = i; end < n && ip_order(&list[end].ip, &list[i].ip) == 0; end++)
			buf_printf(&who, "%s%s", end > i ? " and " : "",
				   network_who(nv, list[end].use));
		ip_format(&list[i].ip, ip);
		if (end - i > 1)
			say(drift, json_sprintf("%s is the address of %s", ip, buf_str(&who)));
	}
}

static bool has_family(const struct sdn_vnet *v, const struct net_ip *ip)
{
	for (size_t i = 0; i < v->nsubnets; i++)
		if (v->subnets[i].cidr.ip.bits == ip->bits)
			return true;
	return false;
}

/* Nobody says what addresses there are on a network without subnets. */
static void find_strangers(json_t *drift, const struct network_view *nv, const struct sdn_vnet *v,
			   const struct network_address *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char ip[IP_TEXT];

		if (!has_family(v, &list[i].ip) || sdn_subnet_of(v, &list[i].ip))
			continue;
		ip_format(&list[i].ip, ip);
		say(drift,
		    json_sprintf("%s of %s lies in no subnet", ip, network_who(nv, list[i].use)));
	}
}

static const char *text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static bool has_card(const struct network_view *nv, const char *vnet, const char *mac)
{
	auto_buf struct pxc_buf key = { .data = NULL };

	buf_printf(&key, "%s/%s", vnet, mac);
	return json_object_get(nv->cards, buf_str(&key)) != NULL;
}

/* PVE registers an address for a card. When the card has gone without it, nobody ever gets the address again. */
static void find_leaks(json_t *drift, const struct network_view *nv, const struct sdn_vnet *v)
{
	size_t i;
	json_t *row;

	json_array_foreach (nv->ipam, i, row) {
		const char *vnet = text(row, "vnet"), *ip = text(row, "ip");
		char mac[MAC_TEXT];

		if (!vnet || !ip || !str_eq(vnet, v->id) || !text(row, "mac") ||
		    !mac_parse(text(row, "mac"), mac) || has_card(nv, vnet, mac))
			continue;
		say(drift, json_sprintf("%s is registered in PVE's IPAM for %s, a card that no "
					"guest has on this network",
					ip, mac));
	}
}

json_t *network_drift(const struct network_view *nv, const struct sdn_vnet *v,
		      const struct network_address *list, size_t n)
{
	json_t *drift = json_array();

	find_doubles(drift, nv, list, n);
	find_strangers(drift, nv, v, list, n);
	find_leaks(drift, nv, v);
	return drift;
}
