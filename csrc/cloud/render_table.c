/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render_table.c - lists as tables of text, for a terminal. */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cloud/render_parts.h"

#define GAP 2 /* blanks between columns */

/* Append cleaned text; how many columns it takes. out NULL: only count. */
static unsigned put_text(const char *text, struct pxc_buf *out)
{
	unsigned all = 0, columns;

	while (*text) {
		uint32_t c = render_next(&text, &columns);

		all += columns;
		if (out)
			utf8_put(out, c);
	}
	return all;
}

static void put_blanks(struct pxc_buf *out, unsigned n)
{
	while (n--)
		buf_addc(out, ' ');
}

/* One cell: padded, but not behind the last. */
static void put_cell(const char *text, const struct render_column *c, unsigned width, bool last,
		     struct pxc_buf *out)
{
	unsigned rest = width - put_text(text, NULL);

	if (render_right(c))
		put_blanks(out, rest);
	(void)put_text(text, out);
	if (!render_right(c) && !last)
		put_blanks(out, rest);
	if (!last)
		put_blanks(out, GAP);
}

static char *upper(const char *title)
{
	char *text = pxc_strdup(title);

	for (char *p = text; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return text;
}

/* The columns that are shown, how wide each is, and which is the last. */
struct shape {
	const struct render_column *shown[RENDER_COLUMNS];
	unsigned width[RENDER_COLUMNS];
	size_t n;
};

static struct shape measure(const json_t *rows, const struct render_list *list)
{
	struct shape s = { .n = 0 };

	for (const struct render_column *c = list->columns;
	     c < list->columns + RENDER_COLUMNS && c->title; c++) {
		size_t i;
		json_t *row;

		if (!render_filled(rows, c))
			continue;
		s.width[s.n] = put_text(c->title, NULL);
		json_array_foreach (rows, i, row) {
			auto_buf struct pxc_buf text = { .data = NULL };
			unsigned columns;

			render_cell(row, c, &text);
			columns = put_text(buf_str(&text), NULL);
			if (columns > s.width[s.n])
				s.width[s.n] = columns;
		}
		s.shown[s.n++] = c;
	}
	return s;
}

static void put_rows(const json_t *rows, const struct shape *s, struct pxc_buf *out)
{
	size_t i;
	json_t *row;

	for (size_t k = 0; k < s->n; k++) {
		auto_free char *title = upper(s->shown[k]->title);

		put_cell(title, s->shown[k], s->width[k], k + 1 == s->n, out);
	}
	buf_addc(out, '\n');
	json_array_foreach (rows, i, row) {
		for (size_t k = 0; k < s->n; k++) {
			auto_buf struct pxc_buf text = { .data = NULL };

			render_cell(row, s->shown[k], &text);
			put_cell(buf_str(&text), s->shown[k], s->width[k], k + 1 == s->n, out);
		}
		/* Cells at the end of a row may be empty. */
		while (out->len && out->data[out->len - 1] == ' ')
			out->data[--out->len] = '\0';
		buf_addc(out, '\n');
	}
}

char *render_table(const struct render *r)
{
	struct pxc_buf out = { .data = NULL };

	for (const struct render_list *list = render_lists; list->key; list++) {
		json_auto_t *rows = render_rows(r->facts, list);
		struct shape s;

		/* Findings are no list that was asked for: without any there is nothing to say. */
		if (!rows || (list == render_lists && !json_array_size(rows)))
			continue;
		buf_printf(&out, "%s%s (%zu)\n", out.len ? "\n" : "", list->title,
			   json_array_size(rows));
		s = measure(rows, list);
		if (s.n)
			put_rows(rows, &s, &out);
	}
	buf_adds(&out, out.len ? "" : "\n");
	return buf_take(&out);
}
