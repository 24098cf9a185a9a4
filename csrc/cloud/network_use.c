/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who has a card on which vnet, and which addresses there. */
#include "cloud/network_use.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/project_find.h"
#include "cloud/vm_parts.h"

/* --- the block of a VM ------------------------------------------------------------------------------------ */

static void take(struct net_ip ips[2], const char *text)
{
	struct net_cidr cidr;
	struct net_ip ip;

	if (!text)
		return;
	if (cidr_parse(text, &cidr))
		ip = cidr.ip;
	else if (!ip_parse(text, &ip))
		return;
	ips[ip.bits == 128] = ip;
}

bool network_entry(const struct annot *block, unsigned slot, struct pxc_arena *arena,
		   const char **ret_name, struct net_ip ret_ips[2])
{
	const char *const *items;
	const char *text;
	char key[16];

	memset(ret_ips, 0, 2 * sizeof(*ret_ips));
	(void)snprintf(key, sizeof(key), "net%u", slot);
	text = annot_get(block, key);
	items = text ? strv_split(arena, text) : NULL;
	if (!items || !items[0])
		return false;
	*ret_name = items[0];
	for (size_t i = 1; items[i]; i++)
		take(ret_ips, items[i]);
	return true;
}

const char *network_entry_name(const struct sdn_vnet *v, const char *project,
			       struct pxc_arena *arena)
{
	if (v->project && !str_eq(v->project, project))
		return arena_printf(arena, "%s/%s", v->project, v->name);
	return v->name;
}

const struct sdn_vnet *network_entry_vnet(const struct sdn *s, const char *project,
					  const char *name)
{
	const char *slash = strchr(name, '/');
	auto_free char *other = slash ? pxc_strndup(name, (size_t)(slash - name)) : NULL;
	const struct sdn_vnet *v =
		other ? sdn_network(s, other, slash + 1) : sdn_network(s, project, name);

	return v || other ? v : sdn_network(s, NULL, name);
}

void network_ipconfig(const char *text, struct net_ip ret_ips[2])
{
	json_auto_t *parts = text ? prop_parse(text, NULL) : NULL;

	memset(ret_ips, 0, 2 * sizeof(*ret_ips));
	take(ret_ips, json_string_value(json_object_get(parts, "ip")));
	take(ret_ips, json_string_value(json_object_get(parts, "ip6")));
}

/* --- collecting ------------------------------------------------------------------------------------------- */

struct found {
	const struct world_guest *guest;
	const char *who, *project;
	struct net_ip ips[8];
	size_t nips;
};

/* A template has cards, but what it is told of addresses is for whoever is made from it, and replaced there. */
static void note(struct found *f, const struct net_ip ips[2])
{
	for (unsigned i = 0; i < 2 && !f->guest->is_template; i++)
		if (ips[i].bits && f->nips < ARRAY_SIZE(f->ips))
			f->ips[f->nips++] = ips[i];
}

static void add(struct network_uses *u, struct found *f, const struct sdn_vnet *v, unsigned slot,
		const char *mac)
{
	struct network_use *use;

	u->list = arena_grow(u->arena, u->list, u->n, &u->cap, sizeof(*u->list));
	use = &u->list[u->n++];
	*use = (struct network_use){ .vnet = v->id,
				     .who = f->who,
				     .project = f->project,
				     .mac = mac,
				     .nips = f->nips,
				     .vmid = f->guest->vmid,
				     .slot = slot };
	use->ips = arena_alloc(u->arena, (f->nips + 1) * sizeof(*use->ips));
	memcpy(use->ips, f->ips, f->nips * sizeof(*use->ips));
}

/* The vnet that a card of this configuration is plugged into; NULL: no card, or no vnet. */
static const struct sdn_vnet *plugged(struct network_uses *u, const struct sdn *s,
				      const json_t *config, unsigned slot, const char **ret_mac)
{
	const char *text, *bridge, *mac;
	json_auto_t *parts = NULL;
	char key[16], upper[MAC_TEXT];

	(void)snprintf(key, sizeof(key), "net%u", slot);
	text = json_string_value(json_object_get(config, key));
	parts = text ? prop_parse_net(text) : NULL;
	bridge = json_string_value(json_object_get(parts, "bridge"));
	mac = json_string_value(json_object_get(parts, "macaddr"));
	if (!mac)
		mac = json_string_value(json_object_get(parts, "hwaddr")); /* of containers */
	*ret_mac = mac && mac_parse(mac, upper) ? arena_strdup(u->arena, upper) : NULL;
	return bridge ? sdn_vnet(s, bridge) : NULL;
}

static void note_ipconfig(struct found *f, const json_t *config, unsigned slot)
{
	struct net_ip ips[2];
	char key[16];

	(void)snprintf(key, sizeof(key), "ipconfig%u", slot);
	network_ipconfig(json_string_value(json_object_get(config, key)), ips);
	note(f, ips);
}

static const char *name_of(struct network_uses *u, const struct world_guest *g,
			   const struct annot *block)
{
	const char *project = block ? annot_get(block, "project") : NULL;

	if (project && annot_get(block, "name"))
		return arena_printf(u->arena, "vm %s/%s (%u)", project, annot_get(block, "name"),
				    g->vmid);
	if (g->container)
		return arena_printf(u->arena, "container %u", g->vmid);
	return arena_printf(u->arena, "vm %u%s%s%s", g->vmid, g->name ? " (" : "",
			    g->name ? g->name : "", g->name ? ")" : "");
}

void network_use_qemu(struct network_uses *u, const struct sdn *s, const struct world_guest *g,
		      const json_t *config, const json_t *current, const struct annot_text *notes)
{
	const struct vm_seen seen = { .guest = g,
				      .config = (json_t *)(uintptr_t)config,
				      .notes = *notes };
	const struct annot *own = &notes->annot;
	struct found f = { .guest = g };

	/* A copy of another VM's block names addresses that are not this one's. */
	if (!str_eq(annot_get(own, "t"), "vm") || !vm_owns_block(&seen))
		own = NULL;
	f.project = own ? arena_strdup(u->arena, annot_get(own, "project")) : NULL;
	for (unsigned slot = 0; slot < CARDS; slot++) {
		const char *name, *then_mac, *now_mac;
		const struct sdn_vnet *then = plugged(u, s, config, slot, &then_mac);
		const struct sdn_vnet *now = plugged(u, s, current, slot, &now_mac), *noted = NULL;
		struct net_ip ips[2];

		f.nips = 0;
		if (own && network_entry(own, slot, u->arena, &name, ips)) {
			noted = network_entry_vnet(s, f.project, name);
			note(&f, ips);
		}
		if (!then && !now && !noted)
			continue;
		if (!f.who)
			f.who = name_of(u, g, own);
		note_ipconfig(&f, config, slot);
		note_ipconfig(&f, current, slot);
		if (then)
			add(u, &f, then, slot, then_mac);
		if (now && now != then)
			add(u, &f, now, slot, now_mac);
		if (noted && noted != then && noted != now)
			add(u, &f, noted, slot, NULL);
		f.nips = 0; /* its addresses are counted above */
		if (now && now == then && !str_eq(now_mac, then_mac))
			add(u, &f, now, slot, now_mac);
	}
}

void network_use_lxc(struct network_uses *u, const struct sdn *s, const struct world_guest *g,
		     const json_t *config)
{
	struct found f = { .guest = g };

	for (unsigned slot = 0; slot < CARDS; slot++) {
		const char *mac;
		const struct sdn_vnet *v = plugged(u, s, config, slot, &mac);
		struct net_ip ips[2];
		char key[16];

		if (!v)
			continue;
		if (!f.who)
			f.who = name_of(u, g, NULL);
		(void)snprintf(key, sizeof(key), "net%u", slot);
		network_ipconfig(json_string_value(json_object_get(config, key)), ips);
		f.nips = 0;
		note(&f, ips);
		add(u, &f, v, slot, mac);
	}
}

void network_use_unread(struct network_uses *u, const struct world_guest *g, const char *problem,
			bool vanished)
{
	u->unread = arena_grow(u->arena, u->unread, u->nunread, &u->unread_cap, sizeof(*u->unread));
	u->unread[u->nunread++] = (struct network_unread){ g, problem, vanished };
}

/* --- asking ----------------------------------------------------------------------------------------------- */

const struct network_use *network_use_of(const struct network_uses *u, const char *vnet,
					 const struct net_ip *ip, unsigned vmid, unsigned slot)
{
	for (size_t i = 0; i < u->n; i++) {
		const struct network_use *use = &u->list[i];

		if (!str_eq(use->vnet, vnet) || (vmid && use->vmid == vmid && use->slot == slot))
			continue;
		for (size_t k = 0; k < use->nips; k++)
			if (ip_order(&use->ips[k], ip) == 0)
				return use;
	}
	return NULL;
}

bool network_use_shown(const struct world *w, const char *project, const struct network_use *use)
{
	const struct world_guest *g = use->project ? NULL : world_guest(w, use->vmid);

	if (!w->tenant || (use->project && str_eq(use->project, project)))
		return true;
	return g && project && str_eq(g->pool, project_pool(w, project));
}

uint64_t network_use_count(const struct network_uses *u, const char *project)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < u->n; i++)
		for (size_t k = 0; str_eq(u->list[i].project, project) && k < u->list[i].nips;
		     k++) {
			bool twice = false;

			/* Current and pending, configuration and block mostly say the same. */
			for (size_t j = 0; j < k; j++)
				twice |= ip_order(&u->list[i].ips[j], &u->list[i].ips[k]) == 0;
			sum += !twice;
		}
	return sum;
}

static bool is_pool_of(const struct world *w, const char *project, const char *pool)
{
	return project && str_eq(project_pool(w, project), pool);
}

bool network_use_possible(const struct world *w, const struct sdn_vnet *v,
			  const struct world_guest *g)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	const struct world_pool *pool = *g->pool ? world_pool(w, g->pool) : NULL;

	if (!pool || strv_has(v->shared, "*") || is_pool_of(w, v->project, g->pool))
		return true;
	for (size_t i = 0; v->shared[i]; i++)
		if (is_pool_of(w, v->shared[i], g->pool))
			return true;
	annot_parse(ANNOT_TOKEN, pool->comment, &t);
	return t.finding != ANNOT_OK || !str_eq(annot_get(&t.annot, "t"), "project");
}

static void add_registered(json_t *list, const struct sdn_vnet *v, const struct net_ip *ip,
			   const char *mac)
{
	char text[IP_TEXT];
	json_t *entry;

	if (!ip->bits)
		return;
	ip_format(ip, text);
	entry = json_pack("{s:s,s:s,s:s}", "vnet", v->id, "zone", v->zone, "ip", text);
	if (mac)
		(void)json_object_set_new(entry, "mac", json_string(mac));
	(void)json_array_append_new(list, entry);
}

json_t *network_registered(const struct sdn *s, const json_t *config, const struct annot *block)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_t *list = json_array();

	for (unsigned slot = 0; slot < CARDS; slot++) {
		const struct sdn_vnet *v = NULL;
		const struct sdn_zone *zone;
		json_auto_t *card = NULL;
		struct net_ip ips[2];
		const char *name;
		char key[16];

		if (network_entry(block, slot, &arena, &name, ips))
			v = network_entry_vnet(s, annot_get(block, "project"), name);
		zone = v ? sdn_zone(s, v->zone) : NULL;
		if (!zone || !sdn_option(zone, "ipam"))
			continue;
		(void)snprintf(key, sizeof(key), "net%u", slot);
		if (json_string_value(json_object_get(config, key)))
			card = prop_parse_net(json_string_value(json_object_get(config, key)));
		for (unsigned f = 0; f < 2; f++)
			add_registered(list, v, &ips[f],
				       json_string_value(json_object_get(card, "macaddr")));
	}
	return list;
}
