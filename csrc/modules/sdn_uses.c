/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/sdn_uses.h"

#include <ctype.h>
#include <string.h>

#include "base/propstr.h"
#include "base/str.h"
#include "modules/items.h"
#include "modules/vm_read.h"

#define MAX_CARDS 32
#define MAX_ADDRESSES (6 * MAX_CARDS) /* of one guest: two families, now, then, and by its block */

struct collector {
	struct pxc_env *env;
	json_t *cards; /* NULL = not asked for */
	struct network_use *uses;
	size_t n, room;
};

/* "net12" -> "12"; NULL: another key. */
static const char *card_number(const char *key)
{
	const char *n = str_starts(key, "net") ? key + strlen("net") : NULL;

	return n && isdigit((unsigned char)*n) ? n : NULL;
}

/* A guest's entry for the vnet; a second card there adds to it. */
static struct network_use *use_of(struct collector *c, size_t first, const char *vnet,
				  const char *who, const char *project)
{
	for (size_t i = first; i < c->n; i++)
		if (str_eq(c->uses[i].vnet, vnet))
			return &c->uses[i];
	if (c->n == c->room) {
		struct network_use *grown;

		c->room = c->room ? 2 * c->room : 64;
		grown = arena_alloc(c->env->arena, c->room * sizeof(*grown));
		if (c->n)
			memcpy(grown, c->uses, c->n * sizeof(*grown));
		c->uses = grown;
	}
	c->uses[c->n] = (struct network_use){
		.vnet = arena_strdup(c->env->arena, vnet),
		.who = who,
		.project = project,
		.ips = arena_alloc(c->env->arena, MAX_ADDRESSES * sizeof(struct net_ip)),
	};
	return &c->uses[c->n++];
}

/* "10.20.0.11/24", "10.20.0.11"; "dhcp", "auto" and the like are none. */
static void add_address(struct network_use *u, const char *text)
{
	char ip[IP_TEXT];
	size_t len = text ? strcspn(text, "/") : 0;

	if (!len || len >= sizeof(ip) || u->nips == MAX_ADDRESSES)
		return;
	memcpy(ip, text, len);
	ip[len] = '\0';
	if (ip_parse(ip, &u->ips[u->nips]))
		u->nips++;
}

static void add_config(struct network_use *u, const char *text)
{
	json_auto_t *props = text ? prop_parse(text, NULL) : NULL;

	add_address(u, item_text(props, "ip"));
	add_address(u, item_text(props, "ip6"));
}

/* The block's "net0": the network's name, then addresses. */
static void add_block(struct network_use *u, const char *text)
{
	const char *p = text ? strchr(text, ',') : NULL;

	for (; p; p = strchr(p + 1, ',')) {
		char ip[IP_TEXT];
		size_t len = strcspn(p + 1, ",");

		if (len >= sizeof(ip))
			continue;
		memcpy(ip, p + 1, len);
		ip[len] = '\0';
		add_address(u, ip);
	}
}

static void note_mac(struct collector *c, const char *vnet, const json_t *card)
{
	const char *text = item_text(card, "macaddr");
	char mac[MAC_TEXT];

	if (!text)
		text = item_text(card, "hwaddr"); /* of containers */
	if (c->cards && text && mac_parse(text, mac))
		(void)json_object_set_new(c->cards, arena_printf(c->env->arena, "%s/%s", vnet, mac),
					  json_true());
}

static void take_cards(struct collector *c, size_t first, const json_t *config,
		       const struct annot *block, const char *who, const char *project)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)config, key, value) {
		const char *number = card_number(key), *text = json_string_value(value);
		json_auto_t *card = number && text ? prop_parse_net(text) : NULL;
		const char *bridge = item_text(card, "bridge");
		struct network_use *u;
		char ipconfig[32];

		if (!bridge)
			continue;
		note_mac(c, bridge, card);
		u = use_of(c, first, bridge, who, project);
		(void)snprintf(ipconfig, sizeof(ipconfig), "ipconfig%s", number);
		add_config(u, item_text(config, ipconfig));
		add_config(u, text); /* a container's card says its address itself */
		if (block)
			add_block(u, annot_get(block, key));
	}
}

static const char *who_is(struct pxc_env *env, const struct world_guest *g,
			  const struct annot *block)
{
	const char *project = block ? annot_get(block, "project") : NULL;
	const char *name = block ? annot_get(block, "name") : NULL;

	if (g->container)
		return arena_printf(env->arena, "container %u", g->vmid);
	if (project && name)
		return arena_printf(env->arena, "vm %s/%s (%u)", project, name, g->vmid);
	return arena_printf(env->arena, "vm %u%s%s%s", g->vmid, g->name ? " (" : "",
			    g->name ? g->name : "", g->name ? ")" : "");
}

static int cannot(const struct world_guest *g, const char *why, struct pxc_err *err)
{
	return pxc_fail(err, PXC_EREMOTE,
			"who uses the network is not known: guest %u on %s cannot be read: %s",
			g->vmid, g->node, why);
}

static int take_vms(struct collector *c, const struct world *w, struct pxc_err *err)
{
	struct pxc_arena *arena = c->env->arena;
	struct vm_seen **seen = arena_alloc(arena, (w->nguests + 1) * sizeof(struct vm_seen *));
	size_t n = 0;

	for (size_t i = 0; i < w->nguests; i++) {
		if (w->guests[i].container)
			continue;
		seen[n] = arena_alloc(arena, sizeof(**seen));
		seen[n++]->guest = &w->guests[i];
	}
	vm_read(c->env, w, seen, n);
	for (size_t i = 0; i < n; i++) {
		const struct annot *block =
			seen[i]->notes.finding == ANNOT_OK ? &seen[i]->notes.annot : NULL;
		const char *who = who_is(c->env, seen[i]->guest, block);
		const char *project = block ? annot_get(block, "project") : NULL;
		size_t first = c->n;

		if (seen[i]->vanished)
			continue;
		if (seen[i]->problem)
			return cannot(seen[i]->guest, seen[i]->problem, err);
		take_cards(c, first, seen[i]->config, block, who, project);
		take_cards(c, first, seen[i]->current, block, who, project);
	}
	return 0;
}

static int take_containers(struct collector *c, const struct world *w, struct pxc_err *err)
{
	struct pxc_arena *arena = c->env->arena;
	struct pve_read *reads = arena_alloc(arena, (w->nguests + 1) * sizeof(*reads));
	const struct world_guest **of = arena_alloc(arena, (w->nguests + 1) * sizeof(void *));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < w->nguests; i++) {
		if (!w->guests[i].container)
			continue;
		of[n] = &w->guests[i];
		reads[n++].path = arena_printf(arena, "/nodes/%s/lxc/%u/config", w->guests[i].node,
					       w->guests[i].vmid);
	}
	pve_read_all(c->env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (reads[i].data)
			take_cards(c, c->n, reads[i].data, NULL, who_is(c->env, of[i], NULL), NULL);
		else if (r == 0 && !strstr(reads[i].err.msg, ".conf' does not exist"))
			r = cannot(of[i], reads[i].err.msg, err);
		json_decref(reads[i].data);
	}
	return r;
}

int sdn_uses_read(struct pxc_env *env, const struct world *w, struct network_use **ret,
		  size_t *ret_n, json_t *cards, struct pxc_err *err)
{
	struct collector c = { .env = env, .cards = cards };

	if (take_vms(&c, w, err) < 0 || take_containers(&c, w, err) < 0)
		return -1;
	*ret = c.uses;
	*ret_n = c.n;
	return 0;
}
