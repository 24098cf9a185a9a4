/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/net_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void add_zones(struct test_world *w, struct sdn *s)
{
	const json_t *given = json_object_get(w->json, "zones");
	json_t *usual = json_pack("{s:{s:s}}", "tenant", "type", "simple"), *zone;
	const char *id;

	(void)json_array_append_new(w->kept, usual);
	s->zones = arena_alloc(&w->arena, (json_object_size(given) + 1) * sizeof(*s->zones));
	json_object_foreach (given ? (json_t *)(uintptr_t)given : usual, id, zone)
		s->zones[s->nzones++] = (struct sdn_zone){ id, text(zone, "type"), zone };
}

static void add_ranges(struct test_world *w, struct sdn_subnet *n, const json_t *list)
{
	size_t i;
	json_t *one;

	n->ranges = arena_alloc(&w->arena, (json_array_size(list) + 1) * sizeof(*n->ranges));
	json_array_foreach (list, i, one)
		if (!range_parse(json_string_value(one), &n->ranges[n->nranges++]))
			fail_msg("range %s", json_string_value(one));
}

static void add_subnets(struct test_world *w, struct sdn_vnet *v, const json_t *list)
{
	size_t i;
	json_t *one;

	v->subnets = arena_alloc(&w->arena, (json_array_size(list) + 1) * sizeof(*v->subnets));
	json_array_foreach (list, i, one) {
		struct sdn_subnet *n = &v->subnets[v->nsubnets++];

		n->id = text(one, "cidr");
		if (!cidr_parse(text(one, "cidr"), &n->cidr))
			fail_msg("cidr %s", text(one, "cidr"));
		n->gateway = text(one, "gateway");
		n->dns = text(one, "dns");
		add_ranges(w, n, json_object_get(one, "ranges"));
	}
	v->subnets_read = true;
}

static void add_vnet(struct test_world *w, struct sdn_vnet *v, const json_t *given)
{
	const json_t *shared = json_object_get(given, "shared");
	const char **projects =
		arena_alloc(&w->arena, (json_array_size(shared) + 1) * sizeof(*projects));
	json_t *reserves = json_object_get(given, "reserves"), *value;
	const char *key;
	size_t i;

	*v = (struct sdn_vnet){ .id = text(given, "id"),
				.zone = text(given, "zone") ? text(given, "zone") : "tenant",
				.name = text(given, "name"),
				.ours = text(given, "name") != NULL,
				.project = text(given, "project"),
				.shared = projects };
	json_array_foreach (shared, i, value)
		projects[i] = json_string_value(value);
	v->reserves =
		arena_alloc(&w->arena, (json_object_size(reserves) + 1) * sizeof(*v->reserves));
	json_object_foreach (reserves, key, value) {
		v->reserves[v->nreserves].name = key;
		if (!range_parse(json_string_value(value), &v->reserves[v->nreserves++].range))
			fail_msg("range %s", json_string_value(value));
	}
	add_subnets(w, v, json_object_get(given, "subnets"));
}

static void add_uses(struct test_world *w, const struct sdn *s)
{
	struct network_uses *uses = arena_alloc(&w->arena, sizeof(*uses));
	size_t i;
	json_t *g;

	uses->arena = &w->arena;
	for (size_t k = 0; k < w->vm.nseen; k++) {
		const struct vm_seen *x = w->vm.seen[k];

		if (x->problem)
			network_use_unread(uses, x->guest, x->problem, false);
		else
			network_use_qemu(uses, s, x->guest, x->config, x->current, &x->notes);
	}
	json_array_foreach (json_object_get(w->json, "guests"), i, g)
		if (w->world.guests[i].container)
			network_use_lxc(uses, s, &w->world.guests[i], json_object_get(g, "config"));
	w->vm.uses = uses;
}

static void add_ipam(struct test_world *w)
{
	const json_t *list = json_object_get(w->json, "ipam");
	struct vm_ipam *all = arena_alloc(&w->arena, (json_array_size(list) + 1) * sizeof(*all));
	size_t i;
	json_t *one;

	json_array_foreach (list, i, one) {
		all[i] = (struct vm_ipam){ .zone = text(one, "zone"),
					   .vnet = text(one, "vnet") ? text(one, "vnet") : "n1",
					   .mac = text(one, "mac") };
		if (!ip_parse(text(one, "ip"), &all[i].ip))
			fail_msg("ip %s", text(one, "ip"));
	}
	w->vm.ipam = all;
	w->vm.nipam = json_array_size(list);
	w->vm.ipam_read = list != NULL;
}

static int vnet_order(const void *a, const void *b)
{
	return strcmp(((const struct sdn_vnet *)a)->id, ((const struct sdn_vnet *)b)->id);
}

void test_net_world(struct test_world *w)
{
	const json_t *vnets = json_object_get(w->json, "vnets");
	struct sdn *s;
	size_t i;
	json_t *one;

	if (!vnets)
		return;
	s = arena_alloc(&w->arena, sizeof(*s));
	add_zones(w, s);
	s->vnets = arena_alloc(&w->arena, (json_array_size(vnets) + 1) * sizeof(*s->vnets));
	json_array_foreach (vnets, i, one)
		add_vnet(w, &s->vnets[s->nvnets++], one);
	qsort(s->vnets, s->nvnets, sizeof(*s->vnets), vnet_order);
	s->pending = arena_alloc(&w->arena, sizeof(*s->pending));
	w->vm.sdn = s;
	add_uses(w, s);
	add_ipam(w);
}
