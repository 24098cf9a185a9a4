/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/registry.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define FLAVOR "f."
#define QUOTA "dq."

#define DEFAULT_OVERCOMMIT_CPU 4.0
#define DEFAULT_OVERCOMMIT_RAM 1.0

const char *const ha_policy_names[] = {
	[HA_UNSAID] = "default", [HA_ALWAYS] = "enabled", [HA_NEVER] = "disabled", NULL
};

enum ha_policy ha_policy_named(const char *word)
{
	return str_eq(word, ha_policy_names[HA_ALWAYS])  ? HA_ALWAYS
	       : str_eq(word, ha_policy_names[HA_NEVER]) ? HA_NEVER
							 : HA_UNSAID;
}

bool strv_has(const char *const *list, const char *word)
{
	for (size_t i = 0; list && list[i]; i++)
		if (str_eq(list[i], word))
			return true;
	return false;
}

const char *const *strv_split(struct pxc_arena *arena, const char *text)
{
	size_t n = 1, i = 0;
	const char **list;

	for (const char *p = text; p && *p; p++)
		n += *p == ',';
	list = arena_alloc(arena, (n + 1) * sizeof(*list));
	for (const char *p = text; p && *p;) {
		size_t len = strcspn(p, ",");

		if (len)
			list[i++] = arena_strndup(arena, p, len);
		p += len;
		p += *p == ',';
	}
	return list;
}

static int take_number(const char *key, const char *text, int64_t *ret, struct pxc_err *err)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	if (end == text || *end)
		return pxc_fail(err, PXC_EINVAL, "%s=%s is no number", key, text);
	*ret = n;
	return 0;
}

static int take_ratio(const char *key, const char *text, double *ret, struct pxc_err *err)
{
	char *end;
	double d = strtod(text, &end);

	if (end == text || *end || !(d > 0))
		return pxc_fail(err, PXC_EINVAL, "%s=%s is no ratio above 0", key, text);
	*ret = d;
	return 0;
}

static int take_flavor(struct registry *r, struct pxc_arena *arena, json_t *extras, const char *key,
		       const char *value, struct pxc_err *err)
{
	struct flavor *f = &r->flavors[r->nflavors++];

	*f = (struct flavor){ .name = arena_strdup(arena, key + strlen(FLAVOR)),
			      .is_public = true,
			      .extra = json_object() };
	(void)json_array_append_new(extras, f->extra);
	return registry_flavor_read(value, arena, f, err);
}

static int take_class(struct registry *r, struct pxc_arena *arena, const char *key,
		      const char *value, struct pxc_err *err)
{
	struct storage_class *c = &r->classes[r->nclasses++];

	*c = (struct storage_class){ .name = arena_strdup(arena, key + strlen(REGISTRY_CLASS)) };
	return registry_class_read(value, arena, c, err);
}

static int take_zone(struct registry *r, struct pxc_arena *arena, json_t *extras, const char *key,
		     const char *value, struct pxc_err *err)
{
	struct tenant_zone *z = &r->zones[r->nzones++];

	*z = (struct tenant_zone){ .name = arena_strdup(arena, key + strlen(REGISTRY_ZONE)),
				   .options = json_object() };
	(void)json_array_append_new(extras, z->options);
	return registry_zone_read(value, arena, z, err);
}

static int take_holders(const char *text, struct registry *r, struct pxc_err *err)
{
	char end;

	if (!*text || strspn(text, "0123456789-") != strlen(text) || *text == '-' ||
	    sscanf(text, "%9u-%9u%c", &r->holder_first, &r->holder_last, &end) != 2 ||
	    r->holder_first < 100 || r->holder_first > r->holder_last)
		return pxc_fail(err, PXC_EINVAL, "holders=%s is no range of VMIDs", text);
	return 0;
}

static int take_scalar(struct registry *r, const char *key, const char *value, struct pxc_err *err)
{
	struct {
		const char *key;
		const char **where;
	} texts[] = {
		{ "domain", &r->domain },         { "c", &r->cluster },
		{ "cpu", &r->cpu_model },         { "storage", &r->storage },
		{ "import", &r->import_storage }, { "bridge", &r->bridge },
		{ "audit", &r->audit_storage },   { "locks", &r->lock_storage },
	};
	struct {
		const char *key;
		int64_t *where;
	} numbers[] = { { "mv.cores", &r->max_cores },
			{ "mv.ram_mb", &r->max_ram_mb },
			{ "mv.disk_gb", &r->max_disk_gb } };
	int64_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (str_eq(texts[i].key, key))
			*texts[i].where = value;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (str_eq(numbers[i].key, key))
			return take_number(key, value, numbers[i].where, err);
	if (str_eq(key, "ha"))
		r->ha_default = str_eq(value, "1");
	if (str_eq(key, "holders"))
		return take_holders(value, r, err);
	if (str_eq(key, "oc.cpu"))
		return take_ratio(key, value, &r->overcommit_cpu, err);
	if (str_eq(key, "oc.ram"))
		return take_ratio(key, value, &r->overcommit_ram, err);
	if (str_eq(key, "reserve_mb")) {
		if (take_number(key, value, &n, err) < 0)
			return -1;
		r->reserve_mb = n > 0 ? (uint64_t)n : 0;
	}
	return 0;
}

int registry_decode(const struct annot *a, struct pxc_arena *arena, json_t *extras,
		    struct registry *ret, struct pxc_err *err)
{
	struct registry r = {
		.admins = strv_split(arena, annot_get(a, "adm")),
		.denied = strv_split(arena, annot_get(a, "deny")),
		.default_quota = quota_unset(),
		.max_cores = -1,
		.max_ram_mb = -1,
		.max_disk_gb = -1,
		.overcommit_cpu = DEFAULT_OVERCOMMIT_CPU,
		.overcommit_ram = DEFAULT_OVERCOMMIT_RAM,
		.flavors = arena_alloc(arena, a->npairs * sizeof(struct flavor)),
		.classes = arena_alloc(arena, a->npairs * sizeof(struct storage_class)),
		.zones = arena_alloc(arena, a->npairs * sizeof(struct tenant_zone)),
	};

	for (size_t i = 0; i < a->npairs; i++) {
		const char *key = a->pairs[i].key, *value = arena_strdup(arena, a->pairs[i].value);
		int q = str_starts(key, QUOTA) ? quota_find(key + strlen(QUOTA)) : -1;
		int bad;

		if (q >= 0)
			bad = take_number(key, value, &r.default_quota.v[q], err);
		else if (str_starts(key, FLAVOR))
			bad = take_flavor(&r, arena, extras, key, value, err);
		else if (str_starts(key, REGISTRY_CLASS))
			bad = take_class(&r, arena, key, value, err);
		else if (str_starts(key, REGISTRY_ZONE))
			bad = take_zone(&r, arena, extras, key, value, err);
		else
			bad = take_scalar(&r, key, value, err);
		if (bad < 0)
			return -1;
	}
	if (!r.domain)
		return pxc_fail(err, PXC_EINVAL, "it has no domain");
	*ret = r;
	return 0;
}

const struct flavor *registry_flavor(const struct registry *r, const char *name)
{
	for (size_t i = 0; i < r->nflavors; i++)
		if (str_eq(r->flavors[i].name, name))
			return &r->flavors[i];
	return NULL;
}

bool registry_flavor_for(const struct flavor *f, const char *project)
{
	return f->is_public || strv_has(f->projects, project);
}

const char *registry_flavor_names(const struct registry *r, const char *project, char *out,
				  size_t size)
{
	auto_buf struct pxc_buf text = { .data = NULL };
	size_t n = 0;

	for (size_t i = 0; i < r->nflavors; i++)
		if (registry_flavor_for(&r->flavors[i], project) && n++ < 12)
			buf_printf(&text, "%s%s", n > 1 ? ", " : "there are ", r->flavors[i].name);
	if (n == 0)
		buf_adds(&text, "there are none yet (pxc_flavor makes them)");
	if (n > 12)
		buf_printf(&text, " and %zu more", n - 12);
	(void)snprintf(out, size, "%s", buf_str(&text));
	return out;
}
