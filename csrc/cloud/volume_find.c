/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From names to volumes, and what must be read to find them. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/image.h"
#include "cloud/volume_parts.h"

#define MARK "-pxc-"
#define ID_LEN 8

const char *volume_id(const char *rbd_name)
{
	const char *mark = str_starts(rbd_name, "vm-") ? strstr(rbd_name, MARK) : NULL;
	const char *id = mark ? mark + strlen(MARK) : NULL;

	return id && strlen(id) == ID_LEN && strspn(id, "0123456789abcdef") == ID_LEN ? id : NULL;
}

unsigned volume_named_after(const char *rbd_name)
{
	return volume_id(rbd_name) ? (unsigned)strtoul(rbd_name + strlen("vm-"), NULL, 10) : 0;
}

char *volume_reservation(const char *id)
{
	return pxc_printf("att/%s", id);
}

unsigned volume_vmid(const char *id)
{
	return id && str_starts(id, "vm.") ? (unsigned)strtoul(id + strlen("vm."), NULL, 10) : 0;
}

const char *volume_get(const struct rbd_seen *image, const char *key)
{
	return image->finding == ANNOT_OK || image->finding == ANNOT_TAMPERED
		       ? annot_get(&image->block, key)
		       : NULL;
}

bool volume_is(const struct rbd_seen *image)
{
	return volume_id(image->name) && !image->replaced_by &&
	       str_eq(volume_get(image, "t"), "volume");
}

bool volume_pool_again(const struct rbd_world *rbd, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (rbd_same_pool(&rbd->pools[k], &rbd->pools[i]))
			return true;
	return false;
}

int volume_find(const struct rbd_world *rbd, const char *project, const char *name,
		const struct rbd_pool **ret_pool, const struct rbd_seen **ret, struct pxc_err *err)
{
	const struct rbd_pool *pool = NULL;
	const struct rbd_seen *found = NULL;

	for (size_t i = 0; i < rbd->npools; i++)
		for (size_t k = 0; !volume_pool_again(rbd, i) && k < rbd->pools[i].nimages; k++) {
			const struct rbd_seen *v = &rbd->pools[i].images[k];

			if (!volume_is(v) || !str_eq(volume_get(v, "project"), project) ||
			    !str_eq(volume_get(v, "name"), name))
				continue;
			if (found)
				return pxc_fail(
					err, PXC_EINVAL,
					"volume %s/%s is there twice, as %s/%s and %s/%s: give one of them "
					"another name (rbd image-meta set ... pxc.name, then reseal: true)",
					project, name, pool->pool, found->name, rbd->pools[i].pool,
					v->name);
			found = v;
			pool = &rbd->pools[i];
		}
	*ret = found;
	*ret_pool = pool;
	return 0;
}

bool volume_user_snap(const struct rbd_snap *snap)
{
	return !snap->in_trash && !str_starts(snap->name, RBD_TEMP_PREFIX);
}

const struct rbd_snap *volume_snap(const struct rbd_seen *v, const char *name)
{
	for (size_t i = 0; i < v->nsnaps; i++)
		if (volume_user_snap(&v->snaps[i]) &&
		    str_starts(v->snaps[i].name, VOLUME_SNAP_PREFIX) &&
		    str_eq(v->snaps[i].name + strlen(VOLUME_SNAP_PREFIX), name))
			return &v->snaps[i];
	return NULL;
}

bool volume_keeps_snap(const struct volume_spec *s, const char *snap)
{
	for (size_t i = 0; i < s->nsnaps; i++)
		if (str_eq(s->snaps[i].name, snap))
			return !s->snaps[i].absent;
	return !s->snaps_exact;
}

/* --- what must be read ---------------------------------------------------------------------------------- */

struct list {
	const char **names;
	size_t n;
};

static void add(struct list *l, const char *storage)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->names[i], storage))
			return;
	if (storage)
		l->names[l->n++] = storage;
}

static void add_holder(struct list *l, const struct volume_world *vw, const char *project,
		       struct pxc_arena *arena)
{
	const struct vm_seen *holder = NULL;
	const char *const *names;
	struct pxc_err err;

	/* A damaged annotation is found again, and said, by the plan. */
	if (!project || holder_find(vw->w, vw->seen, vw->nseen, project, true, &holder, &err) < 0 ||
	    !holder)
		return;
	names = strv_split(arena, annot_get(&holder->notes.annot, "storages"));
	for (size_t i = 0; names[i]; i++)
		add(l, names[i]);
}

static size_t most(const struct volume_batch *batch, const struct volume_world *vw)
{
	size_t n = 3 + 2 * batch->nspecs;

	for (size_t i = 0; i < vw->nseen; i++)
		for (const char *p = annot_get(&vw->seen[i]->notes.annot, "storages"); p && *p;
		     p += strcspn(p, ","), p += *p == ',')
			n++;
	return n;
}

const char *const *volume_storages(const struct volume_batch *batch, const struct volume_world *vw,
				   struct pxc_arena *arena)
{
	struct list l = { .names = arena_alloc(arena, most(batch, vw) * sizeof(*l.names)) };
	const char *usual = registry_usual_storage(&vw->w->registry);
	const char *images = vw->w->registry.storage;

	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct volume_spec *s = &batch->specs[i];

		add(&l, s->storage);
		add(&l, s->source.image_storage);
		add_holder(&l, vw, s->project, arena);
		add_holder(&l, vw, s->new_project, arena);
		add_holder(&l, vw, s->source.project, arena);
	}
	/* Where every task names a storage, the cloud's default may be one without Ceph. */
	if (!l.n || str_eq(world_storage_type(vw->w, usual), "rbd"))
		add(&l, usual);
	if (str_eq(world_storage_type(vw->w, images), "rbd"))
		add(&l, images);
	return l.names;
}

static bool is_of(const struct volume_spec *s, const struct rbd_seen *v)
{
	const char *project = volume_get(v, "project"), *name = volume_get(v, "name");

	return (str_eq(project, s->project) && str_eq(name, s->name)) ||
	       (str_eq(project, s->new_project ? s->new_project : s->project) &&
		str_eq(name, s->new_name ? s->new_name : s->name));
}

bool volume_of_batch(const struct volume_batch *batch, const struct rbd_seen *volume)
{
	for (size_t i = 0; i < batch->nspecs; i++)
		if (is_of(&batch->specs[i], volume))
			return true;
	return false;
}

bool volume_asks_users(const struct volume_batch *batch, const struct rbd_pool *pool,
		       const struct rbd_seen *image)
{
	for (size_t i = 0; volume_is(image) && i < batch->nspecs; i++) {
		const struct volume_spec *s = &batch->specs[i];
		bool moves = s->storage && !str_eq(s->storage, pool->storage);

		if ((s->absent || s->rollback || s->attach_to || moves) && is_of(s, image))
			return true;
	}
	return false;
}
