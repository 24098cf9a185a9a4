/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tools/argspec.h"

const char *module_name(const char *path)
{
	static char name[128];
	const char *slash = strrchr(path, '/');

	(void)snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
	if (strrchr(name, '.'))
		*strrchr(name, '.') = '\0';
	return name;
}

/* Dicts merge key by key, what is there wins; lists are appended. */
static void merge(json_t *into, const json_t *from)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)from, key, value)
	{
		json_t *old = json_object_get(into, key);

		if (json_is_object(old) && json_is_object(value))
			merge(old, value);
		else if (json_is_array(old) && json_is_array(value))
			(void)json_array_extend(old, value);
		else if (!old)
			(void)json_object_set_new(into, key, json_deep_copy(value));
	}
}

static int add_fragments(json_t *module, const char *fragments, struct pxc_err *err)
{
	json_t *doc = json_object_get(module, "DOCUMENTATION"), *names, *name;
	size_t i;

	names = json_object_get(doc, "extends_documentation_fragment");
	json_array_foreach(names, i, name)
	{
		const char *dot = strrchr(json_string_value(name), '.');
		auto_free char *path =
			pxc_printf("%s/%s.yml", fragments, dot ? dot + 1 : json_string_value(name));
		json_auto_t *fragment = NULL;
		json_t *spec = json_object_get(module, "SPEC");

		if (yaml_load(path, &fragment, err) < 0)
			return -1;
		merge(doc, json_object_get(fragment, "DOCUMENTATION"));
		if (!spec) {
			spec = json_object();
			(void)json_object_set_new(module, "SPEC", spec);
		}
		merge(spec, json_object_get(fragment, "SPEC"));
		if (json_object_get(json_object_get(fragment, "DOCUMENTATION"), "options")) {
			const char *key;
			json_t *value, *shared = json_object_get(spec, "shared");

			if (!shared) {
				shared = json_array();
				(void)json_object_set_new(spec, "shared", shared);
			}
			json_object_foreach(
				json_object_get(json_object_get(fragment, "DOCUMENTATION"),
						"options"),
				key, value)(void) json_array_append_new(shared, json_string(key));
		}
	}
	return 0;
}

/* An object of the batch takes the module's own options; what is said at the task's level is its default. */
static json_t *item_options(const json_t *options, const json_t *shared, const char *batch)
{
	json_t *ret = json_object(), *value, *word;
	const char *key;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)options, key, value)
	{
		bool skip = str_eq(key, batch);
		json_t *copy;

		json_array_foreach(shared, i, word) skip |= str_eq(json_string_value(word), key);
		if (skip)
			continue;
		copy = json_deep_copy(value);
		(void)json_object_del(copy, "default");
		(void)json_object_del(copy, "required");
		(void)json_object_set_new(ret, key, copy);
	}
	return ret;
}

static int add_batch(json_t *module, const char *path, struct pxc_err *err)
{
	json_t *spec = json_object_get(module, "SPEC"), *batch = json_object_get(spec, "batch");
	json_t *options = json_object_get(json_object_get(module, "DOCUMENTATION"), "options");
	const char *name = json_string_value(json_object_get(batch, "option"));
	json_t *option = name ? json_object_get(options, name) : NULL;

	if (!batch)
		return 0;
	if (!option)
		return pxc_fail(err, PXC_EINVAL,
				"%s: SPEC: batch names option %s, which is not documented", path,
				name ? name : "?");
	(void)json_object_set_new(option, "suboptions",
				  item_options(options, json_object_get(spec, "shared"), name));
	return 0;
}

/* "cloud_init.password" -> that option; NULL: there is none. */
static json_t *find(const json_t *options, const char *path)
{
	char part[64];
	const char *dot = strchr(path, '.');
	json_t *option;

	(void)snprintf(part, sizeof(part), "%.*s", (int)(dot ? dot - path : (long)strlen(path)),
		       path);
	option = json_object_get(options, part);
	return option && dot ? find(json_object_get(option, "suboptions"), dot + 1) : option;
}

static int apply(const json_t *options, const char *path, const char *key, json_t *value_new,
		 const char *file, struct pxc_err *err)
{
	json_t *option = find(options, path);

	if (!option) {
		json_decref(value_new);
		return pxc_fail(err, PXC_EINVAL,
				"%s: SPEC: %s names option %s, which is not documented", file, key,
				path);
	}
	(void)json_object_set_new(option, key, value_new);
	return 0;
}

/* What SPEC says of single options goes into the options themselves, as "x-..." keys that only the emitters know. */
static int apply_spec(json_t *module, const char *file, struct pxc_err *err)
{
	json_t *options = json_object_get(json_object_get(module, "DOCUMENTATION"), "options"),
	       *value;
	json_t *spec = json_object_get(module, "SPEC");
	const char *path;
	size_t i;

	json_array_foreach(json_object_get(spec, "no_log"), i,
			   value) if (apply(options, json_string_value(value), "x-no-log",
					    json_true(), file, err) < 0) return -1;
	json_object_foreach(json_object_get(spec, "env"), path,
			    value) if (apply(options, path, "x-env", json_incref(value), file,
					     err) < 0) return -1;
	json_object_foreach(json_object_get(spec, "bytes"), path,
			    value) if (apply(options, path, "x-unit", json_incref(value), file,
					     err) < 0) return -1;
	return 0;
}

static bool has(const json_t *list, const json_t *value)
{
	size_t i;
	json_t *entry;

	json_array_foreach(list, i, entry) if (json_equal(entry, value)) return true;
	return false;
}

static int check_options(const json_t *options, const char *file, const char *where,
			 struct pxc_err *err)
{
	const char *name;
	json_t *o;

	json_object_foreach((json_t *)(uintptr_t)options, name, o)
	{
		const char *type = json_string_value(json_object_get(o, "type"));
		const json_t *choices = json_object_get(o, "choices"),
			     *def = json_object_get(o, "default");
		auto_free char *path = pxc_printf("%s%s%s", where, *where ? "." : "", name);

		if (!type || !json_object_get(o, "description"))
			return pxc_fail(err, PXC_EINVAL,
					"%s: option %s needs a type and a description", file, path);
		if (str_eq(type, "list") && !json_object_get(o, "elements"))
			return pxc_fail(err, PXC_EINVAL, "%s: option %s is a list without elements",
					file, path);
		if (def && json_is_true(json_object_get(o, "required")))
			return pxc_fail(err, PXC_EINVAL,
					"%s: option %s is required and has a default", file, path);
		if (choices && def && !json_is_array(def) && !has(choices, def))
			return pxc_fail(err, PXC_EINVAL,
					"%s: option %s: its default is none of its choices", file,
					path);
		if (json_object_get(o, "suboptions") &&
		    check_options(json_object_get(o, "suboptions"), file, path, err) < 0)
			return -1;
	}
	return 0;
}

/* Every environment fallback is told to the reader. */
static int check_env(const json_t *options, const char *file, struct pxc_err *err)
{
	const char *name;
	json_t *o, *var;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)options, name, o)
	{
		auto_free char *text =
			json_dumps(json_object_get(o, "description"), JSON_ENCODE_ANY);

		json_array_foreach(json_object_get(o, "x-env"), i, var)
		{
			auto_free char *mark = pxc_printf("E(%s)", json_string_value(var));

			if (!text || !strstr(text, mark))
				return pxc_fail(err, PXC_EINVAL,
						"%s: option %s does not document %s", file, name,
						mark);
		}
	}
	return 0;
}

int module_load(const char *path, const char *fragments, json_t **ret, struct pxc_err *err)
{
	json_auto_t *module = NULL;
	const json_t *options;

	if (yaml_load(path, &module, err) < 0)
		return -1;
	if (!json_is_object(json_object_get(module, "DOCUMENTATION")))
		return pxc_fail(err, PXC_EINVAL, "%s: has no DOCUMENTATION", path);
	if (!str_eq(json_string_value(
			    json_object_get(json_object_get(module, "DOCUMENTATION"), "module")),
		    module_name(path)))
		return pxc_fail(err, PXC_EINVAL, "%s: DOCUMENTATION: module must be %s", path,
				module_name(path));
	(void)json_object_set_new(module, "x-source",
				  json_deep_copy(json_object_get(module, "DOCUMENTATION")));
	if (add_fragments(module, fragments, err) < 0 || apply_spec(module, path, err) < 0 ||
	    add_batch(module, path, err) < 0)
		return -1;
	options = json_object_get(json_object_get(module, "DOCUMENTATION"), "options");
	if (check_options(options, path, "", err) < 0 || check_env(options, path, err) < 0)
		return -1;
	*ret = pxc_take(&module);
	return 0;
}
