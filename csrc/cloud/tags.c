/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/tags.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

void tags_merge(json_t *list, const char *tag)
{
	size_t i;
	json_t *have;

	json_array_foreach (list, i, have)
		if (strcasecmp(json_string_value(have), tag) == 0)
			return;
	(void)json_array_append_new(list, json_string(tag));
}

void tags_split(json_t *list, const char *text)
{
	for (const char *p = text; p && *p;) {
		size_t len = strcspn(p, ";, ");
		auto_free char *tag = pxc_strndup(p, len);

		if (len)
			tags_merge(list, tag);
		p += len;
		p += *p != '\0';
	}
}

void tags_drop(json_t *list, const char *prefix)
{
	for (size_t i = json_array_size(list); i-- > 0;)
		if (strncasecmp(json_string_value(json_array_get(list, i)), prefix,
				strlen(prefix)) == 0)
			(void)json_array_remove(list, i);
}

static bool case_sensitive(const struct world *w)
{
	const json_t *style = json_object_get(w->options, "tag-style");

	return json_integer_value(json_object_get(style, "case-sensitive")) != 0;
}

char *tags_join(const struct world *w, const json_t *list)
{
	struct pxc_buf out = { .data = NULL };
	bool keep_case = case_sensitive(w);
	size_t i;
	json_t *tag;

	json_array_foreach (list, i, tag) {
		if (i)
			buf_addc(&out, ';');
		buf_adds(&out, json_string_value(tag));
	}
	for (size_t k = 0; !keep_case && k < out.len; k++)
		if (out.data[k] >= 'A' && out.data[k] <= 'Z')
			out.data[k] = (char)(out.data[k] - 'A' + 'a');
	return buf_take(&out);
}

bool tags_same(const json_t *a, const json_t *b)
{
	json_auto_t *all = json_copy((json_t *)(uintptr_t)a);
	size_t i;
	json_t *tag;

	json_array_foreach (b, i, tag)
		tags_merge(all, json_string_value(tag));
	return json_array_size(all) == json_array_size(a) &&
	       json_array_size(a) == json_array_size(b);
}
