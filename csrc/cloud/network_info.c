/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/network_info.h"

#include <string.h>

#include "base/str.h"
#include "cloud/network_free.h"

bool network_shown(const struct sdn_vnet *v, const char *project)
{
	return !project || sdn_may_use(v, project) || (v->damaged && str_eq(v->project, project));
}

static const char *tampered(const struct sdn_vnet *v)
{
	if (v->ours || v->notes.finding == ANNOT_NONE)
		return NULL;
	if (v->notes.finding != ANNOT_OK)
		return v->notes.problem;
	return "its token was written for another vnet, or another cluster";
}

static void put_status(json_t *item, const json_t *status, const char *zone)
{
	json_t *nodes = json_object(), *zones;
	const char *node;

	json_object_foreach ((json_t *)(uintptr_t)status, node, zones)
		if (json_object_get(zones, zone))
			(void)json_object_set(nodes, node, json_object_get(zones, zone));
	(void)json_object_set_new(item, "zone_status", nodes);
}

/* What does not fit into a number of JSON is as good as endless. */
static json_t *number(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static json_t *reserved_count(const struct sdn_vnet *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->nreserves; i++)
		if (__builtin_add_overflow(sum, range_size(&v->reserves[i].range), &sum))
			sum = UINT64_MAX;
	return number(sum);
}

/* ---- addresses ---- */

static int address_order(const void *a, const void *b)
{
	const struct network_address *x = a, *y = b;
	int order = ip_order(&x->ip, &y->ip);

	return order ? order : strcmp(x->use->who, y->use->who);
}

struct network_address *network_addresses(const struct network_view *nv, const struct sdn_vnet *v,
					  struct pxc_arena *arena, size_t *ret_n)
{
	const struct network_uses *u = nv->uses;
	struct network_address *list;
	size_t most = 0, all = 0, n = 0;

	for (size_t i = 0; i < u->n; i++)
		most += str_eq(u->list[i].vnet, v->id) ? u->list[i].nips : 0;
	list = arena_alloc(arena, (most + 1) * sizeof(*list));
	for (size_t i = 0; i < u->n; i++)
		for (size_t k = 0; str_eq(u->list[i].vnet, v->id) && k < u->list[i].nips; k++)
			list[all++] = (struct network_address){ u->list[i].ips[k], &u->list[i] };
	qsort(list, all, sizeof(*list), address_order);
	/* Configuration, cloud-init and notes of a guest mostly say the same. */
	for (size_t i = 0; i < all; i++)
		if (n == 0 || address_order(&list[n - 1], &list[i]) != 0)
			list[n++] = list[i];
	*ret_n = n;
	return list;
}

const char *network_who(const struct network_view *nv, const struct network_use *use)
{
	bool own = use->project && nv->project && str_eq(use->project, nv->project);

	return !nv->project || own ? use->who : "somebody else";
}

static void put_addresses(json_t *item, const struct network_view *nv,
			  const struct network_address *list, size_t n)
{
	json_t *all = json_array();
	json_int_t used = 0;

	for (size_t i = 0; i < n; i++) {
		char ip[IP_TEXT];

		used += i == 0 || ip_order(&list[i - 1].ip, &list[i].ip) != 0;
		ip_format(&list[i].ip, ip);
		(void)json_array_append_new(all, json_pack("{s:s,s:s}", "ip", ip, "used_by",
							   network_who(nv, list[i].use)));
	}
	(void)json_object_set_new(item, "used", json_integer(used));
	(void)json_object_set_new(item, "addresses", all);
}

/* ---- free ones ---- */

static void take_ipam(struct address_set *set, const json_t *ipam, const char *zone)
{
	size_t i;
	json_t *row;

	json_array_foreach (ipam, i, row) {
		const char *text = json_string_value(json_object_get(row, "ip"));
		struct net_ip ip;

		if (str_eq(json_string_value(json_object_get(row, "zone")), zone) && text &&
		    ip_parse(text, &ip))
			(void)!address_take(set, &ip);
	}
}

static void put_free(json_t *item, const struct network_view *nv, const struct sdn_vnet *v,
		     const struct network_address *list, size_t n)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct address_set taken = { .arena = &arena };
	struct net_range *used = arena_alloc(&arena, (n + 1) * sizeof(*used));

	for (size_t i = 0; i < n; i++)
		used[i] = (struct net_range){ list[i].ip, list[i].ip };
	address_fill(&taken, used, n);
	network_take_kept(&taken, v);
	take_ipam(&taken, nv->ipam, v->zone);
	for (size_t i = 0; i < v->nsubnets; i++) {
		struct net_range hosts;
		size_t nranges;
		const struct net_range *ranges = network_ranges(&v->subnets[i], &hosts, &nranges);
		json_t *row = json_array_get(json_object_get(item, "subnets"), i);

		if (ranges)
			(void)json_object_set_new(row, "free",
						  number(address_free(ranges, nranges, &taken)));
	}
}

json_t *network_show(const struct network_view *nv, const struct sdn_vnet *v)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_t *item = network_item(nv->sdn, v);
	struct network_address *list;
	size_t n = 0;

	if (tampered(v))
		(void)json_object_set_new(item, "tampered", json_string(tampered(v)));
	(void)json_object_set_new(item, "reserved_count", reserved_count(v));
	if (nv->status)
		put_status(item, nv->status, v->zone);
	if (!nv->uses)
		return item;
	list = network_addresses(nv, v, &arena, &n);
	put_addresses(item, nv, list, n);
	put_free(item, nv, v, list, n);
	(void)json_object_set_new(item, "drift", network_drift(nv, v, list, n));
	return item;
}

void network_usage(const struct network_view *nv, const char *project, struct quota *ret)
{
	ret->v[QUOTA_NETWORKS] = ret->v[QUOTA_SUBNETS] = ret->v[QUOTA_IPS] = 0;
	for (size_t i = 0; i < nv->sdn->nvnets; i++) {
		const struct sdn_vnet *v = &nv->sdn->vnets[i];

		if (!v->ours || !v->project || !str_eq(v->project, project))
			continue;
		ret->v[QUOTA_NETWORKS]++;
		ret->v[QUOTA_SUBNETS] += (int64_t)v->nsubnets;
	}
	if (nv->uses)
		ret->v[QUOTA_IPS] = (int64_t)network_use_count(nv->uses, project);
}
