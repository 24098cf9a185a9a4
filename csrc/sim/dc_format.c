/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dc_format.c - property strings of the datacenter's options, by a table of their keys. */
#include "sim/dc_format.h"

#include <stdlib.h>
#include <string.h>

#include "sim/core.h"

/*
 * Options that are property strings, and what may stand in them: i = integer, n = number, b = boolean, s = text, l = list.
 * Behind it what the value may be: "=a|b" one of these words, "=0-100" a range ("=0-" without an upper end).
 */
static const struct {
	const char *option, *keys;
} property_strings[] = {
	{ "bwlimit", "clone:i default:i migration:i move:i restore:i" },
	{ "crs",
	  "ha:s=basic|static|dynamic ha-auto-rebalance:b ha-auto-rebalance-hold-duration:n=0- "
	  "ha-auto-rebalance-margin:n=0-100 ha-auto-rebalance-method:s=bruteforce|topsis "
	  "ha-auto-rebalance-threshold:n=0-100 ha-rebalance-on-start:b" },
	{ "ha", "shutdown_policy:s=freeze|failover|conditional|migrate" },
	{ "migration", "network:s type:s" },
	{ "next-id", "lower:s upper:s" },
	{ "notify", "fencing:s package-updates:s replication:s target-fencing:s "
		    "target-package-updates:s target-replication:s" },
	{ "replication", "network:s type:s" },
	{ "tag-style", "case-sensitive:b color-map:s ordering:s shape:s" },
	{ "u2f", "appid:s origin:s" },
	{ "user-tag-access", "user-allow:s user-allow-list:l" },
	{ "webauthn", "allow-subdomains:b id:s origin:s rp:s" },
};

static const char *keys_of(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(property_strings); i++)
		if (!strcmp(property_strings[i].option, option))
			return property_strings[i].keys;
	return NULL;
}

/* What "a:i b:s=x|y" says of a key, from its type's letter on; NULL = no such key. */
static const char *key_spec(const char *keys, const char *key, size_t len)
{
	for (const char *at = keys; at && *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, ":");

		if (n == len && !strncmp(at, key, n))
			return at + n + 1;
		at += strcspn(at, " ");
	}
	return NULL;
}

/* A default key (only "migration" and "replication" have one: their type). */
static const char *default_key(const char *option)
{
	return !strcmp(option, "migration") || !strcmp(option, "replication") ? "type" : NULL;
}

static bool is_bool(const char *text, json_int_t *ret)
{
	static const char *const yes[] = { "1", "on", "yes", "true" }, *const no[] = { "0", "off",
										       "no",
										       "false" };

	for (size_t i = 0; i < 4; i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
			*ret = !strcmp(text, yes[i]);
			return true;
		}
	}
	return false;
}

json_t *dc_list(const char *text)
{
	json_t *list = json_array();

	for (const char *at = text; *at; at += strspn(at, ";, ")) {
		size_t len = strcspn(at, ";, ");

		json_array_append_new(list, json_stringn(at, len));
		at += len;
	}
	return list;
}

/* Is the value one of "=a|b|c"? */
static bool check_words(const char *spec, const char *value, struct pxc_buf *why)
{
	auto_buf struct pxc_buf all = { 0 };
	bool found = spec[1] != '=';

	for (const char *at = spec + 2; !found && *at && *at != ' ';) {
		size_t n = strcspn(at, "| ");

		found = n == strlen(value) && !strncmp(at, value, n);
		buf_printf(&all, "%s%.*s", all.len ? ", " : "", (int)n, at);
		at += n + (at[n] == '|');
	}
	if (!found)
		buf_printf(why, "value '%s' does not have a value in the enumeration '%s'\n", value,
			   buf_str(&all));
	return found;
}

static bool check_range(const char *spec, double value, struct pxc_buf *why)
{
	char *dash;
	double low, high;

	if (spec[1] != '=')
		return true;
	low = strtod(spec + 2, &dash);
	high = dash[1] && dash[1] != ' ' ? strtod(dash + 1, NULL) : value;
	if (value < low)
		buf_printf(why, "value must have a minimum value of %g\n", low);
	else if (value > high)
		buf_printf(why, "value must have a maximum value of %g\n", high);
	return value >= low && value <= high;
}

static const char *type_name(char type)
{
	return type == 'b' ? "boolean" : type == 'i' ? "integer" : "number";
}

/* The value by its key's spec, or NULL with why. New reference. */
static json_t *parse_value(const char *spec, const char *value, struct pxc_buf *why)
{
	json_int_t number = 0;
	char *end = NULL;
	double real = 0;

	if (*spec == 'l')
		return dc_list(value);
	if (*spec == 's')
		return check_words(spec, value, why) ? json_string(value) : NULL;
	if (*spec == 'i')
		number = strtoll(value, &end, 10);
	else if (*spec == 'n')
		real = strtod(value, &end);
	if (*spec == 'b' ? !is_bool(value, &number) : !*value || *end) {
		buf_printf(why, "type check ('%s') failed - got '%s'\n", type_name(*spec), value);
		return NULL;
	}
	if (*spec != 'n')
		return json_integer(number);
	if (!check_range(spec, real, why))
		return NULL;
	return real == (double)(json_int_t)real ? json_integer((json_int_t)real) : json_real(real);
}

/* One "key=value"; false with why = the line that PVE adds. */
static bool parse_pair(const char *option, const char *key, const char *value, json_t *into,
		       struct pxc_buf *why)
{
	const char *spec = key_spec(keys_of(option), key, strlen(key));
	auto_buf struct pxc_buf reason = { 0 };
	json_t *parsed;

	if (!spec) {
		buf_printf(
			why,
			"%s.%s: property is not defined in schema and the schema does not allow additional properties\n",
			option, key);
		return false;
	}
	parsed = parse_value(spec, value, &reason);
	if (!parsed) {
		buf_printf(why, "%s.%s: %s", option, key, buf_str(&reason));
		return false;
	}
	json_object_set_new(into, key, parsed);
	return true;
}

/* Details of the automatic balancer stand beside its switch only. */
static bool check_needs(const char *option, const json_t *parsed, struct pxc_buf *why)
{
	static const char needed[] = "ha-auto-rebalance";
	const char *key;
	json_t *value;

	if (strcmp(option, "crs") != 0 || json_object_get(parsed, needed))
		return true;
	json_object_foreach ((json_t *)(uintptr_t)parsed, key, value) {
		if (!str_starts(key, needed))
			continue;
		buf_printf(why, "%s.%s: missing property required by '%s.%s'\n", option, needed,
			   option, key);
		return false;
	}
	return true;
}

bool dc_parse(const char *option, const char *text, json_t *into, struct pxc_buf *why)
{
	for (const char *at = text; *at; at += *at == ',') {
		size_t len = strcspn(at, ","), key_len = strcspn(at, "=");
		auto_free char *key = NULL, *value = NULL;

		if (key_len < len) {
			key = pxc_strndup(at, key_len);
			value = pxc_strndup(at + key_len + 1, len - key_len - 1);
		} else if (default_key(option)) {
			key = pxc_strdup(default_key(option));
			value = pxc_strndup(at, len);
		} else {
			buf_printf(why,
				   "value without key, but schema does not define a default key\n");
			return false;
		}
		if (!parse_pair(option, key, value, into, why))
			return false;
		at += len;
	}
	return check_needs(option, into, why);
}

bool dc_is_property(const char *option)
{
	return keys_of(option) != NULL;
}
