/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps that make new RBD images: under a temporary name until they are whole. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/items.h"
#include "modules/lock.h"
#include "modules/rbd.h"
#include "modules/rbd_parts.h"
#include "modules/rbd_work.h"

#define IMPORTS_AT_ONCE                                                                            \
	2 /* each has buffers, threads and perhaps a child: more of them are not faster */
#define ISO_ROUND 65536u

/* A new image on its way to its name. */
struct making {
	struct rbd_target t;
	struct pxc_arena arena;
	char temp[RBD_TEMP_SIZE];
	const char *id; /* NULL = nothing is there yet */
};

static int begin(void *context, const json_t *args, struct making *m, struct pxc_err *err)
{
	*m = (struct making){ .id = NULL };
	if (rbd_work_begin(context, args, &m->t, err) < 0)
		return -1;
	rbd_temp_name(m->t.env, m->temp);
	return 0;
}

/* The last step, or the end of it all: then nothing stays behind, as far as Ceph still answers. */
static int finish(struct making *m, int r, struct pxc_err *err)
{
	struct pxc_err ignored = { .kind = PXC_OK };

	/* Who lost the lock may no longer be the only one at work here. */
	if (r == 0 && m->t.env->locks && !locks_hold(m->t.env->locks))
		r = pxc_fail(err, PXC_ECONFLICT,
			     "the lock in Ceph ended: Ceph was not reached for too long");
	if (r == 0 && m->t.ops->rename(m->t.pool, m->temp, m->t.name, err) < 0)
		r = -1;
	if (r < 0 && m->id && m->t.ops->remove_whole(m->t.pool, m->temp, &ignored) < 0 &&
	    ignored.kind != PXC_ENOTFOUND)
		(void)pxc_context(err, "%s stays behind until the next run", m->temp);
	arena_release(&m->arena);
	return r;
}

/* A clone and a copy begin with the metadata of what they were made from: what of it the block does not have, goes. */
static int annotate(struct making *m, const json_t *block, const struct ceph_image *seen,
		    struct pxc_err *err)
{
	json_auto_t *drop = json_array();

	for (size_t i = 0; seen && i < seen->nmeta; i++)
		if (str_starts(seen->meta[i].key, RBD_META_PREFIX))
			(void)json_array_append_new(drop, json_string(seen->meta[i].key));
	return rbd_write_block(&m->t, m->id, block, drop, NULL, err);
}

static uint64_t bytes_of(const json_t *args, const char *key)
{
	json_int_t n = item_int(args, key);

	return n > 0 ? (uint64_t)n : 0;
}

int rbd_work_create(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	struct making m;
	int r;

	(void)ret_data;
	if (begin(context, args, &m, err) < 0)
		return -1;
	r = m.t.ops->create(m.t.pool, m.temp, bytes_of(args, "size"), &m.arena, &m.id, err);
	if (r == 0)
		r = annotate(&m, json_object_get(args, "block"), NULL, err);
	return finish(&m, r, err);
}

/* Without a snapshot of its own, one is made for this clone; with it removed at once the clone alone keeps it. */
static int clone_of(struct making *m, const struct rbd_store *from, const json_t *args,
		    struct pxc_err *err)
{
	const char *parent = item_text(args, "parent"), *snap = item_text(args, "snap");
	const struct ceph_ops *ops = m->t.ops;
	int r;

	if (snap)
		return ops->clone(from->handle, parent, snap, m->t.pool, m->temp, &m->arena, &m->id,
				  err);
	if (ops->snap_create(from->handle, parent, m->temp, err) < 0)
		return -1;
	r = ops->clone(from->handle, parent, m->temp, m->t.pool, m->temp, &m->arena, &m->id, err);
	if (r == 0)
		return ops->snap_remove(from->handle, parent, m->temp, err);
	(void)ops->snap_remove(from->handle, parent, m->temp, &(struct pxc_err){ .kind = PXC_OK });
	return r;
}

static int shape_clone(struct making *m, const json_t *args, struct pxc_err *err)
{
	uint64_t size = bytes_of(args, "size");
	struct ceph_image seen = { .name = NULL };

	if (m->t.ops->look(m->t.pool, m->temp, &m->arena, &seen, err) < 0)
		return -1;
	if (size > seen.size_bytes && m->t.ops->grow(m->t.pool, m->temp, size, err) < 0)
		return -1;
	if (item_true(args, "flatten") &&
	    m->t.ops->flatten(m->t.pool, m->temp, NULL, NULL, err) < 0)
		return -1;
	return annotate(m, json_object_get(args, "block"), &seen, err);
}

static int source_store(const struct making *m, const json_t *args, const struct rbd_store **ret,
			struct pxc_err *err)
{
	const char *from = item_text(args, "from");

	*ret = m->t.store;
	return from ? rbd_store_get(m->t.env, from, ret, err) : 0;
}

int rbd_work_clone(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	const struct rbd_store *from = NULL;
	struct making m;
	int r;

	(void)ret_data;
	if (begin(context, args, &m, err) < 0 || source_store(&m, args, &from, err) < 0)
		return -1;
	r = clone_of(&m, from, args, err);
	if (r == 0)
		r = shape_clone(&m, args, err);
	return finish(&m, r, err);
}

/* The snapshot that clones are made of, and the block that makes it an image. */
static int seal_image(struct making *m, const json_t *args, json_t *block, struct pxc_err *err)
{
	struct ceph_image seen = { .name = NULL };

	if (m->t.ops->snap_create(m->t.pool, m->temp, item_text(args, "snap"), err) < 0 ||
	    m->t.ops->look(m->t.pool, m->temp, &m->arena, &seen, err) < 0)
		return -1;
	(void)json_object_set_new(block, "state", json_string("available"));
	return annotate(m, block, &seen, err);
}

/* What may be written to meanwhile is copied as it is at one moment: from a snapshot for the time of the copy. */
static int copy_of(struct making *m, const struct rbd_store *from, const json_t *args,
		   struct pxc_err *err)
{
	const char *parent = item_text(args, "parent"), *snap = item_text(args, "parent_snap");
	const struct ceph_ops *ops = m->t.ops;
	struct pxc_err ignored = { .kind = PXC_OK };
	int r;

	if (!snap && ops->snap_create(from->handle, parent, m->temp, err) < 0)
		return -1;
	r = ops->copy(from->handle, parent, snap ? snap : m->temp, m->t.pool, m->temp, &m->arena,
		      &m->id, NULL, NULL, err);
	if (!snap && ops->snap_remove(from->handle, parent, m->temp, r ? &ignored : err) < 0)
		return -1;
	return r;
}

int rbd_work_copy(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	json_auto_t *block = json_copy(json_object_get(args, "block"));
	const struct rbd_store *from = NULL;
	struct making m;
	int r;

	(void)ret_data;
	if (begin(context, args, &m, err) < 0 || source_store(&m, args, &from, err) < 0)
		return -1;
	r = copy_of(&m, from, args, err);
	if (r == 0)
		r = seal_image(&m, args, block, err);
	return finish(&m, r, err);
}

/* Unfinished work that the old one carried, of a run that clones it, say. */
static int drop_unfinished(struct making *m, const struct ceph_image *seen, struct pxc_err *err)
{
	for (size_t i = 0; i < seen->nsnaps; i++)
		if (!seen->snaps[i].in_trash && str_starts(seen->snaps[i].name, RBD_TEMP_PREFIX) &&
		    m->t.ops->snap_remove(m->t.pool, m->temp, seen->snaps[i].name, err) < 0)
			return -1;
	return 0;
}

/* What is written while it is copied would be lost. */
static int check_closed(struct making *m, const struct rbd_store *from, const char *image,
			struct pxc_err *err)
{
	const char *const *who = NULL;

	if (m->t.ops->watchers(from->handle, image, &m->arena, &who, err) < 0)
		return -1;
	return who[0] ? pxc_fail(err, PXC_EBUSY,
				 "%s was opened at %s while it was copied: it stays where it is",
				 image, who[0])
		      : 0;
}

int rbd_work_move(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	const char *image = item_text(args, "parent");
	struct ceph_image seen = { .name = NULL };
	const struct rbd_store *from = NULL;
	struct making m;
	int r;

	(void)ret_data;
	if (begin(context, args, &m, err) < 0 || source_store(&m, args, &from, err) < 0)
		return -1;
	r = m.t.ops->copy_whole(from->handle, image, m.t.pool, m.temp, &m.arena, &m.id, err);
	if (r == 0)
		r = m.t.ops->look(m.t.pool, m.temp, &m.arena, &seen, err);
	if (r == 0)
		r = drop_unfinished(&m, &seen, err);
	if (r == 0)
		r = annotate(&m, json_object_get(args, "block"), &seen, err);
	if (r == 0)
		r = check_closed(&m, from, image, err);
	return finish(&m, r, err);
}

static void import_slot(int change)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
	static int under_way;

	(void)pthread_mutex_lock(&lock);
	/* Another thread changes it. NOLINTNEXTLINE(bugprone-infinite-loop) */
	while (change > 0 && under_way >= IMPORTS_AT_ONCE)
		(void)pthread_cond_wait(&freed, &lock);
	under_way += change;
	(void)pthread_cond_signal(&freed);
	(void)pthread_mutex_unlock(&lock);
}

static int fill(struct making *m, const json_t *args, struct ceph_imported *ret,
		struct pxc_err *err)
{
	struct ceph_import job = {
		.image = m->temp,
		.source = item_text(args, "source"),
		.checksum = item_text(args, "checksum"),
		.ca_path = item_text(args, "ca_path"),
		.work_dir = item_text(args, "work_dir"),
		.min_bytes = bytes_of(args, "min_bytes"),
		.max_bytes = bytes_of(args, "max_bytes"),
		.max_why = item_text(args, "max_why"),
	};
	int r;

	import_slot(+1);
	r = m->t.ops->import(m->t.pool, &job, ret, err);
	import_slot(-1);
	return r;
}

int rbd_work_import(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	json_auto_t *block = json_copy(json_object_get(args, "block"));
	struct ceph_imported got = { .size_bytes = 0 };
	struct making m;
	int r;

	if (begin(context, args, &m, err) < 0)
		return -1;
	(void)json_object_set_new(block, "state", json_string("importing"));
	r = m.t.ops->create(m.t.pool, m.temp, 0, &m.arena, &m.id, err);
	if (r == 0)
		r = annotate(&m, block, NULL, err);
	if (r == 0)
		r = fill(&m, args, &got, err);
	if (r == 0) {
		(void)json_object_set_new(block, "checksum", json_string(got.checksum));
		(void)json_object_set_new(block, "format", json_string(got.format));
		r = seal_image(&m, args, block, err);
	}
	r = finish(&m, r, err);
	if (r == 0)
		*ret_data = json_pack("{s:s,s:s,s:I}", "checksum", got.checksum, "format",
				      got.format, "size", (json_int_t)got.size_bytes);
	return r;
}

/* New: made like everything else. There already: written over in place, since a VM may have it open. */
static int write_iso(struct making *m, const void *iso, size_t len, const json_t *block,
		     struct pxc_err *err)
{
	uint64_t size = (len + ISO_ROUND - 1) / ISO_ROUND * ISO_ROUND;
	struct ceph_image have = { .name = NULL };
	const struct ceph_ops *ops = m->t.ops;

	if (ops->look(m->t.pool, m->t.name, &m->arena, &have, err) == 0) {
		if (have.size_bytes < size && ops->grow(m->t.pool, m->t.name, size, err) < 0)
			return -1;
		return ops->write(m->t.pool, m->t.name, 0, iso, len, err) < 0
			       ? -1
			       : rbd_write_block(&m->t, have.id, block, NULL, NULL, err);
	}
	if (err->kind != PXC_ENOTFOUND ||
	    ops->create(m->t.pool, m->temp, size, &m->arena, &m->id, err) < 0 ||
	    ops->write(m->t.pool, m->temp, 0, iso, len, err) < 0)
		return -1;
	return annotate(m, block, NULL, err);
}

int rbd_work_iso(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	const json_t *files = json_object_get(args, "files");
	struct ceph_file *list;
	struct making m;
	const char *key;
	json_t *text;
	void *iso = NULL;
	size_t n = 0, len = 0;
	int r;

	(void)ret_data;
	if (begin(context, args, &m, err) < 0)
		return -1;
	list = arena_alloc(&m.arena, (json_object_size(files) + 1) * sizeof(*list));
	json_object_foreach ((json_t *)(uintptr_t)files, key, text)
		list[n++] = (struct ceph_file){ key, json_string_value(text),
						json_string_length(text) };
	r = m.t.ops->iso(item_text(args, "label"), list, n, &iso, &len, err);
	if (r == 0)
		r = write_iso(&m, iso, len, json_object_get(args, "block"), err);
	free(iso);
	if (r == 0 && !m.id) { /* written over: it has its name */
		arena_release(&m.arena);
		return 0;
	}
	return finish(&m, r, err);
}
