/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/str.h"
#include "tools/argspec.h"

/* A plain scalar as PyYAML resolves it. Octal, sexagesimal and dates are not used in contracts and stay texts. */
static json_t *plain(const char *text)
{
	static const char *const yes[] = { "y", "yes", "true", "on" }, *const no[] = { "n", "no",
										       "false",
										       "off" };
	char *end;
	long long n;
	double d;

	if (!*text || str_eq(text, "~") || strcasecmp(text, "null") == 0)
		return json_null();
	for (size_t i = 1; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0)
			return json_true();
		if (strcasecmp(text, no[i]) == 0)
			return json_false();
	}
	errno = 0;
	n = strtoll(text, &end, 10);
	if (!*end && !errno)
		return json_integer(n);
	d = strtod(text, &end);
	if (!*end && strspn(text, "+-0123456789.eE") == strlen(text))
		return json_real(d);
	return json_string(text);
}

static json_t *convert(yaml_document_t *doc, yaml_node_t *node)
{
	json_t *ret = NULL;

	switch (node->type) {
	case YAML_SCALAR_NODE:
		return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
			       ? plain((const char *)node->data.scalar.value)
			       : json_string((const char *)node->data.scalar.value);
	case YAML_SEQUENCE_NODE:
		ret = json_array();
		for (yaml_node_item_t *i = node->data.sequence.items.start;
		     i < node->data.sequence.items.top; i++)
			(void)json_array_append_new(ret,
						    convert(doc, yaml_document_get_node(doc, *i)));
		return ret;
	case YAML_MAPPING_NODE:
		ret = json_object();
		for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
		     p < node->data.mapping.pairs.top; p++) {
			const yaml_node_t *key = yaml_document_get_node(doc, p->key);

			(void)json_object_set_new(
				ret, (const char *)key->data.scalar.value,
				convert(doc, yaml_document_get_node(doc, p->value)));
		}
		return ret;
	case YAML_NO_NODE:
		break;
	}
	return json_null();
}

int yaml_load(const char *path, json_t **ret, struct pxc_err *err)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	yaml_node_t *root;
	FILE *f = fopen(path, "re");
	int r = 0;

	if (!f)
		return pxc_fail(err, PXC_EINVAL, "%s: %s", path, strerror(errno));
	(void)yaml_parser_initialize(&parser);
	yaml_parser_set_input_file(&parser, f);
	if (!yaml_parser_load(&parser, &doc)) {
		r = pxc_fail(err, PXC_EINVAL, "%s: line %zu: %s", path,
			     parser.problem_mark.line + 1,
			     parser.problem ? parser.problem : "cannot be read");
	} else {
		root = yaml_document_get_root_node(&doc);
		*ret = root ? convert(&doc, root) : json_object();
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&parser);
	(void)fclose(f);
	return r;
}
