/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "annot/annot.h"
#include "annot/escape.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define BLOCK_BEGIN "<!-- pxc/"
#define BLOCK_END "-->"
#define TOKEN_BEGIN "[pxc/"

/* Where a block stands in the text: [begin, end) with its body between. */
struct place {
	const char *begin, *body, *body_end, *end;
	unsigned long version;
	bool closed;
};

void annot_text_release(struct annot_text *t)
{
	free(t->before);
	free(t->after);
	annot_release(&t->annot);
	*t = (struct annot_text){ .finding = ANNOT_NONE };
}

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

/* A line without its CR. */
static size_t bare_length(const char *line)
{
	size_t n = line_length(line);

	return n && line[n - 1] == '\r' ? n - 1 : n;
}

static const char *next_line(const char *line)
{
	line += line_length(line);
	return *line ? line + 1 : NULL;
}

/* "<!-- pxc/" and a number and nothing else. */
static bool begins_block(const char *line, unsigned long *ret_version)
{
	size_t n = bare_length(line), head = strlen(BLOCK_BEGIN);
	size_t digits = str_starts(line, BLOCK_BEGIN) ? strspn(line + head, "0123456789") : 0;

	if (digits == 0 || digits > 4 || head + digits != n)
		return false;
	*ret_version = strtoul(line + head, NULL, 10);
	return true;
}

static bool find_block(const char *text, struct place *ret)
{
	const char *line = text;

	while (line && !begins_block(line, &ret->version))
		line = next_line(line);
	if (!line)
		return false;
	ret->begin = line;
	line = next_line(line);
	ret->body = line ? line : ret->begin + strlen(ret->begin);
	while (line && !(bare_length(line) == strlen(BLOCK_END) && str_starts(line, BLOCK_END)))
		line = next_line(line);
	ret->closed = line != NULL;
	ret->body_end = line ? line : ret->body + strlen(ret->body);
	ret->end = line ? line + strlen(BLOCK_END) : ret->body_end;
	return true;
}

static bool find_token(const char *text, struct place *ret)
{
	for (const char *p = strstr(text, TOKEN_BEGIN); p; p = strstr(p + 1, TOKEN_BEGIN)) {
		const char *number = p + strlen(TOKEN_BEGIN);
		size_t digits = strspn(number, "0123456789");

		if (digits == 0 || digits > 4 || !number[digits] ||
		    !strchr(" \r\n\t]", number[digits]))
			continue;
		ret->begin = p;
		ret->version = strtoul(number, NULL, 10);
		ret->body = number + digits;
		ret->body_end = ret->body + strcspn(ret->body, "]");
		ret->closed = *ret->body_end == ']';
		ret->end = ret->body_end + ret->closed;
		return true;
	}
	return false;
}

static int damaged(struct annot_text *t, const char *fmt, ...) printf_like(2, 3);

/* The first problem found is the one that is told. */
static int damaged(struct annot_text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!*t->problem)
		(void)vsnprintf(t->problem, sizeof(t->problem), fmt, ap);
	va_end(ap);
	t->finding = ANNOT_TAMPERED;
	return -1;
}

/* One key=value. The seal is taken aside. */
static int take_pair(struct annot_text *t, const char *line, size_t len, char seal[17])
{
	const char *equals = memchr(line, '=', len);
	auto_free char *key = equals ? pxc_strndup(line, (size_t)(equals - line)) : NULL;
	auto_free char *shown = pxc_strndup(line, len < 40 ? len : 40);
	auto_buf struct pxc_buf value = { .data = NULL };
	size_t value_len = equals ? len - (size_t)(equals - line) - 1 : 0;

	if (!key || !annot_key_ok(key, strlen(key)))
		return damaged(t, "\"%s\" is no key=value", shown);
	if (!annot_unescape(&value, equals + 1, value_len))
		return damaged(t, "the value of %s holds bytes that must be escaped", key);
	if (*seal)
		return damaged(t, "\"%s\" stands behind the seal", key);
	if (str_eq(key, "s")) {
		(void)snprintf(seal, 17, "%.16s", buf_str(&value));
		return 0;
	}
	if (annot_get(&t->annot, key))
		return damaged(t, "key %s is there twice", key);
	annot_set(&t->annot, key, buf_str(&value));
	return 0;
}

static void take_body(enum annot_carrier carrier, const struct place *at, struct annot_text *t)
{
	const char *dividers = carrier == ANNOT_BLOCK ? "\n" : " \t\r\n";
	char seal[17] = "", right[17];

	for (const char *p = at->body; p < at->body_end;) {
		size_t len = strcspn(p, dividers), left = (size_t)(at->body_end - p);

		len = len < left ? len : left;
		if (len && !(carrier == ANNOT_BLOCK && len == 1 && *p == '\r'))
			(void)take_pair(t, p, len - (p[len - 1] == '\r'), seal);
		p += len + (len < left);
	}
	annot_seal(&t->annot, right);
	if (!*seal)
		(void)damaged(t, "its seal is missing");
	else if (!str_eq(seal, right))
		(void)damaged(t, "its seal does not match: it was edited by hand");
}

void annot_parse(enum annot_carrier carrier, const char *text, struct annot_text *ret)
{
	bool (*find)(const char *, struct place *) =
		carrier == ANNOT_BLOCK ? find_block : find_token;
	struct place at = { .begin = NULL }, other = { .begin = NULL };

	*ret = (struct annot_text){ .finding = ANNOT_NONE };
	text = text ? text : "";
	if (!find(text, &at)) {
		ret->before = pxc_strdup(text);
		ret->after = pxc_strdup("");
		return;
	}
	ret->finding = ANNOT_OK;
	ret->before = pxc_strndup(text, (size_t)(at.begin - text));
	ret->after = pxc_strdup(at.end);
	if (at.version != 1) {
		ret->finding = ANNOT_FOREIGN;
		(void)snprintf(ret->problem, sizeof(ret->problem),
			       "format pxc/%lu is not known here", at.version);
		return;
	}
	if (!at.closed)
		(void)damaged(ret, "the block has no end");
	take_body(carrier, &at, ret);
	if (find(at.end, &other))
		(void)damaged(ret, "there are two blocks");
}
