/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ansible/batch.h"

#include <stdint.h>

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

	json_object_foreach((json_t *)(uintptr_t)all, key, value) if (!shared(spec, key))(void)
		json_object_set(own, key, value);
	return own;
}

static int check_item(const struct ans_spec *spec, const json_t *item, size_t i, size_t n,
		      struct pxc_err *err)
{
	auto_buf struct pxc_buf missing = { .data = NULL };
	auto_free char *where =
		n > 1 ? pxc_printf("%s, entry %zu", spec->batch, i + 1) : pxc_strdup("");
	const char *name = json_string_value(json_object_get(item, "name"));

	for (size_t k = 0; spec->batch_required && spec->batch_required[k]; k++) {
		const json_t *v = json_object_get(item, spec->batch_required[k]);

		if (!v || (json_is_string(v) && !*json_string_value(v)))
			buf_printf(&missing, "%s%s", missing.len ? ", " : "",
				   spec->batch_required[k]);
	}
	if (missing.len)
		return pxc_fail(err, PXC_EINVAL, "missing required arguments: %s%s%s%s%s%s",
				buf_str(&missing), *where ? " found in " : "", where,
				name ? " (" : "", name ? name : "", name ? ")" : "");
	return ans_check_rules(&spec->rules, item, where, err);
}

int ans_batch(const struct ans_args *args, json_t **ret_items, json_t **ret_given,
	      struct pxc_err *err)
{
	const struct ans_spec *spec = args->spec;
	const json_t *list = spec->batch ? json_object_get(args->given, spec->batch) : NULL;
	json_auto_t *params = own_options(spec, args->params),
		    *given = own_options(spec, args->given);
	size_t n = list ? json_array_size(list) : 1;
	json_t *items = json_array(), *named = json_array();
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		json_t *item = json_deep_copy(params), *own = json_deep_copy(given);

		if (list) {
			(void)json_object_update(item, json_array_get(list, i));
			(void)json_object_update(own, json_array_get(list, i));
		}
		(void)json_array_append_new(items, item);
		(void)json_array_append_new(named, own);
		r = check_item(spec, own, i, list ? n : 1, err);
	}
	if (r < 0) {
		json_decref(items);
		json_decref(named);
		return -1;
	}
	*ret_items = items;
	*ret_given = named;
	return 0;
}
