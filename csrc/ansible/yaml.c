/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "ansible/diff.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

static int collect(void *ctx, unsigned char *bytes, size_t len)
{
	buf_add(ctx, bytes, len);
	return 1;
}

static void emit_scalar(yaml_emitter_t *out, const char *text, bool is_text)
{
	/* Texts that YAML would read as something else are quoted. */
	static const char *const words[] = { "true", "false", "yes", "no",   "on",
					     "off",  "null",  "~",   "",     "y",
					     "n",    "=",     "<<",  ".inf", ".nan" };
	yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;
	yaml_event_t event;

	for (size_t i = 0; is_text && i < ARRAY_SIZE(words); i++)
		if (strcasecmp(words[i], text) == 0)
			style = YAML_SINGLE_QUOTED_SCALAR_STYLE;
	if (is_text && strpbrk(text, "0123456789") &&
	    strspn(text, "+-0123456789.abcdefABCDEFxXoO_:tTzZ ") == strlen(text))
		style = YAML_SINGLE_QUOTED_SCALAR_STYLE;
	if (is_text && strchr(text, '\n'))
		style = YAML_LITERAL_SCALAR_STYLE;
	(void)yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
					   (int)strlen(text), 1, 1, style);
	(void)yaml_emitter_emit(out, &event);
}

static void emit(yaml_emitter_t *out, const json_t *value, bool sorted);

static int key_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void emit_object(yaml_emitter_t *out, const json_t *value, bool sorted)
{
	const char **keys = pxc_calloc(json_object_size(value), sizeof(*keys)), *key;
	size_t n = 0;
	json_t *entry;
	yaml_event_t event;

	json_object_foreach ((json_t *)(uintptr_t)value, key, entry)
		keys[n++] = key;
	if (sorted)
		qsort(keys, n, sizeof(*keys), key_order);
	(void)yaml_mapping_start_event_initialize(
		&event, NULL, NULL, 1, n ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE);
	(void)yaml_emitter_emit(out, &event);
	for (size_t i = 0; i < n; i++) {
		emit_scalar(out, keys[i], true);
		emit(out, json_object_get(value, keys[i]), sorted);
	}
	free(keys);
	(void)yaml_mapping_end_event_initialize(&event);
	(void)yaml_emitter_emit(out, &event);
}

static void emit_array(yaml_emitter_t *out, const json_t *value, bool sorted)
{
	yaml_event_t event;
	size_t i;
	json_t *entry;

	(void)yaml_sequence_start_event_initialize(
		&event, NULL, NULL, 1,
		json_array_size(value) ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE);
	(void)yaml_emitter_emit(out, &event);
	json_array_foreach (value, i, entry)
		emit(out, entry, sorted);
	(void)yaml_sequence_end_event_initialize(&event);
	(void)yaml_emitter_emit(out, &event);
}

static void emit(yaml_emitter_t *out, const json_t *value, bool sorted)
{
	auto_free char *text = NULL;

	if (json_is_object(value)) {
		emit_object(out, value, sorted);
	} else if (json_is_array(value)) {
		emit_array(out, value, sorted);
	} else if (json_is_string(value)) {
		emit_scalar(out, json_string_value(value), true);
	} else {
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		emit_scalar(out, text ? text : "null", false);
	}
}

static char *render(const json_t *value, bool sorted)
{
	struct pxc_buf text = { .data = NULL };
	yaml_emitter_t out;
	yaml_event_t event;

	if (!value || (json_is_object(value) && json_object_size(value) == 0))
		return pxc_strdup("");
	(void)yaml_emitter_initialize(&out);
	yaml_emitter_set_output(&out, collect, &text);
	yaml_emitter_set_unicode(&out, 1);
	yaml_emitter_set_width(&out, 100);
	(void)yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	(void)yaml_emitter_emit(&out, &event);
	(void)yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	(void)yaml_emitter_emit(&out, &event);
	emit(&out, value, sorted);
	(void)yaml_document_end_event_initialize(&event, 1);
	(void)yaml_emitter_emit(&out, &event);
	(void)yaml_stream_end_event_initialize(&event);
	(void)yaml_emitter_emit(&out, &event);
	yaml_emitter_delete(&out);
	return buf_take(&text);
}

char *yaml_render(const json_t *value)
{
	return render(value, true);
}

char *yaml_render_ordered(const json_t *value)
{
	return render(value, false);
}

json_t *diff_create(const char *header, const json_t *before, const json_t *after)
{
	auto_free char *old = yaml_render(before), *new = yaml_render(after);

	return json_pack("{s:s,s:s,s:s,s:s}", "before", old, "after", new, "before_header", header,
			 "after_header", header);
}
