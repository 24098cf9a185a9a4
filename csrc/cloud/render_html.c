/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * render_html.c - one page that needs nothing else: no script, no request, as its own Content-Security-Policy says. Everything that
 * comes from the cluster goes through put_text().
 */
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "cloud/render_parts.h"

#define NEAR 0.8 /* of a limit: worth a look */

static void put_text(struct pxc_buf *out, const char *text)
{
	unsigned columns;

	while (*text) {
		uint32_t c = render_next(&text, &columns);

		if (c == '&')
			buf_adds(out, "&amp;");
		else if (c == '<')
			buf_adds(out, "&lt;");
		else if (c == '>')
			buf_adds(out, "&gt;");
		else if (c == '"')
			buf_adds(out, "&quot;");
		else if (c == '\'')
			buf_adds(out, "&#39;");
		else
			utf8_put(out, c);
	}
}

static const char *level(double part, double whole)
{
	if (part > whole)
		return "over";
	return whole > 0 && part >= NEAR * whole ? "near" : "";
}

/* The bar itself is for the eye; the same stands beside it as text. */
static void put_meter(struct pxc_buf *out, double part, double whole)
{
	double share = whole > 0 ? part / whole : part > 0 ? 1 : 0;

	buf_printf(
		out,
		"<span class=\"meter %s\" aria-hidden=\"true\"><i style=\"width:%.1f%%\"></i></span>",
		level(part, whole),
		100 * (share > 1   ? 1
		       : share < 0 ? 0
				   : share));
}

/* ---- quotas: a card for each project ---- */

static void put_quota(struct pxc_buf *out, const json_t *row)
{
	double used = json_number_value(json_object_get(row, "used"));
	double limit = json_number_value(json_object_get(row, "limit"));

	buf_adds(out, "<div><dt>");
	put_text(out, json_string_value(json_object_get(row, "title")));
	buf_adds(out, "</dt><dd>");
	put_text(out, json_string_value(json_object_get(row, "used_text")));
	buf_adds(out, limit < 0 ? ", " : " of ");
	put_text(out, json_string_value(json_object_get(row, "limit_text")));
	if (limit >= 0 && used > limit)
		buf_adds(out, " <span class=\"note over\">over</span>");
	buf_adds(out, "</dd>");
	if (limit >= 0)
		put_meter(out, used, limit);
	buf_adds(out, "</div>\n");
}

static const char *project_of(const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "project"));

	return name ? name : "";
}

static void put_quotas(struct pxc_buf *out, const json_t *rows)
{
	const char *last = NULL;
	size_t i;
	json_t *row;

	buf_adds(out, "<div class=\"cards\">\n");
	json_array_foreach (rows, i, row) {
		const char *problem = json_string_value(json_object_get(row, "problem"));

		if (!str_eq(last, project_of(row))) {
			buf_adds(out, last ? "</dl></article>\n" : "");
			buf_adds(out, "<article class=\"card\"><h3>");
			put_text(out, project_of(row));
			buf_adds(out, "</h3><dl>\n");
			last = project_of(row);
		}
		if (problem) {
			buf_adds(out, "<div><dt class=\"note over\">");
			put_text(out, problem);
			buf_adds(out, "</dt></div>\n");
		} else {
			put_quota(out, row);
		}
	}
	buf_adds(out, last ? "</dl></article>\n</div>\n" : "</div>\n");
}

/* ---- everything else: a table ---- */

static void put_cell(struct pxc_buf *out, const json_t *row, const struct render_column *c,
		     bool first)
{
	auto_buf struct pxc_buf text = { .data = NULL };
	const char *tag = first ? "th" : "td";
	double part, whole;

	render_cell(row, c, &text);
	buf_printf(out, "<%s%s%s>", tag, first ? " scope=\"row\"" : "",
		   render_right(c)       ? " class=\"n\""
		   : c->cell == CELL_BAR ? " class=\"share\""
					 : "");
	put_text(out, buf_str(&text));
	if (c->cell == CELL_BAR && render_share(row, c, &part, &whole) && whole >= 0 &&
	    c->unit != CELL_TEXT)
		put_meter(out, part, whole);
	buf_printf(out, "</%s>", tag);
}

/* The column that names the row: "Name" where there is one. */
static const struct render_column *name_of(const struct render_list *list)
{
	for (const struct render_column *c = list->columns;
	     c < list->columns + RENDER_COLUMNS && c->title; c++)
		if (str_eq(c->key, "name") && !str_eq(list->key, "findings"))
			return c;
	return list->columns;
}

static void put_table(struct pxc_buf *out, const struct render_list *list, const json_t *rows)
{
	const struct render_column *shown[RENDER_COLUMNS];
	size_t n = 0, i;
	json_t *row;

	for (const struct render_column *c = list->columns;
	     c < list->columns + RENDER_COLUMNS && c->title; c++)
		if (render_filled(rows, c))
			shown[n++] = c;
	buf_printf(out,
		   "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"h-%s\">"
		   "<table><caption>%s</caption>\n<thead><tr>",
		   list->key, list->title);
	for (size_t k = 0; k < n; k++)
		buf_printf(out, "<th scope=\"col\"%s>%s</th>",
			   render_right(shown[k]) ? " class=\"n\"" : "", shown[k]->title);
	buf_adds(out, "</tr></thead>\n<tbody>\n");
	json_array_foreach (rows, i, row) {
		buf_adds(out, "<tr>");
		for (size_t k = 0; k < n; k++)
			put_cell(out, row, shown[k], shown[k] == name_of(list));
		buf_adds(out, "</tr>\n");
	}
	buf_adds(out, "</tbody></table></div>\n");
}

static void put_section(struct pxc_buf *out, const struct render_list *list, const json_t *rows)
{
	size_t n = json_array_size(rows);

	buf_printf(out, "<section id=\"%s\">\n<h2 id=\"h-%s\">%s</h2>\n<p class=\"soft\">%s</p>\n",
		   list->key, list->key, list->title, list->about);
	if (!n)
		buf_printf(out, "<p class=\"%s\">None.</p>\n",
			   str_eq(list->key, "findings") ? "none" : "soft");
	else if (str_eq(list->key, "usage"))
		put_quotas(out, rows);
	else
		put_table(out, list, rows);
	buf_adds(out, "</section>\n");
}

/* ---- the head ---- */

static size_t count_where(const json_t *rows, const char *key, const char *value)
{
	size_t i, n = 0;
	json_t *row;

	json_array_foreach (rows, i, row)
		n += str_eq(json_string_value(json_object_get(row, key)), value);
	return n;
}

static void put_tile(struct pxc_buf *out, const struct render_list *list, const json_t *rows)
{
	size_t n = json_array_size(rows);

	buf_printf(out, "<li class=\"tile\"><a href=\"#%s\"><b>", list->key);
	if (str_eq(list->key, "vms"))
		buf_printf(out, "%zu of %zu</b>VMs run", count_where(rows, "status", "running"), n);
	else if (str_eq(list->key, "nodes"))
		buf_printf(out, "%zu of %zu</b>nodes online", count_where(rows, "status", "online"),
			   n);
	else
		buf_printf(out, "%zu</b>%s", n, list->title);
	buf_adds(out, "</a></li>\n");
}

static void put_tiles(struct pxc_buf *out, const json_t *facts)
{
	static const char *const keys[] = { "findings", "nodes",  "projects", "vms",
					    "networks", "images", "volumes" };

	buf_adds(out, "<ul class=\"tiles\">\n");
	for (const struct render_list *list = render_lists; list->key; list++) {
		json_auto_t *rows = NULL;
		bool tile = false;

		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			tile |= str_eq(keys[i], list->key);
		if (tile && (rows = render_rows(facts, list)))
			put_tile(out, list, rows);
	}
	buf_adds(out, "</ul>\n");
}

/* "20261122T013855Z" as people write it. */
static void put_time(struct pxc_buf *out, const char *stamp)
{
	if (strlen(stamp) >= strlen("20261122T0138"))
		buf_printf(out, "%.4s-%.2s-%.2s %.2s:%.2s UTC", stamp, stamp + 4, stamp + 6,
			   stamp + 9, stamp + 11);
	else
		put_text(out, stamp);
}

static void put_head(struct pxc_buf *out, const struct render *r)
{
	buf_adds(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'unsafe-inline'\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"generator\" content=\"pxcloud.pve pxc_info\">\n<title>");
	put_text(out, r->title);
	buf_printf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<h1>",
		   render_page_style);
	put_text(out, r->title);
	buf_adds(out, "</h1>\n<p class=\"soft\">As it was at ");
	put_time(out, r->stamp);
	if (r->actor) {
		buf_adds(out, ", as ");
		put_text(out, r->actor);
		buf_adds(out, " sees it");
	}
	buf_adds(out, ".</p>\n");
	put_tiles(out, r->facts);
	buf_adds(out, "</header>\n<main>\n");
}

char *render_html(const struct render *r)
{
	struct pxc_buf out = { .data = NULL };

	put_head(&out, r);
	for (const struct render_list *list = render_lists; list->key; list++) {
		json_auto_t *rows = render_rows(r->facts, list);

		if (rows)
			put_section(&out, list, rows);
	}
	buf_adds(&out,
		 "</main>\n<footer><p>Made by pxcloud.pve. The page needs nothing else and runs "
		 "no script.</p></footer>\n</body>\n</html>\n");
	return buf_take(&out);
}
