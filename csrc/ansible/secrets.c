/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "ansible/level.h"
#include "ansible/python.h"
#include "base/buf.h"
#include "base/str.h"

static void add_text(json_t *secrets, const char *text)
{
	size_t i;
	json_t *old;

	if (!*text)
		return;
	/* Longest first, so that a secret that contains another one is masked as a whole. */
	json_array_foreach (secrets, i, old) {
		if (str_eq(json_string_value(old), text))
			return;
		if (strlen(json_string_value(old)) < strlen(text))
			break;
	}
	(void)json_array_insert_new(secrets, i, json_string(text));
}

/* As it stands in a URL; most escape "/" there, some do not. */
static void add_escaped(json_t *secrets, const char *text, const char *plain)
{
	auto_buf struct pxc_buf out = { .data = NULL };

	for (const char *p = text; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr(plain, *p))
			buf_addc(&out, *p);
		else
			buf_printf(&out, "%%%02X", (unsigned char)*p);
	}
	add_text(secrets, buf_str(&out));
}

/* All texts and numbers in value, however deep. */
static void add(json_t *secrets, const json_t *value)
{
	const char *key;
	size_t i;
	json_t *entry;

	if (json_is_string(value) || json_is_number(value)) {
		auto_free char *text = python_str(value);

		add_text(secrets, text);
		add_escaped(secrets, text, "-._~");
		add_escaped(secrets, text, "-._~/");
	}
	json_array_foreach (value, i, entry)
		add(secrets, entry);
	json_object_foreach ((json_t *)(uintptr_t)value, key, entry)
		add(secrets, entry);
}

/* A dict may also have come as text: "password=..." or JSON. */
static void collect_from(const struct ans_option *o, const json_t *value, json_t *secrets)
{
	json_auto_t *dict = NULL;
	struct pxc_err ignored;
	size_t i;
	json_t *entry;

	if (json_is_array(value)) {
		json_array_foreach (value, i, entry)
			collect_from(o, entry, secrets);
		return;
	}
	dict = ans_coerce_scalar(ANS_DICT, NULL, value, &ignored);
	if (dict)
		level_collect_secrets(o->sub, dict, secrets);
}

void level_collect_secrets(const struct ans_rules *rules, const json_t *values, json_t *secrets)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)values, key, value) {
		const struct ans_option *o = ans_find(rules, key);

		if (o && o->no_log)
			add(secrets, value);
		if (o && o->sub && !json_is_null(value))
			collect_from(o, value, secrets);
	}
}
