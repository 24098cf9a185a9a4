/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PVE's own list of addresses (IPAM), where the zone of a network has one. An address is registered before anything says that
 * it is used, and its entry goes before the VM or the block forgets it: a run that was cut off in between leaves the address
 * with its owner, and the next one repeats what is missing. In zones with dhcp PVE itself takes one more for each new MAC
 * address; PVE shows the lists of those only, and the one too many is given back.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/vm_parts.h"

static const char *zone_option(const struct vm_case *c, const struct sdn_vnet *v, const char *key)
{
	const struct sdn_zone *z = sdn_zone(c->vw->sdn, v->zone);

	return z ? sdn_option(z, key) : NULL;
}

bool vm_ipam_zone(const struct vm_case *c, const struct sdn_vnet *v)
{
	return zone_option(c, v, "ipam") != NULL;
}

static bool is_listed(const struct vm_case *c, const struct sdn_vnet *v)
{
	return c->vw->ipam_read && vm_ipam_zone(c, v) && zone_option(c, v, "dhcp");
}

static json_t *lock_names(const char *vnet)
{
	return json_pack("[o]", json_sprintf("net.%s", vnet));
}

static json_t *entry_args(const struct sdn_vnet *v, const struct net_ip *ip, const char *mac)
{
	char text[IP_TEXT];
	json_t *args;

	ip_format(ip, text);
	args = json_pack("{s:s,s:s,s:s,s:o}", "vnet", v->id, "zone", v->zone, "ip", text, "_locks",
			 lock_names(v->id));
	if (*mac)
		(void)json_object_set_new(args, "mac", json_string(mac));
	return args;
}

static void release(struct vm_case *c, const struct sdn_vnet *v, const struct net_ip *ip,
		    const char *mac, const char *what)
{
	char text[IP_TEXT];

	ip_format(ip, text);
	pxc_plan_add(c->plan, VM_IPAM_REMOVE, PXC_QUIET, entry_args(v, ip, mac),
		     "release %s of %s in PVE's IPAM%s", text, sdn_label(c->arena, v), what);
}

static void release_dropped(struct vm_case *c)
{
	for (unsigned slot = 0; slot < CARDS; slot++) {
		const struct vm_card *card = &c->cards[slot];

		for (unsigned f = 0; f < VM_FAMILIES; f++)
			if (vm_card_drops(card, f) && vm_ipam_zone(c, card->from))
				release(c, card->from, &card->ip[f].had, card->mac, "");
	}
}

bool vm_ipam_is_of(const struct vm_ipam *entry, const char *mac)
{
	char x[MAC_TEXT], y[MAC_TEXT];

	return entry->mac && mac_parse(entry->mac, x) && mac_parse(mac, y) && str_eq(x, y);
}

const struct vm_ipam *vm_ipam_entry(const struct vm_case *c, const struct sdn_vnet *v,
				    const struct net_ip *ip)
{
	for (size_t i = 0; i < c->vw->nipam; i++)
		if (str_eq(c->vw->ipam[i].zone, v->zone) && ip_order(&c->vw->ipam[i].ip, ip) == 0)
			return &c->vw->ipam[i];
	return NULL;
}

const struct network_use *vm_ipam_owner(const struct vm_case *c, const struct vm_ipam *entry)
{
	const struct network_uses *u = c->vw->uses;

	for (size_t i = 0; u && i < u->n; i++)
		if (u->list[i].mac && vm_ipam_is_of(entry, u->list[i].mac))
			return &u->list[i];
	return NULL;
}

static void enter(struct vm_case *c, const struct vm_card *card, const struct vm_ip *ip)
{
	const struct vm_ipam *there =
		is_listed(c, card->to) ? vm_ipam_entry(c, card->to, &ip->ip) : NULL;
	const char *label = sdn_label(c->arena, card->to);
	char text[IP_TEXT];

	if (there ? vm_ipam_is_of(there, card->mac) : !ip->fresh && !is_listed(c, card->to))
		return;
	ip_format(&ip->ip, text);
	if (there && (!c->vw->uses || vm_ipam_owner(c, there))) {
		pxc_plan_warn(c->plan, "%s: drift: PVE's IPAM has %s of %s for %s", c->spec->label,
			      text, label, there->mac ? there->mac : "something else");
		return;
	}
	if (there) {
		release(c, card->to, &ip->ip, there->mac ? there->mac : "", ", which no guest has");
	} else if (ip->registered) {
		pxc_plan_warn(
			c->plan,
			"%s: %s of %s is registered in PVE's IPAM already, though no guest has "
			"it: taken all the same, since the task names it",
			c->spec->label, text, label);
		return;
	}
	pxc_plan_add(c->plan, VM_IPAM_ADD, PXC_QUIET, entry_args(card->to, &ip->ip, card->mac),
		     "register %s of %s in PVE's IPAM", text, label);
}

/* Beside the address that is reserved for the card, or left on a network that the card is no longer on. */
static bool is_surplus(const struct vm_card *card, const struct vm_ipam *e)
{
	const struct vm_ip *ip = &card->ip[e->ip.bits == 128 ? VM_IPV6 : VM_IPV4];

	if (ip_order(&ip->ip, &e->ip) == 0 || ip_order(&ip->had, &e->ip) == 0)
		return false;
	return ip->ip.bits || !str_eq(e->vnet, card->to->id);
}

/* What PVE has taken for the card, which has a MAC address of its own in its zone. */
static void release_surplus(struct vm_case *c, const struct vm_card *card)
{
	for (size_t i = 0; is_listed(c, card->to) && i < c->vw->nipam; i++) {
		const struct vm_ipam *e = &c->vw->ipam[i];
		const struct sdn_vnet *v = e->vnet ? sdn_vnet(c->vw->sdn, e->vnet) : NULL;

		if (v && str_eq(e->zone, card->to->zone) && vm_ipam_is_of(e, card->mac) &&
		    is_surplus(card, e))
			release(c, v, &e->ip, card->mac, ", which PVE took beside");
	}
}

void vm_ipam_steps(struct vm_case *c)
{
	if (!c->cards)
		return;
	for (unsigned slot = 0; slot < CARDS; slot++) {
		const struct vm_card *card = &c->cards[slot];
		bool fixed = card->ip[VM_IPV4].ip.bits || card->ip[VM_IPV6].ip.bits;

		if (!card->to || !vm_ipam_zone(c, card->to))
			continue;
		for (unsigned f = 0; f < VM_FAMILIES; f++)
			if (card->ip[f].ip.bits)
				enter(c, card, &card->ip[f]);
		release_surplus(c, card);
		/* What PVE takes by itself can only be seen, and given back, when it has done so. */
		if (vm_card_arrives(card) && (fixed || card->from) &&
		    zone_option(c, card->to, "dhcp"))
			c->plan->again = true;
	}
	release_dropped(c);
}

void vm_ipam_release(struct vm_case *c)
{
	if (c->cards)
		release_dropped(c);
}

static void append_unique(json_t *list, json_t *name_new)
{
	size_t i;
	json_t *have;

	json_array_foreach (list, i, have)
		if (json_equal(have, name_new)) {
			json_decref(name_new);
			return;
		}
	(void)json_array_append_new(list, name_new);
}

void vm_net_locks(const struct vm_case *c, json_t *args)
{
	json_t *list = json_array();

	for (unsigned slot = 0; c->cards && slot < CARDS; slot++) {
		const struct vm_card *card = &c->cards[slot];

		/* Also without an address: a network is not removed while a card is plugged into it. */
		if (vm_card_arrives(card) || vm_card_takes(card))
			append_unique(list, json_sprintf("net.%s", card->to->id));
		if (vm_card_takes(card))
			append_unique(list, json_sprintf("project.%s", c->spec->project));
	}
	if (json_array_size(list))
		(void)json_object_set(args, "_locks", list);
	json_decref(list);
}
