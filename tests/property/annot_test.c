/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What must be true of every field, whatever a human or another program wrote into it. PXC_SEED=n repeats a run.
 */
#include "annot/annot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define RUNS 20000

/* xorshift: the same numbers everywhere. */
static uint64_t number(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % below;
}

static uint64_t first_seed(void)
{
	const char *text = getenv("PXC_SEED");

	return text ? strtoull(text, NULL, 0) : 20260901;
}

static void random_bytes(uint64_t *seed, size_t most, struct pxc_buf *out)
{
	for (size_t n = number(seed, most + 1); n; n--)
		buf_addc(out, (char)(1 + number(seed, 255)));
}

/* Pieces that look like half a block are likely; so is plain noise. */
static char *human_text(uint64_t *seed)
{
	static const char *const pieces[] = {
		"\n",
		"\r\n",
		"\r",
		" ",
		"<!-- pxc/1",
		"-->",
		"<!-- pxc/2",
		"[pxc/1 ",
		"[pxc/1",
		"]",
		"[pxc/1]",
		"t=vm",
		"s=0123456789abcdef",
		"id=vm.1.0",
		"# Web tier",
		"\n<!-- pxc/1\n",
		"\n-->\n",
		"<!--",
		"caf\xc3\xa9",
		"key=*4",
		"\t",
	};
	struct pxc_buf out = { .data = NULL };

	for (size_t n = number(seed, 8); n; n--) {
		if (number(seed, 4) == 0)
			random_bytes(seed, 12, &out);
		else
			buf_adds(&out, pieces[number(seed, ARRAY_SIZE(pieces))]);
	}
	return buf_take(&out);
}

static void random_annot(uint64_t *seed, struct annot *a)
{
	annot_init(a);
	for (size_t n = number(seed, 9); n; n--) {
		static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
		auto_buf struct pxc_buf value = { .data = NULL };
		char key[8] = "";

		for (size_t len = 1 + number(seed, 6), i = 0; i < len; i++)
			key[i] = letters[number(seed, sizeof(letters) - 1)];
		random_bytes(seed, 20, &value);
		if (!str_eq(key, "s"))
			annot_set(a, number(seed, 6) ? key : "id", buf_str(&value));
	}
}

static bool same_order(const struct annot *a, const struct annot *b)
{
	for (size_t i = 0; i < a->npairs && i < b->npairs; i++)
		if (!str_eq(a->pairs[i].key, b->pairs[i].key) ||
		    !str_eq(a->pairs[i].value, b->pairs[i].value))
			return false;
	return a->npairs == b->npairs;
}

static bool plain(enum annot_carrier carrier, const char *text)
{
	auto_annot_text struct annot_text t = { .before = NULL };

	annot_parse(carrier, text, &t);
	return t.finding == ANNOT_NONE;
}

/* text is human and at most what a new block is set apart with. */
static bool set_apart(const char *text, const char *human, const char *dividers, bool behind)
{
	size_t n = strlen(human), more = strlen(text) - n;
	const char *extra = behind ? text + n : text;

	return strlen(text) >= n && more <= 2 && strspn(extra, dividers) >= more &&
	       memcmp(behind ? text : text + more, human, n) == 0;
}

static void check_new_block(uint64_t seed)
{
	enum annot_carrier carrier = number(&seed, 2) ? ANNOT_BLOCK : ANNOT_TOKEN;
	const char *dividers = carrier == ANNOT_BLOCK ? "\n" : " ";
	auto_free char *before = human_text(&seed), *after = human_text(&seed), *text = NULL;
	auto_annot struct annot a = { .npairs = 0 };
	auto_annot_text struct annot_text t = { .before = NULL };

	random_annot(&seed, &a);
	text = annot_render(carrier, before, &a, after);
	annot_parse(carrier, text, &t);
	if (plain(carrier, before) && plain(carrier, after)) {
		assert_int_equal(t.finding, ANNOT_OK);
		assert_true(same_order(&t.annot, &a));
		assert_true(set_apart(t.before, before, dividers, true));
		assert_true(set_apart(t.after, after, dividers, false));
	} else {
		assert_true(t.finding == ANNOT_TAMPERED || t.finding == ANNOT_FOREIGN);
	}
}

static void check_old_field(uint64_t seed)
{
	enum annot_carrier carrier = number(&seed, 2) ? ANNOT_BLOCK : ANNOT_TOKEN;
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *before = human_text(&seed), *after = human_text(&seed), *text = NULL,
		       *block = NULL, *changed = NULL, *again = NULL;
	auto_annot_text struct annot_text t = { .before = NULL }, u = { .before = NULL };

	random_annot(&seed, &a);
	block = annot_render(carrier, "", &a, "");
	text = pxc_printf("%s%s%s%s%s", before, number(&seed, 2) ? "\n" : "",
			  number(&seed, 4) ? block : "", number(&seed, 2) ? "\n" : "", after);
	annot_parse(carrier, text, &t);
	/* Before and after are the beginning and the end of the field. */
	assert_true(str_starts(text, t.before));
	assert_true(str_ends(text, t.after));
	assert_true(strlen(t.before) + strlen(t.after) <= strlen(text));
	if (t.finding == ANNOT_NONE)
		assert_string_equal(t.before, text);
	if (t.finding != ANNOT_OK)
		return;
	/* An unchanged block gives the very same field; a changed one leaves the human's text. */
	again = annot_rewrite(carrier, &t, &t.annot);
	assert_string_equal(again, text);
	annot_set(&t.annot, "r", "12345");
	changed = annot_rewrite(carrier, &t, &t.annot);
	annot_parse(carrier, changed, &u);
	assert_int_equal(u.finding, ANNOT_OK);
	assert_string_equal(u.before, t.before);
	assert_string_equal(u.after, t.after);
	assert_true(same_order(&u.annot, &t.annot));
}

/* Is any change of one byte of the block noticed? White space that divides pairs is no content. */
static void check_edit(uint64_t seed)
{
	enum annot_carrier carrier = number(&seed, 2) ? ANNOT_BLOCK : ANNOT_TOKEN;
	auto_annot struct annot a = { .npairs = 0 };
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_free char *text = NULL;
	size_t at;

	random_annot(&seed, &a);
	annot_set(&a, "t", "vm");
	text = annot_render(carrier, "", &a, "");
	at = number(&seed, strlen(text));
	text[at] = text[at] == 'x' ? 'y' : 'x';
	annot_parse(carrier, text, &t);
	assert_true(t.finding != ANNOT_OK);
}

static void for_each_seed(void (*check)(uint64_t))
{
	for (uint64_t i = 0; i < RUNS; i++) {
		uint64_t seed = (first_seed() + i) * 0x9e3779b97f4a7c15u | 1;

		for (int warm = 0; warm < 4; warm++)
			(void)number(&seed, 2);
		check(seed);
	}
}

static void what_is_rendered_is_parsed_back(void **state)
{
	(void)state;
	for_each_seed(check_new_block);
}

static void the_human_text_survives_byte_for_byte(void **state)
{
	(void)state;
	for_each_seed(check_old_field);
}

static void every_edit_of_a_block_is_noticed(void **state)
{
	(void)state;
	for_each_seed(check_edit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_rendered_is_parsed_back),
		cmocka_unit_test(the_human_text_survives_byte_for_byte),
		cmocka_unit_test(every_edit_of_a_block_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
