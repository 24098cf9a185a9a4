/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/sdn_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/propstr.h"
#include "base/str.h"
#include "cloud/network_block.h"
#include "modules/items.h"
#include "modules/rights.h"
#include "modules/sdn_pending.h"
#include "pve/errors.h"

#define PVE_WITH_LOCK 9 /* major version that has /cluster/sdn/lock and /rollback */

enum { VERSION, RIGHTS, ZONES, VNETS, NREADS };

static const char *const paths[NREADS] = {
	[VERSION] = "/version",
	[RIGHTS] = "/access/permissions",
	[ZONES] = "/cluster/sdn/zones",
	[VNETS] = "/cluster/sdn/vnets",
};

static int check_replies(struct pxc_env *env, struct pve_read *reads, struct pxc_err *err)
{
	int r = 0;

	for (size_t i = 0; i < NREADS; i++) {
		bool is_list = i == ZONES || i == VNETS;

		if (reads[i].data)
			(void)pxc_env_keep(env, reads[i].data);
		if (r < 0)
			continue;
		if (reads[i].err.kind != PXC_OK) {
			*err = reads[i].err;
			r = -1;
		} else if (is_list ? !json_is_array(reads[i].data)
				   : !json_is_object(reads[i].data)) {
			r = pxc_fail(err, PXC_EREMOTE,
				     "GET %s: half an answer, not taken for truth", paths[i]);
		}
	}
	return r;
}

static int check_rights(struct pxc_env *env, const json_t *rights, struct pxc_err *err)
{
	const json_t *mine = json_object_get(rights, "/sdn");

	if (json_object_get(mine, "SDN.Audit") || json_object_get(mine, "SDN.Allocate"))
		return 0;
	(void)pve_lacks(pve_who(env->pve), "SDN.Audit|SDN.Allocate", "/sdn", err);
	return pxc_context(err, "all networks must be seen, or some would be made twice");
}

static void take_zone(struct pxc_env *env, struct sdn *s, const json_t *row, const char *id)
{
	static const char *const not_options[] = { "zone",   "type",    "state",
						   "digest", "pending", NULL };
	struct sdn_zone *z = &s->zones[s->nzones++];
	const char *key;
	json_t *value;

	z->id = id;
	z->type = item_text(row, "type") ? item_text(row, "type") : "";
	z->options = pxc_env_keep(env, json_object());
	json_object_foreach ((json_t *)(uintptr_t)row, key, value) {
		json_t *text = strv_has(not_options, key) ? json_null() : item_scalar(value);

		if (json_is_string(text))
			(void)json_object_set_new(z->options, key, text);
		else
			json_decref(text);
	}
}

static void release_notes(void *notes)
{
	annot_text_release(notes);
}

/* A number, or a text that is one: the API gives both. */
static long number(const json_t *row, const char *key)
{
	const json_t *v = json_object_get(row, key);

	return json_is_string(v) ? strtol(json_string_value(v), NULL, 10)
				 : (long)json_integer_value(v);
}

static void take_vnet(struct pxc_env *env, struct sdn *s, const json_t *row, const char *id,
		      const char *cluster)
{
	struct sdn_vnet *v = &s->vnets[s->nvnets++];

	v->id = id;
	v->zone = item_text(row, "zone") ? item_text(row, "zone") : "";
	v->tag = (uint32_t)number(row, "tag");
	v->vlan_aware = number(row, "vlanaware") != 0;
	v->isolate_ports = number(row, "isolate-ports") != 0;
	annot_parse(ANNOT_TOKEN, item_text(row, "alias"), &v->notes);
	pxc_env_defer(env, release_notes, &v->notes);
	network_block_read(v, cluster, env->arena);
}

static int vnet_order(const void *a, const void *b)
{
	return strcmp(((const struct sdn_vnet *)a)->id, ((const struct sdn_vnet *)b)->id);
}

/* Does its token say so? Of a vnet that is to go, the alias that runs does. */
static bool is_ours(struct pxc_env *env, const json_t *row, const char *id, const char *cluster)
{
	struct sdn_vnet v = { .id = id };

	annot_parse(ANNOT_TOKEN, item_text(row, "alias"), &v.notes);
	network_block_read(&v, cluster, env->arena);
	annot_text_release(&v.notes);
	return v.ours;
}

/* What there is to plan against; what waits, and is not ours, is named. (how PVE 8 and 9 differ: sdn_pending.h) */
static void take_lists(struct pxc_env *env, const struct world *w, struct sdn *s,
		       const json_t *zones, const json_t *vnets)
{
	size_t all = json_array_size(zones) + json_array_size(vnets), n = 0, i;
	const char **pending = arena_alloc(env->arena, (all + 1) * sizeof(*pending));
	json_t *row;

	s->zones = arena_alloc(env->arena, (json_array_size(zones) + 1) * sizeof(*s->zones));
	s->vnets = arena_alloc(env->arena, (json_array_size(vnets) + 1) * sizeof(*s->vnets));
	json_array_foreach (zones, i, row) {
		const char *id = item_text(row, "zone");
		bool ours = !s->locks && id && registry_zone(&w->registry, id);
		const json_t *as_is = id ? sdn_row(env, s, row) : NULL;

		if (as_is)
			take_zone(env, s, as_is, id);
		if (id && item_text(row, "state") && !ours)
			pending[n++] = sdn_pending_text(env->arena, row, "zone");
		s->unapplied |= id && item_text(row, "state") && ours;
	}
	json_array_foreach (vnets, i, row) {
		const char *id = item_text(row, "vnet");
		const json_t *as_is = id ? sdn_row(env, s, row) : NULL;
		bool ours = !s->locks && id &&
			    is_ours(env, as_is ? as_is : row, id, w->registry.cluster);

		if (as_is)
			take_vnet(env, s, as_is, id, w->registry.cluster);
		if (id && item_text(row, "state") && !ours)
			pending[n++] = sdn_pending_text(env->arena, row, "vnet");
		s->unapplied |= id && item_text(row, "state") && ours;
	}
	qsort(s->vnets, s->nvnets, sizeof(*s->vnets), vnet_order);
	s->pending = pending;
}

static int range_order(const void *a, const void *b)
{
	return ip_order(&((const struct net_range *)a)->first,
			&((const struct net_range *)b)->first);
}

static void take_ranges(struct pxc_env *env, struct sdn_subnet *n, const json_t *list)
{
	size_t i;
	json_t *one;

	n->ranges = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*n->ranges));
	json_array_foreach (list, i, one) {
		/* An object where it is applied, a text where it waits. */
		json_auto_t *parsed = json_is_string(one) ? prop_parse(json_string_value(one), NULL)
							  : json_incref(one);
		const char *first = item_text(parsed, "start-address");
		const char *last = item_text(parsed, "end-address");

		if (first && last && ip_parse(first, &n->ranges[n->nranges].first) &&
		    ip_parse(last, &n->ranges[n->nranges].last))
			n->nranges++;
	}
	qsort(n->ranges, n->nranges, sizeof(*n->ranges), range_order);
}

static int subnet_order(const void *a, const void *b)
{
	return strcmp(((const struct sdn_subnet *)a)->id, ((const struct sdn_subnet *)b)->id);
}

static void take_subnets(struct pxc_env *env, const struct sdn *s, struct sdn_vnet *v,
			 const json_t *list)
{
	size_t i;
	json_t *waiting;

	v->subnets = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*v->subnets));
	json_array_foreach (list, i, waiting) {
		struct sdn_subnet *n = &v->subnets[v->nsubnets];
		const json_t *row = sdn_row(env, s, waiting);

		n->id = item_text(row, "subnet");
		if (!n->id || !item_text(row, "cidr") ||
		    !cidr_parse(item_text(row, "cidr"), &n->cidr))
			continue;
		n->gateway = item_text(row, "gateway");
		n->dns = item_text(row, "dhcp-dns-server");
		n->dns_prefix = item_text(row, "dnszoneprefix");
		n->snat = number(row, "snat") != 0;
		take_ranges(env, n, json_object_get(row, "dhcp-range"));
		v->nsubnets++;
	}
	qsort(v->subnets, v->nsubnets, sizeof(*v->subnets), subnet_order);
	v->subnets_read = true;
}

int sdn_read_subnets(struct pxc_env *env, struct sdn *s, sdn_wants_fn *wants, void *context,
		     struct pxc_err *err)
{
	struct pve_read *reads = arena_alloc(env->arena, (s->nvnets + 1) * sizeof(*reads));
	json_auto_t *pending = json_pack("{s:i}", "pending", 1);
	struct sdn_vnet **of = arena_alloc(env->arena, (s->nvnets + 1) * sizeof(*of));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < s->nvnets; i++) {
		if (s->vnets[i].subnets_read || !wants(s, &s->vnets[i], context))
			continue;
		of[n] = &s->vnets[i];
		reads[n].params = pending;
		reads[n++].path =
			arena_printf(env->arena, "/cluster/sdn/vnets/%s/subnets", s->vnets[i].id);
	}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (reads[i].data)
			(void)pxc_env_keep(env, reads[i].data);
		if (r < 0)
			continue;
		if (json_is_array(reads[i].data)) {
			take_subnets(env, s, of[i], reads[i].data);
			continue;
		}
		/* Deleted, by others or by a run that was killed, which waits: PVE 9.2 shows its subnets in no view then. */
		if (reads[i].err.kind == PXC_ENOTFOUND) {
			of[i]->subnets_read = true;
			continue;
		}
		*err = reads[i].err;
		if (err->kind == PXC_OK)
			(void)pxc_fail(err, PXC_EREMOTE, "half an answer: no list");
		r = pxc_context(err, "subnets of vnet %s", of[i]->id);
	}
	return r;
}

int sdn_read(struct pxc_env *env, const struct world *w, sdn_wants_fn *wants, void *context,
	     struct sdn **ret, struct pxc_err *err)
{
	json_auto_t *pending = json_pack("{s:i}", "pending", 1);
	json_auto_t *on_sdn = json_pack("{s:s}", "path", "/sdn");
	struct pve_read reads[NREADS] = {
		[RIGHTS].params = on_sdn, [ZONES].params = pending, [VNETS].params = pending
	};
	struct sdn *s = arena_alloc(env->arena, sizeof(*s));
	const char *version;

	for (size_t i = 0; i < NREADS; i++)
		reads[i].path = arena_strdup(env->arena, paths[i]);
	pve_read_all(env->pve, reads, NREADS);
	if (check_replies(env, reads, err) < 0 || check_rights(env, reads[RIGHTS].data, err) < 0)
		return -1;
	version = item_text(reads[VERSION].data, "version");
	s->locks = version && strtol(version, NULL, 10) >= PVE_WITH_LOCK;
	take_lists(env, w, s, reads[ZONES].data, reads[VNETS].data);
	*ret = s;
	return wants ? sdn_read_subnets(env, s, wants, context, err) : 0;
}
