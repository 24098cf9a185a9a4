/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/cloud_zones.h"

#include "base/str.h"
#include "cloud/sdn_zone.h"
#include "modules/items.h"
#include "modules/sdn_zone_decode.h"

#define VLAN_RANGE "vlan_range"
#define VNI_RANGE "vni_range"

static int decode_range(const char *label, const json_t *given, int type, struct tenant_zone *z,
			struct pxc_err *err)
{
	const char *key = sdn_zone_global_tags(type) ? VNI_RANGE : VLAN_RANGE;
	const char *other = sdn_zone_global_tags(type) ? VLAN_RANGE : VNI_RANGE;
	const json_t *range = json_object_get(given, key);
	json_int_t first = json_integer_value(json_array_get(range, 0));
	json_int_t last = json_integer_value(json_array_get(range, 1));

	if (json_object_get(given, other) || (range && !sdn_zone_tagged(type)))
		return pxc_fail(err, PXC_EINVAL, "%s: a zone of type %s takes no %s", label,
				sdn_zone_types[type], json_object_get(given, other) ? other : key);
	if (!sdn_zone_tagged(type))
		return 0;
	if (json_array_size(range) != 2 || first < 1 || first > last ||
	    last > (json_int_t)sdn_zone_max_tag(type))
		return pxc_fail(err, PXC_EINVAL,
				"%s: a zone of type %s needs %s: the first and the last number of "
				"new networks, from 1 to %u, like [100, 199]",
				label, sdn_zone_types[type], key, sdn_zone_max_tag(type));
	z->first = (uint32_t)first;
	z->last = (uint32_t)last;
	return 0;
}

/* In the registry an option that is taken back is one that is not there. */
static void leave_nulls_out(json_t *options)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe (options, next, key, value)
		if (json_is_null(value))
			(void)json_object_del(options, key);
}

static int decode_zone(struct pxc_env *env, const json_t *given, struct tenant_zone *z,
		       struct pxc_err *err)
{
	json_auto_t *made = NULL;
	const char *label;

	z->name = item_text(given, "name");
	z->type = item_text(given, "type");
	z->is_default = item_true(given, "default");
	label = arena_printf(env->arena, "tenant zone %s", z->name);
	if (!sdn_zone_id(z->name))
		return pxc_fail(err, PXC_EINVAL, "%s is no name of a zone: " SDN_ID_RULE, label);
	if (sdn_zone_decode(env, label, given, &z->options, err) < 0)
		return -1;
	leave_nulls_out(z->options);
	/* What is left out is not remembered: a zone that PVE has already keeps what it has. */
	made = json_copy(z->options);
	sdn_zone_usual(z->type, made);
	if (sdn_zone_check(label, z->type, made, true, err) < 0)
		return -1;
	return decode_range(label, given, sdn_zone_type(z->type), z, err);
}

int cloud_zones_decode(struct pxc_env *env, const json_t *given, struct cloud_spec *s,
		       struct pxc_err *err)
{
	const json_t *list = json_object_get(given, "tenant_zones");
	struct tenant_zone *zones;
	size_t i;
	json_t *one;

	if (!list)
		return 0;
	zones = arena_alloc(env->arena, (json_array_size(list) + 1) * sizeof(*zones));
	json_array_foreach (list, i, one)
		if (decode_zone(env, one, &zones[i], err) < 0)
			return -1;
	s->zones = zones;
	s->nzones = json_array_size(list);
	return 0;
}

int cloud_zones_read(struct pxc_env *env, struct cloud_world *cw, struct pxc_err *err)
{
	json_auto_t *list = NULL;
	size_t i;
	json_t *zone;

	if (pve_get(env->pve, "/cluster/sdn/zones", &list, err) < 0)
		return pxc_context(err, "zones of PVE's SDN");
	cw->zones = pxc_env_keep(env, json_object());
	json_array_foreach (list, i, zone)
		(void)json_object_set(cw->zones, item_text(zone, "zone"),
				      json_object_get(zone, "type"));
	return 0;
}
