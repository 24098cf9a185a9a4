/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Network cards: overlays what the user named on what is there, and keeps all else; and what cloud-init is told of them. */
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/props.h"
#include "cloud/vm_parts.h"

#define DEFAULT_MODEL "virtio"

static const char *const card_defaults[][2] = {
	{ "firewall", "0" },
	{ "link_down", "0" },
	{ "tag", "0" },
};

/* In an ipconfigN, by family. */
static const char *const ip_keys[VM_FAMILIES] = { "ip", "ip6" };
static const char *const gateway_keys[VM_FAMILIES] = { "gw", "gw6" };

/* --- the card --------------------------------------------------------------------------------------------- */

/* Send want unless the card there means the same; have NULL = there is none. */
static void set_card(struct vm_change *ret, const char *key, json_t *have, json_t *want)
{
	auto_free char *a = NULL, *b = NULL;

	props_normalise(have, card_defaults, ARRAY_SIZE(card_defaults));
	props_normalise(want, card_defaults, ARRAY_SIZE(card_defaults));
	a = have ? prop_print_net(have) : NULL;
	b = prop_print_net(want);
	if (!vm_same(key, a, b))
		vm_set(ret, key, b);
}

/* Must its MAC address be known before PVE makes one up: for the seed, or for PVE's own list? */
static bool needs_mac(const struct vm_case *c, const struct vm_card *card)
{
	return c->seeded || (card && card->to && vm_ipam_zone(c, card->to));
}

/* A zone whose frames are longer, or may be: guests must not send what does not fit. */
static bool is_narrow(const struct vm_case *c, const struct sdn_vnet *v)
{
	const struct sdn_zone *z = sdn_zone(c->vw->sdn, v->zone);

	return z && (sdn_option(z, "mtu") || str_eq(z->type, "vxlan") || str_eq(z->type, "evpn") ||
		     str_eq(z->type, "qinq"));
}

static int plug(const struct vm_case *c, const struct vm_net *net, const char *key, json_t *obj,
		struct pxc_err *err)
{
	const char *bridge = vm_net_bridge(c, net);

	if (bridge) {
		(void)json_object_set_new(obj, "bridge", json_string(bridge));
	} else if (!json_object_get(obj, "bridge")) {
		if (!c->w->registry.bridge)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: %s needs a bridge or a network, and the cloud has no default "
				"bridge (pxc_cloud: bridge)",
				c->spec->label, key);
		(void)json_object_set_new(obj, "bridge", json_string(c->w->registry.bridge));
	}
	return 0;
}

static const char *tag_of(const json_t *card)
{
	const char *tag = json_string_value(json_object_get(card, "tag"));

	return str_eq(tag, "0") ? NULL : tag;
}

static const char *bridge_of(const json_t *card)
{
	return json_string_value(json_object_get(card, "bridge"));
}

/*
 * What is not named of a card stays, so that a name which is asked for nothing may lead to a bridge or a VLAN that is: members get
 * to networks, to the cloud's own bridge, and nowhere else that the card is not already.
 */
static int check_place(const struct vm_case *c, const struct vm_card *card, const char *key,
		       const json_t *old, const json_t *want, struct pxc_err *err)
{
	const char *bridge = bridge_of(want), *tag = tag_of(want);
	bool stays = old && str_eq(bridge, bridge_of(old)) && str_eq(tag, tag_of(old));

	if (!c->w->tenant || stays ||
	    (!tag && ((card && card->to) || str_eq(bridge, c->w->registry.bridge))))
		return 0;
	(void)pxc_fail(
		err, PXC_EDENIED,
		"policy: %s: %s would be on bridge %s%s%s, which takes an admin of the cloud",
		c->spec->label, key, bridge, tag ? " with VLAN tag " : "", tag ? tag : "");
	err->http = 403;
	return -1;
}

static int want_card(const struct vm_case *c, const struct vm_net *net, const json_t *base,
		     struct vm_change *ret, struct pxc_err *err)
{
	struct vm_card *card = c->cards ? &c->cards[net->slot] : NULL;
	json_auto_t *old = NULL, *obj = NULL;
	const char *have, *model;
	char key[16];

	(void)vm_card_key(key, "net", net->slot);
	have = vm_text(base, key);
	old = have ? prop_parse_net(have) : NULL;
	obj = old ? json_copy(old) : json_object();
	if (have && !old)
		return pxc_fail(err, PXC_EREMOTE, "%s: %s reads \"%s\", which is no network card",
				c->spec->label, key, have);
	/* A clone must not share its template's address. */
	if (c->template && !c->have)
		(void)json_object_del(obj, "macaddr");
	props_overlay(obj, net->props);
	if (!json_object_get(obj, "model"))
		(void)json_object_set_new(obj, "model", json_string(DEFAULT_MODEL));
	if (needs_mac(c, card) && !json_object_get(obj, "macaddr")) {
		auto_free char *mac = vm_new_mac(c, net->slot);

		(void)json_object_set_new(obj, "macaddr", json_string(mac));
	}
	if (card && json_object_get(obj, "macaddr"))
		card->mac =
			arena_strdup(c->arena, json_string_value(json_object_get(obj, "macaddr")));
	model = json_string_value(json_object_get(obj, "model"));
	if (card && vm_card_arrives(card) && is_narrow(c, card->to) &&
	    str_eq(model, DEFAULT_MODEL) && !json_object_get(obj, "mtu") &&
	    !json_object_get(net->props, "mtu"))
		(void)json_object_set_new(obj, "mtu", json_string("1"));
	if (plug(c, net, key, obj, err) < 0 || check_place(c, card, key, old, obj, err) < 0)
		return -1;
	set_card(ret, key, old, obj);
	return 0;
}

/* --- what cloud-init is told ------------------------------------------------------------------------------ */

static bool is_removed(const struct vm_change *change, const char *key)
{
	size_t i;
	json_t *gone;

	json_array_foreach (change->remove, i, gone)
		if (str_eq(json_string_value(gone), key))
			return true;
	return false;
}

/* Has another card a default route of the family, or may it get one from its network? */
static bool is_routed(const json_t *base, const struct vm_change *change, unsigned slot,
		      unsigned family)
{
	for (unsigned k = 0; k < CARDS; k++) {
		json_auto_t *parts = NULL;
		const char *text, *word;
		char key[16];

		(void)vm_card_key(key, "ipconfig", k);
		if (k == slot || is_removed(change, key))
			continue;
		text = vm_text(change->set, key) ? vm_text(change->set, key) : vm_text(base, key);
		parts = text ? prop_parse(text, NULL) : NULL;
		word = json_string_value(json_object_get(parts, ip_keys[family]));
		if (json_object_get(parts, gateway_keys[family]) || str_eq(word, "dhcp") ||
		    str_eq(word, "auto"))
			return true;
	}
	return false;
}

/* An address with its prefix is told anew; the first card also gets the way out. */
static void tell_address(const struct vm_ip *ip, unsigned family, bool routed, json_t *obj)
{
	char text[IP_TEXT];

	ip_format(&ip->ip, text);
	(void)json_object_set_new(
		obj, ip_keys[family],
		json_sprintf("%s/%u", text, ip->subnet ? ip->subnet->cidr.prefix : ip->ip.bits));
	if (!ip->fresh)
		return;
	(void)json_object_del(obj, gateway_keys[family]);
	if (ip->subnet && ip->subnet->gateway && !routed)
		(void)json_object_set_new(obj, gateway_keys[family],
					  json_string(ip->subnet->gateway));
}

/* Cloned, but its configuration is not written yet: it still says what the template's did. */
static bool is_half_made(const struct vm_case *c)
{
	return c->have && str_eq(annot_get(&c->have->notes.annot, "op"), VM_OP_CLONE);
}

static void tell_network(const struct vm_case *c, const struct vm_card *card, const json_t *base,
			 const struct vm_change *change, json_t *obj)
{
	const struct vm_net *n = card->net;
	bool anew = is_half_made(c);

	for (unsigned f = 0; f < VM_FAMILIES; f++) {
		struct vm_ip ip = card->ip[f];
		json_t *gateway = json_object_get(n->ipconfig, gateway_keys[f]);

		ip.fresh |= anew;
		if (ip.ip.bits && (ip.fresh || ip.wish == VM_IP_FIXED)) {
			tell_address(&ip, f, is_routed(base, change, n->slot, f), obj);
		} else if (ip.wish == VM_IP_WORD) {
			(void)json_object_set(obj, ip_keys[f],
					      json_object_get(n->ipconfig, ip_keys[f]));
			(void)json_object_del(obj, gateway_keys[f]);
		} else if (ip.wish == VM_IP_NONE) {
			(void)json_object_del(obj, ip_keys[f]);
			(void)json_object_del(obj, gateway_keys[f]);
		}
		if (json_is_string(gateway) && json_object_get(obj, ip_keys[f]))
			(void)json_object_set(obj, gateway_keys[f], gateway);
		else if (gateway)
			(void)json_object_del(obj, gateway_keys[f]);
	}
}

/* On a bridge nobody knows the prefix but the user. */
static int tell_bridge(const struct vm_case *c, const struct vm_net *n, json_t *obj,
		       struct pxc_err *err)
{
	props_overlay(obj, n->ipconfig);
	for (unsigned f = 0; f < VM_FAMILIES; f++) {
		const char *text = json_string_value(json_object_get(n->ipconfig, ip_keys[f]));
		struct net_ip ip;

		if (str_eq(text, "none")) {
			(void)json_object_del(obj, ip_keys[f]);
			(void)json_object_del(obj, gateway_keys[f]);
		}
		if (text && ip_parse(text, &ip))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: net%u: \"%s\" is no IPv%d address with its prefix, nor dhcp",
				c->spec->label, n->slot, text, f == VM_IPV4 ? 4 : 6);
	}
	return 0;
}

static int want_ipconfig(const struct vm_case *c, const struct vm_net *net, const json_t *base,
			 struct vm_change *ret, struct pxc_err *err)
{
	const struct vm_card *card = c->cards ? &c->cards[net->slot] : NULL;
	bool on_network = card && card->to, leaves = card && card->from && !card->to;
	bool blank = on_network && (card->from != card->to || is_half_made(c));
	json_auto_t *obj = NULL;
	auto_free char *text = NULL;
	const char *have;
	char key[16];

	if (!on_network && !leaves && !net->ipconfig)
		return 0;
	(void)vm_card_key(key, "ipconfig", net->slot);
	have = vm_text(base, key);
	/* What was said of another network does not hold on this one. */
	obj = have && !blank && !leaves ? prop_parse(have, NULL) : NULL;
	if (!obj)
		obj = json_object();
	if (on_network)
		tell_network(c, card, base, ret, obj);
	else if (tell_bridge(c, net, obj, err) < 0)
		return -1;
	if (json_object_size(obj) == 0) {
		if (have)
			vm_remove(ret, key);
		return 0;
	}
	text = prop_print(obj, NULL);
	if (!vm_same(key, have, text))
		vm_set(ret, key, text);
	return 0;
}

/* Name servers of the subnets in which the VM gets addresses, when it has none at all. */
void vm_want_dns(const struct vm_case *c, const json_t *base, struct vm_change *ret)
{
	auto_free char *list = NULL;

	if (!c->cards || vm_text(base, "nameserver") ||
	    json_object_get(c->spec->config, "nameserver"))
		return;
	for (unsigned slot = 0; slot < CARDS; slot++)
		for (unsigned f = 0; f < VM_FAMILIES; f++) {
			const struct vm_ip *ip = &c->cards[slot].ip[f];
			const char *dns = ip->fresh && ip->subnet ? ip->subnet->dns : NULL;
			char *longer;

			if (!dns || (list && strstr(list, dns)))
				continue;
			longer = pxc_printf("%s%s%s", list ? list : "", list ? " " : "", dns);
			free(list);
			list = longer;
		}
	if (list)
		vm_set(ret, "nameserver", list);
}

/* --- all cards -------------------------------------------------------------------------------------------- */

static const struct vm_net *named_slot(const struct vm_spec *s, unsigned slot)
{
	for (size_t i = 0; i < s->nnets; i++)
		if (s->nets[i].slot == slot)
			return &s->nets[i];
	return NULL;
}

static void remove_net(const json_t *base, unsigned slot, struct vm_change *ret)
{
	char key[16];

	(void)vm_card_key(key, "net", slot);
	if (vm_text(base, key))
		vm_remove(ret, key);
	(void)vm_card_key(key, "ipconfig", slot);
	if (vm_text(base, key))
		vm_remove(ret, key);
}

/* In the order of the slots: the first card that has a gateway gets the default route. */
int vm_want_nets(const struct vm_case *c, const json_t *base, struct vm_change *ret,
		 struct pxc_err *err)
{
	for (unsigned slot = 0; slot < CARDS; slot++) {
		const struct vm_net *n = named_slot(c->spec, slot);

		if (n ? n->absent : c->spec->nets_exact)
			remove_net(base, slot, ret);
		else if (n && (want_card(c, n, base, ret, err) < 0 ||
			       want_ipconfig(c, n, base, ret, err) < 0))
			return -1;
	}
	return 0;
}
