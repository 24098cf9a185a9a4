/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ansible/dump.h"

#include <stdio.h>

#include "base/str.h"

/* As documentation calls them: a size is a str there. */
static const char *const type_names[] = {
	[ANS_STR] = "str",   [ANS_INT] = "int",   [ANS_BOOL] = "bool", [ANS_FLOAT] = "float",
	[ANS_LIST] = "list", [ANS_DICT] = "dict", [ANS_PATH] = "path", [ANS_RAW] = "raw",
	[ANS_JSON] = "json", [ANS_BYTES] = "str",
};

static json_t *names(const char *const *list)
{
	json_t *ret = json_array();

	for (size_t i = 0; list && list[i]; i++)
		(void)json_array_append_new(ret, json_string(list[i]));
	return ret;
}

static json_t *groups(const char *const *const *lists)
{
	json_t *ret = json_array();

	for (size_t i = 0; lists && lists[i]; i++)
		(void)json_array_append_new(ret, names(lists[i]));
	return ret;
}

/* The rules between the options of one level, those there are. */
static json_t *dump_between(const struct ans_rules *r)
{
	json_t *ret = json_object(), *when = json_array(), *by = json_object();
	const struct {
		const char *name;
		json_t *value;
	} rows[] = { { "mutually_exclusive", groups(r->mutually_exclusive) },
		     { "required_together", groups(r->required_together) },
		     { "required_one_of", groups(r->required_one_of) },
		     { "required_if", when },
		     { "required_by", by } };

	for (const struct ans_required_if *c = r->required_if; c && c->option; c++)
		(void)json_array_append_new(when,
					    json_pack("[s,o,o,b]", c->option,
						      json_loads(c->value, JSON_DECODE_ANY, NULL),
						      names(c->requirements), c->any));
	for (const struct ans_required_by *b = r->required_by; b && b->option; b++)
		(void)json_object_set_new(by, b->option, names(b->requirements));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (json_array_size(rows[i].value) || json_object_size(rows[i].value))
			(void)json_object_set(ret, rows[i].name, rows[i].value);
		json_decref(rows[i].value);
	}
	return ret;
}

static json_t *dump_rules(const struct ans_rules *rules)
{
	json_t *ret = json_object();

	for (size_t i = 0; i < rules->noptions; i++) {
		const struct ans_option *o = &rules->options[i];
		json_t *row = json_pack("{s:s,s:b,s:b}", "type", type_names[o->type], "required",
					o->required, "no_log", o->no_log);

		if (o->type == ANS_LIST)
			(void)json_object_set_new(row, "elements",
						  json_string(type_names[o->elements]));
		if (o->default_json)
			(void)json_object_set_new(
				row, "default", json_loads(o->default_json, JSON_DECODE_ANY, NULL));
		if (o->choices)
			(void)json_object_set_new(row, "choices", names(o->choices));
		if (o->aliases)
			(void)json_object_set_new(row, "aliases", names(o->aliases));
		if (o->env)
			(void)json_object_set_new(row, "env", names(o->env));
		if (o->unit)
			(void)json_object_set_new(row, "unit", json_integer((json_int_t)o->unit));
		if (o->sub) {
			(void)json_object_set_new(row, "options", dump_rules(o->sub));
			(void)json_object_set_new(row, "rules", dump_between(o->sub));
		}
		(void)json_object_set_new(ret, o->name, row);
	}
	return ret;
}

json_t *ans_dump(const struct ans_spec *spec)
{
	json_t *ret =
		json_pack("{s:s,s:s,s:b,s:o,s:o}", "module", spec->name, "short_description",
			  spec->short_description, "supports_check_mode", spec->supports_check_mode,
			  "options", dump_rules(&spec->rules), "rules", dump_between(&spec->rules));

	if (spec->batch)
		(void)json_object_set_new(ret, "batch",
					  json_pack("{s:s,s:o}", "option", spec->batch, "required",
						    names(spec->batch_required)));
	return ret;
}

static int print(json_t *value_new)
{
	int r = json_dumpf(value_new, stdout, JSON_INDENT(1));

	json_decref(value_new);
	return r == 0 && printf("\n") == 1 ? 0 : 1;
}

int ans_dump_main(const char *module)
{
	json_t *all = json_object();

	for (size_t i = 0; ans_specs[i]; i++)
		if (!module || str_eq(module, ans_specs[i]->name))
			(void)json_object_set_new(all, ans_specs[i]->name, ans_dump(ans_specs[i]));
	return print(all);
}

int ans_validate_main(const struct ans_spec *spec)
{
	auto_args struct ans_args args = { .params = NULL };
	struct pxc_err err = { .kind = PXC_OK };
	json_auto_t *raw = NULL;
	json_t *out;

	if (ans_read(1, NULL, &raw, &err) < 0 ||
	    ans_validate(spec, raw, ans_getenv, &args, &err) < 0)
		out = json_pack("{s:s}", "error", err.msg);
	else
		out = json_pack("{s:O,s:O,s:O}", "params", args.params, "given", args.given,
				"warnings", args.warnings);
	return print(out);
}
