/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/network_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_block.h"
#include "modules/items.h"

#define USUAL_MTU 1500

static int vnet_order(const void *a, const void *b)
{
	return strcmp(((const struct sdn_vnet *)a)->id, ((const struct sdn_vnet *)b)->id);
}

static void add_zones(struct network_test_world *w)
{
	json_t *given = json_object_get(w->world.json, "zones"), *zone, *value;
	const char *id, *key;

	w->sdn.zones =
		arena_alloc(&w->world.arena, (json_object_size(given) + 1) * sizeof(*w->sdn.zones));
	json_object_foreach (given, id, zone) {
		struct sdn_zone *z = &w->sdn.zones[w->sdn.nzones++];

		z->id = arena_strdup(&w->world.arena, id);
		z->type = item_text(zone, "type");
		z->options = json_object();
		(void)json_array_append_new(w->world.kept, z->options);
		json_object_foreach (zone, key, value)
			if (!str_eq(key, "type"))
				(void)json_object_set(z->options, key, value);
	}
}

/* The sealed alias of a network of ours. */
static char *alias_of(const struct network_test_world *w, const char *id, const json_t *vnet)
{
	const char *net = item_text(vnet, "net"), *slash = net ? strchr(net, '/') : NULL;
	const char *human = item_text(vnet, "human"), *raw = item_text(vnet, "alias");
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *own = pxc_printf("net.%s", id);
	auto_free char *project = slash ? pxc_strndup(net, (size_t)(slash - net)) : NULL;
	char *text, *at;
	const char *key;
	json_t *value;

	if (!net)
		return pxc_strdup(raw ? raw : "");
	annot_set(&a, "t", "net");
	annot_set(&a, "id", own);
	annot_set(&a, "c", w->world.world.registry.cluster);
	annot_set(&a, "p", project);
	annot_set(&a, "n", slash ? slash + 1 : net);
	json_object_foreach (json_object_get(vnet, "token"), key, value)
		annot_set(&a, key, json_string_value(value));
	annot_set(&a, "r", "1");
	text = annot_render(ANNOT_TOKEN, human ? human : "", &a, "");
	at = strstr(text, " r=1");
	if (json_object_get(vnet, "tampered"))
		at[strlen(" r=")] = '9';
	return text;
}

static void add_ranges(struct network_test_world *w, const json_t *list, struct sdn_subnet *n)
{
	size_t i;
	json_t *text;

	n->ranges = arena_alloc(&w->world.arena, (json_array_size(list) + 1) * sizeof(*n->ranges));
	json_array_foreach (list, i, text)
		if (!range_parse(json_string_value(text), &n->ranges[n->nranges++]))
			fail_msg("range %s", json_string_value(text));
}

static void add_subnets(struct network_test_world *w, struct sdn_vnet *v, json_t *given)
{
	json_t *one;
	const char *cidr;

	v->subnets =
		arena_alloc(&w->world.arena, (json_object_size(given) + 1) * sizeof(*v->subnets));
	json_object_foreach (given, cidr, one) {
		struct sdn_subnet *n = &v->subnets[v->nsubnets++];
		char ip[IP_TEXT];

		if (!cidr_parse(cidr, &n->cidr))
			fail_msg("subnet %s", cidr);
		ip_format(&n->cidr.ip, ip);
		n->id = arena_printf(&w->world.arena, "%s-%s-%u", v->zone, ip, n->cidr.prefix);
		n->gateway = item_text(one, "gateway");
		n->dns = item_text(one, "dns");
		n->dns_prefix = item_text(one, "dns_prefix");
		n->snat = item_int(one, "snat") != 0;
		add_ranges(w, json_object_get(one, "ranges"), n);
	}
	v->subnets_read = true;
}

static void add_vnets(struct network_test_world *w)
{
	json_t *given = json_object_get(w->world.json, "vnets"), *vnet;
	const char *id;

	w->sdn.vnets =
		arena_alloc(&w->world.arena, (json_object_size(given) + 1) * sizeof(*w->sdn.vnets));
	json_object_foreach (given, id, vnet) {
		struct sdn_vnet *v = &w->sdn.vnets[w->sdn.nvnets++];
		auto_free char *alias = alias_of(w, id, vnet);

		v->id = arena_strdup(&w->world.arena, id);
		v->zone = item_text(vnet, "zone");
		v->tag = (uint32_t)item_int(vnet, "tag");
		v->vlan_aware = item_int(vnet, "vlan_aware") != 0;
		v->isolate_ports = item_int(vnet, "isolate_ports") != 0;
		annot_parse(ANNOT_TOKEN, alias, &v->notes);
		network_block_read(v, w->world.world.registry.cluster, &w->world.arena);
	}
	qsort(w->sdn.vnets, w->sdn.nvnets, sizeof(*w->sdn.vnets), vnet_order);
}

static bool is_on(const struct sdn_zone *z, const char *node)
{
	const char *nodes = sdn_option(z, "nodes");

	return !nodes || strstr(nodes, node);
}

/* Of nodes that run, as GET /nodes/{node}/sdn/zones and GET /nodes/{node}/network say it. */
static void add_nodes(struct network_test_world *w)
{
	struct world *all = &w->world.world;

	w->status = json_object();
	w->bridges = json_object();
	for (size_t i = 0; i < all->nnodes; i++) {
		const char *name = all->nodes[i].name;
		json_t *zones = json_object(), *bridges = json_object();
		const json_t *status = json_object_get(w->world.json, "status");
		json_t *mtus = json_object_get(json_object_get(w->world.json, "mtus"), name);

		all->nodes[i].address = arena_printf(&w->world.arena, "10.0.0.%zu", i + 1);
		for (size_t k = 0; k < w->sdn.nzones; k++) {
			const char *zone = w->sdn.zones[k].id;
			json_t *said = json_object_get(json_object_get(status, name), zone);

			if (is_on(&w->sdn.zones[k], name) && !json_is_null(said))
				(void)json_object_set_new(zones, zone,
							  said ? json_incref(said)
							       : json_string("available"));
		}
		(void)json_object_set_new(bridges, "", json_integer(USUAL_MTU));
		if (mtus)
			(void)json_object_update(bridges, mtus);
		else
			(void)json_object_update_new(
				bridges,
				json_pack("{s:i,s:i}", "vmbr0", USUAL_MTU, "vmbr1", USUAL_MTU));
		if (all->nodes[i].online) {
			(void)json_object_set_new(w->status, name, zones);
			(void)json_object_set_new(w->bridges, name, bridges);
			continue;
		}
		json_decref(zones);
		json_decref(bridges);
	}
}

static void add_uses(struct network_test_world *w)
{
	const json_t *given = json_object_get(w->world.json, "uses");
	size_t i, k;
	json_t *use, *ip;

	struct network_use *uses =
		arena_alloc(&w->world.arena, (json_array_size(given) + 1) * sizeof(*uses));

	json_array_foreach (given, i, use) {
		const json_t *ips = json_object_get(use, "ips");
		struct network_use *u = &uses[w->nw.nuses++];

		u->vnet = item_text(use, "vnet");
		u->who = item_text(use, "who");
		u->project = item_text(use, "project");
		u->ips = arena_alloc(&w->world.arena, (json_array_size(ips) + 1) * sizeof(*u->ips));
		json_array_foreach (ips, k, ip)
			if (!ip_parse(json_string_value(ip), &u->ips[u->nips++]))
				fail_msg("address %s", json_string_value(ip));
	}
	w->nw.uses = uses;
	w->nw.uses_read = true;
}

void network_test_world_create(struct network_test_world *ret, const char *json)
{
	const json_t *waiting;

	*ret = (struct network_test_world){ .sdn = { .locks = true } };
	test_world_create(&ret->world, json);
	ret->sdn.locks = !json_object_get(ret->world.json, "locks");
	ret->sdn.unapplied = json_object_get(ret->world.json, "unapplied") != NULL;
	waiting = json_object_get(ret->world.json, "waiting");
	ret->sdn.pending = waiting ? item_list(&ret->world.arena, ret->world.json, "waiting")
				   : arena_alloc(&ret->world.arena, sizeof(char *));
	if (waiting && json_array_size(waiting) == 0)
		fail_msg("nothing waits");
	add_zones(ret);
	add_vnets(ret);
	add_nodes(ret);
	ret->controllers = json_object_get(ret->world.json, "controllers")
				   ? json_incref(json_object_get(ret->world.json, "controllers"))
				   : json_pack("{s:s}", "bgp", "evpn");
	ret->nw.w = &ret->world.world;
	ret->nw.sdn = &ret->sdn;
	ret->nw.status = ret->status;
	ret->nw.previews = json_object_get(ret->world.json, "previews") != NULL;
}

static void read_subnets(struct network_test_world *w, const struct network_batch *batch)
{
	json_t *vnets = json_object_get(w->world.json, "vnets");

	for (size_t i = 0; i < w->sdn.nvnets; i++) {
		struct sdn_vnet *v = &w->sdn.vnets[i];

		if (!v->subnets_read && network_wants_subnets(batch, &w->sdn, v))
			add_subnets(w, v,
				    json_object_get(json_object_get(vnets, v->id), "subnets"));
	}
}

void network_test_world_read(struct network_test_world *w, const struct network_batch *batch)
{
	read_subnets(w, batch);
	read_subnets(w, batch);
	if (network_wants_bridges(batch, &w->nw)) {
		w->nw.bridges = w->bridges;
		w->nw.controllers = w->controllers;
	}
	if (network_wants_uses(batch, &w->nw))
		add_uses(w);
}

void network_test_world_release(struct network_test_world *w)
{
	for (size_t i = 0; i < w->sdn.nvnets; i++)
		annot_text_release(&w->sdn.vnets[i].notes);
	json_decref(w->status);
	json_decref(w->bridges);
	json_decref(w->controllers);
	test_world_release(&w->world);
}
