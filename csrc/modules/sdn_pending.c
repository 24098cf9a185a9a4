/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/sdn_pending.h"

#include "base/str.h"
#include "modules/items.h"

/* The values that run, with those that wait laid over them. */
static json_t *configured(const json_t *row)
{
	json_t *all = json_copy((json_t *)(uintptr_t)row), *value;
	const char *key;

	json_object_foreach (json_object_get(row, "pending"), key, value) {
		if (json_is_string(value) && str_eq(json_string_value(value), "deleted"))
			(void)json_object_del(all, key);
		else
			(void)json_object_set(all, key, value);
	}
	return all;
}

const json_t *sdn_row(struct pxc_env *env, const struct sdn *s, const json_t *row)
{
	const char *state = item_text(row, "state");

	if (!state)
		return row;
	if (s->locks)
		return str_eq(state, "new") ? NULL : row;
	return str_eq(state, "deleted") ? NULL : pxc_env_keep(env, configured(row));
}

const char *sdn_pending_text(struct pxc_arena *arena, const json_t *row, const char *what)
{
	return arena_printf(arena, "%s %s (%s)", what, item_text(row, what),
			    item_text(row, "state"));
}

static void add_pending(struct pxc_arena *arena, struct pxc_buf *out, const json_t *list,
			const char *what, size_t *n)
{
	size_t i;
	json_t *row;

	json_array_foreach (list, i, row) {
		if (item_text(row, "state") && item_text(row, what) && ++*n <= 5)
			buf_printf(out, "%s%s", out->len ? ", " : "",
				   sdn_pending_text(arena, row, what));
	}
}

int sdn_pending_names(struct pxc_env *env, struct pxc_buf *out, struct pxc_err *err)
{
	static const char *const lists[][2] = { { "/cluster/sdn/zones", "zone" },
						{ "/cluster/sdn/vnets", "vnet" },
						{ "/cluster/sdn/controllers", "controller" } };
	json_auto_t *pending = json_pack("{s:i}", "pending", 1);
	struct pve_read reads[ARRAY_SIZE(lists)] = { { .path = NULL } };
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		reads[i].path = arena_strdup(env->arena, lists[i][0]);
		reads[i].params = pending;
	}
	pve_read_all(env->pve, reads, ARRAY_SIZE(lists));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (reads[i].err.kind != PXC_OK && r == 0) {
			*err = reads[i].err;
			r = -1;
		}
		add_pending(env->arena, out, reads[i].data, lists[i][1], &n);
		json_decref(reads[i].data);
	}
	return r;
}
