/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/propstr.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/units.h"

/* PVE's network card models: each is also a key whose value is the MAC address. */
static const char *const models[] = {
	"virtio",   "e1000",    "e1000-82540em", "e1000-82544gc", "e1000-82545em",
	"e1000e",   "rtl8139",  "vmxnet3",       "i82551",        "i82557b",
	"i82559er", "ne2k_isa", "ne2k_pci",      "pcnet",
};

static bool is_model(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		if (str_eq(models[i], name))
			return true;
	return false;
}

static bool blank(const char *text, size_t len)
{
	return strspn(text, " \t") >= len;
}

/* One part between commas; false when malformed. */
static bool add_part(json_t *obj, const char *part, size_t len, const char *default_key)
{
	const char *eq = memchr(part, '=', len);
	size_t key_len = eq ? (size_t)(eq - part) : default_key ? strlen(default_key) : 0;
	const char *key = eq ? part : default_key;
	const char *value = eq ? eq + 1 : part;
	auto_free char *name = NULL;
	json_t *text;

	if (key_len == 0 || part + len == value)
		return false;
	name = pxc_strndup(key, key_len);
	text = json_stringn(value, (size_t)(part + len - value));
	if (!text || json_object_get(obj, name)) {
		json_decref(text);
		return false;
	}
	return json_object_set_new(obj, name, text) == 0;
}

json_t *prop_parse(const char *text, const char *default_key)
{
	json_auto_t *obj = json_object();

	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");

		if (!blank(p, len) && !add_part(obj, p, len, default_key))
			return NULL;
		p += len;
		if (!*p)
			return pxc_take(&obj);
	}
}

json_t *prop_parse_net(const char *text)
{
	json_auto_t *obj = prop_parse(text, "model");

	if (!obj)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		const json_t *mac = json_object_get(obj, models[i]);

		if (!mac)
			continue;
		if (json_object_get(obj, "model") || json_object_get(obj, "macaddr"))
			return NULL;
		(void)json_object_set_new(obj, "macaddr", json_string(json_string_value(mac)));
		(void)json_object_set_new(obj, "model", json_string(models[i]));
		(void)json_object_del(obj, models[i]);
	}
	return pxc_take(&obj);
}

static bool printable(const json_t *value)
{
	return json_is_string(value) || json_is_integer(value) || json_is_boolean(value);
}

static void add_value(struct pxc_buf *out, const json_t *value)
{
	if (json_is_string(value))
		buf_adds(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		buf_addc(out, json_is_true(value) ? '1' : '0');
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of obj but two, sorted, each as ",key=value". */
static void add_rest(struct pxc_buf *out, const json_t *obj, const char *but, const char *but2)
{
	const char **keys = pxc_calloc(json_object_size(obj) + 1, sizeof(*keys));
	json_t *walk = json_incref((json_t *)(uintptr_t)obj), *value;
	const char *key;
	size_t n = 0;

	json_object_foreach (walk, key, value)
		if (printable(value) && !str_eq(key, but) && !str_eq(key, but2))
			keys[n++] = key;
	if (n)
		qsort(keys, n, sizeof(*keys), by_name);
	for (size_t i = 0; i < n; i++) {
		if (out->len)
			buf_addc(out, ',');
		buf_printf(out, "%s=", keys[i]);
		add_value(out, json_object_get(obj, keys[i]));
	}
	json_decref(walk);
	free(keys);
}

char *prop_print(const json_t *obj, const char *default_key)
{
	const json_t *first = default_key ? json_object_get(obj, default_key) : NULL;
	auto_buf struct pxc_buf value = { .data = NULL };
	struct pxc_buf out = { .data = NULL };

	if (printable(first)) {
		add_value(&value, first);
		/* Without its name this value would read as something else. */
		if (strchr(buf_str(&value), '=') || blank(buf_str(&value), value.len))
			buf_printf(&out, "%s=", default_key);
		buf_adds(&out, buf_str(&value));
	}
	add_rest(&out, obj, default_key, NULL);
	return buf_take(&out);
}

char *prop_print_net(const json_t *obj)
{
	const char *model = json_string_value(json_object_get(obj, "model"));
	const char *mac = json_string_value(json_object_get(obj, "macaddr"));
	struct pxc_buf out = { .data = NULL };

	/* Only PVE's own models have the short form. */
	if (!model || !is_model(model))
		return prop_print(obj, NULL);
	buf_adds(&out, model);
	if (mac)
		buf_printf(&out, "=%s", mac);
	add_rest(&out, obj, "model", "macaddr");
	return buf_take(&out);
}

static bool one_of(const char *text, const char *const words[4])
{
	for (size_t i = 0; i < 4; i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

bool prop_bool(const char *text)
{
	static const char *const words[4] = { "1", "on", "yes", "true" };

	return text && one_of(text, words);
}

bool prop_is_bool(const char *text)
{
	static const char *const words[4] = { "0", "off", "no", "false" };

	return text && (prop_bool(text) || one_of(text, words));
}

const char *prop_normal(const char *text)
{
	return prop_is_bool(text) ? prop_bool(text) ? "1" : "0" : text;
}

bool prop_same_value(const char *key, const char *a, const char *b)
{
	uint64_t x, y;

	if (str_eq(a, b))
		return true;
	if (!a || !b)
		return false;
	if (str_eq(key, "size"))
		return size_parse(a, 1, &x) && size_parse(b, 1, &y) && x == y;
	if (str_eq(key, "macaddr"))
		return strcasecmp(a, b) == 0;
	return str_eq(prop_normal(a), prop_normal(b));
}

bool prop_same(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach ((json_t *)(uintptr_t)a, key, value)
		if (!prop_same_value(key, json_string_value(value),
				     json_string_value(json_object_get(b, key))))
			return false;
	return true;
}
