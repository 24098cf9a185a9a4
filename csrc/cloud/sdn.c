/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking things up in a snapshot of the SDN. */
#include "cloud/sdn.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cloud/registry.h"

const struct sdn_zone *sdn_zone(const struct sdn *s, const char *id)
{
	for (size_t i = 0; i < s->nzones; i++)
		if (str_eq(s->zones[i].id, id))
			return &s->zones[i];
	return NULL;
}

const struct sdn_vnet *sdn_vnet(const struct sdn *s, const char *id)
{
	size_t low = 0, high = s->nvnets;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(id, s->vnets[mid].id);

		if (order == 0)
			return &s->vnets[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const char *sdn_option(const struct sdn_zone *zone, const char *key)
{
	return json_string_value(json_object_get(zone->options, key));
}

const struct sdn_vnet *sdn_network(const struct sdn *s, const char *project, const char *name)
{
	for (size_t i = 0; i < s->nvnets; i++) {
		const struct sdn_vnet *v = &s->vnets[i];

		if (v->ours && str_eq(v->name, name) &&
		    (project ? str_eq(v->project, project) : !v->project))
			return v;
	}
	return NULL;
}

bool sdn_may_use(const struct sdn_vnet *v, const char *project)
{
	if (!v->ours)
		return false;
	return (v->project && str_eq(v->project, project)) || strv_has(v->shared, "*") ||
	       (project && strv_has(v->shared, project));
}

const char *sdn_label(struct pxc_arena *arena, const struct sdn_vnet *v)
{
	if (!v->ours)
		return arena_printf(arena, "vnet %s", v->id);
	return v->project ? arena_printf(arena, "network %s/%s", v->project, v->name)
			  : arena_printf(arena, "network %s", v->name);
}

/* Is it what "name", or "project/name", says? */
static bool is_called(const struct sdn_vnet *v, const char *name)
{
	size_t len = v->project ? strlen(v->project) : 0;

	if (str_eq(v->name, name))
		return true;
	return len && strncmp(name, v->project, len) == 0 && name[len] == '/' &&
	       str_eq(name + len + 1, v->name);
}

int sdn_network_missing(const struct sdn *s, const char *project, const char *name,
			struct pxc_err *err)
{
	auto_buf struct pxc_buf names = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; i < s->nvnets && n < 12; i++)
		if (sdn_may_use(&s->vnets[i], project))
			buf_printf(&names, "%s%s", n++ ? ", " : "there are ", s->vnets[i].name);
	return pxc_fail(err, PXC_ENOTFOUND, "no network %s that project %s may use: %s", name,
			project,
			n ? buf_str(&names) : "there are none yet (pxc_sdn makes networks)");
}

int sdn_network_find(const struct sdn *s, const char *project, const char *name,
		     const struct sdn_vnet **ret, struct pxc_err *err)
{
	const struct sdn_vnet *found = sdn_network(s, project, name), *raw = sdn_vnet(s, name);

	for (size_t i = 0; !(found && str_eq(found->project, project)) && i < s->nvnets; i++) {
		const struct sdn_vnet *v = &s->vnets[i];

		if (!sdn_may_use(v, project) || !is_called(v, name))
			continue;
		if (found)
			return pxc_fail(
				err, PXC_EINVAL,
				"network %s is one of %s and one of %s: say which, as %s/%s", name,
				found->project ? found->project : "the cloud",
				v->project ? v->project : "the cloud",
				v->project ? v->project : found->project, v->name);
		found = v;
	}
	if (!found && raw && !raw->ours && raw->notes.finding == ANNOT_NONE)
		found = raw;
	if (!found)
		return sdn_network_missing(s, project, name, err);
	*ret = found;
	return 0;
}

const struct sdn_subnet *sdn_subnet_of(const struct sdn_vnet *v, const struct net_ip *ip)
{
	for (size_t i = 0; i < v->nsubnets; i++)
		if (cidr_contains(&v->subnets[i].cidr, ip))
			return &v->subnets[i];
	return NULL;
}
