/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ansible/args.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"

static const char *const type_names[] = {
	[ANS_STR] = "str",   [ANS_INT] = "int",    [ANS_BOOL] = "bool", [ANS_FLOAT] = "float",
	[ANS_LIST] = "list", [ANS_DICT] = "dict",  [ANS_PATH] = "path", [ANS_RAW] = "raw",
	[ANS_JSON] = "json", [ANS_BYTES] = "size",
};

/* The name Python would give the value's type: it is in the messages that users know. */
static const char *python_type(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return "dict";
	case JSON_ARRAY:
		return "list";
	case JSON_STRING:
		return "str";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	case JSON_NULL:
		break;
	}
	return "NoneType";
}

static json_t *refuse(enum ans_type type, const json_t *v, struct pxc_err *err)
{
	(void)pxc_fail(err, PXC_EINVAL, "<class '%s'> cannot be converted to %s %s", python_type(v),
		       type == ANS_INT ? "an" : "a", type_names[type]);
	return NULL;
}

static json_t *to_str(const json_t *v)
{
	char buf[64];

	if (json_is_string(v))
		return json_string(json_string_value(v));
	if (json_is_boolean(v))
		return json_string(json_is_true(v) ? "True" : "False");
	if (json_is_integer(v))
		(void)snprintf(buf, sizeof(buf), "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v) && json_real_value(v) == floor(json_real_value(v)) &&
		 fabs(json_real_value(v)) < 1e15)
		(void)snprintf(buf, sizeof(buf), "%.1f", json_real_value(v));
	else if (json_is_real(v))
		(void)snprintf(buf, sizeof(buf), "%.17g", json_real_value(v));
	else {
		auto_free char *text = json_dumps(v, JSON_ENCODE_ANY);

		return json_string(text ? text : "");
	}
	return json_string(buf);
}

static json_t *to_int(const json_t *v, struct pxc_err *err)
{
	const char *text = json_string_value(v);
	char *end;
	long long n;

	if (json_is_integer(v))
		return json_integer(json_integer_value(v));
	if (json_is_boolean(v))
		return json_integer(json_is_true(v));
	if (json_is_real(v) && json_real_value(v) == floor(json_real_value(v)) &&
	    fabs(json_real_value(v)) < 9e15)
		return json_integer((json_int_t)json_real_value(v));
	if (!text)
		return refuse(ANS_INT, v, err);
	errno = 0;
	n = strtoll(text, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (end == text || *end || errno)
		return refuse(ANS_INT, v, err);
	return json_integer(n);
}

static json_t *to_bool(const json_t *v, struct pxc_err *err)
{
	static const char *const words[2][6] = { { "n", "no", "off", "0", "false", "f" },
						 { "y", "yes", "on", "1", "true", "t" } };
	const char *text = json_string_value(v);

	if (json_is_boolean(v))
		return json_boolean(json_is_true(v));
	if (json_is_number(v) && (json_number_value(v) == 0.0 || json_number_value(v) == 1.0))
		return json_boolean(json_number_value(v) == 1.0);
	for (size_t is = 0; text && is < 2; is++)
		for (size_t i = 0; i < ARRAY_SIZE(words[0]); i++)
			if (strcasecmp(words[is][i], text) == 0)
				return json_boolean(is == 1);
	(void)pxc_fail(
		err, PXC_EINVAL,
		"The value '%s' is not a valid boolean.  Valid booleans include: 'yes', 'no', 'on', 'off', "
		"'true', 'false', 1, 0",
		text ? text : python_type(v));
	return NULL;
}

static json_t *to_float(const json_t *v, struct pxc_err *err)
{
	const char *text = json_string_value(v);
	char *end;
	double d;

	if (json_is_number(v))
		return json_real(json_number_value(v));
	if (!text)
		return refuse(ANS_FLOAT, v, err);
	d = strtod(text, &end);
	if (end == text || *end || !isfinite(d))
		return refuse(ANS_FLOAT, v, err);
	return json_real(d);
}

static json_t *to_bytes(const struct ans_option *option, const json_t *v, struct pxc_err *err)
{
	const char *text = json_string_value(v);
	uint64_t unit = option && option->unit ? option->unit : 1, bytes = 0;
	char number[32];

	if (json_is_integer(v) && json_integer_value(v) >= 0) {
		(void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
		text = number;
	}
	if (!text || !size_parse(text, unit, &bytes)) {
		(void)pxc_fail(
			err, PXC_EINVAL,
			"\"%s\" is no size: write a number, or one with K, M, G or T, like 32G",
			text ? text : python_type(v));
		return NULL;
	}
	return json_integer((json_int_t)bytes);
}

/* ~, ~user, $VAR and ${VAR} as os.path does it. */
static json_t *to_path(const json_t *v)
{
	json_auto_t *text = to_str(v);
	const char *p = json_string_value(text);
	auto_buf struct pxc_buf out = { .data = NULL };

	if (*p == '~' && (!p[1] || p[1] == '/')) {
		const char *home = ans_getenv("HOME");
		const struct passwd *user = home ? NULL : getpwuid(getuid());

		buf_adds(&out, home ? home : user ? user->pw_dir : "~");
		p++;
	}
	while (*p) {
		bool braces = p[0] == '$' && p[1] == '{';
		size_t start = braces ? 2 : 1, len = 0;
		auto_free char *name = NULL;
		const char *value;

		while (*p == '$' &&
		       (isalnum((unsigned char)p[start + len]) || p[start + len] == '_'))
			len++;
		if (len == 0 || (braces && p[start + len] != '}')) {
			buf_addc(&out, *p++);
			continue;
		}
		name = pxc_strndup(p + start, len);
		value = ans_getenv(name);
		if (value)
			buf_adds(&out, value);
		else
			buf_add(&out, p, start + len + braces);
		p += start + len + braces;
	}
	return json_string(buf_str(&out));
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

/* "k=v, k2='a b'": the old way to write a dict. */
static json_t *parse_pairs(const char *text)
{
	json_t *dict = json_object();
	const char *p = text;

	while (*p) {
		auto_buf struct pxc_buf field = { .data = NULL };
		char quote = '\0';
		const char *equals;

		while (*p == ' ' || *p == ',')
			p++;
		for (; *p && (quote || (*p != ',' && *p != ' ')); p++) {
			if (*p == '\\' && p[1])
				buf_addc(&field, *++p);
			else if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? '\0' : *p;
			else
				buf_addc(&field, *p);
		}
		if (field.len == 0)
			continue;
		equals = strchr(buf_str(&field), '=');
		if (!equals || quote) {
			json_decref(dict);
			return NULL;
		}
		(void)json_object_setn_new(dict, buf_str(&field),
					   (size_t)(equals - buf_str(&field)),
					   json_string(equals + 1));
	}
	return dict;
}

static json_t *to_dict(const json_t *v, struct pxc_err *err)
{
	const char *text = json_string_value(v);
	json_t *dict = NULL;

	if (json_is_object(v))
		return json_deep_copy(v);
	if (!text)
		return refuse(ANS_DICT, v, err);
	if (*text == '{')
		dict = json_loads(text, 0, NULL);
	else if (strchr(text, '='))
		dict = parse_pairs(text);
	if (!json_is_object(dict)) {
		json_decref(dict);
		(void)pxc_fail(err, PXC_EINVAL,
			       "dictionary requested, could not parse JSON or key=value");
		return NULL;
	}
	return dict;
}

json_t *ans_coerce_scalar(enum ans_type type, const struct ans_option *option, const json_t *value,
			  struct pxc_err *err)
{
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
		return to_dict(value, err);
	case ANS_PATH:
		return to_path(value);
	case ANS_BYTES:
		return to_bytes(option, value, err);
	case ANS_JSON:
		return json_is_object(value) || json_is_array(value)
			       ? json_string(json_dumps(value, JSON_COMPACT))
			       : to_str(value);
	case ANS_LIST:
	case ANS_RAW:
		break;
	}
	return json_deep_copy(value);
}

static json_t *to_list(const struct ans_option *option, const json_t *value, struct pxc_err *err)
{
	json_auto_t *raw = NULL;
	json_t *list, *entry;
	size_t i;

	if (json_is_array(value))
		raw = json_deep_copy(value);
	else if (json_is_string(value))
		raw = split_list(json_string_value(value));
	else if (json_is_number(value))
		raw = json_pack("[o]", to_str(value));
	else
		return refuse(ANS_LIST, value, err);
	list = json_array();
	json_array_foreach(raw, i, entry)
	{
		json_t *one = ans_coerce_scalar(option->elements, option, entry, err);

		if (!one) {
			json_decref(list);
			(void)pxc_context(
				err,
				"Elements value for option '%s' is of type <class '%s'> and we were unable "
				"to convert to %s",
				option->name, python_type(entry), type_names[option->elements]);
			return NULL;
		}
		(void)json_array_append_new(list, one);
	}
	return list;
}

json_t *ans_coerce(const struct ans_option *option, const json_t *value, struct pxc_err *err)
{
	json_t *ret;

	if (option->type == ANS_LIST)
		return to_list(option, value, err);
	ret = ans_coerce_scalar(option->type, option, value, err);
	if (!ret)
		(void)pxc_context(
			err,
			"argument '%s' is of type <class '%s'> and we were unable to convert to %s",
			option->name, python_type(value), type_names[option->type]);
	return ret;
}
