/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tenant zones: where projects may have networks, as the registry keeps them. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cloud/registry.h"
#include "cloud/sdn_zone.h"

static int take_tags(struct tenant_zone *z, const char *text, struct pxc_err *err)
{
	char end;

	if (strspn(text, "0123456789-") != strlen(text) || *text == '-' || strstr(text, "--") ||
	    sscanf(text, "%9u-%9u%c", &z->first, &z->last, &end) != 2 || z->first < 1 ||
	    z->first > z->last)
		return pxc_fail(err, PXC_EINVAL, "tenant zone %s: tags/%s is no range of numbers",
				z->name, text);
	return 0;
}

/* x.<option>/<text> */
static void take_option(struct tenant_zone *z, struct pxc_arena *arena, const char *item)
{
	const char *slash = strchr(item, '/');

	if (slash && slash > item)
		(void)json_object_setn_new(z->options, item, (size_t)(slash - item),
					   json_string(registry_free_text(arena, slash + 1)));
}

/* One of PVE's words for types, whether it is known here or not. */
static bool is_type(const char *text)
{
	return text && *text &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

int registry_zone_read(const char *text, struct pxc_arena *arena, struct tenant_zone *z,
		       struct pxc_err *err)
{
	const char *const *items = strv_split(arena, text);

	for (size_t i = 0; items[i]; i++) {
		if (str_starts(items[i], "type/"))
			z->type = items[i] + strlen("type/");
		else if (str_starts(items[i], "default/"))
			z->is_default = !str_eq(items[i], "default/0");
		else if (str_starts(items[i], "x."))
			take_option(z, arena, items[i] + 2);
		else if (str_starts(items[i], "tags/") &&
			 take_tags(z, items[i] + strlen("tags/"), err) < 0)
			return -1;
	}
	return is_type(z->type) ? 0
				: pxc_fail(err, PXC_EINVAL, "tenant zone %s has no type", z->name);
}

char *registry_zone_text(const struct tenant_zone *z)
{
	struct pxc_buf out = { .data = NULL };

	buf_printf(&out, "type/%s", z->type);
	if (z->first)
		buf_printf(&out, ",tags/%u-%u", z->first, z->last);
	if (z->is_default)
		buf_adds(&out, ",default/1");
	registry_add_extra(&out, z->options);
	return buf_take(&out);
}

json_t *registry_zone_items(const struct registry *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->nzones; i++) {
		const struct tenant_zone *z = &r->zones[i];
		int type = sdn_zone_type(z->type);
		json_auto_t *options = sdn_zone_shown(z->options);
		json_t *one = json_pack("{s:s,s:s,s:b}", "name", z->name, "type", z->type,
					"default", (int)z->is_default);

		if (z->first)
			(void)json_object_set_new(
				one, sdn_zone_global_tags(type) ? "vni_range" : "vlan_range",
				json_pack("[I,I]", (json_int_t)z->first, (json_int_t)z->last));
		(void)json_object_update(one, options);
		(void)json_array_append_new(all, one);
	}
	return all;
}

const struct tenant_zone *registry_zone(const struct registry *r, const char *name)
{
	for (size_t i = 0; i < r->nzones; i++)
		if (str_eq(r->zones[i].name, name))
			return &r->zones[i];
	return NULL;
}

const struct tenant_zone *registry_default_zone(const struct registry *r)
{
	for (size_t i = 0; i < r->nzones; i++)
		if (r->zones[i].is_default)
			return &r->zones[i];
	return r->nzones == 1 ? &r->zones[0] : NULL;
}
