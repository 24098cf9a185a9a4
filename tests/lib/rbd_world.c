/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/rbd_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"

static const char *text(const json_t *o, const char *key, const char *fallback)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : fallback;
}

static json_int_t number(const json_t *o, const char *key, json_int_t fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

static const char *const *texts(struct test_world *w, const json_t *list)
{
	const char **ret;
	size_t i;
	json_t *value;

	if (!list)
		return NULL;
	ret = arena_alloc(&w->arena, (json_array_size(list) + 1) * sizeof(*ret));
	json_array_foreach (list, i, value)
		ret[i] = json_string_value(value);
	return ret;
}

/* What "image" and "disk" stand for, then what "block" says. */
static json_t *block_of(const json_t *image)
{
	const char *of = text(image, "image", NULL), *vm = text(image, "disk", NULL);
	const char *volume = text(image, "volume", NULL);
	json_t *block = NULL;
	char cluster[9];

	world_cluster_hash("example.org", "lab", cluster);
	if (of)
		block = json_pack("{s:s,s:s#,s:s,s:s,s:s,s:s}", "t", "image", "name", of,
				  (int)strcspn(of, "@"), "version", of + strcspn(of, "@") + 1,
				  "rank", "1", "state", "available", "visibility", "public");
	else if (vm)
		block = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "t", "disk", "vm", vm, "project",
				  "acme", "stack", "default", "name", "web", "image", "debian@1");
	else if (volume)
		block = json_pack("{s:s,s:s,s:s,s:s}", "t", "volume", "project", "acme", "name",
				  volume, "serial", strrchr(text(image, "name", "-"), '-') + 1);
	else if (json_object_get(image, "block"))
		block = json_object();
	if (!block)
		return NULL;
	(void)json_object_set_new(block, "c", json_string(cluster));
	(void)json_object_set_new(block, "r", json_string("1"));
	(void)json_object_set_new(block, "at", json_string(TEST_LONG_AGO));
	(void)json_object_set_new(block, "by", json_string("tester"));
	(void)json_object_update(block, json_object_get(image, "block"));
	return block;
}

static void read_block(struct test_world *w, const json_t *image, int64_t pool_id,
		       struct rbd_seen *seen)
{
	json_auto_t *block = block_of(image), *meta = NULL;
	struct rbd_pair pairs[64];
	size_t n = 0;
	const char *key;
	json_t *value;

	seen->finding = ANNOT_NONE;
	if (!block)
		return;
	meta = rbd_block_meta(block, pool_id,
			      number(image, "inherited", 0) ? "of-its-parent" : seen->id);
	if (number(image, "tampered", 0))
		(void)json_object_set_new(meta, "pxc.by", json_string("somebody else"));
	json_object_foreach (meta, key, value)
		pairs[n++] = (struct rbd_pair){ key, json_string_value(value) };
	rbd_block_read(pairs, n, pool_id, seen->id, &seen->finding, &seen->block);
	(void)w;
}

static void add_snaps(struct test_world *w, const json_t *image, struct rbd_seen *seen)
{
	const json_t *list = json_object_get(image, "snaps");
	struct rbd_snap *snaps =
		arena_alloc(&w->arena, (json_array_size(list) + 1) * sizeof(*snaps));
	size_t i;
	json_t *name;

	json_array_foreach (list, i, name)
		snaps[i] = (struct rbd_snap){
			.id = i + 1,
			.name = json_string_value(name),
			.size_bytes = seen->size_bytes,
			.in_trash = str_eq(json_string_value(name), "trash"),
			.left = str_starts(json_string_value(name), "pxc-tmp-dead"),
		};
	seen->snaps = snaps;
	seen->nsnaps = json_array_size(list);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(((const struct rbd_seen *)a)->name, ((const struct rbd_seen *)b)->name);
}

static void add_images(struct test_world *w, const json_t *list, struct rbd_pool *pool)
{
	size_t i;
	json_t *o;

	pool->nimages = json_array_size(list);
	pool->images = arena_alloc(&w->arena, (pool->nimages + 1) * sizeof(*pool->images));
	json_array_foreach (list, i, o) {
		struct rbd_seen *s = &pool->images[i];

		*s = (struct rbd_seen){
			.name = text(o, "name", NULL),
			.id = text(o, "id", arena_printf(&w->arena, "id-%s", text(o, "name", ""))),
			.size_bytes = (uint64_t)number(o, "size_gib", 2) * GIB,
			.parent_pool = json_object_get(o, "parent") ? pool->id : -1,
			.parent_id = text(o, "parent", NULL),
			.left = number(o, "left", 0) != 0,
			.in_removal = number(o, "in_removal", 0) != 0,
			.problem = number(o, "in_removal", 0) ? "half removed" : NULL,
			.hidden = number(o, "hidden", 0) != 0,
			.children = texts(w, json_object_get(o, "children")),
			.watchers = texts(w, json_object_get(o, "watchers")),
		};
		read_block(w, o, pool->id, s);
		add_snaps(w, o, s);
	}
	qsort(pool->images, pool->nimages, sizeof(*pool->images), name_order);
}

static void add_state(struct test_world *w, const json_t *object, struct rbd_pool *pool)
{
	struct rbd_pair *state =
		arena_alloc(&w->arena, (json_object_size(object) + 1) * sizeof(*state));
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value)
		state[pool->nstate++] = (struct rbd_pair){ key, json_string_value(value) };
	pool->state = state;
}

/* Guests with "template_of" are templates made from images. */
static void add_projections(struct test_world *w)
{
	const json_t *list = json_object_get(w->json, "guests");
	size_t i;
	json_t *g;

	w->images.projections = arena_alloc(&w->arena, (json_array_size(list) + 1) *
							       sizeof(*w->images.projections));
	json_array_foreach (list, i, g) {
		const char *of = text(g, "template_of", NULL);

		if (!of)
			continue;
		w->images.projections[w->images.nprojections++] = (struct image_projection){
			.guest = &w->world.guests[i],
			.image = arena_strndup(&w->arena, of, strcspn(of, "@")),
			.version = of + strcspn(of, "@") + 1,
			.ha = w->world.guests[i].ha,
			.is_template = w->world.guests[i].is_template,
		};
	}
}

void test_rbd_world(struct test_world *w)
{
	json_t *given = json_object_get(w->json, "rbd"), *o;
	struct rbd_pool *pools =
		arena_alloc(&w->arena, (json_object_size(given) + 1) * sizeof(*pools));
	const char *storage;

	w->rbd.pools = pools;
	json_object_foreach (given, storage, o) {
		struct rbd_pool *p = &pools[w->rbd.npools++];

		*p = (struct rbd_pool){ .storage = storage,
					.pool = arena_printf(&w->arena, "p-%s", storage),
					.name_space = "",
					.cluster = text(o, "cluster", NULL),
					.id = (int64_t)w->rbd.npools };
		add_images(w, json_object_get(o, "images"), p);
		add_state(w, json_object_get(o, "state"), p);
	}
	rbd_find_replaced(&w->rbd);
	w->vm.rbd = given ? &w->rbd : NULL;
	w->images.w = &w->world;
	w->images.rbd = &w->rbd;
	w->images.volumes = w->vm.volumes;
	w->images.downloads = json_object_get(w->json, "downloads");
	w->images.stale_s = TEST_STALE_S;
	w->images.stale_stamp = TEST_STALE_STAMP;
	w->images.sees_all = number(w->json, "sees_all", 1) != 0;
	add_projections(w);
}

void test_rbd_world_release(struct test_world *w)
{
	for (size_t i = 0; i < w->rbd.npools; i++)
		for (size_t k = 0; k < w->rbd.pools[i].nimages; k++)
			annot_release(&w->rbd.pools[i].images[k].block);
}
