/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/affinity_read.h"

int affinity_read_right(struct pxc_env *env, bool *ret, struct pxc_err *err)
{
	json_auto_t *params = json_pack("{s:s}", "path", "/"), *data = NULL;
	struct pve_read read = { .params = params };

	read.path = arena_strdup(env->arena, "/access/permissions");
	pve_read_all(env->pve, &read, 1);
	data = read.data;
	if (read.err.kind != PXC_OK) {
		*err = read.err;
		return pxc_context(err, "rights of the API user");
	}
	*ret = json_object_get(json_object_get(data, "/"), "Sys.Console") != NULL;
	return 0;
}

bool affinity_knows_nodes(const json_t *data, const json_t *args, int http, const char *text)
{
	const json_t *manager = json_object_get(data, "manager_status");

	(void)http, (void)text;
	return json_object_size(json_object_get(manager, "node_status")) >=
	       (size_t)json_integer_value(json_object_get(args, "_nodes"));
}
