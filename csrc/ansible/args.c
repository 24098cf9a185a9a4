/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ansible/args.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ansible/level.h"
#include "base/mem.h"
#include "base/str.h"

void ans_args_release(struct ans_args *args)
{
	json_decref(args->params);
	json_decref(args->given);
	json_decref(args->warnings);
	json_decref(args->secrets);
	json_decref(args->raw);
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

/* A copy of the value of each option that was given, under its own name: null is the same as not given. */
static void take_options(struct ans_level *l)
{
	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];
		const json_t *value = json_object_get(l->raw, o->name);
		bool named = value && !json_is_null(value);

		for (size_t k = 0; o->aliases && o->aliases[k]; k++) {
			const json_t *other = json_object_get(l->raw, o->aliases[k]);

			if (!other || json_is_null(other))
				continue;
			if (named)
				(void)json_array_append_new(
					l->args->warnings,
					json_sprintf("Both option %s%s and its alias %s%s are set.",
						     l->prefix, o->name, l->prefix, o->aliases[k]));
			value = other;
			named = true;
		}
		if (named)
			(void)json_object_set_new(l->params, o->name, json_deep_copy(value));
	}
}

static void take_fallbacks(struct ans_level *l)
{
	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];

		for (size_t k = 0; o->env && o->env[k]; k++) {
			const char *text = l->getenv_fn(o->env[k]);

			if (json_object_get(l->params, o->name))
				break;
			if (text && *text)
				(void)json_object_set_new(l->params, o->name, json_string(text));
		}
	}
}

static void take_defaults(struct ans_level *l)
{
	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];

		if (json_object_get(l->params, o->name))
			(void)json_object_set_new(l->given, o->name, json_null());
		else if (o->default_json)
			(void)json_object_set_new(
				l->params, o->name,
				json_loads(o->default_json, JSON_DECODE_ANY, NULL));
	}
}

/* given: what stands in params and is no default. */
static void copy_given(struct ans_level *l)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe (l->given, next, key, value) {
		(void)value;
		(void)json_object_set(l->given, key, json_object_get(l->params, key));
	}
}

static int coerce_options(struct ans_level *l, struct pxc_err *err)
{
	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];
		const json_t *value = json_object_get(l->params, o->name);
		json_t *typed;

		if (!value)
			continue;
		typed = ans_coerce(o, value, l->context, err);
		if (!typed)
			return -1;
		(void)json_object_set_new(l->params, o->name, typed);
	}
	return 0;
}

static int check_level(struct ans_level *l, struct pxc_err *err);

/* One dict with suboptions: what comes of it goes to *ret_params and *ret_given, checked or not. */
static int check_sub(const struct ans_level *l, const struct ans_option *o, const json_t *raw,
		     long index, json_t **ret_params, json_t **ret_given, struct pxc_err *err)
{
	auto_free char *context =
		pxc_printf("%s%s%s", l->context, *l->context ? " -> " : "", o->name);
	auto_free char *dotted = pxc_printf("%s%s.", l->dotted, o->name);
	auto_free char *place = index < 0 ? pxc_strdup("") : pxc_printf("[%ld]", index);
	auto_free char *prefix = pxc_printf("%s%s%s.", l->prefix, o->name, place);
	struct ans_level sub = *l;

	sub.rules = o->sub;
	sub.raw = raw;
	sub.context = context;
	sub.dotted = dotted;
	sub.prefix = prefix;
	sub.params = *ret_params = json_object();
	sub.given = *ret_given = json_object();
	return check_level(&sub, err);
}

static int check_sub_list(struct ans_level *l, const struct ans_option *o, const json_t *list,
			  struct pxc_err *err)
{
	json_t *all_params = json_array(), *all_given = json_array(), *entry;
	size_t i;
	int r = 0;

	json_array_foreach (list, i, entry) {
		json_t *params, *given;

		if (r < 0)
			break;
		r = check_sub(l, o, entry, (long)i, &params, &given, err);
		(void)json_array_append_new(all_params, params);
		(void)json_array_append_new(all_given, given);
	}
	if (json_object_get(l->given, o->name))
		(void)json_object_set(l->given, o->name, all_given);
	(void)json_object_set_new(l->params, o->name, all_params);
	json_decref(all_given);
	return r;
}

static int check_subs(struct ans_level *l, struct pxc_err *err)
{
	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];
		json_auto_t *value =
			o->sub ? json_incref(json_object_get(l->params, o->name)) : NULL;
		json_t *params = NULL, *given = NULL;
		int r = 0;

		if (json_is_array(value))
			r = check_sub_list(l, o, value, err);
		if (!json_is_object(value)) {
			if (r < 0)
				return -1;
			continue;
		}
		r = check_sub(l, o, value, -1, &params, &given, err);
		if (json_object_get(l->given, o->name))
			(void)json_object_set(l->given, o->name, given);
		(void)json_object_set_new(l->params, o->name, params);
		json_decref(given);
		if (r < 0)
			return -1;
	}
	return 0;
}

/* The order is ArgumentSpecValidator's, so that the same mistake gives the same first message. */
static int check_level(struct ans_level *l, struct pxc_err *err)
{
	take_options(l);
	take_fallbacks(l);
	level_collect_secrets(l->rules, l->params, l->args->secrets);
	level_note_unknown(l);
	if (level_check_exclusive(l->rules, l->params, l->context, err) < 0)
		return -1;
	take_defaults(l);
	if (level_check_required(l, err) < 0 || coerce_options(l, err) < 0)
		return -1;
	level_collect_secrets(l->rules, l->params, l->args->secrets);
	if (level_check_choices(l, err) < 0 ||
	    level_check_conditions(l->rules, l->params, l->context, err) < 0)
		return -1;
	copy_given(l);
	return check_subs(l, err);
}

int ans_validate(const struct ans_spec *spec, const json_t *raw,
		 const char *(*getenv_fn)(const char *name), struct ans_args *ret,
		 struct pxc_err *err)
{
	json_auto_t *unknown = json_array();
	struct ans_level top = { .rules = &spec->rules,
				 .args = ret,
				 .getenv_fn = getenv_fn,
				 .raw = raw,
				 .context = "",
				 .dotted = "",
				 .prefix = "",
				 .unknown = unknown };

	*ret = (struct ans_args){ .spec = spec,
				  .params = json_object(),
				  .given = json_object(),
				  .warnings = json_array(),
				  .secrets = json_array(),
				  .raw = json_incref((json_t *)(uintptr_t)raw) };
	read_task(raw, &ret->task);
	level_collect_secrets(&spec->rules, raw, ret->secrets);
	top.params = ret->params;
	top.given = ret->given;
	if (check_level(&top, err) < 0)
		return -1;
	return level_refuse_unknown(&top, err);
}
