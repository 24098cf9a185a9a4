/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/rebalance_nodes.h"

#include "base/str.h"

size_t rebalance_node_index(const struct bal_cluster *c, const char *name)
{
	size_t n = 0;

	while (n < c->nnodes && !(name && str_eq(c->nodes[n].name, name)))
		n++;
	return n;
}

int rebalance_nodes_of(const struct bal_cluster *c, struct pxc_arena *arena, size_t **ret,
		       struct pxc_err *err)
{
	*ret = arena_alloc(arena, (c->nvms + 1) * sizeof(**ret));
	for (size_t v = 0; v < c->nvms; v++) {
		const struct bal_vm *vm = &c->vms[v];

		(*ret)[v] = rebalance_node_index(c, vm->node);
		if ((*ret)[v] == c->nnodes)
			return pxc_fail(err, PXC_EINVAL, "VM %u: there is no node %s", vm->id,
					vm->node ? vm->node : "for it");
	}
	return 0;
}
