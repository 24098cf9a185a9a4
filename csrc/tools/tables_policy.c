/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of actions: schemas/policy.yml says what its keys mean. */
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "tools/argspec.h"
#include "tools/licence.h"
#include "tools/tables.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz_"

static const struct {
	const char *word, *c;
} levels[] = {
	{ "anybody", "POLICY_NONE" },  { "reader", "POLICY_READER" },
	{ "member", "POLICY_MEMBER" }, { "manager", "POLICY_MANAGER" },
	{ "admin", "POLICY_ADMIN" },
};

static const char *text_of(const json_t *action, const char *key)
{
	return json_string_value(json_object_get(action, key));
}

static const char *level_of(const json_t *action)
{
	const char *needs = text_of(action, "needs");

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (str_eq(levels[i].word, needs))
			return levels[i].c;
	return NULL;
}

static bool name_ok(const char *name)
{
	size_t kind = strspn(name, LETTERS);

	return kind && name[kind] == '.' && name[kind + 1] &&
	       strspn(name + kind + 1, LETTERS) == strlen(name + kind + 1);
}

/* Braces only around "project", behind the word: what is left would be printed to people. */
static bool text_ok(const char *text)
{
	const char *brace = strchr(text, '{'), *place = strstr(text, "project {project}");

	return *text && !strchr(text, '%') &&
	       (!brace ||
		(place && brace == place + strlen("project ") && !strchr(brace + 1, '{')));
}

static int check_keys(const char *path, const json_t *action, struct pxc_err *err)
{
	static const char *const known[] = { YAML_LINE, "name", "needs", "changes", "text" };
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)action, key, value) {
		size_t i = 0;

		while (i < ARRAY_SIZE(known) && !str_eq(known[i], key))
			i++;
		if (i == ARRAY_SIZE(known))
			return table_fail(err, path, action, "an action has no key %s", key);
	}
	return 0;
}

static int check_action(const char *path, const json_t *action, const json_t *before, size_t n,
			struct pxc_err *err)
{
	const char *name = text_of(action, "name"), *text = text_of(action, "text");
	const json_t *changes = json_object_get(action, "changes");

	if (!json_is_object(action))
		return table_fail(err, path, n ? json_array_get(before, n - 1) : NULL,
				  "behind it: action %zu is no mapping", n + 1);
	if (check_keys(path, action, err) < 0)
		return -1;
	if (!name || !name_ok(name))
		return table_fail(err, path, action, "name: \"%s\" is not like vm.create",
				  name ? name : "");
	if (!level_of(action))
		return table_fail(err, path, action,
				  "%s: needs must be anybody, reader, member, manager or admin",
				  name);
	if (changes && !json_is_boolean(changes))
		return table_fail(err, path, action, "%s: changes must be true or false", name);
	if (!text || !text_ok(text))
		return table_fail(
			err, path, action,
			"%s: text must be a text, with \"project {project}\" at most once and no other braces nor %%",
			name);
	for (size_t i = 0; i < n; i++)
		if (str_eq(text_of(json_array_get(before, i), "name"), name))
			return table_fail(err, path, action, "%s is there twice", name);
	return 0;
}

static int check(const char *path, const json_t *data, const json_t **ret, struct pxc_err *err)
{
	const json_t *list = json_object_get(data, "actions");
	size_t i;
	json_t *action;

	if (!json_is_array(list) || json_array_size(list) == 0 || json_object_size(data) != 2)
		return pxc_fail(err, PXC_EINVAL, "%s: line 1: it must hold a list of actions",
				path);
	json_array_foreach (list, i, action)
		if (check_action(path, action, list, i, err) < 0)
			return -1;
	*ret = list;
	return 0;
}

static bool changes_of(const json_t *action)
{
	return !json_is_false(json_object_get(action, "changes"));
}

int emit_policy(const char *path, const json_t *data, struct pxc_buf *out, struct pxc_err *err)
{
	const json_t *list = NULL;
	size_t i;
	json_t *action;

	if (check(path, data, &list, err) < 0)
		return -1;
	buf_adds(out, "/* " LICENCE_LINE " */\n"
		      "/* Generated from schemas/policy.yml by tables: not to be edited. */\n"
		      "#include \"cloud/policy.h\"\n\n"
		      "const struct policy_action policy_actions[] = {\n");
	json_array_foreach (list, i, action) {
		buf_adds(out, "\t{ ");
		put_string(out, text_of(action, "name"));
		buf_printf(out, ", %s, %s, ", level_of(action),
			   changes_of(action) ? "true" : "false");
		put_string(out, text_of(action, "text"));
		buf_adds(out, " },\n");
	}
	buf_adds(out, "\t{ NULL, POLICY_ADMIN, true, NULL },\n};\n");
	return 0;
}

int emit_policy_doc(const char *path, const json_t *data, struct pxc_buf *out, struct pxc_err *err)
{
	const json_t *list = NULL;
	size_t i, k;
	json_t *action;

	if (check(path, data, &list, err) < 0)
		return -1;
	buf_adds(out, "| Action | reader | member | manager | admin | To ... |\n"
		      "| --- | --- | --- | --- | --- | --- |\n");
	json_array_foreach (list, i, action) {
		bool may = str_eq(text_of(action, "needs"), levels[0].word);

		buf_printf(out, "| `%s` |", text_of(action, "name"));
		for (k = 1; k < ARRAY_SIZE(levels); k++) {
			may |= str_eq(text_of(action, "needs"), levels[k].word);
			buf_adds(out, may ? " yes |" : " - |");
		}
		buf_printf(out, " %s%s |\n", text_of(action, "text"),
			   changes_of(action) ? "" : " (also when frozen)");
	}
	return 0;
}
