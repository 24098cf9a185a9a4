/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ansible/args.h"
#include "base/limits.h"

/* Read text as if it were the file of arguments. */
static json_t *read_text(const char *text, size_t len, struct pxc_err *err)
{
	char path[] = "/tmp/pxc-read-XXXXXX", program[] = "pxc_vm",
	     *argv[] = { program, path, NULL };
	int fd = mkstemp(path);
	json_t *ret = NULL;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	(void)close(fd);
	if (ans_read(2, argv, &ret, err) < 0)
		assert_null(ret);
	(void)unlink(path);
	return ret;
}

static void numbers_that_json_does_not_know_arrive_as_texts(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{ "{\"a\": 1, \"b\": -2.5e3}", "{'a': 1, 'b': -2500.0}" },
		{ "{\"a\": 12345678901234567890}", "{'a': '12345678901234567890'}" },
		{ "{\"a\": 9223372036854775807}", "{'a': 9223372036854775807}" },
		{ "{\"a\": -9223372036854775809}", "{'a': '-9223372036854775809'}" },
		{ "{\"a\": 0.12345678901234567890123}", "{'a': 0.12345678901234567890123}" },
		{ "{\"a\": [NaN, Infinity, -Infinity]}",
		  "{'a': ['NaN', 'Infinity', '-Infinity']}" },
		{ "{\"a\": 1e999}", "{'a': '1e999'}" },
		{ "{\"12345678901234567890\": \"NaN 99999999999999999999 \\\" 1e999\"}",
		  "{'12345678901234567890': 'NaN 99999999999999999999 \\u0022 1e999'}" },
		{ "{}", "{}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pxc_err err = { .kind = PXC_OK };
		json_auto_t *got = read_text(rows[i].text, strlen(rows[i].text), &err);

		if (!got)
			fail_msg("%s: %s", rows[i].text, err.msg);
		assert_json(got, rows[i].json);
	}
}

static void what_is_no_json_object_is_refused(void **state)
{
	static const char *const texts[] = { "", "[]", "\"a\"", "{\"a\": }", "{", "5", "{} {}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct pxc_err err = { .kind = PXC_OK };

		assert_null(read_text(texts[i], strlen(texts[i]), &err));
		assert_int_equal(err.kind, PXC_EINVAL);
	}
}

static void a_message_about_bad_json_does_not_quote_it(void **state)
{
	static const char text[] = "{\"api_password\": geheim}";
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_null(read_text(text, strlen(text), &err));
	assert_null(strstr(err.msg, "geheim"));
	assert_non_null(strstr(err.msg, "line 1"));
}

static void too_large_a_file_is_refused(void **state)
{
	size_t len = PXC_MAX_ARGS + 70000u;
	auto_free char *text = pxc_alloc(len);
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	memset(text, ' ', len);
	assert_null(read_text(text, len, &err));
	assert_non_null(strstr(err.msg, "larger than 16 MiB"));
}

static void a_file_that_is_not_there_is_named(void **state)
{
	char program[] = "pxc_vm", path[] = "/nonexistent/args", *argv[] = { program, path, NULL };
	struct pxc_err err = { .kind = PXC_OK };
	json_t *ret = NULL;

	(void)state;
	assert_int_equal(ans_read(2, argv, &ret, &err), -1);
	assert_non_null(strstr(err.msg, "/nonexistent/args: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_that_json_does_not_know_arrive_as_texts),
		cmocka_unit_test(what_is_no_json_object_is_refused),
		cmocka_unit_test(a_message_about_bad_json_does_not_quote_it),
		cmocka_unit_test(too_large_a_file_is_refused),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
