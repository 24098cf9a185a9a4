/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/import.h"

#include "base/mem.h"
#include "modules/items.h"

static int read_node(struct pxc_env *env, const char *node, const char *storage, json_t *volumes,
		     struct pxc_err *err)
{
	json_auto_t *params = json_pack("{s:s}", "content", "import");
	struct pve_read read = { .params = params };
	size_t i;
	json_t *row;

	read.path = arena_printf(env->arena, "/nodes/%s/storage/%s/content", node, storage);
	pve_read_all(env->pve, &read, 1);
	if (read.err.kind != PXC_OK || !json_is_array(read.data)) {
		*err = read.err;
		json_decref(read.data);
		if (err->kind == PXC_OK)
			(void)pxc_fail(err, PXC_EREMOTE, "half an answer: no list");
		return pxc_context(err, "import volumes of storage %s on %s", storage, node);
	}
	json_array_foreach (read.data, i, row) {
		const char *volume = item_text(row, "volid");
		auto_free char *key = pxc_printf("%s/%s", node, volume ? volume : "");

		(void)json_object_set_new(volumes, key, json_integer(item_int(row, "size")));
	}
	json_decref(read.data);
	return 0;
}

int import_read(struct pxc_env *env, const struct world *w, const char *storage, json_t *volumes,
		struct pxc_err *err)
{
	for (size_t i = 0; i < w->nnodes; i++)
		if (w->nodes[i].online && world_storage(w, w->nodes[i].name, storage, "import") &&
		    read_node(env, w->nodes[i].name, storage, volumes, err) < 0)
			return -1;
	return 0;
}
