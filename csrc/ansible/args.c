/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ansible/args.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define INTERNAL "_ansible_"

/* One level of options while it is checked. */
struct level {
	const struct ans_rules *rules;
	struct ans_args *args;
	const char *(*getenv_fn)(const char *name);
	const char *context; /* "" or "vms -> disks" */
	json_t *params, *given;
};

void ans_args_release(struct ans_args *args)
{
	json_decref(args->params);
	json_decref(args->given);
	json_decref(args->warnings);
	json_decref(args->secrets);
	*args = (struct ans_args){ .params = NULL };
}

static bool flag(const json_t *raw, const char *key)
{
	return json_is_true(json_object_get(raw, key));
}

static void read_task(const json_t *raw, struct ans_task *t)
{
	const json_t *inject = json_object_get(raw, "_ansible_inject_invocation");
	const char *name = json_string_value(json_object_get(raw, "_ansible_module_name"));

	t->check_mode = flag(raw, "_ansible_check_mode");
	t->diff = flag(raw, "_ansible_diff");
	t->no_log = flag(raw, "_ansible_no_log");
	t->ignore_unknown = flag(raw, "_ansible_ignore_unknown_opts");
	t->verbosity = (int)json_integer_value(json_object_get(raw, "_ansible_verbosity"));
	t->want_invocation = inject ? json_is_true(inject) : t->verbosity >= 3;
	(void)snprintf(t->module_name, sizeof(t->module_name), "%s", name ? name : "");
}

static void warn(struct ans_args *args, const char *text)
{
	(void)json_array_append_new(args->warnings, json_string(text));
}

/* Longest first, so that a secret that contains another is masked as a whole. */
static void add_secret(struct ans_args *args, const json_t *value)
{
	auto_free char *number = NULL;
	const char *text = json_string_value(value);
	size_t i;
	json_t *old;

	if (json_is_array(value)) {
		json_array_foreach(value, i, old) add_secret(args, old);
		return;
	}
	if (json_is_integer(value))
		text = number = pxc_printf("%lld", (long long)json_integer_value(value));
	if (!text || !*text)
		return;
	json_array_foreach(args->secrets, i,
			   old) if (strlen(json_string_value(old)) < strlen(text)) break;
	(void)json_array_insert_new(args->secrets, i, json_string(text));
}

/* Every value that was given under any name of an option that must not be shown, before anything can fail. */
static void collect_secrets(const struct ans_rules *rules, const json_t *raw, struct ans_args *args)
{
	const char *key;
	json_t *value, *entry;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)raw, key, value)
	{
		const struct ans_option *o = ans_find(rules, key);

		if (o && o->no_log)
			add_secret(args, value);
		if (!o || !o->sub)
			continue;
		if (json_is_object(value))
			collect_secrets(o->sub, value, args);
		json_array_foreach(value, i, entry) collect_secrets(o->sub, entry, args);
	}
}

static int refuse_unknown(const struct level *l, const char *name, struct pxc_err *err)
{
	const char **names = pxc_calloc(l->rules->noptions, sizeof(*names)), *near;
	auto_buf struct pxc_buf list = { .data = NULL };

	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];

		names[i] = o->name;
		buf_printf(&list, "%s%s", i ? ", " : "", o->name);
		for (size_t k = 0; o->aliases && o->aliases[k]; k++)
			buf_printf(&list, "%s%s%s", k ? ", " : " (", o->aliases[k],
				   o->aliases[k + 1] ? "" : ")");
	}
	near = str_nearest(name, names, l->rules->noptions);
	(void)pxc_fail(
		err, PXC_EINVAL,
		"Unsupported parameters for (%s) module: %s%s%s.%s%s%s Supported parameters include: %s.",
		*l->args->task.module_name ? l->args->task.module_name : l->args->spec->name,
		*l->context ? l->context : "", *l->context ? " -> " : "", name,
		near ? " Did you mean " : "", near ? near : "", near ? "?" : "", buf_str(&list));
	free(names);
	return -1;
}

/* Names to options: aliases resolved, unknown ones refused, null taken for absent. */
static int take_names(struct level *l, const json_t *raw, struct pxc_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)raw, key, value)
	{
		const struct ans_option *o = ans_find(l->rules, key);

		if (!*l->context && str_starts(key, INTERNAL))
			continue;
		if (!o && l->args->task.ignore_unknown)
			continue;
		if (!o)
			return refuse_unknown(l, key, err);
		if (json_is_null(value))
			continue;
		if (json_object_get(l->given, o->name)) {
			auto_free char *text =
				pxc_printf("Both option %s and its alias %s are set.", o->name,
					   str_eq(key, o->name) ? o->aliases[0] : key);

			warn(l->args, text);
			if (!str_eq(key, o->name))
				continue;
		}
		(void)json_object_set(l->given, o->name, value);
	}
	return 0;
}

static void take_fallbacks(struct level *l)
{
	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];

		for (size_t k = 0; o->env && o->env[k] && !json_object_get(l->given, o->name);
		     k++) {
			const char *text = l->getenv_fn(o->env[k]);
			json_t *value = text && *text ? json_string(text) : NULL;

			if (value && o->no_log)
				add_secret(l->args, value);
			if (value)
				(void)json_object_set_new(l->given, o->name, value);
		}
	}
}

static int check_required(const struct level *l, struct pxc_err *err)
{
	auto_buf struct pxc_buf missing = { .data = NULL };

	for (size_t i = 0; i < l->rules->noptions; i++)
		if (l->rules->options[i].required &&
		    !json_object_get(l->given, l->rules->options[i].name))
			buf_printf(&missing, "%s%s", missing.len ? ", " : "",
				   l->rules->options[i].name);
	if (missing.len == 0)
		return 0;
	return pxc_fail(err, PXC_EINVAL, "missing required arguments: %s%s%s", buf_str(&missing),
			*l->context ? " found in " : "", l->context);
}

static int check_choice(const struct level *l, const struct ans_option *o, const json_t *value,
			struct pxc_err *err)
{
	auto_buf struct pxc_buf list = { .data = NULL };
	json_auto_t *text = NULL;
	size_t i;
	json_t *entry;

	if (!o->choices)
		return 0;
	if (json_is_array(value)) {
		json_array_foreach(value, i,
				   entry) if (check_choice(l, o, entry, err) < 0) return -1;
		return 0;
	}
	text = ans_coerce_scalar(ANS_STR, NULL, value, err);
	for (i = 0; o->choices[i]; i++) {
		if (str_eq(o->choices[i], json_string_value(text)))
			return 0;
		buf_printf(&list, "%s%s", i ? ", " : "", o->choices[i]);
	}
	return pxc_fail(err, PXC_EINVAL, "value of %s must be %s: %s, got: %s%s%s", o->name,
			o->type == ANS_LIST ? "one or more of" : "one of", buf_str(&list),
			json_string_value(text), *l->context ? " found in " : "", l->context);
}

static int coerce_all(struct level *l, struct pxc_err *err)
{
	json_auto_t *typed = json_object();
	const char *key;
	json_t *value;

	json_object_foreach(l->given, key, value)
	{
		const struct ans_option *o = ans_find(l->rules, key);
		json_t *one = ans_coerce(o, value, err);

		if (!one)
			return *l->context ? pxc_context(err, "%s", l->context) : -1;
		(void)json_object_set_new(typed, key, one);
		if (o->no_log)
			add_secret(l->args, one);
		if (check_choice(l, o, one, err) < 0)
			return -1;
	}
	(void)json_object_clear(l->given);
	(void)json_object_update(l->given, typed);
	(void)json_object_update(l->params, typed);
	return 0;
}

static void take_defaults(struct level *l)
{
	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];

		if (o->default_json && !json_object_get(l->params, o->name))
			(void)json_object_set_new(
				l->params, o->name,
				json_loads(o->default_json, JSON_DECODE_ANY, NULL));
	}
}

static int check_level(struct level *l, const json_t *raw, struct pxc_err *err);

/* A dict with suboptions, given at key (of an object) or at index (of an array). */
static int check_one_sub(struct level *l, const struct ans_option *o, const json_t *raw,
			 json_t **ret_params, json_t **ret_given, struct pxc_err *err)
{
	auto_free char *context =
		pxc_printf("%s%s%s", l->context, *l->context ? " -> " : "", o->name);
	struct level sub = { .rules = o->sub,
			     .args = l->args,
			     .getenv_fn = l->getenv_fn,
			     .context = context,
			     .params = json_object(),
			     .given = json_object() };

	*ret_params = sub.params;
	*ret_given = sub.given;
	return check_level(&sub, raw, err);
}

static int check_subs(struct level *l, struct pxc_err *err)
{
	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];
		json_t *value = o->sub ? json_object_get(l->given, o->name) : NULL;
		json_t *params, *given, *entry;
		size_t k;
		int r = 0;

		if (json_is_object(value)) {
			r = check_one_sub(l, o, value, &params, &given, err);
			(void)json_object_set_new(l->params, o->name, params);
			(void)json_object_set_new(l->given, o->name, given);
		} else if (json_is_array(value)) {
			json_t *all_params = json_array(), *all_given = json_array();

			json_array_foreach(value, k, entry)
			{
				if (r == 0)
					r = check_one_sub(l, o, entry, &params, &given, err);
				else
					break;
				(void)json_array_append_new(all_params, params);
				(void)json_array_append_new(all_given, given);
			}
			(void)json_object_set_new(l->params, o->name, all_params);
			(void)json_object_set_new(l->given, o->name, all_given);
		}
		if (r < 0)
			return -1;
	}
	return 0;
}

static int check_level(struct level *l, const json_t *raw, struct pxc_err *err)
{
	if (take_names(l, raw, err) < 0)
		return -1;
	take_fallbacks(l);
	if (check_required(l, err) < 0 || coerce_all(l, err) < 0)
		return -1;
	take_defaults(l);
	if (ans_check_rules(l->rules, l->given, l->context, err) < 0)
		return -1;
	return check_subs(l, err);
}

int ans_validate(const struct ans_spec *spec, const json_t *raw,
		 const char *(*getenv_fn)(const char *name), struct ans_args *ret,
		 struct pxc_err *err)
{
	struct level top = {
		.rules = &spec->rules, .args = ret, .getenv_fn = getenv_fn, .context = ""
	};

	*ret = (struct ans_args){ .spec = spec,
				  .params = json_object(),
				  .given = json_object(),
				  .warnings = json_array(),
				  .secrets = json_array() };
	read_task(raw, &ret->task);
	collect_secrets(&spec->rules, raw, ret);
	top.params = ret->params;
	top.given = ret->given;
	return check_level(&top, raw, err);
}
