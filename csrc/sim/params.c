/* SPDX-License-Identifier: GPL-3.0-or-later */
/* params.c - parameters against their tables, with PVE's own words for everything that is wrong. */
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "sim/request.h"

/* Does name ("net12") belong to the family "net[n]" of count members? */
static bool in_family(const struct sim_param *param, const char *name)
{
	size_t stem = strcspn(param->name, "[");
	const char *digits = name + stem;

	if (strncmp(param->name, name, stem) || !*digits || strlen(digits) > 3 ||
	    digits[strspn(digits, "0123456789")] || (digits[0] == '0' && digits[1]))
		return false;
	return strtoul(digits, NULL, 10) < param->count;
}

static const struct sim_param *find_in(const struct sim_param *table, const char *name)
{
	for (; table && table->name; table++)
		if (table->count ? in_family(table, name) : !strcmp(table->name, name))
			return table;
	return NULL;
}

static const struct sim_param *find(const struct sim_call *call, const char *name)
{
	const struct sim_param *param = find_in(call->route->params, name);

	if (!param)
		param = find_in(call->route->more, name);
	return param && param->flags & SIM_NEW && call->sim->options.pve == 8 ? NULL : param;
}

static const char *const type_names[] = {
	[SIM_STR] = "string", [SIM_INT] = "integer", [SIM_BOOL] = "boolean",
	[SIM_NUM] = "number", [SIM_ARRAY] = "array",
};

static bool is_integer(const char *text)
{
	if (*text == '+' || *text == '-')
		text++;
	return *text && !text[strspn(text, "0123456789")];
}

static bool is_number(const char *text)
{
	char *end;

	if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
		return false;
	strtod(text, &end);
	return !*end;
}

/* The text of a scalar as Perl would see it; NULL = not a scalar. Caller frees. */
static char *scalar_text(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return pxc_strdup(json_string_value(value));
	case JSON_INTEGER:
		return pxc_printf("%lld", (long long)json_integer_value(value));
	case JSON_REAL:
		return pxc_printf("%.15g", json_real_value(value));
	case JSON_TRUE:
		return pxc_strdup("1");
	case JSON_FALSE:
		return pxc_strdup("0");
	case JSON_OBJECT:
	case JSON_ARRAY:
	case JSON_NULL:
		break;
	}
	return NULL;
}

static bool matches(const char *pattern, const char *text)
{
	regex_t regex;
	bool good;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	good = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return good;
}

static bool in_choices(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (const char *at = choices; *at; at += strspn(at, ", ")) {
		size_t n = strcspn(at, ",");

		if (n == len && !strncmp(at, text, n))
			return true;
		at += n;
	}
	return false;
}

static bool check_range(struct sim_call *call, const struct sim_param *param, const char *name,
			double value)
{
	if (!param->min && !param->max)
		return true;
	if (value < (double)param->min)
		sim_param_error(call, name, "value must have a minimum value of %lld",
				(long long)param->min);
	else if (param->max >= param->min && value > (double)param->max)
		sim_param_error(call, name, "value must have a maximum value of %lld",
				(long long)param->max);
	else
		return true;
	return false;
}

static bool check_length(struct sim_call *call, const struct sim_param *param, const char *name,
			 const char *text)
{
	size_t len;

	if (!param->min && !param->max)
		return true;
	len = utf8_length(text);
	if (len < (size_t)param->min)
		sim_param_error(call, name, "value must be at least %lld characters long",
				(long long)param->min);
	else if (param->max >= param->min && len > (size_t)param->max)
		sim_param_error(call, name, "value may only be %lld characters long",
				(long long)param->max);
	else
		return true;
	return false;
}

static bool format_good(const struct sim_param *param, const char *name, const char *text,
			struct pxc_buf *why)
{
	if (!(param->flags & SIM_LIST))
		return param->format(name, text, why);
	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ",; ");

		if (len) {
			auto_free char *item = pxc_strndup(at, len);

			if (!param->format(name, item, why))
				return false;
		}
		at += len;
		at += strspn(at, ",; ");
	}
	return true;
}

static bool check_text(struct sim_call *call, const struct sim_param *param, const char *name,
		       const char *text)
{
	auto_buf struct pxc_buf why = { 0 };

	if (param->format && !format_good(param, name, text, &why)) {
		if (param->flags & SIM_PATTERN)
			sim_param_error(call, name, "value does not match the regex pattern");
		else
			sim_param_error(call, name, "invalid format - %s", buf_str(&why));
		return false;
	}
	if (param->choices && !in_choices(param->choices, text)) {
		sim_param_error(call, name,
				"value '%s' does not have a value in the enumeration '%s'", text,
				param->choices);
		return false;
	}
	if (param->pattern && !matches(param->pattern, text)) {
		sim_param_error(call, name, "value does not match the regex pattern");
		return false;
	}
	return param->type != SIM_STR || check_length(call, param, name, text);
}

/* The value to hand to the handler, or NULL after an error. New reference. */
static json_t *check_scalar(struct sim_call *call, const struct sim_param *param, const char *name,
			    const char *text)
{
	bool good = true;

	if (param->type == SIM_INT)
		good = is_integer(text);
	else if (param->type == SIM_BOOL)
		good = !strcmp(text, "0") || !strcmp(text, "1");
	else if (param->type == SIM_NUM)
		good = is_number(text);
	if (!good) {
		sim_param_error(call, name, "type check ('%s') failed - got '%s'",
				type_names[param->type], text);
		return NULL;
	}
	if (!check_text(call, param, name, text))
		return NULL;
	if (param->type == SIM_STR)
		return json_string(text);
	if (param->type == SIM_NUM)
		return check_range(call, param, name, strtod(text, NULL))
			       ? json_real(strtod(text, NULL))
			       : NULL;
	if (param->type == SIM_INT && !check_range(call, param, name, strtod(text, NULL)))
		return NULL;
	return json_integer(strtoll(text, NULL, 10));
}

static char *joined(const json_t *list)
{
	auto_buf struct pxc_buf text = { 0 };
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		auto_free char *one = scalar_text(item);

		buf_printf(&text, "%s%s", i ? "," : "", one ? one : "");
	}
	return buf_take(&text);
}

static json_t *check_array(struct sim_call *call, const struct sim_param *param, const char *name,
			   const json_t *value)
{
	struct sim_param item = *param;
	json_t *list = json_array();
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	item.type = SIM_STR;
	for (size_t i = 0; i < count; i++) {
		auto_free char *text =
			scalar_text(json_is_array(value) ? json_array_get(value, i) : value);
		json_t *checked = check_scalar(call, &item, name, text ? text : "");

		if (checked)
			json_array_append_new(list, checked);
	}
	return list;
}

bool sim_format_vmid(const char *name, const char *value, struct pxc_buf *why)
{
	unsigned long vmid = strtoul(value, NULL, 10);

	(void)name;
	if (*value != '0' && vmid >= 100 && vmid <= 999999999)
		return true;
	buf_adds(why, "value does not look like a valid VM ID\n");
	return false;
}

static const struct sim_param path_vmid = { .name = "vmid",
					    .type = SIM_INT,
					    .format = sim_format_vmid };

static void check_one_as(struct sim_call *call, const struct sim_param *param, const char *name,
			 const json_t *value)
{
	auto_free char *text = NULL;
	json_t *checked;

	if (param->type == SIM_ARRAY) {
		json_object_set_new(call->params, name, check_array(call, param, name, value));
		return;
	}
	if (json_is_array(value) && param->flags & SIM_LIST)
		text = joined(value);
	else
		text = scalar_text(value);
	if (!text) {
		sim_param_error(call, name, "type check ('%s') failed - got %s",
				type_names[param->type], json_is_array(value) ? "ARRAY" : "HASH");
		return;
	}
	checked = check_scalar(call, param, name, text);
	if (checked)
		json_object_set_new(call->params, name, checked);
	if (param->needs && !json_object_get(call->raw, param->needs))
		sim_param_error(call, param->needs, "missing property required by '%s'", name);
}

static void check_one(struct sim_call *call, const char *name, const json_t *value)
{
	const struct sim_param *param = find(call, name);

	if (param)
		check_one_as(call, param, name, value);
	else
		sim_param_error(
			call, name,
			"property is not defined in schema and the schema does not allow additional properties");
}

static void check_required(struct sim_call *call, const struct sim_param *table)
{
	for (; table && table->name; table++)
		if (table->flags & SIM_REQUIRED && !json_object_get(call->raw, table->name))
			sim_param_error(call, table->name,
					"property is missing and it is not optional");
}

void sim_params_check(struct sim_call *call, json_t *raw)
{
	const char *name;
	json_t *value;

	call->raw = raw;
	json_object_foreach (raw, name, value) {
		if (!strcmp(name, "vmid") && json_object_get(call->path_params, name))
			check_one_as(call, &path_vmid, name, value);
		else if (json_object_get(call->path_params, name) && !find(call, name))
			json_object_set(call->params, name, value);
		else
			check_one(call, name, value);
	}
	check_required(call, call->route->params);
	check_required(call, call->route->more);
}
