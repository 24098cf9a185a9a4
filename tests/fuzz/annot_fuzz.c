/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * annot_fuzz.c - any text as a field with an annotation, in both carriers: it is taken apart without a crash, the human's
 * text is the beginning and the end of it, and what was intact comes back byte for byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "annot/annot.h"
#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

/* A block made of the pairs that could be read, whatever state they were in, is intact. */
static void check_reseal(enum annot_carrier carrier, const struct annot_text *t)
{
	auto_free char *text = annot_render(carrier, "", &t->annot, "");
	auto_annot_text struct annot_text u = { .before = NULL };

	annot_parse(carrier, text, &u);
	must(u.finding == ANNOT_OK || strlen(text) > 65536);
	must(u.finding != ANNOT_OK || annot_equal(&u.annot, &t->annot, NULL));
}

static void check_rewrite(enum annot_carrier carrier, const struct annot_text *t)
{
	auto_free char *text = annot_rewrite(carrier, t, &t->annot), *again = NULL;
	auto_annot_text struct annot_text u = { .before = NULL };

	annot_parse(carrier, text, &u);
	must(u.finding == ANNOT_OK && str_eq(u.before, t->before) && str_eq(u.after, t->after));
	must(annot_equal(&u.annot, &t->annot, NULL));
	again = annot_rewrite(carrier, &u, &u.annot);
	must(str_eq(again, text));
}

static void check(enum annot_carrier carrier, const char *text)
{
	auto_annot_text struct annot_text t = { .before = NULL };
	auto_free char *human = NULL;
	struct annot_leak leak;

	annot_parse(carrier, text, &t);
	must(str_starts(text, t.before) && str_ends(text, t.after));
	must((*t.problem != '\0') == (t.finding == ANNOT_TAMPERED || t.finding == ANNOT_FOREIGN));
	human = pxc_printf("%s%s", t.before, t.after);
	must(annot_text_same(human, human));
	check_reseal(carrier, &t);
	if (t.finding == ANNOT_OK)
		check_rewrite(carrier, &t);
	(void)annot_find_secret(text, &leak);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = pxc_strndup((const char *)data, size);

	check(ANNOT_BLOCK, text);
	check(ANNOT_TOKEN, text);
	return 0;
}
