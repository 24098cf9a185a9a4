/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tools/argspec.h"
#include "tools/licence.h"

/* Tables are numbered as they come; a table stands before the one that points to it. */
struct emitter {
	struct pxc_buf *out;
	unsigned next;
};

void put_string(struct pxc_buf *out, const char *s)
{
	if (!s) {
		buf_adds(out, "NULL");
		return;
	}
	buf_addc(out, '"');
	for (const char *p = s; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if (isprint((unsigned char)*p))
			buf_addc(out, *p);
		else
			buf_printf(out, "\\%03o", (unsigned)(unsigned char)*p);
	}
	buf_addc(out, '"');
}

/* JSON scalar as the text that an argument is compared with. New string. */
static char *canonical(const json_t *value)
{
	if (json_is_string(value))
		return pxc_strdup(json_string_value(value));
	if (json_is_boolean(value))
		return pxc_strdup(json_is_true(value) ? "True" : "False");
	return json_dumps(value, JSON_ENCODE_ANY);
}

/* A NULL-terminated array of strings; returns its number, 0 for none (the array is not there). */
static unsigned put_names(struct emitter *e, const json_t *list)
{
	unsigned id;
	size_t i;
	json_t *entry;

	if (!json_is_array(list))
		return 0;
	id = ++e->next;
	buf_printf(e->out, "static const char *const t%u[] = { ", id);
	json_array_foreach (list, i, entry) {
		auto_free char *text = canonical(entry);

		put_string(e->out, text);
		buf_adds(e->out, ", ");
	}
	buf_adds(e->out, "NULL };\n");
	return id;
}

static unsigned put_groups(struct emitter *e, const json_t *list)
{
	size_t n = json_array_size(list), i;
	unsigned *ids = pxc_calloc(n, sizeof(*ids)), id = 0;
	json_t *group;

	json_array_foreach (list, i, group)
		ids[i] = put_names(e, group);
	if (n) {
		id = ++e->next;
		buf_printf(e->out, "static const char *const *const t%u[] = { ", id);
		for (i = 0; i < n; i++)
			buf_printf(e->out, "t%u, ", ids[i]);
		buf_adds(e->out, "NULL };\n");
	}
	free(ids);
	return id;
}

static unsigned put_required_if(struct emitter *e, const json_t *list)
{
	size_t n = json_array_size(list), i;
	unsigned *ids = pxc_calloc(n, sizeof(*ids)), id = 0;
	json_t *row;

	json_array_foreach (list, i, row)
		ids[i] = put_names(e, json_array_get(row, 2));
	if (n) {
		id = ++e->next;
		buf_printf(e->out, "static const struct ans_required_if t%u[] = {\n", id);
		json_array_foreach (list, i, row) {
			auto_free char *value = json_dumps(json_array_get(row, 1), JSON_ENCODE_ANY);

			buf_adds(e->out, "\t{ ");
			put_string(e->out, json_string_value(json_array_get(row, 0)));
			buf_adds(e->out, ", ");
			put_string(e->out, value);
			buf_printf(e->out, ", t%u, %s },\n", ids[i],
				   json_array_size(row) > 3 ? "true" : "false");
		}
		buf_adds(e->out, "\t{ NULL, NULL, NULL, false },\n};\n");
	}
	free(ids);
	return id;
}

static unsigned put_required_by(struct emitter *e, const json_t *rows)
{
	unsigned *ids = pxc_calloc(json_object_size(rows), sizeof(*ids)), id = 0;
	size_t i = 0;
	const char *key;
	json_t *list;

	json_object_foreach ((json_t *)(uintptr_t)rows, key, list)
		ids[i++] = put_names(e, list);
	if (i) {
		id = ++e->next;
		buf_printf(e->out, "static const struct ans_required_by t%u[] = {\n", id);
		i = 0;
		json_object_foreach ((json_t *)(uintptr_t)rows, key, list) {
			buf_adds(e->out, "\t{ ");
			put_string(e->out, key);
			buf_printf(e->out, ", t%u },\n", ids[i++]);
		}
		buf_adds(e->out, "\t{ NULL, NULL },\n};\n");
	}
	free(ids);
	return id;
}

static void put_pointer(struct pxc_buf *out, const char *member, unsigned id)
{
	if (id)
		buf_printf(out, ", .%s = t%u", member, id);
}

static const char *type_of(const json_t *option, const char *key)
{
	static const char *const rows[][2] = {
		{ "str", "ANS_STR" },     { "int", "ANS_INT" },   { "bool", "ANS_BOOL" },
		{ "float", "ANS_FLOAT" }, { "list", "ANS_LIST" }, { "dict", "ANS_DICT" },
		{ "path", "ANS_PATH" },   { "raw", "ANS_RAW" },   { "json", "ANS_JSON" },
	};
	const char *type = json_string_value(json_object_get(option, key));

	if (str_eq(type, "str") && json_object_get(option, "unit"))
		return "ANS_BYTES";
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i][0], type))
			return rows[i][1];
	return "ANS_RAW";
}

static unsigned put_rules(struct emitter *e, const json_t *options, const json_t *rules);

struct option_ids {
	unsigned choices, aliases, env, sub;
};

static void put_option(struct emitter *e, const char *name, const json_t *o,
		       const struct option_ids *ids)
{
	const json_t *value = json_object_get(o, "default"), *unit = json_object_get(o, "unit");
	auto_free char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	buf_adds(e->out, "\t{ .name = ");
	put_string(e->out, name);
	buf_printf(e->out, ", .type = %s, .elements = %s", type_of(o, "type"),
		   type_of(o, "elements"));
	if (json_is_true(json_object_get(o, "required")))
		buf_adds(e->out, ", .required = true");
	if (json_is_true(json_object_get(o, "no_log")))
		buf_adds(e->out, ", .no_log = true");
	if (unit)
		buf_printf(e->out, ", .unit = %lluull",
			   (unsigned long long)json_integer_value(unit));
	if (text && !json_is_null(value)) {
		buf_adds(e->out, ", .default_json = ");
		put_string(e->out, text);
	}
	put_pointer(e->out, "choices", ids->choices);
	put_pointer(e->out, "aliases", ids->aliases);
	put_pointer(e->out, "env", ids->env);
	if (ids->sub)
		buf_printf(e->out, ", .sub = &t%u", ids->sub);
	buf_adds(e->out, " },\n");
}

static unsigned put_options(struct emitter *e, const json_t *options)
{
	struct option_ids *ids = pxc_calloc(json_object_size(options), sizeof(*ids));
	unsigned id;
	size_t i = 0;
	const char *key;
	json_t *o;

	json_object_foreach ((json_t *)(uintptr_t)options, key, o) {
		const json_t *sub = json_object_get(o, "suboptions");

		ids[i].choices = put_names(e, json_object_get(o, "choices"));
		ids[i].aliases = put_names(e, json_object_get(o, "aliases"));
		ids[i].env = put_names(e, json_object_get(o, "env"));
		ids[i++].sub = sub ? put_rules(e, sub, json_object_get(o, "rules")) : 0;
	}
	id = ++e->next;
	buf_printf(e->out, "static const struct ans_option t%u[] = {\n", id);
	i = 0;
	json_object_foreach ((json_t *)(uintptr_t)options, key, o)
		put_option(e, key, o, &ids[i++]);
	buf_adds(e->out, "};\n");
	free(ids);
	return id;
}

/* The members of a struct ans_rules, as text. New string. */
static char *rules_text(struct emitter *e, const json_t *options, const json_t *rules)
{
	struct pxc_buf text = { .data = NULL };
	unsigned id = put_options(e, options);

	buf_printf(&text, ".options = t%u, .noptions = %zu", id, json_object_size(options));
	put_pointer(&text, "mutually_exclusive",
		    put_groups(e, json_object_get(rules, "mutually_exclusive")));
	put_pointer(&text, "required_together",
		    put_groups(e, json_object_get(rules, "required_together")));
	put_pointer(&text, "required_one_of",
		    put_groups(e, json_object_get(rules, "required_one_of")));
	put_pointer(&text, "required_if",
		    put_required_if(e, json_object_get(rules, "required_if")));
	put_pointer(&text, "required_by",
		    put_required_by(e, json_object_get(rules, "required_by")));
	return buf_take(&text);
}

static unsigned put_rules(struct emitter *e, const json_t *options, const json_t *rules)
{
	auto_free char *text = rules_text(e, options, rules);

	buf_printf(e->out, "static const struct ans_rules t%u = { %s };\n", ++e->next, text);
	return e->next;
}

static void put_spec(struct emitter *e, const json_t *model)
{
	const char *name = json_string_value(json_object_get(model, "name"));
	auto_free char *rules =
		rules_text(e, json_object_get(model, "options"), json_object_get(model, "rules"));
	unsigned required = put_names(e, json_object_get(model, "batch_required"));
	unsigned shared = put_names(e, json_object_get(model, "shared"));

	buf_printf(e->out, "static const struct ans_spec spec_%s = {\n\t.name = \"%s\",\n", name,
		   name);
	buf_adds(e->out, "\t.short_description = ");
	put_string(e->out, json_string_value(json_object_get(json_object_get(model, "doc"),
							     "short_description")));
	buf_printf(
		e->out, ",\n\t.supports_check_mode = %s,\n\t.rules = { %s },\n\t.batch = ",
		json_is_true(json_object_get(json_object_get(model, "spec"), "supports_check_mode"))
			? "true"
			: "false",
		rules);
	put_string(e->out, json_string_value(json_object_get(model, "batch")));
	put_pointer(e->out, "batch_required", required);
	put_pointer(e->out, "batch_shared", shared);
	buf_adds(e->out, ",\n};\n\n");
}

void emit_c(const json_t *models, struct pxc_buf *out)
{
	struct emitter e = { .out = out };
	size_t i;
	json_t *model;

	buf_adds(out, "/* " LICENCE_LINE " */\n"
		      "/* Generated from plugins/modules by argspec: not to be edited. */\n"
		      "#include \"ansible/spec.h\"\n\n");
	json_array_foreach (models, i, model)
		put_spec(&e, model);
	buf_adds(out, "const struct ans_spec *const ans_specs[] = {\n");
	json_array_foreach (models, i, model)
		buf_printf(out, "\t&spec_%s,\n", json_string_value(json_object_get(model, "name")));
	buf_adds(out, "\tNULL,\n};\n");
}
