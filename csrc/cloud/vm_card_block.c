/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the block of a VM says of its cards: written, shown, compared; and what must be read to plan with it. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_block.h"
#include "cloud/vm_parts.h"

/* --- the block -------------------------------------------------------------------------------------------- */

void vm_card_block(const struct vm_case *c, struct annot *block)
{
	for (unsigned slot = 0; c->cards && slot < CARDS; slot++) {
		const struct vm_card *card = &c->cards[slot];
		auto_free char *value = NULL;
		char key[16], ip[VM_FAMILIES][IP_TEXT] = { "", "" };

		(void)vm_card_key(key, "net", slot);
		if (card->to) {
			for (unsigned f = 0; f < VM_FAMILIES; f++)
				if (card->ip[f].ip.bits)
					ip_format(&card->ip[f].ip, ip[f]);
			value = pxc_printf("%s%s%s%s%s",
					   network_entry_name(card->to, c->spec->project, c->arena),
					   *ip[0] ? "," : "", ip[0], *ip[1] ? "," : "", ip[1]);
			annot_set(block, key, value);
		} else if (card->entry && !(card->goes && card->lingers)) {
			annot_set(block, key, NULL);
		}
	}
}

/* --- for people ------------------------------------------------------------------------------------------- */

void vm_card_show(const struct annot *block, unsigned slot, json_t *obj)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	static const char *const keys[VM_FAMILIES] = { "ip", "ip6" };
	struct net_ip ips[VM_FAMILIES];
	const char *name;

	if (!network_entry(block, slot, &arena, &name, ips))
		return;
	(void)json_object_set_new(obj, "network", json_string(name));
	for (unsigned f = 0; f < VM_FAMILIES; f++) {
		char text[IP_TEXT];

		if (!ips[f].bits)
			continue;
		ip_format(&ips[f], text);
		(void)json_object_set_new(obj, keys[f], json_string(text));
	}
}

static void add_difference(json_t *list, unsigned slot, const struct net_ip *is,
			   const struct net_ip *noted)
{
	char a[IP_TEXT] = "no address", b[IP_TEXT] = "none";

	if (is->bits)
		ip_format(is, a);
	if (noted->bits)
		ip_format(noted, b);
	(void)json_array_append_new(list,
				    json_sprintf("ipconfig%u has %s, reserved is %s", slot, a, b));
}

void vm_card_drift(const struct vm_seen *seen, json_t *list)
{
	auto_arena struct pxc_arena arena = { .head = NULL };

	for (unsigned slot = 0; slot < CARDS; slot++) {
		struct net_ip noted[VM_FAMILIES], is[VM_FAMILIES];
		const char *name;
		char key[16];

		if (!network_entry(&seen->notes.annot, slot, &arena, &name, noted))
			continue;
		if (!vm_card_plugged(seen->config, slot)) {
			(void)json_array_append_new(
				list,
				json_sprintf("net%u, reserved on network %s, is gone", slot, name));
			continue;
		}
		network_ipconfig(vm_text(seen->config, vm_card_key(key, "ipconfig", slot)), is);
		for (unsigned f = 0; f < VM_FAMILIES; f++)
			if (ip_order(&is[f], &noted[f]) != 0)
				add_difference(list, slot, &is[f], &noted[f]);
	}
}

/* --- what must be read ------------------------------------------------------------------------------------ */

/* Has the block an entry for a card that is no more? Its address is to be released. */
static bool has_stale(const struct vm_seen *have)
{
	for (unsigned slot = 0; slot < CARDS; slot++) {
		char key[16];

		if (annot_get(&have->notes.annot, vm_card_key(key, "net", slot)) &&
		    !vm_card_plugged(have->config, slot))
			return true;
	}
	return false;
}

static bool has_entry(const struct vm_seen *have)
{
	for (unsigned slot = 0; slot < CARDS; slot++) {
		char key[16];

		if (annot_get(&have->notes.annot, vm_card_key(key, "net", slot)))
			return true;
	}
	return false;
}

/* Does it name the vnet of a network, as if it were a bridge? */
static bool names_vnet(const struct vm_net *n)
{
	return network_made_id(json_string_value(json_object_get(n->props, "bridge")));
}

bool vm_wants_sdn(const struct vm_batch *batch, const struct vm_world *vw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		for (size_t k = 0; !s->absent && k < s->nnets; k++)
			if (!s->nets[k].absent && (s->nets[k].network || names_vnet(&s->nets[k])))
				return true;
		if (vm_match(s, vw, &have, &err) < 0 || !have)
			continue;
		if (has_stale(have) ||
		    ((s->absent || s->nnets || s->nets_exact) && has_entry(have)))
			return true;
	}
	return false;
}

/* The cards of one VM, before the whole batch is planned. A refusal is found again, and said, by the plan. */
static bool look(const struct vm_batch *batch, const struct vm_world *vw, size_t i,
		 struct pxc_arena *arena, struct vm_case *ret)
{
	struct pxc_err err;

	*ret = (struct vm_case){
		.batch = batch, .spec = &batch->specs[i], .w = vw->w, .vw = vw, .arena = arena
	};
	return vm_match(ret->spec, vw, &ret->have, &err) == 0 && vm_cards(ret, &err) == 0 &&
	       ret->cards;
}

json_t *vm_networks(const struct vm_batch *batch, const struct vm_world *vw)
{
	json_t *ids = json_object();

	for (size_t i = 0; i < batch->nspecs; i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct vm_case c;

		if (!look(batch, vw, i, &arena, &c))
			continue;
		for (unsigned slot = 0; slot < CARDS; slot++)
			if (c.cards[slot].to)
				(void)json_object_set_new(ids, c.cards[slot].to->id, json_true());
	}
	return ids;
}

bool vm_wants_uses(const struct vm_batch *batch, const struct vm_world *vw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		struct vm_case c;

		if (!look(batch, vw, i, &arena, &c))
			continue;
		for (unsigned slot = 0; slot < CARDS; slot++)
			if (vm_card_takes(&c.cards[slot]))
				return true;
	}
	return false;
}
