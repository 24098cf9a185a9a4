/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stddef.h>

static void memory_is_zeroed_and_aligned(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };

	(void)state;
	for (size_t size = 0; size < 200; size++) {
		unsigned char *p = arena_alloc(&arena, size);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
}

static void pieces_do_not_overlap(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	unsigned char *pieces[500];

	(void)state;
	for (size_t i = 0; i < 500; i++) {
		pieces[i] = arena_alloc(&arena, 100);
		memset(pieces[i], (int)(i % 251), 100);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t k = 0; k < 100; k++)
			assert_int_equal(pieces[i][k], i % 251);
}

static void a_piece_larger_than_a_chunk_is_whole(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	unsigned char *small = arena_alloc(&arena, 8), *large = arena_alloc(&arena, 1u << 20);

	(void)state;
	memset(large, 0xaa, 1u << 20);
	assert_int_equal(small[0], 0);
	assert_int_equal(((unsigned char *)arena_alloc(&arena, 8))[0], 0);
}

static void an_array_grows_and_keeps_what_is_in_it(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };
	size_t cap = 0, *list = NULL;

	(void)state;
	for (size_t n = 0; n < 1000; n++) {
		size_t *had = list, before = cap;

		list = arena_grow(&arena, list, n, &cap, sizeof(*list));
		assert_true(cap > n);
		if (n < before)
			assert_ptr_equal(list, had);
		list[n] = n * n;
	}
	for (size_t n = 0; n < 1000; n++)
		assert_int_equal(list[n], n * n);
}

static void strings_live_in_it(void **state)
{
	auto_arena struct pxc_arena arena = { .head = NULL };

	(void)state;
	assert_null(arena_strdup(&arena, NULL));
	assert_string_equal(arena_strdup(&arena, "web-1"), "web-1");
	assert_string_equal(arena_strdup(&arena, ""), "");
	assert_string_equal(arena_strndup(&arena, "web-1", 3), "web");
	assert_string_equal(arena_strndup(&arena, "we", 3), "we");
	assert_string_equal(arena_printf(&arena, "f.%s=%d", "small", 2), "f.small=2");
}

static void a_released_arena_can_be_used_again(void **state)
{
	struct pxc_arena arena = { .head = NULL };

	(void)state;
	(void)arena_alloc(&arena, 1);
	arena_release(&arena);
	assert_null(arena.head);
	assert_string_equal(arena_strdup(&arena, "again"), "again");
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(a_piece_larger_than_a_chunk_is_whole),
		cmocka_unit_test(an_array_grows_and_keeps_what_is_in_it),
		cmocka_unit_test(strings_live_in_it),
		cmocka_unit_test(a_released_arena_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
