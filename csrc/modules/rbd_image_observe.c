/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/mem.h"
#include "base/propstr.h"
#include "base/str.h"
#include "cloud/project_find.h"
#include "cloud/vm_parts.h"
#include "modules/import.h"
#include "modules/items.h"
#include "modules/rbd.h"
#include "modules/rbd_image.h"
#include "modules/rights.h"
#include "modules/vm_read.h"
#include "modules/world.h"

#define STALE_S 3600
#define TAG "pxc-image"

/* What a plan of images looks at in a pool; all of it when garbage is collected or volumes are sources. */
static const char *const usual_prefixes[] = { RBD_IMAGE_PREFIX, RBD_TEMP_PREFIX, "base-", NULL };

static int list_storages(struct pxc_env *env, const struct image_batch *b, const struct world *w,
			 const char *const **ret, struct pxc_err *err)
{
	const char **list = arena_alloc(env->arena, (b->nspecs + 2) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < b->nspecs + b->gc; i++) {
		const char *named = i < b->nspecs ? b->specs[i].storage : b->gc_storage;
		const char *storage = image_storage(w, named);

		if (i < b->nspecs && b->specs[i].backend == IMAGE_PVE)
			continue;
		if (!storage)
			return pxc_fail(err, PXC_EINVAL,
					"%s needs a storage, and the cloud has no default one "
					"(pxc_cloud: storage)",
					i < b->nspecs ? b->specs[i].label : "gc");
		list[n++] = storage;
	}
	*ret = list;
	return 0;
}

static bool reads_all(const struct image_batch *b)
{
	bool all = b->gc;

	for (size_t i = 0; i < b->nspecs; i++)
		all |= b->specs[i].from.name != NULL || b->specs[i].template.wanted;
	return all;
}

static int read_users(struct pxc_env *env, const struct image_batch *b, struct image_world *iw,
		      struct pxc_err *err)
{
	for (size_t i = 0; i < iw->rbd->npools; i++) {
		const struct rbd_pool *p = &iw->rbd->pools[i];

		for (size_t k = 0; k < p->nimages; k++)
			if (image_may_go(b, iw->w, p, &p->images[k]) &&
			    rbd_read_users(env, p, &p->images[k], err) < 0 &&
			    err->kind != PXC_ENOTFOUND)
				return -1;
	}
	*err = (struct pxc_err){ .kind = PXC_OK };
	return 0;
}

static int read_projections(struct pxc_env *env, struct image_world *iw)
{
	const struct world *w = iw->w;
	struct vm_seen **seen =
		arena_alloc(env->arena, (w->nguests + 1) * sizeof(struct vm_seen *));
	size_t n = 0;

	for (size_t i = 0; i < w->nguests; i++)
		if (!w->guests[i].container && world_has_tag(w->guests[i].tags, TAG)) {
			seen[n] = arena_alloc(env->arena, sizeof(**seen));
			seen[n++]->guest = &w->guests[i];
		}
	vm_read(env, w, seen, n);
	iw->projections = arena_alloc(env->arena, (n + 1) * sizeof(*iw->projections));
	for (size_t i = 0; i < n; i++) {
		const struct annot *a = &seen[i]->notes.annot;

		if (seen[i]->problem || seen[i]->notes.finding != ANNOT_OK ||
		    !str_eq(annot_get(a, "t"), "template") || !vm_owns_block(seen[i]))
			continue;
		iw->projections[iw->nprojections++] = (struct image_projection){
			.guest = seen[i]->guest,
			.image = annot_get(a, "image"),
			.version = annot_get(a, "version"),
			.ha = seen[i]->guest->ha,
			.is_template = seen[i]->guest->is_template,
		};
	}
	return 0;
}

/* The VM's disk as storage and RBD name. */
static void take_disk(struct pxc_env *env, const struct vm_seen *vm, struct image_from *from)
{
	const char *slot = from->slot ? from->slot : vm_root_disk(vm->config);
	const char *drive = slot && vm_is_drive(slot) ? vm_text(vm->config, slot) : NULL;
	json_auto_t *parts = drive ? prop_parse(drive, "file") : NULL;
	const char *volid = json_string_value(json_object_get(parts, "file"));
	const char *colon = volid ? strchr(volid, ':') : NULL;

	if (!colon) {
		from->problem = arena_printf(env->arena, "vm %s/%s has no disk %s", from->project,
					     from->name, slot ? slot : "to boot from");
		return;
	}
	from->storage = arena_strndup(env->arena, volid, (size_t)(colon - volid));
	from->image = arena_strdup(env->arena, colon + 1);
}

static void find_vm(struct pxc_env *env, const struct image_world *iw, struct image_from *from)
{
	const char *pool = project_pool(iw->w, from->project);
	struct vm_seen **seen;
	size_t n = 0;

	from->problem = arena_printf(env->arena, "there is no vm %s/%s", from->project, from->name);
	if (!pool)
		return;
	seen = vm_read_managed(env, iw->w, pool, &n);
	for (size_t i = 0; i < n; i++) {
		const struct annot *a = &seen[i]->notes.annot;

		if (!seen[i]->problem && vm_owns_block(seen[i]) &&
		    str_eq(annot_get(a, "name"), from->name) &&
		    str_eq(annot_get(a, "stack"), from->stack)) {
			from->problem = NULL;
			take_disk(env, seen[i], from);
		}
	}
}

static void find_volume(struct pxc_env *env, const struct image_world *iw, struct image_from *from)
{
	from->problem =
		arena_printf(env->arena, "there is no volume %s/%s in the storages of the task",
			     from->project, from->name);
	for (size_t i = 0; i < iw->rbd->npools; i++)
		for (size_t k = 0; k < iw->rbd->pools[i].nimages; k++) {
			const struct rbd_seen *s = &iw->rbd->pools[i].images[k];

			if (!rbd_is(s, "volume") || s->replaced_by ||
			    !str_eq(rbd_get(s, "name"), from->name) ||
			    !str_eq(rbd_get(s, "project"), from->project))
				continue;
			from->problem = NULL;
			from->storage = iw->rbd->pools[i].storage;
			from->image = s->name;
		}
	if (from->snap && !str_starts(from->snap, "pxc-"))
		from->snap = arena_printf(env->arena, "pxc-%s", from->snap);
}

static int find_sources(struct pxc_env *env, struct image_batch *b, const struct image_world *iw,
			struct pxc_err *err)
{
	for (size_t i = 0; i < b->nspecs; i++) {
		struct image_from *from = &b->specs[i].from;
		const char *storages[] = { NULL, NULL };

		if (!from->name)
			continue;
		if (from->stack)
			find_vm(env, iw, from);
		else
			find_volume(env, iw, from);
		storages[0] = from->problem ? NULL : from->storage;
		if (storages[0] && rbd_reach(env, storages, err) < 0)
			return pxc_context(err, "%s", b->specs[i].label);
	}
	return 0;
}

/* What PVE still downloads for a run that was killed. (api: GET /cluster/tasks) */
static int read_downloads(struct pxc_env *env, struct image_world *iw, struct pxc_err *err)
{
	json_auto_t *tasks = NULL;
	size_t i;
	json_t *row;

	if (pve_get(env->pve, "/cluster/tasks", &tasks, err) < 0)
		return -1;
	iw->downloads = pxc_env_keep(env, json_object());
	json_array_foreach (tasks, i, row)
		if (str_eq(item_text(row, "type"), "download") && item_text(row, "id") &&
		    !json_object_get(row, "endtime"))
			(void)json_object_set_new(iw->downloads, item_text(row, "id"), json_true());
	return 0;
}

/* Storages that hold images as files, each once. A task without one is refused by the plan. */
static int read_files(struct pxc_env *env, const struct image_batch *b, struct image_world *iw,
		      struct pxc_err *err)
{
	json_auto_t *done = json_object();

	iw->volumes = pxc_env_keep(env, json_object());
	for (size_t i = 0; i < b->nspecs; i++) {
		const char *storage = image_file_storage(iw->w, b->specs[i].storage);

		if (b->specs[i].backend != IMAGE_PVE || !storage || json_object_get(done, storage))
			continue;
		(void)json_object_set_new(done, storage, json_true());
		if (import_read(env, iw->w, storage, iw->volumes, err) < 0)
			return -1;
	}
	return json_object_size(done) ? read_downloads(env, iw, err) : 0;
}

int image_observe(struct pxc_env *env, struct image_batch *b, struct image_world **ret,
		  struct pxc_err *err)
{
	struct image_world *iw = arena_alloc(env->arena, sizeof(*iw));
	const char *const *storages = NULL;
	struct rbd_world *rbd = NULL;
	struct world *w = NULL;
	char *stamp = arena_alloc(env->arena, STAMP_TEXT);

	if (world_read(env, WORLD_LIVE, &w, err) < 0)
		return -1;
	iw->w = w;
	iw->stale_s = env->clock->wall_s(env->clock) - STALE_S;
	clock_stamp(iw->stale_s, stamp);
	iw->stale_stamp = stamp;
	if (read_files(env, b, iw, err) < 0 || list_storages(env, b, w, &storages, err) < 0)
		return -1;
	if (!storages[0]) { /* files only: no Ceph is looked for */
		iw->rbd = arena_alloc(env->arena, sizeof(*iw->rbd));
		*ret = iw;
		return 0;
	}
	if (rbd_observe(env, storages, reads_all(b) ? NULL : usual_prefixes, &rbd, err) < 0)
		return -1;
	iw->rbd = rbd;
	if ((b->gc && rights_held(env, "VM.Audit", "/vms", &iw->sees_all, err) < 0) ||
	    read_projections(env, iw) < 0 || read_users(env, b, iw, err) < 0)
		return -1;
	*ret = iw;
	return find_sources(env, b, iw, err);
}
