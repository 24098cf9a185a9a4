/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

/* Under AddressSanitizer an allocation that cannot be had is NULL, as without it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void nothing_is_a_valid_allocation(void **state)
{
	auto_free void *a = pxc_alloc(0), *b = pxc_calloc(0, 8), *c = pxc_realloc(NULL, 0);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
}

static void counted_memory_is_zeroed(void **state)
{
	auto_free unsigned char *p = pxc_calloc(100, 3);

	(void)state;
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(p[i], 0);
}

static void growing_keeps_the_bytes(void **state)
{
	auto_free char *p = pxc_strdup("abc");

	(void)state;
	p = pxc_realloc(p, 4096);
	assert_string_equal(p, "abc");
}

static void strings_are_copied_and_null_stays_null(void **state)
{
	auto_free char *all = pxc_strdup("web"), *cut = pxc_strndup("web-1", 3),
		       *shorter = pxc_strndup("we", 9), *text = pxc_printf("%s-%d", "web", 7);

	(void)state;
	assert_null(pxc_strdup(NULL));
	assert_string_equal(all, "web");
	assert_string_equal(cut, "web");
	assert_string_equal(shorter, "we");
	assert_string_equal(text, "web-7");
}

static void say_memory_is_gone(void)
{
	(void)!write(STDOUT_FILENO, "gone", 4);
}

/* What a child that runs out of memory says, and its exit status. */
static int starve(void (*eat)(void), char said[16])
{
	int fds[2], status = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		pxc_oom_handler = say_memory_is_gone;
		eat();
		_exit(0);
	}
	(void)close(fds[1]);
	n = read(fds[0], said, 15);
	said[n > 0 ? n : 0] = '\0';
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static volatile size_t huge = SIZE_MAX / 4;

static void eat_alloc(void)
{
	free(pxc_alloc(huge));
}

static void eat_calloc(void)
{
	free(pxc_calloc(huge, 16)); /* the product overflows */
}

static void eat_realloc(void)
{
	free(pxc_realloc(NULL, huge));
}

static void eat_json(void)
{
	pxc_mem_init();
	json_decref(json_stringn_nocheck("x", huge));
}

static void no_memory_ends_the_program_through_the_handler(void **state)
{
	void (*const ways[])(void) = { eat_alloc, eat_calloc, eat_realloc, eat_json };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		char said[16] = "";

		assert_int_equal(starve(ways[i], said), 1);
		assert_string_equal(said, "gone");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_a_valid_allocation),
		cmocka_unit_test(counted_memory_is_zeroed),
		cmocka_unit_test(growing_keeps_the_bytes),
		cmocka_unit_test(strings_are_copied_and_null_stays_null),
		cmocka_unit_test(no_memory_ends_the_program_through_the_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
