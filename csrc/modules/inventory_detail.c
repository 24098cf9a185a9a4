/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inventory_detail.c - what stands in configurations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/net.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/vm_parts.h"
#include "cloud/vm_show.h"
#include "modules/inventory_parts.h"
#include "modules/items.h"
#include "modules/vm_observe.h"
#include "modules/vm_read.h"

/* Of a VM as results show it, what a host is told beside the lists. */
static const char *const shown[] = { "flavor", "image",    "addresses", "networks",    "disks",
				     "uuid",   "metadata", "affinity",  "description", "pending" };
/* Said by the block, and so by nobody when that is damaged, or was copied from another VM. */
static const char *const said[] = { "flavor", "image", "metadata", "affinity" };

json_t *inventory_detail_of(json_t *details, unsigned vmid)
{
	char key[16];

	(void)snprintf(key, sizeof(key), "%u", vmid);
	if (!json_object_get(details, key))
		(void)json_object_set_new(details, key, json_object());
	return json_object_get(details, key);
}

void inventory_problem(json_t *detail, const char *text)
{
	if (!json_object_get(detail, "pxc_problem"))
		(void)json_object_set_new(detail, "pxc_problem", json_string(text));
}

static int by_node(const void *a, const void *b)
{
	const struct world_guest *const *x = a, *const *y = b;

	return strcmp((*x)->node, (*y)->node);
}

const struct world_guest **inventory_guests_of(struct inventory *inv, const json_t *vmids,
					       size_t *ret_n)
{
	const struct world_guest **list = arena_alloc(
		&inv->arena, (json_array_size(vmids) + 1) * sizeof(const struct world_guest *));
	size_t i;
	json_t *vmid;

	*ret_n = 0;
	json_array_foreach (vmids, i, vmid) {
		const struct world_guest *g =
			world_guest(&inv->world, (unsigned)json_integer_value(vmid));

		if (g)
			list[(*ret_n)++] = g;
	}
	qsort(list, *ret_n, sizeof(*list), by_node);
	return list;
}

bool inventory_online(const struct inventory *inv, const struct world_guest *g)
{
	const struct world_node *node = world_node(&inv->world, g->node);

	return node && node->online;
}

/* --- configurations ----------------------------------------------------------------------------------- */

static void rename_into(json_t *detail, const char *key, json_t *value)
{
	auto_free char *name = pxc_printf("pxc_%s", key);

	if (value)
		(void)json_object_set(detail, name, value);
}

static void show_seen(struct inventory *inv, const struct vm_seen *x, json_t *detail)
{
	json_auto_t *item = vm_show(&inv->world, x);
	const char *project = item_text(item, "project"),
		   *pool = inventory_project(inv, x->guest->pool);
	const char *problem = item_text(item, "problem");

	if (problem) {
		inventory_problem(detail, problem);
		return;
	}
	if (item_text(item, "tampered"))
		inventory_problem(detail, item_text(item, "tampered"));
	if (item_true(item, "managed")) {
		rename_into(detail, "stack", json_object_get(item, "stack"));
		if (!str_eq(project, pool)) {
			auto_free char *text =
				pxc_printf("its notes say project %s, its pool is %s",
					   project ? project : "?", pool ? pool : "of no project");

			inventory_problem(detail, text);
		}
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(said); i++)
			(void)json_object_del(item, said[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		rename_into(detail, shown[i], json_object_get(item, shown[i]));
	(void)json_object_set(detail, "pxc_managed", json_object_get(item, "managed"));
	(void)json_object_set_new(detail, "pxc_agent_enabled",
				  json_boolean(vm_has_agent(x->config)));
}

static void read_vms(struct inventory *inv, const struct world_guest **guests, size_t n,
		     json_t *details)
{
	struct vm_seen **seen = arena_alloc(&inv->arena, (n + 1) * sizeof(struct vm_seen *));
	size_t nseen = 0;

	for (size_t i = 0; i < n; i++)
		if (!guests[i]->container) {
			seen[nseen] = arena_alloc(&inv->arena, sizeof(**seen));
			seen[nseen++]->guest = guests[i];
		}
	vm_read(&inv->env, &inv->world, seen, nseen);
	for (size_t i = 0; i < nseen; i++)
		show_seen(inv, seen[i], inventory_detail_of(details, seen[i]->guest->vmid));
}

void inventory_add_address(json_t *list, const char *text)
{
	auto_free char *ip = text ? pxc_strndup(text, strcspn(text, "/")) : NULL;
	struct net_ip parsed;

	if (ip && ip_parse(ip, &parsed) && ip_leads_out(&parsed))
		(void)json_array_append_new(list, json_string(ip));
}

static json_t *container_addresses(const json_t *config)
{
	json_t *list = json_array();

	for (unsigned slot = 0; slot < 32; slot++) {
		json_auto_t *card = NULL;
		char key[16];

		(void)snprintf(key, sizeof(key), "net%u", slot);
		if (!item_text(config, key))
			continue;
		card = prop_parse(item_text(config, key), NULL);
		inventory_add_address(list, item_text(card, "ip"));
		inventory_add_address(list, item_text(card, "ip6"));
	}
	return list;
}

/* Reads that one loop sends; a failure is the guest's problem and nobody else's. */
static void read_containers(struct inventory *inv, const struct world_guest **guests, size_t n,
			    json_t *details)
{
	struct pve_read *reads = arena_alloc(&inv->arena, (n + 1) * sizeof(*reads));
	unsigned *who = arena_alloc(&inv->arena, (n + 1) * sizeof(*who));
	size_t nreads = 0;

	for (size_t i = 0; i < n; i++)
		if (guests[i]->container && inventory_online(inv, guests[i])) {
			who[nreads] = guests[i]->vmid;
			reads[nreads++].path = arena_printf(&inv->arena, "/nodes/%s/lxc/%u/config",
							    guests[i]->node, guests[i]->vmid);
		}
	pve_read_all(inv->env.pve, reads, nreads);
	for (size_t i = 0; i < nreads; i++) {
		json_t *detail = inventory_detail_of(details, who[i]);

		if (reads[i].err.kind != PXC_OK) {
			inventory_problem(detail, reads[i].err.msg);
		} else {
			(void)json_object_set_new(detail, "pxc_addresses",
						  container_addresses(reads[i].data));
			rename_into(detail, "description",
				    json_object_get(reads[i].data, "description"));
		}
		json_decref(reads[i].data);
	}
}

void inventory_config(struct inventory *inv, const json_t *vmids, json_t *details)
{
	size_t n;
	const struct world_guest **guests = inventory_guests_of(inv, vmids, &n);

	read_vms(inv, guests, n, details);
	read_containers(inv, guests, n, details);
}
