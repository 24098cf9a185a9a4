/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which network each card is on, and is to be on. What was reserved for it stands in the block; the configuration says what is
 * plugged in. Where the two differ the block counts and the difference is told, until a task names the card.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/vm_parts.h"

const char *vm_card_key(char out[16], const char *what, unsigned slot)
{
	(void)snprintf(out, 16, "%s%u", what, slot);
	return out;
}

/* A part of the card in the configuration, or NULL. In the arena. */
static const char *card_part(const struct vm_case *c, const json_t *config, unsigned slot,
			     const char *part)
{
	char key[16];
	const char *text = vm_text(config, vm_card_key(key, "net", slot));
	json_auto_t *parts = text ? prop_parse_net(text) : NULL;

	return arena_strdup(c->arena, json_string_value(json_object_get(parts, part)));
}

bool vm_card_plugged(const json_t *config, unsigned slot)
{
	char key[16];

	return vm_text(config, vm_card_key(key, "net", slot)) != NULL;
}

/* The network of ours that this vnet is; NULL: another one, or a bridge. */
static const struct sdn_vnet *ours(const struct vm_case *c, const char *bridge)
{
	const struct sdn_vnet *v = bridge ? sdn_vnet(c->vw->sdn, bridge) : NULL;

	return v && v->ours ? v : NULL;
}

static bool holds(const struct sdn_vnet *v, const struct net_ip ips[VM_FAMILIES])
{
	for (unsigned f = 0; v && f < VM_FAMILIES; f++)
		if (ips[f].bits && sdn_subnet_of(v, &ips[f]))
			return true;
	return false;
}

/* Names of networks change, and others may get them: what is plugged in counts when the addresses are of its subnets. */
static const struct sdn_vnet *noted(const struct vm_case *c, const char *name,
				    const struct sdn_vnet *plug,
				    const struct net_ip ips[VM_FAMILIES])
{
	const struct sdn_vnet *called = network_entry_vnet(c->vw->sdn, c->spec->project, name);
	bool bare = !ips[VM_IPV4].bits && !ips[VM_IPV6].bits;

	if (plug && (!called || bare || (holds(plug, ips) && !holds(called, ips))))
		return plug;
	return called;
}

/* What the card has until now. */
static void note_past(struct vm_case *c, unsigned slot)
{
	struct vm_card *card = &c->cards[slot];
	const struct vm_seen *x = c->have;
	struct net_ip ips[VM_FAMILIES];
	const char *name = NULL, *bridge, *hotplug;
	char key[16];

	card->mac = "";
	if (!x)
		return;
	bridge = card_part(c, x->config, slot, "bridge");
	if (card_part(c, x->config, slot, "macaddr"))
		card->mac = card_part(c, x->config, slot, "macaddr");
	card->entry = network_entry(&x->notes.annot, slot, c->arena, &name, ips);
	if (!card->entry)
		network_ipconfig(vm_text(x->config, vm_card_key(key, "ipconfig", slot)), ips);
	card->from = card->entry ? noted(c, name, ours(c, bridge), ips) : ours(c, bridge);
	for (unsigned f = 0; f < VM_FAMILIES; f++)
		if (card->entry ||
		    (card->from && ips[f].bits && sdn_subnet_of(card->from, &ips[f])))
			card->ip[f].had = ips[f];
	hotplug = vm_text(x->current, "hotplug");
	card->lingers = vm_runs(c) && vm_card_plugged(x->current, slot) &&
			!vm_hotplugs(vm_card_key(key, "net", slot), hotplug);
}

static bool is_gone(const struct vm_case *c, unsigned slot)
{
	const struct vm_card *card = &c->cards[slot];

	if (c->spec->absent || (card->net ? card->net->absent : c->spec->nets_exact))
		return true;
	return !card->net && c->have && !vm_card_plugged(c->have->config, slot);
}

/* The vnet of a network is no way round the question whose it is. */
static int check_bridge(const struct vm_case *c, unsigned slot, const char *bridge,
			struct pxc_err *err)
{
	const struct sdn_vnet *v = ours(c, bridge);

	if (!v || sdn_may_use(v, c->spec->project))
		return 0;
	return pxc_fail(err, PXC_EINVAL, "%s: net%u: no bridge %s that project %s may use",
			c->spec->label, slot, bridge, c->spec->project);
}

/* Where the card is to be. What is neither named nor known by the block stays whatever it is. */
static int find_target(struct vm_case *c, unsigned slot, struct pxc_err *err)
{
	struct vm_card *card = &c->cards[slot];
	const struct vm_net *n = card->net;
	const struct sdn_vnet *v = NULL;

	card->goes = is_gone(c, slot);
	card->lingers = card->lingers && card->goes && !c->spec->absent;
	if (card->goes)
		return 0;
	if (n && n->network) {
		/* What was made in PVE itself is nobody's: only admins know what it is for. */
		if (sdn_network_find(c->vw->sdn, c->spec->project, n->network, &v, err) < 0 ||
		    (!v->ours && c->w->tenant &&
		     sdn_network_missing(c->vw->sdn, c->spec->project, n->network, err) < 0)) {
			err->kind = PXC_EINVAL;
			return pxc_context(err, "%s: net%u", c->spec->label, slot);
		}
		card->to = v->ours ? v : NULL;
	} else if (n && json_object_get(n->props, "bridge")) {
		if (check_bridge(c, slot, json_string_value(json_object_get(n->props, "bridge")),
				 err) < 0)
			return -1;
	} else {
		card->to = card->from;
	}
	if (!card->entry && card->from && card->to == card->from && n && !n->network &&
	    !n->ipconfig)
		card->from = card->to = NULL;
	return 0;
}

static bool has_subnet(const struct sdn_vnet *v, unsigned family)
{
	for (size_t i = 0; i < v->nsubnets; i++) {
		const struct sdn_subnet *s = &v->subnets[i];

		/* Of IPv6 only ranges that somebody has set: hosts mostly make up their own address. */
		if (family == VM_IPV4 ? s->cidr.ip.bits == 32
				      : s->cidr.ip.bits == 128 && s->nranges > 0)
			return true;
	}
	return false;
}

static bool has_word(const struct vm_case *c, unsigned slot, const char *key)
{
	char name[16];
	const char *text =
		c->have ? vm_text(c->have->config, vm_card_key(name, "ipconfig", slot)) : NULL;
	json_auto_t *parts = text ? prop_parse(text, NULL) : NULL;

	return json_object_get(parts, key) != NULL;
}

/* A card that is on its network already keeps what it has, even if that is no address at all. */
static enum vm_ip_wish unnamed(const struct vm_case *c, unsigned slot, unsigned family)
{
	const struct vm_card *card = &c->cards[slot];
	bool stays = card->from == card->to;

	if (stays && (card->entry || has_word(c, slot, family == VM_IPV4 ? "ip" : "ip6")))
		return VM_IP_KEEP;
	if (!card->net)
		return VM_IP_KEEP;
	return has_subnet(card->to, family) ? VM_IP_AUTO : VM_IP_KEEP;
}

static int refuse_prefix(const struct vm_case *c, const struct vm_card *card,
			 const struct net_cidr *asked, struct pxc_err *err)
{
	const struct sdn_subnet *s = sdn_subnet_of(card->to, &asked->ip);
	char text[CIDR_TEXT], have[CIDR_TEXT];

	if (!s || s->cidr.prefix == asked->prefix)
		return 0;
	cidr_format(asked, text);
	cidr_format(&s->cidr, have);
	return pxc_fail(err, PXC_EINVAL, "%s: net%u: %s: the subnet of %s is %s", c->spec->label,
			card->net->slot, text, sdn_label(c->arena, card->to), have);
}

static int decide(struct vm_case *c, unsigned slot, unsigned family, struct pxc_err *err)
{
	struct vm_card *card = &c->cards[slot];
	struct vm_ip *ip = &card->ip[family];
	const json_t *named =
		card->net ? json_object_get(card->net->ipconfig, family == VM_IPV4 ? "ip" : "ip6")
			  : NULL;
	const char *text = json_string_value(named);
	struct net_cidr cidr;

	if (!named) {
		ip->wish = unnamed(c, slot, family);
		if (ip->wish == VM_IP_KEEP && card->from == card->to)
			ip->ip = ip->had;
		ip->subnet = ip->ip.bits ? sdn_subnet_of(card->to, &ip->ip) : NULL;
		return 0;
	}
	ip->wish = !text || str_eq(text, "none") ? VM_IP_NONE : VM_IP_WORD;
	if (!text || (!cidr_parse(text, &cidr) && !ip_parse(text, &cidr.ip)))
		return 0;
	ip->wish = VM_IP_FIXED;
	ip->ip = cidr.ip;
	ip->subnet = sdn_subnet_of(card->to, &ip->ip);
	return strchr(text, '/') ? refuse_prefix(c, card, &cidr, err) : 0;
}

/* Does the block know any card, or the task name one? */
static bool concerned(const struct vm_case *c)
{
	if (c->spec->nnets || c->spec->nets_exact)
		return true;
	for (unsigned slot = 0; c->have && slot < CARDS; slot++) {
		char key[16];

		if (annot_get(&c->have->notes.annot, vm_card_key(key, "net", slot)))
			return true;
	}
	return false;
}

int vm_cards(struct vm_case *c, struct pxc_err *err)
{
	const struct vm_spec *s = c->spec;

	if (!c->vw->sdn || !concerned(c))
		return 0;
	c->cards = arena_alloc(c->arena, CARDS * sizeof(*c->cards));
	for (size_t i = 0; i < s->nnets; i++)
		c->cards[s->nets[i].slot].net = &s->nets[i];
	for (unsigned slot = 0; slot < CARDS; slot++) {
		struct vm_card *card = &c->cards[slot];

		note_past(c, slot);
		if (!card->net && !card->entry) {
			card->from = NULL;
			card->goes = true;
			continue;
		}
		if (find_target(c, slot, err) < 0)
			return -1;
		for (unsigned f = 0; card->to && f < VM_FAMILIES; f++)
			if (decide(c, slot, f, err) < 0)
				return -1;
	}
	return 0;
}

bool vm_card_arrives(const struct vm_card *card)
{
	return card->to && (card->to != card->from || !card->entry);
}

bool vm_card_takes(const struct vm_card *card)
{
	for (unsigned f = 0; card->to && f < VM_FAMILIES; f++) {
		const struct vm_ip *ip = &card->ip[f];

		if (ip->wish == VM_IP_AUTO)
			return true;
		if (ip->wish == VM_IP_FIXED &&
		    (card->from != card->to || ip_order(&ip->ip, &ip->had) != 0))
			return true;
	}
	return false;
}

bool vm_card_drops(const struct vm_card *card, unsigned family)
{
	const struct vm_ip *ip = &card->ip[family];

	if (!card->from || !ip->had.bits || (card->goes && card->lingers))
		return false;
	return card->to != card->from || ip_order(&ip->had, &ip->ip) != 0;
}

const char *vm_net_bridge(const struct vm_case *c, const struct vm_net *net)
{
	const struct vm_card *card = c->cards ? &c->cards[net->slot] : NULL;

	if (card && card->to)
		return card->to->id;
	return net->network ? net->network
			    : json_string_value(json_object_get(net->props, "bridge"));
}
