/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Storage classes: names for storages, as the registry keeps them. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry.h"

int registry_class_read(const char *text, struct pxc_arena *arena, struct storage_class *c,
			struct pxc_err *err)
{
	const char *const *items = strv_split(arena, text);

	for (size_t i = 0; items[i]; i++) {
		if (str_starts(items[i], "storage/"))
			c->storage = items[i] + strlen("storage/");
		else if (str_starts(items[i], "default/"))
			c->is_default = !str_eq(items[i], "default/0");
		else if (str_starts(items[i], "d/"))
			c->description = registry_free_text(arena, items[i] + 2);
	}
	return c->storage && *c->storage
		       ? 0
		       : pxc_fail(err, PXC_EINVAL, "storage class %s names no storage", c->name);
}

char *registry_class_text(const struct storage_class *c)
{
	struct pxc_buf out = { .data = NULL };

	buf_printf(&out, "storage/%s", c->storage);
	if (c->is_default)
		buf_adds(&out, ",default/1");
	if (c->description && *c->description) {
		buf_adds(&out, ",d/");
		registry_add_free_text(&out, c->description);
	}
	return buf_take(&out);
}

json_t *registry_class_items(const struct registry *r)
{
	json_t *all = json_object();

	for (size_t i = 0; i < r->nclasses; i++) {
		const struct storage_class *c = &r->classes[i];
		json_t *one = json_pack("{s:s,s:b}", "storage", c->storage, "default",
					(int)c->is_default);

		if (c->description)
			(void)json_object_set_new(one, "description", json_string(c->description));
		(void)json_object_set_new(all, c->name, one);
	}
	return all;
}

const struct storage_class *registry_class(const struct registry *r, const char *name)
{
	for (size_t i = 0; i < r->nclasses; i++)
		if (str_eq(r->classes[i].name, name))
			return &r->classes[i];
	return NULL;
}

const struct storage_class *registry_default_class(const struct registry *r)
{
	for (size_t i = 0; i < r->nclasses; i++)
		if (r->classes[i].is_default)
			return &r->classes[i];
	return NULL;
}

const char *registry_usual_storage(const struct registry *r)
{
	const struct storage_class *c = registry_default_class(r);

	return c ? c->storage : r->storage;
}

int registry_class_storage(const struct registry *r, const char *name, const char **ret,
			   struct pxc_err *err)
{
	const struct storage_class *c = name ? registry_class(r, name) : NULL;
	auto_buf struct pxc_buf names = { .data = NULL };

	if (!name)
		return 0;
	if (c) {
		*ret = c->storage;
		return 0;
	}
	for (size_t i = 0; i < r->nclasses; i++)
		buf_printf(&names, "%s%s", i ? ", " : "there are ", r->classes[i].name);
	return pxc_fail(err, PXC_EINVAL, "there is no storage class %s: %s", name,
			names.len ? buf_str(&names)
				  : "there are none yet (pxc_cloud: storage_classes)");
}
