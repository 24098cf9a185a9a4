/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/mem.h"

/* A small generator of our own: the same seed makes the same run everywhere. */
static uint64_t state64;

static unsigned chance(unsigned below)
{
	state64 = state64 * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state64 >> 33) % below;
}

static unsigned runs(unsigned usual)
{
	const char *text = getenv("PXC_PROPERTY_RUNS");

	return text ? (unsigned)strtoul(text, NULL, 10) : usual;
}

/* Any bytes but NUL, with pieces of blocks strewn in. */
static char *random_text(unsigned longest)
{
	static const char *const pieces[] = { "<!-- pxc/1", "-->", "\n", "\r\n", "[pxc/1",
					      "]",          "s=",  " ",  "t=vm" };
	char *text = pxc_calloc(longest + 16, 1);
	size_t n = 0;

	while (n < chance(longest)) {
		if (chance(12) == 0) {
			const char *p = pieces[chance(ARRAY_SIZE(pieces))];

			memcpy(text + n, p, strlen(p));
			n += strlen(p);
		} else {
			text[n++] = (char)(1 + chance(255));
		}
	}
	return text;
}

static void random_annot(struct annot *a)
{
	annot_init(a);
	for (unsigned n = chance(8); n > 0; n--) {
		auto_free char *value = random_text(60);
		char key[16];

		(void)snprintf(key, sizeof(key), "m.k%u", chance(20));
		annot_set(a, key, value);
	}
	annot_set(a, "id", "vm.1.0");
}

/* A human text in which a reader sees no annotation, also with something behind it. */
static char *human_text(enum annot_carrier carrier)
{
	for (;;) {
		char *text = random_text(120);
		auto_annot_text struct annot_text t = { .before = NULL };
		auto_free char *probe = pxc_printf("%s%s", text, carrier == ANNOT_BLOCK ? "\n" : " ");

		annot_parse(carrier, probe, &t);
		if (t.finding == ANNOT_NONE)
			return text;
		free(text);
	}
}

static void what_was_written_is_read_back(void **state)
{
	(void)state;
	for (unsigned run = 0; run < runs(3000); run++) {
		enum annot_carrier carrier = chance(2) ? ANNOT_BLOCK : ANNOT_TOKEN;
		auto_free char *before = NULL, *text = NULL, *again = NULL;
		auto_annot struct annot a = { .npairs = 0 };
		auto_annot_text struct annot_text t = { .before = NULL }, u = { .before = NULL };

		state64 = run;
		before = human_text(carrier);
		random_annot(&a);
		text = annot_render(carrier, before, &a, "");
		annot_parse(carrier, text, &t);
		if (t.finding != ANNOT_OK || !annot_equal(&a, &t.annot, NULL))
			fail_msg("seed %u: %s: %s", run, t.problem, text);
		/* The human's text survives byte for byte, apart from the gap that divides it from a new block. */
		if (strncmp(t.before, before, strlen(before)) != 0)
			fail_msg("seed %u: the text before changed: %s", run, text);
		again = annot_render(carrier, t.before, &t.annot, t.after);
		assert_string_equal(again, text);
		annot_parse(carrier, again, &u);
		assert_string_equal(u.before, t.before);
		assert_string_equal(u.after, t.after);
	}
}

static void any_bytes_are_read_without_harm(void **state)
{
	(void)state;
	for (unsigned run = 0; run < runs(3000); run++) {
		auto_free char *text = NULL;

		state64 = run + 1000000;
		text = random_text(300);
		for (int carrier = ANNOT_BLOCK; carrier <= ANNOT_TOKEN; carrier++) {
			auto_annot_text struct annot_text t = { .before = NULL };

			annot_parse((enum annot_carrier)carrier, text, &t);
			assert_non_null(t.before);
			assert_non_null(t.after);
			assert_true(strlen(t.before) + strlen(t.after) <= strlen(text));
		}
	}
}

static void one_changed_byte_is_noticed(void **state)
{
	(void)state;
	for (unsigned run = 0; run < runs(3000); run++) {
		auto_annot struct annot a = { .npairs = 0 };
		auto_annot_text struct annot_text t = { .before = NULL };
		auto_free char *text = NULL;
		size_t at;
		char old;

		state64 = run + 2000000;
		random_annot(&a);
		text = annot_render(ANNOT_BLOCK, "", &a, "");
		at = strlen("<!-- pxc/1\n") +
		     chance((unsigned)(strlen(text) - strlen("<!-- pxc/1\n\n-->")));
		old = text[at];
		text[at] = old == 'a' ? 'b' : 'a';
		annot_parse(ANNOT_BLOCK, text, &t);
		if (t.finding == ANNOT_OK && annot_equal(&a, &t.annot, NULL))
			fail_msg("seed %u: byte %zu changed unnoticed: %s", run, at, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(any_bytes_are_read_without_harm),
		cmocka_unit_test(one_changed_byte_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
