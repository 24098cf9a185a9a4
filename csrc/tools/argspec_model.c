/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"
#include "tools/argspec.h"

#define COLLECTION "pxcloud.pve."

static const char *const rule_names[] = { "mutually_exclusive", "required_together",
					  "required_one_of",    "required_if",
					  "required_by",        NULL };

static bool known(const char *word, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (str_eq(words[i], word))
			return true;
	return false;
}

/* Refuse keys that nobody reads: they are mistakes. */
static int only(const json_t *object, const char *const *keys, const char *where,
		struct pxc_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		(void)value;
		if (!known(key, keys))
			return pxc_fail(err, PXC_EINVAL, "%s: unknown key %s", where, key);
	}
	return 0;
}

json_t *model_option(const json_t *options, const char *path)
{
	const char *dot = strchr(path, '.');
	auto_free char *head = dot ? pxc_strndup(path, (size_t)(dot - path)) : pxc_strdup(path);
	json_t *option = json_object_get(options, head);

	return dot ? model_option(json_object_get(option, "suboptions"), dot + 1) : option;
}

static int set_unit(json_t *option, const json_t *value, struct pxc_err *err)
{
	static const struct {
		const char *name;
		json_int_t bytes;
	} units[] = {
		{ "B", 1 }, { "KiB", 1024 }, { "MiB", (json_int_t)MIB }, { "GiB", (json_int_t)GIB }
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_eq(units[i].name, json_string_value(value))) {
			(void)json_object_set_new(option, "unit", json_integer(units[i].bytes));
			return 0;
		}
	return pxc_fail(err, PXC_EINVAL, "the unit must be B, KiB, MiB or GiB");
}

/* What SPEC says about single options is written into them. */
static int annotate(json_t *options, const json_t *spec, struct pxc_err *err)
{
	const json_t *secret = json_object_get(spec, "no_log");
	size_t i;
	json_t *value, *option;
	const char *path;

	json_array_foreach (secret, i, value) {
		path = json_string_value(value);
		option = path ? model_option(options, path) : NULL;
		if (!option)
			return pxc_fail(err, PXC_EINVAL, "SPEC.no_log: there is no option %s",
					path);
		(void)json_object_set_new(option, "no_log", json_true());
	}
	json_object_foreach (json_object_get(spec, "env"), path, value) {
		option = model_option(options, path);
		if (!option)
			return pxc_fail(err, PXC_EINVAL, "SPEC.env: there is no option %s", path);
		(void)json_object_set(option, "env", value);
	}
	json_object_foreach (json_object_get(spec, "bytes"), path, value) {
		option = model_option(options, path);
		if (!option)
			return pxc_fail(err, PXC_EINVAL, "SPEC.bytes: there is no option %s", path);
		if (set_unit(option, value, err) < 0)
			return pxc_context(err, "SPEC.bytes.%s", path);
	}
	json_object_foreach (json_object_get(spec, "suboptions"), path, value) {
		option = model_option(options, path);
		if (!option)
			return pxc_fail(err, PXC_EINVAL, "SPEC.suboptions: there is no option %s",
					path);
		if (only(value, rule_names, path, err) < 0)
			return pxc_context(err, "SPEC.suboptions");
		(void)json_object_set(option, "rules", value);
	}
	return 0;
}

/* into gets from's keys, per key of each entry: what into says wins. Fragments work like that. */
static void merge_entries(json_t *into, const json_t *from)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)from, key, value) {
		json_t *own = json_object_get(into, key);

		if (own)
			(void)json_object_update_missing(own, value);
		else
			(void)json_object_set_new(into, key, json_deep_copy(value));
	}
}

static json_t *section(json_t *object, const char *key)
{
	if (!json_object_get(object, key))
		(void)json_object_set_new(object, key, json_object());
	return json_object_get(object, key);
}

/* Rules and texts of a fragment come before the module's own. */
static void merge_rules(json_t *rules, const json_t *spec)
{
	for (size_t i = 0; rule_names[i]; i++) {
		const json_t *more = json_object_get(spec, rule_names[i]);

		if (json_is_object(more))
			(void)json_object_update(section(rules, rule_names[i]),
						 (json_t *)(uintptr_t)more);
		if (!json_is_array(more))
			continue;
		if (!json_object_get(rules, rule_names[i]))
			(void)json_object_set_new(rules, rule_names[i], json_array());
		(void)json_array_extend(json_object_get(rules, rule_names[i]),
					(json_t *)(uintptr_t)more);
	}
}

static int add_fragment(json_t *model, const char *name, struct pxc_err *err)
{
	static const char *const spec_keys[] = {
		"no_log",    "env", "bytes", "mutually_exclusive", "required_together",
		"inventory", NULL
	};
	const char *file = json_string_value(json_object_get(model, "file"));
	const char *slash = strrchr(file, '/');
	auto_free char *path = NULL;
	json_auto_t *fragment = NULL;
	const json_t *doc, *spec;
	json_t *options, *value;
	const char *key;

	if (!str_starts(name, COLLECTION))
		return pxc_fail(err, PXC_EINVAL, "fragment %s is not of this collection", name);
	path = pxc_printf("%.*s../doc_fragments/%s.yml", slash ? (int)(slash - file) + 1 : 0, file,
			  name + strlen(COLLECTION));
	if (yaml_read(path, &fragment, err) < 0)
		return -1;
	doc = json_object_get(fragment, "DOCUMENTATION");
	spec = json_object_get(fragment, "SPEC");
	options = json_object_get(doc, "options");
	if (only(spec, spec_keys, "SPEC", err) < 0 || annotate(options, spec, err) < 0)
		return pxc_context(err, "%s", path);
	json_object_foreach (options, key, value)
		(void)json_array_append_new(json_object_get(model, "shared"), json_string(key));
	merge_entries(section(model, "options"), options);
	merge_rules(section(model, "rules"), spec);
	/* What every result has is described once, too. */
	if (json_object_get(fragment, "RETURN"))
		(void)json_object_update_missing(json_object_get(model, "return"),
						 json_object_get(fragment, "RETURN"));
	return 0;
}

/* The options of one object, as the entries of the batch take them: nothing is required, no default is filled in. */
static json_t *copy_suboptions(const json_t *options, const json_t *shared, const char *batch,
			       const char *path)
{
	json_t *copy = json_object(), *option, *text;
	const char *key;
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)options, key, option) {
		auto_free char *full = pxc_printf("%s%s", path, key);
		auto_free char *see = NULL, *below = NULL;
		const json_t *sub = json_object_get(option, "suboptions");
		bool skip = *path == '\0' && str_eq(key, batch);
		json_t *one;

		json_array_foreach (shared, i, text)
			skip |= str_eq(json_string_value(text), key);
		if (skip)
			continue;
		one = json_deep_copy(option);
		see = pxc_printf("As O(%s), for this entry.", full);
		(void)json_object_set_new(one, "description", json_pack("[s]", see));
		if (*path == '\0')
			(void)json_object_del(one, "default");
		below = pxc_printf(
			"%s%s.", full,
			str_eq(json_string_value(json_object_get(option, "type")), "list") ? "[]"
											   : "");
		if (sub)
			(void)json_object_set_new(one, "suboptions",
						  copy_suboptions(sub, NULL, batch, below));
		(void)json_object_set_new(copy, key, one);
	}
	return copy;
}

static int make_batch(json_t *model, struct pxc_err *err)
{
	static const char *const batch_keys[] = { "option", "required", NULL };
	const json_t *spec = json_object_get(model, "spec"),
		     *shared = json_object_get(model, "shared");
	const json_t *said = json_object_get(spec, "batch");
	const char *batch = json_string_value(json_object_get(said, "option"));
	json_t *plain = json_object_get(json_object_get(model, "doc"), "options");
	json_t *all = json_object_get(model, "options"), *list;

	if (!said)
		return 0;
	if (only(said, batch_keys, "SPEC.batch", err) < 0)
		return -1;
	list = batch ? json_object_get(all, batch) : NULL;
	if (!list || json_object_get(list, "suboptions"))
		return pxc_fail(
			err, PXC_EINVAL,
			"SPEC.batch: option %s must be there, without suboptions of its own",
			batch);
	(void)json_object_set_new(list, "suboptions", copy_suboptions(all, shared, batch, ""));
	(void)json_object_set_new(json_object_get(plain, batch), "suboptions",
				  copy_suboptions(plain, shared, batch, ""));
	(void)json_object_set(model, "batch", json_object_get(said, "option"));
	(void)json_object_set(model, "batch_required", json_object_get(said, "required"));
	return 0;
}

static int build(json_t *model, const json_t *file, struct pxc_err *err)
{
	static const char *const top_keys[] = { "DOCUMENTATION", "SPEC", "EXAMPLES", "RETURN",
						NULL };
	static const char *const spec_keys[] = { "supports_check_mode",
						 "no_log",
						 "env",
						 "bytes",
						 "suboptions",
						 "batch",
						 "mutually_exclusive",
						 "required_together",
						 "required_one_of",
						 "required_if",
						 "required_by",
						 NULL };
	json_t *doc = json_object_get(file, "DOCUMENTATION"), *spec = json_object_get(file, "SPEC");
	json_t *options = json_object_get(doc, "options"), *name;
	size_t i;

	for (i = 0; top_keys[i]; i++)
		if (!json_object_get(file, top_keys[i]))
			return pxc_fail(err, PXC_EINVAL, "key %s is missing", top_keys[i]);
	if (only(file, top_keys, "top level", err) < 0 || only(spec, spec_keys, "SPEC", err) < 0)
		return -1;
	if (!json_is_object(options) || !json_is_object(spec))
		return pxc_fail(err, PXC_EINVAL, "DOCUMENTATION.options and SPEC must be dicts");
	(void)json_object_set(model, "doc", doc);
	(void)json_object_set(model, "name", json_object_get(doc, "module"));
	(void)json_object_set(model, "examples", json_object_get(file, "EXAMPLES"));
	(void)json_object_set(model, "return", json_object_get(file, "RETURN"));
	(void)json_object_set(model, "spec", spec);
	(void)json_object_set_new(model, "options", json_deep_copy(options));
	(void)json_object_set_new(model, "shared", json_array());
	(void)json_object_set_new(model, "rules", json_object());
	json_array_foreach (json_object_get(doc, "extends_documentation_fragment"), i, name)
		if (add_fragment(model, json_string_value(name), err) < 0)
			return -1;
	if (annotate(json_object_get(model, "options"), spec, err) < 0)
		return -1;
	merge_rules(json_object_get(model, "rules"), spec);
	return make_batch(model, err);
}

int model_read(const char *path, json_t **ret, struct pxc_err *err)
{
	json_auto_t *file = NULL, *model = json_pack("{s:s}", "file", path);

	if (yaml_read(path, &file, err) < 0)
		return -1;
	if (build(model, file, err) < 0)
		return pxc_context(err, "%s", path);
	*ret = pxc_take(&model);
	return 0;
}
