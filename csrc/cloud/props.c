/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/props.h"

#include <stdint.h>

#include "base/attr.h"
#include "base/propstr.h"
#include "base/str.h"

void props_overlay(json_t *obj, const json_t *props)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)props, key, value) {
		if (json_is_null(value))
			(void)json_object_del(obj, key);
		else
			(void)json_object_set(obj, key, value);
	}
}

static void drop_default(json_t *obj, const char *key, const char *assumed)
{
	const char *v = json_string_value(json_object_get(obj, key));

	if (v && (str_eq(v, assumed) ||
		  (prop_is_bool(v) && prop_is_bool(assumed) && prop_bool(v) == prop_bool(assumed))))
		(void)json_object_del(obj, key);
}

void props_normalise(json_t *obj, const char *const rows[][2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		drop_default(obj, rows[i][0], rows[i][1]);
}

void props_normalise_drive(json_t *obj)
{
	static const char *const defaults[][2] = {
		{ "ssd", "0" },      { "iothread", "0" }, { "discard", "ignore" },
		{ "cache", "none" }, { "backup", "1" },
	};

	props_normalise(obj, defaults, ARRAY_SIZE(defaults));
}
