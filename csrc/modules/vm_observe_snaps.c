/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/str.h"
#include "cloud/vm_parts.h"
#include "modules/items.h"
#include "modules/vm_observe.h"

/* A guest that some spec asks the snapshots of. */
struct asked {
	struct vm_seen *vm;
	const char *rollback; /* NULL = only the list */
};

static size_t find_asked(const struct vm_batch *batch, const struct vm_world *vw, struct asked *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < batch->nspecs; i++) {
		const struct vm_spec *s = &batch->specs[i];
		const struct vm_seen *have = NULL;
		struct pxc_err err;

		/* A refusal will be found again, and said, by the plan. */
		if ((!s->snaps_named && !s->rollback && !s->absent) ||
		    vm_match(s, vw, &have, &err) < 0 || !have || !vm_asks_snapshots(s, have))
			continue;
		for (size_t k = 0; k < vw->nseen; k++)
			if (vw->seen[k] == have)
				ret[n++] = (struct asked){ vw->seen[k],
							   s->absent ? NULL : s->rollback };
	}
	return n;
}

static json_t *as_texts(const json_t *config)
{
	json_t *texts = json_object(), *value;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)config, key, value)
		(void)json_object_set_new(texts, key, item_scalar(value));
	return texts;
}

static int read_lists(struct pxc_env *env, const struct asked *asked, size_t n, struct pxc_err *err)
{
	struct pve_read *reads = arena_alloc(env->arena, (n + 1) * sizeof(*reads));
	int r = 0;

	for (size_t i = 0; i < n; i++)
		reads[i].path = arena_printf(env->arena, "/nodes/%s/qemu/%u/snapshot",
					     asked[i].vm->guest->node, asked[i].vm->guest->vmid);
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		if (json_is_array(reads[i].data)) {
			asked[i].vm->snapshots = pxc_env_keep(env, reads[i].data);
			continue;
		}
		if (r == 0) {
			*err = reads[i].err;
			r = err->kind == PXC_OK
				    ? pxc_fail(err, PXC_EREMOTE, "half an answer: no list")
				    : -1;
			(void)pxc_context(err, "snapshots of VM %u", asked[i].vm->guest->vmid);
		}
		json_decref(reads[i].data);
	}
	return r;
}

/* What a rollback would bring back. One that is not listed is not asked for: the plan says so. */
static int read_rollback(struct pxc_env *env, const struct asked *a, struct pxc_err *err)
{
	json_auto_t *data = NULL;
	const char *path;

	if (!a->rollback || !vm_snap(a->vm, a->rollback))
		return 0;
	path = arena_printf(env->arena, "/nodes/%s/qemu/%u/snapshot/%s/config", a->vm->guest->node,
			    a->vm->guest->vmid, a->rollback);
	if (pve_get(env->pve, path, &data, err) < 0)
		return pxc_context(err, "snapshot %s of VM %u", a->rollback, a->vm->guest->vmid);
	if (!json_is_object(data))
		return pxc_fail(err, PXC_EREMOTE,
				"snapshot %s of VM %u: half an answer: no configuration",
				a->rollback, a->vm->guest->vmid);
	a->vm->rollback = pxc_env_keep(env, as_texts(data));
	return 0;
}

int vm_observe_snapshots(struct pxc_env *env, const struct vm_batch *batch, struct vm_world *vw,
			 struct pxc_err *err)
{
	struct asked *asked = arena_alloc(env->arena, (batch->nspecs + 1) * sizeof(*asked));
	size_t n = find_asked(batch, vw, asked);

	if (n && read_lists(env, asked, n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (read_rollback(env, &asked[i], err) < 0)
			return -1;
	return 0;
}
