/* SPDX-License-Identifier: GPL-3.0-or-later */
/* apidoc.c - PVE's own schema (the api-viewer's tree as JSON) as a second opinion on every request. */
#include <stdio.h>
#include <string.h>

#include "sim/request.h"

struct sim_apidoc {
	json_t *tree;
	json_t *merged; /* array: what calls with alternatives take */
	struct sim_map
		methods; /* "GET /nodes/{}/qemu" -> parameters, borrowed from tree or merged */
};

/* Names of path variables differ between readings of the API: "/nodes/{node}" -> "/nodes/{}". */
static char *nameless(const char *method, const char *path)
{
	struct pxc_buf out = { 0 };

	buf_printf(&out, "%s ", method);
	for (; *path; path++) {
		buf_addc(&out, *path);
		if (*path == '{')
			path += strcspn(path, "}") - 1;
	}
	return buf_take(&out);
}

/* Add the properties of parts ("allOf") and of alternatives ("oneOf"), of which none is needed then. */
static void merge(json_t *properties, const json_t *schema, bool alternative)
{
	const json_t *of_type = json_object_get(schema, "type-property"), *part;
	const char *name;
	json_t *value;
	size_t i;

	json_object_foreach (json_object_get(schema, "properties"), name, value) {
		json_t *own = json_copy(value);

		if (alternative)
			json_object_set_new(own, "optional", json_integer(1));
		json_object_set_new(properties, name, own);
	}
	if (of_type)
		json_object_set(properties, json_string_value(of_type),
				json_object_get(schema, "type-property-schema"));
	json_array_foreach (json_object_get(schema, "allOf"), i, part)
		merge(properties, part, alternative);
	json_array_foreach (json_object_get(schema, "oneOf"), i, part)
		merge(properties, part, true);
}

/* The parameters with "properties" of all that they consist of. Borrowed. */
static json_t *whole(struct sim_apidoc *doc, json_t *parameters)
{
	json_t *properties, *all;

	if (!json_object_get(parameters, "allOf") && !json_object_get(parameters, "oneOf"))
		return parameters;
	properties = json_object();
	all = json_pack("{s:o}", "properties", properties);
	merge(properties, parameters, false);
	json_array_append_new(doc->merged, all);
	return all;
}

static void index_tree(struct sim_apidoc *doc, json_t *list)
{
	json_t *entry, *info;
	const char *method;
	size_t i;

	json_array_foreach (list, i, entry) {
		const char *path = json_string_value(json_object_get(entry, "path"));

		json_object_foreach (json_object_get(entry, "info"), method, info) {
			json_t *parameters = json_object_get(info, "parameters");
			auto_free char *key = nameless(method, path ? path : "");

			sim_map_put(&doc->methods, key, parameters ? whole(doc, parameters) : info);
		}
		index_tree(doc, json_object_get(entry, "children"));
	}
}

int sim_apidoc_load(const char *path, struct sim_apidoc **ret, struct pxc_err *err)
{
	struct sim_apidoc *doc;
	json_error_t error;
	json_t *tree = json_load_file(path, 0, &error);

	if (!json_is_array(tree)) {
		json_decref(tree);
		return pxc_fail(err, PXC_EINVAL, "API schema %s: line %d: %s", path, error.line,
				tree ? "not a list" : error.text);
	}
	doc = pxc_calloc(1, sizeof(*doc));
	doc->tree = tree;
	doc->merged = json_array();
	index_tree(doc, tree);
	*ret = doc;
	return 0;
}

void sim_apidoc_free(struct sim_apidoc *doc)
{
	if (!doc)
		return;
	sim_map_release(&doc->methods, NULL);
	json_decref(doc->tree);
	json_decref(doc->merged);
	free(doc);
}

/* "net3" is described as "net[n]". */
static const json_t *property(const json_t *properties, const char *name)
{
	const json_t *found = json_object_get(properties, name);
	size_t stem = strlen(name);
	auto_free char *family = NULL;

	while (stem && name[stem - 1] >= '0' && name[stem - 1] <= '9')
		stem--;
	if (found || !name[stem])
		return found;
	family = pxc_printf("%.*s[n]", (int)stem, name);
	return json_object_get(properties, family);
}

static bool in_enum(const json_t *choices, const char *text)
{
	const json_t *choice;
	size_t i;

	json_array_foreach (choices, i, choice) {
		auto_free char *number =
			json_is_integer(choice)
				? pxc_printf("%lld", (long long)json_integer_value(choice))
				: NULL;

		if (str_eq(json_string_value(choice), text) || (number && !strcmp(number, text)))
			return true;
	}
	return !json_array_size(choices);
}

static void check_text(struct sim_call *call, const char *name, const json_t *schema,
		       const char *text)
{
	const char *type = json_string_value(json_object_get(schema, "type"));
	const json_t *limit = json_object_get(schema, "maxLength");
	char *end;
	double number = strtod(text, &end);
	bool is_number = *text && !*end;

	if (type && (!strcmp(type, "integer") || !strcmp(type, "number"))) {
		const json_t *low = json_object_get(schema, "minimum"),
			     *high = json_object_get(schema, "maximum");

		if (!is_number)
			sim_param_error(call, name, "type check ('%s') failed - got '%s'", type,
					text);
		else if ((json_is_number(low) && number < json_number_value(low)) ||
			 (json_is_number(high) && number > json_number_value(high)))
			sim_param_error(call, name, "value is outside of the schema's range");
	} else if (type && !strcmp(type, "boolean") && strcmp(text, "0") && strcmp(text, "1")) {
		sim_param_error(call, name, "type check ('boolean') failed - got '%s'", text);
	} else if (json_is_integer(limit) &&
		   (json_int_t)utf8_length(text) > json_integer_value(limit)) {
		sim_param_error(call, name, "value may only be %lld characters long",
				(long long)json_integer_value(limit));
	}
	if (!in_enum(json_object_get(schema, "enum"), text))
		sim_param_error(call, name, "value '%s' is not in the schema's enumeration", text);
}

void sim_apidoc_check(struct sim_call *call, const json_t *raw)
{
	auto_free char *key = nameless(call->route->method, call->route->path);
	const json_t *parameters = sim_map_get(&call->sim->apidoc->methods, key);
	const json_t *properties = json_object_get(parameters, "properties"), *schema;
	const char *name;
	json_t *value;

	if (!strcmp(call->route->path, "/"))
		return; /* the index of everything is not described */
	if (!parameters) {
		sim_fail(call, 501, "Method '%s %s' is not in the API schema", call->method,
			 call->path);
		return;
	}
	json_object_foreach ((json_t *)(uintptr_t)raw, name, value) {
		schema = property(properties, name);
		if (!schema && json_object_get(call->path_params, name))
			continue;
		if (!schema)
			sim_param_error(
				call, name,
				"property is not defined in schema and the schema does not allow additional properties");
		else if (json_is_string(value) && !json_object_get(call->errors, name))
			check_text(call, name, schema, json_string_value(value));
	}
	json_object_foreach ((json_t *)(uintptr_t)properties, name, value)
		if (!json_object_get(value, "optional") && !strchr(name, '[') &&
		    !json_object_get(raw, name) && !(call->route->flags & SIM_UPLOAD) &&
		    json_object_size(call->path_params) == 0)
			sim_param_error(call, name, "property is missing and it is not optional");
}
