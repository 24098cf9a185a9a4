/* SPDX-License-Identifier: GPL-3.0-or-later */
/* form.c - application/x-www-form-urlencoded as PVE reads it. */
#include <string.h>

#include "sim/request.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes of the UTF-8 character at s, 0 = none starts there. */
static size_t utf8_char(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c < 0x80 ? 1 : (c >> 5) == 6 ? 2 : (c >> 4) == 14 ? 3 : (c >> 3) == 30 ? 4 : 0;

	return n && n <= len && utf8_valid(s, n) ? n : 0;
}

static char *repaired(char *text, size_t len)
{
	struct pxc_buf out = { 0 };

	if (utf8_valid(text, len) && !memchr(text, '\0', len))
		return text;
	for (size_t i = 0; i < len;) {
		size_t n = utf8_char(text + i, len - i);

		if (!n || !text[i])
			buf_adds(&out, "\xef\xbf\xbd");
		else
			buf_add(&out, text + i, n);
		i += n ? n : 1;
	}
	free(text);
	return buf_take(&out);
}

char *sim_url_decode(const char *text, size_t len, bool plus)
{
	char *out = pxc_alloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && i + 2 < len && hex(text[i + 1]) >= 0 &&
		    hex(text[i + 2]) >= 0) {
			out[n++] = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
			i += 2;
		} else if (plus && text[i] == '+') {
			out[n++] = ' ';
		} else {
			out[n++] = text[i];
		}
	}
	out[n] = '\0';
	return repaired(out, n);
}

static void add(json_t *params, const char *key, const char *value)
{
	json_t *before = json_object_get(params, key);

	if (!before) {
		json_object_set_new(params, key, json_string(value));
		return;
	}
	if (!json_is_array(before)) {
		json_t *list = json_array();

		json_array_append(list, before);
		json_object_set_new(params, key, list);
		before = list;
	}
	json_array_append_new(before, json_string(value));
}

void sim_form_decode(const char *text, size_t len, json_t *params)
{
	for (size_t at = 0; at < len;) {
		const char *amp = memchr(text + at, '&', len - at);
		size_t end = amp ? (size_t)(amp - text) : len;
		const char *equals = memchr(text + at, '=', end - at);
		size_t key_len = equals ? (size_t)(equals - text) - at : end - at;
		size_t value_at = equals ? at + key_len + 1 : end;

		if (end > at) {
			auto_free char *key = sim_url_decode(text + at, key_len, true);
			auto_free char *value =
				sim_url_decode(text + value_at, end - value_at, true);

			add(params, key, value);
		}
		at = end + 1;
	}
}
