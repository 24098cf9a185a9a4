/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry.h"

/* The list and one more word, both borrowed; list may be NULL. */
static const char *const *strv_with(struct pxc_arena *arena, const char *const *list,
				    const char *word)
{
	size_t n = 0;
	const char **longer;

	while (list && list[n])
		n++;
	longer = arena_alloc(arena, (n + 2) * sizeof(*longer));
	for (size_t i = 0; i < n; i++)
		longer[i] = list[i];
	longer[n] = word;
	return longer;
}

const char *registry_free_text(struct pxc_arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *p = copy; *p; p++)
		*p = *p == '\x1f' ? ',' : *p;
	return copy;
}

void registry_add_free_text(struct pxc_buf *out, const char *text)
{
	for (const char *p = text; *p; p++)
		buf_addc(out, *p == ',' ? '\x1f' : *p);
}

static int take_flavor_number(struct flavor *f, struct pxc_arena *arena, const char *name,
			      const char *item, struct pxc_err *err)
{
	static const char *const names[] = { "vcpus", "ram_mb", "disk_gb", "public", "ha" };
	const char *value = item + strlen(name) + 1;
	size_t which = 0;
	long long n;
	char *end;

	while (which < ARRAY_SIZE(names) && !str_eq(names[which], name))
		which++;
	if (which == ARRAY_SIZE(names)) {
		f->unknown = strv_with(arena, f->unknown, item);
		return 0;
	}
	n = strtoll(value, &end, 10);
	if (end == value || *end || n < 0 || n > INT32_MAX)
		return pxc_fail(err, PXC_EINVAL, "flavor %s: %s=%s is no number from 0 to %d",
				f->name, name, value, INT32_MAX);
	if (which == 0)
		f->vcpus = (unsigned)n;
	else if (which == 1)
		f->memory_mib = (uint64_t)n;
	else if (which == 2)
		f->disk_gib = (unsigned)n;
	else if (which == 3)
		f->is_public = n != 0;
	else
		f->ha = n ? HA_ALWAYS : HA_NEVER;
	return 0;
}

/* One "name/value" of a flavor. What is not known here is kept as it is, so that newer writers lose nothing. */
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

	if (!name)
		return pxc_fail(err, PXC_EINVAL, "flavor %s: \"%s\" is no name/value", f->name,
				item);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (str_eq(texts[i].name, name)) {
			*texts[i].where = registry_free_text(arena, value);
			return 0;
		}
	if (str_eq(name, "p"))
		f->projects = strv_with(arena, f->projects, value);
	else if (str_starts(name, "x."))
		(void)json_object_set_new(f->extra, name + 2,
					  json_string(registry_free_text(arena, value)));
	else
		return take_flavor_number(f, arena, name, item, err);
	return 0;
}

int registry_flavor_read(const char *text, struct pxc_arena *arena, struct flavor *f,
			 struct pxc_err *err)
{
	const char *const *items = strv_split(arena, text);

	for (size_t i = 0; items[i]; i++) {
		if (str_starts(items[i], "d/"))
			f->description = registry_free_text(arena, items[i] + 2);
		else if (take_flavor_item(f, arena, items[i], err) < 0)
			return -1;
	}
	return 0;
}

static void add_item(struct pxc_buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, ",%s/", name);
	registry_add_free_text(out, value);
}

static int word_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that the order in which a playbook names things is no difference. */
static void add_projects(struct pxc_buf *out, const struct flavor *f)
{
	const char **sorted;
	size_t n = 0;

	while (f->projects && f->projects[n])
		n++;
	sorted = pxc_calloc(n, sizeof(*sorted));
	for (size_t i = 0; i < n; i++)
		sorted[i] = f->projects[i];
	qsort(sorted, n, sizeof(*sorted), word_order);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !str_eq(sorted[i], sorted[i - 1]))
			add_item(out, "p", sorted[i]);
	free(sorted);
}

void registry_add_extra(struct pxc_buf *out, const json_t *extra)
{
	const char **sorted = pxc_calloc(json_object_size(extra), sizeof(*sorted)), *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach ((json_t *)(uintptr_t)extra, key, value)
		sorted[n++] = key;
	qsort(sorted, n, sizeof(*sorted), word_order);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, ",x.%s/", sorted[i]);
		registry_add_free_text(out, json_string_value(json_object_get(extra, sorted[i])));
	}
	free(sorted);
}

char *registry_flavor_text(const struct flavor *f)
{
	struct pxc_buf out = { .data = NULL };

	buf_printf(&out, "vcpus/%u,ram_mb/%llu", f->vcpus, (unsigned long long)f->memory_mib);
	if (f->disk_gib)
		buf_printf(&out, ",disk_gb/%u", f->disk_gib);
	add_item(&out, "cpu", f->cpu);
	add_item(&out, "machine", f->machine);
	add_item(&out, "bios", f->bios);
	add_item(&out, "class", f->class);
	if (!f->is_public)
		buf_adds(&out, ",public/0");
	if (f->ha != HA_UNSAID)
		buf_printf(&out, ",ha/%d", f->ha == HA_ALWAYS);
	add_projects(&out, f);
	registry_add_extra(&out, f->extra);
	for (size_t i = 0; f->unknown && f->unknown[i]; i++)
		buf_printf(&out, ",%s", f->unknown[i]);
	if (f->description && *f->description)
		add_item(&out, "d", f->description);
	return buf_take(&out);
}
