/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ansible/level.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define INTERNAL "_ansible_"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names of one sort, sorted; *ret_n of them. The caller frees the array. */
static const char **names_of(const struct ans_rules *rules, bool aliases, size_t *ret_n)
{
	const char **list = NULL;
	size_t n = 0;

	for (size_t i = 0; i < rules->noptions; i++) {
		const struct ans_option *o = &rules->options[i];

		for (size_t k = 0; aliases ? o->aliases && o->aliases[k] : k < 1; k++) {
			list = pxc_realloc(list, (n + 1) * sizeof(*list));
			list[n++] = aliases ? o->aliases[k] : o->name;
		}
	}
	if (n)
		qsort(list, n, sizeof(*list), by_name);
	*ret_n = n;
	return list;
}

static void join(struct pxc_buf *out, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i ? ", " : "", list[i]);
}

/* "a, b (alias). Did you mean a?" */
static void describe(const struct ans_rules *rules, const char *wrong, struct pxc_buf *out)
{
	size_t n, m;
	const char **names = names_of(rules, false, &n), **aliases = names_of(rules, true, &m);
	const char *near = str_nearest(wrong, names, n);

	if (!near && m)
		near = str_nearest(wrong, aliases, m);
	buf_adds(out, "Supported parameters include: ");
	join(out, names, n);
	if (m) {
		buf_adds(out, " (");
		join(out, aliases, m);
		buf_adds(out, ")");
	}
	buf_adds(out, ".");
	if (near)
		buf_printf(out, " Did you mean %s?", near);
	free(names);
	free(aliases);
}

void level_note_unknown(struct ans_level *l)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)l->raw, key, value) {
		auto_buf struct pxc_buf text = { .data = NULL };

		(void)value;
		if ((!*l->context && str_starts(key, INTERNAL)) || l->args->task.ignore_unknown ||
		    ans_find(l->rules, key))
			continue;
		describe(l->rules, key, &text);
		(void)json_array_append_new(l->unknown,
					    json_pack("{s:s+,s:s}", "name", l->dotted, key,
						      "supported", buf_str(&text)));
	}
}

static const char *name_at(const json_t *list, size_t i)
{
	return json_string_value(json_object_get(json_array_get(list, i), "name"));
}

int level_refuse_unknown(const struct ans_level *top, struct pxc_err *err)
{
	auto_buf struct pxc_buf names = { .data = NULL };
	size_t n = json_array_size(top->unknown), m = 0;
	const char **list = pxc_calloc(n, sizeof(*list));
	const char *module = top->args->task.module_name;

	for (size_t i = 0; i < n; i++) {
		bool known = false;

		for (size_t k = 0; k < m; k++)
			known |= str_eq(list[k], name_at(top->unknown, i));
		if (!known)
			list[m++] = name_at(top->unknown, i);
	}
	qsort(list, m, sizeof(*list), by_name);
	join(&names, list, m);
	free(list);
	if (n == 0)
		return 0;
	return pxc_fail(
		err, PXC_EINVAL, "Unsupported parameters for (%s) module: %s. %s",
		*module ? module : top->args->spec->name, buf_str(&names),
		json_string_value(json_object_get(json_array_get(top->unknown, 0), "supported")));
}
