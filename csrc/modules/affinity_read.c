/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/affinity_read.h"

#include "modules/rights.h"

int affinity_read_right(struct pxc_env *env, bool *ret, struct pxc_err *err)
{
	return rights_held(env, "Sys.Console", "/", ret, err);
}

bool affinity_knows_nodes(const json_t *data, const json_t *args, int http, const char *text)
{
	const json_t *manager = json_object_get(data, "manager_status");

	(void)http, (void)text;
	return json_object_size(json_object_get(manager, "node_status")) >=
	       (size_t)json_integer_value(json_object_get(args, "_nodes"));
}
