/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "annot/annot.h"

#include <stdio.h>
#include <string.h>

#include "annot/escape.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

void annot_init(struct annot *a)
{
	*a = (struct annot){ .npairs = 0 };
}

void annot_release(struct annot *a)
{
	for (size_t i = 0; i < a->npairs; i++) {
		free(a->pairs[i].key);
		free(a->pairs[i].value);
	}
	free(a->pairs);
	annot_init(a);
}

static struct annot_pair *find(const struct annot *a, const char *key)
{
	for (size_t i = 0; i < a->npairs; i++)
		if (str_eq(a->pairs[i].key, key))
			return &a->pairs[i];
	return NULL;
}

const char *annot_get(const struct annot *a, const char *key)
{
	const struct annot_pair *p = find(a, key);

	return p ? p->value : NULL;
}

void annot_set(struct annot *a, const char *key, const char *value)
{
	struct annot_pair *p = find(a, key);

	if (!annot_key_ok(key, strlen(key)) || str_eq(key, "s"))
		abort();
	if (p && value) {
		char *copy = pxc_strdup(value); /* value may be the old one */

		free(p->value);
		p->value = copy;
	} else if (p) {
		free(p->key);
		free(p->value);
		a->npairs--;
		memmove(p, p + 1, (size_t)(a->pairs + a->npairs - p) * sizeof(*p));
	} else if (value) {
		a->pairs = pxc_realloc(a->pairs, (a->npairs + 1) * sizeof(*a->pairs));
		a->pairs[a->npairs++] = (struct annot_pair){ pxc_strdup(key), pxc_strdup(value) };
	}
}

void annot_copy(struct annot *to, const struct annot *from)
{
	annot_init(to);
	for (size_t i = 0; i < from->npairs; i++)
		annot_set(to, from->pairs[i].key, from->pairs[i].value);
}

static bool skipped(const char *key, const char *const skip[])
{
	for (size_t i = 0; skip && skip[i]; i++)
		if (str_eq(skip[i], key))
			return true;
	return false;
}

static bool covers(const struct annot *a, const struct annot *b, const char *const skip[])
{
	for (size_t i = 0; i < b->npairs; i++)
		if (!skipped(b->pairs[i].key, skip) &&
		    !str_eq(annot_get(a, b->pairs[i].key), b->pairs[i].value))
			return false;
	return true;
}

bool annot_equal(const struct annot *a, const struct annot *b, const char *const skip[])
{
	return covers(a, b, skip) && covers(b, a, skip);
}

static int key_order(const void *a, const void *b)
{
	const struct annot_pair *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

void annot_seal(const struct annot *a, char out[17])
{
	const struct annot_pair **sorted = pxc_calloc(a->npairs, sizeof(*sorted));
	const char *id = annot_get(a, "id");
	auto_buf struct pxc_buf text = { .data = NULL };
	char hex[65];

	for (size_t i = 0; i < a->npairs; i++)
		sorted[i] = &a->pairs[i];
	qsort(sorted, a->npairs, sizeof(*sorted), key_order);
	buf_printf(&text, "pxc/1\n%s\n", id ? id : "");
	for (size_t i = 0; i < a->npairs; i++) {
		buf_printf(&text, "%s=", sorted[i]->key);
		annot_escape(&text, sorted[i]->value);
		buf_addc(&text, '\n');
	}
	free(sorted);
	sha256_hex(buf_str(&text), text.len, hex);
	memcpy(out, hex, 16);
	out[16] = '\0';
}

static void add_pairs(struct pxc_buf *out, const struct annot *a, char before, char after)
{
	char seal[17];

	annot_seal(a, seal);
	for (size_t i = 0; i <= a->npairs; i++) {
		if (before)
			buf_addc(out, before);
		if (i < a->npairs) {
			buf_printf(out, "%s=", a->pairs[i].key);
			annot_escape(out, a->pairs[i].value);
		} else {
			buf_printf(out, "s=%s", seal);
		}
		if (after)
			buf_addc(out, after);
	}
}

static void add_block(struct pxc_buf *out, enum annot_carrier carrier, const struct annot *a,
		      const char *after)
{
	if (carrier == ANNOT_TOKEN) {
		buf_adds(out, "[pxc/1");
		add_pairs(out, a, ' ', '\0');
		buf_addc(out, ']');
	} else {
		buf_adds(out, "<!-- pxc/1\n");
		add_pairs(out, a, '\0', '\n');
		buf_adds(out, "-->");
		/* The end mark is a line of its own. */
		if (*after && !str_starts(after, "\n") && !str_starts(after, "\r\n") &&
		    !str_eq(after, "\r"))
			buf_addc(out, '\n');
	}
	buf_adds(out, after);
}

char *annot_render(enum annot_carrier carrier, const char *before, const struct annot *a,
		   const char *after)
{
	struct pxc_buf out = { .data = NULL };

	buf_adds(&out, before);
	if (out.len && carrier == ANNOT_TOKEN && !str_ends(before, " "))
		buf_addc(&out, ' ');
	while (out.len && carrier == ANNOT_BLOCK && !str_eq(out.data, "\n") &&
	       !str_ends(out.data, "\n\n"))
		buf_addc(&out, '\n');
	add_block(&out, carrier, a, after);
	return buf_take(&out);
}

char *annot_rewrite(enum annot_carrier carrier, const struct annot_text *have,
		    const struct annot *a)
{
	struct pxc_buf out = { .data = NULL };

	if (have->finding == ANNOT_NONE)
		return annot_render(carrier, have->before, a, have->after);
	buf_adds(&out, have->before);
	add_block(&out, carrier, a, have->after);
	return buf_take(&out);
}

static size_t trimmed(const char *s)
{
	size_t n = strlen(s);

	while (n && strchr(" \t\r\n\f\v", s[n - 1]))
		n--;
	return n;
}

bool annot_text_same(const char *a, const char *b)
{
	size_t n = trimmed(a);

	return n == trimmed(b) && memcmp(a, b, n) == 0;
}
