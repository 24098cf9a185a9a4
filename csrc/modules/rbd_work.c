/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps that change what is there; what makes new images is in rbd_make.c. */
#include "modules/rbd_work.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/items.h"
#include "modules/lock.h"
#include "modules/rbd.h"
#include "modules/rbd_parts.h"

#define PATIENCE_STEP_MS 500

int rbd_work_begin(void *context, const json_t *args, struct rbd_target *ret, struct pxc_err *err)
{
	*ret = (struct rbd_target){ .env = context, .name = item_text(args, "name") };
	if (rbd_store_get(ret->env, item_text(args, "storage"), &ret->store, err) < 0)
		return -1;
	ret->ops = ret->store->ops;
	ret->pool = ret->store->handle;
	return 0;
}

/* {"pxc.key": value} and the keys to drop, as Ceph takes them; all borrowed from the JSON. */
static void meta_change(const json_t *meta, const json_t *drop, struct pxc_arena *arena,
			struct ceph_meta_change *ret)
{
	struct ceph_pair *set = arena_alloc(arena, (json_object_size(meta) + 1) * sizeof(*set));
	const char **remove = arena_alloc(arena, (json_array_size(drop) + 1) * sizeof(*remove));
	size_t n = 0, i;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)meta, key, value)
		set[n++] = (struct ceph_pair){ key, json_string_value(value) };
	*ret = (struct ceph_meta_change){ .set = set, .nset = n, .remove = remove };
	n = 0;
	json_array_foreach (drop, i, value)
		if (!json_object_get(meta, json_string_value(value)))
			remove[n++] = json_string_value(value);
}

int rbd_write_block(const struct rbd_target *t, const char *image_id, const json_t *block,
		    const json_t *drop, const char *revision, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	json_auto_t *meta = rbd_block_meta(block, t->ops->pool_id(t->pool), image_id);
	struct ceph_meta_change change;

	meta_change(meta, drop, &arena, &change);
	if (revision) {
		change.expect_key = RBD_META_PREFIX "r";
		change.expect_value = revision;
	}
	return t->ops->meta(t->pool, image_id, &change, err);
}

int rbd_work_block(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct ceph_image seen = { .id = item_text(args, "image_id") };
	struct rbd_target t;

	(void)ret_data;
	if (rbd_work_begin(context, args, &t, err) < 0)
		return -1;
	if (!seen.id && t.ops->look(t.pool, t.name, &arena, &seen, err) < 0)
		return -1;
	return rbd_write_block(&t, seen.id, json_object_get(args, "block"),
			       json_object_get(args, "drop"), item_text(args, "revision"), err);
}

/* The block first: under its old name with its new owner the image is found by the next run, which renames it. */
int rbd_work_rename(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	struct rbd_target t;

	if (rbd_work_begin(context, args, &t, err) < 0 ||
	    rbd_work_block(context, args, ret_data, err) < 0)
		return -1;
	return t.ops->rename(t.pool, t.name, item_text(args, "to"), err);
}

/* What patience there is left after another step of waiting; 0 = none. */
static json_int_t wait_a_little(json_int_t patience_ms)
{
	static const struct timespec step = { .tv_nsec = PATIENCE_STEP_MS * 1000000L };

	(void)nanosleep(&step, NULL);
	return patience_ms > PATIENCE_STEP_MS ? patience_ms - PATIENCE_STEP_MS : 0;
}

static int remove_once(const struct rbd_target *t, const json_t *snaps, struct pxc_err *err)
{
	size_t i;
	json_t *snap;

	json_array_foreach (snaps, i, snap)
		if (t->ops->snap_remove(t->pool, t->name, json_string_value(snap), err) < 0 &&
		    err->kind != PXC_ENOTFOUND)
			return -1;
	return t->ops->remove(t->pool, t->name, err);
}

/* A client that was killed counts as one that has the image open for half a minute more. */
int rbd_work_remove(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	json_int_t patience_ms = item_int(args, "patience_ms");
	struct rbd_target t;

	(void)ret_data;
	if (rbd_work_begin(context, args, &t, err) < 0)
		return -1;
	for (;;) {
		*err = (struct pxc_err){ .kind = PXC_OK };
		if (remove_once(&t, json_object_get(args, "snaps"), err) == 0 ||
		    err->kind == PXC_ENOTFOUND)
			return 0;
		if (err->kind != PXC_EBUSY || patience_ms <= 0)
			return -1;
		patience_ms = wait_a_little(patience_ms);
	}
}

int rbd_work_closed(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	json_int_t patience_ms = item_int(args, "patience_ms");
	struct rbd_target t;

	(void)ret_data;
	if (rbd_work_begin(context, args, &t, err) < 0)
		return -1;
	for (;;) {
		auto_arena struct pxc_arena arena = { .head = NULL };
		const char *const *who = NULL;

		if (t.ops->watchers(t.pool, t.name, &arena, &who, err) < 0)
			return -1;
		if (!who[0])
			return 0;
		if (patience_ms <= 0)
			return pxc_fail(
				err, PXC_EBUSY,
				"%s is open at %s: a VM that no configuration of the project "
				"names, or another client, uses it",
				t.name, who[0]);
		patience_ms = wait_a_little(patience_ms);
	}
}

int rbd_work_grow(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	struct rbd_target t;

	(void)ret_data;
	return rbd_work_begin(context, args, &t, err) < 0
		       ? -1
		       : t.ops->grow(t.pool, t.name, (uint64_t)item_int(args, "size"), err);
}

int rbd_work_flatten(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	struct rbd_target t;

	(void)ret_data;
	return rbd_work_begin(context, args, &t, err) < 0
		       ? -1
		       : t.ops->flatten(t.pool, t.name, NULL, NULL, err);
}

int rbd_work_snap_create(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	struct rbd_target t;

	(void)ret_data;
	return rbd_work_begin(context, args, &t, err) < 0
		       ? -1
		       : t.ops->snap_create(t.pool, t.name, item_text(args, "snap"), err);
}

int rbd_work_snap_remove(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	struct rbd_target t;

	(void)ret_data;
	return rbd_work_begin(context, args, &t, err) < 0
		       ? -1
		       : t.ops->snap_remove(t.pool, t.name, item_text(args, "snap"), err);
}

int rbd_work_snap_rollback(void *context, const json_t *args, json_t **ret_data,
			   struct pxc_err *err)
{
	struct rbd_target t;

	(void)ret_data;
	return rbd_work_begin(context, args, &t, err) < 0
		       ? -1
		       : t.ops->snap_rollback(t.pool, t.name, item_text(args, "snap"), err);
}

int rbd_work_state(void *context, const json_t *args, json_t **ret_data, struct pxc_err *err)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	struct rbd_target t;

	(void)ret_data;
	if (rbd_work_begin(context, args, &t, err) < 0)
		return -1;
	/* Who lost the lock may no longer be the only one who believes in what was read under it. */
	if (t.env->locks && !locks_hold(t.env->locks))
		return pxc_fail(err, PXC_ECONFLICT,
				"the lock in Ceph ended: Ceph was not reached for too long");
	return t.ops->state_swap(t.pool, RBD_STATE_OBJECT, item_text(args, "key"),
				 item_text(args, "expect"), item_text(args, "value"), &arena, NULL,
				 err);
}
