/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of the record, read from the end: what has ended, what has not, and where to stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/audit_read.h"

/* A script of lines, a letter each: b begin, e end, f end that failed, - end without a change, ! no record. */
struct event {
	char what;
	const char *at, *run;
	int n;
	const char *project, *object;
};

static const struct event story[] = {
	{ 'b', "20261030T230000Z", "r1", 0, "acme", "a" },
	{ 'b', "20261030T230000Z", "r1", 1, "acme", "b" },
	{ 'e', "20261030T230010Z", "r1", 0, "acme", "a" },
	{ 'f', "20261030T230010Z", "r1", 1, "acme", "b" },
	{ 'b', "20261031T100000Z", "r2", 0, "beta", "c" }, /* never ends */
	{ '!', "", "", 0, NULL, NULL },
	{ 'b', "20261101T080000Z", "r3", 0, NULL, "cloud" },
	{ 'b', "20261101T080001Z", "r4", 0, "acme", "d" },
	{ 'e', "20261101T080002Z", "r3", 0, NULL, "cloud" },
	{ '-', "20261101T080003Z", "r4", 0, "acme", "d" },
	{ 'b', "20261101T090000Z", "r5", 1, "acme", "e" },
};

static char *text_of(const struct event *list, size_t n)
{
	struct pxc_buf out = { .data = NULL };

	for (size_t i = 0; i < n; i++) {
		const struct event *e = &list[i];
		json_auto_t *line =
			json_pack("{s:i,s:s,s:s,s:i,s:s,s:s*,s:s*}", "v", 1, "at", e->at, "run",
				  e->run, "n", e->n, "event", e->what == 'b' ? "begin" : "end",
				  "project", e->project, "object", e->object);
		auto_free char *text = NULL;

		if (e->what == '!') {
			buf_adds(&out, "half a li\n");
			continue;
		}
		if (e->what != 'b')
			(void)json_object_set_new(line, "changed", json_boolean(e->what == 'e'));
		if (e->what == 'f')
			(void)json_object_set_new(line, "failed", json_true());
		text = json_dumps(line, JSON_COMPACT);
		buf_printf(&out, "%s\n", text);
	}
	return buf_take(&out);
}

static const struct reading {
	const char *project, *since;
	size_t limit;
	const char *objects; /* "?" behind what is unfinished, "!" behind what failed */
} readings[] = {
	{ NULL, NULL, 0, "e? cloud c? b! a " },
	{ "acme", NULL, 0, "e? b! a " },
	{ "beta", NULL, 0, "c? " },
	{ "none", NULL, 0, "" },
	{ NULL, NULL, 2, "e? cloud " },
	{ "acme", NULL, 1, "e? " },
	{ NULL, "2026-11-01", 0, "e? cloud " },
	{ NULL, "2026-10-31T09:00:00Z", 0, "e? cloud c? " },
	{ NULL, "20261031T100000Z", 0, "e? cloud c? " },
	{ NULL, "2026-10-31 10:00:01+00:00", 0, "e? cloud " },
};

static void read_in_pages(const struct reading *c, const char *text, size_t page, char *out,
			  size_t size)
{
	auto_buf struct pxc_buf rest = { .data = NULL };
	struct audit_reader r;
	struct pxc_err err;
	size_t at = strlen(text), i;
	json_t *record;

	if (audit_reader_init(&r, c->since, &err) < 0)
		fail_msg("%s", err.msg);
	r.project = c->project;
	r.limit = c->limit;
	while (at && !audit_reader_done(&r)) {
		size_t len = at < page ? at : page, left;
		auto_buf struct pxc_buf now = { .data = NULL };

		at -= len;
		buf_add(&now, text + at, len);
		buf_adds(&now, buf_str(&rest));
		audit_reader_text(&r, buf_str(&now), now.len, at == 0, &left);
		buf_release(&rest);
		rest = (struct pxc_buf){ .data = NULL };
		buf_add(&rest, buf_str(&now), left);
	}
	*out = '\0';
	json_array_foreach (r.list, i, record) {
		(void)strncat(out, json_string_value(json_object_get(record, "object")),
			      size - strlen(out) - 1);
		(void)strncat(out,
			      json_is_true(json_object_get(record, "unfinished")) ? "? "
			      : json_is_true(json_object_get(record, "failed"))   ? "! "
										  : " ",
			      size - strlen(out) - 1);
		assert_null(json_object_get(record, "event"));
		assert_null(json_object_get(record, "v"));
	}
	if (!c->limit)
		assert_int_equal(r.nunreadable, 1);
	audit_reader_release(&r);
}

static void the_newest_come_first_however_they_are_read(void **state)
{
	static const size_t pages[] = { 1, 7, 64, 300, 100000 };
	auto_free char *text = text_of(story, sizeof(story) / sizeof(*story));

	(void)state;
	for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++)
		for (size_t p = 0; p < sizeof(pages) / sizeof(*pages); p++) {
			char have[200];

			read_in_pages(&readings[i], text, pages[p], have, sizeof(have));
			if (strcmp(have, readings[i].objects) != 0)
				fail_msg("reading %zu by %zu: \"%s\", not \"%s\"", i, pages[p],
					 have, readings[i].objects);
		}
}

static void much_that_is_older_ends_it(void **state)
{
	struct audit_reader r;
	struct pxc_err err;
	char line[200];
	size_t left;

	(void)state;
	assert_int_equal(audit_reader_init(&r, "2026-11-01", &err), 0);
	for (int i = 0; i < 1000; i++) {
		assert_false(audit_reader_done(&r));
		(void)snprintf(
			line, sizeof(line),
			"{\"at\":\"20261030T000000Z\",\"run\":\"r%d\",\"event\":\"begin\"}\n", i);
		audit_reader_text(&r, line, strlen(line), true, &left);
	}
	assert_true(audit_reader_done(&r));
	assert_int_equal(json_array_size(r.list), 0);
	audit_reader_release(&r);
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const wrong[] = { "yesterday",
					     "2026",
					     "2026-11-01T08:30",
					     "2026-11-01T08:30:00+02:00",
					     "20261101T0830000000000Z",
					     "2026-11-0x",
					     "2026-11-01T08:30:000+00:00",
					     "20261101T0830000+00:00" };
	struct audit_reader r;
	struct pxc_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (audit_reader_init(&r, wrong[i], &err) == 0 || err.kind != PXC_EINVAL ||
		    !strstr(err.msg, wrong[i]))
			fail_msg("%s was taken", wrong[i]);
		audit_reader_release(&r);
	}
}

static void months_go_back(void **state)
{
	static const char *const months[] = { "202603", "202602", "202601", "202512",
					      "202511", "202510", "202509" };
	char month[7] = "202603";

	(void)state;
	for (size_t i = 1; i < sizeof(months) / sizeof(*months); i++) {
		audit_month_before(month);
		assert_string_equal(month, months[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_come_first_however_they_are_read),
		cmocka_unit_test(much_that_is_older_ends_it),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(months_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
