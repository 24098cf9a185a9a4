/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render_rows.h - facts for the tests of the formats, and texts that would like to be more than a text. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cloud/render.h"

static const char *const hostile[] = {
	"<script>alert(1)</script>",
	"</td></table></style></title><script>alert(1)</script>",
	"\"><img src=http://127.0.0.1/x onerror=alert(1)>",
	"' onmouseover='alert(1)",
	"<!-- ",
	"-->",
	"]]>",
	"&lt;script&gt;",
	"&",
	"<",
	">",
	"\"",
	"'",
	"a\nb",
	"a\r\nb",
	"\n# EOF\npxc_evil 1\n",
	"\"} 1\npxc_evil{x=\"",
	"\\",
	"\\\"",
	"\\n",
	"\\",
	"{",
	"}",
	",",
	"a\tb",
	"\x1b[31mred\x1b[0m\x1b]0;title\x07",
	"\xc2\x9b"
	"31m",
	"\xe2\x80\xae"
	"drawkcab",
	"\xe2\x81\xa6",
	"\xe2\x80\xa8"
	"line",
	"\xe6\x97\xa5\xe6\x9c\xac",
	"e\xcc\x81",
	"\xf0\x9f\x98\x80",
	"\xf0\x90\x80\x80",
	"javascript:alert(1)",
	"{{ 1 + 1 }}",
	"%s%n",
	"",
};

static json_t *facts_of(const char *text)
{
	json_t *facts = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(facts);
	return facts;
}

/* Something of every list, with this text wherever people write one. */
static inline json_t *facts_with(const char *text)
{
	return json_pack(
		"{s:[{s:s,s:s,s:s,s:s,s:{s:[s]},s:s}],s:[{s:s,s:{s:i,s:i},s:s}],s:[{s:s,s:s,s:s,s:s,s:s,s:[s],s:[s]}],"
		"s:[{s:s,s:s,s:s,s:i}],s:[{s:s,s:s,s:[{s:s}],s:{s:s}}],s:[{s:s,s:s,s:[s]}],s:{s:s}}",
		"projects", "name", text, "state", text, "description", text, "pool", text, "roles",
		"reader", text, "tampered", text, "usage", "project", text, "cores", "used", 3,
		"limit", 2, "problem", text, "vms", "project", text, "name", text, "node", text,
		"status", text, "problem", text, "addresses", text, "drift", text, "nodes", "name",
		text, "status", text, "address", text, "guests", 1, "networks", "project", text,
		"name", text, "subnets", "cidr", text, "zone_status", "pve1", text, "groups",
		"name", text, "description", text, "users", text, "problems", "images", text);
}

static inline char *rendered(enum render_format format, const json_t *facts, const char *text)
{
	return render(format, &(struct render){ .facts = facts,
						.stamp = "20261122T013855Z",
						.title = text,
						.actor = text });
}

static inline void expect_rendered(enum render_format format, const char *given, const char *wanted)
{
	json_auto_t *facts = facts_of(given);
	auto_free char *text = rendered(format, facts, "x");

	assert_string_equal(text, wanted);
}

static inline size_t count_of(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}
