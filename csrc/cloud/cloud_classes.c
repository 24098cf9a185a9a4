/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The storage classes of the cloud: names are free, storages must be there. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/registry_plan.h"

static bool takes_disks(const struct world *w, const char *storage)
{
	for (size_t i = 0; i < w->nnodes; i++)
		if (world_storage(w, w->nodes[i].name, storage, "images"))
			return true;
	return false;
}

static int check_storage(const struct world *w, const struct storage_class *c, struct pxc_err *err)
{
	if (!world_storage_type(w, c->storage)) {
		(void)pxc_fail(err, PXC_EINVAL,
			       "storage class %s: there is no storage %s in the cluster", c->name,
			       c->storage);
		return pxc_unseen(err, "/storage/%s", c->storage);
	}
	if (!takes_disks(w, c->storage))
		return pxc_fail(err, PXC_EINVAL,
				"storage class %s: storage %s takes no disks: add images to its "
				"content, or name another",
				c->name, c->storage);
	return 0;
}

/* What volumes there are is not asked here: a class is but a name, and each keeps its storage. */
static void warn(const struct storage_class *had, const struct storage_class *c,
		 struct pxc_plan *plan)
{
	if (!c)
		pxc_plan_warn(
			plan,
			"storage class %s goes: what lies in it stays in storage %s, and tasks that "
			"name it will fail",
			had->name, had->storage);
	else if (!str_eq(had->storage, c->storage))
		pxc_plan_warn(
			plan,
			"storage class %s means %s now, not %s: volumes stay where they are until a "
			"task names the class, which moves them",
			c->name, c->storage, had->storage);
}

static struct storage_class as_named(const char *name, const json_t *entry)
{
	return (struct storage_class){
		.name = name,
		.storage = json_string_value(json_object_get(entry, "storage")),
		.description = json_string_value(json_object_get(entry, "description")),
		.is_default = json_is_true(json_object_get(entry, "default")),
	};
}

int cloud_want_classes(const struct cloud_spec *s, const struct world *w, struct annot *block,
		       struct pxc_plan *plan, struct pxc_err *err)
{
	const char *name;
	json_t *entry;

	for (size_t i = 0; s->classes && i < w->registry.nclasses; i++) {
		const struct storage_class *had = &w->registry.classes[i];
		const json_t *now = json_object_get(s->classes, had->name);
		auto_free char *key = pxc_printf(REGISTRY_CLASS "%s", had->name);
		struct storage_class c = as_named(had->name, now);

		warn(had, now ? &c : NULL, plan);
		if (!now)
			annot_set(block, key, NULL);
	}
	json_object_foreach (s->classes, name, entry) {
		struct storage_class c = as_named(name, entry);
		auto_free char *key = pxc_printf(REGISTRY_CLASS "%s", name);
		auto_free char *text = registry_class_text(&c);

		if (check_storage(w, &c, err) < 0)
			return -1;
		annot_set(block, key, text);
	}
	return 0;
}
