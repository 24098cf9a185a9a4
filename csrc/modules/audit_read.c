/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/audit_read.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* Hosts whose clocks differ write in another order than their stamps say: a few old lines do not mean the rest is. */
#define OLD_ENOUGH 1000

/* Copy a time without what divides its parts, and what stands for UTC as Python writes it; false: it does not fit. */
static bool squeeze(const char *since, char out[STAMP_TEXT])
{
	size_t n = 0;

	for (const char *p = since; *p; p++) {
		if (*p == '-' || *p == ':')
			continue;
		if (n == STAMP_TEXT - 1)
			return false;
		out[n++] = *p == ' ' ? 'T' : *p;
		if (str_eq(p + 1, "+00:00") && n < STAMP_TEXT - 1) {
			out[n++] = 'Z';
			break;
		}
	}
	out[n] = '\0';
	if (n == strlen("20261101"))
		memcpy(out + n, "T000000Z", sizeof("T000000Z"));
	return true;
}

static bool digits(const char *p, size_t n)
{
	return strspn(p, "0123456789") >= n;
}

static bool stamp_ok(const char *s)
{
	return strlen(s) == STAMP_TEXT - 1 && digits(s, 8) && s[8] == 'T' && digits(s + 9, 6) &&
	       s[15] == 'Z';
}

int audit_reader_init(struct audit_reader *r, const char *since, struct pxc_err *err)
{
	*r = (struct audit_reader){ .list = json_array(), .ended = json_object() };
	if (!since || !*since || (squeeze(since, r->since) && stamp_ok(r->since)))
		return 0;
	return pxc_fail(err, PXC_EINVAL,
			"audit_since: \"%s\" is no day or time in UTC, like 2026-11-01 or "
			"2026-11-01T08:30:00Z",
			since);
}

void audit_reader_release(struct audit_reader *r)
{
	json_decref(r->list);
	json_decref(r->ended);
}

static const char *word(const json_t *line, const char *key)
{
	const char *s = json_string_value(json_object_get(line, key));

	return s ? s : "";
}

static void add_record(struct audit_reader *r, json_t *line, bool unfinished)
{
	static const char *const inner[] = { "v", "n", "event", "changed" };

	if (r->project && !str_eq(word(line, "project"), r->project))
		return;
	if (r->limit && json_array_size(r->list) >= r->limit)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(inner); i++)
		(void)json_object_del(line, inner[i]);
	if (unfinished)
		(void)json_object_set_new(line, "unfinished", json_true());
	(void)json_array_append(r->list, line);
}

static void take_line(struct audit_reader *r, const char *text, size_t len)
{
	json_auto_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	auto_free char *key = NULL;
	bool end;

	if (!json_is_object(line) || !stamp_ok(word(line, "at")) || !*word(line, "run")) {
		r->nunreadable++;
		return;
	}
	key = pxc_printf("%s %lld", word(line, "run"),
			 (long long)json_integer_value(json_object_get(line, "n")));
	end = str_eq(word(line, "event"), "end");
	/* What has ended is in its end; of what has not, this is all there is. */
	if (!end && json_object_get(r->ended, key)) {
		(void)json_object_del(r->ended, key);
		return;
	}
	if (end)
		(void)json_object_set_new(r->ended, key, json_true());
	if (strcmp(word(line, "at"), r->since) < 0) {
		r->nold++;
		return;
	}
	r->nold = 0;
	if (!end || json_is_true(json_object_get(line, "changed")) ||
	    json_is_true(json_object_get(line, "failed")))
		add_record(r, line, !end);
}

void audit_reader_text(struct audit_reader *r, const char *text, size_t len, bool at_begin,
		       size_t *ret_rest)
{
	size_t end = len;

	while (end && !audit_reader_done(r)) {
		size_t begin = end - (text[end - 1] == '\n');

		while (begin && text[begin - 1] != '\n')
			begin--;
		if (!begin && !at_begin)
			break;
		if (text[begin] != '\n')
			take_line(r, text + begin, end - begin);
		end = begin;
	}
	*ret_rest = end;
}

bool audit_reader_done(const struct audit_reader *r)
{
	return (r->limit && json_array_size(r->list) >= r->limit) || r->nold >= OLD_ENOUGH;
}

void audit_month_before(char month[7])
{
	if (str_eq(month + 4, "01")) {
		long year = strtol(month, NULL, 10) / 100;

		(void)snprintf(month, 7, "%04ld12", year > 0 ? (year - 1) % 10000 : 0);
	} else if (month[5] == '0') {
		month[4] = '0';
		month[5] = '9';
	} else {
		month[5]--;
	}
}
