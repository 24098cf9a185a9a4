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

/* Commas divide the items; one inside a free text is written as byte 0x1F (which the codec escapes). */
static const char *free_text(struct pxc_arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *p = copy; *p; p++)
		*p = *p == '\x1f' ? ',' : *p;
	return copy;
}

static void add_free_text(struct pxc_buf *out, const char *text)
{
	for (const char *p = text; *p; p++)
		buf_addc(out, *p == ',' ? '\x1f' : *p);
}

/* One "name/value" of a flavor. What is not known here is kept as an extra option, so that newer writers lose nothing. */
static int take_flavor_item(struct flavor *f, struct pxc_arena *arena, const char *item,
			    struct pxc_err *err)
{
	const char *slash = strchr(item, '/');
	char *name = slash ? arena_strndup(arena, item, (size_t)(slash - item)) : NULL;
	const char *value = slash ? slash + 1 : "";
	struct {
		const char *name, **where;
	} texts[] = { { "cpu", &f->cpu },
		      { "machine", &f->machine },
		      { "bios", &f->bios },
		      { "class", &f->class } };
	int64_t n = 0;

	if (!name)
		return pxc_fail(err, PXC_EINVAL, "flavor %s: \"%s\" is no name/value", f->name,
				item);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (str_eq(texts[i].name, name)) {
			*texts[i].where = value;
			return 0;
		}
	if (str_eq(name, "p")) {
		size_t count = 0;
		const char **list;

		while (f->projects && f->projects[count])
			count++;
		list = arena_alloc(arena, (count + 2) * sizeof(*list));
		for (size_t i = 0; i < count; i++)
			list[i] = f->projects[i];
		list[count] = value;
		f->projects = list;
		return 0;
	}
	if (str_starts(name, "x.")) {
		(void)json_object_set_new(f->extra, name + 2, json_string(free_text(arena, value)));
		return 0;
	}
	if (take_number(name, value, &n, err) < 0)
		return pxc_context(err, "flavor %s", f->name);
	if (str_eq(name, "vcpus"))
		f->vcpus = (unsigned)n;
	else if (str_eq(name, "ram_mb"))
		f->memory_mib = (uint64_t)n;
	else if (str_eq(name, "disk_gb"))
		f->disk_gib = (unsigned)n;
	else if (str_eq(name, "public"))
		f->is_public = n != 0;
	return 0;
}

static int take_flavor(struct registry *r, struct pxc_arena *arena, json_t *extras, const char *key,
		       const char *value, struct pxc_err *err)
{
	struct flavor *f = &r->flavors[r->nflavors++];
	const char *const *items = strv_split(arena, value);

	*f = (struct flavor){ .name = arena_strdup(arena, key + strlen(FLAVOR)),
			      .is_public = true };
	f->extra = json_object();
	(void)json_array_append_new(extras, f->extra);
	for (size_t i = 0; items[i]; i++) {
		if (str_starts(items[i], "d/"))
			f->description = free_text(arena, items[i] + 2);
		else if (take_flavor_item(f, arena, items[i], err) < 0)
			return -1;
	}
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
		.default_quota = quota_unset(),
		.max_cores = -1,
		.max_ram_mb = -1,
		.max_disk_gb = -1,
		.overcommit_cpu = DEFAULT_OVERCOMMIT_CPU,
		.overcommit_ram = DEFAULT_OVERCOMMIT_RAM,
		.flavors = arena_alloc(arena, a->npairs * sizeof(struct flavor)),
	};

	for (size_t i = 0; i < a->npairs; i++) {
		const char *key = a->pairs[i].key, *value = arena_strdup(arena, a->pairs[i].value);
		int q = str_starts(key, QUOTA) ? quota_find(key + strlen(QUOTA)) : -1;
		int bad;

		if (q >= 0)
			bad = take_number(key, value, &r.default_quota.v[q], err);
		else if (str_starts(key, FLAVOR))
			bad = take_flavor(&r, arena, extras, key, value, err);
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

const char *registry_flavor_names(const struct registry *r, char *out, size_t size)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	if (r->nflavors == 0)
		buf_adds(&text, "there are none yet (pxc_flavor makes them)");
	for (size_t i = 0; i < r->nflavors && i < 12; i++)
		buf_printf(&text, "%s%s", i ? ", " : "there are ", r->flavors[i].name);
	if (r->nflavors > 12)
		buf_printf(&text, " and %zu more", r->nflavors - 12);
	(void)snprintf(out, size, "%s", buf_str(&text));
	return out;
}

static void add_item(struct pxc_buf *out, const char *name, const char *value)
{
	if (value)
		buf_printf(out, ",%s/%s", name, value);
}

char *registry_flavor_text(const struct flavor *f)
{
	struct pxc_buf out = { .data = NULL };
	const char *key;
	json_t *value;

	buf_printf(&out, "vcpus/%u,ram_mb/%llu", f->vcpus, (unsigned long long)f->memory_mib);
	if (f->disk_gib)
		buf_printf(&out, ",disk_gb/%u", f->disk_gib);
	add_item(&out, "cpu", f->cpu);
	add_item(&out, "machine", f->machine);
	add_item(&out, "bios", f->bios);
	add_item(&out, "class", f->class);
	if (!f->is_public)
		buf_adds(&out, ",public/0");
	for (size_t i = 0; f->projects && f->projects[i]; i++)
		add_item(&out, "p", f->projects[i]);
	json_object_foreach (f->extra, key, value) {
		buf_printf(&out, ",x.%s/", key);
		add_free_text(&out, json_string_value(value));
	}
	if (f->description && *f->description) {
		buf_adds(&out, ",d/");
		add_free_text(&out, f->description);
	}
	return buf_take(&out);
}
