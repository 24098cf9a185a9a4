/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/volume.h"

#include <string.h>

#include "base/str.h"
#include "modules/items.h"
#include "modules/rbd_work.h"

#define SECONDS 1000u
#define MINUTES (60 * SECONDS)
#define GUEST "/nodes/{node}/qemu/{vmid}"

static bool in_list(const char *list, const char *slot)
{
	size_t len = strlen(slot);

	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == len && strncmp(p, slot, len) == 0)
			return true;
	return false;
}

/* Neither in the configuration nor in the running guest. A guest that is gone has let go of everything. */
static bool is_gone(const json_t *data, const json_t *args, int http, const char *text)
{
	const char *slots = item_text(args, "_slots");
	size_t i;
	json_t *row;

	if (http != 200 || !json_is_array(data))
		return text && strstr(text, ".conf' does not exist");
	json_array_foreach (data, i, row) {
		const char *key = item_text(row, "key");

		if (key && in_list(slots, key))
			return false;
	}
	return true;
}

/* Every request and every work of Ceph this kind can send to change something, or to wait. */
static const struct pve_op volume_ops[VOLUME_OPS] = {
	[VOLUME_HOLDER_CREATE] = { .method = "POST",
				   .path = "/nodes/{node}/qemu",
				   .wait_ms = 10 * MINUTES },
	[VOLUME_HOLDER_NOTES] = { .method = "PUT",
				  .path = GUEST "/config",
				  .wait_ms = 2 * MINUTES },
	[VOLUME_HOLDER_HA] = { .method = "POST",
			       .path = "/cluster/ha/resources",
			       .wait_ms = 1 * MINUTES },
	[VOLUME_CONFIG] = { .method = "PUT", .path = GUEST "/config", .wait_ms = 2 * MINUTES },
	[VOLUME_RESIZE] = { .method = "PUT", .path = GUEST "/resize", .wait_ms = 10 * MINUTES },
	[VOLUME_FREEZE] = { .method = "POST",
			    .path = GUEST "/agent/fsfreeze-freeze",
			    .wait_ms = 2 * MINUTES },
	[VOLUME_THAW] = { .method = "POST",
			  .path = GUEST "/agent/fsfreeze-thaw",
			  .wait_ms = 2 * MINUTES,
			  .always = true },
	[VOLUME_WAIT_GONE] = { .method = "GET",
			       .path = GUEST "/pending",
			       .wait_ms = 1 * MINUTES,
			       .until = is_gone },
	[VOLUME_WAIT_CLOSED] = { .method = "CEPH", .path = "watchers", .work = rbd_work_closed },
	[VOLUME_STATE] = { .method = "CEPH", .path = "state", .work = rbd_work_state },
	[VOLUME_CREATE] = { .method = "CEPH", .path = "create", .work = rbd_work_create },
	[VOLUME_CLONE] = { .method = "CEPH", .path = "clone", .work = rbd_work_clone },
	[VOLUME_MOVE] = { .method = "CEPH", .path = "move", .work = rbd_work_move },
	[VOLUME_FLATTEN] = { .method = "CEPH", .path = "flatten", .work = rbd_work_flatten },
	[VOLUME_GROW] = { .method = "CEPH", .path = "resize", .work = rbd_work_grow },
	[VOLUME_SNAP_CREATE] = { .method = "CEPH",
				 .path = "snap create",
				 .work = rbd_work_snap_create },
	[VOLUME_SNAP_REMOVE] = { .method = "CEPH",
				 .path = "snap remove",
				 .work = rbd_work_snap_remove,
				 .gone_ok = true },
	[VOLUME_SNAP_ROLLBACK] = { .method = "CEPH",
				   .path = "snap rollback",
				   .work = rbd_work_snap_rollback },
	[VOLUME_BLOCK] = { .method = "CEPH", .path = "image-meta", .work = rbd_work_block },
	[VOLUME_RENAME] = { .method = "CEPH", .path = "rename", .work = rbd_work_rename },
	[VOLUME_REMOVE] = { .method = "CEPH",
			    .path = "remove",
			    .work = rbd_work_remove,
			    .gone_ok = true },
};

static int decode(struct pxc_env *env, void **ret_batch, struct pxc_err *err)
{
	struct volume_batch *batch = NULL;

	if (volume_decode(env, &batch, err) < 0)
		return -1;
	*ret_batch = batch;
	return 0;
}

static int observe(struct pxc_env *env, void *batch, void **ret_world, struct pxc_err *err)
{
	struct volume_world *vw = NULL;

	if (volume_observe(env, batch, &vw, err) < 0)
		return -1;
	*ret_world = vw;
	return 0;
}

static void asks(const void *batch, const struct world *w, struct policy_asks *ret)
{
	volume_asks(batch, w, ret);
}

static int plan(const void *batch, const void *world, struct pxc_plans *ret, struct pxc_err *err)
{
	return volume_plan(batch, world, ret, err);
}

struct names {
	struct pxc_arena *arena;
	const char **list;
	size_t n;
};

/* Of a project, in PVE for all runs; and in the pools, for those that touch the volumes there, themselves or by helpers. */
static void add_project(struct names *l, const char *project, const struct pxc_plan *plan)
{
	if (!project)
		return;
	l->list[l->n++] = arena_printf(l->arena, "project.%s", project);
	for (; plan; plan = plan->via) {
		for (size_t i = 0; i < plan->nsteps; i++) {
			const char *storage = item_text(plan->steps[i].args, "storage");

			if (storage)
				l->list[l->n++] = arena_printf(l->arena, LOCK_RBD "%s/volumes.%s",
							       storage, project);
		}
	}
}

static size_t most(const struct pxc_plans *plans)
{
	size_t n = 1;

	for (size_t i = 0; i < plans->nplans; i++)
		for (const struct pxc_plan *p = plans->plans[i]; p; p = p->via)
			n += 2 * (1 + p->nsteps);
	return n;
}

/*
 * Quotas have no digest, and a reservation that nobody honours is taken for what a run that was cut off has left: one run
 * at a time in a project. PVE's lock is for all modules; the one in Ceph holds where the API user may not make groups.
 */
static const char *const *locks(struct pxc_env *env, const void *batch,
				const struct pxc_plans *plans)
{
	const struct volume_batch *b = batch;
	struct names l = { .arena = env->arena };

	l.list = arena_alloc(env->arena, most(plans) * sizeof(*l.list));
	for (size_t i = 0; i < b->nspecs && i < plans->nplans; i++) {
		const struct volume_spec *s = &b->specs[i];

		if (!plans->plans[i]->nsteps && !plans->plans[i]->via)
			continue;
		add_project(&l, s->project, plans->plans[i]);
		add_project(&l, s->new_project, plans->plans[i]);
	}
	l.list[l.n] = NULL;
	return l.list;
}

const struct pxc_kind volume_kind = {
	.name = "volume",
	.plural = "volumes",
	.ops = volume_ops,
	.decode = decode,
	.asks = asks,
	.observe = observe,
	.plan = plan,
	.locks = locks,
};
