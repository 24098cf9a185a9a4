/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which network a task means, and what must be read to plan for it. */
#include <string.h>

#include "base/str.h"
#include "cloud/network_parts.h"

static bool is_called(const struct sdn_vnet *v, const struct network_spec *s)
{
	return (v->ours || v->damaged) && str_eq(v->project, s->project) &&
	       (str_eq(v->name, s->name) || (s->new_name && str_eq(v->name, s->new_name)));
}

const struct sdn_vnet *network_vnet(const struct sdn *s, const struct network_spec *spec)
{
	const struct sdn_vnet *v = sdn_network(s, spec->project, spec->name);

	if (!v && spec->new_name)
		v = sdn_network(s, spec->project, spec->new_name);
	for (size_t i = 0; !v && i < s->nvnets; i++)
		if (s->vnets[i].damaged && is_called(&s->vnets[i], spec))
			v = &s->vnets[i];
	return v;
}

static const struct network_spec *spec_of(const struct network_batch *b, const struct sdn_vnet *v)
{
	for (size_t i = 0; i < b->nspecs; i++)
		if (is_called(v, &b->specs[i]))
			return &b->specs[i];
	return NULL;
}

static bool has(const struct sdn_vnet *v, const struct net_cidr *cidr)
{
	for (size_t i = 0; i < v->nsubnets; i++)
		if (network_same_cidr(&v->subnets[i].cidr, cidr))
			return true;
	return false;
}

/* Does a subnet come, as far as is known? Then all of its zone count, too: of zone, or of any (NULL). */
static bool adds(const struct sdn *s, const struct network_spec *spec, const char **ret_zone)
{
	const struct sdn_vnet *v = network_vnet(s, spec);

	*ret_zone = v ? v->zone : spec->zone;
	if (v && !v->subnets_read)
		return false;
	for (size_t i = 0; i < spec->nsubnets; i++)
		if (!spec->subnets[i].absent && !(v && has(v, &spec->subnets[i].cidr)))
			return true;
	return false;
}

bool network_wants_subnets(const struct network_batch *batch, const struct sdn *s,
			   const struct sdn_vnet *v)
{
	if (spec_of(batch, v))
		return true;
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct network_spec *spec = &batch->specs[i];
		const char *zone;

		if (spec->absent || !spec->nsubnets)
			continue;
		if (v->project && spec->project && str_eq(v->project, spec->project))
			return true;
		if (adds(s, spec, &zone) && (!zone || str_eq(zone, v->zone)))
			return true;
	}
	return false;
}

static bool loses_subnets(const struct network_spec *s, const struct sdn_vnet *v)
{
	for (size_t i = 0; i < v->nsubnets; i++) {
		bool named = false;

		for (size_t k = 0; k < s->nsubnets; k++) {
			if (!network_same_cidr(&s->subnets[k].cidr, &v->subnets[i].cidr))
				continue;
			named = true;
			if (s->subnets[k].absent)
				return true;
		}
		if (!named && s->subnets_exact)
			return true;
	}
	return false;
}

bool network_wants_uses(const struct network_batch *batch, const struct network_world *nw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct network_spec *s = &batch->specs[i];
		const struct sdn_vnet *v = network_vnet(nw->sdn, s);

		if (v && (s->absent || s->nreserves || loses_subnets(s, v)))
			return true;
	}
	return false;
}

/* Does the registry say something else by now that has to do with bridges? */
static bool outdated(const struct sdn_zone *zone, const struct tenant_zone *t)
{
	static const char *const keys[] = { "bridge", "mtu", "nodes" };

	for (size_t i = 0; t && i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *want = json_object_get(t->options, keys[i]);

		if (want &&
		    !sdn_zone_same(keys[i], sdn_option(zone, keys[i]), json_string_value(want)))
			return true;
	}
	return false;
}

bool network_wants_bridges(const struct network_batch *batch, const struct network_world *nw)
{
	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct network_spec *s = &batch->specs[i];
		const struct tenant_zone *usual = registry_default_zone(&nw->w->registry);
		const struct sdn_vnet *v = network_vnet(nw->sdn, s);
		const char *id = v ? v->zone : s->zone ? s->zone : usual ? usual->name : NULL;
		const struct sdn_zone *zone = id ? sdn_zone(nw->sdn, id) : NULL;

		if (!s->absent && !v && s->vnet)
			return true;
		if (!s->absent && id &&
		    (!zone || json_object_size(s->zone_options) ||
		     outdated(zone, registry_zone(&nw->w->registry, id))))
			return true;
	}
	return false;
}
