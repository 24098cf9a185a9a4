/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * secret.c - what looks like a secret in a text that many can read.
 *
 * Shapes that are secrets wherever they stand (keys, tokens, hashes of passwords), and names that say of what follows that it is
 * one ("client_secret=..."). Names alone are prose: "token ring", "password policy: see wiki".
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "annot/annot.h"
#include "annot/escape.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

enum shape { WORD, UPPER, HASH };

/* A beginning, and how many bytes of which kind must follow. */
static const struct shape_row {
	const char *begin;
	enum shape of;
	size_t length;
	const char *what;
} shapes[] = {
	{ "PVEAPIToken=", WORD, 1, "an API token of PVE" },
	{ "PBSAPIToken=", WORD, 1, "an API token of PBS" },
	{ "AKIA", UPPER, 16, "an access key of AWS" },
	{ "ASIA", UPPER, 16, "an access key of AWS" },
	{ "AIza", WORD, 35, "an API key of Google" },
	{ "ghp_", WORD, 20, "a token of GitHub" },
	{ "gho_", WORD, 20, "a token of GitHub" },
	{ "ghs_", WORD, 20, "a token of GitHub" },
	{ "github_pat_", WORD, 20, "a token of GitHub" },
	{ "glpat-", WORD, 16, "a token of GitLab" },
	{ "xoxb-", WORD, 10, "a token of Slack" },
	{ "xoxp-", WORD, 10, "a token of Slack" },
	{ "hvs.", WORD, 20, "a token of Vault" },
	{ "npm_", WORD, 30, "a token of npm" },
	{ "AGE-SECRET-KEY-1", WORD, 20, "a private key of age" },
	{ "$1$", HASH, 8, "the hash of a password" },
	{ "$5$", HASH, 8, "the hash of a password" },
	{ "$6$", HASH, 8, "the hash of a password" },
	{ "$y$", HASH, 8, "the hash of a password" },
	{ "$2a$", HASH, 8, "the hash of a password" },
	{ "$2b$", HASH, 8, "the hash of a password" },
	{ "$2y$", HASH, 8, "the hash of a password" },
	{ "$argon2", HASH, 8, "the hash of a password" },
};

/* Last parts of names whose values are secrets; "-" stands for "_" as well, capitals do not matter. */
static const char *const names[] = {
	"password",   "passwd",        "passphrase",    "passwort",    "secret",
	"token",      "secret_key",    "private_key",   "api_key",     "apikey",
	"access_key", "access_key_id", "credentials",   "secret_id",   "auth_key",
	"client_key", "psk",           "password_hash", "token_value",
};

/* Values that say there is none, or where it is. */
static const char *const harmless[] = {
	"true", "false", "yes",      "no",       "on",    "off",      "none",  "null",     "nil",
	"any",  "unset", "required", "optional", "empty", "disabled", "vault", "redacted",
};

static bool word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '-';
}

static bool upper_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

static bool is_of(enum shape shape, char c)
{
	if (shape == UPPER)
		return upper_byte(c);
	return word_byte(c) || (shape == HASH && c && strchr("./$=,+", c));
}

static bool has_shape(const char *text, const struct shape_row *row)
{
	for (const char *p = strstr(text, row->begin); p; p = strstr(p + 1, row->begin)) {
		const char *rest = p + strlen(row->begin);
		size_t n = 0;

		while (n < row->length && is_of(row->of, rest[n]))
			n++;
		if (n == row->length && (p == text || !word_byte(p[-1])))
			return true;
	}
	return false;
}

/* "eyJ...": three parts in base64, the first two of which begin as JSON objects do. */
static bool has_jwt(const char *text)
{
	for (const char *p = strstr(text, "eyJ"); p; p = strstr(p + 1, "eyJ")) {
		size_t head = 0, body = 0;

		while (word_byte(p[head]))
			head++;
		if (head < 10 || !str_starts(p + head, ".eyJ"))
			continue;
		while (word_byte(p[head + 1 + body]))
			body++;
		if (body >= 10 && p[head + 1 + body] == '.')
			return true;
	}
	return false;
}

/* "https://ann:geheim@host" */
static bool has_userinfo(const char *text)
{
	for (const char *p = strstr(text, "://"); p; p = strstr(p + 1, "://")) {
		size_t user = strcspn(p + 3, "/ \t\n\r:@\"'");
		const char *colon = p + 3 + user;
		size_t password = *colon == ':' ? strcspn(colon + 1, "/ \t\n\r@\"'") : 0;

		if (password && colon[1 + password] == '@' && !strchr("*<{$", colon[1]))
			return true;
	}
	return false;
}

/* "Authorization: Bearer abc...": what follows is long and no word of a language. */
static bool has_bearer(const char *text)
{
	for (const char *p = strcasestr(text, "bearer "); p; p = strcasestr(p + 1, "bearer ")) {
		const char *value = p + strlen("bearer ");
		size_t n = 0, digits = 0;

		for (; word_byte(value[n]) || (value[n] && strchr("./+=~", value[n])); n++)
			digits += value[n] >= '0' && value[n] <= '9';
		if (n >= 16 && digits)
			return true;
	}
	return false;
}

static bool name_byte(char c)
{
	return word_byte(c) || c == '.';
}

static bool ends_as(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	if (n > len)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = name[len - n + i];

		if (c == '-')
			c = '_';
		if (strncasecmp(&c, end + i, 1) != 0)
			return false;
	}
	return true;
}

static bool says_secret(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (ends_as(name, len, names[i]))
			return true;
	return false;
}

/* "", "***", "--", "<ask Ann>", "{{ vault }}", "${PASSWORD}", "$PASSWORD" */
static bool is_placeholder(const char *value, size_t len)
{
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	if (strspn(value, "*") >= len || strspn(value, "-") >= len || *value == '<')
		return true;
	return str_starts(value, "{{") || str_starts(value, "${") || str_starts(value, "$(") ||
	       (*value == '$' && 1 + strspn(value + 1, upper) >= len);
}

static bool is_harmless(const char *value, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		if (strlen(harmless[i]) == len && strncasecmp(value, harmless[i], len) == 0)
			return true;
	return is_placeholder(value, len);
}

/*
 * Is there a value behind a name? Behind "=" nobody writes prose. Behind ":" a single word is one, while "password: ask Ann" and
 * "password policy: see wiki" are for people; a URL is where it stands.
 */
static bool has_value(const char *p)
{
	const char *end;
	size_t blanks, len;
	bool colon;

	p += strspn(p, "\"'");
	blanks = strspn(p, " \t");
	p += blanks;
	colon = *p == ':';
	if (*p != '=' && !colon)
		return false;
	p++;
	if (colon || blanks)
		p += strspn(p, " \t");
	p += strspn(p, "\"'");
	len = strcspn(p, " \t\r\n\"',;&");
	end = p + len;
	if (is_harmless(p, len))
		return false;
	if (!colon)
		return true;
	if (str_starts(p, "http://") || str_starts(p, "https://"))
		return false;
	end += strspn(end, "\"' \t");
	/* In a comment the block is behind it on the same line. */
	return !*end || strchr("\r\n,;}", *end) || str_starts(end, "[pxc/");
}

/* The first name with a secret behind it. */
static bool find_named(const char *text, struct annot_leak *ret)
{
	for (const char *p = text; *p;) {
		size_t len = 0;

		while (name_byte(p[len]))
			len++;
		if (len && says_secret(p, len) && has_value(p + len)) {
			(void)snprintf(ret->name, sizeof(ret->name), "%.*s", (int)len, p);
			ret->what = "a secret";
			return true;
		}
		p += len ? len : 1;
	}
	return false;
}

static bool find(const char *text, struct annot_leak *ret)
{
	*ret = (struct annot_leak){ .what = NULL };
	for (size_t i = 0; !ret->what && i < ARRAY_SIZE(shapes); i++)
		if (has_shape(text, &shapes[i]))
			ret->what = shapes[i].what;
	if (!ret->what && strcasestr(text, "PRIVATE KEY-----"))
		ret->what = "a private key";
	if (!ret->what && has_jwt(text))
		ret->what = "a JSON web token";
	if (!ret->what && has_userinfo(text))
		ret->what = "a password in a URL";
	if (!ret->what && has_bearer(text))
		ret->what = "a bearer token";
	return ret->what || find_named(text, ret);
}

/* The bytes of one word of a block stand escaped; it holds no blank but as *20. */
static bool find_escaped(const char *word, size_t len, struct annot_leak *ret)
{
	auto_buf struct pxc_buf plain = { .data = NULL };
	bool any = false;

	for (size_t i = 0; i < len; i++) {
		if (word[i] == '*' && i + 2 < len && annot_unescape(&plain, word + i, 3)) {
			any = true;
			i += 2;
		} else {
			buf_addc(&plain, word[i]);
		}
	}
	return any && find(buf_str(&plain), ret);
}

bool annot_find_secret(const char *text, struct annot_leak *ret)
{
	if (find(text, ret))
		return true;
	for (const char *p = text; *p;) {
		size_t len = strcspn(p, " \t\r\n");

		if (find_escaped(p, len, ret))
			return true;
		p += len + (p[len] != '\0');
	}
	return false;
}
