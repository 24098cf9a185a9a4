/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render_cell.c - how a value reads. */
#include "base/str.h"
#include "base/units.h"
#include "cloud/render_parts.h"

/* 1536 MiB is "1.5 GiB": at most one decimal, so that columns can be compared. */
static void add_bytes(double bytes, struct pxc_buf *out)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	size_t i = 0;

	for (; bytes >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		bytes /= 1024;
	if (bytes < 100 && (double)(long long)bytes < bytes)
		buf_printf(out, "%.1f %s", bytes, units[i]);
	else
		buf_printf(out, "%.0f %s", bytes, units[i]);
}

static void add_duration(double seconds, struct pxc_buf *out)
{
	long long s = (long long)seconds;

	if (s >= 2 * 86400)
		buf_printf(out, "%lld d", s / 86400);
	else if (s >= 2 * 3600)
		buf_printf(out, "%lld h", s / 3600);
	else if (s >= 120)
		buf_printf(out, "%lld min", s / 60);
	else
		buf_printf(out, "%lld s", s);
}

static void add_plain(double number, struct pxc_buf *out)
{
	if ((double)(long long)number < number)
		buf_printf(out, "%.1f", number);
	else
		buf_printf(out, "%.0f", number);
}

static void add_number(double number, enum cell unit, struct pxc_buf *out)
{
	if (unit == CELL_BYTES)
		add_bytes(number, out);
	else if (unit == CELL_MIB)
		add_bytes(number * MIB, out);
	else if (unit == CELL_GIB)
		add_bytes(number * GIB, out);
	else if (unit == CELL_DURATION)
		add_duration(number, out);
	else
		add_plain(number, out);
}

static void add_value(const json_t *v, enum cell unit, struct pxc_buf *out)
{
	if (json_is_string(v))
		buf_adds(out, json_string_value(v));
	else if (json_is_boolean(v))
		buf_adds(out, json_is_true(v) ? "yes" : "no");
	else if (json_is_number(v))
		add_number(json_number_value(v), unit, out);
}

static void add_list(const json_t *list, const char *sub, struct pxc_buf *out)
{
	size_t i, n = 0;
	json_t *v;

	json_array_foreach (list, i, v) {
		const json_t *one = json_is_object(v) && sub ? json_object_get(v, sub) : v;

		if (!one || json_is_object(one) || json_is_array(one))
			continue;
		buf_adds(out, n++ ? ", " : "");
		add_value(one, CELL_COUNT, out);
	}
}

static void add_roles(const json_t *roles, struct pxc_buf *out)
{
	/* The order of roles, whatever that of the keys. */
	static const char *const names[] = { "manager", "member", "reader" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const json_t *people = json_object_get(roles, names[i]);

		if (!json_array_size(people))
			continue;
		buf_printf(out, "%s%s: ", n++ ? "; " : "", names[i]);
		add_list(people, NULL, out);
	}
}

bool render_share(const json_t *row, const struct render_column *column, double *ret_part,
		  double *ret_whole)
{
	const json_t *part = json_object_get(row, column->key);
	const json_t *whole = json_object_get(row, column->sub);

	if (!json_is_number(part) || !json_is_number(whole))
		return false;
	*ret_part = json_number_value(part);
	*ret_whole = json_number_value(whole);
	return true;
}

void render_percent(double part, double whole, struct pxc_buf *out)
{
	if (whole > 0)
		buf_printf(out, "%.1f %%", 100 * part / whole);
	else
		buf_adds(out, part > 0 ? "over" : "0.0 %");
}

static void add_bar(const json_t *row, const struct render_column *column, struct pxc_buf *out)
{
	double part, whole;

	if (!render_share(row, column, &part, &whole))
		return;
	add_number(part, column->unit, out);
	if (whole < 0)
		return;
	buf_adds(out, " of ");
	add_number(whole, column->unit, out);
	if (column->unit == CELL_TEXT)
		return;
	buf_adds(out, " (");
	render_percent(part, whole, out);
	buf_addc(out, ')');
}

void render_cell(const json_t *row, const struct render_column *column, struct pxc_buf *out)
{
	const json_t *v = json_object_get(row, column->key);

	if (column->cell == CELL_BAR)
		add_bar(row, column, out);
	else if (column->cell == CELL_ROLES)
		add_roles(v, out);
	else if (column->cell == CELL_LIST)
		add_list(v, column->sub, out);
	else
		add_value(v, column->cell, out);
}

bool render_right(const struct render_column *column)
{
	return column->cell == CELL_COUNT || column->cell == CELL_BYTES ||
	       column->cell == CELL_MIB || column->cell == CELL_GIB ||
	       column->cell == CELL_DURATION;
}

bool render_filled(const json_t *rows, const struct render_column *column)
{
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		auto_buf struct pxc_buf text = { .data = NULL };

		render_cell(row, column, &text);
		if (text.len)
			return true;
	}
	return false;
}
