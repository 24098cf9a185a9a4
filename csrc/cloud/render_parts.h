/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render_parts.h - what the formats share: which columns a list has, and how a value reads. Layer: cloud. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cloud/render.h"

enum cell {
	CELL_TEXT,     /* a text, a number or a truth as it is */
	CELL_LIST,     /* texts, with commas; of objects what "sub" names */
	CELL_ROLES,    /* {"manager": ["alice"]} */
	CELL_COUNT,    /* a number, to the right */
	CELL_BYTES,    /* bytes, with a unit */
	CELL_MIB,      /* MiB, with a unit */
	CELL_GIB,      /* GiB, with a unit */
	CELL_DURATION, /* seconds */
	CELL_BAR,      /* "sub" is the whole of which key is the part */
};

struct render_column {
	const char *title, *key;
	enum cell cell;
	const char *sub;
	/* Of a bar: CELL_COUNT, CELL_BYTES, CELL_MIB or CELL_GIB; CELL_TEXT: a count where much is not too much, so no share is shown. */
	enum cell unit;
};

#define RENDER_COLUMNS 9

struct render_list {
	const char *key, *title, *about;              /* about: one sentence for people */
	struct render_column columns[RENDER_COLUMNS]; /* ends with a title of NULL */
};

extern const struct render_list
	render_lists[]; /* in the order of the page; ends with a key of NULL */

/*
 * The rows of a list that is there: out of the facts, or made of them (quotas one by one, findings, the actions of the policy).
 * New reference, or NULL: was not asked for.
 */
json_t *render_rows(const json_t *facts, const struct render_list *list);

/* What is not as it should be: rows of {what, project, name, finding}. Always there, maybe empty. New reference. */
json_t *render_findings(const json_t *facts);

bool render_filled(const json_t *rows, const struct render_column *column); /* by any row */
bool render_right(const struct render_column *column); /* numbers stand at the right */

/* The cell as plain text, "" when the row has no such key; nothing in it is cleaned. */
void render_cell(const json_t *row, const struct render_column *column, struct pxc_buf *out);

/* Of a bar: part and whole; false: the row has none. A whole below 0 is no limit. */
bool render_share(const json_t *row, const struct render_column *column, double *ret_part,
		  double *ret_whole);
/* "37.5 %"; of nothing 0, of something in nothing "over". */
void render_percent(double part, double whole, struct pxc_buf *out);

/*
 * The next character of valid UTF-8, and how many columns of a terminal it takes (0 to 2). *text moves on; not called at its
 * end. What could do harm on a terminal or a page reads as U+FFFD.
 */
uint32_t render_next(const char **text, unsigned *ret_columns);

char *render_table(const struct render *r);
char *render_openmetrics(const struct render *r);
char *render_html(const struct render *r);

/* render_page.c: what does not change from page to page */
extern const char render_page_style[];
