/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The C side: tables for ansible/spec.h. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "tools/argspec.h"

/* Tables refer to each other by number; each is written before what refers to it. */
static unsigned serial;

static void quote(struct pxc_buf *out, const char *text)
{
	buf_addc(out, '"');
	for (const char *p = text; *p; p++)
		if (*p == '"' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if ((unsigned char)*p < 32)
			buf_printf(out, "\\%03o", (unsigned char)*p);
		else
			buf_addc(out, *p);
	buf_addc(out, '"');
}

static char *scalar_text(const json_t *value)
{
	if (json_is_string(value))
		return pxc_strdup(json_string_value(value));
	if (json_is_boolean(value))
		return pxc_strdup(json_is_true(value) ? "True" : "False");
	return json_dumps(value, JSON_ENCODE_ANY);
}

/* A NULL-terminated list of texts; returns its number, 0 = none. */
static unsigned emit_names(struct pxc_buf *out, const json_t *list)
{
	size_t i;
	json_t *value;

	if (json_array_size(list) == 0)
		return 0;
	buf_printf(out, "static const char *const t%u[] = { ", ++serial);
	json_array_foreach(list, i, value)
	{
		auto_free char *text = scalar_text(value);

		quote(out, text);
		buf_adds(out, ", ");
	}
	buf_adds(out, "NULL };\n");
	return serial;
}

static void reference(struct pxc_buf *out, const char *field, unsigned number)
{
	if (number)
		buf_printf(out, ", .%s = t%u", field, number);
}

static const char *c_type(const char *type, bool size)
{
	static char name[32];

	(void)snprintf(name, sizeof(name), "ANS_%s", size ? "BYTES" : type);
	for (char *p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return name;
}

static unsigned emit_rules(struct pxc_buf *out, const json_t *options, const json_t *spec);

static void emit_option(struct pxc_buf *rows, struct pxc_buf *out, const char *name,
			const json_t *o)
{
	const char *type = json_string_value(json_object_get(o, "type"));
	const char *elements = json_string_value(json_object_get(o, "elements"));
	const char *unit = json_string_value(json_object_get(o, "x-unit"));
	const json_t *def = json_object_get(o, "default");
	unsigned choices = emit_names(out, json_object_get(o, "choices"));
	unsigned aliases = emit_names(out, json_object_get(o, "aliases"));
	unsigned env = emit_names(out, json_object_get(o, "x-env"));
	unsigned sub = 0;
	uint64_t bytes = 0;

	if (json_object_get(o, "suboptions"))
		sub = emit_rules(out, json_object_get(o, "suboptions"), NULL);
	buf_printf(rows, "\t{ .name = \"%s\", .type = %s", name, c_type(type, unit != NULL));
	buf_printf(rows, ", .elements = %s", c_type(elements ? elements : "raw", false));
	if (unit && size_parse(str_eq(unit, "bytes") ? "1" : pxc_printf("1%s", unit), 1, &bytes))
		buf_printf(rows, ", .unit = %lluull", (unsigned long long)bytes);
	if (json_is_true(json_object_get(o, "required")))
		buf_adds(rows, ", .required = true");
	if (json_is_true(json_object_get(o, "x-no-log")))
		buf_adds(rows, ", .no_log = true");
	if (def && !json_is_null(def)) {
		auto_free char *text = json_dumps(def, JSON_ENCODE_ANY | JSON_COMPACT);

		buf_adds(rows, ", .default_json = ");
		quote(rows, text);
	}
	reference(rows, "choices", choices);
	reference(rows, "aliases", aliases);
	reference(rows, "env", env);
	if (sub)
		buf_printf(rows, ", .sub = &t%u", sub);
	buf_adds(rows, " },\n");
}

/* [[a, b], [c, d]] */
static unsigned emit_lists(struct pxc_buf *out, const json_t *lists)
{
	unsigned numbers[64];
	size_t i, n = 0;
	json_t *list;

	if (json_array_size(lists) == 0)
		return 0;
	json_array_foreach(lists, i, list) if (n < ARRAY_SIZE(numbers)) numbers[n++] =
		emit_names(out, list);
	buf_printf(out, "static const char *const *const t%u[] = { ", ++serial);
	for (i = 0; i < n; i++)
		buf_printf(out, "t%u, ", numbers[i]);
	buf_adds(out, "NULL };\n");
	return serial;
}

/* [[option, value, [requirements], any]] */
static unsigned emit_required_if(struct pxc_buf *out, const json_t *rows)
{
	auto_buf struct pxc_buf body = { .data = NULL };
	size_t i;
	json_t *row;

	if (json_array_size(rows) == 0)
		return 0;
	json_array_foreach(rows, i, row)
	{
		auto_free char *value = json_dumps(json_array_get(row, 1), JSON_ENCODE_ANY);
		unsigned names = emit_names(out, json_array_get(row, 2));

		buf_printf(&body, "\t{ \"%s\", ", json_string_value(json_array_get(row, 0)));
		quote(&body, value);
		buf_printf(&body, ", t%u, %s },\n", names,
			   json_array_size(row) > 3 ? "true" : "false");
	}
	buf_printf(
		out,
		"static const struct ans_required_if t%u[] = {\n%s\t{ NULL, NULL, NULL, false },\n};\n",
		++serial, buf_str(&body));
	return serial;
}

static unsigned emit_required_by(struct pxc_buf *out, const json_t *rows)
{
	auto_buf struct pxc_buf body = { .data = NULL };
	const char *name;
	json_t *list;

	if (json_object_size(rows) == 0)
		return 0;
	json_object_foreach((json_t *)(uintptr_t)rows, name, list)
		buf_printf(&body, "\t{ \"%s\", t%u },\n", name, emit_names(out, list));
	buf_printf(out, "static const struct ans_required_by t%u[] = {\n%s\t{ NULL, NULL },\n};\n",
		   ++serial, buf_str(&body));
	return serial;
}

static void rules_body(struct pxc_buf *out, unsigned options, const unsigned parts[5])
{
	static const char *const fields[] = { "mutually_exclusive", "required_together",
					      "required_one_of", "required_if", "required_by" };

	buf_printf(out, "{ .options = t%u, .noptions = sizeof(t%u) / sizeof(t%u[0])", options,
		   options, options);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		reference(out, fields[i], parts[i]);
	buf_adds(out, " }");
}

/* Options and cross-field rules of one level; spec NULL = none. Fills the rules' initialiser. */
static void emit_level(struct pxc_buf *out, const json_t *options, const json_t *spec,
		       struct pxc_buf *rules)
{
	auto_buf struct pxc_buf rows = { .data = NULL };
	unsigned parts[5] = { 0 }, number;
	const char *name;
	json_t *o;

	json_object_foreach((json_t *)(uintptr_t)options, name, o) emit_option(&rows, out, name, o);
	number = ++serial;
	buf_printf(out, "static const struct ans_option t%u[] = {\n%s};\n", number, buf_str(&rows));
	parts[0] = emit_lists(out, json_object_get(spec, "mutually_exclusive"));
	parts[1] = emit_lists(out, json_object_get(spec, "required_together"));
	parts[2] = emit_lists(out, json_object_get(spec, "required_one_of"));
	parts[3] = emit_required_if(out, json_object_get(spec, "required_if"));
	parts[4] = emit_required_by(out, json_object_get(spec, "required_by"));
	rules_body(rules, number, parts);
}

static unsigned emit_rules(struct pxc_buf *out, const json_t *options, const json_t *spec)
{
	auto_buf struct pxc_buf rules = { .data = NULL };

	emit_level(out, options, spec, &rules);
	buf_printf(out, "static const struct ans_rules t%u = %s;\n", ++serial, buf_str(&rules));
	return serial;
}

static void emit_module(struct pxc_buf *out, const json_t *module)
{
	const json_t *doc = json_object_get(module, "DOCUMENTATION"),
		     *spec = json_object_get(module, "SPEC");
	const char *name = json_string_value(json_object_get(doc, "module"));
	const json_t *batch = json_object_get(spec, "batch");
	auto_buf struct pxc_buf rules = { .data = NULL };
	unsigned required, shared;

	buf_printf(out, "\n/* %s */\n", name);
	emit_level(out, json_object_get(doc, "options"), spec, &rules);
	required = emit_names(out, json_object_get(batch, "required"));
	shared = emit_names(out, json_object_get(spec, "shared"));
	buf_printf(out, "static const struct ans_spec %s = { .name = \"%s\", .short_description = ",
		   name, name);
	quote(out, json_string_value(json_object_get(doc, "short_description")));
	buf_printf(out, ", .supports_check_mode = %s, .rules = %s",
		   json_is_false(json_object_get(spec, "supports_check_mode")) ? "false" : "true",
		   buf_str(&rules));
	if (batch)
		buf_printf(out, ", .batch = \"%s\"",
			   json_string_value(json_object_get(batch, "option")));
	reference(out, "batch_required", required);
	reference(out, "batch_shared", shared);
	buf_adds(out, " };\n");
}

void emit_c(const json_t *modules, struct pxc_buf *out)
{
	size_t i;
	json_t *module;

	buf_adds(out, "/* Generated from plugins/modules/pxc_*.yml by argspec. Do not edit. */\n"
		      "#include \"ansible/spec.h\"\n");
	json_array_foreach(modules, i, module) emit_module(out, module);
	buf_adds(out, "\nconst struct ans_spec *const ans_specs[] = {\n");
	json_array_foreach(modules, i, module)
		buf_printf(out, "\t&%s,\n",
			   json_string_value(json_object_get(
				   json_object_get(module, "DOCUMENTATION"), "module")));
	buf_adds(out, "\tNULL,\n};\n");
}
