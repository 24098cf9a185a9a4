/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "annot/annot.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define CORPUS "tests/data/annotation"

static const char *const findings[] = {
	[ANNOT_NONE] = "none",
	[ANNOT_OK] = "ok",
	[ANNOT_TAMPERED] = "tampered",
	[ANNOT_FOREIGN] = "foreign",
};

static char *slurp(const char *folder, const char *name)
{
	auto_free char *path = pxc_printf(CORPUS "/%s/%s", folder, name);
	struct pxc_buf text = { .data = NULL };
	FILE *f = fopen(path, "rb");
	char chunk[4096];
	size_t n;

	if (!f)
		fail_msg("%s is missing", path);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&text, chunk, n);
	(void)fclose(f);
	return buf_take(&text);
}

static void check_pairs(const char *name, const struct annot *a, const json_t *want)
{
	size_t i;
	json_t *pair;

	if (!want)
		return;
	if (a->npairs != json_array_size(want))
		fail_msg("%s: %zu pairs instead of %zu", name, a->npairs, json_array_size(want));
	json_array_foreach (want, i, pair) {
		assert_string_equal(a->pairs[i].key, json_string_value(json_array_get(pair, 0)));
		assert_string_equal(a->pairs[i].value, json_string_value(json_array_get(pair, 1)));
	}
}

static void check_text(const char *name, const char *part, const char *have, const json_t *want)
{
	const char *text = json_string_value(json_object_get(want, part));

	if (text && strcmp(text, have) != 0)
		fail_msg("%s: %s is \"%s\" instead of \"%s\"", name, part, have, text);
}

static void check_case(const char *name)
{
	auto_free char *text = slurp(name, "input.txt"), *carrier = slurp(name, "carrier");
	auto_free char *expect = slurp(name, "expect.json"), *again = NULL;
	enum annot_carrier kind = str_starts(carrier, "token") ? ANNOT_TOKEN : ANNOT_BLOCK;
	auto_annot_text struct annot_text t = { .before = NULL };
	json_auto_t *want = json_loads(expect, 0, NULL);

	annot_parse(kind, text, &t);
	if (!str_eq(findings[t.finding], json_string_value(json_object_get(want, "finding"))))
		fail_msg("%s: found %s (%s)", name, findings[t.finding], t.problem);
	check_pairs(name, &t.annot, json_object_get(want, "pairs"));
	check_text(name, "before", t.before, want);
	check_text(name, "after", t.after, want);
	if (t.finding == ANNOT_TAMPERED || t.finding == ANNOT_FOREIGN)
		assert_true(strlen(t.problem) > 0);
	if (t.finding != ANNOT_OK || strchr(text, '\r') || kind == ANNOT_TOKEN)
		return;
	again = annot_render(kind, t.before, &t.annot, t.after);
	assert_string_equal(again, text); /* what was read is written back byte for byte */
}

static void every_case_of_the_corpus_is_read_as_expected(void **state)
{
	DIR *dir = opendir(CORPUS);
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (*e->d_name != '.' && !str_ends(e->d_name, ".md")) {
			check_case(e->d_name);
			n++;
		}
	(void)closedir(dir);
	assert_true(n >= 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_of_the_corpus_is_read_as_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
