/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/snapshots_read.h"

#include "base/str.h"
#include "cloud/holder.h"
#include "cloud/project_find.h"
#include "cloud/usage.h"
#include "cloud/volume.h"
#include "modules/rbd.h"
#include "modules/vm_read.h"

/* The list of PVE ends with a row for the present. */
static int64_t rows_of(const json_t *list)
{
	size_t n = json_array_size(list);

	return n > 0 ? (int64_t)n - 1 : 0;
}

static int count_vms(struct pxc_env *env, const struct world *w, const char *pool, int64_t *ret,
		     struct pxc_err *err)
{
	struct pve_read *reads = arena_alloc(env->arena, (w->nguests + 1) * sizeof(*reads));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < w->nguests; i++) {
		const struct world_guest *g = &w->guests[i];

		if (str_eq(g->pool, pool) && !g->container && !g->is_template &&
		    !holder_looks(w, g))
			reads[n++].path = arena_printf(env->arena, "/nodes/%s/qemu/%u/snapshot",
						       g->node, g->vmid);
	}
	pve_read_all(env->pve, reads, n);
	for (size_t i = 0; i < n; i++) {
		/* One that has gone since it was listed has none. */
		if (json_is_array(reads[i].data))
			*ret += rows_of(reads[i].data);
		else if (r == 0 && reads[i].err.kind != PXC_ENOTFOUND)
			r = pxc_fail(err, PXC_EREMOTE, "GET %s: %s", reads[i].path,
				     reads[i].err.kind == PXC_OK ? "half an answer"
								 : reads[i].err.msg);
		json_decref(reads[i].data);
	}
	return r;
}

/* Where volumes of the project lie, by the notes of their holder; NULL: it has none. */
static int find_storages(struct pxc_env *env, const struct world *w, const char *project,
			 const char *const **ret, struct pxc_err *err)
{
	struct vm_seen **seen = arena_alloc(env->arena, (w->nguests + 1) * sizeof(*seen));
	const struct vm_seen *holder = NULL;
	size_t n = 0;

	for (size_t i = 0; i < w->nguests; i++)
		if (holder_candidate(w, &w->guests[i], project)) {
			seen[n] = arena_alloc(env->arena, sizeof(**seen));
			seen[n++]->guest = &w->guests[i];
		}
	vm_read(env, w, seen, n);
	if (holder_find(w, seen, n, project, false, &holder, err) < 0)
		return -1;
	*ret = holder ? strv_split(env->arena, annot_get(&holder->notes.annot, "storages")) : NULL;
	return 0;
}

static int count_volumes(struct pxc_env *env, const struct world *w, const char *project,
			 const struct rbd_world *rbd, int64_t *ret, struct pxc_err *err)
{
	static const char *const prefixes[] = { "vm-", NULL };
	const char *const *storages = NULL;
	struct rbd_world *read = NULL;
	struct quota q = { { 0 } };

	if (!rbd) {
		if (find_storages(env, w, project, &storages, err) < 0)
			return -1;
		if (!storages || !storages[0])
			return 0;
		if (rbd_observe(env, storages, prefixes, &read, err) < 0)
			return -1;
		rbd = read;
	}
	volume_usage(rbd, project, &q);
	*ret += q.v[QUOTA_SNAPSHOTS];
	return 0;
}

void snapshots_read(struct pxc_env *env, const struct world *w, const char *project,
		    const struct rbd_world *rbd, json_t *counts)
{
	const char *pool = project_pool(w, project);
	struct pxc_err err = { .kind = PXC_OK };
	struct quota limit;
	int64_t n = 0;

	/* A project that is not there, or cannot be read, is refused by the plan. */
	if (!pool || usage_limit(w, pool, &limit, &err) < 0 || limit.v[QUOTA_SNAPSHOTS] < 0)
		return;
	if (count_vms(env, w, pool, &n, &err) < 0 ||
	    count_volumes(env, w, project, rbd, &n, &err) < 0)
		(void)json_object_set_new(counts, project, json_string(err.msg));
	else
		(void)json_object_set_new(counts, project, json_integer((json_int_t)n));
}

void snapshots_read_lists(struct pxc_env *env, struct vm_seen **seen, size_t n)
{
	struct pve_read *reads = arena_alloc(env->arena, (n + 1) * sizeof(*reads));
	struct vm_seen **who = arena_alloc(env->arena, (n + 1) * sizeof(*who));
	size_t asked = 0;

	for (size_t i = 0; i < n; i++)
		if (seen[i]->config && json_object_get(seen[i]->config, "parent")) {
			who[asked] = seen[i];
			reads[asked++].path =
				arena_printf(env->arena, "/nodes/%s/qemu/%u/snapshot",
					     seen[i]->guest->node, seen[i]->guest->vmid);
		}
	pve_read_all(env->pve, reads, asked);
	for (size_t i = 0; i < asked; i++)
		if (json_is_array(reads[i].data))
			who[i]->snapshots = pxc_env_keep(env, reads[i].data);
		else
			json_decref(reads[i].data);
}

int64_t snapshots_of(const struct vm_seen *seen)
{
	return rows_of(seen->snapshots);
}
