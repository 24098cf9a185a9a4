/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ansible/batch.h"

#include <stdint.h>

#include "ansible/level.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

static bool shared(const struct ans_spec *spec, const char *key)
{
	for (size_t i = 0; spec->batch_shared && spec->batch_shared[i]; i++)
		if (str_eq(spec->batch_shared[i], key))
			return true;
	return str_eq(spec->batch, key);
}

/* The task's options that describe an object. */
static json_t *own_options(const struct ans_spec *spec, const json_t *all)
{
	json_t *own = json_object(), *value;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)all, key, value) {
		if (!shared(spec, key))
			(void)json_object_set(own, key, value);
	}
	return own;
}

/* given: the object as it was named. place: "vms, entry 3" or "". */
static int check_item(const struct ans_spec *spec, const json_t *given, const char *place,
		      struct pxc_err *err)
{
	auto_buf struct pxc_buf missing = { .data = NULL };
	const char *name = json_string_value(json_object_get(given, "name"));
	auto_free char *where =
		*place && name ? pxc_printf("%s (%s)", place, name) : pxc_strdup(place);

	for (size_t k = 0; spec->batch_required && spec->batch_required[k]; k++) {
		const json_t *v = json_object_get(given, spec->batch_required[k]);

		if (!v || (json_is_string(v) && !*json_string_value(v)))
			buf_printf(&missing, "%s%s", missing.len ? ", " : "",
				   spec->batch_required[k]);
	}
	if (missing.len)
		return pxc_fail(err, PXC_EINVAL, "missing required arguments: %s%s%s",
				buf_str(&missing), *where ? " found in " : "", where);
	return level_check_exclusive(&spec->rules, given, where, err);
}

/* A default is none for an object that names what excludes it. */
static void drop_excluded(json_t *defaults, const json_t *named, const char *const *group)
{
	size_t n = 0;

	for (size_t i = 0; group[i]; i++)
		n += json_object_get(named, group[i]) != NULL;
	for (size_t i = 0; n && group[i]; i++)
		(void)json_object_del(defaults, group[i]);
}

/* named: of what over has, what the playbook says. */
static json_t *overlay(const struct ans_spec *spec, const json_t *under, const json_t *over,
		       const json_t *named)
{
	const char *const *const *groups = spec->rules.mutually_exclusive;
	json_t *both = json_deep_copy(under);
	json_auto_t *top = json_deep_copy(over);

	for (size_t i = 0; groups && groups[i]; i++)
		drop_excluded(both, named, groups[i]);
	(void)json_object_update(both, top);
	return both;
}

int ans_batch(const struct ans_args *args, json_t **ret_items, json_t **ret_given,
	      struct pxc_err *err)
{
	const struct ans_spec *spec = args->spec;
	json_auto_t *params = own_options(spec, args->params), *none = json_object(),
		    *given = own_options(spec, args->given), *items = json_array(),
		    *named = json_array();
	const json_t *list = json_object_get(args->params, spec->batch);
	const json_t *list_given = json_object_get(args->given, spec->batch);
	size_t n = list ? json_array_size(list) : 1;

	for (size_t i = 0; i < n; i++) {
		auto_free char *place =
			list ? pxc_printf("%s, entry %zu", spec->batch, i + 1) : pxc_strdup("");
		const json_t *own = list ? json_array_get(list, i) : none;
		const json_t *own_given = list ? json_array_get(list_given, i) : none;

		(void)json_array_append_new(items, overlay(spec, params, own, own_given));
		(void)json_array_append_new(named, overlay(spec, given, own_given, own_given));
		if (check_item(spec, json_array_get(named, i), place, err) < 0)
			return -1;
	}
	*ret_items = pxc_take(&items);
	*ret_given = pxc_take(&named);
	return 0;
}
