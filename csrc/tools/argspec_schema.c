/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * argspec_schema.c - a JSON Schema of a file that playbooks read, out of its frame (schemas/F.schema.json) and the contracts: where
 * the frame says
 *     "x-options": {"module": "pxc_vm", "without": ["state"]}
 * stands what the module takes for one object, so that nothing is said twice and a new option is valid in files at once.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tools/argspec.h"

#define EXPAND "x-options"
/* What size_parse() reads. */
#define SIZE "^ *[0-9]+(\\.[0-9]+)? *[kKmMgGtTpP]?([iI]?[bB])? *$"

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool contains(const json_t *list, const char *word)
{
	size_t i;
	json_t *entry;

	json_array_foreach (list, i, entry) {
		if (str_eq(json_string_value(entry), word))
			return true;
	}
	return false;
}

/* "O(pxcloud.pve.pxc_cloud#module:storage)" is `storage` for people in front of an editor. */
static void put_markup(struct pxc_buf *out, const char *p)
{
	while (*p) {
		size_t word = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		const char *inner = p + word + 1, *end, *module;

		if (word == 0 || p[word] != '(' || !(end = strchr(inner, ')'))) {
			buf_addc(out, *p++);
			continue;
		}
		module = strstr(inner, "#module:");
		if (module && module < end)
			inner = module + strlen("#module:");
		buf_printf(out, "`%.*s`", (int)(end - inner), inner);
		p = end + 1;
	}
}

static void set_description(json_t *schema, const json_t *option)
{
	const json_t *lines = json_object_get(option, "description");
	auto_buf struct pxc_buf out = { .data = NULL };
	size_t i;
	json_t *line;

	if (json_is_string(lines))
		put_markup(&out, json_string_value(lines));
	json_array_foreach (lines, i, line) {
		if (i > 0)
			buf_addc(&out, '\n');
		put_markup(&out, json_string_value(line));
	}
	(void)json_object_set_new(schema, "description", json_string(buf_str(&out)));
}

static json_t *object_schema(const json_t *options, const json_t *rules, const json_t *without);

/* One value; a list's elements are described as values of their own. */
static json_t *value_schema(const json_t *option, const char *type)
{
	const json_t *choices = json_object_get(option, "choices"),
		     *below = json_object_get(option, "suboptions");

	if (str_eq(type, "list")) {
		json_t *items = value_schema(option, text(option, "elements"));

		return json_pack("{s:s,s:o}", "type", "array", "items", items);
	}
	if (str_eq(type, "dict") && below)
		return object_schema(below, json_object_get(option, "rules"), NULL);
	if (choices)
		return json_pack("{s:O}", "enum", choices);
	if (json_object_get(option, "unit"))
		return json_pack("{s:[ss],s:s}", "type", "string", "number", "pattern", SIZE);
	if (str_eq(type, "str") || str_eq(type, "path"))
		return json_pack("{s:[ss]}", "type", "string", "integer");
	if (str_eq(type, "int"))
		return json_pack("{s:s}", "type", "integer");
	if (str_eq(type, "float"))
		return json_pack("{s:s}", "type", "number");
	if (str_eq(type, "bool"))
		return json_pack("{s:s}", "type", "boolean");
	return str_eq(type, "dict") ? json_pack("{s:s}", "type", "object") : json_object();
}

static json_t *option_schema(const json_t *option)
{
	json_t *schema = value_schema(option, text(option, "type"));

	set_description(schema, option);
	if (json_object_get(option, "default"))
		(void)json_object_set(schema, "default", json_object_get(option, "default"));
	if (json_is_true(json_object_get(option, "no_log")))
		(void)json_object_set_new(schema, "writeOnly", json_true());
	return schema;
}

/* Rules about options that the frame leaves out do not count. */
static bool all_there(const json_t *names, const json_t *properties)
{
	size_t i;
	json_t *name;

	json_array_foreach (names, i, name) {
		if (!json_object_get(properties, json_string_value(name)))
			return false;
	}
	return true;
}

/* The rules that can be said shortly; others are left to the modules, which look at all of them. */
static void add_rules(json_t *schema, const json_t *rules)
{
	const json_t *properties = json_object_get(schema, "properties");
	json_t *all = json_array(), *names;
	size_t i, a, b;

	json_array_foreach (json_object_get(rules, "mutually_exclusive"), i, names) {
		for (a = 0; all_there(names, properties) && a < json_array_size(names); a++)
			for (b = a + 1; b < json_array_size(names); b++)
				(void)json_array_append_new(
					all, json_pack("{s:{s:s,s:[OO]}}", "not", "type", "object",
						       "required", json_array_get(names, a),
						       json_array_get(names, b)));
	}
	json_array_foreach (json_object_get(rules, "required_one_of"), i, names) {
		json_t *any = json_array();

		for (a = 0; a < json_array_size(names); a++)
			(void)json_array_append_new(
				any, json_pack("{s:[O]}", "required", json_array_get(names, a)));
		(void)json_array_append_new(all, json_pack("{s:o}", "anyOf", any));
	}
	if (json_array_size(all) > 0)
		(void)json_object_set(schema, "allOf", all);
	json_decref(all);
}

static json_t *object_schema(const json_t *options, const json_t *rules, const json_t *without)
{
	json_t *properties = json_object(), *required = json_array(), *schema, *option, *alias;
	const char *name;
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)options, name, option) {
		if (contains(without, name))
			continue;
		(void)json_object_set_new(properties, name, option_schema(option));
		json_array_foreach (json_object_get(option, "aliases"), i, alias)
			(void)json_object_set_new(properties, json_string_value(alias),
						  option_schema(option));
		if (json_is_true(json_object_get(option, "required")))
			(void)json_array_append_new(required, json_string(name));
	}
	schema = json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties,
			   "additionalProperties", 0);
	if (json_array_size(required) > 0)
		(void)json_object_set(schema, "required", required);
	json_decref(required);
	add_rules(schema, rules);
	return schema;
}

/* What every module takes, such as where the API is, and the list of its own objects are nothing of one object. */
static json_t *item_schema(const json_t *model, const json_t *said, struct pxc_err *err)
{
	json_auto_t *without = json_copy(json_object_get(model, "shared"));
	const json_t *options = json_object_get(model, "options");
	size_t i;
	json_t *name;

	json_array_foreach (json_object_get(said, "without"), i, name) {
		if (!json_object_get(options, json_string_value(name))) {
			(void)pxc_fail(err, PXC_EINVAL, "%s has no option %s", text(model, "name"),
				       json_string_value(name));
			return NULL;
		}
		(void)json_array_append(without, name);
	}
	if (json_object_get(model, "batch"))
		(void)json_array_append(without, json_object_get(model, "batch"));
	return object_schema(options, json_object_get(model, "rules"), without);
}

static int expand(json_t *node, const json_t *models, struct pxc_err *err)
{
	json_t *said = json_object_get(node, EXPAND), *value, *model;
	json_auto_t *item = NULL;
	const char *key;
	size_t i;

	json_array_foreach (node, i, value) {
		if (expand(value, models, err) < 0)
			return -1;
	}
	json_object_foreach (node, key, value) {
		if (value != said && expand(value, models, err) < 0)
			return -1;
	}
	if (!said)
		return 0;
	json_array_foreach (models, i, model) {
		if (str_eq(text(model, "name"), text(said, "module")))
			item = item_schema(model, said, err);
	}
	if (!item && err->kind == PXC_OK)
		return pxc_fail(err, PXC_EINVAL, "there is no module %s", text(said, "module"));
	if (!item)
		return -1;
	(void)json_object_del(node, EXPAND);
	/* What the frame says goes before what the module says. */
	(void)json_object_update_missing(node, item);
	return 0;
}

int emit_schema(const char *frame, const json_t *models, struct pxc_buf *out, struct pxc_err *err)
{
	json_auto_t *schema = NULL;
	auto_free char *dump = NULL;
	json_error_t where;

	schema = json_load_file(frame, JSON_REJECT_DUPLICATES, &where);
	if (!schema)
		return pxc_fail(err, PXC_EINVAL, "%s: line %d: %s", frame, where.line, where.text);
	if (expand(schema, models, err) < 0)
		return pxc_context(err, "%s", frame);
	dump = json_dumps(schema, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	buf_printf(out, "%s\n", dump);
	return 0;
}
