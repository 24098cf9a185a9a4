/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "annot/annot.h"
#include "annot/escape.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

#define BLOCK_BEGIN "<!-- pxc/"
#define BLOCK_END "-->"
#define TOKEN_BEGIN "[pxc/"
#define BLANKS " \t\r\n"
#define SEAL "s"

/* Where a block stands in the text: [begin, end) with its body between. */
struct place {
	const char *begin, *body, *body_end, *end;
	unsigned long version;
	bool closed; /* its end mark is there; else it ends behind its last pair */
};

void annot_text_release(struct annot_text *t)
{
	free(t->before);
	free(t->after);
	annot_release(&t->annot);
	*t = (struct annot_text){ .finding = ANNOT_NONE };
}

static const char *dividers_of(enum annot_carrier carrier)
{
	return carrier == ANNOT_BLOCK ? "\n" : BLANKS;
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

/* Digits of a format's number: 1 to 4, without a zero in front. 0: it is none. */
static size_t version_length(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 4 || (n > 1 && *text == '0') ? 0 : n;
}

/* "<!-- pxc/" and a number and nothing else. */
static bool begins_block(const char *line, unsigned long *ret_version)
{
	size_t head = strlen(BLOCK_BEGIN), digits;

	if (!str_starts(line, BLOCK_BEGIN))
		return false;
	digits = version_length(line + head);
	if (digits == 0 || head + digits != bare_length(line))
		return false;
	*ret_version = strtoul(line + head, NULL, 10);
	return true;
}

static bool ends_block(const char *line)
{
	return str_starts(line, BLOCK_END) && bare_length(line) == strlen(BLOCK_END);
}

/* Length of the key of "key=value" that obeys the grammar. 0: it does not. */
static size_t pair_key(const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	auto_buf struct pxc_buf value = { .data = NULL };
	size_t n = equals ? (size_t)(equals - text) : 0;

	return n && annot_key_ok(text, n) && annot_unescape(&value, equals + 1, len - n - 1) ? n
											     : 0;
}

/* A block that was never closed ends where its pairs end: what follows may be a human's. */
static const char *pairs_end(const char *body, enum annot_carrier carrier)
{
	const char *dividers = dividers_of(carrier), *end = body;

	for (;;) {
		size_t blank = strspn(end, dividers), len = strcspn(end + blank, dividers);
		const char *p = end + blank;

		if (carrier == ANNOT_BLOCK && blank > (size_t)(end != body))
			return end;
		if (!pair_key(p, len && p[len - 1] == '\r' ? len - 1 : len))
			return end;
		end = p + len;
	}
}

static bool find_block(const char *text, struct place *ret)
{
	const char *line = text;
	unsigned long other;

	while (line && !begins_block(line, &ret->version))
		line = next_line(line);
	if (!line)
		return false;
	ret->begin = line;
	line = next_line(line);
	ret->body = line ? line : ret->begin + strlen(ret->begin);
	while (line && !ends_block(line) && !begins_block(line, &other))
		line = next_line(line);
	ret->closed = line && ends_block(line);
	ret->body_end = ret->closed ? line : pairs_end(ret->body, ANNOT_BLOCK);
	ret->end = ret->body_end + (ret->closed ? strlen(BLOCK_END) : 0);
	return true;
}

static bool find_token(const char *text, struct place *ret)
{
	for (const char *p = strstr(text, TOKEN_BEGIN); p; p = strstr(p + 1, TOKEN_BEGIN)) {
		const char *number = p + strlen(TOKEN_BEGIN), *close, *other;
		size_t digits = version_length(number);

		if (digits == 0 || !strchr(BLANKS "]", number[digits])) /* NUL too */
			continue;
		ret->begin = p;
		ret->version = strtoul(number, NULL, 10);
		ret->body = number + digits;
		close = strchr(ret->body, ']');
		other = strstr(ret->body, TOKEN_BEGIN);
		ret->closed = close && !(other && other < close);
		ret->body_end = ret->closed ? close : pairs_end(ret->body, ANNOT_TOKEN);
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

/* The beginning of a line, for a message. */
static char *excerpt(const char *line, size_t len)
{
	size_t n = len < 40 ? len : 40;

	while (n && !utf8_valid(line, n))
		n--;
	return pxc_strndup(line, n);
}

/* One key=value. The seal is taken aside. */
static int take_pair(struct annot_text *t, const char *line, size_t len, char seal[17])
{
	size_t key_len = pair_key(line, len);
	auto_free char *key = pxc_strndup(line, key_len);
	auto_free char *shown = excerpt(line, len);
	auto_buf struct pxc_buf value = { .data = NULL };

	if (!key_len)
		return damaged(t, "\"%s\" is no key=value", shown);
	if (*seal)
		return damaged(t, "\"%s\" stands behind the seal", shown);
	(void)annot_unescape(&value, line + key_len + 1, len - key_len - 1);
	if (str_eq(key, SEAL)) {
		if (value.len != 16)
			return damaged(t, "its seal is malformed");
		memcpy(seal, value.data, 17);
		return 0;
	}
	if (annot_get(&t->annot, key))
		return damaged(t, "key %s is there twice", key);
	annot_set(&t->annot, key, buf_str(&value));
	return 0;
}

static void take_body(enum annot_carrier carrier, const struct place *at, struct annot_text *t)
{
	const char *dividers = dividers_of(carrier);
	char seal[17] = "", right[17];

	for (const char *p = at->body; p < at->body_end;) {
		size_t len = strcspn(p, dividers), left = (size_t)(at->body_end - p);

		len = len < left ? len : left;
		if (len > 1 || (len && *p != '\r'))
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
	if ((size_t)(at.end - at.begin) > PXC_MAX_BLOCK)
		(void)damaged(ret, "the block is longer than %u bytes", PXC_MAX_BLOCK);
	else
		take_body(carrier, &at, ret);
	if (find(at.end, &other))
		(void)damaged(ret, "there are two blocks: remove one of them");
}
