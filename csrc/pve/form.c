/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pve/form.h"

#include <stdbool.h>
#include <string.h>

#include "pve/client.h"

static bool unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void pve_encode(struct pxc_buf *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *run = text;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		const char code[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (unreserved(c))
			continue;
		buf_add(out, run, (size_t)(text - run));
		buf_add(out, code, sizeof(code));
		run = text + 1;
	}
	buf_add(out, run, (size_t)(text - run));
}

char *pve_escape(const char *segment)
{
	struct pxc_buf out = { .data = NULL };

	pve_encode(&out, segment);
	return buf_take(&out);
}

static void add_pair(struct pxc_buf *out, const char *key, const json_t *value)
{
	if (json_is_null(value) || json_is_object(value) || json_is_array(value))
		return;
	if (out->len)
		buf_addc(out, '&');
	pve_encode(out, key);
	buf_addc(out, '=');
	if (json_is_string(value))
		pve_encode(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(out, "%.15g", json_real_value(value));
	else
		buf_addc(out, json_is_true(value) ? '1' : '0');
}

void pve_form(struct pxc_buf *out, const json_t *params)
{
	struct pxc_buf form = { .data = NULL };
	json_t *walk = json_incref((json_t *)(uintptr_t)params), *value, *item;
	const char *key;
	size_t i;

	json_object_foreach (walk, key, value) {
		if (json_is_array(value))
			json_array_foreach (value, i, item)
				add_pair(&form, key, item);
		else
			add_pair(&form, key, value);
	}
	json_decref(walk);
	buf_adds(out, buf_str(&form));
	buf_release(&form);
}
