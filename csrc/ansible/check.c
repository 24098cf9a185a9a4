/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "ansible/args.h"
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

static bool given(const json_t *params, const char *name)
{
	const json_t *v = json_object_get(params, name);

	return v && !json_is_null(v);
}

static size_t count(const json_t *params, const char *const *names)
{
	size_t n = 0;

	for (size_t i = 0; names[i]; i++)
		n += given(params, names[i]);
	return n;
}

static void join(struct pxc_buf *out, const char *const *names, const char *separator)
{
	for (size_t i = 0; names[i]; i++)
		buf_printf(out, "%s%s", i ? separator : "", names[i]);
}

static int fail(struct pxc_err *err, const char *context, const struct pxc_buf *text)
{
	return pxc_fail(err, PXC_EINVAL, "%s%s%s", buf_str(text), *context ? " found in " : "",
			context);
}

static int check_lists(const struct ans_rules *r, const json_t *params, const char *context,
		       struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	for (size_t i = 0; r->mutually_exclusive && r->mutually_exclusive[i]; i++)
		if (count(params, r->mutually_exclusive[i]) > 1) {
			buf_adds(&text, "parameters are mutually exclusive: ");
			join(&text, r->mutually_exclusive[i], "|");
			return fail(err, context, &text);
		}
	for (size_t i = 0; r->required_together && r->required_together[i]; i++) {
		size_t n = 0, have = count(params, r->required_together[i]);

		while (r->required_together[i][n])
			n++;
		if (have == 0 || have == n)
			continue;
		buf_adds(&text, "parameters are required together: ");
		join(&text, r->required_together[i], ", ");
		return fail(err, context, &text);
	}
	for (size_t i = 0; r->required_one_of && r->required_one_of[i]; i++)
		if (count(params, r->required_one_of[i]) == 0) {
			buf_adds(&text, "one of the following is required: ");
			join(&text, r->required_one_of[i], ", ");
			return fail(err, context, &text);
		}
	return 0;
}

static bool equals(const json_t *params, const struct ans_required_if *rule)
{
	json_auto_t *want = json_loads(rule->value, JSON_DECODE_ANY, NULL);

	return json_equal(json_object_get(params, rule->option), want);
}

static int check_conditions(const struct ans_rules *r, const json_t *params, const char *context,
			    struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };

	for (const struct ans_required_if *c = r->required_if; c && c->option; c++) {
		size_t n = 0, have = count(params, c->requirements);
		const char *value = c->value;

		while (c->requirements[n])
			n++;
		if (!equals(params, c) || (c->any ? have > 0 : have == n))
			continue;
		buf_printf(&text, "%s is %.*s but %s of the following are missing: ", c->option,
			   (int)(strlen(value) - 2u * (size_t)(*value == '"')),
			   value + (*value == '"'), c->any ? "any" : "all");
		join(&text, c->requirements, ", ");
		return fail(err, context, &text);
	}
	for (const struct ans_required_by *b = r->required_by; b && b->option; b++)
		for (size_t i = 0; given(params, b->option) && b->requirements[i]; i++)
			if (!given(params, b->requirements[i])) {
				buf_printf(&text, "missing parameter(s) required by '%s': %s",
					   b->option, b->requirements[i]);
				return fail(err, context, &text);
			}
	return 0;
}

int ans_check_rules(const struct ans_rules *rules, const json_t *params, const char *context,
		    struct pxc_err *err)
{
	if (check_lists(rules, params, context, err) < 0)
		return -1;
	return check_conditions(rules, params, context, err);
}
