/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/rbd.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define MAX_DEPTH 16

static void block_id(int64_t pool_id, const char *image_id, char out[128])
{
	(void)snprintf(out, 128, "rbd.%lld.%s", (long long)pool_id, image_id);
}

static bool key_ok(const char *key)
{
	return *key && strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(key);
}

void rbd_block_read(const struct rbd_pair *meta, size_t nmeta, int64_t pool_id,
		    const char *image_id, enum annot_finding *ret, struct annot *ret_block)
{
	const char *seal = NULL;
	char id[128], want[17];

	annot_init(ret_block);
	*ret = ANNOT_NONE;
	for (size_t i = 0; i < nmeta; i++) {
		const char *key = meta[i].key + strlen(RBD_META_PREFIX);

		if (!str_starts(meta[i].key, RBD_META_PREFIX))
			continue;
		if (str_eq(key, "s"))
			seal = meta[i].value;
		else if (key_ok(key))
			annot_set(ret_block, key, meta[i].value);
		else
			seal = "";
	}
	block_id(pool_id, image_id, id);
	if (!ret_block->npairs || !str_eq(annot_get(ret_block, "id"), id)) {
		annot_release(ret_block);
		annot_init(ret_block);
		return;
	}
	annot_seal(ret_block, want);
	*ret = str_eq(seal, want) ? ANNOT_OK : ANNOT_TAMPERED;
}

json_t *rbd_block_meta(const json_t *block, int64_t pool_id, const char *image_id)
{
	auto_annot struct annot a = { .npairs = 0 };
	json_t *meta = json_object();
	char text[128], seal[17];
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)block, key, value)
		annot_set(&a, key, json_string_value(value));
	block_id(pool_id, image_id, text);
	annot_set(&a, "id", text);
	annot_seal(&a, seal);
	for (size_t i = 0; i < a.npairs; i++) {
		auto_free char *name = pxc_printf(RBD_META_PREFIX "%s", a.pairs[i].key);

		(void)json_object_set_new(meta, name, json_string(a.pairs[i].value));
	}
	(void)json_object_set_new(meta, RBD_META_PREFIX "s", json_string(seal));
	return meta;
}

const struct rbd_pool *rbd_pool_find(const struct rbd_world *w, const char *storage)
{
	for (size_t i = 0; i < w->npools; i++)
		if (str_eq(w->pools[i].storage, storage))
			return &w->pools[i];
	return NULL;
}

bool rbd_same_pool(const struct rbd_pool *a, const struct rbd_pool *b)
{
	return a->id == b->id && str_eq(a->name_space, b->name_space) &&
	       str_eq(a->cluster, b->cluster);
}

/* By the id in its block, in whatever pools of the cluster it was read. */
static void mark_replaced(const struct rbd_world *w, const char *cluster, const char *id,
			  const struct rbd_seen *by)
{
	for (size_t i = 0; i < w->npools; i++)
		for (size_t k = 0; str_eq(w->pools[i].cluster, cluster) && k < w->pools[i].nimages;
		     k++) {
			struct rbd_seen *s = &w->pools[i].images[k];

			if (s != by && s->finding != ANNOT_NONE &&
			    str_eq(annot_get(&s->block, "id"), id))
				s->replaced_by = by;
		}
}

void rbd_find_replaced(const struct rbd_world *w)
{
	for (size_t i = 0; i < w->npools; i++)
		for (size_t k = 0; k < w->pools[i].nimages; k++) {
			const struct rbd_seen *s = &w->pools[i].images[k];
			/* Until it has its name it may be but a part. */
			const char *id =
				s->finding != ANNOT_NONE && !str_starts(s->name, RBD_TEMP_PREFIX)
					? annot_get(&s->block, "replaces")
					: NULL;

			if (id)
				mark_replaced(w, w->pools[i].cluster, id, s);
		}
}

const struct rbd_seen *rbd_find(const struct rbd_pool *p, const char *name)
{
	size_t low = 0, high = p->nimages;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(p->images[mid].name, name);

		if (order == 0)
			return &p->images[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct rbd_seen *rbd_by_id(const struct rbd_world *w, int64_t pool_id, const char *image_id)
{
	for (size_t i = 0; image_id && i < w->npools; i++)
		for (size_t k = 0; w->pools[i].id == pool_id && k < w->pools[i].nimages; k++)
			if (str_eq(w->pools[i].images[k].id, image_id))
				return &w->pools[i].images[k];
	return NULL;
}

const char *rbd_state(const struct rbd_pool *p, const char *key)
{
	for (size_t i = 0; i < p->nstate; i++)
		if (str_eq(p->state[i].key, key))
			return p->state[i].value;
	return NULL;
}

const char *rbd_get(const struct rbd_seen *s, const char *key)
{
	return s->finding == ANNOT_OK ? annot_get(&s->block, key) : NULL;
}

bool rbd_is(const struct rbd_seen *s, const char *kind)
{
	return str_eq(rbd_get(s, "t"), kind);
}

unsigned rbd_depth(const struct rbd_world *w, const struct rbd_seen *s)
{
	unsigned depth = 0;

	while (s && s->parent_id && depth < MAX_DEPTH) {
		depth++;
		s = rbd_by_id(w, s->parent_pool, s->parent_id);
	}
	return depth;
}

json_t *rbd_block_json(const struct annot *block)
{
	static const char *const own[] = { "id", "r", "at", "by", "op" };
	json_t *obj = json_object();

	for (size_t i = 0; i < block->npairs; i++)
		(void)json_object_set_new(obj, block->pairs[i].key,
					  json_string(block->pairs[i].value));
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		(void)json_object_del(obj, own[i]);
	return obj;
}

json_t *rbd_block_dropped(const struct rbd_seen *have, const json_t *want)
{
	json_t *keys = json_array();

	for (size_t i = 0; i < have->block.npairs; i++)
		if (!json_object_get(want, have->block.pairs[i].key))
			(void)json_array_append_new(
				keys, json_sprintf(RBD_META_PREFIX "%s", have->block.pairs[i].key));
	return keys;
}

bool rbd_block_same(const struct rbd_seen *have, const json_t *want)
{
	json_auto_t *a = rbd_block_json(&have->block), *b = json_deep_copy(want);
	static const char *const changing[] = { "id", "r", "at", "by" };

	for (size_t i = 0; i < ARRAY_SIZE(changing); i++)
		(void)json_object_del(b, changing[i]);
	return json_equal(a, b);
}
