/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tools/argspec.h"

static const char *const types[] = { "str",  "int",  "bool", "float", "list",
				     "dict", "path", "raw",  "json",  NULL };
static const char *const option_keys[] = { "description",   "type",    "elements", "required",
					   "default",       "choices", "aliases",  "suboptions",
					   "version_added", "no_log",  "env",      "unit",
					   "rules",         NULL };

static bool in(const char *word, const char *const *words)
{
	for (size_t i = 0; word && words[i]; i++)
		if (str_eq(words[i], word))
			return true;
	return false;
}

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool fits(const char *type, const json_t *value)
{
	if (str_eq(type, "int"))
		return json_is_integer(value);
	if (str_eq(type, "bool"))
		return json_is_boolean(value);
	if (str_eq(type, "float"))
		return json_is_number(value);
	if (str_eq(type, "list"))
		return json_is_array(value);
	if (str_eq(type, "dict"))
		return json_is_object(value);
	return str_eq(type, "raw") || json_is_string(value);
}

static bool contains(const json_t *list, const json_t *value)
{
	size_t i;
	json_t *entry;

	json_array_foreach (list, i, entry) {
		if (json_equal(entry, value))
			return true;
	}
	return false;
}

static int check_shape(const json_t *o, struct pxc_err *err)
{
	const char *type = text(o, "type"), *elements = text(o, "elements"), *key;
	const json_t *choices = json_object_get(o, "choices"),
		     *value = json_object_get(o, "default");
	const char *inner = str_eq(type, "list") ? elements : type;
	size_t i;
	json_t *entry;

	json_object_foreach ((json_t *)(uintptr_t)o, key, entry) {
		if (!in(key, option_keys))
			return pxc_fail(err, PXC_EINVAL, "unknown key %s", key);
	}
	if (!in(type, types))
		return pxc_fail(err, PXC_EINVAL, "type %s is unknown", type ? type : "(none)");
	if (str_eq(type, "list") ? !in(elements, types) : elements != NULL)
		return pxc_fail(err, PXC_EINVAL, "a list needs elements, and only a list has them");
	if (json_object_get(o, "suboptions") && !str_eq(inner, "dict"))
		return pxc_fail(err, PXC_EINVAL, "only dicts and lists of dicts have suboptions");
	if (json_object_get(o, "unit") && !str_eq(inner, "str"))
		return pxc_fail(err, PXC_EINVAL, "a size is documented as str");
	if (json_is_true(json_object_get(o, "required")) && value)
		return pxc_fail(err, PXC_EINVAL, "what is required cannot have a default");
	if (value && !fits(type, value))
		return pxc_fail(err, PXC_EINVAL, "its default is no %s", type);
	json_array_foreach (choices, i, entry) {
		if (!fits(inner, entry))
			return pxc_fail(err, PXC_EINVAL, "choice %zu is no %s", i + 1, inner);
	}
	if (choices && json_is_array(value)) {
		json_array_foreach (value, i, entry) {
			if (!contains(choices, entry))
				return pxc_fail(err, PXC_EINVAL,
						"its default is none of its choices");
		}
	} else if (choices && value && !contains(choices, value)) {
		return pxc_fail(err, PXC_EINVAL, "its default is none of its choices");
	}
	return 0;
}

/* Everything said about o, in one text. */
static char *description(const json_t *o)
{
	struct pxc_buf all = { .data = NULL };
	const json_t *d = json_object_get(o, "description");
	size_t i;
	json_t *line;

	if (json_is_string(d))
		buf_adds(&all, json_string_value(d));
	json_array_foreach (d, i, line) {
		if (json_is_string(line))
			buf_printf(&all, "%s\n", json_string_value(line));
	}
	return buf_take(&all);
}

static int check_words(const json_t *o, const char *name, struct pxc_err *err)
{
	static const char *const secret[] = { "password", "secret", "passphrase", NULL };
	auto_free char *words = description(o);
	size_t i;
	json_t *entry;

	json_array_foreach (json_object_get(o, "description"), i, entry) {
		if (!json_is_string(entry))
			return pxc_fail(err, PXC_EINVAL,
					"line %zu of its description is no text: put it in quotes",
					i + 1);
	}
	if (!*words)
		return pxc_fail(err, PXC_EINVAL, "it has no description");
	json_array_foreach (json_object_get(o, "env"), i, entry) {
		auto_free char *mark = pxc_printf("E(%s)", json_string_value(entry));

		if (!strstr(words, mark))
			return pxc_fail(err, PXC_EINVAL, "its description does not say %s", mark);
	}
	for (i = 0; secret[i]; i++)
		if (strstr(name, secret[i]) && !json_is_true(json_object_get(o, "no_log")))
			return pxc_fail(err, PXC_EINVAL,
					"it looks like a secret: name it in no_log");
	return 0;
}

static int check_names(const json_t *options, const json_t *list, const char *rule,
		       struct pxc_err *err)
{
	size_t i;
	json_t *name;

	json_array_foreach (list, i, name) {
		if (!json_is_string(name) || !json_object_get(options, json_string_value(name)))
			return pxc_fail(err, PXC_EINVAL, "%s: there is no option %s", rule,
					json_is_string(name) ? json_string_value(name)
							     : "of no text");
	}
	return json_is_array(list) ? 0 : pxc_fail(err, PXC_EINVAL, "%s: must be a list", rule);
}

static int check_condition(const json_t *options, const json_t *row, struct pxc_err *err)
{
	const char *name = json_string_value(json_array_get(row, 0));
	const json_t *o = name ? json_object_get(options, name) : NULL;
	const json_t *any = json_array_get(row, 3);

	if (!o || json_array_size(row) < 3 || json_array_size(row) > 4)
		return pxc_fail(
			err, PXC_EINVAL,
			"required_if: must be lists of option, value, options and perhaps any");
	if (any && !str_eq(json_string_value(any), "any") && !json_is_true(any))
		return pxc_fail(err, PXC_EINVAL, "required_if: the fourth word can only be any");
	if (!fits(text(o, "type"), json_array_get(row, 1)))
		return pxc_fail(err, PXC_EINVAL, "required_if: %s never has such a value", name);
	if (json_object_get(o, "choices") &&
	    !contains(json_object_get(o, "choices"), json_array_get(row, 1)))
		return pxc_fail(err, PXC_EINVAL, "required_if: %s never has such a value", name);
	return check_names(options, json_array_get(row, 2), "required_if", err);
}

static int check_rules(const json_t *options, const json_t *rules, struct pxc_err *err)
{
	static const char *const lists[] = { "mutually_exclusive", "required_together",
					     "required_one_of" };
	const char *key;
	size_t i;
	json_t *row;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		json_array_foreach (json_object_get(rules, lists[k]), i, row) {
			if (check_names(options, row, lists[k], err) < 0)
				return -1;
		}
	json_array_foreach (json_object_get(rules, "required_if"), i, row) {
		if (check_condition(options, row, err) < 0)
			return -1;
	}
	json_object_foreach (json_object_get(rules, "required_by"), key, row) {
		if (!json_object_get(options, key))
			return pxc_fail(err, PXC_EINVAL, "required_by: there is no option %s", key);
		if (check_names(options, row, "required_by", err) < 0)
			return -1;
	}
	return 0;
}

static int check_aliases(const json_t *options, struct pxc_err *err)
{
	json_auto_t *seen = json_object();
	const char *key, *word;
	size_t i;
	json_t *o, *alias;

	json_object_foreach ((json_t *)(uintptr_t)options, key, o) {
		json_array_foreach (json_object_get(o, "aliases"), i, alias) {
			word = json_string_value(alias);
			if (!word || json_object_get(options, word) || json_object_get(seen, word))
				return pxc_fail(err, PXC_EINVAL, "%s: alias %s is taken already",
						key, word ? word : "(no text)");
			(void)json_object_set_new(seen, word, json_true());
		}
	}
	return 0;
}

/* batch: the option whose suboptions are copies of the others; NULL = none. */
static int check_options(const json_t *options, const char *path, const char *batch,
			 struct pxc_err *err)
{
	const char *key;
	json_t *o;

	json_object_foreach ((json_t *)(uintptr_t)options, key, o) {
		auto_free char *full = pxc_printf("%s%s%s", path, *path ? "." : "", key);
		const json_t *sub = json_object_get(o, "suboptions");

		if (!json_is_object(o))
			return pxc_fail(err, PXC_EINVAL, "options.%s: must be a dict", full);
		if (check_shape(o, err) < 0 || check_words(o, key, err) < 0)
			return pxc_context(err, "options.%s", full);
		if (!sub || str_eq(key, batch))
			continue;
		if (check_options(sub, full, NULL, err) < 0)
			return -1;
		if (check_rules(sub, json_object_get(o, "rules"), err) < 0)
			return pxc_context(err, "SPEC.suboptions.%s", full);
	}
	return check_aliases(options, err) < 0
		       ? pxc_context(err, "options%s%s", *path ? "." : "", path)
		       : 0;
}

static int check_return(const json_t *values, const char *path, struct pxc_err *err)
{
	static const char *const keys[] = { "description", "returned", "type" };
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)values, key, v) {
		auto_free char *full = pxc_printf("%s.%s", path, key);

		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			if (!json_object_get(v, keys[i]))
				return pxc_fail(err, PXC_EINVAL, "%s: has no %s", full, keys[i]);
		if (!in(text(v, "type"), types))
			return pxc_fail(err, PXC_EINVAL, "%s: type %s is unknown", full,
					text(v, "type"));
		if (str_eq(text(v, "type"), "list") && !text(v, "elements"))
			return pxc_fail(err, PXC_EINVAL, "%s: a list needs elements", full);
		if (check_return(json_object_get(v, "contains"), full, err) < 0)
			return -1;
	}
	return 0;
}

/* Ansible reads these of any result itself: a list under "unreachable" would make the host unreachable. */
static int check_return_words(const json_t *values, struct pxc_err *err)
{
	static const char *const taken[] = { "ansible_facts", "attempts", "exception",   "finished",
					     "invocation",    "rc",       "results",     "retries",
					     "skipped",       "started",  "unreachable", NULL };
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)values, key, v)
		if (in(key, taken))
			return pxc_fail(err, PXC_EINVAL,
					"RETURN.%s: means something to Ansible itself", key);
	return 0;
}

/* Options are named once for all entries or in each: rules that need something cannot hold for the task alone. */
static int check_batch(const json_t *model, struct pxc_err *err)
{
	static const char *const per_item[] = { "required_one_of", "required_if", "required_by" };
	const json_t *options = json_object_get(model, "options");
	const char *key;
	json_t *o;

	if (!json_object_get(model, "batch"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(per_item); i++)
		if (json_object_get(json_object_get(model, "rules"), per_item[i]))
			return pxc_fail(
				err, PXC_EINVAL,
				"SPEC.%s: cannot be said of a task with a list: use SPEC.batch.required",
				per_item[i]);
	json_object_foreach ((json_t *)(uintptr_t)options, key, o) {
		if (json_is_true(json_object_get(o, "required")))
			return pxc_fail(
				err, PXC_EINVAL,
				"options.%s: is in each entry of a list: use SPEC.batch.required",
				key);
	}
	return check_names(options, json_object_get(model, "batch_required"), "SPEC.batch.required",
			   err);
}

int model_check(const json_t *model, struct pxc_err *err)
{
	const char *file = text(model, "file"), *slash = strrchr(file, '/');
	auto_free char *want = pxc_printf("%s.yml", text(model, "name"));
	const json_t *options = json_object_get(model, "options");

	if (!str_eq(slash ? slash + 1 : file, want))
		return pxc_fail(err, PXC_EINVAL, "%s: module: the file describes %s", file, want);
	if (check_options(options, "", text(model, "batch"), err) < 0 ||
	    check_rules(options, json_object_get(model, "rules"), err) < 0 ||
	    check_batch(model, err) < 0 ||
	    check_return(json_object_get(model, "return"), "RETURN", err) < 0 ||
	    check_return_words(json_object_get(model, "return"), err) < 0 ||
	    model_check_examples(model, err) < 0)
		return pxc_context(err, "%s", file);
	return 0;
}
