/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What does not fit together about the addresses of a network. */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/propstr.h"
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

/* Set of the MAC addresses of cards on the vnet. New reference. */
static json_t *macs_on(const struct network_uses *u, const char *vnet)
{
	json_t *set = json_object();

	for (size_t i = 0; i < u->n; i++)
		if (u->list[i].mac && str_eq(u->list[i].vnet, vnet))
			(void)json_object_set_new(set, u->list[i].mac, json_true());
	return set;
}

static bool all_read(const struct network_view *nv, const struct sdn_vnet *v)
{
	for (size_t i = 0; i < nv->uses->nunread; i++)
		if (network_use_possible(nv->w, v, nv->uses->unread[i].guest))
			return false;
	return true;
}

/* PVE registers an address for a card. When the card has gone without it, nobody ever gets the address again. */
static void find_leaks(json_t *drift, const struct network_view *nv, const struct sdn_vnet *v)
{
	json_auto_t *macs = NULL;
	size_t i;
	json_t *row;

	if (!json_array_size(nv->ipam) || !all_read(nv, v))
		return;
	macs = macs_on(nv->uses, v->id);
	json_array_foreach (nv->ipam, i, row) {
		const char *ip = text(row, "ip");
		char mac[MAC_TEXT];

		if (!str_eq(text(row, "vnet"), v->id) || !ip || !text(row, "mac") ||
		    !mac_parse(text(row, "mac"), mac) || json_object_get(macs, mac))
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

/* ---- of one VM ---- */

/* The bridge or vnet that a card is plugged into. New string; NULL: there is no such card. */
static char *bridge_of(const struct vm_seen *x, unsigned slot)
{
	json_auto_t *parts = NULL;
	const char *card;
	char key[16];

	(void)snprintf(key, sizeof(key), "net%u", slot);
	card = text(x->config, key);
	parts = card ? prop_parse_net(card) : NULL;
	return text(parts, "bridge") ? pxc_strdup(text(parts, "bridge")) : NULL;
}

void network_vm_drift(const struct sdn *s, const struct vm_seen *x, json_t *drift)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	const struct annot *block = &x->notes.annot;

	for (unsigned slot = 0; vm_owns_block(x) && slot < CARDS; slot++) {
		auto_free char *bridge = bridge_of(x, slot);
		const struct sdn_vnet *noted, *plug = bridge ? sdn_vnet(s, bridge) : NULL;
		const char *name, *on = plug ? sdn_label(&arena, plug) : bridge;
		struct net_ip ips[2];

		if (!network_entry(block, slot, &arena, &name, ips))
			continue;
		noted = network_entry_vnet(s, annot_get(block, "project"), name);
		/* That the card is gone is told by the VM itself. */
		if (!noted)
			say(drift, json_sprintf("net%u: there is no network %s%s%s", slot, name,
						on ? ", it is plugged into " : "", on ? on : ""));
		else if (on && noted != plug)
			say(drift, json_sprintf("net%u is plugged into %s, not into network %s",
						slot, on, name));
	}
}
