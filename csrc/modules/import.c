/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/import.h"

#include "base/mem.h"
#include "modules/items.h"

static int take(const struct pve_read *read, const char *node, const char *storage, json_t *volumes,
		struct pxc_err *err)
{
	size_t i;
	json_t *row;

	if (read->err.kind != PXC_OK || !json_is_array(read->data)) {
		*err = read->err;
		if (err->kind == PXC_OK)
			(void)pxc_fail(err, PXC_EREMOTE, "half an answer: no list");
		return pxc_context(err, "import volumes of storage %s on %s", storage, node);
	}
	json_array_foreach (read->data, i, row) {
		const char *volume = item_text(row, "volid");
		auto_free char *key = pxc_printf("%s/%s", node, volume ? volume : "");

		(void)json_object_set_new(volumes, key, json_integer(item_int(row, "size")));
	}
	return 0;
}

int import_read(struct pxc_env *env, const struct world *w, const char *storage, json_t *volumes,
		struct pxc_err *err)
{
	json_auto_t *params = json_pack("{s:s}", "content", "import");
	struct pve_read *reads = arena_alloc(env->arena, (w->nnodes + 1) * sizeof(*reads));
	const char **nodes = arena_alloc(env->arena, (w->nnodes + 1) * sizeof(*nodes));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < w->nnodes; i++) {
		const char *node = w->nodes[i].name;

		if (!w->nodes[i].online || !world_storage(w, node, storage, "import"))
			continue;
		nodes[n] = node;
		reads[n].params = params;
		reads[n++].path =
			arena_printf(env->arena, "/nodes/%s/storage/%s/content", node, storage);
	}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = take(&reads[i], nodes[i], storage, volumes, err);
		json_decref(reads[i].data);
	}
	return r;
}
