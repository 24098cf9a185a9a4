/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"
#include "sim/diff.h"

static const struct {
	const char *old, *new, *diff;
} cases[] = {
	{ "", "", "" },
	{ "a\nb\n", "a\nb\n", "" },
	{ "", "a\nb\n", "--- x\n+++ y\n@@ -0,0 +1,2 @@\n+a\n+b\n" },
	{ "a\n", "", "--- x\n+++ y\n@@ -1 +0,0 @@\n-a\n" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
	  "--- x\n+++ y\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n" },
	/* near enough for one hunk */
	{ "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
	  "--- x\n+++ y\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n" },
	/* too far */
	{ "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	  "--- x\n+++ y\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n" },
	/* lines that are there twice are told apart by the ones around them */
	{ "auto a\n\tx\n\nauto c\n\tx\n", "auto a\n\tx\n\nauto b\n\tx\n\nauto c\n\tx\n",
	  "--- x\n+++ y\n@@ -1,5 +1,8 @@\n auto a\n \tx\n \n+auto b\n+\tx\n+\n auto c\n \tx\n" },
};

static void a_diff_is_as_diff_u_writes_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pxc_buf out auto_buf = { 0 };

		diff_unified(cases[i].old, cases[i].new, "x", "y", &out);
		assert_string_equal(buf_str(&out), cases[i].diff);
	}
}

/* Carry a diff without context that goes wrong out on the old text; NULL when it does not fit. Caller frees. */
static char *patched(const char *old, const char *diff)
{
	struct pxc_buf out = { 0 };
	const char *at = strstr(diff, "@@ ");

	for (size_t line = 1; at && *at;) {
		const char *end = strchr(at, '\n');
		size_t from = 0, count = 1, next;

		if (!strncmp(at, "@@ ", 3)) {
			(void)sscanf(at, "@@ -%zu,%zu", &from, &count);
			from += !count;
			for (; line < from; line++, old = strchr(old, '\n') + 1)
				buf_add(&out, old, (size_t)(strchr(old, '\n') + 1 - old));
			at = end + 1;
			continue;
		}
		next = (size_t)(end + 1 - at - 1);
		if (*at != '+') {
			if (strncmp(old, at + 1, next) != 0) {
				buf_release(&out);
				return NULL;
			}
			old += next;
			line++;
		}
		if (*at != '-')
			buf_add(&out, at + 1, next);
		at = end + 1;
	}
	buf_adds(&out, old);
	return buf_take(&out);
}

static unsigned seed = 1;

static unsigned dice(unsigned sides)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % sides;
}

static void any_diff_leads_from_one_text_to_the_other(void **state)
{
	static const char *const words[] = { "auto", "iface", "mtu 1500", "", "x" };

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct pxc_buf old auto_buf = { 0 }, new auto_buf = { 0 }, out auto_buf = { 0 };
		auto_free char *result = NULL;

		for (unsigned i = 0; i < 60; i++) {
			auto_free char *line = dice(2) ? pxc_strdup(words[dice(5)])
						       : pxc_printf("line %u", dice(80));

			if (dice(10))
				buf_printf(&old, "%s\n", line);
			if (dice(10))
				buf_printf(&new, "%s\n", line);
		}
		diff_unified(buf_str(&old), buf_str(&new), "x", "y", &out);
		result = patched(buf_str(&old), buf_str(&out));
		assert_non_null(result);
		assert_string_equal(result, buf_str(&new));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_diff_is_as_diff_u_writes_it),
		cmocka_unit_test(any_diff_leads_from_one_text_to_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
