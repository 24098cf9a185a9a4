/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/limits.h"
#include "base/str.h"
#include "tools/argspec.h"

#define MAX_FILE (4u << 20)
#define DIGITS "0123456789"

static const char *const words_true[] = { "yes",  "Yes", "YES", "true", "True",
					  "TRUE", "on",  "On",  "ON",   NULL };
static const char *const words_false[] = { "no",    "No",  "NO",  "false", "False",
					   "FALSE", "off", "Off", "OFF",   NULL };
static const char *const words_null[] = { "~", "null", "Null", "NULL", "", NULL };

struct reader {
	yaml_document_t *document;
	const char *name;
	bool lines; /* mappings say in which line they begin */
	struct pxc_err *err;
};

static bool one_of(const char *text, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (str_eq(words[i], text))
			return true;
	return false;
}

static json_t *fail_at(const struct reader *r, const yaml_node_t *node, const char *what)
{
	(void)pxc_fail(r->err, PXC_EINVAL, "%s: line %zu: %s", r->name, node->start_mark.line + 1,
		       what);
	return NULL;
}

/* Digits, at most one dot and no more: what YAML 1.1, JSON and people read alike. NULL: no number. */
static json_t *number(const char *text)
{
	const char *p = text + (*text == '-' || *text == '+');
	size_t whole = strspn(p, DIGITS), part;

	if (whole == 0)
		return NULL;
	if (!p[whole] && (whole == 1 || *p != '0') && whole < 19)
		return json_integer(strtoll(text, NULL, 10));
	if (p[whole] != '.')
		return NULL;
	part = strspn(p + whole + 1, DIGITS);
	return p[whole + 1 + part] ? NULL : json_real(strtod(text, NULL));
}

/* Octal, hex, base 60, dates, 1_000, 1e3, infinity: not what it looks like to everybody. */
static bool ambiguous(const char *text)
{
	regex_t surprise;
	bool hit;

	if (regcomp(&surprise,
		    "^([-+]?(0[0-9a-fxob_]*|[0-9][0-9_]*|[0-9]+(:[0-9]+)+(\\.[0-9_]*)?|[0-9._]*[0-9][0-9._]*e[-+]?"
		    "[0-9]+|\\.[0-9_]+|\\.inf)|\\.nan|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t ].*)?)$",
		    REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
		return true;
	hit = regexec(&surprise, text, 0, NULL, 0) == 0;
	regfree(&surprise);
	return hit;
}

static json_t *scalar(const struct reader *r, const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	json_t *value;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return json_string(text);
	if (one_of(text, words_null))
		return json_null();
	if (one_of(text, words_true) || one_of(text, words_false))
		return json_boolean(one_of(text, words_true));
	value = number(text);
	if (value)
		return value;
	if (ambiguous(text))
		return fail_at(r, node, "this scalar is ambiguous in YAML 1.1: put it in quotes");
	return json_string(text);
}

static json_t *convert(const struct reader *r, int index, unsigned depth);

static json_t *sequence(const struct reader *r, const yaml_node_t *node, unsigned depth)
{
	json_t *list = json_array();

	for (const yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++) {
		json_t *value = convert(r, *i, depth + 1);

		if (!value) {
			json_decref(list);
			return NULL;
		}
		(void)json_array_append_new(list, value);
	}
	return list;
}

static json_t *mapping(const struct reader *r, const yaml_node_t *node, unsigned depth)
{
	json_t *object = json_object();

	if (r->lines)
		(void)json_object_set_new(object, YAML_LINE,
					  json_integer((json_int_t)node->start_mark.line + 1));
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(r->document, p->key);
		const char *name =
			key->type == YAML_SCALAR_NODE ? (const char *)key->data.scalar.value : NULL;
		json_t *value = NULL;

		if (!name || str_eq(name, "<<"))
			(void)fail_at(r, key, "a key must be a plain text");
		else if (json_object_get(object, name))
			(void)fail_at(r, key, "this key is there twice");
		else
			value = convert(r, p->value, depth + 1);
		if (!value) {
			json_decref(object);
			return NULL;
		}
		(void)json_object_set_new(object, name, value);
	}
	return object;
}

static json_t *convert(const struct reader *r, int index, unsigned depth)
{
	const yaml_node_t *node = yaml_document_get_node(r->document, index);

	if (depth > PXC_MAX_DEPTH)
		return fail_at(r, node, "too deep");
	if (node->type == YAML_SEQUENCE_NODE)
		return sequence(r, node, depth);
	if (node->type == YAML_MAPPING_NODE)
		return mapping(r, node, depth);
	if (node->tag && !str_eq((const char *)node->tag, YAML_STR_TAG))
		return fail_at(r, node, "tags are not taken here");
	return scalar(r, node);
}

static int read_text(const char *text, size_t len, const char *name, bool lines, json_t **ret,
		     struct pxc_err *err)
{
	yaml_parser_t parser;
	yaml_document_t document;
	struct reader r = { .document = &document, .name = name, .lines = lines, .err = err };
	json_t *value = NULL;

	(void)yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &document)) {
		(void)pxc_fail(err, PXC_EINVAL, "%s: line %zu: %s", name,
			       parser.problem_mark.line + 1,
			       parser.problem ? parser.problem : "no YAML");
		yaml_parser_delete(&parser);
		return -1;
	}
	if (yaml_document_get_root_node(&document))
		value = convert(&r, 1, 0);
	else
		(void)pxc_fail(err, PXC_EINVAL, "%s: is empty", name);
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	if (!value)
		return -1;
	*ret = value;
	return 0;
}

int yaml_read_text(const char *text, size_t len, const char *name, json_t **ret,
		   struct pxc_err *err)
{
	return read_text(text, len, name, false, ret, err);
}

static int read_file(const char *path, bool lines, json_t **ret, struct pxc_err *err)
{
	auto_buf struct pxc_buf text = { .data = NULL };
	char chunk[65536];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		return pxc_fail(err, PXC_EINVAL, "%s: %s", path, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0 && text.len <= MAX_FILE)
		buf_add(&text, chunk, n);
	(void)fclose(f);
	if (text.len > MAX_FILE)
		return pxc_fail(err, PXC_EINVAL, "%s: is too large", path);
	return read_text(buf_str(&text), text.len, path, lines, ret, err);
}

int yaml_read(const char *path, json_t **ret, struct pxc_err *err)
{
	return read_file(path, false, ret, err);
}

int yaml_read_lines(const char *path, json_t **ret, struct pxc_err *err)
{
	return read_file(path, true, ret, err);
}
