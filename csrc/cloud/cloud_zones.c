/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tenant zones of the cloud. Nothing is made in PVE here: that needs SDN's transaction, and is done for the first
 * network that lies in a zone. So what would hinder that must be said now.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry_plan.h"
#include "cloud/sdn_zone.h"

static const char *option(const struct tenant_zone *z, const char *pve)
{
	return json_string_value(json_object_get(z->options, pve));
}

static bool global_tags(const struct tenant_zone *z)
{
	return sdn_zone_global_tags(sdn_zone_type(z->type));
}

/* Would a number in one be the same network as that number in the other? */
static bool same_numbers(const struct tenant_zone *a, const struct tenant_zone *b)
{
	if (global_tags(a) || global_tags(b))
		return global_tags(a) && global_tags(b);
	return str_eq(a->type, b->type) && str_eq(option(a, "bridge"), option(b, "bridge")) &&
	       str_eq(option(a, "tag"), option(b, "tag"));
}

static bool overlap(const struct tenant_zone *a, const struct tenant_zone *b)
{
	return a->first && b->first && a->first <= b->last && b->first <= a->last;
}

/* The number of the VRF of a zone of type evpn is a VNI too; 0 = it has none. */
static uint32_t vrf(const struct tenant_zone *z)
{
	const char *text = option(z, "vrf-vxlan");

	return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static int check_vrf(const struct tenant_zone *z, const struct tenant_zone *other,
		     struct pxc_err *err)
{
	if (vrf(z) && global_tags(other) && vrf(z) >= other->first && vrf(z) <= other->last)
		return pxc_fail(err, PXC_EINVAL,
				"tenant zone %s: vrf_vxlan %u lies in the vni_range of tenant zone "
				"%s, where networks would get it",
				z->name, vrf(z), other->name);
	if (z != other && vrf(z) && vrf(z) == vrf(other))
		return pxc_fail(err, PXC_EINVAL,
				"tenant zones %s and %s have the same vrf_vxlan %u: each needs its "
				"own",
				other->name, z->name, vrf(z));
	return 0;
}

static int check_pair(const struct tenant_zone *a, const struct tenant_zone *b, struct pxc_err *err)
{
	if (a != b && str_eq(a->name, b->name))
		return pxc_fail(err, PXC_EINVAL, "tenant zone %s is in the list twice", a->name);
	if (a != b && a->is_default && b->is_default)
		return pxc_fail(err, PXC_EINVAL,
				"tenant zones %s and %s are both the default: only one can be",
				a->name, b->name);
	if (a != b && overlap(a, b) && same_numbers(a, b))
		return pxc_fail(err, PXC_EINVAL,
				"tenant zones %s and %s: %u-%u and %u-%u overlap, so that networks "
				"of both would get the same %s",
				a->name, b->name, a->first, a->last, b->first, b->last,
				global_tags(a) ? "VNI" : "VLAN on one bridge");
	if (check_vrf(b, a, err) < 0)
		return -1;
	return a == b ? 0 : check_vrf(a, b, err);
}

static bool has_node(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->nnodes; i++)
		if (str_eq(w->nodes[i].name, name))
			return true;
	return false;
}

/* PVE takes the names of nodes that are not there. */
static int check_nodes(const struct world *w, const struct tenant_zone *z, struct pxc_err *err)
{
	static const char *const keys[] = { "nodes", "exitnodes", "exitnodes-primary" };

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		const char *const *names = strv_split(&arena, option(z, keys[k]));

		for (size_t i = 0; names[i]; i++)
			if (!has_node(w, names[i]))
				return pxc_fail(err, PXC_EINVAL,
						"tenant zone %s: %s: there is no node %s", z->name,
						sdn_zone_option(keys[k])->name, names[i]);
	}
	return 0;
}

static int check_zone(const struct cloud_spec *s, const struct cloud_world *cw, size_t at,
		      struct pxc_err *err)
{
	const struct tenant_zone *z = &s->zones[at];
	const char *there = json_string_value(json_object_get(cw->zones, z->name));

	if (there && !str_eq(there, z->type))
		return pxc_fail(err, PXC_EINVAL,
				"tenant zone %s: PVE has a zone %s of type %s already, not %s: "
				"choose another name",
				z->name, z->name, there, z->type);
	for (size_t i = 0; i <= at; i++)
		if (check_pair(&s->zones[i], z, err) < 0)
			return -1;
	return check_nodes(cw->w, z, err);
}

static bool stays(const struct cloud_spec *s, const char *name)
{
	for (size_t i = 0; i < s->nzones; i++)
		if (str_eq(s->zones[i].name, name))
			return true;
	return false;
}

int cloud_want_zones(const struct cloud_spec *s, const struct cloud_world *cw, struct annot *block,
		     struct pxc_plan *plan, struct pxc_err *err)
{
	const struct registry *had = &cw->w->registry;

	for (size_t i = 0; s->zones && i < had->nzones; i++) {
		auto_free char *key = pxc_printf(REGISTRY_ZONE "%s", had->zones[i].name);

		if (stays(s, had->zones[i].name))
			continue;
		pxc_plan_warn(plan,
			      "tenant zone %s goes: networks in it stay, but projects get no new "
			      "ones there",
			      had->zones[i].name);
		annot_set(block, key, NULL);
	}
	for (size_t i = 0; i < s->nzones; i++) {
		auto_free char *key = pxc_printf(REGISTRY_ZONE "%s", s->zones[i].name);
		auto_free char *text = registry_zone_text(&s->zones[i]);

		if (check_zone(s, cw, i, err) < 0)
			return -1;
		annot_set(block, key, text);
	}
	return 0;
}
