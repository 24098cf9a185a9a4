/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/str.h"
#include "modules/vm_observe.h"

/* A guest, and the node that its task names. */
struct move {
	struct vm_seen *vm;
	const char *to;
};

static size_t find_moves(const struct vm_batch *batch, const struct vm_world *vw, struct move *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const struct world_node *to = s->node ? world_node(vw->w, s->node) : NULL;
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		/* A refusal will be found again, and said, by the plan. */
		if (!to || !to->online || vm_match(s, vw, &have, &err) < 0 || !vm_moves(s, have))
			continue;
		for (size_t k = 0; k < vw->nseen; k++)
			if (vw->seen[k] == have)
				ret[n++] = (struct move){ vw->seen[k], to->name };
	}
	return n;
}

static void read_bridges(struct pxc_env *env, struct vm_world *vw, const struct move *moves,
			 size_t n)
{
	json_auto_t *params = json_pack("{s:s}", "type", "any_bridge");

	vw->bridges = pxc_env_keep(env, json_object());
	for (size_t i = 0; i < n; i++) {
		struct pve_read read = { .params = params };
		json_t *names, *row;
		size_t k;

		if (json_object_get(vw->bridges, moves[i].to))
			continue;
		read.path = arena_printf(env->arena, "/nodes/%s/network", moves[i].to);
		pve_read_all(env->pve, &read, 1);
		/* Not known is no reason to refuse: PVE says so when the guest arrives. */
		if (json_is_array(read.data)) {
			names = json_array();
			json_array_foreach (read.data, k, row)
				(void)json_array_append(names, json_object_get(row, "iface"));
			(void)json_object_set_new(vw->bridges, moves[i].to, names);
		}
		json_decref(read.data);
	}
}

int vm_observe_moves(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw,
		     struct pxc_err *err)
{
	struct move *moves = arena_alloc(env->arena, (batch->nspecs + 1) * sizeof(*moves));
	size_t n = find_moves(batch, vw, moves);
	struct pve_read *reads = arena_alloc(env->arena, (n + 1) * sizeof(*reads));
	json_auto_t *params = json_array();
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		json_t *target = json_pack("{s:s}", "target", moves[i].to);

		(void)json_array_append_new(params, target);
		reads[i].params = target;
		reads[i].path = arena_printf(env->arena, "/nodes/%s/qemu/%u/migrate",
					     moves[i].vm->guest->node, moves[i].vm->guest->vmid);
	}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (json_is_object(reads[i].data)) {
			moves[i].vm->migration = pxc_env_keep(env, reads[i].data);
			continue;
		}
		if (r == 0) {
			*err = reads[i].err;
			r = err->kind == PXC_OK
				    ? pxc_fail(err, PXC_EREMOTE, "half an answer: no object")
				    : -1;
			(void)pxc_context(err, "can VM %u move to %s", moves[i].vm->guest->vmid,
					  moves[i].to);
		}
		json_decref(reads[i].data);
	}
	if (r == 0 && n)
		read_bridges(env, vw, moves, n);
	return r;
}
