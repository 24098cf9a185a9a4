/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Roles and grants: schemas/privileges.yml says what its keys mean. */
#include "tools/tables_privileges.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "tools/argspec.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const char *const table_majors[TABLE_MAJORS] = { "common", "pve8", "pve9" };

const char *table_text(const json_t *entry, const char *key)
{
	return json_string_value(json_object_get(entry, key));
}

/* keys: known ones, "name text common"; the line is always one. */
static int check_keys(const char *path, const json_t *entry, const char *keys, struct pxc_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)entry, key, value) {
		size_t len = strlen(key);
		const char *at = keys;

		while (at && (strncmp(at, key, len) != 0 || (at[len] != ' ' && at[len])))
			at = (at = strchr(at, ' ')) ? at + 1 : NULL;
		if (!at && !str_eq(key, YAML_LINE))
			return table_fail(err, path, entry, "there is no key %s here, only %s", key,
					  keys);
	}
	return 0;
}

const json_t *table_entry(const json_t *list, const char *key, const char *name)
{
	size_t i;
	json_t *entry;

	json_array_foreach (list, i, entry)
		if (str_eq(table_text(entry, key), name))
			return entry;
	return NULL;
}

static int check_texts(const char *path, const json_t *entry, const char *key, struct pxc_err *err)
{
	const json_t *list = json_object_get(entry, key);
	size_t i;
	json_t *text;

	if (list && !json_is_array(list))
		return table_fail(err, path, entry, "%s must be a list", key);
	json_array_foreach (list, i, text)
		if (!json_is_string(text) || !*json_string_value(text))
			return table_fail(err, path, entry, "%s: each must be a text", key);
	return 0;
}

/* "VM.Config.Disk" */
static bool priv_ok(const char *priv)
{
	const char *dot = priv ? strchr(priv, '.') : NULL;

	return dot && dot != priv && dot[1] && strspn(priv, LETTERS ".") == strlen(priv);
}

static int check_role(const char *path, const json_t *role, struct pxc_err *err)
{
	const char *name = table_text(role, "name");
	size_t i, m;
	json_t *priv;

	if (check_keys(path, role, "name text common pve8 pve9", err) < 0)
		return -1;
	if (!name || !str_starts(name, "PXC"))
		return table_fail(err, path, role, "the name of a role of ours begins with PXC");
	if (!table_text(role, "text"))
		return table_fail(err, path, role, "%s: text is missing", name);
	for (m = 0; m < TABLE_MAJORS; m++) {
		if (check_texts(path, role, table_majors[m], err) < 0)
			return -1;
		json_array_foreach (json_object_get(role, table_majors[m]), i, priv)
			if (!priv_ok(json_string_value(priv)))
				return table_fail(err, path, role,
						  "%s: \"%s\" is no privilege, like VM.Audit", name,
						  json_string_value(priv));
	}
	return 0;
}

static int check_grant(const char *path, const json_t *grant, const json_t *roles,
		       struct pxc_err *err)
{
	static const char *const words[] = { "{pool}", "{templates}", "{storage}",
					     "{iso}",  "{vnet}",      "{zone}" };
	const char *where = table_text(grant, "path"), *role = table_text(grant, "role");
	const char *brace = where ? strchr(where, '{') : NULL;
	const json_t *only = json_object_get(grant, "only");
	size_t i = 0;

	if (check_keys(path, grant, "path role propagate optional only", err) < 0)
		return -1;
	if (!where || *where != '/')
		return table_fail(err, path, grant, "the path of a grant begins with /");
	while (brace && i < ARRAY_SIZE(words) && !str_eq(words[i], brace))
		i++;
	if (i == ARRAY_SIZE(words))
		return table_fail(err, path, grant, "nothing is known of %s", brace);
	if (!role || (!str_starts(role, "PVE") && !table_entry(roles, "name", role)))
		return table_fail(err, path, grant, "there is no role %s", role ? role : "");
	if (only && json_integer_value(only) != 8 && json_integer_value(only) != 9)
		return table_fail(err, path, grant, "only: PVE 8 or 9");
	return 0;
}

/* What is there under these keys must be a text. */
static int check_plain(const char *path, const json_t *entry, struct pxc_err *err)
{
	static const char *const keys[] = { "name", "text", "warning", "refused" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_object_get(entry, keys[i]) && !table_text(entry, keys[i]))
			return table_fail(err, path, entry, "%s must be a text", keys[i]);
	return 0;
}

static int check_set(const char *path, const json_t *set, const json_t *roles, struct pxc_err *err)
{
	const json_t *grants = json_object_get(set, "grants");
	const char *name = table_text(set, "name");
	size_t i;
	json_t *grant;

	if (check_keys(path, set, "name text grants needs warning refused config", err) < 0 ||
	    check_plain(path, set, err) < 0)
		return -1;
	if (!name || !table_text(set, "text"))
		return table_fail(err, path, set, "%s: name and text are needed", name ? name : "");
	if (!table_text(set, "refused") == (json_array_size(grants) == 0))
		return table_fail(err, path, set, "%s: either grants or refused", name);
	json_array_foreach (grants, i, grant)
		if (!json_is_object(grant))
			return table_fail(err, path, set, "%s: a grant is a mapping", name);
		else if (check_grant(path, grant, roles, err) < 0)
			return -1;
	return check_texts(path, set, "needs", err);
}

typedef int check_fn(const char *path, const json_t *entry, const json_t *roles,
		     struct pxc_err *err);

static int check_own_role(const char *path, const json_t *role, const json_t *roles,
			  struct pxc_err *err)
{
	(void)roles;
	return check_role(path, role, err);
}

static int check_replacement(const char *path, const json_t *entry, const json_t *roles,
			     struct pxc_err *err)
{
	(void)roles;
	if (check_keys(path, entry, "privilege text", err) < 0)
		return -1;
	if (!priv_ok(table_text(entry, "privilege")) || !table_text(entry, "text"))
		return table_fail(err, path, entry, "privilege and text are needed");
	return 0;
}

int privileges_check(const char *path, const json_t *data, struct pxc_err *err)
{
	static const struct {
		const char *key, *name;
		check_fn *check;
	} lists[] = { { "replacements", "privilege", check_replacement },
		      { "roles", "name", check_own_role },
		      { "own", "name", check_set },
		      { "consumers", "name", check_set } };
	const json_t *roles = json_object_get(data, "roles");
	size_t k, i;
	json_t *entry;

	if (check_keys(path, data, "replacements roles own consumers", err) < 0)
		return -1;
	for (k = 0; k < ARRAY_SIZE(lists); k++) {
		const json_t *list = json_object_get(data, lists[k].key);

		if (json_array_size(list) == 0)
			return table_fail(err, path, data, "%s must be a list", lists[k].key);
		json_array_foreach (list, i, entry) {
			if (!json_is_object(entry))
				return table_fail(err, path, i ? json_array_get(list, i - 1) : data,
						  "%s: entry %zu is no mapping", lists[k].key,
						  i + 1);
			if (lists[k].check(path, entry, roles, err) < 0)
				return -1;
			if (table_entry(list, lists[k].name, table_text(entry, lists[k].name)) !=
			    entry)
				return table_fail(err, path, entry, "%s is there twice",
						  table_text(entry, lists[k].name));
		}
	}
	return 0;
}
