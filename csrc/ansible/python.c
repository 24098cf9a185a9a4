/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ansible/python.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

const char *python_type(const json_t *value)
{
	switch (json_typeof(value)) {
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

/* The shortest digits that read back as the same number; an exponent from 1e16 on and below 1e-4. */
static void add_real(struct pxc_buf *out, double value)
{
	char digits[64], plain[512];
	int precision = 1, exponent;

	do
		(void)snprintf(digits, sizeof(digits), "%.*e", precision - 1, value);
	while (strtod(digits, NULL) != value && ++precision <= 17);
	exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);
	if (value != 0.0 && (exponent < -4 || exponent >= 16)) {
		buf_adds(out, digits);
		return;
	}
	(void)snprintf(plain, sizeof(plain), "%.*f",
		       precision - 1 > exponent ? precision - 1 - exponent : 0, value);
	buf_printf(out, "%s%s", plain, strchr(plain, '.') ? "" : ".0");
}

static void add_quoted(struct pxc_buf *out, const char *text)
{
	char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';

	buf_addc(out, quote);
	for (const char *p = text; *p; p++) {
		if (*p == quote || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if (*p == '\n' || *p == '\r' || *p == '\t')
			buf_printf(out, "\\%c", *p == '\n' ? 'n' : *p == '\r' ? 'r' : 't');
		else if ((unsigned char)*p < 0x20 || *p == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned)*p);
		else
			buf_addc(out, *p);
	}
	buf_addc(out, quote);
}

static void add_repr(struct pxc_buf *out, const json_t *value)
{
	const char *key, *separator = "";
	size_t i;
	json_t *entry;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		buf_addc(out, '{');
		json_object_foreach ((json_t *)(uintptr_t)value, key, entry) {
			buf_adds(out, separator);
			add_quoted(out, key);
			buf_adds(out, ": ");
			add_repr(out, entry);
			separator = ", ";
		}
		buf_addc(out, '}');
		break;
	case JSON_ARRAY:
		buf_addc(out, '[');
		json_array_foreach (value, i, entry) {
			buf_adds(out, i ? ", " : "");
			add_repr(out, entry);
		}
		buf_addc(out, ']');
		break;
	case JSON_STRING:
		add_quoted(out, json_string_value(value));
		break;
	case JSON_INTEGER:
		buf_printf(out, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		add_real(out, json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_adds(out, json_is_true(value) ? "True" : "False");
		break;
	case JSON_NULL:
		buf_adds(out, "None");
		break;
	}
}

char *python_str(const json_t *value)
{
	struct pxc_buf out = { .data = NULL };

	if (json_is_string(value))
		return pxc_strdup(json_string_value(value));
	add_repr(&out, value);
	return buf_take(&out);
}
