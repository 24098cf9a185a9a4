/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tools/argspec.h"

static const json_t *find(const json_t *options, const char *name)
{
	const char *key;
	json_t *o;
	size_t i;
	json_t *alias;

	if (json_object_get(options, name))
		return json_object_get(options, name);
	json_object_foreach ((json_t *)(uintptr_t)options, key, o) {
		json_array_foreach (json_object_get(o, "aliases"), i, alias) {
			if (str_eq(json_string_value(alias), name))
				return o;
		}
	}
	return NULL;
}

static int check_args(const json_t *options, const json_t *args, struct pxc_err *err)
{
	const char *key;
	json_t *value, *entry;
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)args, key, value) {
		const json_t *o = find(options, key), *sub = json_object_get(o, "suboptions");

		if (!o)
			return pxc_fail(err, PXC_EINVAL, "there is no option %s", key);
		if (!sub)
			continue;
		if (json_is_object(value) && check_args(sub, value, err) < 0)
			return pxc_context(err, "%s", key);
		json_array_foreach (value, i, entry) {
			if (check_args(sub, entry, err) < 0)
				return pxc_context(err, "%s", key);
		}
	}
	return 0;
}

int model_check_examples(const json_t *model, struct pxc_err *err)
{
	const char *name = json_string_value(json_object_get(model, "name"));
	const char *text = json_string_value(json_object_get(model, "examples"));
	auto_free char *action = pxc_printf("pxcloud.pve.%s", name);
	json_auto_t *tasks = NULL;
	bool used = false;
	size_t i;
	json_t *task;

	if (!text)
		return pxc_fail(err, PXC_EINVAL, "EXAMPLES: must be one text");
	if (yaml_read_text(text, strlen(text), "EXAMPLES", &tasks, err) < 0)
		return -1;
	json_array_foreach (tasks, i, task) {
		const json_t *args = json_object_get(task, action);

		used |= args != NULL;
		if (check_args(json_object_get(model, "options"), args, err) < 0)
			return pxc_context(err, "EXAMPLES: task %zu", i + 1);
	}
	return used ? 0 : pxc_fail(err, PXC_EINVAL, "EXAMPLES: no task uses %s", action);
}
