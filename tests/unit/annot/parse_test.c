/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cases of tests/data/annotation, and what they cannot say. Runs in the project's top folder. */
#include "annot/annot.h"

#include <dirent.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

#define CASES "tests/data/annotation"
#define SCHEMA "schemas/annotation.json"

static const char *const findings[] = {
	[ANNOT_NONE] = "none",
	[ANNOT_OK] = "ok",
	[ANNOT_TAMPERED] = "tampered",
	[ANNOT_FOREIGN] = "foreign",
};

static char *slurp(const char *name, const char *file)
{
	auto_free char *path = pxc_printf("%s/%s/%s", CASES, name, file);
	struct pxc_buf text = { .data = NULL };
	FILE *in = fopen(path, "rb");
	char chunk[4096];
	size_t n;

	if (!in)
		fail_msg("%s cannot be read", path);
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		buf_add(&text, chunk, n);
	(void)fclose(in);
	return buf_take(&text);
}

/* A text of expect.json: a string, or an object with its bytes in hex. */
static char *bytes(const json_t *value)
{
	const char *hex = json_string_value(json_object_get(value, "hex"));
	struct pxc_buf out = { .data = NULL };
	unsigned byte;

	if (!hex)
		return pxc_strdup(json_string_value(value));
	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		buf_addc(&out, (char)byte);
	return buf_take(&out);
}

static void same_text(const char *name, const char *what, const char *seen, const json_t *expected)
{
	auto_free char *want = bytes(expected);

	if (!str_eq(seen, want))
		fail_msg("%s: %s is \"%s\" and not \"%s\"", name, what, seen, want);
}

static void check_case(const char *name)
{
	auto_free char *text = slurp(name, "input.txt"), *carrier = slurp(name, "carrier"),
		       *expected = slurp(name, "expect.json");
	json_auto_t *want = json_loads(expected, 0, NULL);
	const json_t *pairs = json_object_get(want, "pairs");
	auto_annot_text struct annot_text t = { .before = NULL };

	assert_true(str_eq(carrier, "block\n") || str_eq(carrier, "token\n"));
	annot_parse(str_eq(carrier, "block\n") ? ANNOT_BLOCK : ANNOT_TOKEN, text, &t);
	same_text(name, "the finding", findings[t.finding], json_object_get(want, "finding"));
	same_text(name, "the text before", t.before, json_object_get(want, "before"));
	same_text(name, "the text after", t.after, json_object_get(want, "after"));
	if ((t.finding == ANNOT_OK || t.finding == ANNOT_NONE) != (*t.problem == '\0'))
		fail_msg("%s: its problem is told as \"%s\"", name, t.problem);
	if (t.annot.npairs != json_array_size(pairs))
		fail_msg("%s: %zu pairs", name, t.annot.npairs);
	for (size_t i = 0; i < t.annot.npairs; i++) {
		const json_t *pair = json_array_get(pairs, i);

		same_text(name, "a key", t.annot.pairs[i].key, json_array_get(pair, 0));
		same_text(name, "a value", t.annot.pairs[i].value, json_array_get(pair, 1));
	}
}

static void every_case_of_the_corpus_is_found_as_it_says(void **state)
{
	DIR *dir = opendir(CASES);
	size_t count = 0;

	(void)state;
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.' || str_ends(e->d_name, ".md"))
			continue;
		check_case(e->d_name);
		count++;
	}
	(void)closedir(dir);
	assert_true(count >= 40);
}

static void no_text_is_an_empty_text(void **state)
{
	auto_annot_text struct annot_text t = { .before = NULL };

	(void)state;
	annot_parse(ANNOT_BLOCK, NULL, &t);
	assert_int_equal(t.finding, ANNOT_NONE);
	assert_string_equal(t.before, "");
	assert_string_equal(t.after, "");
}

static const struct {
	enum annot_carrier carrier;
	const char *text, *problem;
} problems[] = {
	{ ANNOT_BLOCK, "<!-- pxc/1\nt=vm\n-->", "its seal is missing" },
	{ ANNOT_BLOCK, "<!-- pxc/1\nt=vm\ns=0123456789abcdef\n-->",
	  "its seal does not match: it was edited by hand" },
	{ ANNOT_BLOCK, "<!-- pxc/1\nt=vm\ns=0\n-->", "its seal is malformed" },
	{ ANNOT_BLOCK, "<!-- pxc/1\nt=vm\n", "the block has no end" },
	{ ANNOT_BLOCK, "<!-- pxc/1\nHands off!\n-->", "\"Hands off!\" is no key=value" },
	{ ANNOT_BLOCK, "<!-- pxc/1\nt=a\nt=b\n-->", "key t is there twice" },
	{ ANNOT_BLOCK, "<!-- pxc/1\ns=0123456789abcdef\nt=b\n-->",
	  "\"t=b\" stands behind the seal" },
	{ ANNOT_BLOCK, "<!-- pxc/7\n-->", "format pxc/7 is not known here" },
	/* Cut between characters, never inside one. */
	{ ANNOT_BLOCK, "<!-- pxc/1\n1234567890123456789012345678901234567\xe2\x82\xac!\n-->",
	  "\"1234567890123456789012345678901234567\xe2\x82\xac\" is no key=value" },
	{ ANNOT_BLOCK, "<!-- pxc/1\n12345678901234567890123456789012345678\xe2\x82\xac!\n-->",
	  "\"12345678901234567890123456789012345678\" is no key=value" },
	{ ANNOT_TOKEN, "[pxc/1 s=e3a1e1e8b5f4e5d6 [pxc/1 t=a]", "the block has no end" },
};

static void a_problem_is_told_to_people(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(problems); i++) {
		auto_annot_text struct annot_text t = { .before = NULL };

		annot_parse(problems[i].carrier, problems[i].text, &t);
		assert_string_equal(t.problem, problems[i].problem);
	}
}

static void two_sound_blocks_are_one_too_many(void **state)
{
	auto_annot struct annot a = { .npairs = 0 };
	auto_free char *one = NULL, *two = NULL;
	auto_annot_text struct annot_text t = { .before = NULL };

	(void)state;
	annot_set(&a, "t", "vm");
	one = annot_render(ANNOT_BLOCK, "", &a, "");
	two = annot_render(ANNOT_BLOCK, one, &a, "");
	annot_parse(ANNOT_BLOCK, two, &t);
	assert_int_equal(t.finding, ANNOT_TAMPERED);
	assert_string_equal(t.problem, "there are two blocks: remove one of them");
}

static void a_block_above_the_ceiling_is_not_read(void **state)
{
	for (int over = 0; over < 2; over++) {
		size_t frame = strlen("<!-- pxc/1\nv=\ns=0123456789abcdef\n-->");
		size_t len = PXC_MAX_BLOCK - frame + (size_t)over;
		auto_free char *value = pxc_calloc(len + 1, 1), *text = NULL;
		auto_annot struct annot a = { .npairs = 0 };
		auto_annot_text struct annot_text t = { .before = NULL };

		(void)state;
		memset(value, 'x', len);
		annot_set(&a, "v", value);
		text = annot_render(ANNOT_BLOCK, "", &a, "");
		assert_int_equal(strlen(text), PXC_MAX_BLOCK + over);
		annot_parse(ANNOT_BLOCK, text, &t);
		assert_int_equal(t.finding, over ? ANNOT_TAMPERED : ANNOT_OK);
		assert_int_equal(t.annot.npairs, over ? 0 : 1);
	}
}

static bool matches(const json_t *schema, const char *name, const char *text)
{
	const char *pattern =
		json_string_value(json_object_get(json_object_get(schema, "x-grammar"), name));
	regex_t re;
	bool found;

	assert_non_null(pattern);
	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	found = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

/* What was read of a case, written again, is what the schema says a writer writes. */
static void check_schema(const json_t *schema, const char *name)
{
	auto_free char *text = slurp(name, "input.txt"), *block = NULL, *token = NULL;
	auto_annot_text struct annot_text t = { .before = NULL };

	annot_parse(str_starts(name, "block") ? ANNOT_BLOCK : ANNOT_TOKEN, text, &t);
	block = annot_render(ANNOT_BLOCK, "", &t.annot, "");
	token = annot_render(ANNOT_TOKEN, "", &t.annot, "");
	if (!matches(schema, "block", block) || !matches(schema, "token", token))
		fail_msg("%s: %s is not what the schema says", name, block);
	for (size_t i = 0; i < t.annot.npairs; i++)
		assert_true(matches(schema, "key", t.annot.pairs[i].key));
}

static void the_schema_says_what_is_written(void **state)
{
	json_auto_t *schema = json_load_file(SCHEMA, 0, NULL);
	DIR *dir = opendir(CASES);

	(void)state;
	assert_non_null(schema);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.' && !str_ends(e->d_name, ".md"))
			check_schema(schema, e->d_name);
	(void)closedir(dir);
	assert_false(matches(schema, "block", "<!-- pxc/1\nt=vm\n-->"));
	assert_false(matches(schema, "block", "<!-- pxc/1\nt=a b\ns=0123456789abcdef\n-->"));
	assert_false(matches(schema, "token", "[pxc/1 T=vm s=0123456789abcdef]"));
	assert_true(matches(schema, "value", "a*2D,b"));
	assert_false(matches(schema, "value", "a*2d"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_of_the_corpus_is_found_as_it_says),
		cmocka_unit_test(no_text_is_an_empty_text),
		cmocka_unit_test(a_problem_is_told_to_people),
		cmocka_unit_test(two_sound_blocks_are_one_too_many),
		cmocka_unit_test(a_block_above_the_ceiling_is_not_read),
		cmocka_unit_test(the_schema_says_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
