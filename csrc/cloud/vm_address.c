/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which address each card gets. What is taken is read from the guests themselves, under the lock of the network; the batch is
 * decided as a whole: first the addresses that it names, then, in its order, the lowest free ones.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/address.h"
#include "cloud/network_free.h"
#include "cloud/vm_parts.h"

/* From the second address on that PVE's own list has and no guest, so many behind it are left alone while others are free. */
#define WIDE 16

/* What is known of one network, once for the whole batch. */
struct choice {
	const struct sdn_vnet *v;
	struct address_set taken;
	struct address_set wide; /* and what is better left alone */
};

struct chooser {
	struct vm_case *cases;
	size_t n;
	const struct vm_world *vw;
	struct pxc_arena *arena;
	struct choice **choices; /* by number of the vnet in the snapshot */
};

/* --- what is taken ---------------------------------------------------------------------------------------- */

static int refuse_unread(const struct chooser *ch, const struct vm_case *c,
			 const struct sdn_vnet *v, struct pxc_err *err)
{
	const struct network_uses *u = ch->vw->uses;

	for (size_t i = 0; i < u->nunread; i++) {
		const struct world_guest *g = u->unread[i].guest;

		if (network_use_possible(c->w, v, g))
			return pxc_fail(
				err, u->unread[i].vanished ? PXC_EBUSY : PXC_EREMOTE,
				"%s: guest %u on %s may have an address of %s, but cannot be read: %s",
				c->spec->label, g->vmid, g->node, sdn_label(c->arena, v),
				u->unread[i].problem);
	}
	return 0;
}

static void take_guests(const struct chooser *ch, struct choice *it)
{
	const struct network_uses *u = ch->vw->uses;
	size_t n = 0, k = 0;
	struct net_range *ranges;

	for (size_t i = 0; i < u->n; i++)
		n += str_eq(u->list[i].vnet, it->v->id) ? u->list[i].nips : 0;
	for (size_t i = 0; i < ch->vw->nipam; i++)
		n += str_eq(ch->vw->ipam[i].zone, it->v->zone);
	ranges = arena_alloc(ch->arena, (n + 1) * sizeof(*ranges));
	for (size_t i = 0; i < u->n; i++)
		for (size_t j = 0; str_eq(u->list[i].vnet, it->v->id) && j < u->list[i].nips; j++)
			ranges[k++] = (struct net_range){ u->list[i].ips[j], u->list[i].ips[j] };
	for (size_t i = 0; i < ch->vw->nipam; i++)
		if (str_eq(ch->vw->ipam[i].zone, it->v->zone))
			ranges[k++] = (struct net_range){ ch->vw->ipam[i].ip, ch->vw->ipam[i].ip };
	address_fill(&it->taken, ranges, k);
}

static void take_refused(const struct chooser *ch, struct choice *it)
{
	const struct vm_batch *b = ch->cases[0].batch;
	size_t n = 0;

	for (size_t i = 0; i < b->nrefused; i++)
		if (str_eq(b->refused[i].vnet, it->v->id)) {
			(void)!address_take(&it->taken, &b->refused[i].ip);
			n++;
		}
	address_fill(&it->wide, it->taken.runs, it->taken.n);
	for (size_t i = 0; n > 1 && i < b->nrefused; i++) {
		struct net_ip ip = b->refused[i].ip;

		for (int k = 0; str_eq(b->refused[i].vnet, it->v->id) && k < WIDE; k++)
			if (ip_next(&ip))
				(void)!address_take(&it->wide, &ip);
	}
}

static int choice_of(struct chooser *ch, const struct vm_case *c, const struct sdn_vnet *v,
		     struct choice **ret, struct pxc_err *err)
{
	struct choice **at = &ch->choices[v - ch->vw->sdn->vnets];

	if (!*at) {
		if (refuse_unread(ch, c, v, err) < 0)
			return -1;
		*at = arena_alloc(ch->arena, sizeof(**at));
		(*at)->v = v;
		(*at)->taken.arena = (*at)->wide.arena = ch->arena;
		network_take_kept(&(*at)->taken, v);
		take_guests(ch, *at);
		take_refused(ch, *at);
	}
	*ret = *at;
	return 0;
}

/* --- an address that is named ----------------------------------------------------------------------------- */

static int refuse(const struct vm_case *c, const struct vm_card *card, unsigned family,
		  struct pxc_err *err, const char *why, const char *who)
{
	char text[IP_TEXT];

	ip_format(&card->ip[family].ip, text);
	return pxc_fail(err, PXC_EINVAL, "%s: net%u: %s of %s %s%s", c->spec->label,
			card->net->slot, text, sdn_label(c->arena, card->to), why, who);
}

static bool is(const struct net_ip *ip, const char *text)
{
	struct net_ip other;

	return text && ip_parse(text, &other) && ip_order(ip, &other) == 0;
}

/* Of no subnet, or one that no host can have, or kept for something else. */
static int check_place(const struct vm_case *c, const struct vm_card *card, unsigned family,
		       struct pxc_err *err)
{
	const struct net_ip *ip = &card->ip[family].ip;
	const struct sdn_subnet *s = sdn_subnet_of(card->to, ip);
	auto_buf struct pxc_buf names = { .data = NULL };
	struct net_range hosts;
	char cidr[CIDR_TEXT];

	for (size_t i = 0; !s && i < card->to->nsubnets; i++) {
		cidr_format(&card->to->subnets[i].cidr, cidr);
		buf_printf(&names, "%s%s", i ? ", " : "", cidr);
	}
	if (!s)
		return refuse(c, card, family, err, "is in none of its subnets: ",
			      names.len ? buf_str(&names) : "it has none");
	cidr_format(&s->cidr, cidr);
	hosts = cidr_hosts(&s->cidr);
	if (!range_has(&hosts, ip))
		return refuse(c, card, family, err, "cannot be that of a host in subnet ", cidr);
	if (is(ip, s->gateway))
		return refuse(c, card, family, err, "is the gateway of subnet ", cidr);
	if (is(ip, s->dns))
		return refuse(c, card, family, err, "is the name server of subnet ", cidr);
	for (size_t i = 0; i < card->to->nreserves; i++)
		if (range_has(&card->to->reserves[i].range, ip))
			return refuse(c, card, family, err, "is kept for ",
				      card->to->reserves[i].name);
	return 0;
}

/* Who has it is for the project's own members, and told where no project is concerned. */
static int refuse_used(const struct vm_case *c, const struct vm_card *card, unsigned family,
		       const struct network_use *use, const char *how, struct pxc_err *err)
{
	if ((use->project && !str_eq(use->project, c->spec->project)) ||
	    !network_use_shown(c->w, c->spec->project, use))
		return refuse(c, card, family, err, "is in use in another project", "");
	return refuse(c, card, family, err, how, use->who);
}

/*
 * An entry in PVE's list that no guest has is mostly what a run that was killed has left: whoever names the address gets it.
 * Only where PVE shows its list can it be seen that it is somebody's who asks DHCP.
 */
static int check_free(const struct chooser *ch, const struct vm_case *c, struct vm_card *card,
		      unsigned family, struct pxc_err *err)
{
	struct vm_ip *ip = &card->ip[family];
	const struct network_use *use =
		network_use_of(ch->vw->uses, card->to->id, &ip->ip, c->have ? c->vmid : 0,
			       (unsigned)(card - c->cards));
	const struct vm_ipam *entry = vm_ipam_entry(c, card->to, &ip->ip);

	if (use)
		return refuse_used(c, card, family, use, "belongs to ", err);
	use = entry && !vm_ipam_is_of(entry, card->mac) ? vm_ipam_owner(c, entry) : NULL;
	if (use)
		return refuse_used(c, card, family, use, "is registered in PVE's IPAM for ", err);
	for (size_t i = 0; i < c->batch->nrefused; i++)
		ip->registered |= str_eq(c->batch->refused[i].vnet, card->to->id) &&
				  ip_order(&c->batch->refused[i].ip, &ip->ip) == 0;
	return 0;
}

/* Has another card of the task named it? Found only when it was taken by none that is known. */
static int check_task(const struct chooser *ch, const struct vm_case *c, const struct vm_card *card,
		      unsigned family, struct pxc_err *err)
{
	for (size_t i = 0; i < ch->n && &ch->cases[i] <= c; i++)
		for (unsigned slot = 0; ch->cases[i].cards && slot < CARDS; slot++) {
			const struct vm_card *o = &ch->cases[i].cards[slot];

			if (o == card)
				return 0;
			if (o->to == card->to && o->ip[family].fresh &&
			    ip_order(&o->ip[family].ip, &card->ip[family].ip) == 0)
				return refuse(c, card, family, err,
					      "is named twice in this task, for ",
					      ch->cases[i].spec->label);
		}
	return 0;
}

static int take_fixed(struct chooser *ch, struct vm_case *c, struct vm_card *card, unsigned family,
		      struct pxc_err *err)
{
	struct vm_ip *ip = &card->ip[family];
	struct choice *it = NULL;

	if (choice_of(ch, c, card->to, &it, err) < 0 || check_place(c, card, family, err) < 0 ||
	    check_free(ch, c, card, family, err) < 0 || check_task(ch, c, card, family, err) < 0)
		return -1;
	(void)!address_take(&it->taken, &ip->ip);
	(void)!address_take(&it->wide, &ip->ip);
	ip->fresh = true;
	return 0;
}

/* --- the lowest that is free ------------------------------------------------------------------------------ */

/* Those of the family from which VMs get addresses by themselves; NULL: none. */
static const struct net_range *ranges_of(const struct sdn_subnet *s, unsigned family,
					 struct net_range *hosts, size_t *ret_n)
{
	return (s->cidr.ip.bits == 32) == (family == VM_IPV4) ? network_ranges(s, hosts, ret_n)
							      : NULL;
}

/* "subnet 10.20.0.0/24 of network acme/blue has no free address: 90 of 90 used" */
static int refuse_full(const struct choice *it, const struct vm_case *c, unsigned slot,
		       unsigned family, struct pxc_err *err)
{
	struct address_set none = { .arena = c->arena };
	auto_buf struct pxc_buf text = { .data = NULL };

	for (size_t i = 0; i < it->v->nsubnets; i++) {
		const struct sdn_subnet *s = &it->v->subnets[i];
		const struct net_range *ranges;
		struct net_range hosts;
		uint64_t all;
		char cidr[CIDR_TEXT];
		size_t n;

		ranges = ranges_of(s, family, &hosts, &n);
		if (!ranges)
			continue;
		all = address_free(ranges, n, &none);
		cidr_format(&s->cidr, cidr);
		buf_printf(&text, "%ssubnet %s of %s has no free address: %llu of %llu used",
			   text.len ? "; " : "", cidr, sdn_label(c->arena, it->v),
			   (unsigned long long)(all - address_free(ranges, n, &it->taken)),
			   (unsigned long long)all);
	}
	return pxc_fail(err, PXC_EINVAL, "%s: net%u: %s", c->spec->label, slot, buf_str(&text));
}

static bool lowest(const struct choice *it, const struct address_set *taken, unsigned family,
		   struct vm_ip *ip)
{
	for (size_t i = 0; i < it->v->nsubnets; i++) {
		const struct sdn_subnet *s = &it->v->subnets[i];
		const struct net_range *ranges;
		struct net_range hosts;
		size_t n;

		ranges = ranges_of(s, family, &hosts, &n);
		if (!ranges)
			continue;
		if (address_lowest(ranges, n, taken, &ip->ip)) {
			ip->subnet = s;
			return true;
		}
	}
	return false;
}

static int take_lowest(struct chooser *ch, struct vm_case *c, struct vm_card *card, unsigned family,
		       struct pxc_err *err)
{
	struct vm_ip *ip = &card->ip[family];
	struct choice *it = NULL;

	if (choice_of(ch, c, card->to, &it, err) < 0)
		return -1;
	if (!lowest(it, &it->wide, family, ip) && !lowest(it, &it->taken, family, ip))
		return refuse_full(it, c, (unsigned)(card - c->cards), family, err);
	(void)!address_take(&it->taken, &ip->ip);
	(void)!address_take(&it->wide, &ip->ip);
	ip->fresh = true;
	return 0;
}

/* --- the batch -------------------------------------------------------------------------------------------- */

static bool is_new(const struct vm_card *card, unsigned family)
{
	const struct vm_ip *ip = &card->ip[family];

	return card->from != card->to || ip_order(&ip->ip, &ip->had) != 0;
}

static int take_all(struct chooser *ch, enum vm_ip_wish wish, struct pxc_err *err)
{
	for (size_t i = 0; i < ch->n; i++) {
		struct vm_case *c = &ch->cases[i];

		for (unsigned slot = 0; c->cards && slot < CARDS; slot++)
			for (unsigned f = 0; f < VM_FAMILIES; f++) {
				struct vm_card *card = &c->cards[slot];

				if (!card->to || card->ip[f].wish != wish)
					continue;
				if (wish == VM_IP_AUTO ? take_lowest(ch, c, card, f, err) < 0
						       : is_new(card, f) && take_fixed(ch, c, card,
										       f, err) < 0)
					return -1;
			}
	}
	return 0;
}

static bool any_takes(const struct vm_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (unsigned slot = 0; cases[i].cards && slot < CARDS; slot++)
			if (vm_card_takes(&cases[i].cards[slot]))
				return true;
	return false;
}

/* A guest that is being created shows nothing but a lock: neither its cards nor whose it is. */
static int refuse_making(const struct world *w, struct pxc_err *err)
{
	for (size_t i = 0; i < w->nguests; i++) {
		const struct world_guest *g = &w->guests[i];

		if (str_eq(g->lock, "create") || str_eq(g->lock, "clone"))
			return pxc_fail(
				err, PXC_EBUSY,
				"guest %u on %s is being created, and its addresses are not known yet",
				g->vmid, g->node);
	}
	return 0;
}

int vm_addresses(struct vm_case *cases, size_t n, struct pxc_err *err)
{
	struct chooser ch = { .cases = cases, .n = n };

	if (!any_takes(cases, n))
		return 0;
	ch.vw = cases[0].vw;
	ch.arena = cases[0].arena;
	if (!ch.vw->uses)
		return pxc_fail(err, PXC_EREMOTE, "which addresses are taken is not known");
	if (refuse_making(ch.vw->w, err) < 0)
		return -1;
	ch.choices = arena_alloc(ch.arena, ch.vw->sdn->nvnets * sizeof(struct choice *));
	if (take_all(&ch, VM_IP_FIXED, err) < 0)
		return -1;
	return take_all(&ch, VM_IP_AUTO, err);
}

/* --- the quota -------------------------------------------------------------------------------------------- */

uint64_t vm_addresses_used(const struct vm_case *c)
{
	return c->vw->uses ? network_use_count(c->vw->uses, c->spec->project) : 0;
}

int64_t vm_addresses_asked(const struct vm_case *c)
{
	int64_t sum = 0;

	for (unsigned slot = 0; c->cards && slot < CARDS; slot++)
		for (unsigned f = 0; f < VM_FAMILIES; f++) {
			const struct vm_card *card = &c->cards[slot];

			sum += card->ip[f].fresh;
			sum -= vm_card_drops(card, f);
		}
	return sum;
}
