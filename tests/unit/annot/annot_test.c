/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "annot/annot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

/* A project's pairs: what a test needs of an annotation. */
static void project(struct annot *a)
{
	annot_init(a);
	annot_set(a, "t", "project");
	annot_set(a, "id", "pool.acme");
	annot_set(a, "r", "1");
}

static void pairs_keep_their_order(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };

	(void)state;
	project(&a);
	annot_set(&a, "id", "pool.other");
	annot_set(&a, "by", "alice");
	assert_int_equal(a.npairs, 4);
	assert_string_equal(a.pairs[1].key, "id");
	assert_string_equal(a.pairs[1].value, "pool.other");
	assert_string_equal(a.pairs[3].key, "by");
	assert_null(annot_get(&a, "at"));
	assert_string_equal(annot_get(&a, "by"), "alice");
}

static void setting_nothing_removes(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };

	(void)state;
	project(&a);
	annot_set(&a, "id", NULL);
	annot_set(&a, "never-there", NULL);
	assert_int_equal(a.npairs, 2);
	assert_string_equal(a.pairs[0].key, "t");
	assert_string_equal(a.pairs[1].key, "r");
	assert_null(annot_get(&a, "id"));
}

static void a_value_may_be_set_from_itself(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };

	(void)state;
	project(&a);
	annot_set(&a, "id", annot_get(&a, "id") + 5);
	assert_string_equal(annot_get(&a, "id"), "acme");
}

static void a_copy_stands_alone(void **state)
{
	auto_annot struct annot a = { .npairs = 0 }, b = { .npairs = 0 };

	(void)state;
	project(&a);
	annot_copy(&b, &a);
	assert_true(annot_equal(&a, &b, NULL));
	annot_set(&a, "id", NULL);
	assert_string_equal(annot_get(&b, "id"), "pool.acme");
}

static void equality_ignores_order_and_what_is_skipped(void **state)
{
	static const char *const skip[] = { "r", "at", NULL };
	auto_annot struct annot a = { .npairs = 0 }, b = { .npairs = 0 };

	(void)state;
	project(&a);
	annot_set(&b, "r", "2");
	annot_set(&b, "id", "pool.acme");
	annot_set(&b, "t", "project");
	assert_false(annot_equal(&a, &b, NULL));
	assert_true(annot_equal(&a, &b, skip));
	annot_set(&a, "at", "20260901T101500Z");
	assert_true(annot_equal(&a, &b, skip));
	annot_set(&b, "by", "bob");
	assert_false(annot_equal(&a, &b, skip));
	assert_false(annot_equal(&b, &a, skip));
}

/* printf 'pxc/1\npool.acme\nid=pool.acme\nr=1\nt=project\n' | sha256sum */
static void the_seal_can_be_made_with_sha256sum(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };
	char seal[17];

	(void)state;
	project(&a);
	annot_seal(&a, seal);
	assert_string_equal(seal, "f650d6f2125f829b");
}

static void each_pair_is_under_the_seal(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };
	char seal[17], other[17];

	(void)state;
	project(&a);
	annot_seal(&a, seal);
	for (size_t i = 0; i < a.npairs; i++) {
		auto_free char *old = pxc_strdup(a.pairs[i].value);

		annot_set(&a, a.pairs[i].key, "x");
		annot_seal(&a, other);
		assert_string_not_equal(seal, other);
		annot_set(&a, a.pairs[i].key, old);
	}
	annot_seal(&a, other);
	assert_string_equal(seal, other);
}

static const struct {
	enum annot_carrier carrier;
	const char *before, *after, *text; /* of the text: $ stands for the block or token */
} fields[] = {
	{ ANNOT_BLOCK, "", "", "$" },
	{ ANNOT_BLOCK, "Web tier", "", "Web tier\n\n$" },
	{ ANNOT_BLOCK, "Web tier\n", "", "Web tier\n\n$" },
	{ ANNOT_BLOCK, "Web tier\n\n", "", "Web tier\n\n$" },
	{ ANNOT_BLOCK, "Web tier\n\n\n", "", "Web tier\n\n\n$" },
	{ ANNOT_BLOCK, "\n", "", "\n$" },
	{ ANNOT_BLOCK, "Web tier\r\n", "", "Web tier\r\n\n$" },
	{ ANNOT_BLOCK, "", "more", "$\nmore" },
	{ ANNOT_BLOCK, "", "\nmore", "$\nmore" },
	{ ANNOT_BLOCK, "", "\r\nmore", "$\r\nmore" },
	{ ANNOT_BLOCK, "", "\rmore", "$\n\rmore" },
	{ ANNOT_BLOCK, "", "\r", "$\r" },
	{ ANNOT_BLOCK, "", " ", "$\n " },
	{ ANNOT_TOKEN, "", "", "$" },
	{ ANNOT_TOKEN, "Shop", "", "Shop $" },
	{ ANNOT_TOKEN, "Shop ", "", "Shop $" },
	{ ANNOT_TOKEN, "Shop", " (live)", "Shop $ (live)" },
};

static const char *const bodies[] = {
	[ANNOT_BLOCK] = "<!-- pxc/1\nt=project\nid=pool.acme\nr=1\ns=f650d6f2125f829b\n-->",
	[ANNOT_TOKEN] = "[pxc/1 t=project id=pool.acme r=1 s=f650d6f2125f829b]",
};

static void a_new_block_is_set_apart_from_the_human_text(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };

	(void)state;
	project(&a);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *at = strchr(fields[i].text, '$');
		auto_free char *text =
			annot_render(fields[i].carrier, fields[i].before, &a, fields[i].after);
		auto_free char *want =
			pxc_printf("%.*s%s%s", (int)(at - fields[i].text), fields[i].text,
				   bodies[fields[i].carrier], at + 1);
		auto_annot_text struct annot_text t = { .before = NULL };

		assert_string_equal(text, want);
		annot_parse(fields[i].carrier, text, &t);
		assert_int_equal(t.finding, ANNOT_OK);
		assert_true(annot_equal(&t.annot, &a, NULL));
	}
}

static const struct {
	enum annot_carrier carrier;
	const char *old, *text; /* $ stands for the block or token */
} rewrites[] = {
	{ ANNOT_BLOCK, "Web tier\n$\nmore\n", "Web tier\n$\nmore\n" },
	{ ANNOT_BLOCK, "\n\n$\r\n\r\nmore", "\n\n$\r\n\r\nmore" },
	{ ANNOT_BLOCK, "Web tier", "Web tier\n\n$" },
	{ ANNOT_BLOCK, "Web tier\n\n<!-- pxc/1\nr=0\n\nKeep me.", "Web tier\n\n$\n\nKeep me." },
	{ ANNOT_BLOCK, "<!-- pxc/1\nKeep me.", "$\nKeep me." },
	{ ANNOT_TOKEN, "Shop$live", "Shop$live" },
	{ ANNOT_TOKEN, "Shop", "Shop $" },
	{ ANNOT_TOKEN, "Shop [pxc/1 r=0 keep me", "Shop $ keep me" },
};

static void a_rewritten_field_keeps_the_human_text(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };

	(void)state;
	project(&a);
	for (size_t i = 0; i < ARRAY_SIZE(rewrites); i++) {
		const char *body = bodies[rewrites[i].carrier],
			   *sign = strchr(rewrites[i].old, '$');
		const char *at = strchr(rewrites[i].text, '$');
		auto_free char *old = sign ? pxc_printf("%.*s%s%s", (int)(sign - rewrites[i].old),
							rewrites[i].old, body, sign + 1)
					   : pxc_strdup(rewrites[i].old);
		auto_free char *want = pxc_printf("%.*s%s%s", (int)(at - rewrites[i].text),
						  rewrites[i].text, body, at + 1);
		auto_annot_text struct annot_text t = { .before = NULL };
		auto_free char *text = NULL;

		annot_parse(rewrites[i].carrier, old, &t);
		text = annot_rewrite(rewrites[i].carrier, &t, &a);
		assert_string_equal(text, want);
	}
}

static void the_space_that_pve_strips_or_adds_is_no_difference(void **state)
{
	(void)state;
	assert_true(annot_text_same("", ""));
	assert_true(annot_text_same("Web tier", "Web tier\n"));
	assert_true(annot_text_same("Web tier \t\r\n\n", "Web tier"));
	assert_true(annot_text_same("\n", ""));
	assert_false(annot_text_same(" Web tier", "Web tier"));
	assert_false(annot_text_same("Web tier", "Web tier 2"));
	assert_false(annot_text_same("Web  tier", "Web tier"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_keep_their_order),
		cmocka_unit_test(setting_nothing_removes),
		cmocka_unit_test(a_value_may_be_set_from_itself),
		cmocka_unit_test(a_copy_stands_alone),
		cmocka_unit_test(equality_ignores_order_and_what_is_skipped),
		cmocka_unit_test(the_seal_can_be_made_with_sha256sum),
		cmocka_unit_test(each_pair_is_under_the_seal),
		cmocka_unit_test(a_new_block_is_set_apart_from_the_human_text),
		cmocka_unit_test(a_rewritten_field_keeps_the_human_text),
		cmocka_unit_test(the_space_that_pve_strips_or_adds_is_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
