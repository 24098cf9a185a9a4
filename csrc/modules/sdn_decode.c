/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "cloud/network_block.h"
#include "cloud/sdn_zone.h"
#include "modules/items.h"
#include "modules/sdn.h"
#include "modules/sdn_zone_decode.h"

#define MAX_RESERVE 65536
#define MAX_WAIT_S 86400

static int truth(const json_t *given, const char *key)
{
	return json_object_get(given, key) ? item_true(given, key) : -1;
}

static int decode_names(struct pxc_env *env, const json_t *item, struct network_spec *s,
			struct pxc_err *err)
{
	const char *kind = item_text(item, "kind");

	s->name = item_text(item, "name");
	s->new_name = item_text(item, "new_name");
	s->project = item_text(item, "project");
	s->provider = kind && str_eq(kind, "provider");
	s->label = s->project ? arena_printf(env->arena, "network %s/%s", s->project, s->name)
			      : arena_printf(env->arena, "network %s", s->name);
	if (!network_name(s->name) || (s->new_name && !network_name(s->new_name)))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: a network's name has lower-case letters, digits, dot, _ and -, at "
			"most 40, and begins with a letter or digit",
			s->label);
	if (!s->project && !s->provider)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: project is missing: only a network with kind: provider can be of "
			"none",
			s->label);
	if (s->new_name && str_eq(s->new_name, s->name))
		s->new_name = NULL;
	return 0;
}

static int decode_tag(const json_t *item, struct network_spec *s, struct pxc_err *err)
{
	const char *tag = item_text(item, "tag");
	char *end;
	unsigned long n;

	if (!tag || str_eq(tag, "auto"))
		return 0;
	s->untagged = str_eq(tag, "none");
	if (s->untagged)
		return 0;
	n = strtoul(tag, &end, 10);
	if (end == tag || *end || n < 1 || n > 16777215)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: tag must be auto, none or a number from 1 to 16777215, not \"%s\"",
			s->label, tag);
	s->tag = (uint32_t)n;
	return 0;
}

static int decode_ranges(struct pxc_env *env, const struct network_spec *s, const json_t *given,
			 struct network_subnet *n, struct pxc_err *err)
{
	const char *const *texts = item_list(env->arena, given, "ranges");
	size_t count = 0;

	while (texts && texts[count])
		count++;
	n->ranges_named = texts != NULL;
	n->ranges = arena_alloc(env->arena, (count + 1) * sizeof(*n->ranges));
	for (size_t i = 0; i < count; i++) {
		if (!range_parse(texts[i], &n->ranges[i]))
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: subnet %s: \"%s\" is no range like 10.0.0.10-10.0.0.99",
				s->label, item_text(given, "cidr"), texts[i]);
		/* In PVE's file they stand in any order; here they have one. */
		for (size_t k = i; k > 0; k--) {
			struct net_range swap = n->ranges[k];

			if (ip_order(&n->ranges[k - 1].first, &swap.first) <= 0)
				break;
			n->ranges[k] = n->ranges[k - 1];
			n->ranges[k - 1] = swap;
		}
	}
	n->nranges = count;
	return 0;
}

static int decode_subnet(struct pxc_env *env, const struct network_spec *s, const json_t *item,
			 const json_t *given, struct network_subnet *n, struct pxc_err *err)
{
	const char *cidr = item_text(item, "cidr");
	struct net_cidr whole;
	char text[IP_TEXT + 4];

	if (!cidr_parse(cidr, &n->cidr))
		return pxc_fail(err, PXC_EINVAL, "%s: \"%s\" is no subnet like 10.20.0.0/24",
				s->label, cidr);
	whole = cidr_network(&n->cidr);
	cidr_format(&whole, text);
	if (ip_order(&whole.ip, &n->cidr.ip) != 0)
		return pxc_fail(err, PXC_EINVAL, "%s: %s is an address in subnet %s: name that",
				s->label, cidr, text);
	n->absent = str_eq(item_text(item, "state"), "absent");
	n->gateway = item_text(given, "gateway");
	n->dns = item_text(given, "dns");
	n->dns_prefix = item_text(given, "dns_prefix");
	n->snat = truth(given, "snat");
	n->dhcp = truth(given, "dhcp");
	return decode_ranges(env, s, given, n, err);
}

static int decode_subnets(struct pxc_env *env, const json_t *item, const json_t *given,
			  struct network_spec *s, struct pxc_err *err)
{
	const json_t *list = json_object_get(item, "subnets");
	const json_t *named = json_object_get(given, "subnets");
	size_t i;
	json_t *one;

	s->subnets = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*s->subnets));
	s->subnets_exact = named && str_eq(item_text(item, "subnets_mode"), "exact");
	json_array_foreach (list, i, one) {
		struct network_subnet *n = &s->subnets[s->nsubnets++];

		if (decode_subnet(env, s, one, json_array_get(named, i), n, err) < 0)
			return -1;
		for (const struct network_subnet *o = s->subnets; o < n; o++)
			if (o->cidr.prefix == n->cidr.prefix &&
			    ip_order(&o->cidr.ip, &n->cidr.ip) == 0)
				return pxc_fail(err, PXC_EINVAL, "%s: subnet %s is named twice",
						s->label, item_text(one, "cidr"));
	}
	return 0;
}

static int decode_reserve(const struct network_spec *s, const json_t *item,
			  struct network_reserve *r, struct pxc_err *err)
{
	const char *range = item_text(item, "range");
	json_int_t count = item_int(item, "count");

	r->name = item_text(item, "name");
	r->absent = str_eq(item_text(item, "state"), "absent");
	if (!network_name(r->name))
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: reserve: a name has lower-case letters, digits, dot, _ and -, at "
			"most 40, unlike \"%s\"",
			s->label, r->name);
	if (r->absent)
		return 0;
	if (!range == !json_object_get(item, "count"))
		return pxc_fail(err, PXC_EINVAL, "%s: reserve %s: name either range or count",
				s->label, r->name);
	if (range && !range_parse(range, &r->range))
		return pxc_fail(err, PXC_EINVAL,
				"%s: reserve %s: \"%s\" is no range like 10.0.0.200-10.0.0.220",
				s->label, r->name, range);
	if (!range && (count < 1 || count > MAX_RESERVE))
		return pxc_fail(err, PXC_EINVAL, "%s: reserve %s: count must be between 1 and %d",
				s->label, r->name, MAX_RESERVE);
	r->count = range ? 0 : (unsigned)count;
	return 0;
}

static int decode_reserves(struct pxc_env *env, const json_t *item, const json_t *given,
			   struct network_spec *s, struct pxc_err *err)
{
	const json_t *list = json_object_get(item, "reserve");
	size_t i;
	json_t *one;

	s->reserves = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*s->reserves));
	s->reserves_exact = json_object_get(given, "reserve") &&
			    str_eq(item_text(item, "reserve_mode"), "exact");
	json_array_foreach (list, i, one) {
		struct network_reserve *r = &s->reserves[s->nreserves++];

		if (decode_reserve(s, one, r, err) < 0)
			return -1;
		for (const struct network_reserve *o = s->reserves; o < r; o++)
			if (str_eq(o->name, r->name))
				return pxc_fail(err, PXC_EINVAL, "%s: reserve %s is named twice",
						s->label, r->name);
	}
	return 0;
}

static int decode_zone(struct pxc_env *env, const json_t *item, const json_t *given,
		       struct network_spec *s, struct pxc_err *err)
{
	s->zone = item_text(item, "zone");
	s->zone_type = item_text(item, "zone_type");
	s->vnet = item_text(item, "vnet");
	s->remove_zone = item_true(item, "remove_zone");
	if (s->zone && !sdn_zone_id(s->zone))
		return pxc_fail(err, PXC_EINVAL, "%s: \"%s\" is no name of a zone: " SDN_ID_RULE,
				s->label, s->zone);
	if (s->vnet && !sdn_zone_id(s->vnet))
		return pxc_fail(err, PXC_EINVAL, "%s: \"%s\" is no id of a vnet: " SDN_ID_RULE,
				s->label, s->vnet);
	return sdn_zone_decode(env, s->label, given, &s->zone_options, err);
}

/* There is one lock for the whole task: the longest time counts. */
static int decode_wait(struct pxc_env *env, const json_t *item, struct pxc_err *err)
{
	json_int_t seconds = item_int(item, "lock_timeout");

	if (seconds < 0 || seconds > MAX_WAIT_S)
		return pxc_fail(err, PXC_EINVAL,
				"lock_timeout must be between 0 and %d seconds, not %lld",
				MAX_WAIT_S, (long long)seconds);
	if ((uint32_t)seconds * 1000 > env->sdn_wait_ms)
		env->sdn_wait_ms = (uint32_t)seconds * 1000;
	return 0;
}

static int decode_one(struct pxc_env *env, const json_t *item, const json_t *given, void *spec,
		      struct pxc_err *err)
{
	struct network_spec *s = spec;
	static const char *const impacts[] = { "quiet", "disrupts", "destroys" };
	const char *allow = item_text(item, "allow");

	s->absent = str_eq(item_text(item, "state"), "absent");
	s->vlan_aware = truth(given, "vlan_aware");
	s->isolate_ports = truth(given, "isolate_ports");
	s->shared = item_list(env->arena, given, "shared_with");
	s->description = item_text(given, "description");
	s->reseal = item_true(item, "reseal");
	s->allow = PXC_DESTROYS;
	for (size_t i = 0; allow && i < ARRAY_SIZE(impacts); i++)
		if (str_eq(allow, impacts[i]))
			s->allow = (enum pxc_impact)(PXC_QUIET + i);
	if (decode_names(env, item, s, err) < 0 || decode_tag(item, s, err) < 0 ||
	    decode_zone(env, item, given, s, err) < 0 ||
	    decode_subnets(env, item, given, s, err) < 0 ||
	    decode_reserves(env, item, given, s, err) < 0)
		return -1;
	env->break_sdn_lock |= item_true(item, "break_lock");
	return decode_wait(env, item, err);
}

int sdn_decode(struct pxc_env *env, struct network_batch **ret, struct pxc_err *err)
{
	struct network_batch *b = arena_alloc(env->arena, sizeof(*b));

	b->stamp = env->stamp;
	b->actor = env->actor;
	b->diff = env->args->task.diff;
	b->specs = items_read(env, decode_one, sizeof(*b->specs), &b->nspecs, err);
	if (!b->specs)
		return -1;
	b->breaks_lock = env->break_sdn_lock;
	*ret = b;
	return 0;
}
