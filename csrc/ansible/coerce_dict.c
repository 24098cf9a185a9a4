/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dicts that came as text: JSON, or the old "k=v, k2='a b'". */
#include <ctype.h>
#include <string.h>

#include "ansible/coerce.h"
#include "ansible/python.h"
#include "base/buf.h"
#include "base/str.h"

/* Put what was gathered into the dict; a text without "=" is refused in Python's words. */
static int take_field(json_t *dict, struct pxc_buf *field, size_t *n, struct pxc_err *err)
{
	const char *text = buf_str(field), *equals = strchr(text, '=');

	if (field->len == 0)
		return 0;
	if (!equals)
		return pxc_fail(
			err, PXC_EINVAL,
			"dictionary update sequence element #%zu has length 1; 2 is required", *n);
	(void)json_object_setn_new(dict, text, (size_t)(equals - text), json_string(equals + 1));
	*n += 1;
	buf_release(field);
	return 0;
}

static int parse_pairs(const char *text, json_t *dict, struct pxc_err *err)
{
	auto_buf struct pxc_buf field = { .data = NULL };
	size_t n = 0, len = strlen(text);
	bool escaped = false;
	char quote = '\0';

	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	for (const char *p = text; p < text + len; p++) {
		if (escaped) {
			buf_addc(&field, *p);
			escaped = false;
		} else if (*p == '\\') {
			escaped = true;
		} else if (!quote && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (quote && *p == quote) {
			quote = '\0';
		} else if (!quote && (*p == ',' || *p == ' ')) {
			if (take_field(dict, &field, &n, err) < 0)
				return -1;
		} else {
			buf_addc(&field, *p);
		}
	}
	return take_field(dict, &field, &n, err);
}

json_t *coerce_dict(const json_t *value, struct pxc_err *err)
{
	const char *text = json_string_value(value);
	json_auto_t *dict = NULL;

	if (json_is_object(value))
		return json_deep_copy(value);
	if (!text) {
		(void)pxc_fail(err, PXC_EINVAL, "<class '%s'> cannot be converted to a dict",
			       python_type(value));
		return NULL;
	}
	if (*text == '{') {
		dict = json_loads(text, 0, NULL);
		if (!json_is_object(dict))
			(void)pxc_fail(err, PXC_EINVAL, "unable to evaluate string as dictionary");
		return json_is_object(dict) ? pxc_take(&dict) : NULL;
	}
	if (!strchr(text, '=')) {
		(void)pxc_fail(err, PXC_EINVAL,
			       "dictionary requested, could not parse JSON or key=value");
		return NULL;
	}
	while (isspace((unsigned char)*text))
		text++;
	dict = json_object();
	return parse_pairs(text, dict, err) < 0 ? NULL : pxc_take(&dict);
}
