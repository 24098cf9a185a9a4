/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/mem.h"

static void fill(struct annot *a)
{
	annot_set(a, "t", "vm");
	annot_set(a, "id", "vm.101.1f0c9a2e");
	annot_set(a, "m.note", "a: 100% -- \"x\"");
}

static void values_are_set_changed_and_removed(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };

	(void)state;
	fill(&a);
	annot_set(&a, "t", annot_get(&a, "t")); /* its own value */
	annot_set(&a, "id", "other");
	annot_set(&a, "m.note", NULL);
	annot_set(&a, "nosuch", NULL);
	assert_int_equal(a.npairs, 2);
	assert_string_equal(annot_get(&a, "id"), "other");
	assert_null(annot_get(&a, "m.note"));
}

static void order_and_named_keys_do_not_matter_for_equality(void **state)
{
	static const char *const skip[] = { "r", NULL };
	auto_annot struct annot a = { .npairs = 0 }, b = { .npairs = 0 };

	(void)state;
	annot_set(&a, "x", "1");
	annot_set(&a, "y", "2");
	annot_set(&a, "r", "7");
	annot_set(&b, "y", "2");
	annot_set(&b, "x", "1");
	assert_true(annot_equal(&a, &b, skip));
	assert_false(annot_equal(&a, &b, NULL));
	annot_set(&b, "z", "3");
	assert_false(annot_equal(&a, &b, skip));
}

static void the_seal_does_not_depend_on_order(void **state)
{
	auto_annot struct annot a = { .npairs = 0 }, b = { .npairs = 0 };
	char one[17], two[17];

	(void)state;
	annot_set(&a, "id", "i");
	annot_set(&a, "x", "1");
	annot_set(&b, "x", "1");
	annot_set(&b, "id", "i");
	annot_seal(&a, one);
	annot_seal(&b, two);
	assert_string_equal(one, two);
	annot_set(&b, "id", "j");
	annot_seal(&b, two);
	assert_string_not_equal(one, two);
}

static void a_block_holds_nothing_that_a_carrier_forbids(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *token = NULL;

	(void)state;
	fill(&a);
	annot_set(&a, "m.odd", "{\"}#&!~|%:;=<>\n\t\x01\xc3\xa4");
	token = annot_render(ANNOT_TOKEN, "", &a, "");
	/* What a vnet alias forbids, and what PVE encodes in its files. */
	assert_null(strpbrk(token, "{}\"%#&!~|:;<>\n\t\x01\xc3"));
	assert_null(strstr(token, "--"));
}

static void a_new_block_stands_apart_from_the_text(void **state)
{
	static const struct {
		enum annot_carrier carrier;
		const char *before, *head;
	} rows[] = {
		{ ANNOT_BLOCK, "", "<!-- pxc/1\n" },
		{ ANNOT_BLOCK, "text", "text\n\n<!-- pxc/1\n" },
		{ ANNOT_BLOCK, "text\n", "text\n\n<!-- pxc/1\n" },
		{ ANNOT_BLOCK, "text\n\n", "text\n\n<!-- pxc/1\n" },
		{ ANNOT_BLOCK, "\n", "\n<!-- pxc/1\n" },
		{ ANNOT_TOKEN, "text", "text [pxc/1 " },
		{ ANNOT_TOKEN, "text ", "text [pxc/1 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_annot struct annot a = { .npairs = 0 };
		auto_free char *text = NULL;

		fill(&a);
		text = annot_render(rows[i].carrier, rows[i].before, &a, "");
		if (strncmp(text, rows[i].head, strlen(rows[i].head)) != 0)
			fail_msg("row %zu: %s", i, text);
	}
}

static void trailing_white_space_is_not_a_difference(void **state)
{
	(void)state;
	assert_true(annot_text_same("text", "text \n\n"));
	assert_true(annot_text_same("", "\n"));
	assert_false(annot_text_same("text", " text"));
	assert_false(annot_text_same("text", "text!"));
}

static void secrets_are_seen_and_places_are_not_taken_for_them(void **state)
{
	(void)state;
	assert_true(annot_has_secret("-----BEGIN RSA PRIVATE KEY-----"));
	assert_true(annot_has_secret("PassWord=x"));
	assert_true(annot_has_secret("token ghp_0123456789abcdefghij0123"));
	assert_false(annot_has_secret("Slovakia, the password is in the vault"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_set_changed_and_removed),
		cmocka_unit_test(order_and_named_keys_do_not_matter_for_equality),
		cmocka_unit_test(the_seal_does_not_depend_on_order),
		cmocka_unit_test(a_block_holds_nothing_that_a_carrier_forbids),
		cmocka_unit_test(a_new_block_stands_apart_from_the_text),
		cmocka_unit_test(trailing_white_space_is_not_a_difference),
		cmocka_unit_test(secrets_are_seen_and_places_are_not_taken_for_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
