/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a browser makes of it: tests/report. */
#include "unit/cloud/render_rows.h"

static void bars_are_as_long_as_what_is_used(void **state)
{
	static const struct {
		int used, limit;
		const char *part; /* of the page */
	} rows[] = {
		{ 3, 12,
		  "<dd>3 of 12</dd><span class=\"meter \" aria-hidden=\"true\"><i style=\"width:25.0%\"></i></span>" },
		{ 0, 12, "<i style=\"width:0.0%\">" },
		{ 10, 12,
		  "<span class=\"meter near\" aria-hidden=\"true\"><i style=\"width:83.3%\">" },
		{ 12, 12,
		  "<span class=\"meter near\" aria-hidden=\"true\"><i style=\"width:100.0%\">" },
		{ 15, 12,
		  "<dd>15 of 12 <span class=\"note over\">over</span></dd>"
		  "<span class=\"meter over\" aria-hidden=\"true\"><i style=\"width:100.0%\">" },
		{ 1, 0,
		  "<span class=\"meter over\" aria-hidden=\"true\"><i style=\"width:100.0%\">" },
		{ 0, 0, "<i style=\"width:0.0%\">" },
		{ 3, -1, "<dd>3, no limit</dd></div>" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *facts =
			json_pack("{s:[{s:s,s:{s:i,s:i}}]}", "usage", "project", "p", "cores",
				  "used", rows[i].used, "limit", rows[i].limit);
		auto_free char *page = rendered(RENDER_HTML, facts, "x");

		assert_non_null(strstr(page, rows[i].part));
	}
}

/* The same elements as with a harmless text: every "<" and every quotation mark is the page's own. */
static void no_text_becomes_an_element(void **state)
{
	json_auto_t *plain = facts_with("x");
	auto_free char *harmless = rendered(RENDER_HTML, plain, "x");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		json_auto_t *facts = facts_with(hostile[i]);
		auto_free char *page = rendered(RENDER_HTML, facts, hostile[i]);

		if (*hostile[i]) {
			assert_int_equal(count_of(page, "<"), count_of(harmless, "<"));
			assert_int_equal(count_of(page, ">"), count_of(harmless, ">"));
			assert_int_equal(count_of(page, "\""), count_of(harmless, "\""));
			assert_int_equal(count_of(page, "'"), count_of(harmless, "'"));
		}
		assert_null(strstr(page, "<script"));
		assert_null(strstr(page, "\x1b"));
		assert_null(strstr(page, "\xe2\x80\xae"));
		assert_true(utf8_valid(page, strlen(page)));
	}
}

static void the_page_says_when_and_for_whom_and_asks_for_nothing(void **state)
{
	json_auto_t *facts = facts_of(
		"{\"vms\": [{\"name\": \"a\", \"status\": \"running\"}, {\"name\": \"b\", \"status\": \"stopped\"}]}");
	auto_free char *page = render(RENDER_HTML, &(struct render){ .facts = facts,
								     .stamp = "20261122T013855Z",
								     .title = "Cloud prod",
								     .actor = "alice" });

	(void)state;
	assert_true(str_starts(page, "<!doctype html>\n"));
	assert_non_null(strstr(page, "<title>Cloud prod</title>"));
	assert_non_null(strstr(page, "As it was at 2026-11-22 01:38 UTC, as alice sees it."));
	assert_non_null(strstr(page, "<b>1 of 2</b>VMs run"));
	assert_non_null(strstr(page, "default-src 'none'; style-src 'unsafe-inline'"));
	assert_null(strstr(page, "src="));
	assert_null(strstr(page, "http:"));
	assert_null(strstr(page, "https:"));
	assert_null(strstr(page, "url("));
	assert_null(strstr(page, "@import"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars_are_as_long_as_what_is_used),
		cmocka_unit_test(no_text_becomes_an_element),
		cmocka_unit_test(the_page_says_when_and_for_whom_and_asks_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
