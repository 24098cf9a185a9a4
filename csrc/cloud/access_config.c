/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program's own configuration, filled in. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/access_task_parts.h"

/* What a word in braces stands for; NULL: that is not known. New reference. */
static json_t *word(const char *text, const struct access_task *t, const struct access_facts *f)
{
	if (str_eq(text, "{endpoint}"))
		return f->url ? json_string(f->url) : NULL;
	if (str_eq(text, "{url}"))
		return f->url ? json_sprintf("%s/api2/json", f->url) : NULL;
	if (str_eq(text, "{tokenid}"))
		return json_sprintf("%s!%s", t->userid, t->token);
	if (str_eq(text, "{userid}"))
		return json_string(t->userid);
	if (str_eq(text, "{token}"))
		return json_string(t->token);
	if (str_eq(text, "{region}"))
		return json_string(f->w->cluster_name);
	if (str_eq(text, "{holder}"))
		return f->holder ? json_integer(f->holder) : NULL;
	return json_string(text);
}

/* New reference; NULL: nothing of it is known. */
static json_t *fill(const json_t *value, const struct access_task *t, const struct access_facts *f)
{
	const char *key;
	size_t i;
	json_t *part, *made, *filled;

	if (json_is_string(value))
		return word(json_string_value(value), t, f);
	if (!json_is_object(value) && !json_is_array(value))
		return json_deep_copy(value);
	made = json_is_object(value) ? json_object() : json_array();
	json_object_foreach ((json_t *)(uintptr_t)value, key, part) {
		filled = fill(part, t, f);
		if (filled)
			(void)json_object_set_new(made, key, filled);
	}
	json_array_foreach (value, i, part) {
		filled = fill(part, t, f);
		if (filled)
			(void)json_array_append_new(made, filled);
	}
	if (json_object_size(made) + json_array_size(made))
		return made;
	json_decref(made);
	return NULL;
}

json_t *access_config(const struct access_task *t, const struct access_facts *f)
{
	json_auto_t *config = t->profile->config ? json_loads(t->profile->config, 0, NULL) : NULL;

	return config ? fill(config, t, f) : NULL;
}
