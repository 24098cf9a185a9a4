/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include <stdlib.h>

#include "ansible/coerce.h"

static void paths_are_expanded_as_python_does(void **state)
{
	static const struct {
		const char *text, *path;
	} rows[] = {
		{ "/etc/x", "/etc/x" },
		{ "", "" },
		{ "~", "/home/me" },
		{ "~/x", "/home/me/x" },
		{ "x/~", "x/~" },
		{ "$SAMPLE/x", "/data/x" },
		{ "${SAMPLE}x", "/datax" },
		{ "$SAMPLEx", "$SAMPLEx" },
		{ "a$SAMPLE", "a/data" },
		{ "$UNSET_SAMPLE/x", "$UNSET_SAMPLE/x" },
		{ "${SAMPLE", "${SAMPLE" },
		{ "$", "$" },
		{ "$$", "$$" },
		{ "${}", "${}" },
		{ "$TILDE/x", "/home/me/x" },
		{ "~no-such-user-here/x", "~no-such-user-here/x" },
		{ "~root/x", "/root/x" },
	};

	(void)state;
	(void)setenv("HOME", "/home/me", 1);
	(void)setenv("SAMPLE", "/data", 1);
	(void)setenv("TILDE", "~", 1);
	(void)unsetenv("UNSET_SAMPLE");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *got = coerce_path(rows[i].text);

		assert_string_equal(json_string_value(got), rows[i].path);
	}
}

static void the_root_as_home_gives_no_double_slash(void **state)
{
	json_auto_t *got = NULL;

	(void)state;
	(void)setenv("HOME", "/", 1);
	got = coerce_path("~/x");
	assert_string_equal(json_string_value(got), "/x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_expanded_as_python_does),
		cmocka_unit_test(the_root_as_home_gives_no_double_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
