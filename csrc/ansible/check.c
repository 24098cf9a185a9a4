/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules between options, and choices. */
#include <string.h>

#include "ansible/level.h"
#include "base/buf.h"
#include "base/str.h"

const struct ans_option *ans_find(const struct ans_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->noptions; i++) {
		const struct ans_option *o = &rules->options[i];

		if (str_eq(o->name, name))
			return o;
		for (size_t k = 0; o->aliases && o->aliases[k]; k++)
			if (str_eq(o->aliases[k], name))
				return o;
	}
	return NULL;
}

static size_t count(const json_t *params, const char *const *names)
{
	size_t n = 0;

	for (size_t i = 0; names[i]; i++)
		n += json_object_get(params, names[i]) != NULL;
	return n;
}

static size_t length(const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

static void join(struct pxc_buf *out, const char *const *names, const char *separator)
{
	for (size_t i = 0; names[i]; i++)
		buf_printf(out, "%s%s", i ? separator : "", names[i]);
}

/* Only those of names that are not there. */
static void join_missing(struct pxc_buf *out, const json_t *params, const char *const *names)
{
	const char *separator = "";

	for (size_t i = 0; names[i]; i++) {
		if (json_object_get(params, names[i]))
			continue;
		buf_printf(out, "%s%s", separator, names[i]);
		separator = ", ";
	}
}

static int fail(struct pxc_err *err, const char *context, const struct pxc_buf *text)
{
	return pxc_fail(err, PXC_EINVAL, "%s%s%s", buf_str(text), *context ? " found in " : "",
			context);
}

int level_check_exclusive(const struct ans_rules *r, const json_t *params, const char *context,
			  struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	for (size_t i = 0; r->mutually_exclusive && r->mutually_exclusive[i]; i++) {
		if (count(params, r->mutually_exclusive[i]) < 2)
			continue;
		buf_adds(&text, text.len ? ", " : "parameters are mutually exclusive: ");
		join(&text, r->mutually_exclusive[i], "|");
	}
	return text.len ? fail(err, context, &text) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int level_check_required(const struct ans_level *l, struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };
	const char *missing[64];
	size_t n = 0;

	for (size_t i = 0; i < l->rules->noptions && n + 1 < ARRAY_SIZE(missing); i++)
		if (l->rules->options[i].required &&
		    !json_object_get(l->params, l->rules->options[i].name))
			missing[n++] = l->rules->options[i].name;
	if (n == 0)
		return 0;
	qsort(missing, n, sizeof(*missing), by_name);
	missing[n] = NULL;
	buf_adds(&text, "missing required arguments: ");
	join(&text, missing, ", ");
	return fail(err, l->context, &text);
}

static int check_groups(const struct ans_rules *r, const json_t *params, const char *context,
			struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	for (size_t i = 0; r->required_together && r->required_together[i]; i++) {
		size_t have = count(params, r->required_together[i]);

		if (have == 0 || have == length(r->required_together[i]))
			continue;
		buf_adds(&text, "parameters are required together: ");
		join(&text, r->required_together[i], ", ");
		return fail(err, context, &text);
	}
	for (size_t i = 0; r->required_one_of && r->required_one_of[i]; i++) {
		if (count(params, r->required_one_of[i]))
			continue;
		buf_adds(&text, "one of the following is required: ");
		join(&text, r->required_one_of[i], ", ");
		return fail(err, context, &text);
	}
	return 0;
}

/* Is the rule's condition met, and something missing then? */
static bool lacks(const json_t *params, const struct ans_required_if *rule)
{
	json_auto_t *want = json_loads(rule->value, JSON_DECODE_ANY, NULL);
	size_t have = count(params, rule->requirements);

	if (!json_equal(json_object_get(params, rule->option), want))
		return false;
	return rule->any ? have == 0 : have < length(rule->requirements);
}

int level_check_conditions(const struct ans_rules *r, const json_t *params, const char *context,
			   struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	if (check_groups(r, params, context, err) < 0)
		return -1;
	for (const struct ans_required_if *c = r->required_if; c && c->option; c++) {
		json_auto_t *value = NULL;

		if (!lacks(params, c))
			continue;
		value = ans_coerce_scalar(ANS_STR, NULL, json_object_get(params, c->option), err);
		buf_printf(&text, "%s is %s but %s of the following are missing: ", c->option,
			   json_string_value(value), c->any ? "any" : "all");
		join_missing(&text, params, c->requirements);
		return fail(err, context, &text);
	}
	for (const struct ans_required_by *b = r->required_by; b && b->option; b++) {
		if (!json_object_get(params, b->option) ||
		    count(params, b->requirements) == length(b->requirements))
			continue;
		buf_printf(&text, "missing parameter(s) required by '%s': ", b->option);
		join_missing(&text, params, b->requirements);
		return fail(err, context, &text);
	}
	return 0;
}

static bool is_choice(const struct ans_option *o, const char *text)
{
	for (size_t i = 0; o->choices[i]; i++)
		if (str_eq(o->choices[i], text))
			return true;
	return false;
}

/*
 * An unquoted yes or off arrives as a boolean, hence as "True" or "False": when just one choice is such a word, it is
 * that one. NULL: none, or several.
 */
static const char *meant_choice(const struct ans_option *o, const char *text)
{
	static const char *const words[2][6] = { { "n", "no", "off", "0", "false", "f" },
						 { "y", "yes", "on", "1", "true", "t" } };
	bool truth = str_eq(text, "True");
	const char *meant = NULL;

	if (!truth && !str_eq(text, "False"))
		return NULL;
	for (size_t i = 0; o->choices[i]; i++)
		for (size_t k = 0; k < ARRAY_SIZE(words[0]); k++) {
			if (!str_eq(words[truth][k], o->choices[i]))
				continue;
			if (meant)
				return NULL;
			meant = o->choices[i];
		}
	return meant;
}

static int refuse_choice(const struct ans_level *l, const struct ans_option *o, const char *got,
			 struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	buf_printf(&text, "value of %s must be %s: ", o->name,
		   o->type == ANS_LIST ? "one or more of" : "one of");
	join(&text, o->choices, ", ");
	buf_printf(&text, "%s%s", o->type == ANS_LIST ? ". Got no match for: " : ", got: ", got);
	return fail(err, l->context, &text);
}

static int check_list(const struct ans_level *l, const struct ans_option *o, const json_t *list,
		      struct pxc_err *err)
{
	auto_buf struct pxc_buf wrong = { .data = NULL };
	size_t i, n = 0;
	json_t *entry;

	json_array_foreach (list, i, entry) {
		json_auto_t *text = ans_coerce_scalar(ANS_STR, NULL, entry, err);

		if (!is_choice(o, json_string_value(text)))
			buf_printf(&wrong, "%s%s", n++ ? ", " : "", json_string_value(text));
	}
	return n ? refuse_choice(l, o, buf_str(&wrong), err) : 0;
}

int level_check_choices(struct ans_level *l, struct pxc_err *err)
{
	for (size_t i = 0; i < l->rules->noptions; i++) {
		const struct ans_option *o = &l->rules->options[i];
		const json_t *value = json_object_get(l->params, o->name);
		json_auto_t *text = NULL;
		const char *meant;

		if (!o->choices || !value)
			continue;
		if (json_is_array(value)) {
			if (check_list(l, o, value, err) < 0)
				return -1;
			continue;
		}
		text = ans_coerce_scalar(ANS_STR, NULL, value, err);
		if (is_choice(o, json_string_value(text)))
			continue;
		meant = meant_choice(o, json_string_value(text));
		if (!meant)
			return refuse_choice(l, o, json_string_value(text), err);
		(void)json_object_set_new(l->params, o->name, json_string(meant));
	}
	return 0;
}
