/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ansible/coerce.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ansible/args.h"
#include "ansible/python.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"

/* Whole doubles below are 64-bit integers. */
#define INT_LIMIT 9223372036854775808.0

static const char *const type_names[] = {
	[ANS_STR] = "str",   [ANS_INT] = "int",     [ANS_BOOL] = "bool", [ANS_FLOAT] = "float",
	[ANS_LIST] = "list", [ANS_DICT] = "dict",   [ANS_PATH] = "path", [ANS_RAW] = "raw",
	[ANS_JSON] = "json", [ANS_BYTES] = "bytes",
};

static json_t *refuse(const char *type, const json_t *v, struct pxc_err *err)
{
	(void)pxc_fail(err, PXC_EINVAL, "<class '%s'> cannot be converted to %s", python_type(v),
		       type);
	return NULL;
}

static json_t *to_str(const json_t *v)
{
	auto_free char *text = python_str(v);

	/* ansible-core up to 2.16 makes "None" of a null in a list of texts: nobody wants that. */
	return json_string(json_is_null(v) ? "" : text);
}

static const char *skip_space(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* Without the white space around it and the single underscores between digits that Python allows. New string; NULL: a wrong one. */
static char *clean_number(const char *text)
{
	struct pxc_buf out = { .data = NULL };
	size_t len;

	text = skip_space(text);
	for (len = strlen(text); len && isspace((unsigned char)text[len - 1]);)
		len--;
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '_') {
			buf_addc(&out, text[i]);
		} else if (i == 0 || !isdigit((unsigned char)text[i - 1]) ||
			   !isdigit((unsigned char)text[i + 1])) {
			buf_release(&out);
			return NULL;
		}
	}
	return buf_take(&out);
}

static bool parse_int(const char *text, long long *ret)
{
	auto_free char *number = clean_number(text);
	char *end;

	if (!number || !*number || isspace((unsigned char)*number))
		return false;
	errno = 0;
	*ret = strtoll(number, &end, 10);
	return !*end && errno == 0;
}

static bool parse_float(const char *text, double *ret)
{
	auto_free char *number = clean_number(text);
	char *end;

	if (!number || !*number || strpbrk(number, "xX"))
		return false;
	*ret = strtod(number, &end);
	/* JSON has no infinity, and nothing here means one. */
	return !*end && isfinite(*ret);
}

static json_t *to_int(const json_t *v, struct pxc_err *err)
{
	double d = json_real_value(v);
	long long n = 0;

	if (json_is_integer(v))
		return json_integer(json_integer_value(v));
	if (json_is_boolean(v))
		return json_integer(json_is_true(v));
	if (json_is_real(v) && d == floor(d) && fabs(d) < INT_LIMIT)
		return json_integer((json_int_t)d);
	if (!json_is_string(v))
		return refuse("an int", v, err);
	if (parse_int(json_string_value(v), &n))
		return json_integer(n);
	/* ansible-core takes "1.0" and "1e3" from 2.17 on. */
	if (!parse_float(json_string_value(v), &d) || d != floor(d) || fabs(d) >= INT_LIMIT)
		return refuse("an int", v, err);
	return json_integer((json_int_t)d);
}

static json_t *to_bool(const json_t *v, struct pxc_err *err)
{
	static const char *const words[2][6] = { { "n", "no", "off", "0", "false", "f" },
						 { "y", "yes", "on", "1", "true", "t" } };
	auto_free char *text = python_str(v);
	const char *word = skip_space(text);
	size_t len = strlen(word);

	if (json_is_boolean(v))
		return json_boolean(json_is_true(v));
	if (!json_is_string(v) && !json_is_number(v))
		return refuse("a bool", v, err);
	if (json_is_number(v) && (json_number_value(v) == 0.0 || json_number_value(v) == 1.0))
		return json_boolean(json_number_value(v) == 1.0);
	while (len && isspace((unsigned char)word[len - 1]))
		len--;
	for (size_t is = 0; json_is_string(v) && is < 2; is++)
		for (size_t i = 0; i < ARRAY_SIZE(words[0]); i++)
			if (strlen(words[is][i]) == len &&
			    strncasecmp(words[is][i], word, len) == 0)
				return json_boolean(is == 1);
	(void)pxc_fail(
		err, PXC_EINVAL,
		"The value '%s' is not a valid boolean.  Valid booleans include: 'yes', 'no', "
		"'on', 'off', 'true', 'false', 'y', 'n', 't', 'f', '1', '0', 1, 0",
		text);
	return NULL;
}

static json_t *to_float(const json_t *v, struct pxc_err *err)
{
	double d = 0.0;

	if (json_is_number(v))
		return json_real(json_number_value(v));
	if (json_is_boolean(v))
		return json_real(json_is_true(v) ? 1.0 : 0.0);
	if (!json_is_string(v) || !parse_float(json_string_value(v), &d))
		return refuse("a float", v, err);
	return json_real(d);
}

static json_t *to_bytes(const struct ans_option *option, const json_t *v, struct pxc_err *err)
{
	uint64_t unit = option && option->unit ? option->unit : 1, bytes = 0;
	auto_free char *text = python_str(v);

	if ((json_is_string(v) || json_is_number(v)) && size_parse(text, unit, &bytes))
		return json_integer((json_int_t)bytes);
	(void)pxc_fail(err, PXC_EINVAL,
		       "%s is no size: write a number, or one with K, M, G or T, like 32G", text);
	return NULL;
}

/* A container as JSON text; a text without the white space around it. */
static json_t *to_json(const json_t *v, struct pxc_err *err)
{
	const char *text = json_string_value(v);
	auto_free char *dumped = NULL;
	size_t len;

	if (json_is_object(v) || json_is_array(v)) {
		dumped = json_dumps(v, 0);
		return json_string(dumped);
	}
	if (!text)
		return refuse("a json string", v, err);
	text = skip_space(text);
	for (len = strlen(text); len && isspace((unsigned char)text[len - 1]);)
		len--;
	return json_stringn(text, len);
}

json_t *ans_coerce_scalar(enum ans_type type, const struct ans_option *option, const json_t *value,
			  struct pxc_err *err)
{
	auto_free char *text = NULL;

	switch (type) {
	case ANS_STR:
		return to_str(value);
	case ANS_INT:
		return to_int(value, err);
	case ANS_BOOL:
		return to_bool(value, err);
	case ANS_FLOAT:
		return to_float(value, err);
	case ANS_DICT:
		return coerce_dict(value, err);
	case ANS_PATH:
		text = python_str(value);
		return coerce_path(text);
	case ANS_BYTES:
		return to_bytes(option, value, err);
	case ANS_JSON:
		return to_json(value, err);
	case ANS_LIST:
	case ANS_RAW:
		break;
	}
	return json_deep_copy(value);
}

static json_t *split_list(const char *text)
{
	json_t *list = json_array();

	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");

		(void)json_array_append_new(list, json_stringn(p, len));
		p += len;
		if (!*p)
			return list;
	}
}

/* A list as it is, a text at its commas, anything else that is one value alone. */
static json_t *raw_list(const json_t *value, struct pxc_err *err)
{
	if (json_is_array(value))
		return json_deep_copy(value);
	if (json_is_string(value))
		return split_list(json_string_value(value));
	if (json_is_number(value) || json_is_boolean(value))
		return json_pack("[o]", to_str(value));
	return refuse("a list", value, err);
}

static json_t *coerce_elements(const struct ans_option *o, const json_t *raw, const char *context,
			       struct pxc_err *err)
{
	json_auto_t *list = json_array();
	size_t i;
	json_t *entry;

	json_array_foreach (raw, i, entry) {
		json_t *one = ans_coerce_scalar(o->elements, o, entry, err);

		if (!one) {
			(void)pxc_context(
				err,
				"Elements value for option '%s'%s%s%s is of type <class '%s'> and we "
				"were unable to convert to %s",
				o->name, *context ? " found in '" : "", context,
				*context ? "'" : "", python_type(entry), type_names[o->elements]);
			return NULL;
		}
		(void)json_array_append_new(list, one);
	}
	return pxc_take(&list);
}

json_t *ans_coerce(const struct ans_option *option, const json_t *value, const char *context,
		   struct pxc_err *err)
{
	json_auto_t *raw = NULL;
	json_t *ret;

	if (option->type == ANS_LIST) {
		raw = raw_list(value, err);
		if (raw)
			return coerce_elements(option, raw, context, err);
		ret = NULL;
	} else {
		ret = ans_coerce_scalar(option->type, option, value, err);
	}
	if (!ret)
		(void)pxc_context(
			err,
			"argument '%s' is of type <class '%s'>%s%s%s and we were unable to convert "
			"to %s",
			option->name, python_type(value), *context ? " found in '" : "", context,
			*context ? "'." : "", type_names[option->type]);
	return ret;
}
