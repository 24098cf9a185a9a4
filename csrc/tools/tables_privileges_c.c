/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Roles and grants as C tables. */
#include <stdint.h>
#include <stdlib.h>

#include "base/str.h"
#include "tools/argspec.h"
#include "tools/licence.h"
#include "tools/tables_privileges.h"

static void put_texts(struct pxc_buf *out, const json_t *list)
{
	size_t i;
	json_t *text;

	buf_adds(out, "\t  (const char *const[]){ ");
	json_array_foreach (list, i, text) {
		put_string(out, json_string_value(text));
		buf_adds(out, ", ");
	}
	buf_adds(out, "NULL },\n");
}

static const char *yes(const json_t *entry, const char *key)
{
	return json_is_true(json_object_get(entry, key)) ? "true" : "false";
}

static void put_grants(struct pxc_buf *out, const json_t *grants)
{
	size_t i;
	json_t *g;

	buf_adds(out, "\t  (const struct access_grant[]){\n");
	json_array_foreach (grants, i, g) {
		buf_adds(out, "\t\t  { ");
		put_string(out, table_text(g, "path"));
		buf_adds(out, ", ");
		put_string(out, table_text(g, "role"));
		buf_printf(out, ", %d, %s, %s },\n",
			   (int)json_integer_value(json_object_get(g, "only")), yes(g, "propagate"),
			   yes(g, "optional"));
	}
	buf_adds(out, "\t\t  { NULL, NULL, 0, false, false } },\n");
}

/* Without the lines, which are no part of it. */
static json_t *clean(const json_t *value)
{
	json_t *copy = json_is_object(value) ? json_object() : json_array();
	const char *key;
	size_t i;
	json_t *part;

	if (!json_is_object(value) && !json_is_array(value)) {
		json_decref(copy);
		return json_deep_copy(value);
	}
	json_object_foreach ((json_t *)(uintptr_t)value, key, part)
		if (!str_eq(key, YAML_LINE))
			(void)json_object_set_new(copy, key, clean(part));
	json_array_foreach (value, i, part)
		(void)json_array_append_new(copy, clean(part));
	return copy;
}

static void put_config(struct pxc_buf *out, const json_t *config)
{
	json_auto_t *bare = config ? clean(config) : NULL;
	char *text = bare ? json_dumps(bare, JSON_COMPACT) : NULL;

	buf_adds(out, "\t  ");
	put_string(out, text);
	buf_adds(out, " },\n");
	free(text);
}

static void put_profiles(struct pxc_buf *out, const json_t *list, bool consumer)
{
	size_t i, m;
	json_t *e;

	json_array_foreach (list, i, e) {
		buf_adds(out, "\t{ ");
		put_string(out, table_text(e, "name"));
		buf_printf(out, ", %s,\n\t  ", consumer ? "true" : "false");
		put_string(out, table_text(e, "text"));
		buf_adds(out, ",\n\t  ");
		put_string(out, table_text(e, "refused"));
		buf_adds(out, ",\n");
		for (m = 0; m < TABLE_MAJORS; m++)
			put_texts(out, json_object_get(e, table_majors[m]));
		put_grants(out, json_object_get(e, "grants"));
		put_texts(out, json_object_get(e, "needs"));
		buf_adds(out, "\t  ");
		put_string(out, table_text(e, "warning"));
		buf_adds(out, ",\n");
		put_config(out, json_object_get(e, "config"));
	}
}

int emit_privileges(const char *path, const json_t *data, struct pxc_buf *out, struct pxc_err *err)
{
	size_t i;
	json_t *e;

	if (privileges_check(path, data, err) < 0)
		return -1;
	buf_adds(out, "/* " LICENCE_LINE " */\n"
		      "/* Generated from schemas/privileges.yml by tables: not to be edited. */\n"
		      "#include \"cloud/access.h\"\n\n"
		      "const struct access_replacement access_replacements[] = {\n");
	json_array_foreach (json_object_get(data, "replacements"), i, e) {
		buf_adds(out, "\t{ ");
		put_string(out, table_text(e, "privilege"));
		buf_adds(out, ", ");
		put_string(out, table_text(e, "text"));
		buf_adds(out, " },\n");
	}
	buf_adds(out,
		 "\t{ NULL, NULL },\n};\n\nconst struct access_profile access_profiles[] = {\n");
	put_profiles(out, json_object_get(data, "roles"), false);
	put_profiles(out, json_object_get(data, "own"), false);
	put_profiles(out, json_object_get(data, "consumers"), true);
	buf_adds(out,
		 "\t{ NULL, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL },\n};\n");
	return 0;
}
