/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/rbd.h"

static size_t pairs_of(const json_t *meta, struct rbd_pair *pairs)
{
	size_t n = 0;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)meta, key, value)
		pairs[n++] = (struct rbd_pair){ key, json_string_value(value) };
	return n;
}

/* What a block of {"t": "image", "name": "a b"}, written for image "1f" of pool 7, reads as after a change. */
static const struct {
	const char *name, *key, *value; /* value NULL = the key is taken away */
	const char *image_id;
	int64_t pool_id;
	enum annot_finding finding;
} readings[] = {
	{ "as written", NULL, NULL, "1f", 7, ANNOT_OK },
	{ "another value", "pxc.name", "b", "1f", 7, ANNOT_TAMPERED },
	{ "a key more", "pxc.extra", "1", "1f", 7, ANNOT_TAMPERED },
	{ "a key less", "pxc.name", NULL, "1f", 7, ANNOT_TAMPERED },
	{ "another seal", "pxc.s", "0000000000000000", "1f", 7, ANNOT_TAMPERED },
	{ "no seal", "pxc.s", NULL, "1f", 7, ANNOT_TAMPERED },
	{ "a key that no block has", "pxc.Big Key", "1", "1f", 7, ANNOT_TAMPERED },
	{ "somebody else's metadata", "conf_rbd_cache", "false", "1f", 7, ANNOT_OK },
	{ "a name that only begins like ours", "pxcx.name", "b", "1f", 7, ANNOT_OK },
	{ "inherited by a clone", NULL, NULL, "2e", 7, ANNOT_NONE },
	{ "inherited in another pool", NULL, NULL, "1f", 8, ANNOT_NONE },
	{ "without an id", "pxc.id", NULL, "1f", 7, ANNOT_NONE },
};

static void a_block_counts_for_its_own_image_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		json_auto_t *block = json_pack("{s:s,s:s}", "t", "image", "name", "a b"), *meta;
		auto_annot struct annot read = { .npairs = 0 };
		enum annot_finding finding;
		struct rbd_pair pairs[16];

		meta = rbd_block_meta(block, 7, "1f");
		if (readings[i].value)
			(void)json_object_set_new(meta, readings[i].key,
						  json_string(readings[i].value));
		else if (readings[i].key)
			(void)json_object_del(meta, readings[i].key);
		rbd_block_read(pairs, pairs_of(meta, pairs), readings[i].pool_id,
			       readings[i].image_id, &finding, &read);
		if (finding != readings[i].finding)
			fail_msg("%s: %d", readings[i].name, (int)finding);
		/* Of a changed block one still sees whose it is; of somebody else's nothing. */
		if (finding == ANNOT_NONE)
			assert_int_equal(read.npairs, 0);
		else
			assert_string_equal(annot_get(&read, "t"), "image");
	}
}

static void a_block_comes_back_as_it_was_written(void **state)
{
	json_auto_t *block = json_pack("{s:s,s:s,s:s}", "t", "image", "description",
				       "50% \"ümlaut\" <!-- -->\n[pxc/1]", "p.min_disk", "1"),
		    *meta = rbd_block_meta(block, -1, "x"), *back = NULL;
	auto_annot struct annot read = { .npairs = 0 };
	enum annot_finding finding;
	struct rbd_pair pairs[16];

	(void)state;
	rbd_block_read(pairs, pairs_of(meta, pairs), -1, "x", &finding, &read);
	assert_int_equal(finding, ANNOT_OK);
	back = rbd_block_json(&read);
	assert_true(json_equal(back, block));
}

static void what_belongs_to_a_moment_is_not_carried_on(void **state)
{
	auto_annot struct annot block = { .npairs = 0 };
	static const char *const keys[] = { "t", "id", "r", "at", "by", "op", "name" };
	json_auto_t *json = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		annot_set(&block, keys[i], "x");
	json = rbd_block_json(&block);
	assert_int_equal(json_object_size(json), 2);
	assert_non_null(json_object_get(json, "t"));
	assert_non_null(json_object_get(json, "name"));
}

static void images_are_found_by_name(void **state)
{
	static const char *const names[] = { "a1", "a3", "a5", "a7", "a9" };
	struct rbd_seen images[ARRAY_SIZE(names)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		images[i] = (struct rbd_seen){ .name = names[i] };
	for (size_t n = 0; n <= ARRAY_SIZE(names); n++) {
		struct rbd_pool pool = { .images = images, .nimages = n };

		for (size_t i = 0; i < 11; i++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "a%zu", i);
			assert_ptr_equal(rbd_find(&pool, name),
					 i % 2 && i / 2 < n ? &images[i / 2] : NULL);
		}
	}
}

static void pools_state_and_ids_are_looked_up(void **state)
{
	struct rbd_pair facts[] = { { "att/a", "1" }, { "att/b", "2" } };
	struct rbd_seen one[] = { { .name = "x", .id = "1" } },
			two[] = { { .name = "x", .id = "1" } };
	struct rbd_pool pools[] = {
		{ .storage = "s1", .id = 1, .images = one, .nimages = 1 },
		{ .storage = "s2",
		  .id = 2,
		  .images = two,
		  .nimages = 1,
		  .state = facts,
		  .nstate = 2 },
	};
	struct rbd_world w = { pools, 2 };

	(void)state;
	assert_ptr_equal(rbd_pool_find(&w, "s2"), &pools[1]);
	assert_null(rbd_pool_find(&w, "s3"));
	assert_null(rbd_pool_find(&w, NULL));
	assert_ptr_equal(rbd_by_id(&w, 2, "1"), &two[0]);
	assert_null(rbd_by_id(&w, 3, "1"));
	assert_null(rbd_by_id(&w, 1, NULL));
	assert_string_equal(rbd_state(&pools[1], "att/b"), "2");
	assert_null(rbd_state(&pools[1], "att/"));
	assert_null(rbd_state(&pools[0], "att/a"));
}

static void a_chain_of_clones_is_counted_as_far_as_it_is_known(void **state)
{
	struct rbd_seen images[32];
	char ids[32][8];
	struct rbd_pool pool = { .id = 1, .images = images, .nimages = ARRAY_SIZE(images) };
	struct rbd_world w = { &pool, 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "%zu", i);
		images[i] = (struct rbd_seen){ .name = ids[i],
					       .id = ids[i],
					       .parent_pool = i ? 1 : -1,
					       .parent_id = i ? ids[i - 1] : NULL };
	}
	assert_int_equal(rbd_depth(&w, NULL), 0);
	assert_int_equal(rbd_depth(&w, &images[0]), 0);
	assert_int_equal(rbd_depth(&w, &images[1]), 1);
	assert_int_equal(rbd_depth(&w, &images[5]), 5);
	assert_int_equal(rbd_depth(&w, &images[16]), 16);
	assert_int_equal(rbd_depth(&w, &images[31]), 16);
	images[0].parent_pool = 1; /* a circle, which Ceph does not make */
	images[0].parent_id = ids[1];
	assert_int_equal(rbd_depth(&w, &images[1]), 16);
	images[0].parent_id =
		"gone"; /* a parent that was not read: in the trash, or in another pool */
	assert_int_equal(rbd_depth(&w, &images[1]), 2);
}

static void only_a_block_that_holds_says_anything(void **state)
{
	struct rbd_seen s = { .finding = ANNOT_OK };

	(void)state;
	annot_set(&s.block, "t", "image");
	assert_true(rbd_is(&s, "image"));
	assert_false(rbd_is(&s, "disk"));
	s.finding = ANNOT_TAMPERED;
	assert_false(rbd_is(&s, "image"));
	assert_null(rbd_get(&s, "t"));
	annot_release(&s.block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_counts_for_its_own_image_only),
		cmocka_unit_test(a_block_comes_back_as_it_was_written),
		cmocka_unit_test(what_belongs_to_a_moment_is_not_carried_on),
		cmocka_unit_test(images_are_found_by_name),
		cmocka_unit_test(pools_state_and_ids_are_looked_up),
		cmocka_unit_test(a_chain_of_clones_is_counted_as_far_as_it_is_known),
		cmocka_unit_test(only_a_block_that_holds_says_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
