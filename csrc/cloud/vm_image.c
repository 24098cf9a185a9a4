/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Import volumes that VMs are made from: who can read them, which must be downloaded first. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/vm_batch.h"

static const char *storage_of(const char *volume, char out[64])
{
	(void)snprintf(out, 64, "%.*s", (int)strcspn(volume, ":"), volume);
	return out;
}

static bool is_there(const struct vm_world *vw, const char *node, const char *volume)
{
	auto_free char *key = pxc_printf("%s/%s", node, volume);

	return json_object_get(vw->volumes, key) != NULL;
}

/*
 * The size of an import volume, as PVE lists it: of a raw image that of the disk, of others that of the file, which the
 * disk can hardly be below.
 */
uint64_t vm_image_bytes(const struct vm_world *vw, const char *volume)
{
	const char *key;
	json_t *size;

	json_object_foreach (vw->volumes, key, size)
		if (str_eq(strchr(key, '/') + 1, volume))
			return (uint64_t)json_integer_value(size);
	return 0;
}

static const char *file_storage(const struct vm_spec *s, const struct world *w)
{
	return s->image_storage ? s->image_storage : w->registry.import_storage;
}

const char *vm_import_storage(const struct vm_spec *s, const struct vm_world *vw,
			      struct pxc_arena *arena)
{
	const struct world *w = vw->w;
	const struct rbd_pool *pool = NULL;

	if (s->image_volume)
		return arena_strndup(arena, s->image_volume, strcspn(s->image_volume, ":"));
	if (s->image_url)
		return file_storage(s, w);
	if (!s->image_name || s->rebuild || s->image_backend == VM_IMAGE_RBD ||
	    vm_root_image(s, vw, s->storage ? s->storage : w->registry.storage, &pool))
		return NULL;
	return file_storage(s, w);
}

/* All that lie where the image of a spec may be. */
static size_t list_files(const struct vm_case *c, const struct image_file **ret)
{
	const struct vm_spec *s = c->spec;
	const char *storage = file_storage(s, c->w);

	if (s->rebuild || s->image_backend == VM_IMAGE_RBD || !storage)
		return 0;
	return image_files(c->vw->volumes, storage, c->arena, ret);
}

const struct image_file *vm_image_file(const struct vm_case *c)
{
	const struct image_file *files = NULL;
	size_t n = list_files(c, &files);

	return image_file_find(files, n, c->spec->image_name, c->spec->image_version, NULL);
}

const char *vm_image_file_names(const struct vm_case *c)
{
	const struct image_file *files = NULL;
	size_t n = list_files(c, &files);
	const char *names = "", *last = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!str_eq(files[i].name, last))
			names = arena_printf(c->arena, "%s%s%s", names, *names ? ", " : "",
					     files[i].name);
		last = files[i].name;
	}
	return *names ? arena_printf(c->arena, "; as files of PVE there is %s", names) : "";
}

const char *vm_image_unfit(const struct vm_case *c, const struct vm_world *vw, const char *node,
			   char *text, size_t size)
{
	const struct vm_spec *s = c->spec;
	char storage[64];

	if (!c->import)
		return NULL;
	if (!world_storage(c->w, node, storage_of(c->import, storage), "import"))
		(void)snprintf(text, size, "has no storage %s with content import", storage);
	else if (!s->image_url && !is_there(vw, node, c->import))
		(void)snprintf(text, size, "has no image %s", c->import);
	else
		return NULL;
	return text;
}

static struct pxc_plan *find_download(const struct pxc_plans *plans, size_t first, const char *node,
				      const char *storage, const char *file)
{
	for (size_t i = first; i < plans->nplans; i++) {
		const json_t *args = plans->plans[i]->steps[0].args;
		const char *where = json_string_value(json_object_get(args, "node"));

		if ((!node || str_eq(where, node)) &&
		    str_eq(json_string_value(json_object_get(args, "storage")), storage) &&
		    str_eq(json_string_value(json_object_get(args, "filename")), file))
			return plans->plans[i];
	}
	return NULL;
}

static struct pxc_plan *add_download(const struct vm_case *c, struct pxc_plans *ret)
{
	const struct vm_spec *s = c->spec;
	struct pxc_plan *p = pxc_plans_add(ret, "image download");
	json_t *args =
		json_pack("{s:s,s:s,s:s,s:s,s:s}", "node", c->node, "storage", s->image_storage,
			  "content", "import", "filename", s->image_file, "url", s->image_url);

	if (s->image_checksum) {
		(void)json_object_set_new(args, "checksum", json_string(s->image_checksum));
		(void)json_object_set_new(args, "checksum-algorithm",
					  json_string(s->image_algorithm));
	}
	pxc_plan_add(p, VM_DOWNLOAD, PXC_QUIET, args, "download %s to %s on %s", s->image_file,
		     s->image_storage, c->node);
	return p;
}

void vm_downloads(struct vm_case *cases, size_t n, const struct vm_world *vw, struct pxc_plans *ret)
{
	size_t first = ret->nplans;

	for (size_t i = 0; i < n; i++) {
		struct vm_case *c = &cases[i];
		const struct vm_spec *s = c->spec;
		const struct world_storage *st;
		struct pxc_plan *p;

		if (!s->image_url || s->absent || c->have || is_there(vw, c->node, s->image_volume))
			continue;
		st = world_storage(c->w, c->node, s->image_storage, NULL);
		p = find_download(ret, first, st && st->shared ? NULL : c->node, s->image_storage,
				  s->image_file);
		if (!p)
			p = add_download(c, ret);
		c->plan->phase = 1;
		c->plan->needs = p;
	}
}
