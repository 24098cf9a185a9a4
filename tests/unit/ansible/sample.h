/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sample.h - includes that every cmocka test needs, and JSON written as C writes it: 'a' for "a". */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

/* JSON of a text with single quotes; fails the test when it is none. New reference. */
static inline json_t *json_of(const char *text)
{
	auto_free char *copy = pxc_strdup(text);
	json_error_t where;
	json_t *value;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	value = json_loads(copy, JSON_DECODE_ANY, &where);
	if (!value)
		fail_msg("%s: %s", text, where.text);
	return value;
}

/* Is value what the text says? Both are printed when not. */
static inline void assert_json(const json_t *value, const char *text)
{
	json_auto_t *want = json_of(text);
	auto_free char *got = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);

	if (!json_equal(value, want))
		fail_msg("%s is not %s", got ? got : "(nothing)", text);
}
