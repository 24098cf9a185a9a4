/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

static char folder[] = "/tmp/pxc-file-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void a_file_is_replaced_whole_and_readable_by_all(void **state)
{
	struct stat first, second;

	(void)state;
	assert_int_equal(file_holds("a.prom", "one\n", 4), 0);
	(void)umask(077);
	assert_int_equal(file_replace("a.prom", "one\n", 4, 0644), 0);
	assert_int_equal(stat("a.prom", &first), 0);
	assert_int_equal(first.st_mode & 0777, 0644);
	assert_int_equal(file_holds("a.prom", "one\n", 4), 1);
	assert_int_equal(file_holds("a.prom", "two\n", 4), 0);
	assert_int_equal(file_holds("a.prom", "one\ntwo\n", 8), 0);
	assert_int_equal(file_replace("a.prom", "two\n", 4, 0644), 0);
	/* Another file: who reads the old one reads it to its end. */
	assert_int_equal(stat("a.prom", &second), 0);
	assert_true(first.st_ino != second.st_ino);
	assert_int_equal(file_holds("a.prom", "two\n", 4), 1);
	assert_int_equal(unlink("a.prom"), 0);
}

static void large_files_are_compared_to_the_last_byte(void **state)
{
	size_t n = 200000;
	auto_free char *bytes = malloc(n);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'x', n);
	assert_int_equal(file_replace("b", bytes, n, 0644), 0);
	assert_int_equal(file_holds("b", bytes, n), 1);
	bytes[n - 1] = 'y';
	assert_int_equal(file_holds("b", bytes, n), 0);
	assert_int_equal(unlink("b"), 0);
}

static void what_is_no_plain_file_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(file_holds("d", "x", 1), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(symlink("elsewhere", "l"), 0);
	assert_int_equal(file_holds("l", "x", 1), -1);
	/* A failure leaves nothing behind: the folder can be removed in the end. */
	assert_int_equal(file_replace("d", "x", 1, 0644), -1);
	assert_int_equal(file_replace("no/such", "x", 1, 0644), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(unlink("l"), 0);
	assert_int_equal(rmdir("d"), 0);
}

static void the_folder_of_a_path(void **state)
{
	static const char *const rows[][2] = {
		{ "/a/b/c", "/a/b" }, { "/a", "/" }, { "a", "." }, { "a/b", "a" }
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = file_folder(rows[i][0]);

		assert_string_equal(got, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_replaced_whole_and_readable_by_all),
		cmocka_unit_test(large_files_are_compared_to_the_last_byte),
		cmocka_unit_test(what_is_no_plain_file_is_refused),
		cmocka_unit_test(the_folder_of_a_path),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
