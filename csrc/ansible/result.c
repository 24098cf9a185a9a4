/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ansible/result.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ansible/guard.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

#define MASK "********"
#define MASK_PARAMETER "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
/* Of a secret's beginning: hidden wherever it is; and at the end of a text. */
#define LONG_PART 12
#define SHORT_PART 6
#define FORBIDDEN_KEY "__ansible_type"

/* How much of the text is of the secret; 0 = nothing, or so little that it is chance. */
static size_t shown_of(const char *text, const char *secret, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] == secret[n])
		n++;
	/* A message that was cut may end within a secret, and be part of another one. */
	return n == len || n >= LONG_PART || (n >= SHORT_PART && !text[n]) ? n : 0;
}

/* text with every secret in it replaced. New string. */
static char *mask_text(const json_t *secrets, const char *text)
{
	struct pxc_buf out = { .data = NULL };

	for (const char *p = text; *p;) {
		size_t i, hit = 0;
		json_t *secret;

		json_array_foreach (secrets, i, secret) {
			size_t n =
				shown_of(p, json_string_value(secret), json_string_length(secret));

			hit = n > hit ? n : hit;
		}
		if (hit)
			buf_adds(&out, MASK);
		else
			buf_addc(&out, *p);
		p += hit ? hit : 1;
	}
	return buf_take(&out);
}

char *result_mask_text(const struct ans_args *args, const char *text)
{
	return mask_text(args->secrets, text);
}

/* A number that is a secret (a PIN, say) is masked like a text. */
static json_t *mask_number(const json_t *secrets, const json_t *value)
{
	char text[32];
	size_t i;
	json_t *secret;

	(void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	json_array_foreach (secrets, i, secret)
		if (str_eq(json_string_value(secret), text))
			return json_string(MASK);
	return json_integer(json_integer_value(value));
}

static json_t *masked(const json_t *secrets, const json_t *value, bool mask_keys);

static json_t *masked_object(const json_t *secrets, const json_t *value, bool mask_keys)
{
	json_t *ret = json_object(), *entry;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)value, key, entry) {
		auto_free char *name = mask_keys ? mask_text(secrets, key) : pxc_strdup(key);

		/* ansible-core 2.19 and newer would take such an object for one of its own and fail. */
		if (!str_eq(key, FORBIDDEN_KEY))
			(void)json_object_set_new(ret, name, masked(secrets, entry, true));
	}
	return ret;
}

static json_t *masked(const json_t *secrets, const json_t *value, bool mask_keys)
{
	json_t *ret, *entry;
	size_t i;

	if (json_is_string(value)) {
		auto_free char *text = mask_text(secrets, json_string_value(value));

		return json_string(text);
	}
	if (json_is_integer(value))
		return mask_number(secrets, value);
	if (json_is_object(value))
		return masked_object(secrets, value, mask_keys);
	if (!json_is_array(value))
		return json_deep_copy(value);
	ret = json_array();
	json_array_foreach (value, i, entry) {
		(void)json_array_append_new(ret, masked(secrets, entry, mask_keys));
	}
	return ret;
}

json_t *result_masked(const struct ans_args *args, const json_t *value)
{
	return masked(args->secrets, value, false);
}

/* What was asked, with whole parameters hidden that must not be shown. */
static json_t *invocation(const struct ans_rules *rules, const json_t *params)
{
	json_t *ret = json_object(), *value, *entry;
	const char *key;
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)params, key, value) {
		const struct ans_option *o = ans_find(rules, key);

		if (o && o->no_log) {
			(void)json_object_set_new(ret, key, json_string(MASK_PARAMETER));
		} else if (o && o->sub && json_is_object(value)) {
			(void)json_object_set_new(ret, key, invocation(o->sub, value));
		} else if (o && o->sub && json_is_array(value)) {
			json_t *list = json_array();

			json_array_foreach (value, i, entry)
				(void)json_array_append_new(list, invocation(o->sub, entry));
			(void)json_object_set_new(ret, key, list);
		} else {
			(void)json_object_set(ret, key, value);
		}
	}
	return ret;
}

json_t *result_text(const char *text)
{
	json_t *value = json_string(text);
	auto_free char *ascii = NULL;

	if (value)
		return value;
	ascii = pxc_strdup(text);
	for (char *p = ascii; *p; p++)
		*p = (unsigned char)*p < 0x80 ? *p : '?';
	return json_string(ascii);
}

static json_t *harmless(const json_t *value)
{
	json_t *ret, *entry;
	const char *key;
	size_t i;

	if (json_is_string(value)) {
		auto_free char *text = utf8_harmless(json_string_value(value));

		return json_string(text);
	}
	if (!json_is_array(value) && !json_is_object(value))
		return json_deep_copy(value);
	ret = json_is_array(value) ? json_array() : json_object();
	json_array_foreach (value, i, entry)
		(void)json_array_append_new(ret, harmless(entry));
	json_object_foreach ((json_t *)(uintptr_t)value, key, entry)
		(void)json_object_set_new(ret, key, harmless(entry));
	return ret;
}

/* Ansible writes these to the terminal as they are, and they quote names and notes, which are anybody's words. */
static void make_harmless(json_t *result)
{
	static const char *const shown[] = { "msg", "warnings", "diff" };

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		const json_t *value = json_object_get(result, shown[i]);

		if (value)
			(void)json_object_set_new(result, shown[i], harmless(value));
	}
}

int result_print_new(const struct ans_args *args, json_t *result)
{
	json_auto_t *own = result, *clean = NULL;
	json_t *warnings = json_object_get(own, "warnings");
	auto_free char *text = NULL;

	if (!warnings) {
		warnings = json_array();
		(void)json_object_set_new(own, "warnings", warnings);
	}
	(void)json_array_extend(warnings, args->warnings);
	if (json_array_size(warnings) == 0)
		(void)json_object_del(own, "warnings");
	if (args->task.want_invocation && args->spec)
		(void)json_object_set_new(own, "invocation",
					  json_pack("{s:o}", "module_args",
						    invocation(&args->spec->rules, args->params)));
	/* The outermost keys are ours and never hold a secret: "failed" must stay "failed". */
	clean = masked(args->secrets, own, false);
	make_harmless(clean);
	text = json_dumps(clean, JSON_ENSURE_ASCII | JSON_COMPACT);
	if (!text)
		return result_fail("the result could not be written as JSON");
	guard_print(text);
	return json_is_true(json_object_get(clean, "failed"));
}

int result_fail(const char *msg)
{
	json_auto_t *o =
		json_pack("{s:b,s:b,s:o}", "failed", 1, "changed", 0, "msg", result_text(msg));
	auto_free char *text = NULL;

	make_harmless(o);
	text = o ? json_dumps(o, JSON_ENSURE_ASCII | JSON_COMPACT) : NULL;
	guard_print(
		text ? text
		     : "{\"failed\": true, \"msg\": \"the error could not be written as JSON\"}");
	return 1;
}
