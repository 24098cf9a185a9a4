/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers (VLAN, VNI) and ids of vnets: chosen under the lock, from what is free. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/network_parts.h"

static bool is_global(const char *type)
{
	int t = sdn_zone_type(type);

	return t >= 0 && sdn_zone_global_tags(t);
}

/* Is the number of a vnet in zone other one that must differ from those in z? */
static bool same_scope(const struct network_run *run, const struct network_zone *z,
		       const char *other)
{
	const struct sdn_zone *zone = sdn_zone(run->sdn, other);

	return is_global(z->type) ? zone && is_global(zone->type) : str_eq(z->id, other);
}

static void set(uint8_t *bits, uint32_t n, uint32_t max)
{
	if (n <= max)
		bits[n / 8] |= (uint8_t)(1u << (n % 8));
}

static bool is_set(const uint8_t *bits, uint32_t n)
{
	return bits[n / 8] & (1u << (n % 8));
}

/*
 * The number of an EVPN zone's own routes, which no network may have. i counts the zones that run, then those of the task.
 * 0: it has none. NULL: there is no such zone.
 */
static const char *vrf_of(const struct network_run *run, size_t i, uint32_t *ret)
{
	const struct sdn *s = run->sdn;
	const struct network_zone *z = i < s->nzones ? NULL : &run->zones[i - s->nzones];
	const char *text;

	if (i >= s->nzones + run->nzones)
		return NULL;
	text = z ? json_string_value(json_object_get(z->options, "vrf-vxlan"))
		 : sdn_option(&s->zones[i], "vrf-vxlan");
	*ret = text ? (uint32_t)strtoul(text, NULL, 10) : 0;
	return z ? z->id : s->zones[i].id;
}

static void take_vrfs(const struct network_run *run, uint8_t *bits, uint32_t max)
{
	uint32_t vrf;

	for (size_t i = 0; vrf_of(run, i, &vrf); i++)
		set(bits, vrf, max);
}

static int check_vrfs(const struct network_case *c, struct pxc_err *err)
{
	const char *zone;
	uint32_t vrf;

	for (size_t i = 0; is_global(c->zone->type) && (zone = vrf_of(c->run, i, &vrf)); i++)
		if (vrf == c->spec->tag)
			return pxc_fail(
				err, PXC_EINVAL,
				"%s: tag %u is the number of the routes (vrf_vxlan) of zone %s",
				c->spec->label, vrf, zone);
	return 0;
}

/* Those of vnets that run, and those that this task names. */
static uint8_t *taken(struct network_run *run, struct network_zone *z, uint32_t max)
{
	uint8_t **bits = is_global(z->type) ? &run->global_taken : &z->taken;

	if (*bits)
		return *bits;
	*bits = pxc_calloc(max / 8 + 1, 1);
	for (size_t i = 0; i < run->sdn->nvnets; i++)
		if (run->sdn->vnets[i].tag && same_scope(run, z, run->sdn->vnets[i].zone))
			set(*bits, run->sdn->vnets[i].tag, max);
	for (size_t i = 0; i < run->ncases; i++) {
		const struct network_case *c = &run->cases[i];

		if (c->zone && !c->spec->absent && c->spec->tag &&
		    (c->zone == z || (is_global(z->type) && is_global(c->zone->type))))
			set(*bits, c->spec->tag, max);
	}
	if (is_global(z->type))
		take_vrfs(run, *bits, max);
	return *bits;
}

static int check_named(struct network_case *c, uint32_t max, struct pxc_err *err)
{
	uint32_t tag = c->spec->tag;

	if (tag > max)
		return pxc_fail(err, PXC_EINVAL, "%s: tag %u: the numbers of zone %s end with %u",
				c->spec->label, tag, c->zone->id, max);
	for (size_t i = 0; i < c->run->sdn->nvnets; i++) {
		const struct sdn_vnet *v = &c->run->sdn->vnets[i];

		if (v != c->have && v->tag == tag && same_scope(c->run, c->zone, v->zone))
			return pxc_fail(err, PXC_EINVAL, "%s: tag %u is taken by %s in zone %s",
					c->spec->label, tag, sdn_label(c->run->arena, v), v->zone);
	}
	for (const struct network_case *o = c->run->cases; o < c; o++)
		if (o->zone && !o->spec->absent && o->spec->tag == tag &&
		    (o->zone == c->zone || (is_global(o->zone->type) && is_global(c->zone->type))))
			return pxc_fail(err, PXC_EINVAL, "%s and %s name the same tag %u",
					c->spec->label, o->spec->label, tag);
	if (check_vrfs(c, err) < 0)
		return -1;
	c->want.tag = tag;
	return 0;
}

static int choose(struct network_case *c, uint32_t max, struct pxc_err *err)
{
	const struct tenant_zone *t = c->zone->tenant;
	uint8_t *bits;

	if (!t || !t->first)
		return pxc_fail(
			err, PXC_EINVAL,
			"%s: name a tag: zone %s has no range to choose one from (pxc_cloud: "
			"tenant_zones)",
			c->spec->label, c->zone->id);
	bits = taken(c->run, c->zone, max);
	for (uint32_t tag = t->first; tag <= t->last && tag <= max; tag++)
		if (!is_set(bits, tag)) {
			set(bits, tag, max);
			c->want.tag = tag;
			return 0;
		}
	return pxc_fail(err, PXC_EINVAL,
			"%s: no number is free in zone %s: all of %u to %u are taken (pxc_cloud: "
			"tenant_zones)",
			c->spec->label, c->zone->id, t->first, t->last);
}

/* The frames of the outer VLAN that have no inner tag: one network of a zone can have those. */
static int check_untagged(struct network_case *c, int type, struct pxc_err *err)
{
	if (type != SDN_QINQ)
		return pxc_fail(err, PXC_EINVAL,
				"%s: tag: none is for zones of type qinq, %s is of type %s",
				c->spec->label, c->zone->id, c->zone->type);
	for (size_t i = 0; i < c->run->sdn->nvnets; i++) {
		const struct sdn_vnet *v = &c->run->sdn->vnets[i];

		if (v != c->have && !v->tag && str_eq(v->zone, c->zone->id))
			return pxc_fail(err, PXC_EINVAL,
					"%s: %s has no tag already, and zone %s can have one such",
					c->spec->label, sdn_label(c->run->arena, v), c->zone->id);
	}
	for (const struct network_case *o = c->run->cases; o < c; o++)
		if (o->zone == c->zone && !o->spec->absent && o->spec->untagged)
			return pxc_fail(err, PXC_EINVAL, "%s and %s both name no tag in zone %s",
					c->spec->label, o->spec->label, c->zone->id);
	c->want.tag = 0;
	return 0;
}

int network_tag(struct network_case *c, struct pxc_err *err)
{
	int type = sdn_zone_type(c->zone->type);
	uint32_t max = type < 0 ? 0 : sdn_zone_max_tag(type);

	if (type < 0)
		return pxc_fail(err, PXC_EINVAL,
				"%s: zone %s is of type %s, which is not known here",
				c->spec->label, c->zone->id, c->zone->type);
	if (c->spec->untagged)
		return check_untagged(c, type, err);
	if (!sdn_zone_tagged(type))
		return c->spec->tag ? pxc_fail(err, PXC_EINVAL,
					       "%s: tag: networks in a zone of type %s have none",
					       c->spec->label, c->zone->type)
				    : 0;
	if (c->spec->tag)
		return check_named(c, max, err);
	return c->have ? 0 : choose(c, max, err);
}

static bool is_free(const struct network_case *c, const char *id)
{
	if (sdn_vnet(c->run->sdn, id))
		return false;
	for (size_t i = 0; i < c->run->ncases; i++) {
		const struct network_case *o = &c->run->cases[i];

		if ((o->want.id && str_eq(o->want.id, id)) ||
		    (o->spec->vnet && str_eq(o->spec->vnet, id)))
			return false;
	}
	return true;
}

const char *network_id(struct network_case *c)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

	for (unsigned attempt = 0;; attempt++) {
		auto_free char *names = pxc_printf("%s/%s/%s/%u", c->run->w->registry.cluster,
						   c->spec->project ? c->spec->project : "",
						   c->spec->name, attempt);
		char hex[65], id[9] = "n", half[17];
		unsigned long long n;

		sha256_hex(names, strlen(names), hex);
		(void)snprintf(half, sizeof(half), "%.16s", hex);
		n = strtoull(half, NULL, 16);
		for (int i = 1; i < 8; i++, n /= 36)
			id[i] = digits[n % 36];
		if (is_free(c, id))
			return arena_strdup(c->run->arena, id);
	}
}
