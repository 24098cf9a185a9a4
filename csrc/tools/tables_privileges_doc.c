/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Roles and grants as tables of docs/consumers.md. */
#include "base/str.h"
#include "tools/tables_privileges.h"

static void put_list(struct pxc_buf *out, const json_t *list)
{
	size_t i;
	json_t *text;

	json_array_foreach (list, i, text)
		buf_printf(out, "%s%s", i ? ", " : "", json_string_value(text));
}

static void put_roles(struct pxc_buf *out, const json_t *roles)
{
	size_t i;
	json_t *role;

	buf_adds(out, "| Role | Allows to | Privileges | only PVE 8 | only PVE 9 |\n"
		      "| --- | --- | --- | --- | --- |\n");
	json_array_foreach (roles, i, role) {
		buf_printf(out, "| `%s` | %s |", table_text(role, "name"),
			   table_text(role, "text"));
		for (size_t m = 0; m < TABLE_MAJORS; m++) {
			buf_adds(out, " ");
			put_list(out, json_object_get(role, table_majors[m]));
			buf_adds(out, " |");
		}
		buf_adds(out, "\n");
	}
}

static void put_grant(struct pxc_buf *out, const json_t *grant)
{
	json_int_t only = json_integer_value(json_object_get(grant, "only"));

	buf_printf(out, "| `%s`%s | `%s` | %s |", table_text(grant, "path"),
		   json_is_true(json_object_get(grant, "optional")) ? " (if named)" : "",
		   table_text(grant, "role"),
		   json_is_true(json_object_get(grant, "propagate")) ? "yes" : "no");
	if (only)
		buf_printf(out, " %lld |\n", (long long)only);
	else
		buf_adds(out, " 8, 9 |\n");
}

static void put_set(struct pxc_buf *out, const json_t *set)
{
	size_t i;
	json_t *part;

	buf_printf(out, "\n### %s\n\nFor %s.\n", table_text(set, "name"), table_text(set, "text"));
	if (table_text(set, "refused")) {
		buf_printf(out, "\nRefused: %s.\n", table_text(set, "refused"));
		return;
	}
	buf_adds(out, "\n| Path | Role | Below it, too | PVE |\n| --- | --- | --- | --- |\n");
	json_array_foreach (json_object_get(set, "grants"), i, part)
		put_grant(out, part);
	if (table_text(set, "warning"))
		buf_printf(out, "\nMind: %s.\n", table_text(set, "warning"));
	if (json_object_get(set, "needs"))
		buf_adds(out, "\nIt also needs:\n\n");
	json_array_foreach (json_object_get(set, "needs"), i, part)
		buf_printf(out, "- %s\n", json_string_value(part));
}

int emit_privileges_doc(const char *path, const json_t *data, struct pxc_buf *out,
			struct pxc_err *err)
{
	size_t i;
	json_t *set;

	if (privileges_check(path, data, err) < 0)
		return -1;
	put_roles(out, json_object_get(data, "roles"));
	json_array_foreach (json_object_get(data, "consumers"), i, set)
		put_set(out, set);
	return 0;
}
