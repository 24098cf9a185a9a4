/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static void failing_sets_kind_and_sentence(void **state)
{
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	assert_int_equal(pxc_fail(&err, PXC_EBUSY, "vm %d is %s", 100, "locked"), -1);
	assert_int_equal(err.kind, PXC_EBUSY);
	assert_int_equal(err.http, 0);
	assert_string_equal(err.msg, "vm 100 is locked");
}

static void context_is_put_in_front_and_the_kind_stays(void **state)
{
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	(void)pxc_fail(&err, PXC_EDENIED, "no privilege");
	assert_int_equal(pxc_context(&err, "step %d of %d", 2, 3), -1);
	(void)pxc_context(&err, "vm acme/web-1");
	assert_int_equal(err.kind, PXC_EDENIED);
	assert_string_equal(err.msg, "vm acme/web-1: step 2 of 3: no privilege");
}

static void a_long_sentence_is_cut_and_stays_a_string(void **state)
{
	struct pxc_err err = { .kind = PXC_OK };
	char text[2 * sizeof(err.msg)];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)pxc_fail(&err, PXC_EINVAL, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	(void)pxc_context(&err, "front");
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_true(str_starts(err.msg, "front: xxx"));
	(void)pxc_context(&err, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

static void what_was_not_seen_goes_with_the_sentence_that_says_so(void **state)
{
	struct pxc_err err = { .kind = PXC_OK };

	(void)state;
	(void)pxc_fail(&err, PXC_EINVAL, "no storage");
	assert_string_equal(err.unseen, "");
	assert_int_equal(pxc_unseen(&err, "/storage/%s", "ceph"), -1);
	(void)pxc_context(&err, "vm acme/web-1");
	assert_string_equal(err.msg, "vm acme/web-1: no storage");
	assert_string_equal(err.unseen, "/storage/ceph");
	(void)pxc_fail(&err, PXC_EREMOTE, "something else");
	assert_string_equal(err.unseen, "");
}

static void each_kind_has_a_word_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(pxc_err_word(PXC_OK), "");
	for (int kind = PXC_EINVAL; kind <= PXC_EBUG; kind++)
		for (int other = PXC_OK; other < kind; other++)
			assert_string_not_equal(pxc_err_word((enum pxc_errkind)kind),
						pxc_err_word((enum pxc_errkind)other));
	assert_string_equal(pxc_err_word(PXC_EINVAL), "invalid");
	assert_string_equal(pxc_err_word(PXC_EBUG), "bug");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failing_sets_kind_and_sentence),
		cmocka_unit_test(context_is_put_in_front_and_the_kind_stays),
		cmocka_unit_test(what_was_not_seen_goes_with_the_sentence_that_says_so),
		cmocka_unit_test(each_kind_has_a_word_of_its_own),
		cmocka_unit_test(a_long_sentence_is_cut_and_stays_a_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
